//! Working days in Vietnam: weekends, public holidays, and the days that are swapped for them.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{
    Date, Edition, ModelError,
    table::{embedded, read, rises},
};

/// Public holidays (ngày nghỉ lễ, Tết) that fall on Monday to Friday, days off in exchange among them, and the weekend days
/// that are worked instead. Announced year by year; beyond [`Self::certain_until`] the days are a guess.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolidayTable {
    edition: Edition,
    certain_until: Date,
    days_off: Vec<Date>,
    working_days: Vec<Date>,
}

impl HolidayTable {
    const MAX_BYTES: usize = 64 * 1024;

    /// The table compiled into the library.
    pub fn embedded() -> &'static Self {
        static TABLE: LazyLock<HolidayTable> =
            LazyLock::new(|| embedded(HolidayTable::parse(include_str!("../data/holidays.json"))));
        &TABLE
    }

    /// Reads a newer table: JSON in the form of `data/holidays.json`, days rising.
    ///
    /// # Errors
    /// [`ModelError::TableInvalid`], also for a day off at a weekend or a working day that is none.
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let table: Self = read(json, Self::MAX_BYTES)?;
        let sound = rises(&table.days_off, |day| *day)
            && rises(&table.working_days, |day| *day)
            && table.days_off.iter().all(|day| day.weekday() <= FRIDAY)
            && table.working_days.iter().all(|day| day.weekday() > FRIDAY);
        if sound { Ok(table) } else { Err(ModelError::TableInvalid) }
    }

    /// Version, date and source.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// The last day for which the holidays were announced.
    pub fn certain_until(&self) -> Date {
        self.certain_until
    }

    /// True for a day on which offices work.
    pub fn is_working_day(&self, day: Date) -> bool {
        if day.weekday() > FRIDAY {
            self.working_days.binary_search(&day).is_ok()
        } else {
            self.days_off.binary_search(&day).is_err()
        }
    }

    /// The `count`th working day after `day`, which is not counted itself (Civil Code 2015 Art. 147).
    ///
    /// # Errors
    /// [`ModelError::DateOutOfRange`].
    pub fn add_working_days(&self, day: Date, count: u8) -> Result<Date, ModelError> {
        (0..count).try_fold(day, |day, _| self.working_day_from(day.plus_days(1)?))
    }

    /// `day`, or the first working day after it: a term that ends on a day off ends with the next working day (Civil Code 2015
    /// Art. 148).
    ///
    /// # Errors
    /// [`ModelError::DateOutOfRange`].
    pub fn working_day_from(&self, day: Date) -> Result<Date, ModelError> {
        let mut day = day;
        while !self.is_working_day(day) {
            day = day.plus_days(1)?;
        }
        Ok(day)
    }
}

const FRIDAY: u8 = 5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn working_days_follow_weekends_holidays_and_swaps() {
        let table = HolidayTable::embedded();
        for (from, count, expected) in [
            ("2026-11-19", 2, "2026-11-23"), // Thursday
            ("2026-11-20", 2, "2026-11-25"), // Friday, and a day off on Tuesday
            ("2026-11-22", 2, "2026-11-25"), // Sunday
            ("2026-02-12", 2, "2026-02-23"), // before Tết: nine days
            ("2026-02-13", 1, "2026-02-23"),
            ("2026-01-08", 2, "2026-01-10"), // a Saturday that is worked
            ("2025-12-31", 1, "2026-01-05"),
            ("2026-08-21", 1, "2026-08-22"),
            ("2026-08-28", 1, "2026-09-03"),
            ("2026-04-24", 1, "2026-04-28"),
            ("2026-11-19", 0, "2026-11-19"),
        ] {
            assert_eq!(table.add_working_days(day(from), count), Ok(day(expected)), "{from} + {count}");
        }
        assert_eq!(table.working_day_from(day("2026-02-14")), Ok(day("2026-02-23")));
        assert_eq!(table.working_day_from(day("2026-02-23")), Ok(day("2026-02-23")));
    }

    #[test]
    fn each_year_has_eleven_holidays_or_more_and_no_swap_without_its_working_day() {
        let table = HolidayTable::embedded();
        for (year, days_off, worked) in [(2025, 12, 1), (2026, 14, 2)] {
            assert_eq!(table.days_off.iter().filter(|day| day.year() == year).count(), days_off, "{year}");
            assert_eq!(table.working_days.iter().filter(|day| day.year() == year).count(), worked, "{year}");
        }
    }

    #[test]
    fn faulty_table_parse_refuses() {
        const ONE: &str = r#"{"edition":{"version":1,"effective_from":"2026-01-01","source":"invented"},
            "certain_until":"2026-12-31","days_off":["2026-01-01","2026-01-02"],"working_days":["2026-01-10"]}"#;
        assert!(HolidayTable::parse(ONE).is_ok());
        for (from, to) in [
            ("\"2026-01-02\"", "\"2026-01-01\""),
            ("\"2026-01-02\"", "\"2026-01-03\""),
            ("\"2026-01-10\"", "\"2026-01-12\""),
            ("\"2026-01-10\"", "\"2026-02-30\""),
        ] {
            assert_eq!(
                HolidayTable::parse(&ONE.replace(from, to)).err(),
                Some(ModelError::TableInvalid),
                "{from} {to}"
            );
        }
    }

    proptest! {
        #[test]
        fn counted_days_are_working_days_and_as_many_as_were_asked_for(start in 0_i64..3_000, count in 1_u8..40) {
            let table = HolidayTable::embedded();
            let from = day("2024-01-01").plus_days(start).unwrap();
            let to = table.add_working_days(from, count).unwrap();
            prop_assert!(table.is_working_day(to) && to > from);
            let mut worked = 0;
            let mut at = from;
            while at < to {
                at = at.plus_days(1).unwrap();
                worked += usize::from(table.is_working_day(at));
            }
            prop_assert_eq!(worked, usize::from(count));
        }
    }
}
