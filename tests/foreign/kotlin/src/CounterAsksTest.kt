package vn.example.eid.tests

import kotlin.test.assertContains
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import org.junit.ClassRule
import org.junit.Test
import vn.example.eid.confirmWith
import vn.example.eid.core.Act
import vn.example.eid.core.AnswerDraft
import vn.example.eid.core.EidException
import vn.example.eid.core.FactorKind
import vn.example.eid.core.Purpose
import vn.example.eid.core.Unlocked

/** A counter asks, the citizen answers: from the counter's program through the platform to the app and back. */
class CounterAsksTest {
    companion object {
        @ClassRule
        @JvmField
        val platform = LivePlatform()
    }

    private val sandbox get() = platform.sandbox

    @Test
    fun citizen_sees_who_asks_and_the_answer_passes_for_that_question_alone() = asked { counter, unlocked ->
        counter.page().use { page ->
            val question = page.ask("id")
            val ask = unlocked.readCounterCode(question.text)
            val view = ask.view()
            assertEquals(Triple(COUNTER_NAME, counter.name, COUNTER_REASON), Triple(view.name, view.counter, view.reason))
            assertEquals(Triple(listOf(Purpose.ID), true, emptyList()), Triple(view.purposes, view.photo, view.claims))
            assertEquals("r.example", view.registrar)
            assertTrue(view.expiresAt > HostClock.now().unixSeconds && view.checkedAsOf != null)
            assertFalse(COUNTER_REASON in "$view")
            assertEquals(emptyList(), unlocked.missingForAnswer())

            val answer = AnswerDraft(Purpose.ID, photo = true)
            assertFalse("true" in "$answer")
            val proof = unlocked.answerCounter(ask, answer).use { it.sign().text }
            assertEquals("Q08", page.verdict(proof))
            assertEquals("Q08", page.verdict(proof, page.ask("id")))
            assertEquals("Q00", page.verdict(proof, question))
            assertEquals("Q07", Counter(sandbox, "rp/0101234567-002").use { it.verdict(proof) })
            assertEquals("$COUNTER_NAME (${counter.name})", unlocked.history(null, 1u).items.single().counterpart)
            assertEquals("E5041", page.refusalToAsk("residence"))
        }
    }

    @Test
    fun more_than_was_asked_and_codes_of_others_are_refused() = asked { counter, unlocked ->
        val question = counter.ask("age")
        val ask = unlocked.readCounterCode(question.text)
        for (beyond in listOf(AnswerDraft(Purpose.AGE, photo = true), AnswerDraft(Purpose.ID))) {
            refusedWith(5117) { unlocked.answerCounter(ask, beyond) }
        }
        refusedWith(5106) { unlocked.answerCounter(ask, AnswerDraft(Purpose.FLEX, claims = listOf("shoe_size"))) }
        refusedWith(5106) { unlocked.answerCounter(ask, AnswerDraft(Purpose.FLEX, claims = List(100) { "full_name" })) }
        for (bad in listOf("VN1R:ABC", "", "00020101021138", "7".repeat(100_000))) {
            refusedWith(5110) { unlocked.readCounterCode(bad) }
        }
        refusedWith(5114) { unlocked.readCounterCode(question.text.dropLast(9) + "000000000") }
        Sandbox().use { other ->
            Counter(other).use { stranger -> refusedWith(5111) { unlocked.readCounterCode(stranger.ask("age").text) } }
        }
        val yesterday = HostClock.now().unixSeconds - 86_400
        refusedWith(5115) { unlocked.readCounterCode(counter.ask("age", "--at", "$yesterday").text) }
        val refused = unlocked.history(null, 50u).items.mapNotNull { it.code }
        assertEquals(listOf<UInt>(5115u, 5111u, 5114u), refused)
    }

    @Test
    fun counter_withdrawn_is_refused_after_the_next_contact() = asked("rp/0101234567-003") { counter, unlocked ->
        val text = counter.ask("age").text
        val ask = unlocked.readCounterCode(text)
        sandbox.setCounter(counter.name, "suspended")
        unlocked.refill()
        refusedWith(5113) { unlocked.readCounterCode(text) }
        refusedWith(5113) { unlocked.answerCounter(ask, AnswerDraft(Purpose.AGE)) }
        sandbox.setCounter(counter.name, "valid")
        unlocked.refill()
        assertNotNull(unlocked.readCounterCode(text).view().checkedAsOf)
    }

    @Test
    fun printed_code_names_the_counter_and_the_proof_is_for_it_alone() = asked { counter, unlocked ->
        val ask = unlocked.readCounterCode(counter.poster())
        val view = ask.view()
        assertEquals(setOf(Purpose.AGE, Purpose.ID), view.purposes.toSet())
        assertEquals(Pair(COUNTER_NAME, false), Pair(view.name, view.photo))
        assertNull(view.reason)
        assertTrue(view.expiresAt > HostClock.now().unixSeconds + 86_400)
        refusedWith(5117) { unlocked.answerCounter(ask, AnswerDraft(Purpose.RESIDENCE)) }
        val proof = unlocked.answerCounter(ask, AnswerDraft(Purpose.AGE)).use { it.sign().text }
        assertEquals("Q00", counter.verdict(proof))
        assertEquals("Q07", Counter(sandbox, "rp/0101234567-002").use { it.verdict(proof) })
    }

    @Test
    fun paper_is_signed_and_its_holder_is_not_proven() = asked { _, unlocked ->
        refusedWith(5104) { unlocked.printPaper(Purpose.FLEX, false) }
        val paper = unlocked.printPaper(Purpose.ID, false)
        val (exit, verdict) = sandbox.verify(paper.text)
        assertEquals(2, exit, verdict)
        assertContains(verdict, "\"W19\"")
        assertTrue(paper.validUntil > HostClock.now().unixSeconds && paper.qr.side > 50u)
        assertFalse(paper.text in "$paper")
        assertEquals("paper", unlocked.history(null, 1u).items.single().counterpart)
    }

    @Test
    fun answer_sent_over_the_network_is_taken_once_and_one_that_cannot_be_sent_is_shown() =
        asked("rp/0101234567-004", freeAddress()) { counter, unlocked ->
            val page = counter.page()
            val question = page.ask("id")
            val ask = unlocked.readCounterCode(question.text)
            assertEquals(counter.host, ask.view().answerHost)
            assertNull(unlocked.readCounterCode(counter.poster()).view().answerHost)
            assertNull(page.collect(question))
            // The second time it is known that the counter has it.
            unlocked.answerCounter(ask, AnswerDraft(Purpose.ID, photo = true)).use { shown -> repeat(2) { shown.send() } }
            assertEquals(listOf("Q00", null), List(2) { page.collect(question) })
            val entry = unlocked.history(null, 1u).items.single()
            assertEquals(Triple(Act.SENT, "$COUNTER_NAME (${counter.name})", null), Triple(entry.act, entry.counterpart, entry.code))

            val next = page.ask("id")
            val again = unlocked.readCounterCode(next.text)
            unlocked.answerCounter(again, AnswerDraft(Purpose.ID, photo = true)).use { shown ->
                page.close()
                val refusal = assertIs<EidException.Network>(refusedWith(5118) { shown.send() })
                assertEquals(5118u, unlocked.history(null, 1u).items.single().code, "$refusal")
                assertEquals("Q08", counter.verdict(shown.sign().text), "it answers a question of the page")
            }
            unlocked.answerCounter(unlocked.readCounterCode(counter.poster()), AnswerDraft(Purpose.AGE)).use { shown ->
                refusedWith(5118) { shown.send() }
                assertEquals("Q00", counter.verdict(shown.sign().text))
            }
        }

    @Test
    fun passcode_is_asked_for_again_after_a_while() = test {
        World().use { world ->
            val unlocked = world.phone.activate(world.sandbox, CITIZENS[0]).apply { refill() }
            val counter = Counter(world.sandbox)
            // Used now and then, so that it does not lock by itself.
            repeat(4) {
                world.pass(240)
                unlocked.home()
            }
            assertEquals(listOf(FactorKind.KNOWN), unlocked.missingForAnswer())
            val now = listOf("--at", "${HostClock.now().unixSeconds + 960}").toTypedArray()
            val question = counter.ask("age", *now)
            val ask = unlocked.readCounterCode(question.text)
            refusedWith(2056) { unlocked.answerCounter(ask, AnswerDraft(Purpose.AGE)) }
            for ((digits, code) in listOf("314159" to 2001, PASSCODE to null)) {
                val given = passcode(digits)
                if (code == null) unlocked.confirmWith(given) else refusedWith(code) { unlocked.confirmWith(given) }
                assertContentEquals(ByteArray(given.size), given, "it is wiped")
            }
            assertEquals(emptyList(), unlocked.missingForAnswer())
            val proof = unlocked.answerCounter(ask, AnswerDraft(Purpose.AGE)).use { it.sign().text }
            assertEquals("Q00", counter.verdict(proof, question, *now))
            counter.close()
        }
    }

    /** With a registered counter, and a citizen who has credentials. */
    private fun asked(
        name: String = "rp/0101234567-001",
        host: String? = null,
        journey: suspend (Counter, Unlocked) -> Unit,
    ) = test {
        Counter(sandbox, name, host).use { counter ->
            Phone(sandbox).use { phone ->
                phone.activate(sandbox, platform.citizen()).use { unlocked ->
                    unlocked.refill()
                    journey(counter, unlocked)
                }
            }
        }
    }
}
