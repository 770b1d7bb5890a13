//! Changes that an authority makes by itself, for tests and demonstrations.

use std::collections::BTreeMap;

use eid_crypto::random;
use eid_model::Pid;
use eid_record::{Form, Path, RecordKind};
use rusqlite::Transaction;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    book::{self, enter, strike},
    play::catch_up,
};
use crate::{SandboxError, jwt::encode, platform::Platform};

/// Most records that are made at once.
const MOST: u32 = 20_000;

/// What an authority does to the records of a person without being asked.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordChange {
    /// Whose records.
    #[schema(value_type = String)]
    pub pid: Pid,
    /// The name of the kind.
    pub kind: String,
    /// Which record. None: a new one.
    #[schema(pattern = "^[!-~]{1,64}$")]
    pub id: Option<String>,
    /// Texts by path, put in place of what is there; null takes one out. In a text `{n}` is the number of the new record.
    #[serde(default)]
    pub form: BTreeMap<String, Option<String>>,
    /// A code of the table `record_status`.
    pub status: Option<String>,
    /// The record is struck out.
    #[serde(default)]
    pub gone: bool,
    /// How many new records are made.
    #[schema(maximum = 20_000)]
    pub count: Option<u32>,
}

impl RecordChange {
    /// A change of a record, or a new one.
    pub fn new(pid: Pid, kind: RecordKind, id: Option<&str>, form: &[(&str, &str)]) -> Self {
        let form = form.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect();
        let id = id.map(str::to_owned);
        Self { pid, kind: kind.name().to_owned(), id, form, status: None, gone: false, count: None }
    }

    /// Does it, and gives the names of the records.
    pub(crate) fn make(&self, platform: &Platform, tx: &Transaction<'_>) -> Result<Vec<String>, SandboxError> {
        let kind = RecordKind::from_name(&self.kind).map_err(|_| SandboxError::RecordUnknown)?;
        let (pid, now) = (self.pid.as_str(), platform.clock.seconds());
        platform.register.find(pid).ok_or(SandboxError::PersonUnknown)?;
        catch_up(platform, tx, pid)?;
        match (&self.id, self.gone) {
            (Some(id), true) => {
                book::find(tx, pid, kind, id)?.ok_or(SandboxError::RecordUnknown)?;
                strike(tx, (pid, kind, id), now)?;
                return Ok(vec![id.clone()]);
            }
            (None, true) => return Err(SandboxError::RecordUnknown),
            (Some(id), false) if !is_name(id) || id == book::marker(kind) => return Err(SandboxError::RecordUnknown),
            _ => {}
        }
        let count = if self.id.is_some() { 1 } else { self.count.unwrap_or(1).min(MOST) };
        let mut ids = Vec::new();
        for place in 1..=count {
            let id = match &self.id {
                Some(id) => id.clone(),
                None => format!("own-{}", encode(&random::<12>(&platform.rng)?)),
            };
            self.enter(tx, kind, &id, place, now)?;
            ids.push(id);
        }
        strike(tx, (pid, kind, book::marker(kind)), now)?;
        Ok(ids)
    }

    fn enter(
        &self,
        tx: &Transaction<'_>,
        kind: RecordKind,
        id: &str,
        place: u32,
        now: i64,
    ) -> Result<(), SandboxError> {
        let pid = self.pid.as_str();
        let before = book::find(tx, pid, kind, id)?;
        let (was, mut form) =
            before.map_or_else(|| ("ok".to_owned(), Form::new()), |before| (before.status, before.form));
        for (path, text) in &self.form {
            let path = Path::parse(path).map_err(|_| SandboxError::RecordUnknown)?;
            match text {
                Some(text) => {
                    let text = text.replace("{n}", &place.to_string());
                    form.set(path, &text).map_err(|_| SandboxError::RecordUnknown)?;
                }
                None => drop(form.remove(&path)),
            }
        }
        let (form, _) = book::normal(kind, &form, book::today(now)?);
        enter(tx, (pid, kind, id), (self.status.as_deref().unwrap_or(&was), &form), now)
    }
}

/// What a record may be called: 1–64 characters of visible ASCII.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}
