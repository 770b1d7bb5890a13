package vn.example.eid

import java.io.IOException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
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
            val link = connected(card { throw failure })
            val seen = assertFailsWith<ChipLinkException> { link.transceive(byteArrayOf(0), 1_000u) }
            assertEquals<Class<*>>(wanted, seen.javaClass)
            assertFalse(seen.stackTraceToString().contains("000190000001"))
        }
    }

    @Test
    fun commands_go_one_after_the_other() = runBlocking {
        val (inside, most) = Pair(AtomicInteger(), AtomicInteger())
        val link = connected(card {
            most.accumulateAndGet(inside.incrementAndGet(), ::maxOf)
            Thread.sleep(2)
            inside.decrementAndGet()
            it
        })
        (1..20).map { async(Dispatchers.Default) { link.transceive(byteArrayOf(it.toByte()), 1_000u) } }.awaitAll()
        assertEquals(1, most.get())
    }

    @Test
    fun end_of_the_session_ends_a_command_that_gets_no_answer() = runBlocking {
        val (asked, closed) = Pair(CompletableDeferred<Unit>(), CountDownLatch(1))
        val silent = object : CardReader {
                override fun connect(waitMs: Int) = SHORT

            override fun transceive(command: ByteArray, timeoutMs: Int): ByteArray {
                asked.complete(Unit)
                closed.await()
                throw IOException("closed")
            }

            override fun close() = closed.countDown()
        }
        val link = connected(silent)
        val waiting = async { assertFailsWith<ChipLinkException.TagLost> { link.transceive(byteArrayOf(0), 1_000u) } }
        asked.await()
        withTimeout(2_000) { link.endSession(false) }
        withTimeout(2_000) { waiting.await() }
        assertFailsWith<ChipLinkException.TagLost> { link.transceive(byteArrayOf(0), 1_000u) }
        Unit
    }

    @Test
    fun cancelled_command_is_interrupted() = runBlocking {
        val asked = CompletableDeferred<Unit>()
        val link = connected(card {
            asked.complete(Unit)
            Thread.sleep(60_000)
            it
        })
        val waiting = launch { link.transceive(byteArrayOf(0), 1_000u) }
        asked.await()
        withTimeout(2_000) { waiting.cancelAndJoin() }
    }

    @Test
    fun card_that_cannot_be_closed_is_closed_all_the_same() = runBlocking {
        for (failure in listOf(IOException("gone"), SecurityException("out of date"))) {
            val link = connected(object : CardReader {
                override fun connect(waitMs: Int) = SHORT

                override fun transceive(command: ByteArray, timeoutMs: Int) = command
                override fun close() = throw failure
            })
            repeat(2) { link.endSession(true) }
            assertFailsWith<ChipLinkException.TagLost> { link.transceive(byteArrayOf(0), 1_000u) }
        }
    }

    /** A link in a session. */
    private suspend fun connected(reader: CardReader) = CardLink(reader).also { it.connect(1_000u) }

    private fun card(answer: (ByteArray) -> ByteArray) = object : CardReader {
                override fun connect(waitMs: Int) = SHORT

        override fun transceive(command: ByteArray, timeoutMs: Int) = answer(command)
        override fun close() {}
    }

    private companion object {
        val SHORT = ChipLimits(261u, 258u)
    }
}
