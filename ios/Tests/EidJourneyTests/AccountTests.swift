import EidKit
import Foundation
import Testing

private let newPasscode = Data("161803".utf8)

extension Journeys {
    /// Signing in at the platform, and what only somebody who has may do.
    @Suite struct AccountAtThePlatform {
        private let sandbox: Sandbox
        private let phone: Phone

        init() throws {
            sandbox = try Sandbox()
            phone = try Phone(sandbox)
        }

        @Test func signedInCitizen_seesThePhonesUntilLocking() async throws {
            let unlocked = try await phone.ready(sandbox)
            #expect(await refusal { try await unlocked.devices() }?.code == Code.authLevelTooLow)
            #expect(try await unlocked.signIn(passcode: passcode).authLevel == 2)
            #expect(try await unlocked.devices().map(\.active) == [true])
            unlocked.lock()
            let again = try await phone.eid.unlock(passcode: passcode)
            #expect(await refusal { try await again.devices() }?.code == Code.authLevelTooLow)
        }

        @Test func forgottenPasscode_isReplacedAndDraftsAreKept() async throws {
            let (unlocked, person) = (try await phone.ready(sandbox), try sandbox.citizen())
            _ = try await unlocked.draftDataRequest(kind: .correct, text: "Sai năm sinh")
            unlocked.lock()
            #expect(await refusal { try await phone.eid.unlock(passcode: newPasscode) }?.code == Code.passcodeWrong)
            _ = try await phone.eid.startRecovery(pid: person.pid, phone: person.phone)
            // The app is killed meanwhile.
            let eid = try phone.restarted()
            let recovery = try #require(try await eid.resumeActivation())
            #expect(try recovery.state()?.purpose == .recover)
            try await phone.prove(sandbox, recovery, person)
            let recovered = try await recovery.complete(passcode: newPasscode)
            #expect(try await recovered.dataRequests().map(\.text) == ["Sai năm sinh"])
            #expect(try await recovered.signIn(passcode: newPasscode).authLevel == 2)
            recovered.lock()
            #expect(await refusal { try await eid.unlock(passcode: passcode) }?.code == Code.passcodeWrong)
            try await eid.unlock(passcode: newPasscode).lock()
            eid.shutdown()
        }

        @Test func lostPhone_isLockedByCodeFromAnotherAndOpensAgainWhenThatIsLifted() async throws {
            let (other, person) = (try Phone(sandbox), try sandbox.citizen())
            let activation = try await phone.proven(sandbox, person)
            let unlocked = try await activation.complete(passcode: passcode)
            _ = try await unlocked.refill()
            let code = try #require(try activation.lockCode()).groups.joined(separator: " ")
            let wrong = await refusal { try await other.eid.lockAccountByCode(pid: person.pid, code: "000000") }
            #expect(wrong != nil)
            try await other.eid.lockAccountByCode(pid: person.pid, code: code)
            #expect(await refusal { try await unlocked.refill() } != nil)
            #expect(await refusal { try await unlocked.home() }?.code == Code.locked)
            let state = try #require(try await phone.eid.appStatus().account)
            #expect(state == .selfLocked || state == .locked)
            #expect(await refusal { try await phone.eid.unlock(passcode: passcode) } != nil)

            let lifting = try await other.eid.startAccountUnlock(pid: person.pid, phone: person.phone)
            try await phone.prove(sandbox, lifting, person)
            #expect(try lifting.state()?.step == .lock)
            try await lifting.liftLock()
            #expect(try await other.eid.isActivated() == false)
            _ = try await phone.eid.unlock(passcode: passcode).refill()
            #expect(try await phone.eid.appStatus().account == .active)
            other.eid.shutdown()
        }

        @Test func newPhone_supersedesTheOldOneWhichSealsItself() async throws {
            let (old, new) = (try await phone.ready(sandbox), try Phone(sandbox))
            let after = try await new.ready(sandbox)
            #expect(await refusal { try await old.signIn(passcode: passcode) }?.code == Code.accountMoved)
            #expect(try await phone.eid.appStatus().account == .superseded)
            #expect(await refusal { try await phone.eid.unlock(passcode: passcode) }?.code == Code.accountMoved)
            _ = try await after.signIn(passcode: passcode)
            #expect(try await after.devices().filter(\.active).count == 1)
            new.eid.shutdown()
        }

        @Test func changedPasscode_signsInAndUnlinkingLeavesNothing() async throws {
            let unlocked = try await phone.ready(sandbox)
            #expect(try await unlocked.changePasscode(old: passcode, new: newPasscode) == .changed)
            #expect(await refusal { try await unlocked.signIn(passcode: passcode) }?.code == Code.passcodeWrong)
            #expect(try await unlocked.signIn(passcode: newPasscode).authLevel == 2)
            try await unlocked.unlink(passcode: newPasscode)
            #expect(try await phone.eid.isActivated() == false)
            #expect(await refusal { try await unlocked.home() }?.code == Code.locked)
            try await phone.ready(sandbox).lock()
        }

        @Test func versionThatIsNotServed_isToldSo() async throws {
            let unlocked = try await phone.ready(sandbox)
            try sandbox.configure("\"update\": {\"required_below\": \"9.0.0\"}")
            #expect(try await phone.eid.renewConfiguration().update == .required)
            #expect(await refusal { try await unlocked.refill() }?.code == Code.updateRequired)
            try sandbox.configure("")
            _ = try await unlocked.refill()
            #expect(try await phone.eid.appStatus().update == .fine)
        }
    }
}
