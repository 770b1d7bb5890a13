package vn.example.eid.tests

import java.io.File
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertTrue
import org.junit.AfterClass
import org.junit.BeforeClass
import org.junit.Test
import org.junit.runner.RunWith
import org.junit.runners.Parameterized
import vn.example.eid.core.ActDraft
import vn.example.eid.core.ActProgress
import vn.example.eid.core.FieldEdit
import vn.example.eid.core.Language
import vn.example.eid.core.RecordUpdateView
import vn.example.eid.core.Unlocked
import vn.example.eid.core.UpdateStep
import vn.example.eid.showFaceFor
import vn.example.eid.showPasscodeFor
import vn.example.eid.signInWith

/** How long every authority takes here, in seconds. */
private const val TAKES = 60

/** Changes of records of every kind: written offline, confirmed, sent, refused, corrected, accepted. */
@RunWith(Parameterized::class)
class RecordsTest(private val kind: String, private val case: Map<String, Any?>) {
    private val form = texts("form")
    private val refused = texts("refused")
    private val findings = read<Map<String, List<Any>>>("findings")
    private val hasEvidence = read<Boolean>("evidence")
    private val refusal = read<Map<String, Any>>("refusal")

    @Test
    fun record_is_changed_offline_refused_corrected_and_accepted() = test {
        var unlocked = opened()
        val known = unlocked.records(Language.EN, kind)
        val base = known.first().id.takeIf { read("existing") }

        sandbox.fault("down")
        val begun = unlocked.beginUpdate(kind, base)
        val right = begun.texts() + form
        val wrong = findings.mapValues { it.value[0] as String }
        val draft = unlocked.editUpdate(begun.id, edits(form + wrong))
        assertEquals(
            findings.map { Pair(it.key, (it.value[1] as Long).toUInt()) }.toSet(),
            draft.findings.filter { it.isError }.map { Pair(it.path, it.code) }.toSet(),
        )
        phone.restart()
        unlocked = phone.app.unlock(passcode())
        assertEquals(draft, unlocked.recordUpdate(draft.id), "nothing that was typed is lost")
        refusedWith(8186) { confirm(unlocked, draft.id) }
        val cured = wrong.keys.associateWith { right[it] } + refused
        assertTrue(unlocked.editUpdate(draft.id, edits(cured)).findings.none { it.isError })
        if (hasEvidence) unlocked.attachEvidence(draft.id, photo(kind))
        assertEquals(UpdateStep.QUEUED, confirm(unlocked, draft.id).step)
        sandbox.fault("off")

        phone.restart()
        unlocked = opened()
        val sent = unlocked.recordUpdate(draft.id)
        val dossier = assertNotNull(sent.receipt).dossier
        for (piece in sent.evidence) {
            val arrived = sandbox.evidence(citizen, piece.sha256)
            assertContentEquals(byteArrayOf(-1, -40), arrived.copyOf(2))
            assertFalse(PLANTED in String(arrived, Charsets.ISO_8859_1))
        }
        unlocked = later()
        val told = unlocked.recordUpdate(draft.id)
        assertEquals(UpdateStep.REFUSED, told.step)
        val reason = assertNotNull(told.reason)
        assertEquals(Pair(refusal["code"], refusal["path"]), Pair(reason.code.toLong(), reason.path))

        val again = unlocked.beginUpdate(kind, sent.record)
        assertEquals(told.texts(), again.texts(), "what was refused is corrected, not typed anew")
        unlocked.editUpdate(again.id, edits(refused.keys.associateWith { right[it] }))
        if (hasEvidence) unlocked.attachEvidence(again.id, photo(kind))
        confirm(unlocked, again.id)
        unlocked.syncRecords()
        assertNotEquals(dossier, assertNotNull(unlocked.recordUpdate(again.id).receipt).dossier)
        unlocked = later()
        assertEquals(UpdateStep.ACCEPTED, unlocked.recordUpdate(again.id).step)
        val record = unlocked.record(kind, sent.record, Language.EN)
        assertEquals(Pair("ok", emptyList()), Pair(record.status, record.pending))
        assertTrue(record.lines.isNotEmpty() && record.lines.none { it.text in "$record" })
    }

    private inline fun <reified T> read(name: String): T = assertIs<T>(case[name])

    private fun texts(name: String) = read<Map<String, String>>(name)

    companion object {
        private val table = Json.read(File("tests/journeys/records.json").readText()) as Map<*, *>
        private val citizen = CITIZENS.single { it.pid == table["person"] }
        private lateinit var world: World
        private val phone get() = world.phone
        private val sandbox get() = world.sandbox

        @JvmStatic
        @Parameterized.Parameters(name = "{0}")
        fun kinds(): List<Array<Any?>> =
            (table["kinds"] as List<*>).map { it as Map<*, *> }.map { arrayOf(it["kind"], it) }

        /** One phone for all kinds, on which face or finger count. */
        @JvmStatic
        @BeforeClass
        fun activate() = test {
            world = World()
            phone.activate(sandbox, citizen).use { unlocked ->
                val ordered = unlocked.orderAct(ActDraft.CountBiometrics(true))
                unlocked.showPasscodeFor(ordered.id, passcode())
                assertIs<ActProgress.BiometricsCount>(unlocked.showFaceFor(ordered.id, sandbox.faceOf(citizen)))
            }
            sandbox.authority("natural", TAKES)
        }

        @JvmStatic
        @AfterClass
        fun away() = world.close()

        /** Unlocked, signed in, and as new as the platform. */
        private suspend fun opened(): Unlocked = phone.app.unlock(passcode()).apply {
            signInWith(passcode())
            syncRecords()
        }

        /** After the authorities had their time. */
        private suspend fun later(): Unlocked {
            world.pass(TAKES + 1L)
            return opened()
        }

        /** With what the act asks for. */
        private suspend fun confirm(unlocked: Unlocked, id: String): RecordUpdateView {
            val step = unlocked.orderAct(ActDraft.SubmitUpdate(id))
            val shown = unlocked.showPasscodeFor(step.id, passcode())
            val done = if (shown is ActProgress.Missing) unlocked.answerWithBiometrics(step.id) else shown
            assertEquals(ActProgress.Queued, done)
            return unlocked.recordUpdate(id)
        }

        private fun edits(texts: Map<String, String?>) = texts.map { FieldEdit(it.key, it.value) }

        private fun RecordUpdateView.texts() = form.associate { it.path to it.text }
    }
}
