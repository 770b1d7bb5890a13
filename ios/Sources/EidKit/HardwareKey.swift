import EidCore
import Foundation

/// Key hardware in its own encodings. Calls come one after the other, on a thread that may block for a prompt.
///
/// What it throws beyond `SecureKeyError` is taken for `Unavailable`, without a look at its text.
public protocol KeyHardware: Sendable {
    /// Makes a P-256 signing key in place of any that has this alias; gives its public point, SEC1 uncompressed.
    func generate(alias: String, access: KeyAccess) throws -> Data

    /// Signs with ECDSA and SHA-256; gives X9.62.
    func signX962(alias: String, message: Data) throws -> Data

    /// Makes a P-256 key for `agree` in place of any that has this alias.
    func makeSecret(alias: String, access: KeyAccess) throws

    /// ECDH with a point, SEC1 uncompressed: the x coordinate of the product, 32 bytes.
    func agree(alias: String, point: Data) throws -> Data

    /// Destroys a key; no error if there is none.
    func remove(alias: String) throws
}

/// Key hardware as the core wants it: checked lengths, raw signatures, and nothing that blocks the caller's thread.
public final class HardwareKey: SecureKey {
    private static let pointLength = 65
    private static let answerLength = 32

    private let hardware: any KeyHardware
    private let queue = DispatchQueue(label: "eid.hardware-key")

    /// - Parameter hardware: used by one call at a time.
    public init(_ hardware: any KeyHardware) {
        self.hardware = hardware
    }

    public func generate(alias: String, access: KeyAccess) async throws -> Data {
        try await perform(alias) { hardware in
            let point = try hardware.generate(alias: alias, access: access)
            return try point.first == 4 && point.count == Self.pointLength ? point : malformed()
        }
    }

    public func sign(alias: String, data: Data) async throws -> Data {
        try await perform(alias) { hardware in
            try X962Signature.raw(hardware.signX962(alias: alias, message: data)) ?? malformed()
        }
    }

    public func makeSecret(alias: String, access: KeyAccess) async throws {
        try await perform(alias) { try $0.makeSecret(alias: alias, access: access) }
    }

    public func derive(alias: String, input: HardwareInput) async throws -> Data {
        try await perform(alias) { hardware in
            let point = input.point
            guard point.first == 4, point.count == Self.pointLength else { return try malformed() }
            let answer = try hardware.agree(alias: alias, point: point)
            return try answer.count == Self.answerLength ? answer : malformed()
        }
    }

    public func remove(alias: String) async throws {
        try await perform(alias) { try $0.remove(alias: alias) }
    }

    private func perform<T: Sendable>(
        _ alias: String, _ work: @escaping @Sendable (any KeyHardware) throws -> T
    ) async throws -> T {
        guard KeyAlias.isValid(alias) else { throw SecureKeyError.Malformed }
        return try await withCheckedThrowingContinuation { [hardware] continuation in
            queue.async {
                continuation.resume(
                    with: Result { try work(hardware) }.mapError { $0 as? SecureKeyError ?? SecureKeyError.Unavailable }
                )
            }
        }
    }
}

private func malformed<T>() throws -> T {
    throw SecureKeyError.Malformed
}
