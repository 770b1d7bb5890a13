import EidKit
import Foundation
import Testing

extension Journeys {
    /// A counter asks, the citizen answers: from the counter's program through the platform to the app and back.
    @Suite struct CounterAsks {
        private let sandbox: Sandbox
        private let clock = MovableClock()
        private let phone: Phone
        private let counter: Counter

        init() throws {
            sandbox = try Sandbox()
            phone = try Phone(sandbox, clock: clock, batch: 2)
            counter = try Counter(sandbox)
        }

        @Test func citizen_seesWhoAsksAndTheAnswerPassesForThatQuestionAlone() async throws {
            let (unlocked, page) = (try await phone.ready(sandbox), try counter.page())
            let question = try page.ask("id")
            let ask = try await unlocked.readCounterCode(text: question.text)
            let view = ask.view()
            #expect(view.name == Counter.title && view.counter == counter.name && view.reason == Counter.reason)
            #expect(view.purposes == [.id] && view.photo && view.claims.isEmpty && view.registrar == "r.example")
            #expect(view.expiresAt > Int64(Date().timeIntervalSince1970) && view.checkedAsOf != nil)
            #expect(try await unlocked.missingForAnswer() == [])

            let draft = AnswerDraft(purpose: .id, photo: true)
            var dumped = "\(view) \(draft)"
            dump((view, draft), to: &dumped)
            #expect(!dumped.contains(Counter.reason) && !dumped.contains("true"))
            let proof = try await unlocked.answerCounter(ask: ask, draft: draft).sign()
            #expect(try page.verdict(on: proof) == "Q08")
            #expect(try page.verdict(on: proof, page.ask("id")) == "Q08")
            #expect(try page.verdict(on: proof, question) == "Q00")
            #expect(try Counter(sandbox, "rp/0101234567-002").verdict(on: proof) == "Q07")
            let entry = try await unlocked.history(before: nil, limit: 1).items.first
            #expect(entry?.counterpart == "\(Counter.title) (\(counter.name))")
            #expect(throws: ProgramFailure.self) { try page.ask("residence") }
        }

        @Test func moreThanWasAskedAndCodesOfOthers_areRefused() async throws {
            let (unlocked, question) = (try await phone.ready(sandbox), try counter.ask("age"))
            let ask = try await unlocked.readCounterCode(text: question.text)
            for beyond in [AnswerDraft(purpose: .age, photo: true), AnswerDraft(purpose: .id)] {
                let error = await refusal { try await unlocked.answerCounter(ask: ask, draft: beyond) }
                #expect(error == .Invalid(code: Code.answerBeyondRequest))
            }
            let unknown = AnswerDraft(purpose: .flex, claims: ["shoe_size"])
            let error = await refusal { try await unlocked.answerCounter(ask: ask, draft: unknown) }
            #expect(error == .Invalid(code: Code.claimInvalid))

            let stranger = try Sandbox()
            let yesterday = "\(Int(Date().timeIntervalSince1970) - 86_400)"
            let codes = [
                ("VN1R:ABC", Code.counterCodeUnreadable), ("", Code.counterCodeUnreadable),
                (String(repeating: "7", count: 100_000), Code.counterCodeUnreadable),
                (question.text.dropLast(9) + "000000000", Code.requestForged),
                (try Counter(stranger).ask("age").text, Code.counterNotRegistered),
                (try counter.ask("age", "--at", yesterday).text, Code.requestStale),
            ]
            for (text, code) in codes {
                #expect(await refusal { try await unlocked.readCounterCode(text: text) }?.code == code)
            }
            let noted = try await unlocked.history(before: nil, limit: 50).items.compactMap(\.code)
            #expect(noted == [Code.requestStale, Code.counterNotRegistered, Code.requestForged])
        }

        @Test func counterWithdrawn_isRefusedAfterTheNextContact() async throws {
            let (unlocked, question) = (try await phone.ready(sandbox), try counter.ask("age"))
            let (ask, draft) = (try await unlocked.readCounterCode(text: question.text), AnswerDraft(purpose: .age))
            try sandbox.set(counter, "suspended")
            _ = try await unlocked.refill()
            let reading = await refusal { try await unlocked.readCounterCode(text: question.text) }
            #expect(reading == .Rejected(code: Code.counterWithdrawn))
            let answering = await refusal { try await unlocked.answerCounter(ask: ask, draft: draft) }
            #expect(answering == .Rejected(code: Code.counterWithdrawn))
            try sandbox.set(counter, "valid")
            _ = try await unlocked.refill()
            #expect(try await unlocked.readCounterCode(text: question.text).view().checkedAsOf != nil)
        }

        @Test func printedCode_namesTheCounterAndTheProofIsForItAlone() async throws {
            let unlocked = try await phone.ready(sandbox)
            let ask = try await unlocked.readCounterCode(text: counter.poster())
            let view = ask.view()
            #expect(Set(view.purposes) == [.age, .id] && view.name == Counter.title)
            #expect(!view.photo && view.reason == nil)
            let beyond = AnswerDraft(purpose: .residence)
            let error = await refusal { try await unlocked.answerCounter(ask: ask, draft: beyond) }
            #expect(error?.code == Code.answerBeyondRequest)
            let proof = try await unlocked.answerCounter(ask: ask, draft: AnswerDraft(purpose: .age)).sign()
            #expect(try counter.verdict(on: proof) == "Q00")
            #expect(try Counter(sandbox, "rp/0101234567-002").verdict(on: proof) == "Q07")
        }

        @Test func paper_isSignedAndItsHolderIsNotProven() async throws {
            let unlocked = try await phone.ready(sandbox)
            let flex = await refusal { try await unlocked.printPaper(purpose: .flex, photo: false) }
            #expect(flex == .Invalid(code: Code.purposeUnknown))
            let paper = try await unlocked.printPaper(purpose: .id, photo: false)
            #expect(try sandbox.verdict(on: paper.text) == "W19")
            #expect(paper.validUntil > Int64(Date().timeIntervalSince1970) && paper.qr.side > 50)
            var dumped = "\(paper)"
            dump(paper, to: &dumped)
            let tells = dumped.contains(paper.text)
            #expect(!tells)
        }

        @Test func answerSentOverTheNetwork_isTakenOnceAndOneThatCannotBeSentIsShown() async throws {
            let unlocked = try await phone.ready(sandbox)
            let online = try Counter(sandbox, "rp/0101234567-004", host: freeAddress())
            let (page, draft) = (try online.page(), AnswerDraft(purpose: .id, photo: true))
            let question = try page.ask("id")
            let ask = try await unlocked.readCounterCode(text: question.text)
            #expect(ask.view().answerHost == online.host)
            #expect(try page.collect(question) == nil)
            let shown = try await unlocked.answerCounter(ask: ask, draft: draft)
            // The second time it is known that the counter has it.
            for _ in 0..<2 { try await shown.send() }
            #expect(try page.collect(question) == "Q00")
            #expect(try page.collect(question) == nil)
            let entry = try #require(try await unlocked.history(before: nil, limit: 1).items.first)
            #expect(entry.act == .sent && entry.counterpart == "\(Counter.title) (\(online.name))" && entry.code == nil)

            let next = try await unlocked.readCounterCode(text: page.ask("id").text)
            let unsent = try await unlocked.answerCounter(ask: next, draft: draft)
            page.close()
            let error = await refusal { try await unsent.send() }
            #expect(error?.code == Code.answerNotDelivered)
            #expect(try await unlocked.history(before: nil, limit: 1).items.first?.code == Code.answerNotDelivered)
            // It answers a question of the page, and of no other.
            #expect(try online.verdict(on: try await unsent.sign()) == "Q08")
        }

        @Test func passcode_isAskedForAgainAfterAWhile() async throws {
            let unlocked = try await phone.ready(sandbox)
            // Used now and then, so that it does not lock by itself.
            for _ in 0..<4 {
                clock.pass(240)
                _ = try await unlocked.home()
            }
            #expect(try await unlocked.missingForAnswer() == [.known])
            let now = "\(try clock.now().unixSeconds)"
            let question = try counter.ask("age", "--at", now)
            let (ask, draft) = (try await unlocked.readCounterCode(text: question.text), AnswerDraft(purpose: .age))
            let early = await refusal { try await unlocked.answerCounter(ask: ask, draft: draft) }
            #expect(early?.code == Code.authLevelTooLow)
            let wrong = await refusal { try await unlocked.confirmPasscode(passcode: Data("314159".utf8)) }
            #expect(wrong?.code == Code.passcodeWrong)
            try await unlocked.confirmPasscode(passcode: passcode)
            #expect(try await unlocked.missingForAnswer() == [])
            let proof = try await unlocked.answerCounter(ask: ask, draft: draft).sign()
            #expect(try counter.verdict(on: proof, question, "--at", now) == "Q00")
        }
    }
}
