package vn.example.eid.android

import android.nfc.TagLostException
import android.nfc.tech.IsoDep
import vn.example.eid.Card
import vn.example.eid.CardLost

/** The chip of an identity card on the phone's NFC reader. One object for each card that the reader found. */
public class IsoDepCard(private val isoDep: IsoDep) : Card {
    override fun transceive(command: ByteArray): ByteArray = try {
        if (!isoDep.isConnected) {
            isoDep.connect()
            isoDep.timeout = TIMEOUT_MS
        }
        isoDep.transceive(command)
    } catch (_: TagLostException) {
        throw CardLost()
    } catch (_: SecurityException) {
        // Another card was found since: this one is out of date.
        throw CardLost()
    }

    override fun close(): Unit = isoDep.close()

    private companion object {
        /** Longer than the core waits for any answer, so that the core decides: keys take seconds on slow cards. */
        const val TIMEOUT_MS = 20_000
    }
}
