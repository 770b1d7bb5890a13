import EidKit
import Foundation
import Testing

/// What all tests of records share: `tests/journeys/records.json`.
private struct Table: Decodable {
    let person: String
    let kinds: [Case]

    static func read() throws -> Table {
        let file = URL(fileURLWithPath: "../../journeys/records.json", relativeTo: Place.cards)
        return try JSONDecoder().decode(Table.self, from: Data(contentsOf: file))
    }
}

private struct Case: Decodable {
    struct Refusal: Decodable {
        let code: UInt32
        let path: String
    }

    struct Mistake: Decodable {
        let text: String
        let code: UInt32

        init(from decoder: any Decoder) throws {
            var both = try decoder.unkeyedContainer()
            text = try both.decode(String.self)
            code = try both.decode(UInt32.self)
        }
    }

    let kind: String
    let existing: Bool
    let form: [String: String]
    let evidence: Bool
    let refused: [String: String]
    let refusal: Refusal
    let findings: [String: Mistake]
}

/// Not for printing either.
private let planted = Data("PLANTED 21.0285N 105.8542E".utf8)

extension Journeys {
    /// Changes of records: written offline, confirmed, sent, refused, corrected, accepted.
    @Suite struct Records {
        private let sandbox: Sandbox
        private let phone: Phone
        private let table: Table

        init() throws {
            sandbox = try Sandbox()
            phone = try Phone(sandbox)
            table = try Table.read()
        }

        @Test func recordOfEachKind_isChangedOfflineRefusedCorrectedAndAccepted() async throws {
            let unlocked = try await phone.activated(sandbox)
            // Face or finger count, which one kind asks for.
            let ordered = try await unlocked.orderAct(draft: .countBiometrics(atOnce: true))
            _ = try await unlocked.answerWithPasscode(id: ordered.id, passcode: passcode)
            _ = try await unlocked.answerWithFace(id: ordered.id, picture: sandbox.face(of: sandbox.citizen()))
            unlocked.lock()
            // The answer is there as soon as somebody looks.
            try sandbox.authorities("natural", delay: 0)
            #expect(Set(table.kinds.map(\.kind)) == Set(recordKinds(language: .en).map(\.kind)))
            var eid = phone.eid
            for kind in table.kinds {
                eid = try await change(kind, eid)
            }
            eid.shutdown()
        }

        @Test func viewsOfAChange_sayTheirNameOnly() async throws {
            let unlocked = try await phone.ready(sandbox)
            let begun = try await unlocked.beginUpdate(kind: "electricity")
            let edit = FieldEdit(path: "customer_code", text: "PLANTED")
            let update = try await unlocked.editUpdate(id: begun.id, edits: [edit])
            let field = try #require(update.form.first)
            #expect(field.text == "PLANTED")
            for text in ["\(edit)", "\(update)", "\(field)"] {
                let tells = text.contains("PLANTED")
                #expect(!tells && text.hasSuffix("(…)"))
            }
            var dumped = ""
            dump((edit, update, field, ActDraft.setPhrase(phrase: "PLANTED")), to: &dumped)
            let tells = dumped.contains("PLANTED")
            #expect(!tells)
        }

        /// Unlocked, signed in, and as new as the platform.
        private func opened(_ eid: Eid) async throws -> Unlocked {
            let unlocked = try await eid.unlock(passcode: passcode)
            _ = try await unlocked.signIn(passcode: passcode)
            _ = try await unlocked.syncRecords()
            return unlocked
        }

        /// Changes a record with an app that is killed in between; gives the one that was started anew.
        private func change(_ it: Case, _ eid: Eid) async throws -> Eid {
            var unlocked = try await opened(eid)
            let known = try await unlocked.records(language: .en, kind: it.kind)
            let base = it.existing ? try #require(known.first).id : nil

            try sandbox.misbehave("down")
            let begun = try await unlocked.beginUpdate(kind: it.kind, record: base)
            let right = texts(begun).merging(it.form) { $1 }
            let wrong = it.form.merging(it.findings.mapValues(\.text)) { $1 }
            let draft = try await unlocked.editUpdate(id: begun.id, edits: edits(wrong))
            let found = draft.findings.filter(\.isError)
            #expect(found.map(\.path) == Array(it.findings.keys) && found.map(\.code) == it.findings.values.map(\.code))
            unlocked.lock()
            unlocked = try await eid.unlock(passcode: passcode)
            #expect(try await unlocked.recordUpdate(id: draft.id) == draft)
            let cured = Dictionary(uniqueKeysWithValues: it.findings.keys.map { ($0, right[$0]) })
            _ = try await unlocked.editUpdate(id: draft.id, edits: edits(cured))
            _ = try await unlocked.editUpdate(id: draft.id, edits: edits(it.refused))
            if it.evidence { try await attach(draft.id, unlocked) }
            #expect(try await confirm(draft.id, unlocked).step == .queued)
            try sandbox.misbehave("off")

            eid.shutdown()
            let eid = try Eid(config: phone.config, platform: phone.platform)
            unlocked = try await opened(eid)
            let sent = try await unlocked.recordUpdate(id: draft.id)
            #expect(sent.receipt != nil)
            for piece in sent.evidence {
                let arrived = try sandbox.evidence(of: table.person, piece.sha256)
                #expect(arrived.starts(with: [0xFF, 0xD8]) && arrived.range(of: planted) == nil)
            }
            _ = try await unlocked.syncRecords()
            let refusal = try await unlocked.recordUpdate(id: draft.id)
            #expect(refusal.step == .refused)
            #expect(refusal.reason?.code == it.refusal.code && refusal.reason?.path == it.refusal.path)

            let again = try await unlocked.beginUpdate(kind: it.kind, record: sent.record)
            #expect(again.id != draft.id && texts(again) == texts(refusal))
            let corrected = Dictionary(uniqueKeysWithValues: it.refused.keys.map { ($0, right[$0]) })
            _ = try await unlocked.editUpdate(id: again.id, edits: edits(corrected))
            if it.evidence { try await attach(again.id, unlocked) }
            _ = try await confirm(again.id, unlocked)
            for _ in 0..<2 { _ = try await unlocked.syncRecords() }
            #expect(try await unlocked.recordUpdate(id: again.id).step == .accepted)
            let record = try await unlocked.record(kind: it.kind, id: sent.record, language: .en)
            #expect(record.status == "ok" && record.pending.isEmpty && !record.lines.isEmpty)
            unlocked.lock()
            return eid
        }

        private func attach(_ id: String, _ unlocked: Unlocked) async throws {
            var picture = try sandbox.face(of: sandbox.citizen())
            let length = UInt8(planted.count + 2)
            picture.insert(contentsOf: [0xFF, 0xFE, 0, length] + planted, at: 2)
            let update = try await unlocked.attachEvidence(id: id, file: picture)
            #expect(update.evidence.map(\.mediaType) == ["image/jpeg"])
        }

        private func confirm(_ id: String, _ unlocked: Unlocked) async throws -> RecordUpdateView {
            let step = try await unlocked.orderAct(draft: .submitUpdate(update: id))
            var shown = try await unlocked.answerWithPasscode(id: step.id, passcode: passcode)
            if case .missing = shown { shown = try await unlocked.answerWithBiometrics(id: step.id) }
            #expect(shown == .queued)
            return try await unlocked.recordUpdate(id: id)
        }

        private func edits(_ texts: [String: String?]) -> [FieldEdit] {
            texts.map { FieldEdit(path: $0.key, text: $0.value) }
        }

        private func texts(_ update: RecordUpdateView) -> [String: String] {
            Dictionary(uniqueKeysWithValues: update.form.map { ($0.path, $0.text) })
        }
    }
}
