import EidCore
import Foundation

/// The phone's clocks, read together.
public final class PhoneClock: Clock {
    /// Where the readings come from.
    public struct Source: Sendable {
        /// Seconds since 1970, as the phone believes.
        let wallSeconds: @Sendable () -> Int64
        /// Milliseconds since the boot, also while asleep; nobody can set them.
        let monotonicMs: @Sendable () -> UInt64?
        /// The text of a UUID that is new with every boot.
        let bootId: @Sendable () -> String?

        /// Readings of one's own; nil where there is none.
        public init(
            wallSeconds: @escaping @Sendable () -> Int64, monotonicMs: @escaping @Sendable () -> UInt64?,
            bootId: @escaping @Sendable () -> String?
        ) {
            self.wallSeconds = wallSeconds
            self.monotonicMs = monotonicMs
            self.bootId = bootId
        }

        /// This machine's.
        public static let system = Source(
            wallSeconds: { Int64(Date().timeIntervalSince1970) },
            monotonicMs: systemMonotonicMs,
            bootId: systemBootId)
    }

    private let source: Source

    /// - Parameter source: this machine's clocks, unless others are given.
    public init(_ source: Source = .system) {
        self.source = source
    }

    public func now() throws -> Moment {
        guard let monotonicMs = source.monotonicMs(), let bootId = source.bootId().flatMap(Self.bytes(ofUuid:)) else {
            throw ClockError.Unavailable
        }
        return Moment(unixSeconds: source.wallSeconds(), monotonicMs: monotonicMs, bootId: bootId)
    }

    /// The 16 bytes of a UUID written in text.
    static func bytes(ofUuid text: String) -> Data? {
        UUID(uuidString: text.trimmingCharacters(in: .whitespacesAndNewlines)).map { uuid in
            withUnsafeBytes(of: uuid.uuid) { Data($0) }
        }
    }
}

#if canImport(Darwin)
    /// The raw clock of Darwin goes on while the phone sleeps.
    private let bootClock = CLOCK_MONOTONIC_RAW

    private func systemBootId() -> String? {
        var length = 37
        var text = [CChar](repeating: 0, count: length)
        guard sysctlbyname("kern.bootsessionuuid", &text, &length, nil, 0) == 0 else { return nil }
        return String(cString: text)
    }
#else
    private let bootClock = CLOCK_BOOTTIME

    private func systemBootId() -> String? {
        try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    }
#endif

@Sendable private func systemMonotonicMs() -> UInt64? {
    var time = timespec()
    guard clock_gettime(bootClock, &time) == 0 else { return nil }
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
}
