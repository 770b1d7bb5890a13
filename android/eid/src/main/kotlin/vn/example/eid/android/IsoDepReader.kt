package vn.example.eid.android

import android.nfc.NfcAdapter
import android.nfc.tech.IsoDep
import java.io.IOException
import java.util.concurrent.LinkedBlockingDeque
import java.util.concurrent.TimeUnit
import vn.example.eid.CardLost
import vn.example.eid.CardReader
import vn.example.eid.core.ChipLimits

/**
 * The phone's NFC reader. The activity that is on the screen turns the adapter's reader mode on, and hands each card that it
 * finds to [found]; a card that was lost is found again as another object.
 */
public class IsoDepReader(private val adapter: NfcAdapter?) : CardReader {
    private val waiting = LinkedBlockingDeque<IsoDep>()

    @Volatile
    private var card: IsoDep? = null

    /** Takes a card that the phone found; the one before it is out of date. */
    public fun found(isoDep: IsoDep) {
        waiting.clear()
        waiting.offer(isoDep)
    }

    override fun connect(waitMs: Int): ChipLimits {
        check(adapter?.isEnabled == true) { "NFC is off" }
        val end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs.toLong())
        var next = waiting.poll() ?: card
        while (true) {
            val limits = next?.let(::open)
            if (limits != null) return limits
            next = waiting.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS) ?: throw IOException("no card")
        }
    }

    /** Connecting again after closing makes the chip begin anew. */
    private fun open(isoDep: IsoDep): ChipLimits? = try {
        isoDep.close()
        isoDep.connect()
        card = isoDep
        val most = if (isoDep.isExtendedLengthApduSupported) isoDep.maxTransceiveLength else 0
        ChipLimits(maxOf(most, SHORT_COMMAND).toUInt(), maxOf(most, SHORT_RESPONSE).toUInt())
    } catch (_: IOException) {
        null
    } catch (_: SecurityException) {
        // Another card was found since: this one is out of date.
        null
    }

    override fun transceive(command: ByteArray, timeoutMs: Int): ByteArray {
        val isoDep = card ?: throw CardLost()
        return try {
            isoDep.timeout = timeoutMs
            isoDep.transceive(command)
        } catch (_: IOException) {
            // Android says "lost" for what took too long as well.
            throw CardLost()
        } catch (_: SecurityException) {
            throw CardLost()
        }
    }

    override fun close() {
        val isoDep = card
        card = null
        isoDep?.close()
    }

    private companion object {
        const val SHORT_COMMAND = 261
        const val SHORT_RESPONSE = 258
    }
}
