import EidKit
import Foundation

/// What the tests are given from outside: `cargo xtask test swift` sets it.
enum Place {
    /// The folder with `eid-sandbox` and `eid-counter`.
    static let programs = URL(fileURLWithPath: variable("EID_PROGRAMS"))
    /// The 65 bytes of the key that signs the trust list of every sandbox.
    static let sandboxRoot = URL(fileURLWithPath: variable("EID_SANDBOX_ROOT"))

    static let counter = programs.appendingPathComponent("eid-counter")

    /// The folder with the descriptions of simulated cards.
    static let cards = URL(fileURLWithPath: "../cards/", relativeTo: sandboxRoot.deletingLastPathComponent())

    /// A folder that is new.
    static func newFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("eid-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private static func variable(_ name: String) -> String {
        guard let value = ProcessInfo.processInfo.environment[name] else {
            fatalError("\(name) is not set: run `cargo xtask test swift`")
        }
        return value
    }
}

struct ProgramFailure: Error {
    let program: String
    let status: Int32
}

/// Starts a program with nothing to read; what it prints is in the pipe.
private func start(_ program: URL, _ arguments: [String]) throws -> (Process, Pipe) {
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = program
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    return (process, pipe)
}

/// Runs a program to its end; gives its standard output and exit code.
func run(_ program: URL, _ arguments: [String]) throws -> (output: Data, status: Int32) {
    let (process, pipe) = try start(program, arguments)
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (output, process.terminationStatus)
}

/// Starts a program that serves, and waits until it has printed some lines; gives the first, its address.
func serving(_ program: URL, _ arguments: [String], lines: Int) throws -> (url: String, Process) {
    let (process, pipe) = try start(program, arguments)
    var printed = Data()
    while printed.filter({ $0 == UInt8(ascii: "\n") }).count < lines {
        let more = pipe.fileHandleForReading.availableData
        guard !more.isEmpty else { throw ProgramFailure(program: program.lastPathComponent, status: -1) }
        printed += more
    }
    return (String(decoding: printed.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self), process)
}

/// An address of this machine where nobody listens.
func freeAddress() throws -> String {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var (address, length) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let port = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
        }
    }
    guard port else { throw ProgramFailure(program: "bind", status: errno) }
    return "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
}

/// Ends it. Not by `terminate`: a child of a worker thread inherits that this thread takes no signals.
func end(_ server: Process) {
    kill(server.processIdentifier, SIGKILL)
    server.waitUntilExit()
}

/// HTTP; anything but success is an error.
func curl(_ options: [String]) throws -> Data {
    let (output, status) = try run(URL(fileURLWithPath: "/usr/bin/curl"), ["--silent", "--fail"] + options)
    guard status == 0 else { throw ProgramFailure(program: "curl", status: status) }
    return output
}

/// An invented citizen of the sandbox.
struct Person: Decodable, Sendable {
    let pid: String
    let name: String
    let phone: String
    let levelTwo: Bool

    enum CodingKeys: String, CodingKey {
        case pid, name, phone
        case levelTwo = "level_two"
    }
}

/// A live `eid-sandbox serve` with a data base in memory, which ends with this object.
final class Sandbox: Sendable {
    let url: String
    /// Its certificate authority, DER.
    let authority: Data
    private let folder: URL
    private let server: Process

    init() throws {
        folder = try Place.newFolder()
        let certificate = folder.appendingPathComponent("ca.pem")
        let options = ["serve", "--listen", "127.0.0.1:0", "--ca", certificate.path]
        (url, server) = try serving(Place.programs.appendingPathComponent("eid-sandbox"), options, lines: 2)
        let lines = try String(contentsOf: certificate, encoding: .utf8).split(separator: "\n")
        authority = Data(base64Encoded: lines.filter { !$0.hasPrefix("-----") }.joined()) ?? Data()
    }

    deinit {
        end(server)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Those who can have every credential.
    func citizens() throws -> [Person] {
        try JSONDecoder().decode([Person].self, from: fetch("/sandbox/people")).filter(\.levelTwo)
    }

    /// The first of them: has a licence and a health card too.
    func citizen() throws -> Person {
        guard let person = try citizens().first else { throw ProgramFailure(program: "eid-sandbox", status: 0) }
        return person
    }

    /// The one-time code of the last text message.
    func code(sentTo person: Person) throws -> String { try code(sentTo: person.phone) }

    /// The one-time code of the last text message to a number.
    func code(sentTo phone: String) throws -> String {
        struct Message: Decodable {
            let code: String
        }
        let phone = phone.replacingOccurrences(of: "+", with: "%2B")
        let messages = try JSONDecoder().decode([Message].self, from: fetch("/sandbox/messages?phone=\(phone)"))
        return messages.last?.code ?? ""
    }

    /// How the platform misbehaves from now on, where paths begin so.
    func misbehave(_ mode: String, where paths: String = "/") throws {
        _ = try fetch("/sandbox/faults", "--json", "{\"mode\": \"\(mode)\", \"paths\": \"\(paths)\"}")
    }

    /// Changes what the signed configuration says: what stands between JSON's braces.
    func configure(_ settings: String) throws {
        _ = try fetch("/sandbox/configuration", "--json", "{\(settings)}")
    }

    /// Puts the platform's clock ahead.
    func pass(_ seconds: UInt64) throws {
        _ = try fetch("/sandbox/clock", "--json", "{\"seconds\": \(seconds)}")
    }

    /// What all authorities do from now on, and how many seconds they take.
    func authorities(_ plan: String, delay: UInt32) throws {
        _ = try fetch("/sandbox/authority", "--json", "{\"plan\": \"\(plan)\", \"delay_s\": \(delay)}")
    }

    /// What arrived of a citizen's evidence.
    func evidence(of pid: String, _ sha256: Data) throws -> Data {
        let name = sha256.base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
        return try fetch("/sandbox/evidence/\(name)?pid=\(pid)")
    }

    /// The description of a citizen's identity card, with the given quirks: what stands between JSON's braces.
    func card(of person: Person, _ quirks: String = "") throws -> Data {
        try fetch("/sandbox/cards", "--json", "{\"pid\": \"\(person.pid)\", \"quirks\": {\(quirks)}}")
    }

    /// A picture of the citizen, as the phone's camera takes it.
    func face(of person: Person) throws -> Data {
        struct Card: Decodable {
            let portrait: Int
        }
        let number = try JSONDecoder().decode(Card.self, from: card(of: person)).portrait
        return try Data(contentsOf: URL(fileURLWithPath: "../portraits/\(number).jpg", relativeTo: Place.cards))
    }

    /// What an office prints after it looked at the citizen.
    func voucher(for person: Person) throws -> String {
        struct Printed: Decodable {
            let voucher: String
        }
        let printed = try fetch("/sandbox/offices/voucher", "--json", "{\"pid\": \"\(person.pid)\"}")
        return try JSONDecoder().decode(Printed.self, from: printed).voucher
    }

    /// The verdict of a counter that holds today's lists: `eid-counter verify`.
    func verdict(on proof: ProofView, _ options: [String] = []) throws -> String {
        try verdict(on: proof.text, options)
    }

    /// The verdict on the text of a code.
    func verdict(on text: String, _ options: [String] = []) throws -> String {
        struct Verdict: Decodable {
            let code: String
        }
        let (output, _) = try run(Place.counter, ["verify"] + lists() + options + [text])
        return try JSONDecoder().decode(Verdict.self, from: output).code
    }

    /// Options of the counter's program: today's lists.
    func lists() throws -> [String] {
        let (trust, status) = (folder.appendingPathComponent("trust"), folder.appendingPathComponent("status"))
        try fetch("/v1/trust-list").write(to: trust)
        try fetch("/v1/status-lists").write(to: status)
        return ["--trust", trust.path, "--status", status.path]
    }

    /// What the registrar answers to a counter that applies.
    func register(_ application: Data) throws -> Data {
        try fetch("/sandbox/counters", "--json", String(decoding: application, as: UTF8.self))
    }

    /// Withdraws a counter, or takes it back: `suspended`, `valid`.
    func set(_ counter: Counter, _ status: String) throws {
        _ = try fetch("/sandbox/counters/\(counter.name.dropFirst(3))/status", "--json", "{\"status\": \"\(status)\"}")
    }

    /// HTTPS with this sandbox's authority. By curl, since Foundation on Linux takes no authority of one's own.
    private func fetch(_ path: String, _ options: String...) throws -> Data {
        try curl(["--cacert", folder.appendingPathComponent("ca.pem").path] + options + [url + path])
    }
}
