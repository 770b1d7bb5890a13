package vn.example.eid.tests

import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotEquals
import kotlin.test.assertTrue
import org.junit.Test
import vn.example.eid.code
import vn.example.eid.core.EidException
import vn.example.eid.core.FieldInfo
import vn.example.eid.core.FieldInput
import vn.example.eid.core.Language
import vn.example.eid.core.RecordChanges
import vn.example.eid.core.recordForm
import vn.example.eid.core.recordKinds

/** Forms of records, drawn before anybody unlocks: kinds, fields, choices. */
class RecordFormsTest {
    @Test
    fun form_of_every_kind_can_be_drawn_in_both_languages() {
        val kinds = recordKinds(Language.EN)
        assertEquals(15, kinds.size)
        for (kind in kinds) {
            val (vi, en) = listOf(Language.VI, Language.EN).map { everyField(recordForm(kind.kind, it).fields) }
            assertEquals(vi.map { it.name }, en.map { it.name })
            assertNotEquals(vi.map { it.label }, en.map { it.label })
            for (field in en) assertTrue(canBeDrawn(field), "${kind.kind} ${field.name}")
        }
    }

    @Test
    fun kinds_say_who_keeps_them_and_how_they_are_changed() {
        val kinds = recordKinds(Language.VI).associateBy { it.kind }
        val bank = kinds.getValue("bank_account")
        assertEquals(Triple("Ngân hàng", RecordChanges.DECLARE, "change_bank_account"), Triple(bank.authority, bank.changes, bank.act))
        assertEquals("update_record", kinds.getValue("driving_licence").act)
        assertFalse(kinds.getValue("party_membership").isShared)
    }

    @Test
    fun class_of_a_licence_is_chosen_within_its_scheme() {
        val classes = recordForm("driving_licence", Language.EN).fields.single { it.name == "classes" }
        val field = assertIs<FieldInput.Items>(classes.input).fields.single { it.name == "class" }
        assertEquals("scheme", field.chosenWithin)
        val choices = assertIs<FieldInput.Choice>(field.input).choices
        assertEquals(2, choices.filter { it.code == "B1" }.map { it.within }.distinct().size, "one class, two meanings")
    }

    @Test
    fun form_of_an_unknown_kind_is_refused_and_the_kind_not_repeated() {
        for (kind in listOf("", "planted", "BankAccount", "planted".repeat(10_000))) {
            val refusal = assertFailsWith<EidException> { recordForm(kind, Language.VI) }
            assertEquals(8180u, refusal.code)
            assertFalse("planted" in "$refusal")
        }
    }

    private fun everyField(fields: List<FieldInfo>): List<FieldInfo> = fields.flatMap { field ->
        listOf(field) + ((field.input as? FieldInput.Items)?.let { everyField(it.fields) } ?: emptyList())
    }

    private fun canBeDrawn(field: FieldInfo): Boolean = field.label.isNotEmpty() && when (val input = field.input) {
        is FieldInput.Text -> input.max > 0u
        is FieldInput.Number -> input.min.toDouble() < input.max.toDouble()
        is FieldInput.Choice -> input.choices.isNotEmpty() && input.choices.all { it.label.isNotEmpty() }
        is FieldInput.Items -> input.max > 0u && input.key.all { key -> input.fields.any { it.name == key && it.isRequired } }
        FieldInput.Name, FieldInput.Pid, FieldInput.Date, FieldInput.PartialDate, FieldInput.Phone, FieldInput.Flag,
        FieldInput.Commune,
        -> true
    }
}
