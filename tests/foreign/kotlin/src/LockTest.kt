package vn.example.eid.tests

import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import org.junit.ClassRule
import org.junit.Test
import vn.example.eid.HardwareKey
import vn.example.eid.code
import vn.example.eid.core.EidException
import vn.example.eid.core.Event
import vn.example.eid.core.Language
import vn.example.eid.core.PasscodeOutcome
import vn.example.eid.core.SecureKeyException
import vn.example.eid.core.Unlocked
import vn.example.eid.core.errorText
import vn.example.eid.replacePasscode

private const val NEW = "161803"
private const val WRONG = "314159"
private const val DAY = 86_400uL

/** Locking by itself, a passcode that is changed or used up, biometrics, and starting over. */
class LockTest {
    companion object {
        @ClassRule
        @JvmField
        val platform = LivePlatform()
    }

    private val sandbox get() = platform.sandbox

    @Test
    fun idle_app_locks_by_itself_and_says_so() = test {
        activated { phone, _ ->
            phone.restart(phone.config().copy(lockIdleS = 1u))
            phone.told.events.clear()
            val unlocked = phone.app.unlock(passcode())
            repeat(3) {
                delay(600)
                unlocked.home()
            }
            assertFalse(Event.LOCKED in phone.told.events, "use keeps it open")
            phone.isTold(Event.LOCKED)
            refusedWith(4006) { unlocked.home() }
            phone.app.unlock(passcode()).home()
            refusedWith(4006) { unlocked.home() }
        }
    }

    @Test
    fun app_in_the_background_locks_and_one_that_comes_back_in_time_does_not() = test {
        activated { phone, _ ->
            val clock = MovableClock()
            phone.restart(clock = clock)
            val unlocked = phone.app.unlock(passcode())
            phone.app.enterBackground()
            clock.aheadSeconds += 29u
            phone.app.enterForeground()
            unlocked.home()
            phone.app.enterBackground()
            clock.aheadSeconds += 30u
            phone.app.enterForeground()
            refusedWith(4006) { unlocked.home() }

            phone.restart(phone.config().copy(lockBackgroundS = 0u))
            phone.told.events.clear()
            val again = phone.app.unlock(passcode())
            phone.app.enterBackground()
            phone.isTold(Event.LOCKED)
            refusedWith(4006) { again.home() }
        }
    }

    @Test
    fun second_unlock_shares_the_session_and_either_locks_it() = test {
        activated { phone, _ ->
            val (first, second) = coroutineScope { List(2) { async { phone.app.unlock(passcode()) } }.awaitAll() }
            assertEquals(first.home(), second.home())
            second.lock()
            for (handle in listOf(first, second)) refusedWith(4006) { handle.home() }
            val third = phone.app.unlock(passcode())
            first.lock()
            third.home()
            phone.app.lock()
            refusedWith(4006) { third.home() }
        }
    }

    @Test
    fun changed_passcode_opens_and_the_old_one_does_not() = test {
        activated { phone, unlocked ->
            refusedWith(2001) { unlocked.replacePasscode(passcode(WRONG), passcode(NEW)) }
            refusedWith(2004) { unlocked.replacePasscode(passcode(), passcode("123456")) }
            val (old, new) = Pair(passcode(), passcode(NEW))
            assertEquals(PasscodeOutcome.CHANGED, unlocked.replacePasscode(old, new))
            assertTrue((old + new).all { it == 0.toByte() }, "both are wiped")
            assertEquals(emptyList(), unlocked.repairs())
            phone.restart()
            assertEquals(listOf(false, true), listOf(opens(phone, PASSCODE), opens(phone, NEW)))
        }
    }

    @Test
    fun passcode_whose_change_is_unsure_is_settled_at_the_next_contact() = test {
        for (fault in listOf("nonsense", "truncated")) {
            activated { phone, unlocked ->
                unlocked.refill()
                sandbox.fault(fault, "/v1/instructions")
                try {
                    assertEquals(PasscodeOutcome.UNSURE, unlocked.replacePasscode(passcode(), passcode(NEW)), fault)
                    phone.restart()
                    assertTrue(opens(phone, PASSCODE) && opens(phone, NEW), "either opens: $fault")
                } finally {
                    sandbox.fault("off")
                }
                phone.app.unlock(passcode(NEW)).refill()
                // The platform acted, and its answer was cut off; or it did not, and may yet: then either opens.
                val either = fault == "nonsense"
                assertEquals(listOf(either, true), listOf(opens(phone, PASSCODE), opens(phone, NEW)), fault)
            }
        }
    }

    @Test
    fun ten_wrong_passcodes_destroy_the_key_and_starting_over_is_the_way_out() = test {
        activated { phone, _ ->
            val clock = MovableClock()
            phone.restart(clock = clock)
            val waits = mutableListOf<ULong>()
            for (tries in 1u..9u) {
                val refusal = assertIs<EidException.AuthFailed>(refusedWith(2001) { phone.app.unlock(passcode(WRONG)) })
                assertEquals(tries, refusal.wrongTries)
                waits += refusal.waitS
                clock.aheadSeconds += refusal.waitS
            }
            assertEquals(listOf(0uL, 0uL, 60uL, 300uL, 1800uL, DAY, DAY, DAY, DAY), waits)
            assertIs<EidException.AuthFailed>(refusedWith(2005) { phone.app.unlock(passcode(WRONG)) })
            assertContains(errorText(2005u, Language.EN).orEmpty(), "ten times")
            assertFalse(phone.hardware.aliases.any { it == "vault-a" || it == "vault-b" })
            clock.aheadSeconds += DAY
            refusedWith(2005) { phone.app.unlock(passcode()) }

            phone.restart()
            phone.app.reset()
            assertFalse(phone.app.isActivated())
            assertEquals(emptySet(), phone.hardware.aliases.filterNot { it.startsWith("c-") }.toSet())
            refusedWith(1001) { phone.app.unlock(passcode()) }
            phone.activate(sandbox, platform.citizen()).home()
        }
    }

    @Test
    fun biometrics_open_until_somebody_else_is_enrolled() = test {
        activated { phone, _ ->
            assertFalse(phone.app.hasBiometrics())
            refusedWith(2008) { phone.app.unlockWithBiometrics() }
            phone.ports.now = HardwareKey(phone.hardware) { throw SecureKeyException.UserCancelled() }
            refusedWith(2023) { phone.app.enableBiometrics(passcode()) }
            assertFalse(phone.app.hasBiometrics())
            phone.ports.now = phone.ports.honest
            phone.app.enableBiometrics(passcode())
            phone.restart()
            assertTrue(phone.app.hasBiometrics())
            assertEquals(2u, phone.app.unlockWithBiometrics().home().account.level)

            phone.hardware.enrol()
            refusedWith(2007) { phone.app.unlockWithBiometrics() }
            assertFalse(phone.app.hasBiometrics())
            phone.app.enableBiometrics(passcode())
            phone.app.disableBiometrics()
            refusedWith(2008) { phone.app.unlockWithBiometrics() }
        }
    }

    private suspend fun activated(work: suspend (Phone, Unlocked) -> Unit) =
        Phone(sandbox).use { phone -> work(phone, phone.activate(sandbox, platform.citizen())) }

    private suspend fun opens(phone: Phone, digits: String): Boolean {
        val refusal = runCatching { phone.app.unlock(passcode(digits)) }.exceptionOrNull()
        phone.app.lock()
        if (refusal != null) assertEquals(2001u, assertIs<EidException>(refusal).code)
        return refusal == null
    }
}
