import Foundation

/// ECDSA P-256 signatures as key hardware gives them: X9.62, the DER of `SEQUENCE { INTEGER r, INTEGER s }`.
public enum X962Signature {
    /// The length of r and of s, in bytes.
    private static let half = 32

    /// r ‖ s in 64 bytes, big-endian, as JOSE and COSE want it (RFC 7518 section 3.4).
    ///
    /// Strict: exactly one encoding of each signature is taken, nothing may follow it, and neither number may be zero,
    /// negative or longer than 32 bytes. Nil for everything else.
    public static func raw(_ der: Data) -> Data? {
        var rest = der[...]
        // Two numbers of at most 33 bytes with their headers: every length fits its short form.
        guard takeHeader(&rest, tag: 0x30) == rest.count,
            let r = takeNumber(&rest), let s = takeNumber(&rest), rest.isEmpty
        else { return nil }
        return r + s
    }

    /// The next positive INTEGER, padded to 32 bytes.
    private static func takeNumber(_ rest: inout Data) -> Data? {
        guard let length = takeHeader(&rest, tag: 0x02), length > 0 else { return nil }
        var number = rest.prefix(length)
        rest = rest.dropFirst(length)
        if number.first == 0 {
            number = number.dropFirst()
            // A leading zero is there to keep a number positive and for nothing else; zero itself is not allowed.
            guard let first = number.first, first >= 0x80 else { return nil }
        } else if let first = number.first, first >= 0x80 {
            return nil
        }
        guard number.count <= half else { return nil }
        return Data(repeating: 0, count: half - number.count) + number
    }

    /// The length that a header with this tag announces, if there is that much.
    private static func takeHeader(_ rest: inout Data, tag: UInt8) -> Int? {
        guard rest.popFirst() == tag, let length = rest.popFirst(), length < 0x80, length <= rest.count else {
            return nil
        }
        return Int(length)
    }
}
