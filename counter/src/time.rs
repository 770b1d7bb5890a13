use core::fmt;

use eid_model::UnixTime;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A point in time that is written as RFC 3339 in Vietnam's time, such as `2026-11-22T19:40:00+07:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String)]
pub struct Rfc3339(pub UnixTime);

const VIETNAM_OFFSET_S: i64 = 7 * 3600;

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Years outside 1800–2299 cannot come from the 32-bit seconds of proofs and lists.
        let Ok(date) = self.0.date_in_vietnam() else { return f.write_str("unknown") };
        let second = (self.0.seconds() + VIETNAM_OFFSET_S).rem_euclid(86_400);
        write!(f, "{date}T{:02}:{:02}:{:02}+07:00", second / 3600, second / 60 % 60, second % 60)
    }
}

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_are_written_as_date_does() {
        // `TZ=Asia/Ho_Chi_Minh date --iso-8601=seconds -d @…`
        for (seconds, text) in [
            (1_795_348_800, "2026-11-22T19:00:00+07:00"),
            (1_709_225_999, "2024-02-29T23:59:59+07:00"),
            (i64::from(u32::MAX), "2106-02-07T13:28:15+07:00"),
        ] {
            assert_eq!(Rfc3339(UnixTime::from_seconds(seconds)).to_string(), text);
        }
        assert_eq!(Rfc3339(UnixTime::from_seconds(i64::MAX)).to_string(), "unknown");
    }
}
