package vn.example.eid.android

import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyInfo
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import javax.crypto.KeyGenerator
import javax.crypto.Mac
import javax.crypto.SecretKey
import javax.crypto.SecretKeyFactory
import vn.example.eid.Derivation
import vn.example.eid.KeyHardware
import vn.example.eid.PresenceNeeded
import vn.example.eid.Signing
import vn.example.eid.core.KeyAccess
import vn.example.eid.core.SecureKeyException

/**
 * Keys in the Android Keystore.
 *
 * The few keys that live as long as the activation are made in StrongBox where there is one. Credential keys are not:
 * there are dozens of them, and StrongBox holds few and is slow. [level] says what came out, and is never assumed.
 */
public class AndroidKeystore : KeyHardware {
    /** How well a key is kept. */
    public enum class Level { STRONGBOX, TRUSTED_ENVIRONMENT, SOFTWARE, UNKNOWN }

    private val keys: KeyStore = KeyStore.getInstance(PROVIDER).apply { load(null) }

    /** How well the key of this alias is kept, or null when there is none. May block. */
    public fun level(alias: String): Level? = when (val key = keys.getKey(alias, null)) {
        is PrivateKey -> level(KeyFactory.getInstance(key.algorithm, PROVIDER).getKeySpec(key, KeyInfo::class.java))
        is SecretKey -> level(info(key))
        else -> null
    }

    override fun makeSigningKey(alias: String, access: KeyAccess): ECPublicKey {
        val spec = { KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN).signing(access) }
        val make = { builder: KeyGenParameterSpec.Builder ->
            val generator = KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PROVIDER)
            generator.initialize(builder.build())
            generator.generateKeyPair().public as ECPublicKey
        }
        return when (access) {
            KeyAccess.WHILE_UNLOCKED, KeyAccess.WITH_BIOMETRICS -> inStrongBox(spec, make)
            KeyAccess.WITH_PRESENCE -> make(spec())
        }
    }

    override fun startSigning(alias: String): Signing? {
        val key = keys.getKey(alias, null) as? PrivateKey ?: return null
        val signature = Signature.getInstance("SHA256withECDSA")
        return try {
            Signing(signature.apply { initSign(key) }, isForOneUse(key))
        } catch (_: UserNotAuthenticatedException) {
            throw PresenceNeeded()
        } catch (_: KeyPermanentlyInvalidatedException) {
            null
        }
    }

    /** For [KeyAccess.WHILE_UNLOCKED] and [KeyAccess.WITH_BIOMETRICS]: the core derives with no others. */
    override fun makeSecret(alias: String, access: KeyAccess) {
        val spec = {
            val builder = KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN).setKeySize(256)
            when (access) {
                KeyAccess.WHILE_UNLOCKED -> builder.whileUnlocked()
                KeyAccess.WITH_PRESENCE -> throw SecureKeyException.Unavailable()
                KeyAccess.WITH_BIOMETRICS -> builder.withBiometrics()
            }
        }
        inStrongBox(spec) { builder ->
            val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_HMAC_SHA256, PROVIDER)
            generator.init(builder.build())
            generator.generateKey()
        }
    }

    override fun startDeriving(alias: String): Derivation? {
        val key = keys.getKey(alias, null) as? SecretKey ?: return null
        return try {
            val mac = Mac.getInstance(KeyProperties.KEY_ALGORITHM_HMAC_SHA256).apply { init(key) }
            Derivation(mac, info(key).isUserAuthenticationRequired)
        } catch (_: KeyPermanentlyInvalidatedException) {
            null
        }
    }

    override fun remove(alias: String): Unit = keys.deleteEntry(alias)

    private fun <T> inStrongBox(
        spec: () -> KeyGenParameterSpec.Builder,
        make: (KeyGenParameterSpec.Builder) -> T,
    ): T {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.P) return make(spec())
        return try {
            make(spec().setIsStrongBoxBacked(true))
        } catch (_: StrongBoxUnavailableException) {
            make(spec())
        }
    }

    private fun KeyGenParameterSpec.Builder.signing(access: KeyAccess): KeyGenParameterSpec.Builder {
        setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1")).setDigests(KeyProperties.DIGEST_SHA256)
        return when (access) {
            KeyAccess.WHILE_UNLOCKED -> whileUnlocked()
            KeyAccess.WITH_PRESENCE -> withPresence()
            KeyAccess.WITH_BIOMETRICS -> withBiometrics()
        }
    }

    private fun KeyGenParameterSpec.Builder.whileUnlocked(): KeyGenParameterSpec.Builder {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) setUnlockedDeviceRequired(true)
        return this
    }

    /**
     * For a while after the holder was asked, not for one use: fetching a batch proves possession of each of its keys,
     * and a proof on the screen is signed anew every 20 s. Nobody would answer that many prompts.
     */
    private fun KeyGenParameterSpec.Builder.withPresence(): KeyGenParameterSpec.Builder {
        setUserAuthenticationRequired(true)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            val who = KeyProperties.AUTH_BIOMETRIC_STRONG or KeyProperties.AUTH_DEVICE_CREDENTIAL
            setUserAuthenticationParameters(PRESENCE_S, who)
        } else {
            @Suppress("DEPRECATION") // What replaced it came with Android 11.
            setUserAuthenticationValidityDurationSeconds(PRESENCE_S)
        }
        return whileUnlocked()
    }

    /** For one use after a face or a finger was recognised, of those that are enrolled when the key is made. */
    private fun KeyGenParameterSpec.Builder.withBiometrics(): KeyGenParameterSpec.Builder {
        setUserAuthenticationRequired(true)
        setInvalidatedByBiometricEnrollment(true)
        // Before Android 11 the same is what a key without a validity duration does.
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            setUserAuthenticationParameters(0, KeyProperties.AUTH_BIOMETRIC_STRONG)
        }
        return whileUnlocked()
    }

    /** True for a key of [withBiometrics]: one of [withPresence] works for a while after the holder was asked. */
    private fun isForOneUse(key: PrivateKey): Boolean {
        val info = KeyFactory.getInstance(key.algorithm, PROVIDER).getKeySpec(key, KeyInfo::class.java)
        return info.isUserAuthenticationRequired && info.userAuthenticationValidityDurationSeconds <= 0
    }

    private fun info(key: SecretKey): KeyInfo =
        SecretKeyFactory.getInstance(key.algorithm, PROVIDER).getKeySpec(key, KeyInfo::class.java) as KeyInfo

    private fun level(info: KeyInfo): Level = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) {
        when (info.securityLevel) {
            KeyProperties.SECURITY_LEVEL_STRONGBOX -> Level.STRONGBOX
            KeyProperties.SECURITY_LEVEL_TRUSTED_ENVIRONMENT -> Level.TRUSTED_ENVIRONMENT
            KeyProperties.SECURITY_LEVEL_SOFTWARE -> Level.SOFTWARE
            else -> Level.UNKNOWN
        }
    } else {
        @Suppress("DEPRECATION") // What replaced it came with Android 12.
        if (info.isInsideSecureHardware) Level.TRUSTED_ENVIRONMENT else Level.SOFTWARE
    }

    private companion object {
        const val PROVIDER = "AndroidKeyStore"

        /** How long the holder's presence counts, in seconds: one showing at a counter. */
        const val PRESENCE_S = 120
    }
}
