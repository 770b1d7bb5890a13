package vn.example.eid.tests

import java.io.File

/** What a camera writes into its pictures, and nobody else is to have. */
const val PLANTED = "PLANTED-271828 21.0285N 105.8542E"

/** A picture of a paper, as a phone's camera takes it: a JPEG with a comment and, after its end, more. */
fun photo(salt: String): ByteArray {
    val portrait = File("tests/sandbox/portraits/${salt.length % 5 + 1}.jpg").readBytes()
    val text = PLANTED.toByteArray()
    val comment = byteArrayOf(-1, -2, 0, (text.size + 2).toByte()) + text
    return portrait.copyOf(2) + comment + portrait.drop(2) + text + salt.toByteArray()
}
