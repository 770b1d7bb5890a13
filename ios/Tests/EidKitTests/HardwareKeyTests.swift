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
    func makeSecret(alias: String, access: KeyAccess) throws { _ = try next() }
    func agree(alias: String, point: Data) throws -> Data { try next() }
    func remove(alias: String) throws { _ = try next() }
}

private struct Surprise: Error {}

private func bytes(_ count: Int, first: UInt8 = 4) -> Data {
    Data([first] + [UInt8](repeating: 7, count: count)).prefix(count)
}

private func input(_ point: Data) -> HardwareInput {
    HardwareInput(bytes: Data(count: 32), point: point)
}

@Suite struct HardwareKeyTests {
    private func key(_ answer: Data) -> HardwareKey { HardwareKey(ScriptedHardware(.success(answer))) }

    @Test func answersOfTheAgreedForm_passThrough() async throws {
        #expect(try await key(bytes(65)).generate(alias: "a", access: .whileUnlocked) == bytes(65))
        try await key(Data()).makeSecret(alias: "a", access: .withBiometrics)
        #expect(try await key(bytes(32)).derive(alias: "a", input: input(bytes(65))) == bytes(32))
        try await key(Data()).remove(alias: "a")
    }

    @Test func answersOfAnotherForm_areMalformed() async {
        for point in [Data(), bytes(64), bytes(66), bytes(65, first: 2)] {
            await #expect(throws: SecureKeyError.Malformed) {
                try await key(point).generate(alias: "a", access: .withPresence)
            }
        }
        await #expect(throws: SecureKeyError.Malformed) { try await key(bytes(64)).sign(alias: "a", data: Data()) }
        for answer in [Data(), bytes(31), bytes(33)] {
            await #expect(throws: SecureKeyError.Malformed) {
                try await key(answer).derive(alias: "a", input: input(bytes(65)))
            }
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
        for point in [Data(), bytes(64), bytes(66), bytes(65, first: 2)] {
            await #expect(throws: SecureKeyError.Malformed) { try await key.derive(alias: "a", input: input(point)) }
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
