import EidKit
import Foundation
import Testing

extension Journeys {
    /// From activation to a verdict.
    @Suite struct Spine {
        @Test func readmeExample_showsAProofThatTheCounterTakes() async throws {
            let sandbox = try Sandbox()
            let (config, person) = (try Phone(sandbox).config, try sandbox.citizen())
            let (keys, events) = (SoftwareKeys(), EventLog())
            let typedCode = { try sandbox.code(sentTo: person) }
            let typedPasscode = { passcode }
            let (reader, picture) = (try CardSocket(), { try sandbox.face(of: person) })
            try reader.put(sandbox.card(of: person))
            // README begin
            let platform = Platform(
                secureKey: HardwareKey(keys), clock: PhoneClock(), events: events, chip: TagLink(reader))
            let eid = try Eid(config: config, platform: platform)
            let activation = try await eid.startActivation(pid: person.pid, phone: person.phone)
            try await activation.confirmCode(typedCode())  // from the text message
            try await activation.readCard()  // held against the phone
            try await activation.submitFace(picture())  // as the camera took it
            let unlocked = try await activation.complete(passcode: typedPasscode())  // six digits, as bytes
            _ = try await unlocked.refill()  // one-time credentials
            unlocked.lock()
            let proof = try await eid.withUnlocked(passcode: typedPasscode()) { unlocked in  // needs no network
                try await unlocked.present(draft: PresentDraft(purpose: .age)).sign()
            }
            // README end
            #expect(try sandbox.verdict(on: proof) == "Q00")
            #expect(proof.expiresAt > Int64(Date().timeIntervalSince1970))
        }

        @Test func activatedCitizen_showsEveryPurposeAndLocks() async throws {
            let sandbox = try Sandbox()
            let phone = try Phone(sandbox)
            #expect(try await phone.eid.isActivated() == false)
            let unlocked = try await phone.ready(sandbox)
            #expect(try await phone.eid.isActivated())

            let (home, person) = (try await unlocked.home(), try sandbox.citizen())
            #expect(home.account.pid == person.pid && home.account.name == person.name && home.account.level == 2)
            #expect(home.account.pidMasked != person.pid && home.account.grantExpiresAt > 0)
            #expect(home.readiness.count == 8 && home.readiness.allSatisfy { $0.unused == 1 && $0.validUntil != nil })

            for ready in home.readiness {
                let claims = ready.purpose == .flex ? ["full_name", "age_over_18"] : []
                let shown = try await unlocked.present(draft: PresentDraft(purpose: ready.purpose, claims: claims))
                let proof = try await shown.sign()
                #expect(try sandbox.verdict(on: proof) == "Q00", "\(ready.purpose)")
                #expect(proof.qr.modules.count == Int(proof.qr.side * proof.qr.side + 7) / 8)
                #expect(proof.qr.side == proof.qr.version * 4 + 17)
            }
            let used = try await unlocked.home().readiness
            #expect(used.allSatisfy { $0.unused == 0 })
            #expect(await refusal { try await unlocked.present(draft: PresentDraft(purpose: .age)) } != nil)

            let history = try await unlocked.history(before: nil, limit: 50)
            // What could not be shown stands there too, with its reason.
            let shown = history.items.filter { $0.act == .presented && $0.code == nil }
            #expect(shown.count == 8 && history.damaged == 0)
            #expect(history.items.filter { $0.code != nil }.count == 1)
            #expect(history.items.allSatisfy { !$0.fields.contains(person.pid) })
            unlocked.lock()
            #expect(await eventually { Set(phone.events.events) == [.credentialsChanged, .historyChanged, .locked] })
        }

        @Test func proofForACounter_answersItsChallengeAndNoOther() async throws {
            let sandbox = try Sandbox()
            let unlocked = try await Phone(sandbox).ready(sandbox)
            let counter = "rp/0101234567-001"
            let draft = PresentDraft(
                purpose: .id, counter: counter, challenge: Data(repeating: 7, count: 16), photo: true)
            let proof = try await unlocked.present(draft: draft).sign()
            let here = ["--counter", counter, "--nonce"]
            #expect(try sandbox.verdict(on: proof, here + [String(repeating: "07", count: 16)]) == "Q00")
            #expect(try sandbox.verdict(on: proof, here + [String(repeating: "08", count: 16)]) == "Q08")
            #expect(try sandbox.verdict(on: proof) == "Q07")
        }

        @Test func lockedPhone_unlocksWithoutThePlatform() async throws {
            let sandbox = try Sandbox()
            let phone = try Phone(sandbox)
            try await phone.ready(sandbox).lock()
            try sandbox.misbehave("down")
            let proof = try await phone.eid.withUnlocked(passcode: passcode) { unlocked in
                let shown = try await unlocked.present(draft: PresentDraft(purpose: .id))
                return try await shown.sign()
            }
            try sandbox.misbehave("nonsense")
            let error = await refusal {
                try await phone.eid.withUnlocked(passcode: passcode) { try await $0.refill() }
            }
            #expect(error?.code == Code.platformNonsense)
            try sandbox.misbehave("off")
            #expect(try sandbox.verdict(on: proof) == "Q00")
        }

        @Test func wrongPasscode_isCountedAndTheRightOneStillOpens() async throws {
            let sandbox = try Sandbox()
            let phone = try Phone(sandbox)
            try await phone.ready(sandbox).lock()
            for tries in 1...2 as ClosedRange<UInt32> {
                let error = await refusal { try await phone.eid.unlock(passcode: Data("314159".utf8)) }
                #expect(
                    error == .AuthFailed(code: Code.passcodeWrong, wrongTries: tries, waitS: 0, triesLeft: nil))
            }
            try await phone.eid.unlock(passcode: passcode).lock()
            #expect(errorText(code: Code.passcodeWrong, language: .en)?.isEmpty == false)
            #expect(errorText(code: Code.passcodeWrong, language: .vi)?.isEmpty == false)
            #expect(errorText(code: 0, language: .en) == nil && errorText(code: .max, language: .vi) == nil)
        }

        @Test func recordsWithPersonalData_sayTheirNameOnly() async throws {
            let sandbox = try Sandbox()
            let unlocked = try await Phone(sandbox).ready(sandbox)
            let draft = PresentDraft(purpose: .id, counter: "rp/planted", challenge: Data("planted!".utf8))
            let proof = try await unlocked.present(draft: draft).sign()
            let (home, page) = (try await unlocked.home(), try await unlocked.history(before: nil, limit: 50))
            let (account, entry) = (home.account, try #require(page.items.first))
            let planted = [
                account.name, account.pid, account.pidMasked, account.accountId, proof.text, "planted",
                "\(proof.qr.modules.count) bytes",
            ]
            let records: [Any] = [draft, proof, proof.qr, home, account, page, entry]
            for record in records {
                var dumped = ""
                dump(record, to: &dumped)
                for text in ["\(record)", String(reflecting: record), dumped] {
                    let found = planted.filter { text.contains($0) }.count
                    #expect(found == 0, "a record of \(text.count) characters tells what it holds")
                }
            }
            #expect("\(account)" == "AccountView(…)")
            #expect(entry.counterpart == "rp/planted")
        }
    }
}
