package vn.example.eid.tests

import java.util.concurrent.atomic.AtomicInteger
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.withTimeout
import org.junit.After
import org.junit.ClassRule
import org.junit.Test
import vn.example.eid.CardLink
import vn.example.eid.code
import vn.example.eid.core.Activation
import vn.example.eid.core.ActivationStep
import vn.example.eid.core.CancelToken
import vn.example.eid.core.CardDraft
import vn.example.eid.core.ChipLimits
import vn.example.eid.core.ChipLink
import vn.example.eid.core.ChipLinkException
import vn.example.eid.core.EidException
import vn.example.eid.core.Event

/** Activation with the identity card, which [CardLink] reads over a socket. */
class ActivationTest {
    companion object {
        @ClassRule
        @JvmField
        val platform = LivePlatform()
    }

    private val sandbox get() = platform.sandbox
    private val socket = CardSocket()
    private val reader = BentReader(CardLink(socket))
    private val citizen = platform.citizen()
    private val phone = Phone(sandbox, reader)

    @After
    fun away() {
        phone.close()
        socket.dispose()
    }

    @Test
    fun citizen_activates_level_two_with_the_card() = test {
        begun { activation ->
            assertEquals(ActivationStep.CARD, activation.state()?.step)
            socket.put(sandbox.cardOf(citizen))
            activation.readCard(CardDraft())
            assertEquals(ActivationStep.FACE, activation.state()?.step)
            assertNull(activation.cardProgress())
            assertContains(phone.told.events, Event.CARD_PROGRESS)
            activation.finish(sandbox, citizen).use { assertEquals(2u, it.home().account.level) }
            assertNull(activation.state())
        }
        assertTrue(socket.exchanges <= 31, "${socket.exchanges} APDUs")
        assertEquals(listOf(true), reader.sessions)
    }

    @Test
    fun card_that_is_lost_on_the_way_is_waited_for_and_read_on() = test {
        begun { activation ->
            socket.put(sandbox.cardOf(citizen, "\"tag_loss_at\": [0, 5, 12, 13, 20, 26]"))
            activation.readCard(CardDraft())
            activation.finish(sandbox, citizen).close()
        }
        assertEquals(listOf(true), reader.sessions)
    }

    @Test
    fun wrong_number_another_card_and_forged_ones_are_told_apart_and_the_right_card_goes_on() = test {
        val other = platform.citizen()
        val cases = listOf(
            Triple(sandbox.cardOf(citizen), "987654", 6001),
            Triple(sandbox.cardOf(citizen), "98765", 6003),
            Triple(sandbox.cardOf(other), other.pid.takeLast(6), 7022),
            Triple(sandbox.cardOf(citizen, "\"cloned\": \"other_keys\""), null, 6008),
            Triple(sandbox.cardOf(citizen, "\"replayed_aa\": true"), null, 6009),
            Triple(sandbox.cardOf(citizen, "\"wrong_csca\": true"), null, 6057),
            Triple(sandbox.cardOf(citizen, "\"expired_dsc\": true"), null, 6058),
            Triple(sandbox.cardOf(citizen, "\"wrong_hash\": 2"), null, 6063),
        )
        begun { activation ->
            for ((card, can, code) in cases) {
                socket.put(card)
                refusedWith(code) { activation.readCard(CardDraft(can = can)) }
                assertEquals(ActivationStep.CARD, activation.state()?.step)
                socket.close()
            }
            assertFalse(reader.sessions.any { it })
            socket.put(sandbox.cardOf(citizen))
            activation.readCard(CardDraft())
            activation.finish(sandbox, citizen).close()
        }
    }

    @Test
    fun reading_that_is_cancelled_ends_at_once_and_the_next_one_begins_anew() = test {
        begun { activation ->
            val slow = sandbox.cardOf(citizen, "\"slow_ms\": 100")
            val token = CancelToken()
            socket.put(slow)
            val first = reading(activation, token)
            assertFalse(checkNotNull(activation.cardProgress()).waiting)
            token.cancel()
            withTimeout(2_000) { refusedWith(2023) { first.await().getOrThrow() } }
            ended(1)
            assertNull(activation.cardProgress())
            socket.put(slow)
            val second = reading(activation)
            second.cancel()
            withTimeout(2_000) { second.join() }
            ended(2)
            // Also one that still waits for a card.
            val third = async { activation.readCard(CardDraft()) }
            delay(300)
            assertTrue(checkNotNull(activation.cardProgress()).waiting)
            third.cancel()
            ended(3)
            assertFalse(reader.sessions.any { it })
            socket.put(sandbox.cardOf(citizen))
            activation.readCard(CardDraft())
        }
    }

    @Test
    fun app_killed_after_any_step_goes_on_where_it_was() = test {
        assertNull(phone.app.resume { it })
        phone.app.activate(citizen.pid, citizen.phone) {}
        resumed { activation ->
            val state = assertNotNull(activation.state())
            assertEquals(Pair(ActivationStep.CODE, citizen.pid), Pair(state.step, state.pid))
            assertFalse(state.toString().contains(citizen.pid))
            activation.confirmCode(sandbox.codeSentTo(citizen.phone))
        }
        resumed { activation ->
            assertEquals(ActivationStep.CARD, activation.state()?.step)
            socket.put(sandbox.cardOf(citizen))
            activation.readCard(CardDraft())
        }
        val read = socket.exchanges
        resumed { activation ->
            assertEquals(ActivationStep.FACE, activation.state()?.step)
            activation.readCard(CardDraft())
            assertEquals(read, socket.exchanges, "what is done is done")
            activation.finish(sandbox, citizen).close()
        }
        phone.restart()
        assertNull(phone.app.resume { it })
        phone.app.unlock(passcode()).close()
    }

    @Test
    fun reader_that_throws_ends_the_reading_and_tells_nothing() = test {
        val failures = listOf<Pair<() -> Throwable, Int>>(
            { ChipLinkException.UserCancelled() } to 2023,
            { ChipLinkException.Unavailable() } to 6016,
            { IllegalStateException(PERSONAL) } to 6016,
            { AssertionError(PERSONAL) } to 6016,
            { StackOverflowError(PERSONAL) } to 6016,
        )
        begun { activation ->
            for ((failure, code) in failures) {
                for (command in listOf(0, 9)) {
                    socket.put(sandbox.cardOf(citizen))
                    reader.bend(command) { throw failure() }
                    val refusal = refusedWith(code) { activation.readCard(CardDraft()) }
                    assertFalse(refusal.stackTraceToString().contains(PERSONAL.takeLast(12)))
                    socket.close()
                }
            }
            socket.put(sandbox.cardOf(citizen))
            reader.bend(-1) { it }
            activation.readCard(CardDraft())
        }
    }

    @Test
    fun command_that_fails_once_is_got_over() = test {
        val mishaps = listOf<suspend (ByteArray) -> ByteArray>(
            { throw ChipLinkException.TagLost() },
            { throw ChipLinkException.Timeout() },
            { byteArrayOf() },
            { byteArrayOf(0x90.toByte()) },
            { ByteArray(65_539) },
            { it.also { delay(500) } },
        )
        for ((number, mishap) in mishaps.withIndex()) {
            val other = CITIZENS[number % CITIZENS.size]
            Phone(sandbox, reader).use { phone ->
                phone.app.activate(other.pid, other.phone) { activation ->
                    activation.confirmCode(sandbox.codeSentTo(other.phone))
                    socket.put(sandbox.cardOf(other))
                    reader.bend(9 + number, mishap)
                    activation.readCard(CardDraft())
                    assertEquals(ActivationStep.FACE, activation.state()?.step, "mishap $number")
                }
            }
        }
        assertTrue(reader.sessions.all { it })
    }

    @Test
    fun answers_that_are_not_the_cards_prove_nothing() = test {
        begun { activation ->
            var before: ByteArray? = null
            val answers = listOf<suspend (ByteArray) -> ByteArray>(
                { now -> (before ?: now).also { before = now } },
                { byteArrayOf(0x90.toByte(), 0) },
                { ByteArray(300) },
            )
            for (answer in answers) {
                socket.put(sandbox.cardOf(citizen))
                reader.bend(9, false, answer)
                val refusal = runCatching { activation.readCard(CardDraft()) }.exceptionOrNull() as EidException
                assertTrue(refusal.code in 6000u..6069u, "$refusal")
                socket.close()
            }
        }
    }

    @Test
    fun reader_that_hangs_is_left_when_the_citizen_cancels() = test {
        begun { activation ->
            for (command in listOf(0, 7)) {
                socket.put(sandbox.cardOf(citizen))
                reader.bend(command) { awaitCancellation() }
                val token = CancelToken()
                val reading = async { runCatching { activation.readCard(CardDraft(), token) } }
                delay(1_000)
                assertTrue(reading.isActive)
                token.cancel()
                withTimeout(2_000) { refusedWith(2023) { reading.await().getOrThrow() } }
                socket.close()
            }
        }
    }

    @Test
    fun phone_without_a_reader_says_so() = test {
        Phone(sandbox).use { phone ->
            phone.app.activate(citizen.pid, citizen.phone) { activation ->
                activation.confirmCode(sandbox.codeSentTo(citizen.phone))
                refusedWith(6016) { activation.readCard(CardDraft()) }
            }
        }
    }

    private suspend fun begun(steps: suspend (Activation) -> Unit) = phone.app.activate(citizen.pid, citizen.phone) {
        it.confirmCode(sandbox.codeSentTo(citizen.phone))
        steps(it)
    }

    private suspend fun resumed(steps: suspend (Activation) -> Unit) {
        phone.restart()
        assertNotNull(phone.app.resume(steps))
    }

    /** A reading of which a few commands went. */
    private suspend fun CoroutineScope.reading(
        activation: Activation,
        token: CancelToken? = null,
    ): Deferred<Result<Unit>> {
        val begun = socket.exchanges
        val reading = async { runCatching { activation.readCard(CardDraft(), token) } }
        while (socket.exchanges < begun + 5) delay(10)
        return reading
    }

    private suspend fun ended(sessions: Int) = withTimeout(5_000) { while (reader.sessions.size < sessions) delay(10) }

    /** An honest reader that bends the answer to one command, or to all from there on; command 0 is the connection. */
    private class BentReader(private val honest: ChipLink) : ChipLink {
        private val left = AtomicInteger(-1)
        val sessions = mutableListOf<Boolean>()

        @Volatile
        private var once = true

        @Volatile
        private var bend: suspend (ByteArray) -> ByteArray = { it }

        fun bend(command: Int, bend: suspend (ByteArray) -> ByteArray) = bend(command, true, bend)

        fun bend(command: Int, once: Boolean, bend: suspend (ByteArray) -> ByteArray) {
            this.bend = bend
            this.once = once
            left.set(command)
        }

        override suspend fun connect(waitMs: UInt): ChipLimits {
            val limits = honest.connect(waitMs)
            if (left.compareAndSet(0, -1)) bend(byteArrayOf())
            return limits
        }

        override suspend fun transceive(command: ByteArray, timeoutMs: UInt): ByteArray {
            val answer = honest.transceive(command, timeoutMs)
            if (left.get() < 1) return answer
            val now = left.getAndUpdate { if (it > 1) it - 1 else if (once) -1 else 1 }
            return if (now == 1) bend(answer) else answer
        }

        override suspend fun endSession(success: Boolean) {
            synchronized(sessions) { sessions.add(success) }
            honest.endSession(success)
        }
    }
}
