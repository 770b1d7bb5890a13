import Foundation
import Testing

@testable import EidKit

/// A chip that answers each command by a script.
private struct ScriptedTag: ChipTag {
    let script: @Sendable (Data, @escaping @Sendable (Result<Data, ChipLinkError>) -> Void) -> Void

    func send(_ command: Data, answer: @escaping @Sendable (Result<Data, ChipLinkError>) -> Void) {
        script(command, answer)
    }

    func end(success: Bool) {}
}

@Suite struct TagLinkTests {
    @Test func chipThatAnswersTwice_isHeardOnce() async throws {
        let link = TagLink(
            ScriptedTag { command, answer in
                answer(.success(command + [0x90, 0x00]))
                answer(.failure(.TagLost))
                DispatchQueue.global().async { answer(.success(Data())) }
            })
        #expect(try await link.transceive(command: Data([1])) == Data([1, 0x90, 0x00]))
    }

    @Test func chipThatAnswersLate_isWaitedFor() async throws {
        let link = TagLink(
            ScriptedTag { command, answer in
                DispatchQueue.global().asyncAfter(deadline: .now() + 0.05) { answer(.success(command)) }
            })
        #expect(try await link.transceive(command: Data([2])) == Data([2]))
    }

    @Test func chipThatNeverAnswers_isLeftWhenTheTaskIsCancelled() async {
        let link = TagLink(ScriptedTag { _, _ in })
        let waiting = Task { try await link.transceive(command: Data([3])) }
        waiting.cancel()
        await #expect(throws: ChipLinkError.Timeout) { try await waiting.value }
    }

    @Test func chipThatIsGone_isReported() async {
        let link = TagLink(ScriptedTag { _, answer in answer(.failure(.TagLost)) })
        await #expect(throws: ChipLinkError.TagLost) { try await link.transceive(command: Data([4])) }
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
        let link = TagLink(
            ScriptedTag { command, answer in
                commands.give(command)
                answer(.success(Data()))
            })
        try await link.endSession(success: true)
        try await link.endSession(success: false)
        await #expect(throws: ChipLinkError.TagLost) { try await link.transceive(command: Data([5])) }
        commands.give(Data([6]))
        #expect(await commands.value() == Data([6]), "no command came before")
    }
}
