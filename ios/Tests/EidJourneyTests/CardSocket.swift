import EidKit
import Foundation
import Glibc

/// The description of an invented citizen's card, with the given quirks: what stands between JSON's braces.
func cardFile(_ quirks: String = "") throws -> Data {
    let card = try String(contentsOf: Place.cards.appendingPathComponent("nguyen-van-a.json"), encoding: .utf8)
    return Data(card.replacingOccurrences(of: "\"quirks\": {}", with: "\"quirks\": {\(quirks)}").utf8)
}

/// A reader of contactless cards in software: cards come to a TCP port, and speak the wire protocol of vpcd. `put` lays a
/// card on it. What was sent is counted.
///
/// Unchecked: all but the calls of the tests is on one queue.
final class CardSocket: ChipReader, @unchecked Sendable {
    /// Seconds to wait for a card to come, and for an answer of it.
    private static let patience = 10
    private static let powerOff: [UInt8] = [0]
    private static let powerOn: [UInt8] = [1]
    private static let reset: [UInt8] = [2]

    private let queue = DispatchQueue(label: "card")
    private let folder: URL
    private let listener: Int32
    private let port: UInt16
    private var wire: Int32?
    private var process: Process?
    private var sent = 0
    private var ends: [Bool] = []

    /// Commands that were sent.
    var exchanges: Int { queue.sync { sent } }
    /// How the sessions ended.
    var sessions: [Bool] { queue.sync { ends } }

    init() throws {
        folder = try Place.newFolder()
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { own in
            own.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) | listen(listener, 1) | getsockname(listener, address, &size)
            }
        }
        guard status == 0 else { throw ProgramFailure(program: "socket", status: errno) }
        port = UInt16(bigEndian: address.sin_port)
        wait(forCard: .seconds(Self.patience))
    }

    deinit {
        take()
        letGo()
        Glibc.close(listener)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Lays a card on the reader, in place of the one that is there. One that leaves by itself comes back.
    func put(_ card: Data) throws {
        take()
        let described = folder.appendingPathComponent("card.json")
        try card.write(to: described)
        let process = Process()
        process.executableURL = Place.programs.appendingPathComponent("eid-sandbox")
        process.arguments = ["chip", "--connect", "127.0.0.1:\(port)", "--card", described.path]
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
    }

    /// Takes the card away.
    func take() {
        guard let process else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// How long to wait for a card to come.
    func wait(forCard time: Duration) {
        limit(listener, to: time)
    }

    func connect(answer: @escaping @Sendable (Result<ChipLimits, ChipLinkError>) -> Void) {
        queue.async {
            let limits = ChipLimits(maxCommand: 65_535, maxResponse: 65_535)
            if let wire = self.wire {
                answer(self.write(Self.reset, to: wire) ? .success(limits) : .failure(.TagLost))
            } else {
                answer(self.arrived() == nil ? .failure(.Timeout) : .success(limits))
            }
        }
    }

    func send(_ command: Data, answer: @escaping @Sendable (Result<Data, ChipLinkError>) -> Void) {
        queue.async { answer(self.exchange([UInt8](command))) }
    }

    func end(success: Bool) {
        queue.sync {
            ends.append(success)
            letGo()
        }
    }

    private func exchange(_ command: [UInt8]) -> Result<Data, ChipLinkError> {
        guard let wire else { return .failure(.TagLost) }
        sent += 1
        var late = false
        if write(command, to: wire), let size = read(2, from: wire, &late),
            let answer = read(Int(size[0]) << 8 | Int(size[1]), from: wire, &late)
        {
            return .success(Data(answer))
        }
        // Also after a time-out: an answer that comes now would be taken for the next one's.
        letGo()
        return .failure(late ? .Timeout : .TagLost)
    }

    private func arrived() -> Int32? {
        let wire = accept(listener, nil, nil)
        guard wire >= 0 else { return nil }
        limit(wire, to: .seconds(Self.patience))
        var yes: Int32 = 1
        setsockopt(wire, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        self.wire = wire
        return write(Self.powerOn, to: wire) ? wire : nil
    }

    private func letGo() {
        guard let wire else { return }
        _ = write(Self.powerOff, to: wire)
        Glibc.close(wire)
        self.wire = nil
    }

    private func limit(_ socket: Int32, to time: Duration) {
        let (seconds, attoseconds) = time.components
        var limit = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// In one piece, so that it is one segment on its way.
    private func write(_ message: [UInt8], to socket: Int32) -> Bool {
        let framed = [UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message
        return Glibc.send(socket, framed, framed.count, Int32(MSG_NOSIGNAL)) == framed.count
    }

    private func read(_ count: Int, from socket: Int32, _ late: inout Bool) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = recv(socket, &bytes, count, Int32(MSG_WAITALL))
        late = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
        return got == count ? bytes : nil
    }
}
