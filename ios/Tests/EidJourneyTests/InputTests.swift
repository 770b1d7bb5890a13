import EidKit
import Foundation
import Testing

extension Journeys {
    /// What a shell might hand over by mistake: a typed error, and the core works on.
    @Suite struct InvalidInput {
        private static let huge = String(repeating: "0", count: 1 << 20)
        private static let odd = [
            "", " ", "\u{0}", "abc", "𝟎𝟎𝟎𝟏𝟗𝟎𝟎𝟎𝟎𝟎𝟎𝟏", "00019000000", "0001900000012", "\u{202e}1", huge,
        ]

        @Test func configurationThatCannotBeUsed_isRefused() throws {
            let sandbox = try Sandbox()
            let good = try Phone(sandbox).config
            func with(
                folder: String? = nil, appId: String? = nil, url: String? = nil, ca: [Data]? = nil,
                roots: [Data]? = nil,
                batch: UInt32? = nil
            ) -> AppConfig {
                AppConfig(
                    folder: folder ?? good.folder, appId: appId ?? good.appId, platformUrl: url ?? good.platformUrl,
                    caDer: ca ?? good.caDer, trustRoots: roots ?? good.trustRoots, batch: batch ?? good.batch,
                    fastKdf: true)
            }
            let root = good.trustRoots[0]
            let bad = [
                with(folder: ""), with(folder: Self.huge), with(appId: ""), with(appId: Self.huge), with(url: ""),
                with(url: "http://127.0.0.1:1"), with(url: "https://"), with(url: "no address"), with(url: Self.huge),
                with(ca: []), with(ca: [Data()]), with(ca: [Data(count: 100)]), with(ca: [Data(count: 1 << 20)]),
                with(ca: Array(repeating: good.caDer[0], count: 1000)), with(roots: []), with(roots: [Data()]),
                with(roots: [root.dropLast()]), with(roots: [root + [0]]), with(roots: [Data(count: 65)]),
                with(roots: Array(repeating: root, count: 1000)), with(batch: 0), with(batch: 21), with(batch: .max),
            ]
            for (number, config) in bad.enumerated() {
                let platform = Platform(
                    secureKey: HardwareKey(SoftwareKeys()), clock: PhoneClock(), events: EventLog(), chip: nil,
                    integrity: nil)
                #expect(throws: EidError.self, "configuration \(number)") {
                    try Eid(config: config, platform: platform)
                }
            }
        }

        @Test func numbersAndCodesOutOfForm_areRefused() async throws {
            let sandbox = try Sandbox()
            let (phone, person) = (try Phone(sandbox), try sandbox.citizen())
            for text in Self.odd {
                let pid = await refusal { try await phone.eid.startActivation(pid: text, phone: person.phone) }
                let number = await refusal { try await phone.eid.startActivation(pid: person.pid, phone: text) }
                for error in [pid, number] {
                    guard case .Invalid = error else {
                        Issue.record("\(String(describing: error)) for a number out of form")
                        continue
                    }
                }
            }
            let activation = try await phone.eid.startActivation(pid: person.pid, phone: person.phone)
            #expect(await refusal { try await activation.complete(passcode: passcode) } != nil, "before the code")
            for code in ["", "\u{0}", "12345", "abcdef", Self.huge] {
                #expect(await refusal { try await activation.confirmCode(code) } != nil)
            }
            #expect(try await !phone.eid.isActivated())
        }

        @Test func passcodesOutOfForm_areRefusedAndCostNoTry() async throws {
            let sandbox = try Sandbox()
            let phone = try Phone(sandbox)
            let bad = [
                Data(), Data("27182".utf8), Data("2718281".utf8), Data("27182a".utf8), Data(count: 6),
                Data([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0]), Data(count: 1 << 20),
            ]
            let activation = try await phone.proven(sandbox, sandbox.citizen())
            for passcode in bad {
                #expect(await refusal { try await activation.complete(passcode: passcode) } == .Invalid(code: 2003))
            }
            #expect(
                await refusal { try await activation.complete(passcode: Data("111111".utf8)) } == .Invalid(code: 2004))
            try await activation.complete(passcode: passcode).lock()
            for passcode in bad {
                #expect(await refusal { try await phone.eid.unlock(passcode: passcode) } == .Invalid(code: 2003))
            }
            try await phone.eid.unlock(passcode: passcode).lock()
        }

        @Test func draftsThatCannotBeShown_areRefusedAndUseNothing() async throws {
            let sandbox = try Sandbox()
            let unlocked = try await Phone(sandbox).ready(sandbox)
            let before = try await unlocked.home()
            let bad = [
                PresentDraft(purpose: .flex, claims: Array(repeating: "full_name", count: 10_000)),
                PresentDraft(purpose: .flex, claims: ["no_such_claim"]), PresentDraft(purpose: .flex, claims: [""]),
                PresentDraft(purpose: .flex, claims: [Self.huge]), PresentDraft(purpose: .id, counter: ""),
                PresentDraft(purpose: .id, counter: "shop"), PresentDraft(purpose: .id, counter: Self.huge),
                PresentDraft(purpose: .id, counter: "rp/1", challenge: Data()),
                PresentDraft(purpose: .id, counter: "rp/1", challenge: Data(count: 7)),
                PresentDraft(purpose: .id, counter: "rp/1", challenge: Data(count: 33)),
                PresentDraft(purpose: .id, counter: "rp/1", challenge: Data(count: 1 << 20)),
            ]
            for (number, draft) in bad.enumerated() {
                #expect(await refusal { try await unlocked.present(draft: draft) } != nil, "draft \(number)")
            }
            #expect(try await unlocked.home() == before)
            for (before, limit) in [(nil, 0), (nil, UInt32.max), (0, 50), (UInt64.max, 50)] as [(UInt64?, UInt32)] {
                let page = try? await unlocked.history(before: before, limit: limit)
                #expect(page.map { $0.items.count <= 50 } ?? true)
            }
        }

        @Test func callsInAnotherOrder_areRefused() async throws {
            let sandbox = try Sandbox()
            let (phone, person) = (try Phone(sandbox), try sandbox.citizen())
            let notActivated = EidError.NotFound(code: Code.notActivated)
            #expect(await refusal { try await phone.eid.unlock(passcode: passcode) } == notActivated)
            let activation = try await phone.proven(sandbox, person)
            let unlocked = try await activation.complete(passcode: passcode)
            #expect(await refusal { try await activation.complete(passcode: passcode) } == .Conflict(code: 1002))
            let again = await refusal { try await phone.eid.startActivation(pid: person.pid, phone: person.phone) }
            #expect(again == .Conflict(code: 1002))
            #expect(
                await refusal { try await unlocked.present(draft: PresentDraft(purpose: .age)) } != nil,
                "nothing fetched")
            unlocked.lock()
        }
    }
}
