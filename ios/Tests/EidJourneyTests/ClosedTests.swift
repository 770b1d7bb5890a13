import EidKit
import Foundation
import Testing

extension Journeys {
    /// Calls on what was locked or shut down, and many calls at once.
    @Suite struct Closing {
        private func expectAll(
            _ expected: EidError, _ unlocked: Unlocked, _ shown: Presentation, _ here: SourceLocation = #_sourceLocation
        ) async {
            let calls: [() async throws -> Void] = [
                { _ = try await unlocked.home() },
                { _ = try await unlocked.present(draft: PresentDraft(purpose: .age)) },
                { _ = try await unlocked.refill() },
                { _ = try await unlocked.history(before: nil, limit: 1) },
                { _ = try await shown.sign() },
            ]
            for call in calls {
                #expect(await refusal(here, of: call) == expected, sourceLocation: here)
            }
        }

        @Test func everyCallAfterLock_saysLocked() async throws {
            let sandbox = try Sandbox()
            let phone = try Phone(sandbox)
            let unlocked = try await phone.ready(sandbox)
            let shown = try await unlocked.present(draft: PresentDraft(purpose: .id))
            unlocked.lock()
            unlocked.lock()
            await expectAll(.Locked(code: Code.locked), unlocked, shown)
        }

        @Test func everyCallAfterShutdown_saysLocked() async throws {
            let sandbox = try Sandbox()
            let phone = try Phone(sandbox)
            let activation = try await phone.confirmed(sandbox, sandbox.citizens()[1])
            let unlocked = try await phone.ready(sandbox)
            let shown = try await unlocked.present(draft: PresentDraft(purpose: .id))
            phone.eid.shutdown()
            phone.eid.shutdown()
            await expectAll(.Locked(code: Code.locked), unlocked, shown)
            let closed = EidError.Locked(code: Code.appClosed)
            #expect(await refusal { try await phone.eid.isActivated() } == closed)
            #expect(await refusal { try await phone.eid.unlock(passcode: passcode) } == closed)
            #expect(await refusal { try await phone.eid.startActivation(pid: "", phone: "") } == closed)
            #expect(await refusal { try await activation.confirmCode("000000") } == closed)
            #expect(await refusal { try await activation.complete(passcode: passcode) } == closed)
            #expect(try activation.cardProgress() == nil)
        }

        @Test func callsUnderWayAtShutdown_endWithLockedOrTheirResult() async throws {
            let sandbox = try Sandbox()
            let phone = try Phone(sandbox)
            let unlocked = try await phone.ready(sandbox)
            await withTaskGroup(of: EidError?.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        if number == 100 { phone.eid.shutdown() }
                        return await refusal { try await unlocked.home() }
                    }
                }
                for await error in group {
                    if let error { #expect([Code.locked, Code.appClosed].contains(error.code), "\(error)") }
                }
            }
        }

        @Test func proofOnTheScreen_outlivesItsSessionObjectUntilShutdown() async throws {
            let sandbox = try Sandbox()
            let phone = try Phone(sandbox)
            // Swift lets go of the session right after its last use.
            let shown = try await phone.ready(sandbox).present(draft: PresentDraft(purpose: .id))
            #expect(try sandbox.verdict(on: try await shown.sign()) == "Q00")
            phone.eid.shutdown()
            #expect(await refusal { try await shown.sign() } == .Locked(code: Code.locked))
        }

        @Test func tenThousandCallsAtOnce_allAnswer() async throws {
            let sandbox = try Sandbox()
            let phone = try Phone(sandbox)
            let unlocked = try await phone.ready(sandbox)
            let start = ContinuousClock.now
            let answered = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<10_000 {
                    group.addTask {
                        if number % 2 == 0 { return try await phone.eid.isActivated() }
                        return try await unlocked.home().account.level == 2
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(answered == 10_000)
            print("10,000 calls at once took \(start.duration(to: .now))")
        }
    }
}
