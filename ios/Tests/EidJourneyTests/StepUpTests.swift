import EidKit
import Foundation
import Testing

private let phrase = "Mèo vàng trên mái"
private let number = "0900000777"

private struct NothingMissing: Error {}

extension Journeys {
    /// Acts that ask for more than a session, through the prompt: passcode, face, finger.
    @Suite struct SteppingUp {
        private let sandbox: Sandbox
        private let phone: Phone

        init() throws {
            sandbox = try Sandbox()
            phone = try Phone(sandbox)
        }

        @Test func phraseOrdered_outlivesTheAppAndIsShownBeforeThePasscode() async throws {
            let unlocked = try await phone.activated(sandbox)
            for bad in ["ab", String(repeating: "a", count: 41), "ma 271828"] {
                let error = await refusal { try await unlocked.orderAct(draft: .setPhrase(phrase: bad)) }
                #expect(error?.code == Code.phraseInvalid)
            }
            let ordered = try await unlocked.orderAct(draft: .setPhrase(phrase: phrase))
            #expect(ordered.act == "set_phrase" && ordered.level == 2 && ordered.choices == [.passcode])
            let eid = try phone.restarted()
            let again = try await eid.unlock(passcode: passcode)
            #expect(try await again.pendingAct() == ordered)
            let digits = Data("314159".utf8)
            let wrong = await refusal { try await again.answerWithPasscode(id: ordered.id, passcode: digits) }
            #expect(wrong == .AuthFailed(code: Code.passcodeWrong, wrongTries: 1, waitS: 0, triesLeft: nil))
            // An answer that was given twice does no harm.
            for _ in 0..<2 {
                #expect(try await again.answerWithPasscode(id: ordered.id, passcode: passcode) == .done)
            }
            #expect(try await again.pendingAct() == nil)
            let nobodys = String(repeating: "0", count: 32)
            let unknown = await refusal { try await again.answerWithPasscode(id: nobodys, passcode: passcode) }
            #expect(unknown?.code == Code.orderUnknown)
            again.lock()
            #expect(try await eid.safetyPhrase() == phrase)
            eid.shutdown()
        }

        @Test func newLockCode_takesPasscodeAndFaceAndOnlyTheNewOneLocks() async throws {
            let (unlocked, person) = (try await phone.activated(sandbox), try sandbox.citizen())
            let first = try await unlocked.orderAct(draft: .newLockCode)
            try await unlocked.cancelAct(id: first.id)
            #expect(try await unlocked.pendingAct() == nil)
            let step = try await passcodeShown(.newLockCode, unlocked)
            #expect(step.missing == [.biometric] && step.choices == [.face])
            let blurred = await refusal {
                try await unlocked.answerWithFace(id: step.id, picture: Data("no picture".utf8))
            }
            #expect(blurred?.code == Code.faceUnreadable)
            let picture = try sandbox.face(of: person)
            let done = try await unlocked.answerWithFace(id: step.id, picture: picture)
            guard case .newLockCode(let code) = done else {
                Issue.record("there is a new lock code")
                return
            }
            let tells = "\(done) \(code)".contains(code.groups[0])
            #expect(!tells && code.groups.count == 3)
            let other = try Phone(sandbox)
            try await other.eid.lockAccountByCode(pid: person.pid, code: code.groups.joined())
            #expect(await refusal { try await unlocked.refill() } != nil)
            #expect(try await phone.eid.appStatus().account != .active)
            other.eid.shutdown()
        }

        @Test func finger_countsInPlaceOfTheFaceOnceTheFaceWasShown() async throws {
            let (unlocked, person) = (try await phone.activated(sandbox), try sandbox.citizen())
            let step = try await passcodeShown(.countBiometrics(atOnce: true), unlocked)
            let counted = try await unlocked.answerWithFace(id: step.id, picture: sandbox.face(of: person))
            guard case .biometricsCount = counted else {
                Issue.record("face or finger count")
                return
            }
            unlocked.lock()
            let again = try await phone.eid.unlock(passcode: passcode)
            let other = try await passcodeShown(.newLockCode, again)
            #expect(other.choices == [.biometrics, .face])
            guard case .newLockCode = try await again.answerWithBiometrics(id: other.id) else {
                Issue.record("the finger is enough")
                return
            }
        }

        @Test func phoneNumber_isChangedAndNothingIsTypedTwice() async throws {
            let unlocked = try await phone.activated(sandbox)
            let early = await refusal { try await unlocked.sendPhoneCode(draft: .change(phone: number)) }
            #expect(early?.code == Code.authLevelTooLow)
            _ = try await unlocked.signIn(passcode: passcode)
            let unasked = await refusal { try await unlocked.orderAct(draft: .changePhone(code: "000000")) }
            #expect(unasked?.code == Code.phoneCodeWrong)
            let expiresAt = try await unlocked.sendPhoneCode(draft: .change(phone: number))
            let eid = try phone.restarted()
            let again = try await eid.unlock(passcode: passcode)
            let asked = try #require(try await again.askedPhoneCode())
            #expect(asked.phone == "+84" + number.dropFirst() && asked.expiresAt == expiresAt)
            let step = try await passcodeShown(.changePhone(code: sandbox.code(sentTo: number)), again)
            let face = try sandbox.face(of: sandbox.citizen())
            #expect(try await again.answerWithFace(id: step.id, picture: face) == .done)
            #expect(try await again.askedPhoneCode() == nil)
            #expect(try await again.contacts().map { $0.hint.hasSuffix("777") } == [true])
            eid.shutdown()
        }

        /// Orders an act and shows the passcode; gives what is missing then.
        private func passcodeShown(_ draft: ActDraft, _ unlocked: Unlocked) async throws -> StepUpView {
            let ordered = try await unlocked.orderAct(draft: draft)
            let shown = try await unlocked.answerWithPasscode(id: ordered.id, passcode: passcode)
            guard case .missing(let step) = shown else { throw NothingMissing() }
            return step
        }
    }
}
