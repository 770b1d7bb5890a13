package vn.example.eid.tests

import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.After
import org.junit.Test
import vn.example.eid.choosePasscode
import vn.example.eid.core.Activation
import vn.example.eid.core.ActivationStep
import vn.example.eid.core.EidException
import vn.example.eid.core.HardwareInput
import vn.example.eid.core.KeyAccess
import vn.example.eid.core.SecureKey
import vn.example.eid.showFace

/** Each refusal of an activation has its code, loses nothing, and the activation goes on. */
class RefusalsTest {
    private val world = World()
    private val sandbox = world.sandbox
    private val phone = world.phone
    private val citizen = CITIZENS[0]

    @After
    fun away() = world.close()

    @Test
    fun wrong_numbers_begin_nothing() = test {
        val cases = listOf(
            Triple(citizen.pid, "0900000099", 7010),
            Triple("000099999999", citizen.phone, 7010),
            Triple("12345", citizen.phone, 8001),
            Triple(citizen.pid, "12", 8030),
        )
        for ((pid, number, code) in cases) refusedWith(code) { phone.app.activate(pid, number) {} }
        for ((change, code) in listOf("\"locked\":true" to 7020, "\"closed\":true" to 7021)) {
            sandbox.register(citizen, change)
            refusedWith(code) { phone.app.activate(citizen.pid, citizen.phone) {} }
            sandbox.register(citizen, "\"locked\":false,\"closed\":false")
            world.pass(600)
        }
        phone.activate(sandbox, citizen).close()
    }

    @Test
    fun too_many_activations_have_to_wait() = test {
        repeat(5) { phone.app.activate(citizen.pid, citizen.phone) {} }
        val refusal = refusedWith(7015) { phone.app.activate(citizen.pid, citizen.phone) {} }
        world.pass(assertNotNull(assertIs<EidException.Network>(refusal).retryAfterS).toLong())
        phone.activate(sandbox, citizen).close()
    }

    @Test
    fun wrong_late_and_spent_codes_are_told_apart() = begun { activation ->
        val right = sandbox.codeSentTo(citizen.phone)
        val wrong = if (right == "111111") "222222" else "111111"
        for (left in listOf(4u, 3u, 2u, 1u)) {
            val refusal = assertIs<EidException.AuthFailed>(refusedWith(2010) { activation.confirmCode(wrong) })
            assertEquals(listOf<UInt?>(left, left), listOf(refusal.triesLeft, activation.state()?.triesLeft))
        }
        refusedWith(2012) { activation.confirmCode(wrong) }
        refusedWith(7018) { activation.confirmCode(right) }
        activation.sendCode()
        world.pass(301)
        assertIs<EidException.Expired>(refusedWith(2011) { activation.confirmCode(sandbox.codeSentTo(citizen.phone)) })
        activation.sendCode()
        activation.confirmCode(sandbox.codeSentTo(citizen.phone))
        assertEquals(ActivationStep.CARD, activation.state()?.step)
    }

    @Test
    fun wrong_and_old_vouchers_are_told_apart() = confirmed { first ->
        val foreign = sandbox.voucherFor(CITIZENS[1])
        for ((left, voucher) in listOf(4u to "0000-0000-0000", 3u to foreign)) {
            val refusal = assertIs<EidException.AuthFailed>(refusedWith(2041) { first.useVoucher(voucher) })
            assertEquals(left, refusal.triesLeft)
        }
        val voucher = sandbox.voucherFor(citizen)
        world.pass(7 * 86_400)
        phone.app.activate(citizen.pid, citizen.phone) { activation ->
            activation.confirmCode(sandbox.codeSentTo(citizen.phone))
            refusedWith(2042) { activation.useVoucher(voucher) }
            activation.useVoucher(sandbox.voucherFor(citizen).lowercase())
            assertEquals(ActivationStep.FACE, activation.state()?.step)
        }
    }

    @Test
    fun face_that_is_none_costs_no_try_and_anothers_one_of_three() = confirmed { activation ->
        activation.useVoucher(sandbox.voucherFor(citizen))
        for (unusable in listOf(byteArrayOf(), "no picture".toByteArray(), ByteArray(3 shl 20))) {
            refusedWith(2044) { activation.showFace(unusable) }
        }
        for (left in listOf(2u, 1u)) {
            val other = sandbox.faceOf(CITIZENS[1])
            val refusal = assertIs<EidException.AuthFailed>(refusedWith(2043) { activation.showFace(other) })
            assertEquals(Pair(left, ActivationStep.FACE), Pair(refusal.triesLeft, activation.state()?.step))
            assertTrue(other.all { it == 0.toByte() }, "the picture is wiped")
        }
        refusedWith(2045) { activation.showFace(sandbox.faceOf(CITIZENS[1])) }
        assertEquals(citizen.pid, activation.state()?.pid, "what was typed is kept")
        phone.activate(sandbox, citizen).close()
    }

    @Test
    fun passcode_that_is_none_or_too_easy_is_refused_and_another_finishes() = confirmed { activation ->
        refusedWith(7018) { activation.choosePasscode(passcode()) }
        activation.prove(sandbox, citizen)
        for ((digits, code) in listOf("" to 2003, "27182a" to 2003, "2718281" to 2003, "123456" to 2004)) {
            refusedWith(code) { activation.choosePasscode(passcode(digits)) }
            assertFalse(phone.app.isActivated())
        }
        activation.choosePasscode(passcode()).close()
        refusedWith(1002) { phone.app.activate(citizen.pid, citizen.phone) {} }
    }

    @Test
    fun citizen_who_never_came_in_person_gets_no_level_two() = test {
        refusedWith(2032) { phone.activate(sandbox, Citizen("000092000006", "0900000006")) }
        assertFalse(phone.app.isActivated())
    }

    @Test
    fun every_step_on_a_bad_network_is_repeated_after_the_app_was_ended() = test {
        // One voucher: the paper in the citizen's hand.
        val voucher = sandbox.voucherFor(citizen)
        val steps = listOf<suspend (Activation) -> Unit>(
            { it.confirmCode(sandbox.codeSentTo(citizen.phone)) },
            { it.useVoucher(voucher) },
            { it.showFace(sandbox.faceOf(citizen)) },
            { it.choosePasscode(passcode()).close() },
        )
        failing { phone.app.activate(citizen.pid, citizen.phone) {} }
        phone.restart()
        phone.app.resume { it.sendCode() }
        for (step in steps) {
            failing { phone.app.resume(step) }
            phone.restart()
            assertNotNull(phone.app.resume(step))
        }
        phone.app.unlock(passcode()).use { assertEquals(2u, it.home().account.level) }
        assertEquals(1, sandbox.messagesTo(citizen.phone))
    }

    @Test
    fun app_ended_at_any_use_of_its_keys_goes_on_where_it_was() = runBlocking {
        var moment = 0
        do {
            val done = World().use { world -> withTimeout(60_000) { world.endedAt(++moment) } }
        } while (!done)
        assertTrue(moment > 10, "$moment moments")
    }

    /** An activation whose app is ended at this use of its keys; true if it had done all before. Either way it is finished. */
    private suspend fun World.endedAt(moment: Int): Boolean {
        val ending = EndingKey(phone.ports.honest, moment)
        phone.ports.now = ending
        val voucher = sandbox.voucherFor(citizen)
        val done = kotlinx.coroutines.coroutineScope {
            val steps = async { runCatching { allSteps(voucher) } }
            while (steps.isActive && ending.left > 0) delay(5)
            phone.restart().also { phone.ports.now = phone.ports.honest }
            steps.await().isSuccess
        }
        if (!phone.app.isActivated()) allSteps(voucher)
        phone.app.unlock(passcode()).use { it.refill() }
        assertNull(phone.app.resume { it })
        assertEquals(1, sandbox.messagesTo(citizen.phone))
        return done
    }

    /** What an app does each time that it is started, until it is activated. */
    private suspend fun World.allSteps(voucher: String) {
        val steps: suspend (Activation) -> Unit = { activation ->
            while (true) {
                when (activation.state()?.step ?: break) {
                    ActivationStep.START -> activation.sendCode()
                    ActivationStep.CODE -> activation.confirmCode(sandbox.codeSentTo(citizen.phone))
                    ActivationStep.CARD -> activation.useVoucher(voucher)
                    ActivationStep.FACE -> activation.showFace(sandbox.faceOf(citizen))
                    ActivationStep.PASSCODE -> activation.choosePasscode(passcode()).close()
                    ActivationStep.LOCK -> error("nothing is locked")
                }
            }
        }
        phone.app.resume(steps) ?: phone.app.activate(citizen.pid, citizen.phone, steps)
    }

    /** Hardware that never answers from one moment on: one before and one after whatever it does. */
    private class EndingKey(private val honest: SecureKey, @Volatile var left: Int) : SecureKey {
        private suspend fun <T> ended(call: suspend () -> T): T {
            moment()
            return call().also { moment() }
        }

        private suspend fun moment() {
            if (left <= 1) {
                left = 0
                awaitCancellation()
            }
            left--
        }

        override suspend fun generate(alias: String, access: KeyAccess) = ended { honest.generate(alias, access) }
        override suspend fun sign(alias: String, data: ByteArray) = ended { honest.sign(alias, data) }
        override suspend fun makeSecret(alias: String, access: KeyAccess) = ended { honest.makeSecret(alias, access) }
        override suspend fun derive(alias: String, input: HardwareInput) = ended { honest.derive(alias, input) }
        override suspend fun remove(alias: String) = ended { honest.remove(alias) }
    }

    private suspend fun failing(call: suspend () -> Unit?) {
        sandbox.fault("nonsense")
        try {
            refusedWith(7003) { call() }
        } finally {
            sandbox.fault("off")
        }
    }

    private fun begun(steps: suspend (Activation) -> Unit) =
        test { phone.app.activate(citizen.pid, citizen.phone, steps) }

    private fun confirmed(steps: suspend (Activation) -> Unit) = begun {
        it.confirmCode(sandbox.codeSentTo(citizen.phone))
        steps(it)
    }
}
