package vn.example.eid.tests

import java.nio.charset.CharacterCodingException
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import org.junit.ClassRule
import org.junit.Test
import vn.example.eid.code
import vn.example.eid.core.AppConfig
import vn.example.eid.core.EidException
import vn.example.eid.core.PresentDraft
import vn.example.eid.core.Purpose

class InvalidInputTest {
    companion object {
        @ClassRule
        @JvmField
        val platform = LivePlatform()
    }

    private val sandbox get() = platform.sandbox
    private val huge = "9".repeat(1 shl 20)

    @Test
    fun configuration_that_cannot_be_is_refused() = test {
        Phone(sandbox).use { phone ->
            val good = phone.config()
            val root = good.trustRoots.single()
            val bad = listOf<AppConfig>(
                good.copy(folder = ""),
                good.copy(folder = huge),
                good.copy(appId = ""),
                good.copy(appId = huge),
                good.copy(platformUrl = ""),
                good.copy(platformUrl = "http://127.0.0.1"),
                good.copy(platformUrl = "no address"),
                good.copy(platformUrl = huge),
                good.copy(caDer = emptyList()),
                good.copy(caDer = listOf(byteArrayOf())),
                good.copy(caDer = listOf(ByteArray(1 shl 20))),
                good.copy(caDer = List(10_000) { good.caDer.single() }),
                good.copy(trustRoots = emptyList()),
                good.copy(trustRoots = listOf(root.copyOf(64))),
                good.copy(trustRoots = listOf(root.copyOf(66))),
                good.copy(trustRoots = listOf(ByteArray(65))),
                good.copy(trustRoots = List(9) { root }),
                good.copy(batch = 0u),
                good.copy(batch = 21u),
                good.copy(batch = UInt.MAX_VALUE),
            )
            for ((number, config) in bad.withIndex()) {
                val refusal = assertFailsWith<EidException>("configuration $number") { phone.open(config).close() }
                assertEquals(1003u, refusal.code, "configuration $number")
            }
        }
    }

    @Test
    fun numbers_and_codes_out_of_form_are_refused_before_anything_is_sent() = test {
        Phone(sandbox).use { phone ->
            val citizen = platform.citizen()
            val pids = listOf("", "1", "00019000000a", "0001900000011", "٠٠٠١٩٠٠٠٠٠٠١", "000190000001\u0000", huge)
            for (pid in pids) {
                assertFailsWith<EidException.Invalid>(pid.take(20)) { phone.app.activate(pid, citizen.phone) {} }
            }
            for (number in listOf("", "1", "09000000012", "090000000x", "'; DROP TABLE messages; --", huge)) {
                assertFailsWith<EidException.Invalid>(number.take(20)) { phone.app.activate(citizen.pid, number) {} }
            }
            phone.app.activate(citizen.pid, citizen.phone) { activation ->
                for (code in listOf("", "12345", "1234567", "12345a", "١٢٣٤٥٦", huge)) {
                    assertFailsWith<EidException>(code.take(20)) { activation.confirmCode(code) }
                }
                // The step before has not been taken.
                assertFailsWith<EidException> { activation.complete(passcode()) }
            }
        }
    }

    @Test
    fun text_that_is_no_unicode_does_not_get_into_the_core() = test {
        Phone(sandbox).use { phone ->
            assertFailsWith<CharacterCodingException> { phone.app.activate("\ud800", "0900000001") {} }
            assertTrue(!phone.app.isActivated())
        }
    }

    @Test
    fun passcodes_out_of_form_or_too_easy_are_refused() = test {
        Phone(sandbox).use { phone ->
            val citizen = platform.citizen()
            val unlocked = phone.app.activate(citizen.pid, citizen.phone) { activation ->
                activation.confirmCode(sandbox.codeSentTo(citizen.phone))
                activation.prove(sandbox, citizen)
                for (bad in malformed()) refusedWith(2003) { activation.complete(bad) }
                for (easy in listOf("111111", "123456")) refusedWith(2004) { activation.complete(passcode(easy)) }
                activation.complete(passcode())
            }
            unlocked.close()
            for (bad in malformed()) refusedWith(2003) { phone.app.unlock(bad) }
            phone.app.unlock(passcode()).close()
        }
    }

    @Test
    fun drafts_out_of_form_are_refused_and_take_no_credential() = test {
        Phone(sandbox).use { phone ->
            val unlocked = phone.activate(sandbox, platform.citizen())
            unlocked.refill()
            val before = unlocked.home().readiness
            val bad = listOf(
                AGE.copy(counter = ""),
                AGE.copy(counter = "somebody"),
                AGE.copy(counter = huge),
                AGE.copy(counter = "rp/ok", challenge = ByteArray(7)),
                AGE.copy(counter = "rp/ok", challenge = ByteArray(33)),
                AGE.copy(counter = "rp/ok", challenge = ByteArray(1 shl 20)),
                PresentDraft(Purpose.FLEX, claims = listOf("no such claim")),
                PresentDraft(Purpose.FLEX, claims = listOf(huge)),
                PresentDraft(Purpose.FLEX, claims = List(10_000) { "name" }),
            )
            for ((number, draft) in bad.withIndex()) {
                assertFailsWith<EidException.Invalid>("draft $number") { unlocked.present(draft).close() }
            }
            assertEquals(before, unlocked.home().readiness)
            unlocked.close()
        }
    }

    @Test
    fun history_is_asked_for_in_any_way() = test {
        Phone(sandbox).use { phone ->
            phone.activate(sandbox, platform.citizen()).use { unlocked ->
                assertEquals(1, unlocked.history(null, 0u).items.size)
                assertEquals(1, unlocked.history(null, UInt.MAX_VALUE).items.size)
                assertEquals(1, unlocked.history(ULong.MAX_VALUE, 50u).items.size)
                assertEquals(0, unlocked.history(0uL, 50u).items.size)
            }
        }
    }

    private fun malformed() = listOf(
        byteArrayOf(),
        passcode("12345"),
        passcode("2718281"),
        passcode("27182a"),
        passcode("٢٧١٨٢٨"),
        ByteArray(6),
        ByteArray(6) { -1 },
        ByteArray(1 shl 20) { '2'.code.toByte() },
    )
}
