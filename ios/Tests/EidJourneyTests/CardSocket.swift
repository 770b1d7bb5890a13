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
/// Unchecked: the socket is read on one queue, and what others change is behind a lock.
final class CardSocket: ChipReader, @unchecked Sendable {
    private static let powerOff: [UInt8] = [0]
    private static let powerOn: [UInt8] = [1]
    private static let reset: [UInt8] = [2]

    private let queue = DispatchQueue(label: "card")
    private let lock = NSLock()
    private let folder: URL
    private let listener: Int32
    private let port: UInt16
    private var process: Process?
    private var wire: Int32?
    /// Which call looks for a card; none after the end.
    private var looking = 0
    private var sent = 0
    private var ends: [Bool] = []

    /// Commands that were sent.
    var exchanges: Int { lock.withLock { sent } }
    /// How the sessions ended.
    var sessions: [Bool] { lock.withLock { ends } }

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

    /// A card that is there is reset, as one whose field was switched off. Waits for one until it is asked again or the session
    /// ends, as a phone does.
    func connect(answer: @escaping @Sendable (Result<ChipLimits, ChipLinkError>) -> Void) {
        let call = lock.withLock {
            looking += 1
            return looking
        }
        queue.async {
            let known = self.lock.withLock { self.wire }
            let there = known.map { self.write(Self.reset, to: $0) } ?? self.arrived(call)
            answer(there ? .success(ChipLimits(maxCommand: 65_535, maxResponse: 65_535)) : .failure(self.lost()))
        }
    }

    func send(_ command: Data, answer: @escaping @Sendable (Result<Data, ChipLinkError>) -> Void) {
        guard let wire = lock.withLock({ wire }) else { return answer(.failure(.TagLost)) }
        queue.async { answer(self.exchange([UInt8](command), with: wire)) }
    }

    func end(success: Bool) {
        lock.withLock {
            looking += 1
            ends.append(success)
            // Wakes whoever reads.
            if let wire { shutdown(wire, Int32(SHUT_RDWR)) }
        }
        queue.async { self.letGo() }
    }

    private func exchange(_ command: [UInt8], with wire: Int32) -> Result<Data, ChipLinkError> {
        lock.withLock { sent += 1 }
        if write(command, to: wire), let size = read(2, from: wire),
            let answer = read(Int(size[0]) << 8 | Int(size[1]), from: wire)
        {
            return .success(Data(answer))
        }
        return .failure(lost())
    }

    private func lost() -> ChipLinkError {
        letGo()
        return .TagLost
    }

    private func arrived(_ call: Int) -> Bool {
        var asked = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        while poll(&asked, 1, 50) == 0 {
            if lock.withLock({ looking != call }) { return false }
        }
        let wire = accept(listener, nil, nil)
        guard wire >= 0 else { return false }
        var yes: Int32 = 1
        setsockopt(wire, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        lock.withLock { self.wire = wire }
        return write(Self.powerOn, to: wire)
    }

    private func letGo() {
        let gone = lock.withLock {
            defer { wire = nil }
            return wire
        }
        guard let gone else { return }
        _ = write(Self.powerOff, to: gone)
        Glibc.close(gone)
    }

    /// In one piece, so that it is one segment on its way.
    private func write(_ message: [UInt8], to socket: Int32) -> Bool {
        let framed = [UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message
        return Glibc.send(socket, framed, framed.count, Int32(MSG_NOSIGNAL)) == framed.count
    }

    private func read(_ count: Int, from socket: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return recv(socket, &bytes, count, Int32(MSG_WAITALL)) == count ? bytes : nil
    }
}
