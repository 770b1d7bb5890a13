package vn.example.eid

import java.nio.ByteBuffer
import vn.example.eid.core.ClockException
import vn.example.eid.core.Moment

/** Twelve bytes before the count of boots, so that both fill the sixteen of a boot's name. */
private val BOOT_LABEL = "android-boot".toByteArray(Charsets.US_ASCII)

/**
 * The phone's clocks in the core's form.
 *
 * The core only ever asks whether two moments are of the same boot; Android counts boots since the last reset to
 * factory state, which erases our store as well.
 *
 * @param wallMs milliseconds since 1970
 * @param sinceBootMs milliseconds since the phone started, sleep included
 * @param bootCount how often the phone was started
 * @throws ClockException.Unavailable when a clock reads before its own beginning
 */
internal fun momentOf(wallMs: Long, sinceBootMs: Long, bootCount: Int): Moment {
    if (sinceBootMs < 0 || bootCount < 0) throw ClockException.Unavailable()
    val bootId = ByteBuffer.allocate(16).put(BOOT_LABEL).putInt(bootCount).array()
    return Moment(Math.floorDiv(wallMs, 1000L), sinceBootMs.toULong(), bootId)
}
