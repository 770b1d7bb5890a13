import Foundation
import Testing

@testable import EidKit

/// Hardware that answers what it is told to, and counts how often it was asked.
private final class ScriptedHardware: KeyHardware, @unchecked Sendable {
    let answer: Result<Data, any Error>
    private let lock = NSLock()
    private var asked = 0

    init(_ answer: Result<Data, any Error>) { self.answer = answer }

    var calls: Int { lock.withLock { asked } }

    private func next() throws -> Data {
        lock.withLock { asked += 1 }
        return try answer.get()
    }

    func generate(alias: String, access: KeyAccess) throws -> Data { try next() }
    func signX962(alias: String, message: Data) throws -> Data { try next() }
    func encrypt(alias: String, secret: Data) throws -> Data { try next() }
    func decrypt(alias: String, blob: Data) throws -> Data { try next() }
    func remove(alias: String) throws { _ = try next() }
}

private struct Surprise: Error {}

private func bytes(_ count: Int, first: UInt8 = 4) -> Data {
    Data([first] + [UInt8](repeating: 7, count: count)).prefix(count)
}

@Suite struct HardwareKeyTests {
    private func key(_ answer: Data) -> HardwareKey { HardwareKey(ScriptedHardware(.success(answer))) }

    @Test func answersOfTheAgreedForm_passThrough() async throws {
        #expect(try await key(bytes(65)).generate(alias: "a", access: .whileUnlocked) == bytes(65))
        #expect(try await key(bytes(512)).seal(alias: "a", secret: bytes(32)) == bytes(512))
        #expect(try await key(bytes(32)).unseal(alias: "a", blob: bytes(512)) == bytes(32))
        try await key(Data()).remove(alias: "a")
    }

    @Test func answersOfAnotherForm_areMalformed() async {
        for point in [Data(), bytes(64), bytes(66), bytes(65, first: 2)] {
            await #expect(throws: SecureKeyError.Malformed) {
                try await key(point).generate(alias: "a", access: .withPresence)
            }
        }
        await #expect(throws: SecureKeyError.Malformed) { try await key(bytes(64)).sign(alias: "a", data: Data()) }
        for blob in [Data(), bytes(513)] {
            await #expect(throws: SecureKeyError.Malformed) { try await key(blob).seal(alias: "a", secret: bytes(32)) }
        }
        for secret in [Data(), bytes(31), bytes(33)] {
            await #expect(throws: SecureKeyError.Malformed) { try await key(secret).unseal(alias: "a", blob: bytes(1)) }
        }
    }

    @Test func requestsOfAnotherForm_neverReachTheHardware() async {
        let hardware = ScriptedHardware(.success(bytes(65)))
        let key = HardwareKey(hardware)
        for alias in ["", "A", "a_b", "a b", "ä", "a\u{0}", "../a", String(repeating: "a", count: 41)] {
            await #expect(throws: SecureKeyError.Malformed) {
                try await key.generate(alias: alias, access: .whileUnlocked)
            }
            await #expect(throws: SecureKeyError.Malformed) { try await key.remove(alias: alias) }
        }
        for secret in [Data(), bytes(31), bytes(33)] {
            await #expect(throws: SecureKeyError.Malformed) { try await key.seal(alias: "a", secret: secret) }
        }
        for blob in [Data(), bytes(513)] {
            await #expect(throws: SecureKeyError.Malformed) { try await key.unseal(alias: "a", blob: blob) }
        }
        #expect(hardware.calls == 0)
        #expect(KeyAlias.isValid(String(repeating: "a", count: 40)) && KeyAlias.isValid("request-09"))
    }

    @Test func failuresOfTheHardware_keepTheirMeaningAndOthersAreUnavailable() async {
        let cases: [(any Error, SecureKeyError)] = [
            (SecureKeyError.UserCancelled, .UserCancelled), (SecureKeyError.Invalidated, .Invalidated),
            (Surprise(), .Unavailable),
        ]
        for (thrown, expected) in cases {
            let key = HardwareKey(ScriptedHardware(.failure(thrown)))
            await #expect(throws: expected) { try await key.sign(alias: "a", data: Data()) }
        }
    }

    @Test func failuresOfApplesKeyStore_areToldApart() {
        #expect(KeyFailure.of(domain: "NSOSStatusErrorDomain", code: -128) == .UserCancelled)
        #expect(KeyFailure.of(domain: "com.apple.LocalAuthentication", code: -2) == .UserCancelled)
        #expect(KeyFailure.of(domain: "NSOSStatusErrorDomain", code: -25300) == .Invalidated)
        #expect(KeyFailure.of(domain: "NSOSStatusErrorDomain", code: -25308) == .Unavailable)
        #expect(KeyFailure.of(domain: "elsewhere", code: -128) == .Unavailable)
    }
}
