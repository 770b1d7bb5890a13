package vn.example.eid

import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import vn.example.eid.core.ChipLink
import vn.example.eid.core.ChipLinkException

/** A card in the field of the phone's reader. Calls may block; [close] from another thread ends them. */
public interface Card : AutoCloseable {
    /**
     * Sends a command APDU and gives the response.
     *
     * @throws CardLost when the card left the field
     * @throws IOException when it did not answer in time
     * @throws IllegalStateException when the reader is off
     */
    public fun transceive(command: ByteArray): ByteArray

    /** Lets go of the card. */
    override fun close()
}

/** The card left the field. */
public class CardLost : IOException()

/** The core's chip port on top of a [Card]: one command at a time, and none after the end. */
public class CardLink(private val card: Card) : ChipLink {
    private val turn = Mutex()

    @Volatile
    private var ended = false

    override suspend fun transceive(command: ByteArray): ByteArray = turn.withLock {
        if (ended) throw ChipLinkException.TagLost()
        runInterruptible(Dispatchers.IO) {
            try {
                card.transceive(command)
            } catch (_: CardLost) {
                throw ChipLinkException.TagLost()
            } catch (_: IOException) {
                // What the reader says of it stays here, as with keys.
                throw if (ended) ChipLinkException.TagLost() else ChipLinkException.Timeout()
            } catch (_: RuntimeException) {
                throw ChipLinkException.Unavailable()
            }
        }
    }

    /** Does not wait for its turn: closing is what ends a command that got no answer. */
    override suspend fun endSession(success: Boolean) {
        ended = true
        runInterruptible(Dispatchers.IO) {
            try {
                card.close()
            } catch (_: IOException) {
                // It left the field: the session is over all the same.
            } catch (_: RuntimeException) {
                // Another card is there now, and this session ended with its own.
            }
        }
    }
}
