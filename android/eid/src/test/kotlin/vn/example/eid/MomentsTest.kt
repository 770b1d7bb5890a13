package vn.example.eid

import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import org.junit.Test
import vn.example.eid.core.ClockException

class MomentsTest {
    @Test
    fun clocks_are_read_in_the_units_of_the_core() {
        val now = momentOf(wallMs = 1_795_348_800_999, sinceBootMs = 3_600_000, bootCount = 7)
        assertEquals(1_795_348_800, now.unixSeconds)
        assertEquals(3_600_000uL, now.monotonicMs)
        assertEquals(16, now.bootId.size)
    }

    @Test
    fun time_before_1970_is_rounded_down() {
        assertEquals(-1, momentOf(wallMs = -1, sinceBootMs = 0, bootCount = 0).unixSeconds)
    }

    @Test
    fun boots_have_different_names_and_one_boot_always_the_same() {
        val name = { boots: Int -> momentOf(0, 0, boots).bootId }
        assertContentEquals(name(7), name(7))
        assertFalse(name(7).contentEquals(name(8)))
        assertFalse(name(0).contentEquals(name(1 shl 24)))
    }

    @Test
    fun clocks_that_cannot_be_are_unavailable() {
        assertFailsWith<ClockException.Unavailable> { momentOf(0, -1, 0) }
        assertFailsWith<ClockException.Unavailable> { momentOf(0, 0, -1) }
    }
}
