package vn.example.eid.tests

import java.io.File
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.ClassRule
import org.junit.Test
import vn.example.eid.choosePasscode
import vn.example.eid.core.ActDraft
import vn.example.eid.core.CardDraft
import vn.example.eid.core.EidException
import vn.example.eid.core.FieldEdit
import vn.example.eid.core.HardwareInput
import vn.example.eid.core.KeyAccess
import vn.example.eid.core.Language
import vn.example.eid.core.PhoneCodeDraft
import vn.example.eid.core.PresentDraft
import vn.example.eid.core.Purpose
import vn.example.eid.core.SecureKey
import vn.example.eid.showFace
import vn.example.eid.signInWith

/** A passcode that is nowhere else: the test looks for it in everything that the child says. */
private const val RARE = "860375"

/** What the child prints last. */
private const val DONE = "the child has done everything"

class SecretsTest {
    companion object {
        @ClassRule
        @JvmField
        val platform = LivePlatform()
    }

    @Test
    fun records_with_personal_data_say_their_name_only() = test {
        Phone(platform.sandbox).use { phone ->
            val unlocked = phone.activate(platform.sandbox, platform.citizen())
            unlocked.refill()
            val draft = PresentDraft(Purpose.ID, counter = "rp/planted", challenge = "planted!".toByteArray())
            val proof = unlocked.present(draft).use { it.sign() }
            val (home, page) = Pair(unlocked.home(), unlocked.history(null, 50u))
            val (account, entry) = Pair(home.account, page.items.first())
            val said = listOf(draft, proof, proof.qr, home, account, page, entry).map { "$it" }
            val planted = listOf(account.name, account.pid, account.pidMasked, account.accountId, proof.text, "planted")
            for (text in said) assertEquals(emptyList(), planted.filter { it in text }, "${text.length} characters")
            assertEquals("AccountView(…)", "$account")
            assertEquals("rp/planted", entry.counterpart)
            unlocked.close()
        }
    }

    @Test
    fun choices_with_personal_data_say_their_name_only() {
        val acts = listOf(
            ActDraft.ChangePhone("planted"), ActDraft.SetSecondPhone("planted"), ActDraft.ConfirmPhone("planted"),
            ActDraft.SetPhrase("planted"),
        )
        for (act in acts) assertEquals("ActDraft(…)", "$act")
        val codes = listOf(PhoneCodeDraft.Change("planted"), PhoneCodeDraft.Second("planted"))
        for (code in codes) assertEquals("PhoneCodeDraft(…)", "$code")
    }

    @Test
    fun records_and_their_changes_say_their_name_only() = test {
        Phone(platform.sandbox).use { phone ->
            val unlocked = phone.activate(platform.sandbox, platform.citizen())
            unlocked.signInWith(passcode())
            unlocked.syncRecords()
            val edit = FieldEdit("customer_code", "planted")
            val update = unlocked.editUpdate(unlocked.beginUpdate("water").id, listOf(edit))
            assertEquals("planted", update.form.single().text)
            val records = unlocked.records(Language.VI).filter { it.lines.isNotEmpty() }
            val lines = records.flatMap { it.lines }
            val told = lines.filter { it.text.length > 3 }.map { it.text } + "planted"
            assertTrue(told.size > 20, "${told.size} texts")
            val said = (records + lines + update + edit + update.form + update.findings).joinToString { "$it" }
            assertEquals(emptyList(), told.filter { it in said })
            assertContains(said, "RecordUpdateView(…)")
            unlocked.close()
        }
    }

    @Test
    fun planted_secrets_are_in_nothing_that_a_process_prints() {
        val citizen = platform.citizen()
        val java = File(System.getProperty("java.home"), "bin/java").path
        val names = listOf("jna.library.path", "eid.programs", "java.io.tmpdir")
        val properties = names.map { "-D$it=${System.getProperty(it)}" }
        val ca = File.createTempFile("authority", ".der").apply { writeBytes(platform.sandbox.caDer) }
        val face = File.createTempFile("face", ".jpg").apply { writeBytes(platform.sandbox.faceOf(citizen)) }
        val child = ProcessBuilder(
            listOf(java, "-XX:+UseSerialGC") + properties +
                listOf("-cp", System.getProperty("java.class.path"), "vn.example.eid.tests.SecretsTestKt"),
        ).apply {
            environment()["RUST_BACKTRACE"] = "full"
            redirectErrorStream(true)
        }.start()
        val asked = listOf(platform.sandbox.url, ca.path, citizen.pid, citizen.phone)
        child.outputWriter().use { input ->
            input.write(asked.joinToString("\n", postfix = "\n"))
            input.flush()
            val said = StringBuilder()
            for (line in child.inputReader().lines()) {
                said.appendLine(line)
                if (line == "code?") {
                    val typed = listOf(
                        platform.sandbox.codeSentTo(citizen.phone), platform.sandbox.voucherFor(citizen), face.path,
                    )
                    input.write(typed.joinToString("\n", postfix = "\n"))
                    input.flush()
                }
            }
            assertEquals(0, child.waitFor(), "$said")
            assertTrue(said.contains(DONE), "$said")
            assertTrue(said.contains("EidException"), "nothing was provoked: $said")
            for (planted in listOf(RARE, citizen.pid, citizen.phone, PERSONAL)) {
                assertFalse(said.contains(planted), "$planted is in: $said")
            }
        }
    }
}

/** The child: goes the whole way, provokes what it can, and prints every exception as a careless shell would. */
fun main() = test {
    val (url, ca, pid, number) = List(4) { readln() }
    Phone(url, File(ca).readBytes()).use { phone ->
        val citizen = Citizen(pid, number)
        val broken = object : SecureKey by phone.ports.honest {
            override suspend fun sign(alias: String, data: ByteArray) = throw IllegalStateException(PERSONAL)
            override suspend fun derive(alias: String, input: HardwareInput) = throw IllegalArgumentException(PERSONAL)
            override suspend fun makeSecret(alias: String, access: KeyAccess) = throw RuntimeException(PERSONAL)
        }
        printed { phone.app.activate(pid.dropLast(1), number) {} }
        printed { phone.app.activate(pid, number.dropLast(1)) {} }
        val unlocked = phone.app.activate(citizen.pid, citizen.phone) { activation ->
            println("code?")
            val (code, voucher, face) = List(3) { readln() }
            printed { activation.confirmCode(RARE) }
            activation.confirmCode(code)
            printed { activation.readCard(CardDraft(can = RARE)) }
            printed { activation.useVoucher(RARE) }
            activation.useVoucher(voucher)
            printed { activation.showFace(RARE.toByteArray()) }
            activation.showFace(File(face).readBytes())
            printed { activation.choosePasscode(passcode(RARE + "1")) }
            phone.ports.now = broken
            printed { activation.choosePasscode(passcode(RARE)) }
            phone.ports.now = phone.ports.honest
            activation.choosePasscode(passcode(RARE))
        }
        unlocked.refill()
        unlocked.present(AGE).use { shown ->
            phone.ports.now = broken
            printed { shown.sign() }
        }
        unlocked.lock()
        printed { unlocked.home() }
        printed { phone.app.unlock(passcode(RARE)) }
        phone.ports.now = phone.ports.honest
        printed { phone.app.unlock(passcode("314159")) }
        phone.app.unlock(passcode(RARE)).close()
    }
    println(DONE)
}

private suspend fun printed(call: suspend () -> Any?) {
    try {
        call()
        error("went through")
    } catch (e: EidException) {
        println("$e ${e.message} ${e.localizedMessage}")
        println(e.stackTraceToString())
    }
}
