package vn.example.eid

import java.security.GeneralSecurityException
import java.security.Signature
import java.security.interfaces.ECPublicKey
import javax.crypto.Mac
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import vn.example.eid.core.HardwareInput
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
     * `SHA256withECDSA` with the key of this alias, begun; null when there is none, or when it went with the fingers it knew.
     *
     * @throws PresenceNeeded when the holder has to be asked first
     */
    public fun startSigning(alias: String): Signing?

    /** Makes an HMAC-SHA-256 key; one that had this alias is gone. */
    public fun makeSecret(alias: String, access: KeyAccess)

    /** HMAC-SHA-256 with the key of this alias, begun; null when there is none, or when it went with the fingers it knew. */
    public fun startDeriving(alias: String): Derivation?

    /** Destroys the key of this alias, if there is one. */
    public fun remove(alias: String)
}

/**
 * An operation that is begun.
 *
 * @property wantsBiometrics true when it goes on only after an enrolled face or finger was recognised for this very operation
 */
public sealed class Begun(public val wantsBiometrics: Boolean)

/** An HMAC that is begun. */
public class Derivation(public val mac: Mac, wantsBiometrics: Boolean) : Begun(wantsBiometrics)

/** A signature that is begun. */
public class Signing(public val signature: Signature, wantsBiometrics: Boolean) : Begun(wantsBiometrics)

/** The key wants the holder's presence before it works. */
public class PresenceNeeded : GeneralSecurityException()

/** Asks the holder: fingerprint, face or screen lock. */
public fun interface Presence {
    /**
     * Returns once the holder has confirmed. Cancelling the coroutine takes the prompt away.
     *
     * @param begun what only an enrolled face or finger sets free, never the screen lock; null for the holder's presence
     * @throws SecureKeyException.UserCancelled
     * @throws SecureKeyException.Unavailable when nobody can be asked
     */
    public suspend fun confirm(begun: Begun?)
}

/** The core's key port on top of [KeyHardware]: encodings, presence, and errors without any text. */
public class HardwareKey(private val hardware: KeyHardware, private val presence: Presence) : SecureKey {
    /** One prompt at a time; whoever waited finds the key ready. */
    private val prompt = Mutex()

    override suspend fun generate(alias: String, access: KeyAccess): ByteArray =
        ask { publicPoint(hardware.makeSigningKey(checked(alias), access)) }

    override suspend fun sign(alias: String, data: ByteArray): ByteArray {
        val begun = start(checked(alias))
        if (begun.wantsBiometrics) prompt.withLock { presence.confirm(begun) }
        return ask {
            begun.signature.update(data)
            rawSignature(begun.signature.sign())
        }
    }

    override suspend fun makeSecret(alias: String, access: KeyAccess): Unit =
        ask { hardware.makeSecret(checked(alias), access) }

    override suspend fun derive(alias: String, input: HardwareInput): ByteArray = try {
        val begun = ask {
            if (input.bytes.size != DERIVED) throw SecureKeyException.Malformed()
            hardware.startDeriving(checked(alias)) ?: throw SecureKeyException.Invalidated()
        }
        if (begun.wantsBiometrics) prompt.withLock { presence.confirm(begun) }
        ask {
            val answer = begun.mac.doFinal(input.bytes)
            if (answer.size != DERIVED) throw SecureKeyException.Malformed()
            answer
        }
    } finally {
        input.bytes.fill(0)
        input.point.fill(0)
    }

    override suspend fun remove(alias: String): Unit = ask { hardware.remove(checked(alias)) }

    private suspend fun start(alias: String): Signing = prompt.withLock {
        begun(alias) ?: run {
            presence.confirm(null)
            begun(alias) ?: throw SecureKeyException.Unavailable()
        }
    }

    /** Null when the holder has to be asked. */
    private suspend fun begun(alias: String): Signing? = ask {
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

        /** Bytes of a derivation's input and of its answer. */
        const val DERIVED = 32
    }
}
