package vn.example.eid

import java.util.concurrent.atomic.AtomicBoolean
import vn.example.eid.core.ActProgress
import vn.example.eid.core.Activation
import vn.example.eid.core.AppConfig
import vn.example.eid.core.AppStatusView
import vn.example.eid.core.EidApp
import vn.example.eid.core.EidException
import vn.example.eid.core.PasscodeOutcome
import vn.example.eid.core.Platform
import vn.example.eid.core.SignInView
import vn.example.eid.core.Unlocked

/**
 * The e-ID app for a Kotlin shell. A process has one for each store, made once and closed at the end.
 *
 * Cancelling the calling coroutine ends the call in the core as well, without a cancel token; what must not stop
 * half-way there runs to its end. Every passcode and picture given is overwritten with zeros when its call ends.
 *
 * Calls throw [EidException], whose `code` has its text in `errorText`, and [IllegalStateException] after [close].
 */
public class Eid(config: AppConfig, platform: Platform) : AutoCloseable {
    private val app = EidApp(config, platform)
    private val closed = AtomicBoolean()

    /** Whether this phone was activated: then [unlock], else [activate]. */
    public suspend fun isActivated(): Boolean = app.isActivated()

    /**
     * Has a one-time code sent to the phone number that the register knows, and runs [steps]: confirm the code, read the card
     * (or use a voucher), [showFace], [choosePasscode]. What is done is kept: [resume] goes on where they ended.
     */
    public suspend fun <T> activate(pid: String, phone: String, steps: suspend (Activation) -> T): T =
        app.startActivation(pid, phone).use { steps(it) }

    /**
     * Goes on with the activation that was begun on this phone and is not finished, also after the app was killed: its `state`
     * says what is due. Null if there is none.
     */
    public suspend fun <T> resume(steps: suspend (Activation) -> T): T? = app.resumeActivation()?.use { steps(it) }

    /**
     * Replaces a forgotten passcode on this phone, also after wrong tries have used it up: the steps of [activate], of which
     * [choosePasscode] sets the new one. Everything that the phone holds is kept.
     */
    public suspend fun <T> recover(pid: String, phone: String, steps: suspend (Activation) -> T): T =
        app.startRecovery(pid, phone).use { steps(it) }

    /** Lifts the holder's own lock of an account, on any phone: the steps of [activate] up to the face, then `liftLock`. */
    public suspend fun <T> unlockAccount(pid: String, phone: String, steps: suspend (Activation) -> T): T =
        app.startAccountUnlock(pid, phone).use { steps(it) }

    /** Locks an account with the lock code that its holder wrote down, from any phone. */
    public suspend fun lockAccountByCode(pid: String, code: String): Unit = app.lockAccountByCode(pid, code)

    /** The phrase that the citizen knows the true app by: for the screen that asks for the passcode. Null if none was chosen. */
    public suspend fun safetyPhrase(): String? = app.safetyPhrase()

    /** Unlocks without the network. `lock` locks at once; closing does too, unless something presented is open. */
    public suspend fun unlock(passcode: ByteArray): Unlocked = wiping(passcode) { app.unlock(it) }

    /** Turns on unlocking with face or finger: the passcode is asked for again, and the phone asks for the finger. */
    public suspend fun enableBiometrics(passcode: ByteArray): Unit = wiping(passcode) { app.enableBiometrics(it) }

    /** Turns off unlocking with face or finger. Not an error if it was off. */
    public suspend fun disableBiometrics(): Unit = app.disableBiometrics()

    /** Whether unlocking with face or finger is turned on. */
    public suspend fun hasBiometrics(): Boolean = app.hasBiometrics()

    /** Unlocks with face or finger, for which the phone asks, without the network. */
    public suspend fun unlockWithBiometrics(): Unlocked = app.unlockWithBiometrics()

    /** Whether this version of the app is served, and when the platform is under maintenance, as far as is known here. */
    public suspend fun appStatus(): AppStatusView = app.appStatus()

    /** Asks the platform for the signed configuration now; by itself that happens once a day. */
    public suspend fun renewConfiguration(): AppStatusView = app.renewConfiguration()

    /** For a change of the network: what waits to try again does so now. */
    public fun networkChanged(): Unit = app.networkChanged()

    /** Locks whatever is unlocked. */
    public fun lock(): Unit = app.lock()

    /** For `onStop`: the app locks soon, unless [enterForeground] comes first. */
    public suspend fun enterBackground(): Unit = app.enterBackground()

    /** For `onStart`: an app that was away for too long is locked now. */
    public suspend fun enterForeground(): Unit = app.enterForeground()

    /** Starts over: destroys this phone's keys and deletes what it stored. Nothing can undo it; ask the citizen twice. */
    public suspend fun reset(): Unit = app.reset()

    /** Ends everything; what is unlocked locks. Again does nothing. */
    override fun close() {
        if (closed.compareAndSet(false, true)) app.use { it.shutdown() }
    }
}

/** Sends a picture or short clip of the face; the platform decides. The bytes are overwritten when the call ends. */
public suspend fun Activation.showFace(picture: ByteArray): Unit = wiping(picture) { submitFace(it) }

/**
 * The last step of an activation: binds this phone and sets the passcode of six digits. After an error, calling it
 * again goes on where it stopped.
 */
public suspend fun Activation.choosePasscode(passcode: ByteArray): Unlocked = wiping(passcode) { complete(it) }

/** Changes the passcode. After [PasscodeOutcome.UNSURE] either one unlocks until the phone was online again. */
public suspend fun Unlocked.replacePasscode(old: ByteArray, new: ByteArray): PasscodeOutcome =
    wiping(old) { wiping(new) { changePasscode(old, new) } }

/** Signs in at the platform with the passcode, for what only somebody who did may see or do. */
public suspend fun Unlocked.signInWith(passcode: ByteArray): SignInView = wiping(passcode) { signIn(it) }

/** Shows the passcode once more, where an answer to a counter wants it. */
public suspend fun Unlocked.confirmWith(passcode: ByteArray): Unit = wiping(passcode) { confirmPasscode(it) }

/** Shows the passcode for an act that was ordered. */
public suspend fun Unlocked.showPasscodeFor(id: String, passcode: ByteArray): ActProgress =
    wiping(passcode) { answerWithPasscode(id, it) }

/** Shows a picture or short clip of the holder's face for an act that was ordered. */
public suspend fun Unlocked.showFaceFor(id: String, picture: ByteArray): ActProgress =
    wiping(picture) { answerWithFace(id, it) }

/** Locks the holder's own account at the platform, and with it this phone until [Eid.unlockAccount] has lifted that. */
public suspend fun Unlocked.lockAccountWith(passcode: ByteArray): Unit = wiping(passcode) { lockAccount(it) }

/** Gives the account up on this phone, and deletes what it stored. Nothing can undo it; ask the citizen twice. */
public suspend fun Unlocked.unlinkWith(passcode: ByteArray): Unit = wiping(passcode) { unlink(it) }

private suspend fun <T> wiping(secret: ByteArray, call: suspend (ByteArray) -> T): T = try {
    call(secret)
} finally {
    secret.fill(0)
}
