package vn.example.eid

import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import vn.example.eid.core.KeyAccess

/** Keys in this object and nowhere else, for tests. Never for a real identity. */
class SoftwareHardware : KeyHardware {
    private val signing = ConcurrentHashMap<String, KeyPair>()
    private val sealing = ConcurrentHashMap<String, SecretKey>()
    private val guarded = ConcurrentHashMap.newKeySet<String>()

    /** How many signatures a confirmation of the holder is good for; as many as wanted unless a test sets it. */
    val allowance = AtomicInteger(Int.MAX_VALUE)

    val aliases: Set<String> get() = signing.keys + sealing.keys

    override fun makeSigningKey(alias: String, access: KeyAccess): ECPublicKey {
        val generator = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }
        val pair = generator.generateKeyPair()
        signing[alias] = pair
        if (access == KeyAccess.WITH_PRESENCE) guarded.add(alias)
        return pair.public as ECPublicKey
    }

    override fun startSigning(alias: String): Signature? {
        val pair = signing[alias] ?: return null
        if (alias in guarded && allowance.getAndUpdate { (it - 1).coerceAtLeast(0) } == 0) throw PresenceNeeded()
        return Signature.getInstance("SHA256withECDSA").apply { initSign(pair.private) }
    }

    override fun startSealing(alias: String): Cipher {
        val key = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()
        sealing[alias] = key
        return Cipher.getInstance("AES/GCM/NoPadding").apply { init(Cipher.ENCRYPT_MODE, key) }
    }

    override fun startUnsealing(alias: String, nonce: ByteArray): Cipher? {
        val key = sealing[alias] ?: return null
        val place = GCMParameterSpec(128, nonce)
        return Cipher.getInstance("AES/GCM/NoPadding").apply { init(Cipher.DECRYPT_MODE, key, place) }
    }

    override fun remove(alias: String) {
        signing.remove(alias)
        sealing.remove(alias)
        guarded.remove(alias)
    }
}
