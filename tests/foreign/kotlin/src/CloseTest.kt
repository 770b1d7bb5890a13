package vn.example.eid.tests

import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import org.junit.ClassRule
import org.junit.Test
import vn.example.eid.code
import vn.example.eid.core.EidApp
import vn.example.eid.core.EidException
import vn.example.eid.core.Event
import vn.example.eid.core.Platform
import vn.example.eid.core.Unlocked

class CloseTest {
    companion object {
        @ClassRule
        @JvmField
        val platform = LivePlatform()
    }

    private val sandbox get() = platform.sandbox

    @Test
    fun locked_session_refuses_every_call() = test {
        withUnlocked { phone, unlocked ->
            val shown = unlocked.present(AGE)
            repeat(2) { unlocked.lock() }
            for (call in callsOf(unlocked)) refusedWith(4006) { call() }
            refusedWith(4006) { shown.sign() }
            while (Event.LOCKED !in phone.told.events) delay(10)
        }
    }

    @Test
    fun session_let_go_locks_when_nothing_of_it_is_shown_any_more() = test {
        withUnlocked { phone, unlocked ->
            val shown = unlocked.present(AGE)
            repeat(2) { unlocked.close() }
            for (call in callsOf(unlocked)) assertFailsWith<IllegalStateException> { call() }
            shown.sign()
            assertFalse(Event.LOCKED in phone.told.events)
            repeat(2) { shown.close() }
            assertFailsWith<IllegalStateException> { shown.sign() }
            while (Event.LOCKED !in phone.told.events) delay(10)
        }
    }

    @Test
    fun closed_app_locks_what_is_open_and_refuses_every_call() = test {
        withUnlocked { phone, unlocked ->
            repeat(2) { phone.app.close() }
            assertFailsWith<IllegalStateException> { phone.app.isActivated() }
            assertFailsWith<IllegalStateException> { phone.app.unlock(passcode()) }
            for (call in callsOf(unlocked)) {
                val refusal = assertFailsWith<EidException.Locked> { call() }
                assertTrue(refusal.code in setOf(1004u, 4006u), "$refusal")
            }
        }
    }

    @Test
    fun app_that_was_shut_down_says_so() = test {
        Phone(sandbox).use { phone ->
            EidApp(phone.config(), Platform(phone.ports, HostClock, phone.told)).use { app ->
                repeat(2) { app.shutdown() }
                refusedWith(1004) { app.isActivated() }
                refusedWith(1004) { app.unlock(passcode()) }
                refusedWith(1004) { app.startActivation("000190000001", "0900000001") }
            }
        }
    }

    @Test
    fun calls_under_way_end_when_the_session_is_locked_or_closed_under_them() = test {
        withUnlocked { phone, first ->
            var unlocked = first
            val ends = listOf<(Unlocked) -> Unit>(Unlocked::lock, Unlocked::close, { phone.app.close() })
            for ((number, end) in ends.withIndex()) {
                val calls = (1..200).map { async(Dispatchers.Default) { runCatching { unlocked.home() } } }
                delay(5)
                end(unlocked)
                for (call in calls) {
                    val failure = call.await().exceptionOrNull() ?: continue
                    val known = failure is EidException.Locked || failure is IllegalStateException
                    assertTrue(known, "end $number: $failure")
                }
                phone.restart()
                unlocked = phone.app.unlock(passcode())
            }
            assertEquals(2u, unlocked.home().account.level)
            unlocked.close()
        }
    }

    @Test
    fun store_opens_in_the_next_app_at_once() = test {
        withUnlocked { phone, _ ->
            repeat(10) {
                phone.restart()
                phone.app.unlock(passcode()).close()
            }
        }
    }

    private fun callsOf(unlocked: Unlocked): List<suspend () -> Any> = listOf(
        { unlocked.home() },
        { unlocked.refill() },
        { unlocked.present(AGE) },
        { unlocked.history(null, 10u) },
    )

    private suspend fun withUnlocked(work: suspend (Phone, Unlocked) -> Unit) = Phone(sandbox).use { phone ->
        val unlocked = phone.activate(sandbox, platform.citizen())
        unlocked.refill()
        work(phone, unlocked)
    }
}
