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
            val link = CardLink(card { throw failure })
            val seen = assertFailsWith<ChipLinkException> { link.transceive(byteArrayOf(0)) }
            assertEquals<Class<*>>(wanted, seen.javaClass)
            assertFalse(seen.stackTraceToString().contains("000190000001"))
        }
    }

    @Test
    fun commands_go_one_after_the_other() = runBlocking {
        val (inside, most) = Pair(AtomicInteger(), AtomicInteger())
        val link = CardLink(card {
            most.accumulateAndGet(inside.incrementAndGet(), ::maxOf)
            Thread.sleep(2)
            inside.decrementAndGet()
            it
        })
        (1..20).map { async(Dispatchers.Default) { link.transceive(byteArrayOf(it.toByte())) } }.awaitAll()
        assertEquals(1, most.get())
    }

    @Test
    fun end_of_the_session_ends_a_command_that_gets_no_answer() = runBlocking {
        val (asked, closed) = Pair(CompletableDeferred<Unit>(), CountDownLatch(1))
        val silent = object : Card {
            override fun transceive(command: ByteArray): ByteArray {
                asked.complete(Unit)
                closed.await()
                throw IOException("closed")
            }

            override fun close() = closed.countDown()
        }
        val link = CardLink(silent)
        val waiting = async { assertFailsWith<ChipLinkException.TagLost> { link.transceive(byteArrayOf(0)) } }
        asked.await()
        withTimeout(2_000) { link.endSession(false) }
        withTimeout(2_000) { waiting.await() }
        assertFailsWith<ChipLinkException.TagLost> { link.transceive(byteArrayOf(0)) }
        Unit
    }

    @Test
    fun cancelled_command_is_interrupted() = runBlocking {
        val asked = CompletableDeferred<Unit>()
        val link = CardLink(card {
            asked.complete(Unit)
            Thread.sleep(60_000)
            it
        })
        val waiting = launch { link.transceive(byteArrayOf(0)) }
        asked.await()
        withTimeout(2_000) { waiting.cancelAndJoin() }
    }

    @Test
    fun card_that_cannot_be_closed_is_closed_all_the_same() = runBlocking {
        for (failure in listOf(IOException("gone"), SecurityException("out of date"))) {
            val link = CardLink(object : Card {
                override fun transceive(command: ByteArray) = command
                override fun close() = throw failure
            })
            repeat(2) { link.endSession(true) }
            assertFailsWith<ChipLinkException.TagLost> { link.transceive(byteArrayOf(0)) }
        }
    }

    private fun card(answer: (ByteArray) -> ByteArray) = object : Card {
        override fun transceive(command: ByteArray) = answer(command)
        override fun close() {}
    }
}
