package vn.example.eid.tests

import java.io.IOException
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlinx.coroutines.delay
import org.junit.ClassRule
import org.junit.Test
import vn.example.eid.Eid
import vn.example.eid.choosePasscode
import vn.example.eid.core.Clock
import vn.example.eid.core.ClockException
import vn.example.eid.core.Event
import vn.example.eid.core.EventSink
import vn.example.eid.core.HardwareInput
import vn.example.eid.core.KeyAccess
import vn.example.eid.core.Moment
import vn.example.eid.core.Platform
import vn.example.eid.core.SecureKey
import vn.example.eid.core.SecureKeyException

/** What a port may say that must go no further. */
const val PERSONAL = "Nguyen Thi Minh Hanh 000190000001"

class MisbehavingPortTest {
    companion object {
        @ClassRule
        @JvmField
        val platform = LivePlatform()
    }

    private val sandbox get() = platform.sandbox

    /** How the key port fails, and the code that the caller sees. */
    private val failures: List<Pair<() -> Throwable, Int>> = listOf(
        { SecureKeyException.UserCancelled() } to 2023,
        { SecureKeyException.Invalidated() } to 2021,
        { SecureKeyException.Unavailable() } to 2020,
        { SecureKeyException.Malformed() } to 2022,
        { IllegalStateException(PERSONAL) } to 2020,
        { RuntimeException(PERSONAL, IOException(PERSONAL)) } to 2020,
        { object : Exception(PERSONAL) {} } to 2020,
        { AssertionError(PERSONAL) } to 2020,
        { StackOverflowError(PERSONAL) } to 2020,
        { NoClassDefFoundError(PERSONAL) } to 2020,
    )

    @Test
    fun key_that_fails_while_unlocking_is_named_by_its_code_alone() = test {
        unlockable { phone ->
            for ((failure, code) in failures) {
                phone.ports.now = Bent(phone.ports.honest) { throw failure() }
                val refusal = refusedWith(code) { phone.app.unlock(passcode()) }
                assertFalse(refusal.stackTraceToString().contains(PERSONAL.takeLast(12)))
            }
            phone.ports.now = phone.ports.honest
            phone.app.unlock(passcode()).close()
        }
    }

    @Test
    fun key_that_fails_in_an_activation_lets_it_go_on() = test {
        Phone(sandbox).use { phone ->
            val citizen = platform.citizen()
            val unlocked = phone.app.activate(citizen.pid, citizen.phone) { activation ->
                activation.confirmCode(sandbox.codeSentTo(citizen.phone))
                activation.prove(sandbox, citizen)
                for (operation in listOf("generate", "makeSecret", "derive")) {
                    for ((failure, code) in failures) {
                        phone.ports.now = Bent(phone.ports.honest, operation) { throw failure() }
                        refusedWith(code) { activation.choosePasscode(passcode()) }
                    }
                }
                phone.ports.now = phone.ports.honest
                activation.choosePasscode(passcode())
            }
            for ((failure, code) in failures) {
                phone.ports.now = Bent(phone.ports.honest, "generate") { throw failure() }
                refusedWith(code) { unlocked.refill() }
            }
            phone.ports.now = phone.ports.honest
            unlocked.refill()
            unlocked.present(AGE).use { shown ->
                for ((failure, code) in failures) {
                    phone.ports.now = Bent(phone.ports.honest) { throw failure() }
                    refusedWith(code) { shown.sign() }
                }
            }
            unlocked.close()
        }
    }

    @Test
    fun answers_of_a_wrong_length_are_malformed() = test {
        unlockable { phone ->
            val lengths = listOf<(ByteArray) -> ByteArray>(
                { byteArrayOf() },
                { it.copyOf(it.size - 1) },
                { it.copyOf(it.size + 1) },
                { ByteArray(1 shl 20) },
            )
            for (length in lengths) {
                phone.ports.now = Bent(phone.ports.honest) { length(it) }
                refusedWith(2022) { phone.app.unlock(passcode()) }
            }
            phone.ports.now = phone.ports.honest
            val unlocked = phone.app.unlock(passcode())
            val shown = unlocked.present(AGE)
            for (length in lengths) {
                phone.ports.now = Bent(phone.ports.honest) { length(it) }
                refusedWith(2022) { shown.sign() }
                phone.ports.now = Bent(phone.ports.honest, "generate") { length(it) }
                // One credential was shown: enough are left, and no key is asked for before there are fewer.
                unlocked.present(AGE.copy(allowReuse = true)).close()
                refusedWith(2022) { unlocked.refill() }
            }
            unlocked.close()
        }
    }

    @Test
    fun secret_and_signature_of_the_right_length_but_another_key_do_not_pass() = test {
        unlockable { phone ->
            val changed = { bytes: ByteArray -> bytes.copyOf().also { it[0] = (it[0].toInt() xor 1).toByte() } }
            phone.ports.now = Bent(phone.ports.honest) { changed(it) }
            refusedWith(2001) { phone.app.unlock(passcode()) }
            phone.ports.now = phone.ports.honest
            phone.app.unlock(passcode()).use { unlocked ->
                val shown = unlocked.present(AGE)
                phone.ports.now = Bent(phone.ports.honest) { changed(it) }
                refusedWith(2022) { shown.sign() }
            }
        }
    }

    @Test
    fun late_answer_is_waited_for() = test {
        unlockable { phone ->
            phone.ports.now = Bent(phone.ports.honest) { it.also { delay(1_500) } }
            phone.app.unlock(passcode()).use { unlocked ->
                assertEquals(0, sandbox.verify(unlocked.present(AGE).use { it.sign().text }).first)
            }
        }
    }

    @Test
    fun clock_that_fails_stops_what_needs_the_time() = test {
        val moment = HostClock.now()
        val clocks = listOf<() -> Moment>(
            { throw ClockException.Unavailable() },
            { throw IllegalStateException(PERSONAL) },
            { throw AssertionError(PERSONAL) },
            { moment.copy(bootId = ByteArray(15)) },
            { moment.copy(bootId = ByteArray(1 shl 20)) },
        )
        unlockable { phone ->
            phone.app.close()
            for (clock in clocks) {
                val broken = object : Clock {
                    override fun now() = clock()
                }
                phone.open(clock = broken).use { app -> refusedWith(2024) { app.unlock(passcode()) } }
            }
            phone.open().use { app -> app.unlock(passcode()).close() }
        }
    }

    @Test
    fun listener_that_fails_or_sleeps_disturbs_nobody() = test {
        unlockable { phone ->
            phone.app.close()
            val listeners = listOf<() -> Unit>(
                { throw IllegalStateException(PERSONAL) },
                { throw AssertionError(PERSONAL) },
                { Thread.sleep(2_000) },
            )
            for (listen in listeners) {
                val sink = object : EventSink {
                    override fun onEvent(event: Event) = listen()
                }
                Eid(phone.config(), Platform(phone.ports, HostClock, sink)).use { app ->
                    app.unlock(passcode()).use { unlocked ->
                        val shown = unlocked.present(AGE.copy(allowReuse = true))
                        assertEquals(0, sandbox.verify(shown.use { it.sign().text }).first)
                    }
                }
            }
        }
    }

    /** Activated, with credentials, and locked. */
    private suspend fun unlockable(work: suspend (Phone) -> Unit) = Phone(sandbox).use { phone ->
        phone.activate(sandbox, platform.citizen()).use { it.refill() }
        work(phone)
    }

    /** An honest port whose answers to one operation, or to all, are bent. */
    private class Bent(
        private val honest: SecureKey,
        private val only: String? = null,
        private val bend: suspend (ByteArray) -> ByteArray,
    ) : SecureKey by honest {
        override suspend fun generate(alias: String, access: KeyAccess) =
            bent("generate", honest.generate(alias, access))

        override suspend fun sign(alias: String, data: ByteArray) = bent("sign", honest.sign(alias, data))

        override suspend fun makeSecret(alias: String, access: KeyAccess) {
            honest.makeSecret(alias, access)
            // It has no answer that could be bent: it fails where a test names it.
            if (only == "makeSecret") bend(byteArrayOf())
        }

        /** The guard's keys stay honest: what they say wrongly is a lost record of tries. */
        override suspend fun derive(alias: String, input: HardwareInput): ByteArray {
            val answer = honest.derive(alias, input)
            return if (alias.startsWith("guard-")) answer else bent("derive", answer)
        }

        private suspend fun bent(operation: String, answer: ByteArray) =
            if (only == null || only == operation) bend(answer) else answer
    }
}
