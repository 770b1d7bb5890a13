package vn.example.eid.android

import android.content.Context
import android.os.SystemClock
import android.provider.Settings
import vn.example.eid.core.Clock
import vn.example.eid.core.ClockException
import vn.example.eid.core.Moment
import vn.example.eid.momentOf

/** The phone's clocks. */
public class AndroidClock(context: Context) : Clock {
    private val settings = context.applicationContext.contentResolver

    override fun now(): Moment {
        val boots = Settings.Global.getInt(settings, Settings.Global.BOOT_COUNT, NONE)
        if (boots == NONE) throw ClockException.Unavailable()
        return momentOf(System.currentTimeMillis(), SystemClock.elapsedRealtime(), boots)
    }

    private companion object {
        const val NONE = -1
    }
}
