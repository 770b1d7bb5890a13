package vn.example.eid

import java.io.IOException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.Test
import vn.example.eid.core.ChipLimits
import vn.example.eid.core.ChipLinkException

class CardLinkTest {
    @Test
    fun failures_of_the_reader_become_errors_without_text() = runBlocking {
        val text = "card of 000190000001"
        val failures = mapOf<Throwable, Class<out ChipLinkException>>(
            CardLost() to ChipLinkException.TagLost::class.java,
            IOException(text) to ChipLinkException.Timeout::class.java,
            IllegalStateException(text) to ChipLinkException.Unavailable::class.java,
        )
        for ((failure, wanted) in failures) {
            val link = connected(reader { throw failure })
            val seen = assertFailsWith<ChipLinkException> { link.transceive(byteArrayOf(0), WAIT) }
            assertEquals<Class<*>>(wanted, seen.javaClass)
            assertFalse(seen.stackTraceToString().contains("000190000001"))
        }
    }

    @Test
    fun commands_go_one_after_the_other() = runBlocking {
        val (inside, most) = Pair(AtomicInteger(), AtomicInteger())
        val link = connected(reader {
            most.accumulateAndGet(inside.incrementAndGet(), ::maxOf)
            Thread.sleep(2)
            inside.decrementAndGet()
            it
        })
        (1..20).map { async(Dispatchers.Default) { link.transceive(byteArrayOf(it.toByte()), WAIT) } }.awaitAll()
        assertEquals(1, most.get())
    }

    @Test
    fun end_of_the_session_ends_a_command_that_gets_no_answer() = runBlocking {
        val (asked, closed) = Pair(CompletableDeferred<Unit>(), CountDownLatch(1))
        val link = connected(object : Reader() {
            override fun transceive(command: ByteArray, timeoutMs: Int): ByteArray {
                asked.complete(Unit)
                closed.await()
                throw IOException("closed")
            }

            override fun close() = closed.countDown()
        })
        val waiting = async { assertFailsWith<ChipLinkException.TagLost> { link.transceive(byteArrayOf(0), WAIT) } }
        asked.await()
        withTimeout(2_000) { link.endSession(false) }
        withTimeout(2_000) { waiting.await() }
        assertFailsWith<ChipLinkException.TagLost> { link.transceive(byteArrayOf(0), WAIT) }
        Unit
    }

    @Test
    fun cancelled_command_is_interrupted() = runBlocking {
        val asked = CompletableDeferred<Unit>()
        val link = connected(reader {
            asked.complete(Unit)
            Thread.sleep(60_000)
            it
        })
        val waiting = launch { link.transceive(byteArrayOf(0), WAIT) }
        asked.await()
        withTimeout(2_000) { waiting.cancelAndJoin() }
    }

    @Test
    fun reader_that_cannot_be_closed_is_closed_all_the_same() = runBlocking {
        for (failure in listOf(IOException("gone"), SecurityException("out of date"))) {
            val link = connected(object : Reader() {
                override fun close() = throw failure
            })
            repeat(2) { link.endSession(true) }
            assertFailsWith<ChipLinkException.TagLost> { link.transceive(byteArrayOf(0), WAIT) }
        }
    }

    @Test
    fun failures_to_find_a_card_become_errors_without_text() = runBlocking {
        val text = "card of 000190000001"
        val failures = mapOf<Throwable, Class<out ChipLinkException>>(
            CardLost() to ChipLinkException.TagLost::class.java,
            IOException(text) to ChipLinkException.Timeout::class.java,
            IllegalStateException(text) to ChipLinkException.Unavailable::class.java,
        )
        for ((failure, wanted) in failures) {
            val link = CardLink(object : Reader() {
                override fun connect(waitMs: Int) = throw failure
            })
            val seen = assertFailsWith<ChipLinkException> { link.connect(WAIT) }
            assertEquals<Class<*>>(wanted, seen.javaClass)
            assertFalse(seen.stackTraceToString().contains("000190000001"))
        }
    }

    @Test
    fun card_is_spoken_to_in_a_session_only_and_with_the_times_of_the_core() = runBlocking {
        val times = mutableListOf<Int>()
        val link = CardLink(object : Reader() {
            override fun connect(waitMs: Int) = LIMITS.also { times.add(waitMs) }
            override fun transceive(command: ByteArray, timeoutMs: Int) = command.also { times.add(timeoutMs) }
        })
        assertFailsWith<ChipLinkException.TagLost> { link.transceive(byteArrayOf(1), WAIT) }
        for (session in 1..2) {
            assertEquals(LIMITS, link.connect(20_000u))
            assertContentEquals(byteArrayOf(1), link.transceive(byteArrayOf(1), 15_000u))
            link.endSession(true)
            assertFailsWith<ChipLinkException.TagLost> { link.transceive(byteArrayOf(1), WAIT) }
        }
        assertEquals(listOf(20_000, 15_000, 20_000, 15_000), times)
    }

    private suspend fun connected(reader: CardReader) = CardLink(reader).apply { connect(WAIT) }

    private fun reader(answer: (ByteArray) -> ByteArray) = object : Reader() {
        override fun transceive(command: ByteArray, timeoutMs: Int) = answer(command)
    }

    /** With a card on it that sends back what it was sent. */
    private open class Reader : CardReader {
        override fun connect(waitMs: Int) = LIMITS
        override fun transceive(command: ByteArray, timeoutMs: Int) = command
        override fun close() {}
    }

    private companion object {
        const val WAIT = 10_000u
        val LIMITS = ChipLimits(maxCommand = 261u, maxResponse = 258u)
    }
}
