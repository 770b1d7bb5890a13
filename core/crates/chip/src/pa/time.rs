//! Times of certificates.

use eid_model::{Date, UnixTime};

use crate::{ChipError, tlv::Tlv};

const UTC_TIME: u32 = 0x17;
pub(super) const GENERALIZED_TIME: u32 = 0x18;

/// `UTCTime` (years 1950 to 2049) or `GeneralizedTime`, in UTC; seconds may be missing. "No end" and every other year
/// that our calendar does not reach becomes its last day.
pub(super) fn read_time(object: &Tlv<'_>) -> Result<UnixTime, ChipError> {
    let digits = object.value.strip_suffix(b"Z").ok_or(ChipError::Malformed)?;
    let pairs: Vec<u16> = digits.chunks(2).map(two_digits).collect::<Result<_, _>>()?;
    let (year, rest) = match (object.tag, pairs.as_slice()) {
        (UTC_TIME, [year, rest @ ..]) => (if *year < 50 { 2000 } else { 1900 } + year, rest),
        (GENERALIZED_TIME, [century, year, rest @ ..]) => (century * 100 + year, rest),
        _ => return Err(ChipError::Malformed),
    };
    let (month, day, hour, minute, second) = match *rest {
        [month, day, hour, minute] => (month, day, hour, minute, 0),
        [month, day, hour, minute, second] => (month, day, hour, minute, second),
        _ => return Err(ChipError::Malformed),
    };
    if hour > 23 || minute > 59 || second > 60 {
        return Err(ChipError::Malformed);
    }
    let small = |number: u16| u8::try_from(number).map_err(|_| ChipError::Malformed);
    let date = Date::new(year.min(2299), small(month)?, small(day)?).map_err(|_| ChipError::Malformed)?;
    let seconds = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
    date.midnight_utc().checked_add(seconds).ok_or(ChipError::Malformed)
}

fn two_digits(pair: &[u8]) -> Result<u16, ChipError> {
    match *pair {
        [tens @ b'0'..=b'9', units @ b'0'..=b'9'] => Ok(u16::from(tens - b'0') * 10 + u16::from(units - b'0')),
        _ => Err(ChipError::Malformed),
    }
}

/// `GeneralizedTime` of a moment.
#[cfg(feature = "personalise")]
pub(super) fn encode_time(at: UnixTime) -> Vec<u8> {
    let of_day = at.seconds().rem_euclid(86_400);
    // The day in Vietnam seven hours before is the day in UTC.
    let day = at.checked_add(-7 * 3_600).and_then(|at| at.date_in_vietnam().ok());
    let day = day.map_or_else(String::new, |day| format!("{:04}{:02}{:02}", day.year(), day.month(), day.day()));
    let time = format!("{day}{:02}{:02}{:02}Z", of_day / 3_600, of_day / 60 % 60, of_day % 60);
    crate::tlv::encode(GENERALIZED_TIME, &[time.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlv::encode;

    fn read(tag: u32, text: &str) -> Result<UnixTime, ChipError> {
        read_time(&Tlv::only(&encode(tag, &[text.as_bytes()])).unwrap())
    }

    #[test]
    fn times_of_certificates_are_read() {
        for (tag, text, seconds) in [
            (UTC_TIME, "700101000000Z", 0),
            (UTC_TIME, "491231235959Z", 2_524_607_999),
            (UTC_TIME, "500101000000Z", -631_152_000),
            (UTC_TIME, "7001010001Z", 60),
            (GENERALIZED_TIME, "20000229000001Z", 951_782_401),
            (GENERALIZED_TIME, "99991231235959Z", 10_413_791_999),
        ] {
            assert_eq!(read(tag, text), Ok(UnixTime::from_seconds(seconds)), "{text}");
        }
        for (tag, text) in [
            (UTC_TIME, ""),
            (UTC_TIME, "700101000000"),
            (UTC_TIME, "700101000000+0700"),
            (UTC_TIME, "701301000000Z"),
            (UTC_TIME, "700101240000Z"),
            (UTC_TIME, "70010100000Z"),
            (UTC_TIME, "7001010000000000Z"),
            (GENERALIZED_TIME, "20000230000000Z"),
            (GENERALIZED_TIME, "2000Z"),
            (0x16, "700101000000Z"),
        ] {
            assert_eq!(read(tag, text), Err(ChipError::Malformed), "{text}");
        }
    }

    #[cfg(feature = "personalise")]
    #[test]
    fn time_written_is_read_again() {
        for seconds in [0, -1, 951_782_399, 951_782_400, 4_102_444_799] {
            let at = UnixTime::from_seconds(seconds);
            assert_eq!(read_time(&Tlv::only(&encode_time(at)).unwrap()), Ok(at));
        }
    }
}
