import COpenSSL
import EidKit
import Foundation

/// Key hardware in software. Never for a real identity.
final class SoftwareKeys: KeyHardware, @unchecked Sendable {
    private let lock = NSLock()
    private var signing: [String: Pair] = [:]
    private var secrets: [String: Pair] = [:]
    private var biometric: Set<String> = []
    private var declined = false
    private var asked = 0
    private let onCall: @Sendable (Int) throws -> Void

    /// - Parameter onCall: told before each operation the how many-th it is, from 1; may throw, wait or cancel things.
    init(onCall: @escaping @Sendable (Int) throws -> Void = { _ in }) {
        self.onCall = onCall
    }

    /// How many operations there were.
    var calls: Int { lock.withLock { asked } }

    func generate(alias: String, access: KeyAccess) throws -> Data {
        try begin()
        let pair = try Pair()
        var point = [UInt8](repeating: 0, count: COPENSSL_POINT)
        guard copenssl_public(pair.key, &point) == 1 else { throw SecureKeyError.Unavailable }
        lock.withLock { signing[alias] = pair }
        return Data(point)
    }

    func signX962(alias: String, message: Data) throws -> Data {
        try begin()
        guard let pair = lock.withLock({ signing[alias] }) else { throw SecureKeyError.Invalidated }
        var der = [UInt8](repeating: 0, count: COPENSSL_SIGNATURE_MAX)
        let length = copenssl_sign(pair.key, [UInt8](message), message.count, &der)
        guard length > 0 else { throw SecureKeyError.Unavailable }
        return Data(der.prefix(length))
    }

    func makeSecret(alias: String, access: KeyAccess) throws {
        try begin()
        let pair = try Pair()
        lock.withLock {
            secrets[alias] = pair
            if access == .withBiometrics { biometric.insert(alias) } else { biometric.remove(alias) }
        }
    }

    func agree(alias: String, point: Data) throws -> Data {
        try begin()
        guard let pair = lock.withLock({ secrets[alias] }) else { throw SecureKeyError.Invalidated }
        if lock.withLock({ declined && biometric.contains(alias) }) { throw SecureKeyError.UserCancelled }
        var answer = [UInt8](repeating: 0, count: COPENSSL_ANSWER)
        guard copenssl_agree(pair.key, [UInt8](point), &answer) == 1 else { throw SecureKeyError.Unavailable }
        return Data(answer)
    }

    /// Whether there is a key for `agree`.
    func hasSecret(_ alias: String) -> Bool { lock.withLock { secrets[alias] != nil } }

    /// Another finger: what only enrolled ones may use is gone.
    func enrol() {
        lock.withLock { for alias in biometric { secrets[alias] = nil } }
    }

    /// The holder takes away every prompt for a finger, until told otherwise.
    func declinePrompts(_ declined: Bool) {
        lock.withLock { self.declined = declined }
    }

    func remove(alias: String) throws {
        try begin()
        lock.withLock {
            signing[alias] = nil
            secrets[alias] = nil
        }
    }

    private func begin() throws {
        let number = lock.withLock {
            asked += 1
            return asked
        }
        try onCall(number)
    }

    private final class Pair {
        let key: UnsafeMutableRawPointer

        init() throws {
            guard let key = copenssl_generate() else { throw SecureKeyError.Unavailable }
            self.key = key
        }

        deinit { copenssl_free(key) }
    }
}
