import EidCore
import Foundation

/// A chip in the phone's field, as the system's reader gives it: with callbacks.
public protocol ChipTag: Sendable {
    /// Sends a command APDU. The answer, with its status word at the end, may come on any thread, late, twice or never.
    func send(_ command: Data, answer: @escaping @Sendable (Result<Data, ChipLinkError>) -> Void)

    /// Ends the session; the system tells the holder how it went.
    func end(success: Bool)
}

/// A chip as the core wants it: one answer to each command, and none after the end.
///
/// Unchecked: what changes is behind a lock.
public final class TagLink: ChipLink, @unchecked Sendable {
    private let tag: any ChipTag
    private let lock = NSLock()
    private var ended = false

    /// - Parameter tag: connected; this link is the only one that speaks to it.
    public init(_ tag: any ChipTag) {
        self.tag = tag
    }

    public func transceive(command: Data) async throws -> Data {
        guard !lock.withLock({ ended }) else { throw ChipLinkError.TagLost }
        let answer = FirstAnswer<Result<Data, ChipLinkError>>()
        return try await withTaskCancellationHandler {
            tag.send(command) { answer.give($0) }
            return try await answer.value().get()
        } onCancel: {
            answer.give(.failure(.Timeout))
        }
    }

    public func endSession(success: Bool) async throws {
        let first = lock.withLock {
            defer { ended = true }
            return !ended
        }
        if first { tag.end(success: success) }
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
