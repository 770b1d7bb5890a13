package vn.example.eid

import java.math.BigInteger
import java.security.KeyPairGenerator
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import org.junit.Test
import vn.example.eid.core.SecureKeyException

class EncodingTest {
    @Test
    fun signature_in_der_becomes_r_and_s() {
        val high = "80" + "00".repeat(30) + "01"
        val cases = listOf(
            "3006" + "020101" + "020102" to number(1) + number(2),
            "3008" + "02020080" + "020200ff" to number(0x80) + number(0xff),
            "3046" + "022100$high" + "022100$high" to hex(high + high),
            "3044" + "0220" + "7f".repeat(32) + "0220" + "01".repeat(32) to hex("7f".repeat(32) + "01".repeat(32)),
        )
        for ((der, raw) in cases) assertContentEquals(raw, rawSignature(hex(der)), der)
    }

    @Test
    fun signature_in_any_other_form_is_refused() {
        val cases = mapOf(
            "nothing" to "",
            "no sequence" to "3106020101020102",
            "length of the sequence too small" to "3005020101020102",
            "length of the sequence too large" to "3007020101020102",
            "long form of the length" to "308106020101020102",
            "indefinite length" to "3080020101020102",
            "bytes after the numbers" to "300702010102010200",
            "bytes after the sequence" to "300602010102010200",
            "one number" to "3003020101",
            "a number of no bytes" to "300602000204010101",
            "no number" to "3006040101020102",
            "second is no number" to "3006020101040102",
            "first runs over the end" to "3006020901020102",
            "second runs over the end" to "3006020101020402",
            "negative r" to "3006020181020102",
            "negative s" to "3006020101020182",
            "zero" to "3006020100020101",
            "zero in s" to "3006020101020100",
            "padded without need" to "30070202000102010" + "1",
            "padded twice" to "3009" + "020400000080" + "020101",
            "33 digits" to "3026" + "022101" + "00".repeat(32) + "020101",
            "33 digits after a pad" to "3027" + "02220080" + "00".repeat(32) + "020101",
            "a length with its highest bit" to "300602ff01020102",
        )
        for ((why, der) in cases) {
            assertFailsWith<SecureKeyException.Malformed>(why) { rawSignature(hex(der)) }
        }
    }

    @Test
    fun every_cut_of_a_signature_is_refused() {
        val der = hex("3046" + ("022100" + "80" + "00".repeat(30) + "01").repeat(2))
        for (length in der.indices) {
            assertFailsWith<SecureKeyException.Malformed> { rawSignature(der.copyOf(length)) }
        }
    }

    @Test
    fun java_signatures_of_every_length_are_read_back() {
        val pair = keyPair("secp256r1")
        val lengths = mutableSetOf<Int>()
        repeat(3_000) { i ->
            val der = Signature.getInstance("SHA256withECDSA").run {
                initSign(pair.private)
                update(i.toByte())
                sign()
            }
            lengths += der.size
            val raw = rawSignature(der)
            assertEquals(64, raw.size)
            assertContentEquals(der, derOf(raw))
        }
        assert(lengths.size >= 3) { "only lengths $lengths were tried" }
    }

    @Test
    fun public_key_becomes_a_point_of_65_bytes() {
        repeat(600) {
            val key = keyPair("secp256r1").public as ECPublicKey
            val point = publicPoint(key)
            assertEquals(65, point.size)
            assertEquals(4, point[0])
            assertEquals(key.w.affineX, BigInteger(1, point.copyOfRange(1, 33)))
            assertEquals(key.w.affineY, BigInteger(1, point.copyOfRange(33, 65)))
        }
    }

    @Test
    fun public_key_of_another_curve_is_refused() {
        val key = keyPair("secp384r1").public as ECPublicKey
        assertFailsWith<SecureKeyException.Malformed> { publicPoint(key) }
    }

    /** X9.62 by the book, through BigInteger: another way than the code goes. */
    private fun derOf(raw: ByteArray): ByteArray {
        val numbers = listOf(raw.copyOf(32), raw.copyOfRange(32, 64)).map { BigInteger(1, it).toByteArray() }
        val body = numbers.fold(byteArrayOf()) { all, n -> all + byteArrayOf(2, n.size.toByte()) + n }
        return byteArrayOf(0x30, body.size.toByte()) + body
    }

    private fun keyPair(curve: String) =
        KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec(curve)) }.generateKeyPair()

    private fun number(value: Int) = ByteArray(32).also { it[31] = value.toByte() }

    private fun hex(text: String) = text.chunked(2).map { it.toInt(16).toByte() }.toByteArray()
}
