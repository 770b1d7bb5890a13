import EidCore
import Foundation

/// The phone's reader of contactless chips, as the system gives it: with callbacks. Answers may come on any thread, late,
/// twice or never.
public protocol ChipReader: Sendable {
    /// Connects afresh to the chip in the field, waiting for one to come. Begins a session unless one is under way.
    func connect(answer: @escaping @Sendable (Result<ChipLimits, ChipLinkError>) -> Void)

    /// Sends a command APDU. The answer has its status word at the end.
    func send(_ command: Data, answer: @escaping @Sendable (Result<Data, ChipLinkError>) -> Void)

    /// Ends the session; the system tells the holder how it went.
    func end(success: Bool)
}

/// The chip port as the core wants it: one answer to each call, in time, and none before a session or after its end.
///
/// Unchecked: what changes is behind a lock.
public final class TagLink: ChipLink, @unchecked Sendable {
    private let reader: any ChipReader
    private let lock = NSLock()
    private var open = false

    /// - Parameter reader: this link is the only one that speaks to it.
    public init(_ reader: any ChipReader) {
        self.reader = reader
    }

    public func connect(waitMs: UInt32) async throws -> ChipLimits {
        lock.withLock { open = true }
        return try await first(within: waitMs) { self.reader.connect(answer: $0) }
    }

    public func transceive(command: Data, timeoutMs: UInt32) async throws -> Data {
        guard lock.withLock({ open }) else { throw ChipLinkError.TagLost }
        return try await first(within: timeoutMs) { self.reader.send(command, answer: $0) }
    }

    public func endSession(success: Bool) async throws {
        let first = lock.withLock {
            defer { open = false }
            return open
        }
        if first { reader.end(success: success) }
    }

    /// The first answer of a call, or `Timeout` when it takes too long or nobody waits any more.
    private func first<Value: Sendable>(
        within milliseconds: UInt32,
        _ call: (@escaping @Sendable (Result<Value, ChipLinkError>) -> Void) -> Void
    ) async throws -> Value {
        let answer = FirstAnswer<Result<Value, ChipLinkError>>()
        return try await withTaskCancellationHandler {
            call { answer.give($0) }
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(milliseconds))) {
                answer.give(.failure(.Timeout))
            }
            return try await answer.value().get()
        } onCancel: {
            answer.give(.failure(.Timeout))
        }
    }
}

/// Takes the first of several answers, and drops those that follow: a continuation that is resumed twice ends the program.
///
/// Unchecked: what changes is behind a lock.
final class FirstAnswer<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var given: Value?
    private var waiting: CheckedContinuation<Value, Never>?

    func give(_ value: Value) {
        lock.withLock {
            guard given == nil else { return }
            given = value
            waiting?.resume(returning: value)
            waiting = nil
        }
    }

    /// Waits for the first answer. To be called once.
    func value() async -> Value {
        await withCheckedContinuation { continuation in
            lock.withLock {
                if let given {
                    continuation.resume(returning: given)
                } else {
                    waiting = continuation
                }
            }
        }
    }
}
