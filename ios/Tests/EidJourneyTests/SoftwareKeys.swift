import COpenSSL
import EidKit
import Foundation

/// Key hardware in software. Never for a real identity.
final class SoftwareKeys: KeyHardware, @unchecked Sendable {
    private let lock = NSLock()
    private var signing: [String: Pair] = [:]
    private var sealing: [String: [UInt8]] = [:]
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

    func encrypt(alias: String, secret: Data) throws -> Data {
        try begin()
        var key = [UInt8](repeating: 0, count: COPENSSL_KEY)
        var blob = [UInt8](repeating: 0, count: secret.count + COPENSSL_OVERHEAD)
        guard copenssl_random(&key) == 1, copenssl_seal(key, [UInt8](secret), secret.count, &blob) == 1 else {
            throw SecureKeyError.Unavailable
        }
        lock.withLock { sealing[alias] = key }
        return Data(blob)
    }

    func decrypt(alias: String, blob: Data) throws -> Data {
        try begin()
        guard let key = lock.withLock({ sealing[alias] }) else { throw SecureKeyError.Invalidated }
        var secret = [UInt8](repeating: 0, count: max(0, blob.count - COPENSSL_OVERHEAD))
        guard copenssl_open(key, [UInt8](blob), blob.count, &secret) == 1 else { throw SecureKeyError.Invalidated }
        return Data(secret)
    }

    func remove(alias: String) throws {
        try begin()
        lock.withLock {
            signing[alias] = nil
            sealing[alias] = nil
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
