package vn.example.eid.android

import android.app.Activity
import android.nfc.NfcAdapter
import android.nfc.tech.IsoDep
import android.os.Bundle
import java.io.IOException
import java.util.concurrent.ArrayBlockingQueue
import java.util.concurrent.TimeUnit
import vn.example.eid.CardLost
import vn.example.eid.CardReader
import vn.example.eid.core.ChipLimits

/**
 * The phone's NFC reader. The activity on whose screen a card is read calls [enter] in `onResume` and [leave] in `onPause`;
 * a card that was lost is found again as another object.
 */
public class IsoDepReader(private val adapter: NfcAdapter?) : CardReader {
    private val waiting = ArrayBlockingQueue<IsoDep>(1)

    /** Stays when a session ends: a card that is not lifted meanwhile is not found a second time. */
    @Volatile
    private var card: IsoDep? = null

    /** Cards are this app's alone from now on: no other app is asked, and the phone does not act as a card itself. */
    public fun enter(activity: Activity) {
        val pause = Bundle().apply { putInt(NfcAdapter.EXTRA_READER_PRESENCE_CHECK_DELAY, PRESENCE_CHECK_MS) }
        adapter?.enableReaderMode(activity, { tag -> IsoDep.get(tag)?.let(::found) }, FLAGS, pause)
    }

    /** Cards are again whoever's they were. */
    public fun leave(activity: Activity) {
        adapter?.disableReaderMode(activity)
    }

    /** The one before it is out of date. */
    @Synchronized
    private fun found(isoDep: IsoDep) {
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
            // Android's own is a third of a second; a chip that makes a key takes longer.
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
        card?.close()
    }

    private companion object {
        const val SHORT_COMMAND = 261
        const val SHORT_RESPONSE = 258

        /** Identity cards speak one or the other. They hold no NDEF message, and looking for one costs time and bewilders some. */
        const val FLAGS = NfcAdapter.FLAG_READER_NFC_A or NfcAdapter.FLAG_READER_NFC_B or
            NfcAdapter.FLAG_READER_SKIP_NDEF_CHECK

        /**
         * Milliseconds without a command after which Android asks whether the card is still there. Its own are 125, and the core
         * may compute for longer between two commands: some chips take the question for the end of their channel.
         */
        const val PRESENCE_CHECK_MS = 1_000
    }
}
