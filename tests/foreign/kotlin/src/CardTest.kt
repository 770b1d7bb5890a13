package vn.example.eid.tests

import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.measureTime
import org.junit.After
import org.junit.Test
import vn.example.eid.CardLink
import vn.example.eid.core.ChipLinkException
import vn.example.eid.core.checkChipLink

/** [CardLink], with the sandbox's simulated card at the other end of a socket. */
class CardTest {
    private val socket = CardSocket()
    private val link = CardLink(socket)

    @After
    fun away() = socket.dispose()

    @Test
    fun link_to_the_simulated_card_keeps_its_contract() = test {
        socket.put(cardFile())
        val findings = checkChipLink(link)
        assertTrue(findings.size > 3)
        assertEquals(emptyList(), findings.filterNot { it.passed })
        assertEquals(4, socket.exchanges)
    }

    @Test
    fun card_that_left_and_came_back_answers_on() = test {
        socket.put(cardFile("\"tag_loss_at\": [1]"))
        link.connect(WAIT_MS)
        assertContentEquals(DONE, link.transceive(SELECT, WAIT_MS))
        assertFailsWith<ChipLinkException.TagLost> { link.transceive(SELECT, WAIT_MS) }
        link.connect(WAIT_MS)
        assertContentEquals(DONE, link.transceive(SELECT, WAIT_MS))
    }

    @Test
    fun card_that_was_taken_away_is_lost() = test {
        socket.put(cardFile())
        link.connect(WAIT_MS)
        assertContentEquals(DONE, link.transceive(SELECT, WAIT_MS))
        socket.take()
        assertFailsWith<ChipLinkException.TagLost> { link.transceive(SELECT, WAIT_MS) }
        assertFailsWith<ChipLinkException.Timeout> { link.connect(200u) }
        assertFailsWith<ChipLinkException.TagLost> { link.transceive(SELECT, WAIT_MS) }
    }

    @Test
    fun card_that_is_slow_is_waited_for() = test {
        socket.put(cardFile("\"slow_ms\": 300"))
        link.connect(WAIT_MS)
        assertTrue(measureTime { assertContentEquals(DONE, link.transceive(SELECT, WAIT_MS)) } > 300.milliseconds)
    }

    private companion object {
        const val WAIT_MS = 10_000u
        val SELECT = byteArrayOf(0, 0xa4.toByte(), 4, 12, 7, 0xa0.toByte(), 0, 0, 2, 0x47, 0x10, 1)
        val DONE = byteArrayOf(0x90.toByte(), 0)
    }
}
