import EidKit
import Foundation

/// A question: the text of its code, and what names it: a nonce on the command line, a word on the page.
struct Question {
    let text: String
    let name: String
}

/// The counter's program, registered for identity and age, and with a host that takes answers if one is given.
final class Counter: Sendable {
    static let title = "Quầy 3 – Bệnh viện Mẫu"
    static let reason = "Nhận thuốc"

    let name: String
    let host: String?
    private let sandbox: Sandbox
    private let folder: URL

    init(_ sandbox: Sandbox, _ name: String = "rp/0101234567-001", host: String? = nil) throws {
        (self.sandbox, self.name, self.host, folder) = (sandbox, name, host, try Place.newFolder())
        let purposes = ["--purpose", "id", "--purpose", "age"]
        let wishes = ["--counter", name, "--name", Self.title] + purposes + (host.map { ["--host", $0] } ?? [])
        let answer = folder.appendingPathComponent("answer.json")
        try sandbox.register(done(["register", "apply"] + home + wishes)).write(to: answer)
        _ = try done(["register", "accept"] + home + sandbox.lists().prefix(2) + [answer.path])
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private var identity: URL { folder.appendingPathComponent("identity") }
    private var home: [String] { ["--identity", identity.path] }

    /// Asks from the command line.
    func ask(_ purpose: String, _ more: String...) throws -> Question {
        struct Printed: Decodable {
            let text: String
            let nonce: String
        }
        let asking = ["request"] + home + ["--purpose", purpose, "--reason", Self.reason] + more
        let printed = try JSONDecoder().decode(Printed.self, from: done(asking))
        return Question(text: printed.text, name: printed.nonce)
    }

    /// The verdict's code on the command line, for an answer to a question, or to none.
    func verdict(on proof: ProofView, _ question: Question? = nil, _ more: String...) throws -> String {
        let nonce = question.map { ["--nonce", $0.name] } ?? []
        return try sandbox.verdict(on: proof, ["--counter", name] + nonce + more)
    }

    /// The text of its printed code: its registration, spelled as RFC 9285 says.
    func poster() throws -> String {
        struct Kept: Decodable {
            let registration: Data
        }
        let kept = try Data(contentsOf: identity.appendingPathComponent("identity.json"))
        return "VN1R:" + base45(try JSONDecoder().decode(Kept.self, from: kept).registration)
    }

    /// Serves the page, and takes answers at its host.
    func page() throws -> Page {
        let used = ["--replay", folder.appendingPathComponent("used").path]
        let places = ["--listen", "127.0.0.1:0"] + (host.map { ["--answers", $0] } ?? [])
        return try Page(["serve"] + places + used + home + sandbox.lists(), lines: host == nil ? 1 : 2)
    }

    private func done(_ arguments: [String]) throws -> Data {
        let (output, status) = try run(Place.counter, arguments)
        guard status == 0 else { throw ProgramFailure(program: "eid-counter", status: status) }
        return output
    }
}

/// What a counter's page, and any program of its office, calls; ends with this object.
final class Page: Sendable {
    private struct Report: Decodable {
        let code: String
    }

    private let url: String
    private let server: Process

    init(_ arguments: [String], lines: Int) throws {
        (url, server) = try serving(Place.counter, arguments, lines: lines)
    }

    deinit {
        close()
    }

    /// Ends it before this object ends.
    func close() {
        if server.isRunning { end(server) }
    }

    /// Asks, with the photo.
    func ask(_ purpose: String) throws -> Question {
        struct Asked: Decodable {
            let text: String
            let request: String
        }
        let body = "{\"purpose\": \"\(purpose)\", \"photo\": true, \"reason\": \"\(Counter.reason)\"}"
        let asked = try JSONDecoder().decode(Asked.self, from: post("requests", body))
        return Question(text: asked.text, name: asked.request)
    }

    /// The verdict's code for an answer to a question, or to none.
    func verdict(on proof: ProofView, _ question: Question? = nil) throws -> String {
        struct Answer: Decodable {
            let reports: [Report]
        }
        let request = question.map { ", \"request\": \"\($0.name)\"" } ?? ""
        let answer = try post("verify", "{\"proofs\": [{\"text\": \"\(proof.text)\"}]\(request)}")
        return try JSONDecoder().decode(Answer.self, from: answer).reports.first?.code ?? ""
    }

    /// The verdict's code for what came over the network as the answer to a question; nil if nothing did.
    func collect(_ question: Question) throws -> String? {
        struct Collected: Decodable {
            let report: Report?
        }
        let collected = try post("requests/\(question.name)/collect", "")
        return try JSONDecoder().decode(Collected.self, from: collected).report?.code
    }

    private func post(_ path: String, _ json: String) throws -> Data {
        try curl(["--json", json, url + path])
    }
}

/// Two bytes are three characters, the lowest digit first; a byte that is left over is two.
private func base45(_ bytes: Data) -> String {
    let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    return stride(from: 0, to: bytes.count, by: 2).reduce(into: "") { text, at in
        let pair = bytes.dropFirst(at).prefix(2)
        var number = pair.reduce(0) { $0 * 256 + Int($1) }
        for _ in 0...pair.count {
            text.append(alphabet[number % 45])
            number /= 45
        }
    }
}
