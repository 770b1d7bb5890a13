import EidKit
import Foundation
import Testing

/// Something that is settled once and then done to a task, whichever comes first.
private final class Canceller: @unchecked Sendable {
    private let lock = NSLock()
    private var task: Task<Void, any Error>?
    private var due = false

    func hold(_ task: Task<Void, any Error>) {
        lock.withLock {
            self.task = task
            if due { task.cancel() }
        }
    }

    func cancel() {
        lock.withLock {
            due = true
            task?.cancel()
        }
    }
}

extension Journeys {
    @Suite struct Cancelling {
        /// Everything from nothing to a signed proof.
        private func journey(_ phone: Phone, _ sandbox: Sandbox, _ person: Person) async throws {
            let unlocked = try await phone.proven(sandbox, person).complete(passcode: passcode)
            defer { unlocked.lock() }
            _ = try await unlocked.refill()
            try Task.checkCancellation()
            _ = try await unlocked.present(draft: PresentDraft(purpose: .age)).sign()
        }

        /// After a journey that was broken off anywhere, the phone is as before it, or activated and whole.
        private func expectWhole(_ phone: Phone, _ sandbox: Sandbox, _ person: Person) async throws {
            let unlocked: Unlocked
            do {
                unlocked = try await phone.eid.unlock(passcode: passcode)
            } catch EidError.NotFound(code: Code.notActivated) {
                do {
                    unlocked = try await phone.proven(sandbox, person).complete(passcode: passcode)
                } catch EidError.Conflict {
                    // What was begun ran to its end meanwhile.
                    unlocked = try await phone.eid.unlock(passcode: passcode)
                }
            }
            _ = try await unlocked.refill()
            let proof = try await unlocked.present(draft: PresentDraft(purpose: .age)).sign()
            #expect(try sandbox.verdict(on: proof) == "Q00")
            #expect(try await unlocked.history(before: nil, limit: 50).damaged == 0)
            unlocked.lock()
        }

        /// How a journey may end that somebody cancels.
        private func isCancellation(_ error: any Error) -> Bool {
            error is CancellationError || (error as? EidError) == .UserCancelled(code: Code.userCancelled)
        }

        @Test func journeyCancelledAtAnyUseOfAKey_leavesAWholePhone() async throws {
            var (place, ended) = (1, false)
            while !ended {
                let sandbox = try Sandbox()
                let person = try sandbox.citizen()
                let (canceller, last) = (Canceller(), place)
                let keys = SoftwareKeys { number in if number == last { canceller.cancel() } }
                let phone = try Phone(sandbox, key: HardwareKey(keys))
                let task = Task { try await journey(phone, sandbox, person) }
                canceller.hold(task)
                do {
                    try await task.value
                    // It ended before that use, or its last call was one that is not cancelled.
                    ended = keys.calls < last
                } catch {
                    #expect(isCancellation(error), "use \(last): \(error)")
                }
                await #expect(throws: Never.self, "use \(last)") { try await expectWhole(phone, sandbox, person) }
                // The first uses are those of activation; then each purpose is treated alike.
                place += place < 8 ? 1 : 9
            }
            #expect(place > 8, "keys were used \(place) times only")
        }

        @Test func journeyCancelledAtAnyTime_leavesAWholePhone() async throws {
            for delay in [0, 3, 10, 20, 40, 60, 90, 130, 200, 300] {
                let sandbox = try Sandbox()
                let person = try sandbox.citizen()
                let phone = try Phone(sandbox)
                let task = Task { try await journey(phone, sandbox, person) }
                try await Task.sleep(for: .milliseconds(delay))
                task.cancel()
                do {
                    try await task.value
                } catch {
                    #expect(isCancellation(error), "after \(delay) ms: \(error)")
                }
                await #expect(throws: Never.self, "\(delay) ms") { try await expectWhole(phone, sandbox, person) }
            }
        }

        @Test func callOfACancelledTask_endsAtOnceAndTheActivationGoesOn() async throws {
            let sandbox = try Sandbox()
            let (phone, other, person) = (try Phone(sandbox), try Phone(sandbox), try sandbox.citizen())
            let activation = try await phone.eid.startActivation(pid: person.pid, phone: person.phone)
            let code = try sandbox.code(sentTo: person)
            try sandbox.misbehave("slow")
            let calls: [@Sendable () async throws -> Void] = [
                { _ = try await other.eid.startActivation(pid: person.pid, phone: person.phone) },
                { try await activation.confirmCode(code) },
            ]
            for call in calls {
                let task = Task { try await call() }
                try await Task.sleep(for: .milliseconds(100))
                let start = ContinuousClock.now
                task.cancel()
                #expect(await refusal { try await task.value } == .UserCancelled(code: Code.userCancelled))
                #expect(start.duration(to: .now) < .seconds(2), "the platform takes ten seconds")
            }
            try sandbox.misbehave("off")
            try await activation.confirmCode(code)
            try await activation.useVoucher(sandbox.voucher(for: person))
            try await activation.submitFace(sandbox.face(of: person))
            try await activation.complete(passcode: passcode).lock()
        }

        @Test func tokenThatWasCancelled_staysSo() async throws {
            let sandbox = try Sandbox()
            let unlocked = try await Phone(sandbox).ready(sandbox)
            let token = CancelToken()
            token.cancel()
            token.cancel()
            for _ in 0..<2 {
                let error = await refusal { try await unlocked.refill(cancel: token) }
                #expect(error == .UserCancelled(code: Code.userCancelled))
            }
            _ = try await unlocked.refill(cancel: CancelToken())
        }

        @Test func answerAfterTheCallWasCancelled_disturbsNothing() async throws {
            let sandbox = try Sandbox()
            let (phone, person) = (
                try Phone(sandbox, key: HardwareKey(SoftwareKeys { _ in Thread.sleep(forTimeInterval: 0.4) })),
                try sandbox.citizen()
            )
            let activation = try await phone.proven(sandbox, person)
            let task = Task { try await activation.complete(passcode: passcode) }
            try await Task.sleep(for: .milliseconds(100))
            let start = ContinuousClock.now
            task.cancel()
            #expect(await refusal { try await task.value } == .UserCancelled(code: Code.userCancelled))
            #expect(start.duration(to: .now) < .milliseconds(300), "the key answers later")
            // The activation runs to its end all the same.
            #expect(try await eventually { try await phone.eid.isActivated() })
            try await phone.eid.unlock(passcode: passcode).lock()
        }
    }
}
