import EidKit
import Foundation
import Testing

/// What a port says that must go no further.
private struct Surprise: Error, CustomStringConvertible {
    let description = "PLANTED of Minh Hạnh"
}

/// An honest reader that bends the answer to one command; command 0 is the connection.
///
/// Unchecked: what changes is behind a lock.
private final class BentReader: ChipLink, @unchecked Sendable {
    typealias Bend = @Sendable (Data) async throws -> Data

    private let honest: TagLink
    private let lock = NSLock()
    private var left = -1
    private var bend: Bend = { $0 }

    init(_ honest: TagLink) {
        self.honest = honest
    }

    func bend(_ command: Int, _ bend: @escaping Bend) {
        lock.withLock { (left, self.bend) = (command, bend) }
    }

    func connect(waitMs: UInt32) async throws -> ChipLimits {
        let limits = try await honest.connect(waitMs: waitMs)
        if let bend = due(at: 0) { _ = try await bend(Data()) }
        return limits
    }

    func transceive(command: Data, timeoutMs: UInt32) async throws -> Data {
        let answer = try await honest.transceive(command: command, timeoutMs: timeoutMs)
        let bend = due(at: 1)
        return try await bend?(answer) ?? answer
    }

    func endSession(success: Bool) async throws {
        try await honest.endSession(success: success)
    }

    private func due(at number: Int) -> Bend? {
        lock.withLock {
            guard left >= number else { return nil }
            left = left == number ? -1 : left - 1
            return left < 0 ? bend : nil
        }
    }
}

extension Journeys {
    /// Activation with the identity card, which `TagLink` reads over a socket.
    @Suite struct CardActivation {
        private let sandbox: Sandbox
        private let socket: CardSocket
        private let reader: BentReader
        private let phone: Phone
        private let person: Person

        init() throws {
            sandbox = try Sandbox()
            socket = try CardSocket()
            reader = BentReader(TagLink(socket))
            phone = try Phone(sandbox, chip: reader)
            person = try sandbox.citizen()
        }

        /// A reading of which a few commands went.
        private func reading(_ activation: Activation) async -> Task<Void, any Error> {
            let begun = socket.exchanges
            let task = Task { try await activation.readCard() }
            #expect(await eventually { socket.exchanges >= begun + 5 })
            return task
        }

        @Test func citizen_activatesLevelTwoWithTheCard() async throws {
            let activation = try await phone.confirmed(sandbox, person)
            #expect(try activation.state()?.step == .card)
            try socket.put(sandbox.card(of: person))
            try await activation.readCard()
            #expect(try activation.state()?.step == .face)
            #expect(try activation.cardProgress() == nil)
            #expect(await eventually { phone.events.events.contains(.cardProgress) })
            let unlocked = try await phone.finished(sandbox, activation, person)
            #expect(try await unlocked.home().account.level == 2)
            #expect(try activation.state() == nil)
            #expect(socket.exchanges <= 31)
            #expect(socket.sessions == [true])
        }

        @Test func cardThatIsLostOnTheWay_isWaitedForAndReadOn() async throws {
            let activation = try await phone.confirmed(sandbox, person)
            try socket.put(sandbox.card(of: person, "\"tag_loss_at\": [0, 5, 12, 13, 20, 26]"))
            try await activation.readCard()
            #expect(socket.sessions == [true])
            _ = try await phone.finished(sandbox, activation, person).home()
        }

        @Test func cardsThatAreNotTheHolders_areToldApartAndTheRightOneGoesOn() async throws {
            let other = try sandbox.citizens()[1]
            let cases: [(Person, String, String?, UInt32)] = [
                (person, "", "987654", 6001), (person, "", "98765", 6003),
                (other, "", String(other.pid.suffix(6)), 7022), (person, "\"cloned\": \"other_keys\"", nil, 6008),
                (person, "\"replayed_aa\": true", nil, 6009), (person, "\"wrong_csca\": true", nil, 6057),
                (person, "\"expired_dsc\": true", nil, 6058), (person, "\"wrong_hash\": 14", nil, 6063),
            ]
            let activation = try await phone.confirmed(sandbox, person)
            for (holder, quirks, can, code) in cases {
                try socket.put(sandbox.card(of: holder, quirks))
                #expect(await refusal { try await activation.readCard(CardDraft(can: can)) }?.code == code, "\(quirks)")
                #expect(try activation.state()?.step == .card)
                socket.take()
            }
            #expect(!socket.sessions.contains(true))
            try socket.put(sandbox.card(of: person))
            try await activation.readCard()
            _ = try await phone.finished(sandbox, activation, person).home()
        }

        @Test func readingThatIsCancelled_endsAtOnceAndTheNextBeginsAnew() async throws {
            let activation = try await phone.confirmed(sandbox, person)
            try socket.put(sandbox.card(of: person, "\"slow_ms\": 100"))
            let first = await reading(activation)
            first.cancel()
            #expect(await refusal { try await first.value }?.code == Code.userCancelled)
            #expect(await eventually { socket.sessions == [false] })
            #expect(try activation.cardProgress() == nil)
            // Also one that still waits for a card.
            socket.take()
            let second = Task { try await activation.readCard() }
            #expect(try await eventually { try activation.cardProgress()?.waiting == true })
            second.cancel()
            #expect(await refusal { try await second.value }?.code == Code.userCancelled)
            #expect(await eventually { socket.sessions == [false, false] })
            try socket.put(sandbox.card(of: person))
            try await activation.readCard()
        }

        @Test func appKilledAfterAnyStep_goesOnWhereItWas() async throws {
            #expect(try await phone.eid.resumeActivation() == nil)
            _ = try await phone.eid.startActivation(pid: person.pid, phone: person.phone)
            var eid = try phone.restarted()
            var activation = try #require(try await eid.resumeActivation())
            let state = try #require(try activation.state())
            #expect(state.step == .code)
            #expect(state.pid == person.pid)
            let printed = "\(state)".contains(person.pid) || String(reflecting: state).contains(person.pid)
            #expect(!printed)
            try await activation.confirmCode(sandbox.code(sentTo: person))
            try socket.put(sandbox.card(of: person))
            try await activation.readCard()
            eid.shutdown()
            eid = try phone.restarted()
            activation = try #require(try await eid.resumeActivation())
            #expect(try activation.state()?.step == .face)
            let read = socket.exchanges
            try await activation.readCard()
            #expect(socket.exchanges == read, "what is done is done")
            try await phone.finished(sandbox, activation, person).lock()
            eid.shutdown()
            eid = try phone.restarted()
            #expect(try await eid.resumeActivation() == nil)
            try await eid.unlock(passcode: passcode).lock()
        }

        @Test func readerThatThrows_endsTheReadingAndTellsNothing() async throws {
            let activation = try await phone.confirmed(sandbox, person)
            let failures: [(any Error, UInt32)] = [
                (ChipLinkError.UserCancelled, Code.userCancelled), (ChipLinkError.Unavailable, 6016),
                (Surprise(), 6016),
            ]
            for (failure, code) in failures {
                for command in [0, 9] {
                    try socket.put(sandbox.card(of: person))
                    reader.bend(command) { _ in throw failure }
                    #expect(await refusal { try await activation.readCard() }?.code == code)
                }
            }
            try socket.put(sandbox.card(of: person))
            try await activation.readCard()
        }

        @Test(arguments: [0, 1, 2, 3, 4, 5])
        func commandThatFailsOnce_isGotOver(_ mishap: Int) async throws {
            let bends: [BentReader.Bend] = [
                { _ in throw ChipLinkError.TagLost }, { _ in throw ChipLinkError.Timeout }, { _ in Data() },
                { _ in Data([0x90]) }, { _ in Data(count: 65_539) },
                { answer in
                    try await Task.sleep(for: .milliseconds(300))
                    return answer
                },
            ]
            let activation = try await phone.confirmed(sandbox, person)
            try socket.put(sandbox.card(of: person))
            reader.bend(9 + mishap, bends[mishap])
            try await activation.readCard()
            #expect(socket.sessions == [true])
        }

        @Test func phoneWithoutAReader_saysSo() async throws {
            let phone = try Phone(sandbox)
            let activation = try await phone.confirmed(sandbox, person)
            #expect(await refusal { try await activation.readCard() }?.code == 6016)
        }
    }
}
