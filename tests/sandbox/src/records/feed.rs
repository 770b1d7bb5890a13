//! What a person is told about her records, in the platform's order: each record once with what is newest of it, and the steps of
//! her updates.

use eid_record::RecordKind;
use rusqlite::{Transaction, params};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::keys::Signer;
use crate::{
    SandboxError,
    jwt::{decode, encode},
    platform::Platform,
};

/// Most changes in one answer.
const MOST: usize = 500;

/// Most bytes of changes in one answer.
const MOST_BYTES: usize = 512 * 1024;

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    Record,
    Gone,
    Step,
}

impl Member {
    const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Gone => "gone",
            Self::Step => "step",
        }
    }

    const fn typ(self) -> &'static str {
        match self {
            Self::Record => "eid-record+jwt",
            Self::Gone => "eid-record-gone+jwt",
            Self::Step => "eid-update-step+jwt",
        }
    }
}

/// One of `record`, `gone` and `step`, as the authority signed it, and the signature beside it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    record: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    gone: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    step: Option<Box<RawValue>>,
    /// JWS compact serialisation with detached, unencoded payload (RFC 7797).
    signature: String,
}

/// A page of changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page {
    changes: Vec<Change>,
    /// Where the next page begins.
    next: String,
    more: bool,
}

/// Tells a person something, in the name of the authority of `kind`. What is said of the same slot stands in place of what was said before.
pub(crate) fn tell(
    tx: &Transaction<'_>,
    pid: &str,
    slot: &str,
    (kind, member): (RecordKind, Member),
    content: &impl Serialize,
) -> Result<(), SandboxError> {
    let content = serde_json::to_string(content)?;
    let signature = Signer::of(tx, kind.definition().authority())?.sign_beside(member.typ(), &content)?;
    let store = "INSERT OR REPLACE INTO feed (pid, slot, member, content, signature) VALUES (?, ?, ?, ?, ?)";
    tx.prepare_cached(store)?.execute(params![pid, slot, member.name(), content, signature])?;
    Ok(())
}

/// The place of the newest change of a person; 0 if there is none.
pub(crate) fn head(tx: &Transaction<'_>, pid: &str) -> Result<i64, SandboxError> {
    let head = "SELECT coalesce(max(place), 0) FROM feed WHERE pid = ?";
    Ok(tx.prepare_cached(head)?.query_row([pid], |row| row.get(0))?)
}

/// The changes after a place.
pub(crate) fn page(platform: &Platform, tx: &Transaction<'_>, pid: &str, after: i64) -> Result<Page, SandboxError> {
    let mut rows = tx.prepare_cached(
        "SELECT place, member, content, signature FROM feed WHERE pid = ? AND place > ? ORDER BY place",
    )?;
    let mut rows = rows.query(params![pid, after])?;
    let (mut changes, mut bytes, mut last, mut more) = (Vec::new(), 0_usize, after, false);
    while let Some(row) = rows.next()? {
        let (member, content, signature): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        bytes = bytes.saturating_add(content.len()).saturating_add(signature.len());
        more = changes.len() >= MOST || (bytes > MOST_BYTES && !changes.is_empty());
        if more {
            break;
        }
        let content = RawValue::from_string(content)?;
        let is = |of: Member| (member == of.name()).then(|| content.clone());
        changes.push(Change { record: is(Member::Record), gone: is(Member::Gone), step: is(Member::Step), signature });
        last = row.get(0)?;
    }
    Ok(Page { changes, next: cursor(platform, tx, pid, last)?, more })
}

/// What a place is called outside: nobody but the platform makes one, and each is one person's.
pub(crate) fn cursor(platform: &Platform, tx: &Transaction<'_>, pid: &str, place: i64) -> Result<String, SandboxError> {
    let place = place.to_be_bytes();
    let [a, b, c, d, e, f, g, h, ..] = mark(platform, tx, pid, &place)?;
    Ok(encode(&[place, [a, b, c, d, e, f, g, h]].concat()))
}

/// The place that is called so; `None` if the platform does not know it, or does not know it any more.
pub(crate) fn place(
    platform: &Platform,
    tx: &Transaction<'_>,
    pid: &str,
    text: &str,
) -> Result<Option<i64>, SandboxError> {
    let bytes = decode(text).ok();
    let Some((place, _)) = bytes.as_deref().and_then(|bytes| bytes.split_first_chunk::<8>()) else { return Ok(None) };
    let place = i64::from_be_bytes(*place);
    let is_ours = cursor(platform, tx, pid, place)? == text;
    Ok((is_ours && place <= head(tx, pid)?).then_some(place))
}

/// The platform no longer knows where anybody was.
pub(crate) fn forget_cursors(tx: &Transaction<'_>) -> Result<(), SandboxError> {
    tx.execute("UPDATE feed_generation SET generation = generation + 1", [])?;
    Ok(())
}

fn mark(platform: &Platform, tx: &Transaction<'_>, pid: &str, place: &[u8; 8]) -> Result<[u8; 32], SandboxError> {
    let generation: i64 = tx.query_row("SELECT generation FROM feed_generation", [], |row| row.get(0))?;
    Ok(platform.secrets.cursors.keyed_hash(&[&generation.to_be_bytes(), place, pid.as_bytes()]))
}
