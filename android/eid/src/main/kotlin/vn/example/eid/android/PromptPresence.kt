package vn.example.eid.android

import android.annotation.TargetApi
import android.app.Activity
import android.hardware.biometrics.BiometricManager.Authenticators.BIOMETRIC_STRONG
import android.hardware.biometrics.BiometricManager.Authenticators.DEVICE_CREDENTIAL
import android.hardware.biometrics.BiometricPrompt
import android.os.Build
import android.os.CancellationSignal
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext
import vn.example.eid.Begun
import vn.example.eid.Derivation
import vn.example.eid.Presence
import vn.example.eid.Signing
import vn.example.eid.core.SecureKeyException

/**
 * Asks for the holder's presence with Android's own prompt: fingerprint, face or, from Android 10, the screen lock. What only
 * an enrolled face or finger sets free takes no screen lock.
 *
 * @param activity the activity in front, or null when none is
 * @param title what the prompt says, in the citizen's language
 * @param cancel the text of its cancel button, where Android shows one
 */
@TargetApi(Build.VERSION_CODES.P)
public class PromptPresence(
    private val activity: () -> Activity?,
    private val title: String,
    private val cancel: String,
) : Presence {
    override suspend fun confirm(begun: Begun?): Unit = withContext(Dispatchers.Main) {
        val host = activity() ?: throw SecureKeyException.Unavailable()
        val signal = CancellationSignal()
        suspendCancellableCoroutine { waiting ->
            waiting.invokeOnCancellation { signal.cancel() }
            val answer = object : BiometricPrompt.AuthenticationCallback() {
                override fun onAuthenticationSucceeded(result: BiometricPrompt.AuthenticationResult?) {
                    if (waiting.isActive) waiting.resume(Unit)
                }

                // A finger that was not known is no error: the prompt stays. The text is Android's, and is dropped.
                override fun onAuthenticationError(errorCode: Int, errString: CharSequence?) {
                    if (waiting.isActive) waiting.resumeWithException(refusal(errorCode))
                }
            }
            val prompt = prompt(host, biometricsOnly = begun != null) {
                signal.cancel()
                if (waiting.isActive) waiting.resumeWithException(SecureKeyException.UserCancelled())
            }
            val operation = when (begun) {
                null -> null
                is Derivation -> BiometricPrompt.CryptoObject(begun.mac)
                is Signing -> BiometricPrompt.CryptoObject(begun.signature)
            }
            if (operation == null) {
                prompt.authenticate(signal, host.mainExecutor, answer)
            } else {
                prompt.authenticate(operation, signal, host.mainExecutor, answer)
            }
        }
    }

    private fun prompt(host: Activity, biometricsOnly: Boolean, cancelled: () -> Unit): BiometricPrompt {
        val builder = BiometricPrompt.Builder(host).setTitle(title)
        val cancelButton = { builder.setNegativeButton(cancel, host.mainExecutor) { _, _ -> cancelled() } }
        when {
            // Strong ones only: with an operation to set free Android takes no others.
            biometricsOnly -> cancelButton()
            Build.VERSION.SDK_INT >= Build.VERSION_CODES.R ->
                builder.setAllowedAuthenticators(BIOMETRIC_STRONG or DEVICE_CREDENTIAL)
            Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q ->
                @Suppress("DEPRECATION") // What replaced it came with Android 11.
                builder.setDeviceCredentialAllowed(true)
            else -> cancelButton()
        }
        return builder.build()
    }

    private fun refusal(errorCode: Int): SecureKeyException = when (errorCode) {
        BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED,
        BiometricPrompt.BIOMETRIC_ERROR_CANCELED,
        -> SecureKeyException.UserCancelled()
        else -> SecureKeyException.Unavailable()
    }
}
