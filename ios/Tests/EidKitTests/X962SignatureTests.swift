import Foundation
import Testing

@testable import EidKit

/// DER of a signature whose numbers have these bytes.
private func signature(_ r: [UInt8], _ s: [UInt8]) -> Data {
    Data([0x30, UInt8(r.count + s.count + 4), 0x02, UInt8(r.count)] + r + [0x02, UInt8(s.count)] + s)
}

private let low = [UInt8](repeating: 0x7f, count: 32)
private let high = [UInt8](repeating: 0x80, count: 32)

@Suite struct X962SignatureTests {
    @Test func canonicalSignatures_becomeSixtyFourBytes() {
        #expect(X962Signature.raw(signature(low, low)) == Data(low + low))
        #expect(X962Signature.raw(signature([0] + high, low)) == Data(high + low))
        #expect(X962Signature.raw(signature(low, [0] + high)) == Data(low + high))
        let padding = [UInt8](repeating: 0, count: 31)
        #expect(X962Signature.raw(signature([1], [2])) == Data(padding + [1] + padding + [2]))
        #expect(X962Signature.raw(signature([0, 0x80], [0x7f])) == Data(padding + [0x80] + padding + [0x7f]))
    }

    @Test func sliceOfLargerData_isReadFromItsOwnStart() {
        let framed = Data([1, 2, 3]) + signature(low, [0] + high)
        #expect(X962Signature.raw(framed.dropFirst(3)) == Data(low + high))
    }

    static let refused: [(String, Data)] = [
        ("nothing", Data()),
        ("an empty sequence", Data([0x30, 0])),
        ("another tag", Data([0x31]) + signature(low, low).dropFirst()),
        ("a number that is a bit string", Data([0x30, 6, 0x03, 1, 1, 0x02, 1, 1])),
        ("a byte behind", signature(low, low) + [0]),
        ("a byte behind, inside", Data([0x30, 7, 0x02, 1, 1, 0x02, 1, 1, 0])),
        ("the end missing", signature(low, low).dropLast()),
        ("one number", Data([0x30, 3, 0x02, 1, 1])),
        ("three numbers", Data([0x30, 9, 0x02, 1, 1, 0x02, 1, 1, 0x02, 1, 1])),
        ("a number without bytes", signature([], [1])),
        ("zero", signature([0], [1])),
        ("zero in two bytes", signature([1], [0, 0])),
        ("a negative number", signature(high, low)),
        ("a leading zero too many", signature([0] + low, low)),
        ("33 bytes", signature([1] + low, low)),
        ("34 bytes", signature([0] + high + [1], low)),
        ("the long form of a length", Data([0x30, 0x81, 6, 0x02, 1, 1, 0x02, 1, 1])),
        ("the indefinite form", Data([0x30, 0x80, 0x02, 1, 1, 0x02, 1, 1, 0, 0])),
        ("a number longer than what is there", Data([0x30, 6, 0x02, 5, 1, 0x02, 1, 1])),
        ("64 raw bytes", Data(low + low)),
        ("a megabyte", Data(repeating: 0x30, count: 1 << 20)),
    ]

    @Test(arguments: refused) func otherEncoding_isRefused(_ name: String, _ der: Data) {
        #expect(X962Signature.raw(der) == nil)
    }

    @Test func everyChangedByteOfASignature_givesOtherBytesOrNone() {
        let der = signature([0] + high, low)
        for place in der.indices {
            for bit in 0..<8 {
                var changed = der
                changed[place] ^= 1 << bit
                #expect(X962Signature.raw(changed) != X962Signature.raw(der))
            }
        }
    }

    @Test func randomBytes_neverTrap() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...80, using: &random)
            var bytes = Data((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
            if length > 2 { bytes.replaceSubrange(0..<2, with: [0x30, UInt8(length - 2)]) }
            if let raw = X962Signature.raw(bytes) { #expect(raw.count == 64) }
        }
    }
}
