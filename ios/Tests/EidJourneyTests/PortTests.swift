import EidKit
import Foundation
import Testing

/// An error that nobody announced, full of what must not get out.
private struct Surprise: LocalizedError, CustomStringConvertible {
    let description = "PLANTED Nguyễn Thị Minh Hạnh 000190000001"
    var errorDescription: String? { description }
}

/// A key port that does something else in one method, and right in the others.
private final class BentKey: SecureKey, @unchecked Sendable {
    enum Method { case generate, sign, makeSecret, derive, remove }

    private let honest = HardwareKey(SoftwareKeys())
    private let lock = NSLock()
    private var bent: (method: Method, answer: @Sendable (Data) async throws -> Data)?

    /// From now on `method` answers what `answer` makes of the right answer.
    func bend(_ method: Method, _ answer: @escaping @Sendable (Data) async throws -> Data) {
        lock.withLock { bent = (method, answer) }
    }

    func straighten() {
        lock.withLock { bent = nil }
    }

    private func answer(_ method: Method, _ right: Data) async throws -> Data {
        guard let bent = lock.withLock({ bent }), bent.method == method else { return right }
        return try await bent.answer(right)
    }

    func generate(alias: String, access: KeyAccess) async throws -> Data {
        try await answer(.generate, honest.generate(alias: alias, access: access))
    }
    func sign(alias: String, data: Data) async throws -> Data {
        try await answer(.sign, honest.sign(alias: alias, data: data))
    }
    func makeSecret(alias: String, access: KeyAccess) async throws {
        try await honest.makeSecret(alias: alias, access: access)
        _ = try await answer(.makeSecret, Data())
    }
    /// The guard's keys stay honest: what they say wrongly is a lost record of tries.
    func derive(alias: String, input: HardwareInput) async throws -> Data {
        let right = try await honest.derive(alias: alias, input: input)
        return alias.hasPrefix("guard-") ? right : try await answer(.derive, right)
    }
    func remove(alias: String) async throws {
        try await honest.remove(alias: alias)
        _ = try await answer(.remove, Data())
    }
}

/// Clocks that read what they are told to.
private final class BentClock: Clock, @unchecked Sendable {
    private let lock = NSLock()
    private var reading: @Sendable () throws -> Moment = { try PhoneClock().now() }

    func read(_ reading: @escaping @Sendable () throws -> Moment) {
        lock.withLock { self.reading = reading }
    }

    func now() throws -> Moment {
        try lock.withLock { reading }()
    }
}

/// Hears events and fails.
private final class ThrowingSink: EventSink {
    func onEvent(event: Event) throws {
        throw Surprise()
    }
}

extension Journeys {
    /// Ports of the shell that misbehave: a stated reason, no text of theirs, and the phone works on.
    @Suite struct MisbehavingPorts {
        private let sandbox: Sandbox
        private let key = BentKey()
        private let clock = BentClock()
        private let phone: Phone

        init() throws {
            sandbox = try Sandbox()
            phone = try Phone(sandbox, key: key, clock: clock)
        }

        /// One call for each method of the port, on an activated phone.
        private func calls(_ unlocked: Unlocked) -> [(BentKey.Method, () async throws -> Void)] {
            [
                (.generate, { _ = try await unlocked.refill() }),
                (.sign, { _ = try await unlocked.present(draft: PresentDraft(purpose: .id, allowReuse: true)).sign() }),
                (.derive, { try await phone.eid.unlock(passcode: passcode).lock() }),
            ]
        }

        /// Uses up a credential, so that a refill has something to make.
        private func spend(_ unlocked: Unlocked) async throws {
            _ = try await unlocked.present(draft: PresentDraft(purpose: .age, allowReuse: true))
        }

        private func expectEach(
            _ expected: EidError, _ answer: @escaping @Sendable (Data) async throws -> Data,
            _ here: SourceLocation = #_sourceLocation
        ) async throws {
            let unlocked = try await phone.ready(sandbox)
            for (method, call) in calls(unlocked) {
                try await spend(unlocked)
                key.bend(method, answer)
                #expect(await refusal(here, of: call) == expected, "\(method)", sourceLocation: here)
                key.straighten()
                #expect(await refusal(here, of: call) == nil, "\(method), afterwards", sourceLocation: here)
            }
        }

        @Test func portThatThrowsSomethingElse_isUnavailableAndItsTextGoesNoFurther() async throws {
            try await expectEach(.Device(code: Code.keyUnavailable)) { _ in throw Surprise() }
        }

        @Test func announcedErrors_keepTheirMeaning() async throws {
            let unlocked = try await phone.ready(sandbox)
            let cases: [(SecureKeyError, EidError)] = [
                (.UserCancelled, .UserCancelled(code: Code.userCancelled)),
                (.Invalidated, .Device(code: Code.keyInvalidated)),
                (.Unavailable, .Device(code: Code.keyUnavailable)),
                (.Malformed, .Device(code: Code.keyAnswerInvalid)),
            ]
            let shown = try await unlocked.present(draft: PresentDraft(purpose: .id))
            for (thrown, expected) in cases {
                key.bend(.sign) { _ in throw thrown }
                #expect(await refusal { try await shown.sign() } == expected)
            }
            key.straighten()
            #expect(try sandbox.verdict(on: try await shown.sign()) == "Q00")
        }

        @Test(arguments: [0, 1, -1, 1 << 20])
        func answerOfAnotherLength_isRefused(_ by: Int) async throws {
            try await expectEach(.Device(code: Code.keyAnswerInvalid)) { right in
                by == 0 ? Data() : by < 0 ? right.dropLast(-by) : right + Data(count: by)
            }
        }

        @Test func pointThatIsOnNoCurve_isRefused() async throws {
            let unlocked = try await phone.ready(sandbox)
            try await spend(unlocked)
            key.bend(.generate) { _ in Data([4] + [UInt8](repeating: 0xff, count: 64)) }
            #expect(await refusal { try await unlocked.refill() } == .Device(code: Code.keyAnswerInvalid))
        }

        @Test func anotherAnswerThanBefore_doesNotOpen() async throws {
            try await phone.ready(sandbox).lock()
            key.bend(.derive) { Data($0.map { $0 ^ 1 }) }
            let error = await refusal { try await phone.eid.unlock(passcode: passcode) }
            #expect(error?.code == Code.passcodeWrong)
            key.straighten()
            try await phone.eid.unlock(passcode: passcode).lock()
        }

        @Test func secretThatFails_leavesThePhoneUnactivated() async throws {
            let activation = try await phone.proven(sandbox, sandbox.citizen())
            let answers: [(BentKey.Method, @Sendable (Data) async throws -> Data)] = [
                (.derive, { _ in Data() }), (.derive, { _ in Data(count: 33) }), (.derive, { _ in throw Surprise() }),
                (.makeSecret, { _ in throw Surprise() }),
            ]
            for (method, answer) in answers {
                key.bend(method, answer)
                let error = await refusal { try await activation.complete(passcode: passcode) }
                #expect([Code.keyAnswerInvalid, Code.keyUnavailable].contains(error?.code))
                #expect(try await !phone.eid.isActivated())
            }
            key.straighten()
            try await activation.complete(passcode: passcode).lock()
        }

        @Test func portThatCallsBackIntoTheCore_doesNotBlock() async throws {
            let unlocked = try await phone.ready(sandbox)
            key.bend(.sign) { [phone] right in
                _ = try await phone.eid.unlock(passcode: passcode).home()
                return right
            }
            let proof = try await unlocked.present(draft: PresentDraft(purpose: .id)).sign()
            #expect(try sandbox.verdict(on: proof) == "Q00")
        }

        @Test func clockThatFails_isUnavailable() async throws {
            let unlocked = try await phone.ready(sandbox)
            let readings: [@Sendable () throws -> Moment] = [
                { throw ClockError.Unavailable }, { throw Surprise() },
                { Moment(unixSeconds: 1_795_348_800, monotonicMs: 1, bootId: Data()) },
                { Moment(unixSeconds: 1_795_348_800, monotonicMs: 1, bootId: Data(count: 17)) },
            ]
            for reading in readings {
                clock.read(reading)
                let error = await refusal { try await unlocked.present(draft: PresentDraft(purpose: .id)) }
                #expect(error == .Device(code: Code.clockUnavailable))
            }
            for seconds in [Int64.min, -1, 0, .max] {
                clock.read { Moment(unixSeconds: seconds, monotonicMs: .max, bootId: Data(count: 16)) }
                _ = await refusal { try await phone.eid.unlock(passcode: passcode) }
                _ = await refusal { try await unlocked.present(draft: PresentDraft(purpose: .id)).sign() }
            }
            clock.read { try PhoneClock().now() }
            // A clock of another boot locks.
            #expect(await refusal { try await unlocked.home() }?.code == Code.locked)
            _ = try await phone.eid.unlock(passcode: passcode).home()
        }

        @Test func eventSinkThatThrows_isLeftAlone() async throws {
            let platform = Platform(
                secureKey: key, clock: clock, events: ThrowingSink(), chip: nil, integrity: nil)
            let eid = try Eid(config: phone.config, platform: platform)
            let person = try sandbox.citizen()
            let activation = try await eid.startActivation(pid: person.pid, phone: person.phone)
            try await activation.confirmCode(sandbox.code(sentTo: person))
            try await activation.useVoucher(sandbox.voucher(for: person))
            try await activation.submitFace(sandbox.face(of: person))
            let unlocked = try await activation.complete(passcode: passcode)
            _ = try await unlocked.refill()
            unlocked.lock()
            try await eid.unlock(passcode: passcode).lock()
        }
    }
}
