package vn.example.eid.tests

import java.math.BigInteger
import java.security.AlgorithmParameters
import java.security.KeyFactory
import java.security.MessageDigest
import java.security.PublicKey
import java.security.Signature
import java.security.spec.ECGenParameterSpec
import java.security.spec.ECParameterSpec
import java.security.spec.ECPoint
import java.security.spec.ECPublicKeySpec
import java.util.Base64
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.ClassRule
import org.junit.Test
import vn.example.eid.core.Act
import vn.example.eid.core.Language

/** What a holder does with the history: writes it out, so that anybody can check it, chooses its term, erases it. */
class OwnDataTest {
    companion object {
        @ClassRule
        @JvmField
        val platform = LivePlatform()
    }

    private val sandbox get() = platform.sandbox

    @Test
    fun history_written_out_is_checked_without_this_library_and_holds_no_values() = test {
        Phone(sandbox).use { phone ->
            val citizen = platform.citizen()
            phone.activate(sandbox, citizen).use { unlocked ->
                unlocked.refill()
                val export = unlocked.exportHistory(Language.EN)
                val (header, claims, signature) = export.signature.split('.')
                val key = keyIn(text(header))
                assertTrue(verified(key, "$header.$claims", signature))
                assertFalse(verified(key, "$header.${claims.reversed()}", signature))
                assertContains(text(header), "\"eid-export+jwt\"")
                val digest = MessageDigest.getInstance("SHA-256").digest(export.json)
                assertContains(text(claims), Base64.getUrlEncoder().withoutPadding().encodeToString(digest))
                assertEquals(key, keyIn(text(export.grant.split('.')[1])), "the grant is this key's")
                assertEquals(2u, export.entries)
                for (written in listOf(String(export.json), export.html, export.toString())) {
                    assertFalse(written.contains(citizen.pid))
                }
                assertFalse(export.html.contains("<script"))
                assertEquals(Act.EXPORTED, unlocked.history(null, 1u).items.single().act)
            }
        }
    }

    @Test
    fun history_is_kept_for_the_term_that_the_holder_chose_and_erased_when_he_says_so() = test {
        Phone(sandbox).use { phone ->
            phone.activate(sandbox, platform.citizen()).use { unlocked ->
                assertEquals(1827u, unlocked.historyDays())
                for (days in listOf(0u, 29u, 1828u, UInt.MAX_VALUE)) {
                    refusedWith(9001) { unlocked.keepHistoryFor(days) }
                }
                unlocked.keepHistoryFor(30u)
                unlocked.eraseHistory()
            }
            phone.restart()
            phone.app.unlock(passcode()).use { unlocked ->
                assertEquals(30u, unlocked.historyDays())
                assertEquals(listOf(Act.ERASED), unlocked.history(null, 50u).items.map { it.act })
                unlocked.lock()
                refusedWith(4006) { unlocked.exportHistory(Language.VI) }
            }
        }
    }

    private fun text(part: String) = String(Base64.getUrlDecoder().decode(part))

    /** The P-256 key in a JSON text that has one. */
    private fun keyIn(json: String): PublicKey {
        val coordinate = { name: String ->
            val found = checkNotNull(Regex("\"$name\":\"([\\w-]{43})\"").find(json)) { "no $name" }
            BigInteger(1, Base64.getUrlDecoder().decode(found.groupValues[1]))
        }
        val curve = AlgorithmParameters.getInstance("EC").apply { init(ECGenParameterSpec("secp256r1")) }
        val spec = curve.getParameterSpec(ECParameterSpec::class.java)
        return KeyFactory.getInstance("EC")
            .generatePublic(ECPublicKeySpec(ECPoint(coordinate("x"), coordinate("y")), spec))
    }

    private fun verified(key: PublicKey, signed: String, signature: String): Boolean =
        Signature.getInstance("SHA256withECDSAinP1363Format").run {
            initVerify(key)
            update(signed.toByteArray())
            verify(Base64.getUrlDecoder().decode(signature))
        }
}
