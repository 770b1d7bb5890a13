//! Days of the calendar and points in time. Nothing here reads a clock.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{ModelError, PartialDate, quiet::text_serde};

/// A day of the (proleptic) Gregorian calendar, 1 January 1800 to 31 December 2299. `Display` is `YYYY-MM-DD`.
///
/// For dates of birth use [`PartialDate`]: many people have no known day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Since this day addresses have no district (Decision 19/2025/QĐ-TTg).
    pub(crate) const TWO_TIER_ADDRESSES: Self = Self { year: 2025, month: 7, day: 1 };

    /// The day, if the calendar has it.
    ///
    /// # Errors
    /// [`ModelError::DateOutOfRange`] or [`ModelError::DateInvalid`].
    pub const fn new(year: u16, month: u8, day: u8) -> Result<Self, ModelError> {
        match days_in_month(year, month) {
            Ok(days) if day >= 1 && day <= days => Ok(Self { year, month, day }),
            Ok(_) => Err(ModelError::DateInvalid),
            Err(error) => Err(error),
        }
    }

    /// Reads a full date in one of the forms of [`PartialDate::parse`].
    ///
    /// # Errors
    /// As [`PartialDate::parse`]; [`ModelError::DateFormat`] when the day or month is missing.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        match PartialDate::parse(text)? {
            PartialDate::Day(date) => Ok(date),
            _ => Err(ModelError::DateFormat),
        }
    }

    /// 1800–2299.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// 1–12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// 1–31.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The first second of the day in Coordinated Universal Time.
    pub fn midnight_utc(self) -> UnixTime {
        UnixTime(self.days_since_epoch() * SECONDS_PER_DAY)
    }

    /// The first second of the day in Vietnam.
    pub fn midnight_vietnam(self) -> UnixTime {
        UnixTime(self.midnight_utc().0 - VIETNAM_OFFSET)
    }

    /// 1 for Monday to 7 for Sunday.
    pub fn weekday(self) -> u8 {
        // 1 January 1970 was a Thursday.
        let weekday = (self.days_since_epoch() + 3).rem_euclid(7) + 1;
        u8::try_from(weekday).unwrap_or(1)
    }

    /// So many days later, earlier if negative.
    ///
    /// # Errors
    /// [`ModelError::DateOutOfRange`].
    pub fn plus_days(self, days: i64) -> Result<Self, ModelError> {
        let sum = self.days_since_epoch().checked_add(days).ok_or(ModelError::DateOutOfRange)?;
        Self::from_days_since_epoch(sum)
    }

    /// The same day so many years later; 29 February becomes the 28th in a year that has none.
    ///
    /// # Errors
    /// [`ModelError::DateOutOfRange`].
    pub fn plus_years(self, years: u16) -> Result<Self, ModelError> {
        let year = self.year.checked_add(years).ok_or(ModelError::DateOutOfRange)?;
        let last = days_in_month(year, self.month)?;
        Self::new(year, self.month, self.day.min(last))
    }

    /// Days from this day until `later`; negative if that is earlier.
    pub fn days_until(self, later: Self) -> i64 {
        later.days_since_epoch() - self.days_since_epoch()
    }

    /// Days since 1 January 1970. In years that begin in March the leap day comes last and month lengths follow a line.
    fn days_since_epoch(self) -> i64 {
        let (year, month, day) = (i64::from(self.year), i64::from(self.month), i64::from(self.day));
        let year = if month <= 2 { year - 1 } else { year };
        let leap_days = year / 4 - year / 100 + year / 400;
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        365 * year + leap_days + day_of_year - EPOCH_SINCE_YEAR_0
    }

    /// The inverse of [`days_since_epoch`](Self::days_since_epoch), over cycles of 400 years.
    fn from_days_since_epoch(days: i64) -> Result<Self, ModelError> {
        let days = days.checked_add(EPOCH_SINCE_YEAR_0).ok_or(ModelError::DateOutOfRange)?;
        let (cycle, of_cycle) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_cycle = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
        let day_of_year = of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let (month, next) = if march_month < 10 { (march_month + 3, 0) } else { (march_month - 9, 1) };
        let year = cycle * 400 + year_of_cycle + next;
        match (u16::try_from(year), u8::try_from(month), u8::try_from(day)) {
            (Ok(year), Ok(month), Ok(day)) => Self::new(year, month, day),
            _ => Err(ModelError::DateOutOfRange),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

text_serde!(Date, to_string);

/// Seconds since 1 January 1970, 00:00 UTC, without leap seconds; negative before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(i64);

impl UnixTime {
    /// The point in time so many seconds after the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// So many seconds later (earlier if negative); `None` on overflow.
    pub const fn checked_add(self, seconds: i64) -> Option<Self> {
        match self.0.checked_add(seconds) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Seconds from `earlier` until this; negative if it is later. `None` on overflow.
    pub const fn checked_since(self, earlier: Self) -> Option<i64> {
        self.0.checked_sub(earlier.0)
    }

    /// The day it is in Vietnam: UTC+7 all year round, and without regard to the other offsets used before 1975.
    ///
    /// # Errors
    /// [`ModelError::DateOutOfRange`].
    pub fn date_in_vietnam(self) -> Result<Date, ModelError> {
        let local = self.0.checked_add(VIETNAM_OFFSET).ok_or(ModelError::DateOutOfRange)?;
        Date::from_days_since_epoch(local.div_euclid(SECONDS_PER_DAY))
    }
}

const SECONDS_PER_DAY: i64 = 86_400;
const VIETNAM_OFFSET: i64 = 7 * 3_600;
/// Days from 1 March of the year 0 to 1 January 1970.
const EPOCH_SINCE_YEAR_0: i64 = 719_468;

/// The length of a month, once year and month are in range.
pub(crate) const fn days_in_month(year: u16, month: u8) -> Result<u8, ModelError> {
    match month {
        _ if year < 1800 || year > 2299 => Err(ModelError::DateOutOfRange),
        2 if is_leap_year(year) => Ok(29),
        2 => Ok(28),
        4 | 6 | 9 | 11 => Ok(30),
        1..=12 => Ok(31),
        _ => Err(ModelError::DateInvalid),
    }
}

const fn is_leap_year(year: u16) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn years_added_keep_the_day_or_end_february() {
        for (day, years, sum) in
            [("2024-02-29", 1, "2025-02-28"), ("2024-02-29", 4, "2028-02-29"), ("2025-03-31", 10, "2035-03-31")]
        {
            assert_eq!(Date::parse(day).unwrap().plus_years(years), Date::parse(sum));
        }
        assert_eq!(Date::new(2299, 1, 1).unwrap().plus_years(1), Err(ModelError::DateOutOfRange));
        assert_eq!(Date::new(2299, 1, 1).unwrap().plus_years(u16::MAX), Err(ModelError::DateOutOfRange));
    }

    #[test]
    fn impossible_day_new_refuses() {
        use ModelError::{DateInvalid, DateOutOfRange};
        for (year, month, day, error) in [
            (1799, 12, 31, DateOutOfRange),
            (2300, 1, 1, DateOutOfRange),
            (1900, 2, 29, DateInvalid),
            (2100, 2, 29, DateInvalid),
            (2023, 2, 29, DateInvalid),
            (2024, 2, 30, DateInvalid),
            (2024, 4, 31, DateInvalid),
            (2024, 0, 1, DateInvalid),
            (2024, 13, 1, DateInvalid),
            (2024, 1, 0, DateInvalid),
            (2024, 1, 32, DateInvalid),
        ] {
            assert_eq!(Date::new(year, month, day), Err(error), "{year}-{month}-{day}");
        }
        assert!(Date::new(2000, 2, 29).is_ok() && Date::new(1800, 1, 1).is_ok() && Date::new(2299, 12, 31).is_ok());
    }

    #[test]
    fn every_day_of_the_range_converted_returns_and_follows_the_day_before() {
        let mut expected = date("1800-01-01").midnight_utc().seconds();
        for year in 1800..=2299 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month).unwrap() {
                    let date = Date::new(year, month, day).unwrap();
                    assert_eq!(date.midnight_utc().seconds(), expected, "{date}");
                    assert_eq!(date.midnight_vietnam().date_in_vietnam(), Ok(date));
                    assert_eq!(date.midnight_vietnam().checked_add(86_399).unwrap().date_in_vietnam(), Ok(date));
                    assert_eq!(Date::parse(&date.to_string()), Ok(date));
                    expected += 86_400;
                }
            }
        }
    }

    #[test]
    fn known_instants_converted_match_the_clock() {
        // Anchors from `date -u -d @…`.
        for (seconds, day) in [
            (0, "1970-01-01"),
            (-86_400, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (1_751_328_000, "2025-07-01"),
            (-2_208_988_800, "1900-01-01"),
        ] {
            assert_eq!(date(day).midnight_utc(), UnixTime::from_seconds(seconds));
        }
    }

    #[test]
    fn days_added_and_counted_agree_and_weekdays_follow_each_other() {
        let start = date("2024-02-26");
        for days in -800..800 {
            let later = start.plus_days(days).unwrap();
            assert_eq!(start.days_until(later), days);
            assert_eq!(i64::from(later.weekday()), days.rem_euclid(7) + 1, "{later}");
        }
        assert_eq!(date("2026-11-22").weekday(), 7);
        assert_eq!(date("2299-12-31").plus_days(1), Err(ModelError::DateOutOfRange));
        assert_eq!(start.plus_days(i64::MAX), Err(ModelError::DateOutOfRange));
    }

    #[test]
    fn evening_in_utc_is_the_next_day_in_vietnam() {
        let new_year_utc = date("2026-01-01").midnight_utc();
        for (offset, day) in [(-7 * 3_600 - 1, "2025-12-31"), (-7 * 3_600, "2026-01-01"), (0, "2026-01-01")] {
            assert_eq!(new_year_utc.checked_add(offset).unwrap().date_in_vietnam(), Ok(date(day)));
        }
        assert_eq!(date("2026-01-01").midnight_vietnam().checked_since(new_year_utc), Some(-25_200));
    }

    #[test]
    fn time_beyond_the_calendar_is_a_reason_not_a_panic() {
        for seconds in [i64::MAX, i64::MIN, i64::MAX - VIETNAM_OFFSET, 10_413_792_000 - VIETNAM_OFFSET] {
            assert_eq!(UnixTime(seconds).date_in_vietnam(), Err(ModelError::DateOutOfRange), "{seconds}");
        }
        assert_eq!(UnixTime(i64::MAX).checked_add(1), None);
        assert_eq!(UnixTime(i64::MIN).checked_since(UnixTime(1)), None);
    }

    proptest! {
        #[test]
        fn any_time_to_date_never_panics(seconds: i64) {
            let _ = UnixTime(seconds).date_in_vietnam();
        }
    }
}
