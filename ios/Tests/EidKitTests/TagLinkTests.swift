import Foundation
import Testing

@testable import EidKit

/// A chip that answers each command by a script.
private struct ScriptedTag: ChipReader {
    let script: @Sendable (Data, @escaping @Sendable (Result<Data, ChipLinkError>) -> Void) -> Void

    func connect(answer: @escaping @Sendable (Result<ChipLimits, ChipLinkError>) -> Void) {
        answer(.success(ChipLimits(maxCommand: 261, maxResponse: 258)))
    }

    func send(_ command: Data, answer: @escaping @Sendable (Result<Data, ChipLinkError>) -> Void) {
        script(command, answer)
    }

    func end(success: Bool) {}
}

/// A link in a session.
private func connected(_ tag: ScriptedTag) async throws -> TagLink {
    let link = TagLink(tag)
    _ = try await link.connect(waitMs: 1_000)
    return link
}

@Suite struct TagLinkTests {
    @Test func chipThatAnswersTwice_isHeardOnce() async throws {
        let link = try await connected(
            ScriptedTag { command, answer in
                answer(.success(command + [0x90, 0x00]))
                answer(.failure(.TagLost))
                DispatchQueue.global().async { answer(.success(Data())) }
            })
        #expect(try await link.transceive(command: Data([1]), timeoutMs: 5_000) == Data([1, 0x90, 0x00]))
    }

    @Test func chipThatAnswersLate_isWaitedFor() async throws {
        let link = try await connected(
            ScriptedTag { command, answer in
                DispatchQueue.global().asyncAfter(deadline: .now() + 0.05) { answer(.success(command)) }
            })
        #expect(try await link.transceive(command: Data([2]), timeoutMs: 5_000) == Data([2]))
    }

    @Test func chipThatNeverAnswers_isLeftWhenTheTaskIsCancelled() async throws {
        let link = try await connected(ScriptedTag { _, _ in })
        let waiting = Task { try await link.transceive(command: Data([3]), timeoutMs: 5_000) }
        waiting.cancel()
        await #expect(throws: ChipLinkError.Timeout) { try await waiting.value }
    }

    @Test func chipThatNeverAnswers_isLeftInTime() async throws {
        let link = try await connected(ScriptedTag { _, _ in })
        await #expect(throws: ChipLinkError.Timeout) {
            try await link.transceive(command: Data([3]), timeoutMs: 20)
        }
    }

    @Test func chipThatIsGone_isReported() async throws {
        let link = try await connected(ScriptedTag { _, answer in answer(.failure(.TagLost)) })
        await #expect(throws: ChipLinkError.TagLost) { try await link.transceive(command: Data([4]), timeoutMs: 5_000) }
    }

    @Test func manyAnswersAtOnce_giveOne() async {
        for _ in 0..<200 {
            let answer = FirstAnswer<Int>()
            DispatchQueue.global().async { DispatchQueue.concurrentPerform(iterations: 8) { answer.give($0) } }
            let first = await answer.value()
            #expect((0..<8).contains(first))
        }
    }

    @Test func sessionThatEnded_reachesTheChipNoMore() async throws {
        let commands = FirstAnswer<Data>()
        let link = try await connected(
            ScriptedTag { command, answer in
                commands.give(command)
                answer(.success(Data()))
            })
        try await link.endSession(success: true)
        try await link.endSession(success: false)
        await #expect(throws: ChipLinkError.TagLost) { try await link.transceive(command: Data([5]), timeoutMs: 5_000) }
        commands.give(Data([6]))
        #expect(await commands.value() == Data([6]), "no command came before")
    }
}
