package vn.example.eid

import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.asSharedFlow
import vn.example.eid.core.Event
import vn.example.eid.core.EventSink

/**
 * What happened in the core, as a flow. An event only says what to read anew: the oldest may be lost when nobody
 * keeps up.
 */
public class Events : EventSink {
    private val seen = MutableSharedFlow<Event>(extraBufferCapacity = 64, onBufferOverflow = BufferOverflow.DROP_OLDEST)

    /** Events from now on. */
    public val flow: SharedFlow<Event> = seen.asSharedFlow()

    override fun onEvent(event: Event) {
        seen.tryEmit(event)
    }
}
