package vn.example.eid.tests

import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import org.junit.After
import org.junit.Test
import vn.example.eid.core.AccountState
import vn.example.eid.core.ActDraft
import vn.example.eid.core.ActProgress
import vn.example.eid.core.FactorChoice
import vn.example.eid.core.FactorKind
import vn.example.eid.core.PhoneCodeDraft
import vn.example.eid.core.Unlocked
import vn.example.eid.showFaceFor
import vn.example.eid.showPasscodeFor
import vn.example.eid.signInWith

private const val PHRASE = "Mèo vàng trên mái"
private const val NUMBER = "0900000777"

/** Acts that ask for more than a session, through the prompt: passcode, face, finger. */
class StepUpTest {
    private val world = World()
    private val sandbox = world.sandbox
    private val phone = world.phone
    private val citizen = CITIZENS[0]

    @After
    fun away() = world.close()

    @Test
    fun phrase_ordered_outlives_the_app_and_is_shown_before_the_passcode() = test {
        val ordered = phone.activate(sandbox, citizen).use { unlocked ->
            for (bad in listOf("ab", "a".repeat(41), "ma 271828")) {
                refusedWith(1031) { unlocked.orderAct(ActDraft.SetPhrase(bad)) }
            }
            unlocked.orderAct(ActDraft.SetPhrase(PHRASE))
        }
        assertEquals(listOf(FactorChoice.PASSCODE), ordered.choices)
        phone.restart()
        phone.app.unlock(passcode()).use { unlocked ->
            assertEquals(ordered, unlocked.pendingAct())
            refusedWith(2001) { unlocked.showPasscodeFor(ordered.id, passcode("314159")) }
            // An answer that was given twice does no harm.
            repeat(2) { assertIs<ActProgress.Done>(unlocked.showPasscodeFor(ordered.id, passcode())) }
            assertNull(unlocked.pendingAct())
            refusedWith(1030) { unlocked.showPasscodeFor("0".repeat(32), passcode()) }
        }
        assertEquals(PHRASE, phone.app.safetyPhrase())
    }

    @Test
    fun new_lock_code_takes_passcode_and_face_and_only_the_new_one_locks() = test {
        phone.activate(sandbox, citizen).use { unlocked ->
            val first = unlocked.orderAct(ActDraft.NewLockCode)
            unlocked.cancelAct(first.id)
            assertNull(unlocked.pendingAct())
            val ordered = unlocked.orderAct(ActDraft.NewLockCode)
            val step = assertIs<ActProgress.Missing>(unlocked.showPasscodeFor(ordered.id, passcode())).step
            assertEquals(Pair(listOf(FactorKind.BIOMETRIC), listOf(FactorChoice.FACE)), Pair(step.missing, step.choices))
            refusedWith(2044) { unlocked.showFaceFor(step.id, "no picture".toByteArray()) }
            val picture = sandbox.faceOf(citizen)
            val done = assertIs<ActProgress.NewLockCode>(unlocked.showFaceFor(step.id, picture))
            assertTrue(picture.all { it == 0.toByte() }, "it is wiped")
            assertFalse(done.code.groups[0] in "$done")
            world.another().use { it.app.lockAccountByCode(citizen.pid, done.code.groups.joinToString("")) }
            assertTrue(runCatching { unlocked.refill() }.isFailure)
            assertNotEquals(AccountState.ACTIVE, phone.app.appStatus().account)
        }
    }

    @Test
    fun phone_number_is_changed_and_nothing_is_typed_twice() = test {
        phone.activate(sandbox, citizen).use { unlocked ->
            refusedWith(2056) { unlocked.sendPhoneCode(PhoneCodeDraft.Change(NUMBER)) }
            unlocked.signInWith(passcode())
            refusedWith(7018) { unlocked.orderAct(ActDraft.ChangePhone("271828")) }
            unlocked.sendPhoneCode(PhoneCodeDraft.Change(NUMBER))
        }
        phone.restart()
        phone.app.unlock(passcode()).use { unlocked ->
            assertEquals("+84" + NUMBER.drop(1), assertNotNull(unlocked.askedPhoneCode()).phone)
            val ordered = unlocked.orderAct(ActDraft.ChangePhone(sandbox.codeSentTo(NUMBER)))
            unlocked.showPasscodeFor(ordered.id, passcode())
            assertIs<ActProgress.Done>(unlocked.showFaceFor(ordered.id, sandbox.faceOf(citizen)))
            assertNull(unlocked.askedPhoneCode())
            assertContains(unlocked.contacts().single().hint, "777")
        }
    }
}
