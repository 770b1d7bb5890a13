//! The error-code table: one TOML file makes the Rust constants and the documentation page.

use std::{fmt::Write as _, fs, path::Path};

use serde::Deserialize;

const TABLE: &str = "core/crates/model/data/error-codes.toml";
const RUST: &str = "core/crates/model/src/codes.rs";
const DOCS: &str = "core/docs/error-codes.md";

#[derive(Deserialize)]
struct Table {
    code: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    number: u16,
    name: String,
    kind: String,
    privacy: String,
    vi: String,
    en: String,
}

/// Writes the generated files, or with `write == false` reports those that differ from what would be written.
pub(crate) fn run(root: &Path, write: bool) -> Result<(), String> {
    let text = fs::read_to_string(root.join(TABLE)).map_err(|e| format!("{TABLE}: {e}"))?;
    let mut table: Table = toml::from_str(&text).map_err(|e| format!("{TABLE}: {e}"))?;
    table.code.sort_by_key(|row| row.number);
    check(&table.code)?;
    for (path, wanted) in [(RUST, rust(&table.code)), (DOCS, docs(&table.code))] {
        if write {
            fs::write(root.join(path), &wanted).map_err(|e| format!("{path}: {e}"))?;
        } else if fs::read_to_string(root.join(path)).unwrap_or_default() != wanted {
            return Err(format!("{path} is not what {TABLE} says: run `cargo xtask codes --write`"));
        }
    }
    Ok(())
}

fn check(rows: &[Row]) -> Result<(), String> {
    for pair in rows.windows(2) {
        if let [a, b] = pair
            && a.number == b.number
        {
            return Err(format!("{TABLE}: number {} is used by {} and {}", a.number, a.name, b.name));
        }
    }
    for row in rows {
        if !row.name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') {
            return Err(format!("{TABLE}: {} is not an upper-case name", row.name));
        }
    }
    Ok(())
}

fn rust(rows: &[Row]) -> String {
    let mut out = String::from(
        "// Generated from data/error-codes.toml by `cargo xtask codes --write`. Do not edit.\n\n\
         use crate::{Code, CodeInfo, Kind, Privacy};\n\nimpl Code {\n",
    );
    for row in rows {
        let _ = writeln!(out, "    /// {}\n    pub const {}: Self = Self({});", row.en, row.name, row.number);
    }
    out.push_str("}\n\n/// The row that stands in for a number outside the table.\n#[rustfmt::skip]\npub(crate) const FIRST: CodeInfo = ");
    out.push_str(&rows.first().map(literal).unwrap_or_default());
    out.push_str(";\n\n/// All rows, by number.\n#[rustfmt::skip]\npub(crate) const TABLE: &[CodeInfo] = &[\n");
    for row in rows {
        let _ = writeln!(out, "    {},", literal(row));
    }
    out.push_str("];\n");
    out
}

fn literal(row: &Row) -> String {
    format!(
        "CodeInfo {{ number: {}, name: {:?}, kind: Kind::{}, privacy: Privacy::{}, vi: {:?}, en: {:?} }}",
        row.number,
        row.name,
        camel(&row.kind),
        camel(&row.privacy),
        row.vi,
        row.en
    )
}

fn camel(snake: &str) -> String {
    snake
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map(|c| c.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
        })
        .collect()
}

fn docs(rows: &[Row]) -> String {
    let mut out = String::from(
        "# Error codes\n\n\
         Generated from `core/crates/model/data/error-codes.toml` by `cargo xtask codes --write`. Numbers are never\n\
         reused. *Kind* says what a screen can do; *privacy* what may be reported beyond the number.\n\n\
         | number | name | kind | privacy | what to do now (vi) | what to do now (en) |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            row.number, row.name, row.kind, row.privacy, row.vi, row.en
        );
    }
    out
}
