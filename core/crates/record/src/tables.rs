//! Dated lists of codes, updatable without a release.

use std::{
    collections::BTreeMap,
    str::FromStr,
    sync::{Arc, LazyLock},
};

use eid_model::{
    CommuneTable, Date, Edition, MobilePrefixTable, Phrase, ProvinceTable, embedded_table, read_table, table_rises,
};
use serde::Deserialize;

use crate::{RecordError, RecordKind, path::is_name};

/// All tables that validation and labels look things up in: those of this crate, by name, and those of the model.
///
/// A copy costs little, so that a newer table can be put in while others still read the old ones.
#[derive(Debug, Clone)]
pub struct Tables {
    codes: BTreeMap<String, Arc<CodeTable>>,
    communes: Option<Arc<CommuneTable>>,
}

/// A list of codes (danh mục).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeTable {
    edition: Edition,
    name: String,
    rows: Vec<CodeRow>,
}

/// A code, what it is called, when it is or was in force, and facts that the rules of a kind need.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeRow {
    code: String,
    label: Phrase,
    from: Option<Date>,
    to: Option<Date>,
    #[serde(default)]
    facts: BTreeMap<String, String>,
}

/// Tables of this crate that belong to no kind alone.
const SHARED: &[&str] = &[
    include_str!("tables/authorities.json"),
    include_str!("tables/countries.json"),
    include_str!("tables/record_status.json"),
    include_str!("tables/words.json"),
];

impl Tables {
    /// The tables compiled into the library. There is no list of communes among them: the platform supplies it.
    pub fn embedded() -> &'static Self {
        static TABLES: LazyLock<Tables> = LazyLock::new(|| {
            let texts = SHARED.iter().chain(RecordKind::ALL.iter().flat_map(|kind| kind.tables()));
            let codes = texts.map(|text| {
                let table: CodeTable = embedded_table(read_table(text, CodeTable::MAX_BYTES));
                (table.name.clone(), Arc::new(table))
            });
            Tables { codes: codes.collect(), communes: None }
        });
        &TABLES
    }

    /// Puts a newer edition of a table in place of the one in use: JSON in the form of the files beside each kind.
    ///
    /// # Errors
    /// [`RecordError::TableInvalid`], also if no table has this name or its version is not higher.
    pub fn replace(&mut self, json: &str) -> Result<(), RecordError> {
        let table = CodeTable::parse(json)?;
        let present = self.codes.get_mut(&table.name).ok_or(RecordError::TableInvalid)?;
        if table.edition.version() <= present.edition.version() {
            return Err(RecordError::TableInvalid);
        }
        *present = Arc::new(table);
        Ok(())
    }

    /// Supplies the list of communes.
    pub fn set_communes(&mut self, table: CommuneTable) {
        self.communes = Some(Arc::new(table));
    }

    /// The table with a name.
    pub fn find(&self, name: &str) -> Option<&CodeTable> {
        self.codes.get(name).map(Arc::as_ref)
    }

    /// The row for a code of a table.
    pub fn row(&self, table: &str, code: &str) -> Option<&CodeRow> {
        self.find(table)?.find(code)
    }

    /// The list of communes, if it was supplied.
    pub fn communes(&self) -> Option<&CommuneTable> {
        self.communes.as_deref()
    }

    /// The provinces of today and before.
    pub fn provinces(&self) -> &ProvinceTable {
        ProvinceTable::embedded()
    }

    /// Prefixes of mobile numbers.
    pub fn mobile_prefixes(&self) -> &MobilePrefixTable {
        MobilePrefixTable::embedded()
    }

    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = &CodeTable> {
        self.codes.values().map(Arc::as_ref)
    }
}

impl CodeTable {
    const MAX_BYTES: usize = 512 * 1024;

    /// Reads a table, codes rising.
    ///
    /// # Errors
    /// [`RecordError::TableInvalid`].
    pub fn parse(json: &str) -> Result<Self, RecordError> {
        let table: Self = read_table(json, Self::MAX_BYTES).map_err(|_| RecordError::TableInvalid)?;
        let valid = is_name(&table.name)
            && table_rises(&table.rows, |row| row.code.clone())
            && table.rows.iter().all(|row| row.from.zip(row.to).is_none_or(|(from, to)| from <= to));
        if valid { Ok(table) } else { Err(RecordError::TableInvalid) }
    }

    /// Version, date and source.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// The name that fields refer to.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The row for a code.
    pub fn find(&self, code: &str) -> Option<&CodeRow> {
        self.rows.binary_search_by(|row| row.code.as_str().cmp(code)).ok().and_then(|at| self.rows.get(at))
    }

    /// All rows, by code.
    pub fn list(&self) -> &[CodeRow] {
        &self.rows
    }
}

impl CodeRow {
    /// The code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What it is called.
    pub fn label(&self) -> &Phrase {
        &self.label
    }

    /// The first day on which the code can be used.
    pub fn from(&self) -> Option<Date> {
        self.from
    }

    /// The last day on which the code can be used.
    pub fn until(&self) -> Option<Date> {
        self.to
    }

    /// True if the code can be used on a day.
    pub fn is_in_force(&self, on: Date) -> bool {
        self.from.is_none_or(|from| from <= on) && self.to.is_none_or(|to| on <= to)
    }

    /// A fact of the row.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts.get(name).map(String::as_str)
    }

    /// A fact that is a number.
    pub fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.fact(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{"edition": {"version": 2, "effective_from": "2027-01-01", "source": "invented"}, "name": "banks",
        "rows": [{"code": "970400", "label": {"vi": "Ngân hàng Thử", "en": "Test Bank"}, "from": "2027-01-01", "to": "2027-12-31"},
                 {"code": "970436", "label": {"vi": "Vietcombank", "en": "Vietcombank"}, "facts": {"n": "7"}}]}"#;

    #[test]
    fn newer_table_replaces_the_one_in_use_for_those_who_take_it() {
        let mut tables = Tables::embedded().clone();
        tables.replace(TABLE).unwrap();
        let row = tables.row("banks", "970400").unwrap();
        let day = |text| Date::parse(text).unwrap();
        assert!(row.is_in_force(day("2027-01-01")) && row.is_in_force(day("2027-12-31")));
        assert!(!row.is_in_force(day("2026-12-31")) && !row.is_in_force(day("2028-01-01")));
        assert_eq!(
            (tables.row("banks", "970436").unwrap().number("n"), tables.row("banks", "970415").is_some()),
            (Some(7), false)
        );
        assert_eq!(tables.find("banks").unwrap().edition().version(), 2);
        assert!(Tables::embedded().row("banks", "970400").is_none(), "others read the old one");
        assert_eq!(tables.replace(TABLE), Err(RecordError::TableInvalid), "not newer");
    }

    #[test]
    fn faulty_table_is_refused_and_the_old_one_stays() {
        for (from, to) in [
            (r#""version": 2"#, r#""version": 1"#),
            (r#""name": "banks""#, r#""name": "bonks""#),
            (r#""name": "banks""#, r#""name": "Banks""#),
            ("970436", "970400"),
            ("970436", "970399"),
            ("2027-12-31", "2026-12-31"),
            (r#""facts": {"n": "7"}"#, r#""fact": {"n": "7"}"#),
            (r#""en": "Test Bank""#, r#""en": """#),
        ] {
            let faulty = TABLE.replacen(from, to, 1);
            assert_ne!(faulty, TABLE);
            let mut tables = Tables::embedded().clone();
            assert_eq!(tables.replace(&faulty), Err(RecordError::TableInvalid), "{from} → {to}");
            assert!(tables.row("banks", "970415").is_some());
        }
        assert!(CodeTable::parse(&" ".repeat(CodeTable::MAX_BYTES + 1)).is_err());
    }
}
