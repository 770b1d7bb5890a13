package vn.example.eid

import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import vn.example.eid.core.ChipLimits
import vn.example.eid.core.ChipLink
import vn.example.eid.core.ChipLinkException

/** The phone's reader of contactless cards. Calls may block; [close] from another thread, or an interrupt, ends them. */
public interface CardReader : AutoCloseable {
    /**
     * Connects afresh to the card in the field: one that was connected is let go. Waits for a card, at most [waitMs].
     *
     * @throws CardLost when the card left again
     * @throws IOException when no card came
     * @throws IllegalStateException when the reader is off
     */
    public fun connect(waitMs: Int): ChipLimits

    /**
     * Sends a command APDU and gives the response, which may take [timeoutMs].
     *
     * @throws CardLost when the card left the field
     * @throws IOException when it did not answer in time
     * @throws IllegalStateException when the reader is off
     */
    public fun transceive(command: ByteArray, timeoutMs: Int): ByteArray

    /** Lets go of the card. */
    override fun close()
}

/** The card left the field. */
public class CardLost : IOException()

/** The core's chip port on top of a [CardReader]: one command at a time, and none before a session or after its end. */
public class CardLink(private val reader: CardReader) : ChipLink {
    private val turn = Mutex()

    @Volatile
    private var open = false

    override suspend fun connect(waitMs: UInt): ChipLimits = turn.withLock {
        open = true
        onReader { reader.connect(waitMs.toInt()) }
    }

    override suspend fun transceive(command: ByteArray, timeoutMs: UInt): ByteArray = turn.withLock {
        if (!open) throw ChipLinkException.TagLost()
        onReader { reader.transceive(command, timeoutMs.toInt()) }
    }

    private suspend fun <T> onReader(call: () -> T): T = runInterruptible(Dispatchers.IO) {
        try {
            call()
        } catch (_: CardLost) {
            throw ChipLinkException.TagLost()
        } catch (_: IOException) {
            // What the reader says of it stays here, as with keys.
            throw if (open) ChipLinkException.Timeout() else ChipLinkException.TagLost()
        } catch (_: RuntimeException) {
            throw ChipLinkException.Unavailable()
        }
    }

    /** Does not wait for its turn: closing is what ends a command that got no answer. */
    override suspend fun endSession(success: Boolean) {
        open = false
        runInterruptible(Dispatchers.IO) {
            try {
                reader.close()
            } catch (_: IOException) {
                // It left the field: the session is over all the same.
            } catch (_: RuntimeException) {
                // Another card is there now, and this session ended with its own.
            }
        }
    }
}
