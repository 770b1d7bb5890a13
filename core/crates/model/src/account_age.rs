//! Who may have an account of which level, by age (Decree 69/2024 Art. 7).

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{
    AccountLevel, Date, Edition, ModelError, PartialDate,
    table::{embedded, read, rises},
};

/// Account levels by age. The law changes the ages now and then, so they are data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountAgeTable {
    edition: Edition,
    bands: Vec<Band>,
}

/// What holds from an age until the next one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Band {
    from_years: u16,
    one: Availability,
    two: Availability,
}

/// Whether people of an age get an account of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// No.
    NotOffered,
    /// When their representative asks for it.
    OnDemand,
    /// Yes.
    Offered,
}

impl AccountAgeTable {
    const MAX_BYTES: usize = 16 * 1024;

    /// The table compiled into the library.
    pub fn embedded() -> &'static Self {
        static TABLE: LazyLock<AccountAgeTable> =
            LazyLock::new(|| embedded(AccountAgeTable::parse(include_str!("../data/account-ages.json"))));
        &TABLE
    }

    /// Reads a newer table: JSON in the form of `data/account-ages.json`, ages rising from 0.
    ///
    /// # Errors
    /// [`ModelError::TableInvalid`].
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let table: Self = read(json, Self::MAX_BYTES)?;
        let whole = table.bands.first().is_some_and(|band| band.from_years == 0);
        if whole && rises(&table.bands, |band| band.from_years) { Ok(table) } else { Err(ModelError::TableInvalid) }
    }

    /// Version, date and source.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// Whether somebody born then gets an account of this level on this day. Of a birth date that is not wholly known, the
    /// latest possible day counts, as everywhere ([`PartialDate::is_at_least`]).
    pub fn availability(&self, birth: &PartialDate, level: AccountLevel, on: Date) -> Availability {
        let reached =
            self.bands.iter().rev().find(|band| band.from_years == 0 || birth.is_at_least(band.from_years, on));
        reached.map_or(Availability::NotOffered, |band| match level {
            AccountLevel::One => band.one,
            AccountLevel::Two => band.two,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn on(birth: &str, day: &str) -> (Availability, Availability) {
        let (birth, day) = (PartialDate::parse(birth).unwrap(), Date::parse(day).unwrap());
        let table = AccountAgeTable::embedded();
        (table.availability(&birth, AccountLevel::One, day), table.availability(&birth, AccountLevel::Two, day))
    }

    #[test]
    fn ages_of_the_decree_get_their_levels_on_the_birthday() {
        use Availability::{NotOffered, Offered, OnDemand};
        for (birth, day, expected) in [
            ("2026-11-22", "2026-11-22", (OnDemand, NotOffered)),
            ("2020-11-23", "2026-11-22", (OnDemand, NotOffered)),
            ("2020-11-22", "2026-11-22", (Offered, OnDemand)),
            ("2012-11-23", "2026-11-22", (Offered, OnDemand)),
            ("2012-11-22", "2026-11-22", (Offered, Offered)),
            ("1940", "2026-11-22", (Offered, Offered)),
            // Only the year is known: fourteen for sure a year later.
            ("2012", "2026-12-30", (Offered, OnDemand)),
            ("2012", "2026-12-31", (Offered, Offered)),
        ] {
            assert_eq!(on(birth, day), expected, "{birth} {day}");
        }
    }

    #[test]
    fn table_that_leaves_ages_out_or_disorders_them_is_refused() {
        let table = |bands: &str| {
            format!(r#"{{"edition":{{"version":1,"effective_from":"2024-07-01","source":"x"}},"bands":[{bands}]}}"#)
        };
        let band = |years: u32| format!(r#"{{"from_years":{years},"one":"offered","two":"on_demand"}}"#);
        for (bands, valid) in [
            (band(0), true),
            ([band(0), band(6)].join(","), true),
            (String::new(), false),
            (band(6), false),
            ([band(0), band(6), band(6)].join(","), false),
            ([band(0), band(14), band(6)].join(","), false),
            (band(0).replace("offered", "maybe"), false),
            (band(70_000), false),
        ] {
            assert_eq!(AccountAgeTable::parse(&table(&bands)).is_ok(), valid, "{bands}");
        }
        assert_eq!(AccountAgeTable::embedded().edition().version(), 1);
    }

    proptest! {
        #[test]
        fn older_people_never_get_less(year in 1900..2026_u16, older in 0..80_u16) {
            let day = Date::new(2026, 11, 22).unwrap();
            let born = |year: u16| PartialDate::parse(&format!("{year:04}-06-15")).unwrap();
            let (young, old) = (born(year), born(year.saturating_sub(older).max(1900)));
            for level in [AccountLevel::One, AccountLevel::Two] {
                let of = |birth| AccountAgeTable::embedded().availability(birth, level, day);
                prop_assert!(of(&old) >= of(&young));
            }
        }
    }
}
