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
import vn.example.eid.core.ConsentDraft
import vn.example.eid.core.ConsentStatus
import vn.example.eid.core.Language
import vn.example.eid.core.MissedTerm
import vn.example.eid.core.RequestKind
import vn.example.eid.core.RequestStatus
import vn.example.eid.core.Unlocked
import vn.example.eid.signInWith

/** What holders do with what is known of them: the history, consents, and requests under the data-protection law. */
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

    @Test
    fun consent_is_exactly_what_was_shown_kept_offline_sent_and_withdrawn() = test {
        World().use { world ->
            val unlocked = world.phone.activate(world.sandbox, CITIZENS[0])
            val wrong = listOf(
                asked("pid").copy(purpose = "x") to 9006,
                asked() to 9002,
                asked("bank_account") to 9002,
                asked("pid").copy(recipientName = " ") to 9007,
                asked("pid").copy(days = 0u) to 9001,
            )
            for ((draft, code) in wrong) refusedWith(code) { unlocked.offerConsent(draft) }
            val offer = unlocked.offerConsent(asked("pid", "full_name", "face"))
            val names = offer.view().fields.map { it.name }
            assertContains(offer.view().sensitiveText.orEmpty(), "nhạy cảm")
            for (agreed in listOf(listOf(), names.take(2), names + "phone")) {
                refusedWith(9002) { unlocked.giveConsent(offer, agreed, true) }
            }
            refusedWith(9003) { unlocked.giveConsent(offer, names, false) }

            world.sandbox.fault("nonsense")
            val given = unlocked.giveConsent(offer, names, true)
            assertEquals(Pair(ConsentStatus.ACTIVE, false), Pair(given.status, given.isSent))
            world.phone.restart()
            world.phone.app.unlock(passcode()).use {
                assertEquals(listOf(given), it.consents(), "kept without the platform")
                world.sandbox.fault("off")
                refusedWith(2056) { it.renewConsents() }
                it.signInWith(passcode())
                it.renewConsents()
                assertEquals(listOf(true), it.consents().map { consent -> consent.isSent })
                assertEquals(ConsentStatus.WITHDRAWN, it.withdrawConsent(given.id).status)
                refusedWith(9005) { it.withdrawConsent("none") }
                val acts = it.history(null, 3u).items.map { entry -> entry.act }
                assertEquals(listOf(Act.WITHDRAWN, Act.SIGNED_IN, Act.CONSENTED), acts)
            }
        }
    }

    @Test
    fun request_under_the_law_is_drafted_sent_offline_and_answered_or_left_with_its_days() = test {
        World().use { world ->
            val unlocked = world.phone.activate(world.sandbox, CITIZENS[0])
            refusedWith(9012) { unlocked.draftDataRequest(RequestKind.CORRECT, "") }
            val draft = unlocked.draftDataRequest(RequestKind.CORRECT, "Sai năm sinh")
            assertEquals("Sai ngày sinh", unlocked.draftDataRequest(draft.kind, "Sai ngày sinh", draft.id).text)
            unlocked.discardDataRequest(draft.id)
            refusedWith(9010) { unlocked.sendDataRequest(draft.id) }

            val (prompt, silent) = listOf(0, 3).map { unlocked.drafted(plan = it) }
            world.sandbox.fault("nonsense", "/v1/data-requests")
            for (id in listOf(prompt, silent)) assertEquals(RequestStatus.QUEUED, unlocked.sendDataRequest(id).status)
            refusedWith(9011) { unlocked.discardDataRequest(prompt) }
            world.sandbox.fault("off")
            world.phone.restart()
            world.phone.app.unlock(passcode()).use {
                it.signInWith(passcode())
                it.renewDataRequests()
            }
            world.pass(60 * 86_400)
            world.phone.app.unlock(passcode()).use {
                it.signInWith(passcode())
                it.renewDataRequests()
                val found = it.dataRequests().associateBy { request -> request.id }
                assertEquals(Pair(RequestStatus.DONE, null), found.getValue(prompt).run { Pair(status, missed) })
                val left = found.getValue(silent)
                assertEquals(Pair(RequestStatus.RECEIVED, MissedTerm.COMPLETION), Pair(left.status, left.missed))
                assertTrue(left.daysOverdue > 0u)
            }
        }
    }

    /** What a telecom company asks for, to register a SIM card. */
    private fun asked(vararg fields: String) = ConsentDraft(
        purpose = "sim-registration",
        recipientId = "rp/telecom-1",
        recipientName = "Viễn thông Mẫu",
        fields = fields.toList(),
        language = Language.VI,
    )

    /** A draft that the sandbox will treat so, which goes by its number: 0 answers and ends it in time, 3 never. */
    private suspend fun Unlocked.drafted(plan: Int): String {
        while (true) {
            val id = draftDataRequest(RequestKind.ACCESS, "").id
            if (MessageDigest.getInstance("SHA-256").digest(id.toByteArray())[0].toUByte() % 4u == plan.toUInt()) return id
            discardDataRequest(id)
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
