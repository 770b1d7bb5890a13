import EidKit
import Foundation
import Testing

private let select = Data([0x00, 0xa4, 0x04, 0x0c, 0x07, 0xa0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01])
private let done = Data([0x90, 0x00])
/// Milliseconds for a card to come, and for an answer of it.
private let wait: UInt32 = 10_000

/// `TagLink`, with the sandbox's simulated card at the other end of a socket.
@Suite struct CardTests {
    private let socket: CardSocket
    private let link: TagLink

    init() throws {
        socket = try CardSocket()
        link = TagLink(socket)
    }

    @Test func linkToTheSimulatedCard_keepsItsContract() async throws {
        try socket.put(cardFile())
        let findings = try await checkChipLink(chip: link)
        #expect(findings.count > 3)
        for finding in findings { #expect(finding.passed, "\(finding.rule)") }
        #expect(socket.exchanges == 4)
        #expect(socket.sessions == [true])
    }

    @Test func cardThatLeftAndCameBack_answersOn() async throws {
        try socket.put(cardFile("\"tag_loss_at\": [1]"))
        _ = try await link.connect(waitMs: wait)
        #expect(try await link.transceive(command: select, timeoutMs: wait) == done)
        await #expect(throws: ChipLinkError.TagLost) { try await link.transceive(command: select, timeoutMs: wait) }
        _ = try await link.connect(waitMs: wait)
        #expect(try await link.transceive(command: select, timeoutMs: wait) == done)
    }

    @Test func cardThatWasTakenAway_isLost() async throws {
        try socket.put(cardFile())
        _ = try await link.connect(waitMs: wait)
        #expect(try await link.transceive(command: select, timeoutMs: wait) == done)
        socket.take()
        await #expect(throws: ChipLinkError.TagLost) { try await link.transceive(command: select, timeoutMs: wait) }
        await #expect(throws: ChipLinkError.Timeout) { _ = try await link.connect(waitMs: 200) }
        await #expect(throws: ChipLinkError.TagLost) { try await link.transceive(command: select, timeoutMs: wait) }
    }

    @Test func cardThatIsSlow_isWaitedFor() async throws {
        try socket.put(cardFile("\"slow_ms\": 300"))
        _ = try await link.connect(waitMs: wait)
        let started = ContinuousClock.now
        #expect(try await link.transceive(command: select, timeoutMs: wait) == done)
        #expect(started.duration(to: .now) > .milliseconds(300))
    }
}
