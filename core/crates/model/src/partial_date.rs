//! Dates of birth, which may lack the day or the month.

use core::fmt;

use crate::{Date, ModelError, date::days_in_month, quiet::text_serde};

/// A date of birth as the register knows it (ngày, tháng, năm sinh): some elderly people have a month or a year only,
/// and that is legal data. Nobody may be given a 1 January they were not born on.
///
/// `Debug` shows which parts are known, not their values.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartialDate {
    /// The day is known.
    Day(Date),
    /// Month and year are known. Made by [`parse`](Self::parse).
    #[non_exhaustive]
    Month {
        /// 1800–2299.
        year: u16,
        /// 1–12.
        month: u8,
    },
    /// Only the year is known. Made by [`parse`](Self::parse).
    #[non_exhaustive]
    Year {
        /// 1800–2299.
        year: u16,
    },
}

impl PartialDate {
    /// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, `MM/yyyy`, `dd/MM/yyyy`, or the eight digits of
    /// [`claim169_form`](Self::claim169_form). Eight digits are always year first; day-first digits such as `31121990`
    /// are refused, for within 1800–2299 no text can be read both ways.
    ///
    /// # Errors
    /// [`ModelError::DateFormat`], [`ModelError::DateOutOfRange`] or [`ModelError::DateInvalid`].
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        match *text.as_bytes() {
            [a, b, c, d] => Self::from_year(number([a, b, c, d])?),
            [a, b, c, d, b'-', e, f] | [e, f, b'/', a, b, c, d] => {
                Self::from_month(number([a, b, c, d])?, small_number([e, f])?)
            }
            [a, b, c, d, b'-', e, f, b'-', g, h] | [g, h, b'/', e, f, b'/', a, b, c, d] => {
                Self::from_day(number([a, b, c, d])?, small_number([e, f])?, small_number([g, h])?)
            }
            [a, b, c, d, e, f, g, h] => {
                let year = number([a, b, c, d])?;
                match (small_number([e, f])?, small_number([g, h])?) {
                    (0, 0) => Self::from_year(year),
                    (month, 0) => Self::from_month(year, month),
                    (month, day) => Self::from_day(year, month, day),
                }
            }
            _ => Err(ModelError::DateFormat),
        }
    }

    /// The year.
    pub fn year(&self) -> u16 {
        match *self {
            Self::Day(date) => date.year(),
            Self::Month { year, .. } | Self::Year { year } => year,
        }
    }

    /// The month, if known.
    pub fn month(&self) -> Option<u8> {
        match *self {
            Self::Day(date) => Some(date.month()),
            Self::Month { month, .. } => Some(month),
            Self::Year { .. } => None,
        }
    }

    /// The day of the month, if known.
    pub fn day(&self) -> Option<u8> {
        match *self {
            Self::Day(date) => Some(date.day()),
            Self::Month { .. } | Self::Year { .. } => None,
        }
    }

    /// True if the person has certainly completed so many years of age on a day. Unknown parts count as the latest day
    /// they allow: the last of the month, 31 December. Who was born on 29 February completes a year on 1 March when the
    /// year has no such day.
    ///
    /// `false` means "not certain", so it does not show that somebody is *under* an age.
    pub fn is_at_least(&self, years: u16, on: Date) -> bool {
        let (month, day) = match *self {
            Self::Day(date) => (date.month(), date.day()),
            Self::Month { year, month } => (month, days_in_month(year, month).unwrap_or(31)),
            Self::Year { .. } => (12, 31),
        };
        // In a common year 29 February orders after 28 February and before 1 March, which is the rule wanted.
        let Some(year) = self.year().checked_add(years) else { return false };
        (on.year(), on.month(), on.day()) >= (year, month, day)
    }

    /// True if the person had certainly not completed so many years of age on a day, whatever the unknown parts are.
    pub fn is_surely_under(&self, years: u16, on: Date) -> bool {
        !Self::Day(self.earliest()).is_at_least(years, on)
    }

    /// The first day that the known parts allow.
    pub fn earliest(&self) -> Date {
        self.bound(1, |_| 1)
    }

    /// The last day that the known parts allow.
    pub fn latest(&self) -> Date {
        self.bound(12, |month| days_in_month(self.year(), month).unwrap_or(31))
    }

    /// The stored form: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub fn iso_form(&self) -> String {
        match *self {
            Self::Day(date) => date.to_string(),
            Self::Month { year, month } => format!("{year:04}-{month:02}"),
            Self::Year { year } => format!("{year:04}"),
        }
    }

    /// As printed on cards and forms: `yyyy`, `MM/yyyy` or `dd/MM/yyyy`.
    pub fn card_form(&self) -> String {
        match *self {
            Self::Day(date) => format!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year()),
            Self::Month { year, month } => format!("{month:02}/{year:04}"),
            Self::Year { year } => format!("{year:04}"),
        }
    }

    /// Attribute 8 (date of birth) of IANA claim 169: always eight digits `YYYYMMDD`. Claim 169 has no rule for unknown
    /// parts; this project writes them as zeros, `YYYYMM00` and `YYYY0000`. No calendar has a day or month 00, so a
    /// reader that does not know the rule refuses the date and cannot take it for another one.
    pub fn claim169_form(&self) -> String {
        format!("{:04}{:02}{:02}", self.year(), self.month().unwrap_or(0), self.day().unwrap_or(0))
    }

    fn bound(&self, month: u8, day: impl Fn(u8) -> u8) -> Date {
        let month = self.month().unwrap_or(month);
        self.on_day(month, self.day().unwrap_or_else(|| day(month)))
    }

    #[expect(
        clippy::expect_used,
        reason = "year and month were checked when this was read, and the day is of that month"
    )]
    fn on_day(&self, month: u8, day: u8) -> Date {
        Date::new(self.year(), month, day).expect("parts of a partial date are a day")
    }

    fn from_year(year: u16) -> Result<Self, ModelError> {
        days_in_month(year, 1).map(|_| Self::Year { year })
    }

    fn from_month(year: u16, month: u8) -> Result<Self, ModelError> {
        days_in_month(year, month).map(|_| Self::Month { year, month })
    }

    fn from_day(year: u16, month: u8, day: u8) -> Result<Self, ModelError> {
        Date::new(year, month, day).map(Self::Day)
    }
}

impl From<Date> for PartialDate {
    fn from(date: Date) -> Self {
        Self::Day(date)
    }
}

impl fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Day(_) => "PartialDate(day, redacted)",
            Self::Month { .. } => "PartialDate(month, redacted)",
            Self::Year { .. } => "PartialDate(year, redacted)",
        })
    }
}

text_serde!(PartialDate, iso_form);

fn number<const N: usize>(digits: [u8; N]) -> Result<u16, ModelError> {
    digits.iter().try_fold(0_u16, |sum, digit| match digit {
        b'0'..=b'9' => Ok(sum * 10 + u16::from(digit - b'0')),
        _ => Err(ModelError::DateFormat),
    })
}

fn small_number(digits: [u8; 2]) -> Result<u8, ModelError> {
    number(digits).and_then(|n| u8::try_from(n).map_err(|_| ModelError::DateFormat))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn partial(text: &str) -> PartialDate {
        PartialDate::parse(text).unwrap()
    }

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn date_with_unknown_parts_spans_the_days_they_allow() {
        for (text, first, last) in [
            ("1990", "1990-01-01", "1990-12-31"),
            ("2024-02", "2024-02-01", "2024-02-29"),
            ("1990-05-17", "1990-05-17", "1990-05-17"),
        ] {
            let date = PartialDate::parse(text).unwrap();
            assert!(!date.is_surely_under(10, date.earliest().plus_years(10).unwrap()), "{text}");
            assert!(date.is_surely_under(10, date.earliest().plus_years(10).unwrap().plus_days(-1).unwrap()), "{text}");
            assert_eq!((date.earliest().to_string().as_str(), date.latest().to_string().as_str()), (first, last));
        }
    }

    #[test]
    fn each_legal_form_parse_gives_one_value() {
        for (forms, iso, card, claim) in [
            (&["1950", "19500000"][..], "1950", "1950", "19500000"),
            (&["1950-02", "02/1950", "19500200"], "1950-02", "02/1950", "19500200"),
            (&["2000-02-29", "29/02/2000", "20000229"], "2000-02-29", "29/02/2000", "20000229"),
        ] {
            for form in forms {
                let value = partial(form);
                assert!(value.iso_form() == iso && value.card_form() == card, "{form}");
                assert_eq!(value.claim169_form(), claim, "{form}");
            }
        }
    }

    #[test]
    fn illegal_date_parse_gives_the_reason() {
        use ModelError::{DateFormat, DateInvalid, DateOutOfRange};
        for (text, error) in [
            ("", DateFormat),
            ("50", DateFormat),
            ("195", DateFormat),
            ("+950", DateFormat),
            ("1950 ", DateFormat),
            ("1950/02", DateFormat),
            ("2-1950", DateFormat),
            ("1950-2-1", DateFormat),
            ("1/2/1950", DateFormat),
            ("1950.02.01", DateFormat),
            ("1950-02/01", DateFormat),
            ("02-01-1950", DateFormat),
            ("\u{661}\u{669}", DateFormat),
            ("1799", DateOutOfRange),
            ("2300", DateOutOfRange),
            ("01/01/0001", DateOutOfRange),
            ("31121990", DateOutOfRange),
            ("20102012", DateInvalid),
            ("1950-00", DateInvalid),
            ("1950-13", DateInvalid),
            ("1950-00-00", DateInvalid),
            ("00/00/1950", DateInvalid),
            ("19500001", DateInvalid),
            ("12/31/1950", DateInvalid),
            ("29/02/1900", DateInvalid),
        ] {
            assert_eq!(PartialDate::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn age_asked_takes_the_cautious_bound() {
        for (birth, years, first_day) in [
            ("2008-07-01", 18, "2026-07-01"),
            ("2008-07", 18, "2026-07-31"),
            ("2008", 18, "2026-12-31"),
            ("2008-02", 18, "2026-03-01"),
            ("2008-02", 20, "2028-02-29"),
            ("2007-02", 18, "2025-02-28"),
            ("2008-02-29", 18, "2026-03-01"),
            ("2008-02-29", 16, "2024-02-29"),
            ("1896-02-29", 4, "1900-03-01"),
            ("2008-12-31", 0, "2008-12-31"),
        ] {
            let first = day(first_day);
            let before = first.midnight_vietnam().checked_add(-1).unwrap().date_in_vietnam().unwrap();
            assert!(partial(birth).is_at_least(years, first), "{birth} is {years} on {first_day}");
            assert!(!partial(birth).is_at_least(years, before), "{birth} is not yet {years} on {before}");
        }
        assert!(!partial("1990").is_at_least(u16::MAX, day("2299-12-31")));
    }

    #[test]
    fn birth_date_debugged_is_redacted() {
        for (text, shown) in [("1950", "year"), ("1950-02", "month"), ("1950-02-01", "day")] {
            assert_eq!(format!("{:?}", partial(text)), format!("PartialDate({shown}, redacted)"));
        }
    }

    proptest! {
        #[test]
        fn any_date_written_and_read_returns(year in 1800_u16..2300, month in 0_u8..13, day in 0_u8..32) {
            let claim = format!("{year:04}{month:02}{day:02}");
            if let Ok(value) = PartialDate::parse(&claim) {
                prop_assert_eq!(value.claim169_form(), claim);
                prop_assert_eq!(PartialDate::parse(&value.iso_form()), Ok(value));
                prop_assert_eq!(PartialDate::parse(&value.card_form()), Ok(value));
            } else {
                prop_assert!(month == 0 && day != 0 || day > 28);
            }
        }

        #[test]
        fn any_text_parse_never_panics(text in ".{0,12}") {
            let _ = PartialDate::parse(&text);
        }
    }
}
