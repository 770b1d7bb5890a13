@_exported import EidCore
import Foundation

/// The e-ID of one citizen on this phone: the core with Swift's way of cancelling.
///
/// A cancelled `Task` cancels the call into the core, which then throws `EidError.UserCancelled`. What the core has begun to
/// write it writes to its end first, so that nothing is left half done.
///
/// One app has one `Eid`. The core goes with the last of it and of what it gave; `shutdown` ends it at once.
public final class Eid: Sendable {
    private let app: EidApp

    /// Starts the core. Opens no file and makes no connection yet.
    ///
    /// - Throws: `EidError` when the configuration cannot be used.
    public init(config: AppConfig, platform: Platform) throws {
        app = try EidApp(config: config, platform: platform)
    }

    /// True if this phone has been activated and can be unlocked.
    ///
    /// - Throws: `EidError` when the folder cannot be read, or after `shutdown`.
    public func isActivated() async throws -> Bool {
        try await app.isActivated()
    }

    /// Asks the platform to send the one-time code to the phone that is registered for this personal number.
    ///
    /// - Throws: `EidError`.
    public func startActivation(pid: String, phone: String) async throws -> Activation {
        try await cancellable { try await self.app.startActivation(pid: pid, phone: phone, cancel: $0) }
    }

    /// The activation that was begun on this phone and is not finished, also after the app was killed: its `state` says what is
    /// due.
    ///
    /// - Throws: `EidError.Storage` 1010 for one that does not open any more: the citizen begins anew.
    public func resumeActivation() async throws -> Activation? {
        try await app.resumeActivation()
    }

    /// Begins to replace a forgotten passcode on this phone, also after wrong tries have used it up: the steps of an activation,
    /// of which `complete` sets the new one. Everything that the phone holds is kept.
    ///
    /// - Throws: `EidError`; `UserCancelled` when the task was cancelled.
    public func startRecovery(pid: String, phone: String) async throws -> Activation {
        try await cancellable { try await self.app.startRecovery(pid: pid, phone: phone, cancel: $0) }
    }

    /// Begins to lift the holder's own lock of an account, on any phone: the steps of an activation up to the face, then
    /// `liftLock`.
    ///
    /// - Throws: `EidError`; `UserCancelled` when the task was cancelled.
    public func startAccountUnlock(pid: String, phone: String) async throws -> Activation {
        try await cancellable { try await self.app.startAccountUnlock(pid: pid, phone: phone, cancel: $0) }
    }

    /// Locks an account with the lock code that its holder wrote down, from any phone.
    ///
    /// - Throws: `EidError.AuthFailed` with the tries left, or another `EidError`.
    public func lockAccountByCode(pid: String, code: String) async throws {
        try await cancellable { try await self.app.lockAccountByCode(pid: pid, code: code, cancel: $0) }
    }

    /// The phrase that the citizen knows the true app by, for the screen that asks for the passcode; nil if none was chosen.
    ///
    /// - Throws: `EidError` when the folder cannot be read, or after `shutdown`.
    public func safetyPhrase() async throws -> String? {
        try await app.safetyPhrase()
    }

    /// Opens the store with the passcode of six digits, as bytes.
    ///
    /// - Throws: `EidError.AuthFailed` with the number of wrong tries and the seconds to wait, or another `EidError`.
    public func unlock(passcode: Data) async throws -> Unlocked {
        try await app.unlock(passcode: passcode)
    }

    /// Opens the store with face or finger, for which the phone asks.
    ///
    /// - Throws: `EidError`; `Device` 2007 when somebody was enrolled or removed since it was turned on.
    public func unlockWithBiometrics() async throws -> Unlocked {
        try await app.unlockWithBiometrics()
    }

    /// Turns on unlocking with face or finger: asks the passcode again, and the phone asks for the finger.
    ///
    /// - Throws: what `unlock` throws; `UserCancelled` when the holder took the prompt away.
    public func enableBiometrics(passcode: Data) async throws {
        try await app.enableBiometrics(passcode: passcode)
    }

    /// Turns off unlocking with face or finger; no error if it was off.
    ///
    /// - Throws: `EidError`.
    public func disableBiometrics() async throws {
        try await app.disableBiometrics()
    }

    /// True if unlocking with face or finger is turned on.
    ///
    /// - Throws: `EidError` when the folder cannot be read.
    public func hasBiometrics() async throws -> Bool {
        try await app.hasBiometrics()
    }

    /// Whether this version of the app is served, and when the platform is under maintenance, as far as is known here.
    ///
    /// - Throws: `EidError` after `shutdown`.
    public func appStatus() async throws -> AppStatusView {
        try await app.appStatus()
    }

    /// Asks the platform for the signed configuration now; by itself that happens once a day.
    ///
    /// - Throws: `EidError`; `UserCancelled` when the task was cancelled.
    public func renewConfiguration() async throws -> AppStatusView {
        try await cancellable { try await self.app.renewConfiguration(cancel: $0) }
    }

    /// For a change of the network: what waits to try again does so now.
    public func networkChanged() {
        app.networkChanged()
    }

    /// Locks whatever is unlocked.
    public func lock() {
        app.lock()
    }

    /// For the scene phase `background`: the app locks soon, unless `enterForeground` comes first.
    ///
    /// - Throws: `EidError.Device` without a clock; the app is locked then.
    public func enterBackground() async throws {
        try await app.enterBackground()
    }

    /// For the scene phase `active`: an app that was away for too long is locked now.
    ///
    /// - Throws: `EidError.Device` without a clock; the app is locked then.
    public func enterForeground() async throws {
        try await app.enterForeground()
    }

    /// Starts over: destroys this phone's keys and deletes what it stored. Nothing can undo it; ask the citizen twice.
    ///
    /// - Throws: `EidError`; calling it again goes on where it stopped.
    public func reset() async throws {
        try await app.reset()
    }

    /// Unlocks, lets `use` work, and locks again however that ends.
    ///
    /// - Throws: what `unlock` throws, or `use`.
    public func withUnlocked<T: Sendable>(
        passcode: Data, _ use: @Sendable (Unlocked) async throws -> T
    ) async throws -> T {
        let unlocked = try await unlock(passcode: passcode)
        defer { unlocked.lock() }
        return try await use(unlocked)
    }

    /// Stops the core; every later call throws. Stopping twice is no error.
    public func shutdown() {
        app.shutdown()
    }
}

extension Activation {
    /// Sends the one-time code of the text message.
    ///
    /// - Throws: `EidError`; `UserCancelled` when the task was cancelled.
    public func confirmCode(_ code: String) async throws {
        try await cancellable { try await self.confirmCode(code: code, cancel: $0) }
    }

    /// Asks for a one-time code again.
    ///
    /// - Throws: `EidError`; `UserCancelled` when the task was cancelled.
    public func sendCode() async throws {
        try await cancellable { try await self.sendCode(cancel: $0) }
    }

    /// Reads the identity card, which is waited for, and sends what was read to the platform. By itself it is opened with the
    /// personal number that the activation began with.
    ///
    /// - Throws: `EidError`; `UserCancelled` when the task was cancelled or the holder took the system's sheet away.
    public func readCard(_ card: CardDraft = CardDraft()) async throws {
        try await cancellable { try await self.readCard(access: card, cancel: $0) }
    }

    /// Sends the voucher that an office printed, in place of the card.
    ///
    /// - Throws: `EidError`; `UserCancelled` when the task was cancelled.
    public func useVoucher(_ voucher: String) async throws {
        try await cancellable { try await self.useVoucher(voucher: voucher, cancel: $0) }
    }

    /// Sends a picture or short clip of the face; the platform decides.
    ///
    /// - Throws: `EidError`; `UserCancelled` when the task was cancelled.
    public func submitFace(_ picture: Data) async throws {
        try await cancellable { try await self.submitFace(picture: picture, cancel: $0) }
    }

    /// Lifts the holder's own lock of the account: the last step of `startAccountUnlock`.
    ///
    /// - Throws: `EidError`; `UserCancelled` when the task was cancelled.
    public func liftLock() async throws {
        try await cancellable { try await self.liftLock(cancel: $0) }
    }

    /// Sets the passcode and finishes: runs to its end even if the task is cancelled meanwhile.
    ///
    /// - Throws: `EidError`; `UserCancelled` when the task was cancelled.
    public func complete(passcode: Data) async throws -> Unlocked {
        try await cancellable { try await self.complete(passcode: passcode, cancel: $0) }
    }
}

extension Unlocked {
    /// Fetches what is missing of the one-time credentials.
    ///
    /// - Throws: `EidError`; `UserCancelled` when the task was cancelled.
    public func refill() async throws -> RefillView {
        try await cancellable { try await self.refill(cancel: $0) }
    }
}

extension Presentation {
    /// Sends the proof to the counter that asked for it, where the view of its question names a host; after an error show the code.
    ///
    /// - Throws: `EidError.Network` 5118 when it did not arrive or was not taken; `UserCancelled` when the task was cancelled.
    public func send() async throws {
        try await cancellable { try await self.send(cancel: $0) }
    }
}

/// Runs a call of the core with a token that the task's cancellation cancels: on its own Swift's does not reach Rust.
private func cancellable<T: Sendable>(_ call: (CancelToken) async throws -> T) async throws -> T {
    let token = CancelToken()
    return try await withTaskCancellationHandler {
        try await call(token)
    } onCancel: {
        token.cancel()
    }
}
