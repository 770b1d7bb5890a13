//! What the authorities have of people, and the changes that they make to it.

use eid_model::{Date, UnixTime};
use eid_record::{Context, Form, Holder, Payload, RecordKind, Speaker, Tables};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::Serialize;

use super::feed::{self, Member};
use crate::{Person, SandboxError};

/// A record as its authority has it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) as_of: i64,
    /// Since when it says what it says.
    pub(crate) changed_at: i64,
    pub(crate) status: String,
    pub(crate) form: Form,
    /// It was struck out; kept for its time alone.
    is_struck: bool,
}

/// The name under which an authority says that it finds nothing, or could not answer: that of the kind.
pub(crate) fn marker(kind: RecordKind) -> &'static str {
    kind.name()
}

#[derive(Serialize)]
struct Said<'a> {
    pid: &'a str,
    kind: &'a str,
    id: &'a str,
    authority: &'a str,
    as_of: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<&'a Form>,
}

/// Enters a record, or says again what it says: as of `at`, or a second after what was said before.
pub(crate) fn enter(
    tx: &Transaction<'_>,
    (pid, kind, id): (&str, RecordKind, &str),
    (status, form): (&str, &Form),
    at: i64,
) -> Result<(), SandboxError> {
    let before = find_any(tx, pid, kind, id)?;
    let as_of = before.as_ref().map_or(at, |before| at.max(before.as_of.saturating_add(1)));
    let same = before.as_ref().filter(|before| !before.is_struck);
    let same = same.filter(|before| (before.status.as_str(), &before.form) == (status, form));
    let changed_at = same.map_or(as_of, |before| before.changed_at);
    let store =
        "INSERT OR REPLACE INTO books (pid, kind, id, as_of, changed_at, status, form) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let text = serde_json::to_string(form)?;
    tx.prepare_cached(store)?.execute(params![pid, kind.name(), id, as_of, changed_at, status, text])?;
    let authority = kind.definition().authority();
    let said = Said { pid, kind: kind.name(), id, authority, as_of, status: Some(status), form: Some(form) };
    feed::tell(tx, pid, &slot(kind, id), (kind, Member::Record), &said)
}

/// Strikes a record out, if it is there.
pub(crate) fn strike(
    tx: &Transaction<'_>,
    (pid, kind, id): (&str, RecordKind, &str),
    at: i64,
) -> Result<(), SandboxError> {
    let Some(before) = find(tx, pid, kind, id)? else { return Ok(()) };
    let (authority, as_of) = (kind.definition().authority(), at.max(before.as_of.saturating_add(1)));
    let strike = "UPDATE books SET struck = 1, as_of = ? WHERE pid = ? AND kind = ? AND id = ?";
    tx.execute(strike, params![as_of, pid, kind.name(), id])?;
    let said = Said { pid, kind: kind.name(), id, authority, as_of, status: None, form: None };
    feed::tell(tx, pid, &slot(kind, id), (kind, Member::Gone), &said)
}

/// A record, by its name.
pub(crate) fn find(tx: &Transaction<'_>, pid: &str, kind: RecordKind, id: &str) -> Result<Option<Entry>, SandboxError> {
    Ok(find_any(tx, pid, kind, id)?.filter(|entry| !entry.is_struck))
}

fn find_any(tx: &Transaction<'_>, pid: &str, kind: RecordKind, id: &str) -> Result<Option<Entry>, SandboxError> {
    let columns = "SELECT id, as_of, changed_at, status, form, struck FROM books WHERE pid = ? AND kind = ? AND id = ?";
    let found = tx.prepare_cached(columns)?.query_row(params![pid, kind.name(), id], read).optional()?;
    found.map(parse).transpose()
}

/// All records of a kind, without what says that there is none.
pub(crate) fn list(tx: &Transaction<'_>, pid: &str, kind: RecordKind) -> Result<Vec<Entry>, SandboxError> {
    let columns = "SELECT id, as_of, changed_at, status, form, struck FROM books
                   WHERE pid = ? AND kind = ? AND id <> ? AND NOT struck ORDER BY id";
    let mut rows = tx.prepare_cached(columns)?;
    let rows = rows.query_map(params![pid, kind.name(), marker(kind)], read)?;
    rows.map(|row| parse(row?)).collect()
}

/// A person as a record's holder.
pub(crate) fn holder(person: &Person) -> Holder {
    let Person { pid, name, birth_date, sex, .. } = person.clone();
    Holder { pid, name, birth_date, sex }
}

/// The same form in the one way of writing it, and what it says.
pub(crate) fn normal(kind: RecordKind, form: &Form, today: Date) -> (Form, Payload) {
    let tables = Tables::embedded();
    let context = Context { today, holder: None, others: &[], tables, speaker: Speaker::Authority };
    let checked = kind.validate(form, &context);
    (checked.form().clone(), checked.payload().clone())
}

/// The day it is in Vietnam.
pub(crate) fn today(now: i64) -> Result<Date, SandboxError> {
    UnixTime::from_seconds(now).date_in_vietnam().map_err(|_| SandboxError::Register)
}

fn slot(kind: RecordKind, id: &str) -> String {
    format!("record/{}/{id}", kind.name())
}

type Columns = (String, i64, i64, String, String, bool);

fn read(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn parse((id, as_of, changed_at, status, form, is_struck): Columns) -> Result<Entry, SandboxError> {
    Ok(Entry { id, as_of, changed_at, status, form: serde_json::from_str(&form)?, is_struck })
}
