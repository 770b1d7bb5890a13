package vn.example.eid.tests

import kotlin.test.assertEquals
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.withContext
import org.junit.ClassRule
import org.junit.Test

class LoadTest {
    companion object {
        @ClassRule
        @JvmField
        val platform = LivePlatform()
    }

    private val sandbox get() = platform.sandbox

    /** Nine thousand reads of the store, and a thousand proofs, each with an asynchronous call back into Kotlin. */
    @Test
    fun ten_thousand_calls_at_once_are_all_answered() = test {
        Phone(sandbox).use { phone ->
            phone.activate(sandbox, platform.citizen()).use { unlocked ->
                unlocked.refill()
                val level = unlocked.home().account.level
                unlocked.present(AGE).use { shown ->
                    val answers = withContext(Dispatchers.Default) {
                        (0 until 10_000).map { number ->
                            async {
                                when (number % 10) {
                                    0 -> shown.sign().text.isNotEmpty()
                                    in 1..4 -> phone.app.isActivated()
                                    else -> unlocked.home().account.level == level
                                }
                            }
                        }.awaitAll()
                    }
                    assertEquals(10_000, answers.count { it })
                }
            }
        }
    }
}
