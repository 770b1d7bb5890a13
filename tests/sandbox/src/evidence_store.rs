//! Pieces of evidence, whole and half: kept by account and digest.

use axum::http::StatusCode;
use eid_crypto::hash::Sha256;
use eid_model::Code;
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::{SandboxError, problem::Refusal};

/// Largest piece, in bytes.
const LARGEST: i64 = 8 << 20;

/// Most bytes of an account that no submission uses.
const MOST: i64 = 512 << 20;

/// How long a piece that no submission uses is kept, in seconds.
const KEPT: i64 = 60 * 86_400;

/// What pieces are, with the bytes that they begin with.
const MEDIA: [(&str, &[u8]); 2] = [("image/jpeg", b"\xff\xd8\xff"), ("application/pdf", b"%PDF-")];

/// Whose piece, and which one.
type Key<'a> = (&'a str, &'a [u8; 32]);

/// What is said of a piece before it comes.
pub(crate) struct Offer<'a> {
    pub(crate) length: i64,
    pub(crate) media: &'a str,
}

/// How far a piece is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upload {
    pub(crate) offset: i64,
    pub(crate) length: i64,
    pub(crate) is_complete: bool,
}

/// Makes room for a piece, or finds it.
pub(crate) fn offer(
    tx: &Transaction<'_>,
    (account, digest): Key<'_>,
    offer: &Offer<'_>,
    now: i64,
) -> Result<Upload, Refusal> {
    let Offer { length, media } = *offer;
    if !(1..=LARGEST).contains(&length) || MEDIA.iter().all(|(name, _)| *name != media) {
        return Err(EVIDENCE_REFUSED);
    }
    if let Some(known) = find(tx, (account, digest))? {
        let is_same = "SELECT 1 FROM evidence WHERE account = ? AND sha256 = ? AND length = ? AND media = ?";
        let is_same = tx.prepare_cached(is_same)?.exists(params![account, digest, length, media])?;
        return if is_same { Ok(known) } else { Err(EVIDENCE_REFUSED) };
    }
    forget(tx, "SELECT id FROM evidence WHERE NOT used AND offered_at < ?", now.saturating_sub(KEPT))?;
    let held = "SELECT coalesce(sum(length), 0) FROM evidence WHERE account = ? AND NOT used";
    let held: i64 = tx.query_row(held, [account], |row| row.get(0))?;
    if held.saturating_add(length) > MOST {
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, Code::EVIDENCE_REFUSED));
    }
    let store = "INSERT INTO evidence (account, sha256, length, media, offered_at) VALUES (?, ?, ?, ?, ?)";
    tx.execute(store, params![account, digest, length, media, now])?;
    Ok(Upload { offset: 0, length, is_complete: false })
}

/// How far a piece is; `None` if it was never offered, or dropped.
pub(crate) fn find(tx: &Transaction<'_>, (account, digest): Key<'_>) -> Result<Option<Upload>, Refusal> {
    let columns = "SELECT offset, length, complete FROM evidence WHERE account = ? AND sha256 = ?";
    let found = tx.prepare_cached(columns)?.query_row(params![account, digest], |row| {
        Ok(Upload { offset: row.get(0)?, length: row.get(1)?, is_complete: row.get(2)? })
    });
    Ok(found.optional()?)
}

/// Puts bytes behind what is there, and gives how far it is. Refuses them if somebody else was faster, or if they are too many.
pub(crate) fn append(tx: &Transaction<'_>, (account, digest): Key<'_>, at: i64, bytes: &[u8]) -> Result<i64, Refusal> {
    let known = find(tx, (account, digest))?.filter(|known| known.offset == at && !known.is_complete);
    let known = known.ok_or(Refusal::new(StatusCode::CONFLICT, Code::UPLOAD_OFFSET))?;
    let end = i64::try_from(bytes.len()).ok().and_then(|length| at.checked_add(length));
    let end = end.filter(|end| *end <= known.length).ok_or(EVIDENCE_REFUSED)?;
    let put = "INSERT INTO evidence_parts (piece, at, bytes)
               SELECT id, offset, ?3 FROM evidence WHERE account = ?1 AND sha256 = ?2";
    tx.prepare_cached(put)?.execute(params![account, digest, bytes])?;
    let move_on = "UPDATE evidence SET offset = ?3 WHERE account = ?1 AND sha256 = ?2";
    tx.prepare_cached(move_on)?.execute(params![account, digest, end])?;
    Ok(end)
}

/// The last byte is there. A piece that is not what it was said to be is dropped.
pub(crate) fn finish(tx: &Transaction<'_>, (account, digest): Key<'_>) -> Result<(), Refusal> {
    let columns = "SELECT id, offset = length, media FROM evidence WHERE account = ? AND sha256 = ?";
    let row = tx.query_row(columns, params![account, digest], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?, row.get::<_, String>(2)?))
    });
    let Some((id, is_whole, media)) = row.optional()? else { return Err(EVIDENCE_REFUSED) };
    if !is_whole {
        return Err(Refusal::invalid_request());
    }
    let mut hash = Sha256::default();
    let mut begins_well = None;
    each_part(tx, id, |part| {
        hash.update(part);
        begins_well.get_or_insert(MEDIA.iter().any(|(name, magic)| *name == media && part.starts_with(magic)));
    })?;
    if hash.finish() == *digest && begins_well == Some(true) {
        tx.execute("UPDATE evidence SET complete = 1 WHERE id = ?", [id])?;
        return Ok(());
    }
    forget(tx, "SELECT ?", id)?;
    Err(EVIDENCE_REFUSED)
}

/// True if a piece has arrived and is what is said of it.
pub(crate) fn is_complete(tx: &Transaction<'_>, key: Key<'_>, offer: &Offer<'_>) -> Result<bool, Refusal> {
    let complete = "SELECT 1 FROM evidence WHERE account = ? AND sha256 = ? AND length = ? AND media = ? AND complete";
    Ok(tx.prepare_cached(complete)?.exists(params![key.0, key.1, offer.length, offer.media])?)
}

/// A submission uses a piece: it is kept from now on.
pub(crate) fn mark_used(tx: &Transaction<'_>, (account, digest): Key<'_>) -> Result<(), Refusal> {
    tx.execute("UPDATE evidence SET used = 1 WHERE account = ? AND sha256 = ?", params![account, digest])?;
    Ok(())
}

/// The bytes of a piece that has arrived.
pub(crate) fn bytes(tx: &Transaction<'_>, pid: &str, digest: &[u8; 32]) -> Result<Option<Vec<u8>>, SandboxError> {
    let whole = "SELECT evidence.id FROM evidence JOIN accounts ON account = accounts.id
                 WHERE pid = ? AND sha256 = ? AND complete";
    let Some(id) = tx.query_row(whole, params![pid, digest], |row| row.get(0)).optional()? else { return Ok(None) };
    let mut bytes = Vec::new();
    each_part(tx, id, |part| bytes.extend_from_slice(part))?;
    Ok(Some(bytes))
}

fn each_part(tx: &Transaction<'_>, id: i64, mut take: impl FnMut(&[u8])) -> Result<(), SandboxError> {
    let mut rows = tx.prepare_cached("SELECT bytes FROM evidence_parts WHERE piece = ? ORDER BY at")?;
    let mut rows = rows.query([id])?;
    while let Some(row) = rows.next()? {
        take(&row.get::<_, Vec<u8>>(0)?);
    }
    Ok(())
}

/// Drops the pieces that a query of ours selects.
fn forget(tx: &Transaction<'_>, which: &str, value: i64) -> Result<(), Refusal> {
    tx.execute(&format!("DELETE FROM evidence_parts WHERE piece IN ({which})"), [value])?;
    tx.execute(&format!("DELETE FROM evidence WHERE id IN ({which})"), [value])?;
    Ok(())
}

const EVIDENCE_REFUSED: Refusal = Refusal::new(StatusCode::BAD_REQUEST, Code::EVIDENCE_REFUSED);
