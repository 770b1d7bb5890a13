package vn.example.eid.tests

import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import org.junit.Test
import vn.example.eid.code
import vn.example.eid.core.EidException
import vn.example.eid.core.Language
import vn.example.eid.core.buildInfo
import vn.example.eid.core.errorText

class ErrorsTest {
    private val all = listOf(
        EidException.Locked(1u),
        EidException.AuthFailed(2u, 3u, 60uL, null),
        EidException.UserCancelled(3u),
        EidException.Invalid(4u),
        EidException.NotFound(5u),
        EidException.Conflict(6u),
        EidException.Expired(7u),
        EidException.Rejected(8u),
        EidException.Network(9u, null),
        EidException.Device(10u),
        EidException.Storage(11u),
        EidException.Internal(12u),
    )

    @Test
    fun every_kind_of_error_has_its_code() {
        assertEquals((1u..12u).toList(), all.map { it.code })
        val kinds = EidException::class.java.declaredClasses.filter(EidException::class.java::isAssignableFrom)
        assertEquals<Set<Class<*>>>(kinds.toSet(), all.map { it.javaClass }.toSet())
    }

    @Test
    fun text_of_an_error_is_made_of_numbers_only() {
        for (error in all) {
            val text = error.message.orEmpty()
            assertTrue(Regex("(\\w+=(\\d+|null)(, )?)+").matches(text), text)
        }
    }

    @Test
    fun codes_have_a_remedy_in_both_languages() {
        for (code in listOf(1001u, 2001u, 2023u, 4006u, 7001u)) {
            val (vi, en) = Pair(errorText(code, Language.VI), errorText(code, Language.EN))
            assertNotEquals(assertNotNull(vi), assertNotNull(en))
        }
        for (code in listOf(0u, 999u, 65_536u + 1001u, UInt.MAX_VALUE)) assertNull(errorText(code, Language.VI))
    }

    @Test
    fun library_says_what_it_is() {
        val info = buildInfo()
        assertTrue(Regex("\\d+\\.\\d+\\.\\d+").matches(info.version), info.version)
        assertTrue(info.ffiVersion > 0u && info.codeTable > 0u)
    }
}
