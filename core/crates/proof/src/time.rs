//! Between [`UnixTime`] and the 32-bit seconds of the wire.

use eid_model::UnixTime;

/// Seconds as the wire has them; `None` before 1970 and after 2106.
pub(crate) fn to_secs(time: UnixTime) -> Option<u32> {
    u32::try_from(time.seconds()).ok()
}

/// The time that wire seconds mean.
pub(crate) fn from_secs(secs: u32) -> UnixTime {
    UnixTime::from_seconds(i64::from(secs))
}
