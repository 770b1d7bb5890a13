import Foundation
import Testing

@testable import EidKit

@Suite struct PhoneClockTests {
    private func clock(boot: String?, monotonic: UInt64? = 5) -> PhoneClock {
        PhoneClock(.init(wallSeconds: { 1_795_348_800 }, monotonicMs: { monotonic }, bootId: { boot }))
    }

    @Test func readings_makeAMoment() throws {
        let moment = try clock(boot: "00112233-4455-6677-8899-AABBCCDDEEFF\n").now()
        #expect(moment.unixSeconds == 1_795_348_800 && moment.monotonicMs == 5)
        #expect(Array(moment.bootId) == (0..<16).map { UInt8($0 * 0x11) })
    }

    @Test func missingOrUnreadableReadings_areUnavailable() {
        for clock in [
            clock(boot: nil), clock(boot: "boot 7"), clock(boot: ""), clock(boot: UUID().uuidString, monotonic: nil),
        ] {
            #expect(throws: ClockError.Unavailable) { try clock.now() }
        }
    }

    @Test func clocksOfThisMachine_runForwardInOneBoot() throws {
        let clock = PhoneClock()
        let first = try clock.now()
        Thread.sleep(forTimeInterval: 0.02)
        let second = try clock.now()
        #expect(second.monotonicMs >= first.monotonicMs + 20 && second.monotonicMs < first.monotonicMs + 20_000)
        #expect(first.bootId == second.bootId && first.bootId.count == 16)
        #expect(abs(second.unixSeconds - Int64(Date().timeIntervalSince1970)) <= 1)
    }
}
