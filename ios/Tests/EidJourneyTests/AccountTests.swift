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

        @Test func newPhone_supersedesTheOldOne() async throws {
            let (old, new) = (try await phone.ready(sandbox), try Phone(sandbox))
            let after = try await new.ready(sandbox)
            #expect(await refusal { try await old.signIn(passcode: passcode) }?.code == Code.deviceSuperseded)
            try await after.signIn(passcode: passcode)
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
