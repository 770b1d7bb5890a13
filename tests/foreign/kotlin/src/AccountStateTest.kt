package vn.example.eid.tests

import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import org.junit.After
import org.junit.Test
import vn.example.eid.choosePasscode
import vn.example.eid.code
import vn.example.eid.core.AccountState
import vn.example.eid.core.Activation
import vn.example.eid.core.ActivationPurpose
import vn.example.eid.core.ActivationStep
import vn.example.eid.core.Event
import vn.example.eid.core.LockCodeView
import vn.example.eid.core.PresentDraft
import vn.example.eid.core.Purpose
import vn.example.eid.core.RequestKind
import vn.example.eid.core.Unlocked
import vn.example.eid.lockAccountWith
import vn.example.eid.showFace
import vn.example.eid.signInWith

private const val NEW = "161803"
private const val WRONG = "314159"
private const val DAY = 86_400L

/** The codes of one number are limited in time. */
private const val NEXT_CODE = 601L

/** A forgotten passcode, a lost phone, another phone, an account that is stopped: how each takes effect and ends without loss. */
class AccountStateTest {
    private val world = World()
    private val sandbox = world.sandbox
    private val phone = world.phone
    private val citizen = CITIZENS[0]

    @After
    fun away() = world.close()

    @Test
    fun passcode_is_replaced_on_the_same_phone_and_all_is_kept() = test {
        for (tries in listOf(1, 10)) {
            holder { unlocked, _ -> unlocked.lock() }
            repeat(tries) {
                assertTrue(runCatching { phone.app.unlock(passcode(WRONG)) }.isFailure)
                world.pass(DAY)
            }
            phone.app.recover(citizen.pid, citizen.phone) {}
            // Ended before each step, as by a call that comes in.
            resumed { it.confirmCode(sandbox.codeSentTo(citizen.phone)) }
            resumed { it.useVoucher(sandbox.voucherFor(citizen)) }
            resumed { it.showFace(sandbox.faceOf(citizen)) }
            resumed { recovery ->
                val state = assertNotNull(recovery.state())
                assertEquals(Pair(ActivationPurpose.RECOVER, ActivationStep.PASSCODE), Pair(state.purpose, state.step))
                refusedWith(2004) { recovery.choosePasscode(passcode("123456")) }
                recovery.choosePasscode(passcode(NEW)).close()
            }
            phone.restart()
            refusedWith(2001) { phone.app.unlock(passcode()) }
            goesOn(NEW)
            phone.app.reset()
            world.pass(NEXT_CODE)
        }
    }

    @Test
    fun lost_phone_is_locked_by_code_from_any_phone_and_its_proofs_are_refused() = test {
        holder { unlocked, code ->
            world.another().use { other ->
                val shown = unlocked.present(PresentDraft(Purpose.ID))
                val proof = shown.sign().text
                assertEquals(0, sandbox.verify(proof).first)
                refusedWith(2046) { other.app.lockAccountByCode(citizen.pid, "000000-000000-000000") }
                other.app.lockAccountByCode(citizen.pid, code.groups.joinToString("-").lowercase())
                assertContains(sandbox.verify(proof).second, "Q15")

                assertTrue(runCatching { unlocked.refill() }.isFailure)
                phone.isTold(Event.ACCOUNT_CHANGED)
                refusedWith(4006) { shown.sign() }
                refusedWith(4006) { unlocked.home() }
                shown.close()
                sealed(assertNotNull(phone.app.appStatus().account))

                world.pass(NEXT_CODE)
                other.app.unlockAccount(citizen.pid, citizen.phone) { lifting ->
                    refusedWith(7018) { lifting.liftLock() }
                    proven(lifting)
                    assertEquals(ActivationStep.LOCK, lifting.state()?.step)
                    lifting.liftLock()
                }
                assertFalse(other.app.isActivated())
            }
        }
        goesOn()
    }

    @Test
    fun holder_locks_the_account_here_and_lifts_it_here() = test {
        holder { unlocked, _ ->
            refusedWith(2001) { unlocked.lockAccountWith(passcode(WRONG)) }
            unlocked.lockAccountWith(passcode())
            refusedWith(4006) { unlocked.home() }
        }
        sealed(AccountState.SELF_LOCKED)
        world.pass(NEXT_CODE)
        phone.app.unlockAccount(citizen.pid, citizen.phone) {}
        resumed { lifting ->
            proven(lifting)
            lifting.liftLock()
        }
        goesOn()
    }

    @Test
    fun stopped_account_seals_the_phone_until_the_register_says_otherwise() = test {
        holder { unlocked, _ -> unlocked.lock() }
        val cases = listOf(
            Triple("\"card_state\":\"expired\"", "\"card_state\":\"valid\"", AccountState.CARD_EXPIRED),
            Triple("\"locked\":true", "\"locked\":false", AccountState.LOCKED),
            Triple("\"closed\":true", "\"closed\":false", AccountState.CLOSED),
        )
        for ((stop, lift, state) in cases) {
            sandbox.register(citizen, stop)
            phone.app.unlock(passcode()).use { refusedWith(codes.getValue(state)) { it.signInWith(passcode()) } }
            sealed(state)
            sandbox.register(citizen, lift)
            goesOn()
            world.pass(NEXT_CODE)
        }
    }

    @Test
    fun new_phone_supersedes_the_old_one_which_seals_itself_and_can_take_the_account_back() = test {
        holder { unlocked, _ ->
            world.another().use { it.activate(sandbox, citizen).close() }
            refusedWith(1024) { unlocked.signInWith(passcode()) }
        }
        sealed(AccountState.SUPERSEDED)
        refusedWith(1024) { phone.app.recover(citizen.pid, citizen.phone) {} }
        world.pass(NEXT_CODE)
        phone.app.activate(citizen.pid, citizen.phone) { back ->
            proven(back)
            refusedWith(2001) { back.choosePasscode(passcode(WRONG)) }
            back.choosePasscode(passcode()).close()
        }
        goesOn()
    }

    /** An unlocked phone with credentials and a draft, and its lock code. */
    private suspend fun holder(work: suspend (Unlocked, LockCodeView) -> Unit) =
        phone.app.activate(citizen.pid, citizen.phone) { activation ->
            proven(activation)
            activation.choosePasscode(passcode()).use { unlocked ->
                unlocked.refill()
                unlocked.draftDataRequest(RequestKind.CORRECT, "Sai năm sinh")
                work(unlocked, assertNotNull(activation.lockCode()))
            }
        }

    private suspend fun proven(activation: Activation) {
        activation.confirmCode(sandbox.codeSentTo(citizen.phone))
        activation.prove(sandbox, citizen)
    }

    private suspend fun resumed(step: suspend (Activation) -> Unit) {
        phone.restart()
        assertNotNull(phone.app.resume(step))
    }

    /** It is said so, and nothing opens, also after a restart. */
    private suspend fun sealed(state: AccountState) = repeat(2) {
        assertEquals(state, phone.app.appStatus().account)
        refusedWith(codes.getValue(state)) { phone.app.unlock(passcode()) }
        phone.restart()
    }

    /** Nothing was lost, and all works again. */
    private suspend fun goesOn(digits: String = PASSCODE) = phone.app.unlock(passcode(digits)).use { unlocked ->
        assertEquals(AccountState.ACTIVE, phone.app.appStatus().account)
        assertEquals(listOf("Sai năm sinh"), unlocked.dataRequests().map { it.text })
        assertEquals(emptyList(), unlocked.repairs())
        unlocked.signInWith(passcode(digits))
        unlocked.refill()
        unlocked.present(PresentDraft(Purpose.ID, allowReuse = true)).use { it.sign() }
    }

    private val codes = mapOf(
        AccountState.SELF_LOCKED to 1020,
        AccountState.LOCKED to 1021,
        AccountState.CARD_EXPIRED to 1022,
        AccountState.CLOSED to 1023,
        AccountState.SUPERSEDED to 1024,
    )
}
