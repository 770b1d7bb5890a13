import EidKit
import Foundation
import Testing

private let newPasscode = Data("161803".utf8)
private let wrongPasscode = Data("314159".utf8)

extension Journeys {
    /// Locking by itself, a passcode that is changed or used up, biometrics, and starting over.
    @Suite struct Locking {
        private let sandbox: Sandbox
        private let keys = SoftwareKeys()
        private let clock = MovableClock()
        private let phone: Phone

        init() throws {
            sandbox = try Sandbox()
            phone = try Phone(sandbox, key: HardwareKey(keys), clock: clock)
        }

        private func activated() async throws -> Unlocked {
            try await phone.activated(sandbox)
        }

        private func opens(_ eid: Eid, _ digits: Data) async -> Bool {
            let error = await refusal { try await eid.unlock(passcode: digits) }
            eid.lock()
            #expect(error == nil || error?.code == Code.passcodeWrong)
            return error == nil
        }

        @Test func idleApp_locksByItselfAndSaysSo() async throws {
            try await activated().lock()
            #expect(await eventually { phone.events.events.contains(.locked) })
            let before = phone.events.events.filter { $0 == .locked }.count
            let eid = try phone.restarted(lockIdleS: 1)
            let unlocked = try await eid.unlock(passcode: passcode)
            for _ in 0..<3 {
                try await Task.sleep(for: .milliseconds(600))
                _ = try await unlocked.home()
            }
            #expect(phone.events.events.filter { $0 == .locked }.count == before, "use keeps it open")
            #expect(await eventually { phone.events.events.filter { $0 == .locked }.count == before + 1 })
            #expect(await refusal { try await unlocked.home() }?.code == Code.locked)
            _ = try await eid.unlock(passcode: passcode).home()
            #expect(await refusal { try await unlocked.home() }?.code == Code.locked)
        }

        @Test func appInTheBackground_locksUnlessItComesBackInTime() async throws {
            let unlocked = try await activated()
            try await phone.eid.enterBackground()
            clock.pass(29)
            try await phone.eid.enterForeground()
            _ = try await unlocked.home()
            try await phone.eid.enterBackground()
            clock.pass(30)
            try await phone.eid.enterForeground()
            #expect(await refusal { try await unlocked.home() }?.code == Code.locked)

            let eid = try phone.restarted(lockBackgroundS: 0)
            let again = try await eid.unlock(passcode: passcode)
            try await eid.enterBackground()
            #expect(await eventually { await refusal { try await again.home() }?.code == Code.locked })
        }

        @Test func secondUnlock_sharesTheSessionAndEitherLocksIt() async throws {
            let first = try await activated()
            let second = try await phone.eid.unlock(passcode: passcode)
            #expect(try await first.home() == second.home())
            second.lock()
            #expect(await refusal { try await first.home() }?.code == Code.locked)
            let third = try await phone.eid.unlock(passcode: passcode)
            first.lock()
            _ = try await third.home()
            phone.eid.lock()
            #expect(await refusal { try await third.home() }?.code == Code.locked)
        }

        @Test func changedPasscode_opensAndTheOldOneDoesNot() async throws {
            let unlocked = try await activated()
            let easy = Data("123456".utf8)
            let refusals = [
                (wrongPasscode, newPasscode, Code.passcodeWrong), (passcode, easy, Code.passcodeWeak),
            ]
            for (old, new, code) in refusals {
                #expect(await refusal { try await unlocked.changePasscode(old: old, new: new) }?.code == code)
            }
            #expect(try await unlocked.changePasscode(old: passcode, new: newPasscode) == .changed)
            #expect(try await unlocked.repairs().isEmpty)
            let eid = try phone.restarted()
            #expect(await !opens(eid, passcode))
            #expect(await opens(eid, newPasscode))
        }

        @Test(arguments: ["nonsense", "truncated"])
        func unsurePasscode_isSettledAtTheNextContact(_ fault: String) async throws {
            let unlocked = try await phone.ready(sandbox)
            try sandbox.misbehave(fault, where: "/v1/instructions")
            #expect(try await unlocked.changePasscode(old: passcode, new: newPasscode) == .unsure)
            let eid = try phone.restarted()
            #expect(await opens(eid, passcode))
            #expect(await opens(eid, newPasscode))
            try sandbox.misbehave("off")
            _ = try await eid.unlock(passcode: newPasscode).refill()
            // The platform acted, and its answer was cut off; or it did not, and may yet: then either opens.
            #expect(await opens(eid, passcode) == (fault == "nonsense"))
            #expect(await opens(eid, newPasscode))
        }

        @Test func tenWrongPasscodes_destroyTheKeyAndStartingOverIsTheWayOut() async throws {
            try await activated().lock()
            var waits: [UInt64] = []
            for tries in UInt32(1)...9 {
                let error = await refusal { try await phone.eid.unlock(passcode: wrongPasscode) }
                guard case .AuthFailed(Code.passcodeWrong, tries, let wait, _) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                waits.append(wait)
                if wait > 0 {
                    let early = await refusal { try await phone.eid.unlock(passcode: passcode) }
                    #expect(early?.code == Code.passcodeWait)
                }
                clock.pass(wait)
            }
            #expect(waits == [0, 0, 60, 300, 1800, 86_400, 86_400, 86_400, 86_400])
            for digits in [wrongPasscode, passcode] {
                let error = await refusal { try await phone.eid.unlock(passcode: digits) }
                #expect(error?.code == Code.passcodeDestroyed)
            }
            #expect(errorText(code: Code.passcodeDestroyed, language: .en)?.contains("ten times") == true)
            #expect(!keys.hasSecret("vault-a") && !keys.hasSecret("vault-b"))

            try await phone.eid.reset()
            #expect(try await !phone.eid.isActivated())
            #expect(!keys.hasSecret("guard-a") && !keys.hasSecret("guard-b"))
            #expect(await refusal { try await phone.eid.unlock(passcode: passcode) }?.code == Code.notActivated)
            try await phone.eid.reset()
        }

        @Test func phoneThatStartedOver_isActivatedAgain() async throws {
            let unlocked = try await activated()
            try await phone.eid.reset()
            #expect(await refusal { try await unlocked.home() }?.code == Code.locked)
            _ = try await activated().home()
        }

        @Test func biometrics_openUntilSomebodyElseIsEnrolled() async throws {
            let eid = phone.eid
            try await activated().lock()
            #expect(await refusal { try await eid.unlockWithBiometrics() }?.code == Code.biometricsOff)
            keys.declinePrompts(true)
            #expect(await refusal { try await eid.enableBiometrics(passcode: passcode) }?.code == Code.userCancelled)
            #expect(try await !eid.hasBiometrics())
            keys.declinePrompts(false)
            try await eid.enableBiometrics(passcode: passcode)
            #expect(try await eid.hasBiometrics())
            try await eid.unlockWithBiometrics().lock()

            keys.enrol()
            #expect(await refusal { try await eid.unlockWithBiometrics() }?.code == Code.biometricsChanged)
            #expect(try await !eid.hasBiometrics())
            try await eid.enableBiometrics(passcode: passcode)
            try await eid.disableBiometrics()
            #expect(await refusal { try await eid.unlockWithBiometrics() }?.code == Code.biometricsOff)
        }
    }
}
