package vn.example.eid.tests

import kotlin.test.assertContains
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.ClassRule
import org.junit.Test
import vn.example.eid.CardLink
import vn.example.eid.Eid
import vn.example.eid.Events
import vn.example.eid.choosePasscode
import vn.example.eid.core.Act
import vn.example.eid.core.CardDraft
import vn.example.eid.core.EidException
import vn.example.eid.core.Event
import vn.example.eid.core.Platform
import vn.example.eid.core.PresentDraft
import vn.example.eid.core.Purpose
import vn.example.eid.core.QrView
import vn.example.eid.showFace

class JourneyTest {
    companion object {
        @ClassRule
        @JvmField
        val platform = LivePlatform()
    }

    private val sandbox get() = platform.sandbox

    @Test
    fun citizen_activates_shows_a_proof_and_locks() = test {
        Phone(sandbox).use { phone ->
            assertFalse(phone.app.isActivated())
            val unlocked = phone.activate(sandbox, platform.citizen())
            assertTrue(phone.app.isActivated())

            val fetched = unlocked.refill()
            assertEquals(emptyList(), fetched.refused)
            assertTrue(fetched.fetched.all { it.count == 2u }, "$fetched")
            val home = unlocked.home()
            assertEquals(2u, home.account.level)
            assertTrue(home.readiness.any { it.purpose == Purpose.AGE && it.unused == 2u })

            val proof = unlocked.present(AGE).use { it.sign() }
            val (exit, verdict) = sandbox.verify(proof.text)
            assertEquals(0, exit, verdict)
            assertContains(verdict, "\"Q00\"")
            assertEquals(proof.qr.side, 17u + 4u * proof.qr.version)
            assertEquals((proof.qr.side * proof.qr.side + 7u) / 8u, proof.qr.modules.size.toUInt())

            val acts = unlocked.history(null, 50u).items.map { it.act }
            assertEquals(listOf(Act.PRESENTED, Act.UPDATED, Act.ACTIVATED), acts)
            unlocked.lock()
            refusedWith(4006) { unlocked.home() }
            assertTrue(phone.told.events.containsAll(listOf(Event.CREDENTIALS_CHANGED, Event.HISTORY_CHANGED)))
        }
    }

    @Test
    fun phone_started_anew_unlocks_without_a_network_and_shows() = test {
        Phone(sandbox).use { phone ->
            phone.activate(sandbox, platform.citizen()).use { it.refill() }
            phone.restart()
            sandbox.fault("down")
            try {
                phone.app.unlock(passcode()).use { unlocked ->
                    val text = unlocked.present(PresentDraft(Purpose.ID, photo = true)).use { it.sign().text }
                    sandbox.fault("off")
                    assertEquals(0, sandbox.verify(text).first)
                }
            } finally {
                sandbox.fault("off")
            }
        }
    }

    @Test
    fun wrong_passcode_is_counted_and_the_right_one_opens() = test {
        Phone(sandbox).use { phone ->
            phone.activate(sandbox, platform.citizen()).close()
            for (tries in 1u..2u) {
                val refusal = refusedWith(2001) { phone.app.unlock(passcode("314159")) } as EidException.AuthFailed
                assertEquals(tries, refusal.wrongTries)
            }
            phone.app.unlock(passcode()).close()
            val refusal = refusedWith(2001) { phone.app.unlock(passcode("314159")) } as EidException.AuthFailed
            assertEquals(1u, refusal.wrongTries)
        }
    }

    @Test
    fun passcode_given_is_wiped_whether_it_was_right_or_wrong() = test {
        Phone(sandbox).use { phone ->
            phone.activate(sandbox, platform.citizen()).close()
            for (digits in listOf(PASSCODE, "314159", "12345")) {
                val given = passcode(digits)
                runCatching { phone.app.unlock(given).close() }
                assertContentEquals(ByteArray(given.size), given)
            }
        }
    }

    @Test
    fun locked_phone_has_removed_nothing_and_activated_phone_refuses_another_activation() = test {
        Phone(sandbox).use { phone ->
            val citizen = platform.citizen()
            phone.activate(sandbox, citizen).close()
            assertEquals(setOf("device", "vault-a", "vault-recovery", "guard-a", "standing"), phone.hardware.aliases)
            refusedWith(1002) { phone.app.activate(citizen.pid, citizen.phone) {} }
        }
    }

    @Test
    fun platform_with_another_authority_is_not_talked_to() = test {
        Sandbox().use { other ->
            Phone(sandbox.url, other.caDer).use { phone ->
                val citizen = platform.citizen()
                refusedWith(7005) { phone.app.activate(citizen.pid, citizen.phone) {} }
            }
        }
    }

    @Test
    fun readme_shows_what_runs() = test {
        Phone(sandbox).use { phone ->
            val citizen = platform.citizen()
            val (pid, number) = citizen
            val (config, secureKey, clock) = Triple(phone.config(), phone.ports, HostClock)
            val reader = CardSocket().apply { put(sandbox.cardOf(citizen)) }
            val typedCode = { sandbox.codeSentTo(number) }
            val picture = { sandbox.faceOf(citizen) }
            val typedPasscode = { passcode() }
            val shown = mutableListOf<QrView>()
            val showQr = { qr: QrView -> shown.add(qr) }
            // README begin
            // On a phone: HardwareKey(AndroidKeystore(), PromptPresence(…)), AndroidClock(context), IsoDepReader(adapter)
            val eid = Eid(config, Platform(secureKey, clock, Events(), CardLink(reader)))
            eid.activate(pid, number) { activation ->
                activation.confirmCode(typedCode())         // from the text message
                activation.readCard(CardDraft())            // held against the phone
                activation.showFace(picture())              // bytes, overwritten when the call ends
                activation.choosePasscode(typedPasscode())  // likewise
            }.use { it.refill() }                           // one-time credentials
            eid.unlock(typedPasscode()).use { unlocked ->   // needs no network
                unlocked.present(PresentDraft(Purpose.AGE)).use { showQr(it.sign().qr) }
            }
            eid.close()
            // README end
            assertEquals(1, shown.size)
            reader.dispose()
        }
    }
}
