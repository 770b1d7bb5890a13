import EidKit
import Testing

/// Forms of records, drawn before anybody unlocks: kinds, fields, choices.
@Suite struct RecordForms {
    @Test func formOfEveryKind_canBeDrawnInBothLanguages() throws {
        let kinds = recordKinds(language: .en)
        #expect(kinds.count == 15)
        for kind in kinds {
            let vi = everyField(try recordForm(kind: kind.kind, language: .vi).fields)
            let en = everyField(try recordForm(kind: kind.kind, language: .en).fields)
            #expect(vi.map(\.name) == en.map(\.name))
            #expect(vi.map(\.label) != en.map(\.label))
            for field in en {
                #expect(canBeDrawn(field), "\(kind.kind) \(field.name)")
            }
        }
    }

    @Test func classOfALicence_isChosenWithinItsScheme() throws {
        let fields = everyField(try recordForm(kind: "driving_licence", language: .en).fields)
        let field = try #require(fields.first { $0.name == "class" })
        #expect(field.chosenWithin == "scheme")
        guard case .choice(let choices) = field.input else {
            Issue.record("it is chosen")
            return
        }
        #expect(Set(choices.filter { $0.code == "B1" }.map(\.within)).count == 2, "one class, two meanings")
    }

    @Test func formOfAnUnknownKind_isRefused() {
        for kind in ["", "planted", "BankAccount"] {
            #expect(throws: EidError.self) { try recordForm(kind: kind, language: .vi) }
        }
    }

    private func everyField(_ fields: [FieldInfo]) -> [FieldInfo] {
        fields.flatMap { field -> [FieldInfo] in
            guard case .items(_, _, let items) = field.input else { return [field] }
            return [field] + everyField(items)
        }
    }

    private func canBeDrawn(_ field: FieldInfo) -> Bool {
        switch field.input {
        case .text(let max, _): max > 0
        case .number(let min, let max): min != max
        case .choice(let choices): !choices.isEmpty && choices.allSatisfy { !$0.label.isEmpty }
        case .items(let key, let max, let fields):
            max > 0 && key.allSatisfy { name in fields.contains { $0.name == name && $0.isRequired } }
        case .name, .pid, .date, .partialDate, .phone, .flag, .commune: !field.label.isEmpty
        }
    }
}
