package vn.example.eid

import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import javax.crypto.KeyGenerator
import javax.crypto.Mac
import javax.crypto.SecretKey
import vn.example.eid.core.KeyAccess

/** Keys in this object and nowhere else, for tests. Never for a real identity. */
class SoftwareHardware : KeyHardware {
    private val signing = ConcurrentHashMap<String, KeyPair>()
    private val secrets = ConcurrentHashMap<String, SecretKey>()
    private val guarded = ConcurrentHashMap.newKeySet<String>()
    private val biometric = ConcurrentHashMap.newKeySet<String>()

    /** How many signatures a confirmation of the holder is good for; as many as wanted unless a test sets it. */
    val allowance = AtomicInteger(Int.MAX_VALUE)

    val aliases: Set<String> get() = signing.keys + secrets.keys

    override fun makeSigningKey(alias: String, access: KeyAccess): ECPublicKey {
        val generator = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }
        val pair = generator.generateKeyPair()
        signing[alias] = pair
        if (access == KeyAccess.WITH_PRESENCE) guarded.add(alias)
        if (access == KeyAccess.WITH_BIOMETRICS) biometric.add(alias) else biometric.remove(alias)
        return pair.public as ECPublicKey
    }

    override fun startSigning(alias: String): Signing? {
        val pair = signing[alias] ?: return null
        if (alias in guarded && allowance.getAndUpdate { (it - 1).coerceAtLeast(0) } == 0) throw PresenceNeeded()
        return Signing(Signature.getInstance("SHA256withECDSA").apply { initSign(pair.private) }, alias in biometric)
    }

    override fun makeSecret(alias: String, access: KeyAccess) {
        secrets[alias] = KeyGenerator.getInstance(HMAC).generateKey()
        if (access == KeyAccess.WITH_BIOMETRICS) biometric.add(alias) else biometric.remove(alias)
    }

    override fun startDeriving(alias: String): Derivation? {
        val key = secrets[alias] ?: return null
        return Derivation(Mac.getInstance(HMAC).apply { init(key) }, alias in biometric)
    }

    override fun remove(alias: String) {
        signing.remove(alias)
        secrets.remove(alias)
        guarded.remove(alias)
    }

    /** Another finger: what only enrolled ones may use is gone. */
    fun enrol() = biometric.forEach {
        secrets.remove(it)
        signing.remove(it)
    }

    private companion object {
        const val HMAC = "HmacSHA256"
    }
}
