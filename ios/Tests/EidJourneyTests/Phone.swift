import EidKit
import Foundation
import Testing

/// Suites with a live sandbox run one after the other: they share two cores with it.
@Suite(.serialized) enum Journeys {}

/// Code numbers of the error table that these tests name.
enum Code {
    static let notActivated: UInt32 = 1001
    static let appClosed: UInt32 = 1004
    static let accountMoved: UInt32 = 1024
    static let orderUnknown: UInt32 = 1030
    static let phraseInvalid: UInt32 = 1031
    static let passcodeWrong: UInt32 = 2001
    static let passcodeWait: UInt32 = 2002
    static let passcodeWeak: UInt32 = 2004
    static let passcodeDestroyed: UInt32 = 2005
    static let biometricsChanged: UInt32 = 2007
    static let biometricsOff: UInt32 = 2008
    static let keyUnavailable: UInt32 = 2020
    static let keyInvalidated: UInt32 = 2021
    static let keyAnswerInvalid: UInt32 = 2022
    static let userCancelled: UInt32 = 2023
    static let clockUnavailable: UInt32 = 2024
    static let faceUnreadable: UInt32 = 2044
    static let authLevelTooLow: UInt32 = 2056
    static let locked: UInt32 = 4006
    static let purposeUnknown: UInt32 = 5104
    static let claimInvalid: UInt32 = 5106
    static let counterCodeUnreadable: UInt32 = 5110
    static let counterNotRegistered: UInt32 = 5111
    static let counterWithdrawn: UInt32 = 5113
    static let requestForged: UInt32 = 5114
    static let requestStale: UInt32 = 5115
    static let answerBeyondRequest: UInt32 = 5117
    static let answerNotDelivered: UInt32 = 5118
    static let platformNonsense: UInt32 = 7003
    static let phoneCodeWrong: UInt32 = 7018
    static let updateRequired: UInt32 = 7030
}

/// Not for printing: `cargo xtask test swift` looks for it in all that the tests print.
let passcode = Data("271828".utf8)

/// A phone: a folder, keys and the core.
struct Phone: Sendable {
    let eid: Eid
    let events: EventLog
    let config: AppConfig
    let platform: Platform

    init(
        _ sandbox: Sandbox, key: any SecureKey = HardwareKey(SoftwareKeys()), clock: any Clock = PhoneClock(),
        events: EventLog = EventLog(), chip: (any ChipLink)? = nil, batch: UInt32 = 1
    ) throws {
        self.events = events
        config = AppConfig(
            folder: try Place.newFolder().appendingPathComponent("app").path, appId: "example.eid.journey",
            platformUrl: sandbox.url, caDer: [sandbox.authority], trustRoots: [try Data(contentsOf: Place.sandboxRoot)],
            batch: batch, fastKdf: true)
        platform = Platform(secureKey: key, clock: clock, events: events, chip: chip, integrity: nil)
        eid = try Eid(config: config, platform: platform)
    }

    /// The app started anew on the same phone.
    func restarted(lockIdleS: UInt32 = 300, lockBackgroundS: UInt32 = 30) throws -> Eid {
        eid.shutdown()
        let changed = AppConfig(
            folder: config.folder, appId: config.appId, platformUrl: config.platformUrl, caDer: config.caDer,
            trustRoots: config.trustRoots, batch: config.batch, fastKdf: config.fastKdf, lockIdleS: lockIdleS,
            lockBackgroundS: lockBackgroundS)
        return try Eid(config: changed, platform: platform)
    }

    /// Activation up to the card, with the code of the text message.
    func confirmed(_ sandbox: Sandbox, _ person: Person) async throws -> Activation {
        let activation = try await eid.startActivation(pid: person.pid, phone: person.phone)
        try await activation.confirmCode(try sandbox.code(sentTo: person))
        return activation
    }

    /// Activation up to the passcode.
    func proven(_ sandbox: Sandbox, _ person: Person) async throws -> Activation {
        let activation = try await eid.startActivation(pid: person.pid, phone: person.phone)
        try await prove(sandbox, activation, person)
        return activation
    }

    /// Code, card and face; a voucher stands in for the card, which takes less time to use.
    func prove(_ sandbox: Sandbox, _ activation: Activation, _ person: Person) async throws {
        try await activation.confirmCode(try sandbox.code(sentTo: person))
        try await activation.useVoucher(try sandbox.voucher(for: person))
        try await activation.submitFace(try sandbox.face(of: person))
    }

    /// The steps after the card.
    func finished(_ sandbox: Sandbox, _ activation: Activation, _ person: Person) async throws -> Unlocked {
        try await activation.submitFace(try sandbox.face(of: person))
        return try await activation.complete(passcode: passcode)
    }

    /// Activated and unlocked.
    func activated(_ sandbox: Sandbox) async throws -> Unlocked {
        try await proven(sandbox, sandbox.citizen()).complete(passcode: passcode)
    }

    /// Activated, unlocked, with credentials.
    func ready(_ sandbox: Sandbox) async throws -> Unlocked {
        let unlocked = try await activated(sandbox)
        _ = try await unlocked.refill()
        return unlocked
    }
}

/// The clocks of this machine, ahead by what a test says.
final class MovableClock: Clock, @unchecked Sendable {
    private let lock = NSLock()
    private var ahead: UInt64 = 0

    func pass(_ seconds: UInt64) {
        lock.withLock { ahead += seconds }
    }

    func now() throws -> Moment {
        let now = try PhoneClock().now()
        let ahead = lock.withLock { self.ahead }
        return Moment(
            unixSeconds: now.unixSeconds + Int64(ahead), monotonicMs: now.monotonicMs + ahead * 1000,
            bootId: now.bootId)
    }
}

/// Keeps the events that it is told.
final class EventLog: EventSink, @unchecked Sendable {
    private let lock = NSLock()
    private var told: [Event] = []

    var events: [Event] { lock.withLock { told } }

    func onEvent(event: Event) throws {
        lock.withLock { told.append(event) }
    }
}

/// True as soon as `condition` is; false if it is not within five seconds.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    for _ in 0..<250 {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(20))
    }
    return false
}

/// What must never be in a text that the core makes: `PLANTED` stands in the names and errors of the tests' own ports.
private let secrets = ["PLANTED", "000190000001", "Minh Hạnh", String(decoding: passcode, as: UTF8.self)]

/// The error that `work` ends with, or none; whatever way it is put into words, it holds no secret.
func refusal(
    _ here: SourceLocation = #_sourceLocation, of work: () async throws -> some Any
) async -> EidError? {
    do {
        _ = try await work()
        return nil
    } catch {
        var dumped = ""
        dump(error, to: &dumped)
        for text in ["\(error)", String(reflecting: error), error.localizedDescription, dumped] {
            let found = secrets.contains { text.contains($0) }
            #expect(!found, "an error tells a secret", sourceLocation: here)
        }
        let ours = error as? EidError
        #expect(ours != nil, "\(type(of: error)) instead of EidError", sourceLocation: here)
        return ours
    }
}

extension EidError {
    var code: UInt32 {
        switch self {
        case .Locked(let code), .UserCancelled(let code), .Invalid(let code), .NotFound(let code), .Conflict(let code),
            .Expired(let code), .Rejected(let code), .Device(let code), .Storage(let code), .Internal(let code):
            code
        case .AuthFailed(let code, _, _, _): code
        case .Network(let code, _): code
        }
    }
}
