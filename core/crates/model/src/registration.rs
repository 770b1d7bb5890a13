//! Places of birth registration, as personal identification numbers name them.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer};

use crate::{
    Edition, ModelError,
    line::Line,
    quiet,
    table::{embedded, read, rises},
};

/// The codes in digits 1–3 of a [`Pid`](crate::Pid), with the names the places had when the codes were given: the 63
/// provinces until 30 June 2025. A name from here is never a present-day province.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BirthRegistrationTable {
    edition: Edition,
    places: Vec<Place>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    #[serde(deserialize_with = "three_digits")]
    code: u16,
    name: Line,
}

impl BirthRegistrationTable {
    const MAX_BYTES: usize = 256 * 1024;

    /// The table compiled into the library.
    pub fn embedded() -> &'static Self {
        static TABLE: LazyLock<BirthRegistrationTable> =
            LazyLock::new(|| embedded(BirthRegistrationTable::parse(include_str!("../data/birth-registration.json"))));
        &TABLE
    }

    /// Reads a newer table: JSON in the form of `data/birth-registration.json`, codes rising.
    ///
    /// # Errors
    /// [`ModelError::TableInvalid`].
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let table: Self = read(json, Self::MAX_BYTES)?;
        if rises(&table.places, |place| place.code) { Ok(table) } else { Err(ModelError::TableInvalid) }
    }

    /// Version, date and source.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// The name the place had, for a code from [`Pid::birth_registration_code`](crate::Pid::birth_registration_code).
    pub fn find(&self, code: u16) -> Option<&str> {
        let at = self.places.binary_search_by_key(&code, |place| place.code).ok()?;
        self.places.get(at).map(|place| place.name.as_str())
    }
}

/// Codes stand in the file with three digits, so that a reader does not take them for province codes.
fn three_digits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    quiet::parse_text(deserializer, |text| {
        let digits = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| digits).ok_or(ModelError::TableInvalid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"edition":{"version":2,"effective_from":"2016-01-01","source":"invented"},
        "places":[{"code":"000","name":"Thử Nghiệm"},{"code":"001","name":"Hà Nội"}]}"#;

    #[test]
    fn embedded_table_has_the_63_places() {
        let table = BirthRegistrationTable::embedded();
        assert_eq!(table.places.len(), 63);
        for (code, name) in [(1, Some("Hà Nội")), (80, Some("Long An")), (96, Some("Cà Mau")), (24, Some("Bắc Giang"))]
        {
            assert_eq!(table.find(code), name);
        }
        assert_eq!((table.find(23), table.find(0), table.find(999)), (None, None, None));
    }

    #[test]
    fn newer_table_supplied_is_used() {
        let table = BirthRegistrationTable::parse(ONE).unwrap();
        assert_eq!((table.find(0), table.edition().version()), (Some("Thử Nghiệm"), 2));
    }

    #[test]
    fn faulty_table_parse_refuses() {
        for (from, to) in [
            ("\"001\"", "\"000\""),
            ("\"001\"", "\"01\""),
            ("\"001\"", "\"+01\""),
            ("\"001\"", "1"),
            ("\"name\":\"Hà Nội\"", "\"name\":\"Hà Nội\",\"x\":1"),
            ("\"version\":2", "\"version\":-2"),
            ("\"version\":2,", ""),
            ("2016-01-01", "2016"),
            ("Hà", "H\\n"),
        ] {
            let faulty = ONE.replace(from, to);
            assert_ne!(faulty, ONE, "{from}");
            assert_eq!(BirthRegistrationTable::parse(&faulty).err(), Some(ModelError::TableInvalid), "{from} → {to}");
        }
        let endless = ONE.to_owned() + &" ".repeat(BirthRegistrationTable::MAX_BYTES);
        assert!(BirthRegistrationTable::parse(&endless).is_err());
    }
}
