import EidKit
import Foundation
import Testing

/// A chip with the application of passports and citizen cards (ICAO 9303-10, 3.6.1), and no other.
private struct CardTag: ChipReader {
    private static let application = Data([0xa0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01])

    func connect(answer: @escaping @Sendable (Result<ChipLimits, ChipLinkError>) -> Void) {
        answer(.success(ChipLimits(maxCommand: 261, maxResponse: 258)))
    }

    func send(_ command: Data, answer: @escaping @Sendable (Result<Data, ChipLinkError>) -> Void) {
        let found = command.dropFirst(5).starts(with: Self.application)
        DispatchQueue.global().async { answer(.success(Data(found ? [0x90, 0x00] : [0x6a, 0x82]))) }
    }

    func end(success: Bool) {}
}

/// Attestation that states what it was asked.
private final class Attestation: Integrity {
    func attest(nonce: Data) async throws -> Data {
        Data("attestation of ".utf8) + nonce
    }
}

/// A key port whose signatures are of other messages.
private final class WrongSigner: SecureKey {
    private let honest = HardwareKey(SoftwareKeys())

    func generate(alias: String, access: KeyAccess) async throws -> Data {
        try await honest.generate(alias: alias, access: access)
    }
    func sign(alias: String, data: Data) async throws -> Data { try await honest.sign(alias: alias, data: data + [0]) }
    func makeSecret(alias: String, access: KeyAccess) async throws {
        try await honest.makeSecret(alias: alias, access: access)
    }
    func derive(alias: String, input: HardwareInput) async throws -> Data {
        try await honest.derive(alias: alias, input: input)
    }
    func remove(alias: String) async throws { try await honest.remove(alias: alias) }
}

/// A key port that answers everything alike.
private final class ConstantKey: SecureKey {
    private let honest = HardwareKey(SoftwareKeys())

    func generate(alias: String, access: KeyAccess) async throws -> Data {
        try await honest.generate(alias: alias, access: access)
    }
    func sign(alias: String, data: Data) async throws -> Data { try await honest.sign(alias: alias, data: data) }
    func makeSecret(alias: String, access: KeyAccess) async throws {}
    func derive(alias: String, input: HardwareInput) async throws -> Data { Data(count: 32) }
    func remove(alias: String) async throws { try await honest.remove(alias: alias) }
}

/// Clocks whose monotonic one runs backwards.
private final class BackwardClock: Clock, @unchecked Sendable {
    private let lock = NSLock()
    private var left: UInt64 = 1 << 40

    func now() throws -> Moment {
        lock.withLock {
            left -= 1000
            return Moment(unixSeconds: 1_795_348_800, monotonicMs: left, bootId: Data(count: 16))
        }
    }
}

/// The suites of `tests/contract` over the ports of EidKit.
@Suite struct ContractTests {
    private func expectKept(_ findings: [ContractFinding], _ here: SourceLocation = #_sourceLocation) {
        #expect(!findings.isEmpty, sourceLocation: here)
        for finding in findings {
            #expect(finding.passed, "\(finding.rule)", sourceLocation: here)
        }
    }

    @Test func hardwareKey_keepsItsContract() async throws {
        expectKept(try await checkSecureKey(key: HardwareKey(SoftwareKeys())))
    }

    @Test func phoneClock_keepsItsContract() async throws {
        expectKept(try await checkClock(clock: PhoneClock()))
    }

    @Test func tagLink_keepsItsContract() async throws {
        expectKept(try await checkChipLink(chip: TagLink(CardTag())))
    }

    @Test func eventLog_keepsItsContract() async throws {
        let log = EventLog()
        expectKept(try await checkEventSink(events: log))
        #expect(await eventually { Set(log.events) == [.locked, .credentialsChanged, .historyChanged] })
    }

    @Test func attestation_keepsItsContract() async throws {
        expectKept(try await checkIntegrity(integrity: Attestation()))
    }

    @Test func portsThatAreWrong_areFound() async throws {
        #expect(try await checkSecureKey(key: WrongSigner()).contains { !$0.passed })
        #expect(try await checkSecureKey(key: ConstantKey()).contains { !$0.passed })
        #expect(try await checkClock(clock: BackwardClock()).contains { !$0.passed })
    }

    @Test func everySignatureOfOpenSSL_isRead() throws {
        let keys = SoftwareKeys()
        _ = try keys.generate(alias: "a", access: .whileUnlocked)
        for number in 0..<5000 {
            let der = try keys.signX962(alias: "a", message: Data("\(number)".utf8))
            #expect(X962Signature.raw(der)?.count == 64, "\(Array(der))")
        }
    }
}
