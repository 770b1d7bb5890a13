package vn.example.eid

import java.math.BigInteger
import java.security.interfaces.ECPublicKey
import vn.example.eid.core.SecureKeyException

/** P-256 numbers: bytes of a coordinate, and of each half of a signature. */
private const val NUMBER = 32

/** Field prime of P-256 (FIPS 186-5): a public key on another curve has another one. */
private val PRIME = BigInteger("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16)

private const val SEQUENCE = 0x30
private const val INTEGER = 0x02

/**
 * Turns an ECDSA signature as Java gives it (X9.62: DER of r and s) into the 64 bytes r ‖ s that the core takes.
 *
 * Strict: exactly one encoding is taken for each signature, and r and s are positive.
 *
 * @throws SecureKeyException.Malformed for anything else
 */
internal fun rawSignature(der: ByteArray): ByteArray {
    // 2 · 32 bytes, a sign byte and a head of two bytes for each: the length always fits the short form.
    agreed(der.size in 8..72 && der[0].toInt() == SEQUENCE && der[1].toInt() == der.size - 2)
    val raw = ByteArray(2 * NUMBER)
    val second = copyNumber(der, 2, raw, NUMBER)
    agreed(copyNumber(der, second, raw, 2 * NUMBER) == der.size)
    return raw
}

/** Copies the INTEGER at [start] so that it ends at [end] in [raw]; gives the place after it. */
private fun copyNumber(der: ByteArray, start: Int, raw: ByteArray, end: Int): Int {
    agreed(start + 2 < der.size && der[start].toInt() == INTEGER)
    val (first, length) = Pair(start + 2, der[start + 1].toInt())
    agreed(length in 1..NUMBER + 1 && first + length <= der.size)
    agreed(der[first] >= 0)
    val padded = der[first].toInt() == 0
    // A leading zero is there only to keep the next byte from being a sign; this also refuses the number zero.
    agreed(!padded || (length > 1 && der[first + 1] < 0))
    val digits = if (padded) length - 1 else length
    agreed(digits <= NUMBER)
    der.copyInto(raw, end - digits, first + length - digits, first + length)
    return first + length
}

/**
 * The 65 bytes of a P-256 public key: 4 ‖ x ‖ y (SEC 1, 2.3.3).
 *
 * @throws SecureKeyException.Malformed for a key of another curve
 */
internal fun publicPoint(key: ECPublicKey): ByteArray {
    val field = key.params.curve.field
    agreed(field is java.security.spec.ECFieldFp && field.p == PRIME)
    val point = ByteArray(1 + 2 * NUMBER)
    point[0] = 4
    copyCoordinate(key.w.affineX, point, 1 + NUMBER)
    copyCoordinate(key.w.affineY, point, 1 + 2 * NUMBER)
    return point
}

private fun copyCoordinate(value: BigInteger, into: ByteArray, end: Int) {
    val bytes = value.toByteArray()
    // BigInteger puts a sign byte in front when the first bit is set.
    val digits = bytes.size.coerceAtMost(NUMBER)
    bytes.copyInto(into, end - digits, bytes.size - digits)
}

private fun agreed(holds: Boolean) {
    if (!holds) throw SecureKeyException.Malformed()
}
