//! Administrative divisions since 1 July 2025: provinces and communes, and the provinces that were merged into them.

use core::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::{
    Date, Edition, ModelError,
    line::Line,
    quiet::text_serde,
    table::{embedded, read, rises},
};

macro_rules! division_code {
    ($(#[$doc:meta])+ $name:ident($number:ty), $digits:literal, $error:ident) => {
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($number);

        impl $name {
            #[doc = concat!("Reads exactly ", $digits, " ASCII digits, not all zero.")]
            ///
            /// # Errors
            #[doc = concat!("[`ModelError::", stringify!($error), "`].")]
            pub fn parse(text: &str) -> Result<Self, ModelError> {
                let formed = text.len() == $digits && text.bytes().all(|b| b.is_ascii_digit());
                match text.parse() {
                    Ok(number) if formed && number != 0 => Ok(Self(number)),
                    _ => Err(ModelError::$error),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:0", $digits, "}"), self.0)
            }
        }

        text_serde!($name, to_string);
    };
}

division_code! {
    /// The code of a province since 1 July 2025 (mã tỉnh): two digits, 01–99. `Display` writes both.
    ProvinceCode(u8), 2, ProvinceCodeFormat
}

division_code! {
    /// The code of a province until 30 June 2025: two digits, 01–99. Several were given to other provinces afterwards
    /// (80 was Long An and is Tây Ninh), so it is a type of its own.
    FormerProvinceCode(u8), 2, ProvinceCodeFormat
}

division_code! {
    /// The code of a commune, ward or special zone (mã xã): five digits, 00001–99999, never given twice. `Display`
    /// writes all five.
    CommuneCode(u32), 5, CommuneCodeFormat
}

/// The provinces since 1 July 2025 and what became of those before.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvinceTable {
    edition: Edition,
    provinces: Vec<Province>,
    former: FormerProvinces,
}

/// A province of today.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Province {
    code: ProvinceCode,
    name: Line,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FormerProvinces {
    effective_to: Date,
    provinces: Vec<FormerProvince>,
}

/// A province that ended on 30 June 2025, alone or with others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormerProvince {
    code: FormerProvinceCode,
    name: Line,
    into: ProvinceCode,
}

impl ProvinceTable {
    const MAX_BYTES: usize = 256 * 1024;

    /// The table compiled into the library.
    pub fn embedded() -> &'static Self {
        static TABLE: LazyLock<ProvinceTable> =
            LazyLock::new(|| embedded(ProvinceTable::parse(include_str!("../data/provinces.json"))));
        &TABLE
    }

    /// Reads a newer table: JSON in the form of `data/provinces.json`, codes rising, each former province merged into
    /// one that is listed, before the new ones began.
    ///
    /// # Errors
    /// [`ModelError::TableInvalid`].
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let table: Self = read(json, Self::MAX_BYTES)?;
        let former = &table.former;
        let valid = rises(&table.provinces, |row| row.code)
            && rises(&former.provinces, |row| row.code)
            && former.provinces.iter().all(|row| table.find(row.into).is_some())
            && former.effective_to < table.edition.effective_from();
        if valid { Ok(table) } else { Err(ModelError::TableInvalid) }
    }

    /// Version, date and source.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// The province with a code.
    pub fn find(&self, code: ProvinceCode) -> Option<&Province> {
        self.provinces.binary_search_by_key(&code, |row| row.code).ok().and_then(|at| self.provinces.get(at))
    }

    /// The former province with a code.
    pub fn find_former(&self, code: FormerProvinceCode) -> Option<&FormerProvince> {
        let rows = &self.former.provinces;
        rows.binary_search_by_key(&code, |row| row.code).ok().and_then(|at| rows.get(at))
    }

    /// All provinces, by code.
    pub fn list(&self) -> &[Province] {
        &self.provinces
    }

    /// All former provinces, by code.
    pub fn list_former(&self) -> &[FormerProvince] {
        &self.former.provinces
    }

    /// The last day on which the former provinces existed.
    pub fn former_until(&self) -> Date {
        self.former.effective_to
    }
}

impl Province {
    /// The code.
    pub fn code(&self) -> ProvinceCode {
        self.code
    }

    /// The name, without the word for province or city.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
}

impl FormerProvince {
    /// The code it had.
    pub fn code(&self) -> FormerProvinceCode {
        self.code
    }

    /// The name it had.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The province it belongs to now.
    pub fn merged_into(&self) -> ProvinceCode {
        self.into
    }
}

/// Communes, wards and special zones. No complete list could be had, so none is compiled in: the platform supplies it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommuneTable {
    edition: Edition,
    communes: Vec<Commune>,
}

/// A commune, ward or special zone (xã, phường, đặc khu).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commune {
    code: CommuneCode,
    name: Line,
    province: ProvinceCode,
}

impl CommuneTable {
    /// Room for six times the 3,321 communes of 2025.
    const MAX_BYTES: usize = 2 * 1024 * 1024;

    /// Reads a table of at most 2 MiB, codes rising:
    /// `{"edition": {…}, "communes": [{"code": "00001", "name": "…", "province": "01"}]}`.
    ///
    /// # Errors
    /// [`ModelError::TableInvalid`].
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let table: Self = read(json, Self::MAX_BYTES)?;
        if rises(&table.communes, |row| row.code) { Ok(table) } else { Err(ModelError::TableInvalid) }
    }

    /// Version, date and source.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// The commune with a code.
    pub fn find(&self, code: CommuneCode) -> Option<&Commune> {
        self.communes.binary_search_by_key(&code, |row| row.code).ok().and_then(|at| self.communes.get(at))
    }

    /// The communes of a province, by code.
    pub fn list(&self, province: ProvinceCode) -> impl Iterator<Item = &Commune> {
        self.communes.iter().filter(move |row| row.province == province)
    }
}

impl Commune {
    /// The code.
    pub fn code(&self) -> CommuneCode {
        self.code
    }

    /// The name, with the word for its kind.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The province it lies in.
    pub fn province(&self) -> ProvinceCode {
        self.province
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BirthRegistrationTable;

    #[test]
    fn codes_written_and_read_return_with_leading_zeros() {
        assert_eq!(ProvinceCode::parse("01").unwrap().to_string(), "01");
        assert_eq!(CommuneCode::parse("00004").unwrap().to_string(), "00004");
        for text in ["", "0", "00", "1", "001", "+1", "1 ", "a1", "\u{661}"] {
            assert_eq!(ProvinceCode::parse(text), Err(ModelError::ProvinceCodeFormat), "{text:?}");
            assert_eq!(FormerProvinceCode::parse(text), Err(ModelError::ProvinceCodeFormat), "{text:?}");
        }
        for text in ["", "00000", "0004", "000004", "+0004", "0000a"] {
            assert_eq!(CommuneCode::parse(text), Err(ModelError::CommuneCodeFormat), "{text:?}");
        }
    }

    #[test]
    fn embedded_table_folds_63_provinces_into_34() {
        let table = ProvinceTable::embedded();
        let former = &table.former.provinces;
        assert_eq!((table.list().len(), former.len()), (34, 63));
        for province in table.list() {
            assert!(former.iter().any(|row| row.into == province.code), "{} has no forerunner", province.name());
        }
        // A merged province kept the code of its seat, which lay in one of the merged ones.
        for row in former {
            let seat = FormerProvinceCode(row.into.0);
            assert!(former.iter().any(|other| other.code == seat && other.into == row.into), "{}", row.name());
        }
        // The places of birth registration are the same 63, under three-digit codes.
        for row in former {
            assert_eq!(BirthRegistrationTable::embedded().find(u16::from(row.code.0)), Some(row.name()));
        }
    }

    #[test]
    fn code_given_anew_means_another_province() {
        let table = ProvinceTable::embedded();
        for (code, was, is) in [
            ("80", "Long An", "Tây Ninh"),
            ("91", "Kiên Giang", "An Giang"),
            ("82", "Tiền Giang", "Đồng Tháp"),
            ("15", "Yên Bái", "Lào Cai"),
            ("24", "Bắc Giang", "Bắc Ninh"),
            ("44", "Quảng Bình", "Quảng Trị"),
            ("52", "Bình Định", "Gia Lai"),
        ] {
            assert_eq!(table.find_former(FormerProvinceCode::parse(code).unwrap()).unwrap().name(), was);
            assert_eq!(table.find(ProvinceCode::parse(code).unwrap()).unwrap().name(), is);
        }
    }

    const TWO: &str = r#"{"edition":{"version":2,"effective_from":"2030-01-01","source":"invented"},
        "provinces":[{"code":"01","name":"A"},{"code":"02","name":"B"}],
        "former":{"effective_to":"2029-12-31","provinces":[{"code":"03","name":"C","into":"01"}]}}"#;

    #[test]
    fn newer_table_supplied_is_used_and_a_faulty_one_refused() {
        let table = ProvinceTable::parse(TWO).unwrap();
        assert_eq!((table.edition().version(), table.edition().source()), (2, "invented"));
        assert_eq!(table.former_until(), Date::new(2029, 12, 31).unwrap());
        for (from, to) in [
            ("\"02\"", "\"01\""),
            ("\"01\",\"name\"", "\"03\",\"name\""),
            ("\"into\":\"01\"", "\"into\":\"09\""),
            ("2029-12-31", "2030-01-01"),
            ("\"name\":\"A\"", "\"name\":\"A\",\"kind\":1"),
            ("\"version\":2", "\"version\":2,\"note\":\"\""),
            ("\"01\",\"name\"", "1,\"name\""),
        ] {
            let faulty = TWO.replace(from, to);
            assert_ne!(faulty, TWO, "{from}");
            assert_eq!(ProvinceTable::parse(&faulty).err(), Some(ModelError::TableInvalid), "{from} → {to}");
        }
        assert!(ProvinceTable::parse(&"[".repeat(10_000)).is_err());
    }

    #[test]
    fn commune_table_supplied_is_searched() {
        let json = r#"{"edition":{"version":1,"effective_from":"2025-07-01","source":"invented"},"communes":[
            {"code":"99001","name":"Xã Thử Một","province":"01"},{"code":"99002","name":"Phường Thử Hai","province":"79"}]}"#;
        let table = CommuneTable::parse(json).unwrap();
        let hanoi = ProvinceCode::parse("01").unwrap();
        assert_eq!(table.list(hanoi).map(Commune::name).collect::<Vec<_>>(), ["Xã Thử Một"]);
        assert_eq!(table.find(CommuneCode::parse("99002").unwrap()).unwrap().province().to_string(), "79");
        assert_eq!(table.find(CommuneCode::parse("99003").unwrap()), None);
        assert!(CommuneTable::parse(&json.replace("99002", "99001")).is_err());
        assert!(CommuneTable::parse(&(json.to_owned() + &" ".repeat(CommuneTable::MAX_BYTES))).is_err());
    }
}
