package vn.example.eid

import java.security.GeneralSecurityException
import java.security.Signature
import java.security.interfaces.ECPublicKey
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import vn.example.eid.core.KeyAccess
import vn.example.eid.core.SecureKey
import vn.example.eid.core.SecureKeyException

/**
 * Where keys live: the Android Keystore. Calls may block, and throw [GeneralSecurityException] or a runtime exception.
 */
public interface KeyHardware {
    /** Makes a P-256 key that signs SHA-256; one that had this alias is gone. */
    public fun makeSigningKey(alias: String, access: KeyAccess): ECPublicKey

    /**
     * `SHA256withECDSA` with the key of this alias, or null when there is none.
     *
     * @throws PresenceNeeded when the holder has to be asked first
     */
    public fun startSigning(alias: String): Signature?

    /** Makes an AES-256-GCM key in place of one that had this alias; gives its cipher for one message. */
    public fun startSealing(alias: String): Cipher

    /** AES-GCM with the key of this alias, or null when there is none. */
    public fun startUnsealing(alias: String, nonce: ByteArray): Cipher?

    /** Destroys the key of this alias, if there is one. */
    public fun remove(alias: String)
}

/** The key wants the holder's presence before it works. */
public class PresenceNeeded : GeneralSecurityException()

/** Asks the holder: fingerprint, face or screen lock. */
public fun interface Presence {
    /**
     * Returns once the holder has confirmed. Cancelling the coroutine takes the prompt away.
     *
     * @throws SecureKeyException.UserCancelled
     * @throws SecureKeyException.Unavailable when nobody can be asked
     */
    public suspend fun confirm()
}

/** The core's key port on top of [KeyHardware]: encodings, presence, and errors without any text. */
public class HardwareKey(private val hardware: KeyHardware, private val presence: Presence) : SecureKey {
    /** One prompt at a time; whoever waited finds the key ready. */
    private val prompt = Mutex()

    override suspend fun generate(alias: String, access: KeyAccess): ByteArray =
        ask { publicPoint(hardware.makeSigningKey(checked(alias), access)) }

    override suspend fun sign(alias: String, data: ByteArray): ByteArray {
        val signature = start(checked(alias))
        return ask {
            signature.update(data)
            rawSignature(signature.sign())
        }
    }

    override suspend fun seal(alias: String, secret: ByteArray): ByteArray = try {
        ask {
            val cipher = hardware.startSealing(checked(alias))
            val nonce = cipher.iv
            if (nonce.size != NONCE) throw SecureKeyException.Malformed()
            byteArrayOf(FORMAT) + nonce + cipher.doFinal(secret)
        }
    } finally {
        secret.fill(0)
    }

    override suspend fun unseal(alias: String, blob: ByteArray): ByteArray = ask {
        if (blob.size < 1 + NONCE + TAG || blob[0] != FORMAT) throw SecureKeyException.Malformed()
        val cipher = hardware.startUnsealing(checked(alias), blob.copyOfRange(1, 1 + NONCE))
            ?: throw SecureKeyException.Invalidated()
        cipher.doFinal(blob, 1 + NONCE, blob.size - 1 - NONCE)
    }

    override suspend fun remove(alias: String): Unit = ask { hardware.remove(checked(alias)) }

    private suspend fun start(alias: String): Signature = prompt.withLock {
        begun(alias) ?: run {
            presence.confirm()
            begun(alias) ?: throw SecureKeyException.Unavailable()
        }
    }

    /** Null when the holder has to be asked. */
    private suspend fun begun(alias: String): Signature? = ask {
        try {
            hardware.startSigning(alias) ?: throw SecureKeyException.Invalidated()
        } catch (_: PresenceNeeded) {
            null
        }
    }

    /** What the hardware throws stays here: its text may name the key's owner or the app. */
    private suspend fun <T> ask(operation: () -> T): T = withContext(Dispatchers.IO) {
        try {
            operation()
        } catch (e: SecureKeyException) {
            throw e
        } catch (_: AEADBadTagException) {
            // Sealed with a key that is no more.
            throw SecureKeyException.Invalidated()
        } catch (_: GeneralSecurityException) {
            throw SecureKeyException.Unavailable()
        } catch (_: RuntimeException) {
            throw SecureKeyException.Unavailable()
        }
    }

    private fun checked(alias: String): String {
        if (!ALIAS.matches(alias)) throw SecureKeyException.Malformed()
        return alias
    }

    private companion object {
        val ALIAS = Regex("[a-z0-9-]{1,40}")

        /** First byte of a sealed secret: the form of what follows, nonce ‖ ciphertext ‖ tag. */
        const val FORMAT: Byte = 1
        const val NONCE = 12
        const val TAG = 16
    }
}
