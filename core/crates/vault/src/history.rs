//! The holder's history: append-only, each entry sealed and chained to the one before.
//!
//! Entry `n` is sealed to its number and holds `link n−1`, where `link n = SHA-256(link n−1 ‖ n ‖ sealed entry n)` and
//! `link 0` is zero. The last number and link are in the manifest. So an entry that was altered, moved, put in, or removed
//! anywhere, the end included, breaks the chain, and without the key it cannot be mended.
//!
//! The chain may begin later, after the manifest's base: behind entries that the holder erased, or behind a repair. Entries that
//! a repair left before the base are shown, each being sealed to its number, but nothing says that they are complete.

use eid_crypto::{KeySlot, hash::sha256_parts, seal::Context};
use eid_model::Code;
use rusqlite::{Row, types::ValueRef};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Page, Vault, VaultError, json::encode, records::PageBuilder, schema::LAYOUT, write::Write};

/// The most that one entry may hold, in bytes.
pub(crate) const MAX_ENTRY: usize = 4096;

type Link = [u8; 32];

/// One line of the holder's history (lịch sử): what was done with his data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When: seconds since 1970, UTC, by the phone's clock.
    pub at: i64,
    /// What was done.
    pub act: Act,
    /// With whom: the name of the counter or service; empty if nobody else took part.
    pub counterpart: String,
    /// Which fields, by name. Never their values.
    pub fields: Vec<String>,
    /// Why, as the holder was told.
    pub purpose: String,
    /// Why it was refused or failed; `None` if it was done.
    #[serde(with = "code_number")]
    pub result: Option<Code>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// This phone was activated.
    Activated,
    /// An identity proof was shown.
    Presented,
    /// Credentials or records were fetched or changed.
    Updated,
    /// The store was damaged and repaired: what comes before may lack entries. The result says what was found.
    Repaired,
    /// The holder signed in at the platform (đăng nhập).
    SignedIn,
    /// The account was locked (khóa tài khoản): by its holder, or by an authority.
    AccountLocked,
    /// The account's lock was lifted (mở khóa tài khoản).
    AccountUnlocked,
    /// A consent was given (đồng ý).
    Consented,
    /// A consent was withdrawn (rút lại sự đồng ý).
    Withdrawn,
    /// A request under the data-protection law was sent (gửi yêu cầu).
    Requested,
    /// A request under the data-protection law was answered. The result says why, if it was refused.
    Answered,
    /// The history was written out for its holder (xuất lịch sử).
    Exported,
    /// The holder erased entries that came before (xóa lịch sử). The purpose says up to which number.
    Erased,
    /// An identity proof was sent to the counter that asked for it (gửi qua mạng). The result says so, if it did not arrive.
    Sent,
}

/// A point of the chain up to which it was walked. Kept in the store itself, sealed like everything there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryMark {
    seq: u64,
    link: Link,
}

impl HistoryMark {
    /// Before all entries: the walk begins anew.
    pub const START: Self = Self { seq: 0, link: [0; 32] };
}

/// An end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: u64,
    pub(crate) link: Link,
}

/// An entry as it was read: its plaintext is the link before it, then its JSON.
pub(crate) struct Opened<'r> {
    pub(crate) seq: u64,
    pub(crate) sealed: &'r [u8],
    pub(crate) plain: Zeroizing<Vec<u8>>,
}

impl Vault {
    /// Adds an entry at the end; returns its number, counted from 1. Inside [`Self::transaction`] it lands with the rest.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`] beyond 4096 bytes of JSON; otherwise as for [`Self::put`].
    pub fn append_history(&self, entry: &HistoryEntry) -> Result<u64, VaultError> {
        let write = self.write(true)?;
        let head = self.state.borrow().manifest.head;
        let end = self.append_after(&head, &encode(&head.link, entry, MAX_ENTRY)?)?;
        self.edit(|manifest| manifest.head = end);
        write.map_or(Ok(()), Write::commit)?;
        Ok(end.seq)
    }

    /// Entries and their numbers, the newest first, at most `limit` (1 to 50) at a time, from the end or `before` a number
    /// that [`Page::next`] gave.
    ///
    /// # Errors
    /// [`VaultError::FileDamaged`], [`VaultError::Failed`]. An entry that does not open, or is not there, is in
    /// [`Page::damaged`].
    pub fn list_history(&self, before: Option<u64>, limit: usize) -> Result<Page<(u64, HistoryEntry)>, VaultError> {
        let (base, head) = self.ends()?;
        let mut statement = self
            .connection
            .prepare_cached("SELECT seq, sealed FROM history WHERE seq > ?1 AND seq < ?2 ORDER BY seq DESC")?;
        let before_column = before.map_or(i64::MAX, |seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let mut rows = statement.query((self.floor()?, before_column))?;
        let mut page = PageBuilder::new(limit);
        // The next number that is to be there.
        let mut due = before.map_or(head.seq, |before| before.saturating_sub(1).min(head.seq));
        while let Some(row) = rows.next()? {
            let seq = number(row.get(0)?)?;
            while due > seq && due > base.seq {
                if !page.add(column(due)?, || None)? {
                    return Ok(page.finish());
                }
                due -= 1;
            }
            if !page.add(column(seq)?, || self.parse_entry(row))? {
                return Ok(page.finish());
            }
            due = seq.saturating_sub(1);
        }
        while due > base.seq && page.add(column(due)?, || None)? {
            due -= 1;
        }
        Ok(page.finish())
    }

    /// All entries from the oldest on, or those `after` a number, by pages: to be written elsewhere by their holder.
    pub fn export_history(
        &self,
        after: Option<u64>,
    ) -> impl Iterator<Item = Result<Page<(u64, HistoryEntry)>, VaultError>> + '_ {
        let mut after = Some(self.state.borrow().manifest.floor.max(after.unwrap_or_default()));
        core::iter::from_fn(move || {
            let page = self.list_history_after(after?);
            after = page.as_ref().ok().and_then(|page| page.next);
            Some(page)
        })
    }

    /// Walks the chain from where an earlier walk of this opening ended; returns the number of the last entry.
    ///
    /// # Errors
    /// [`VaultError::HistoryBroken`] at the first entry that does not hold; [`VaultError::FileDamaged`],
    /// [`VaultError::Failed`].
    pub fn verify_history(&self) -> Result<u64, VaultError> {
        while !self.verify_history_part(u64::MAX)? {}
        Ok(self.state.borrow().manifest.head.seq)
    }

    /// Walks at most `entries` entries of the chain further; true if it holds to its end.
    ///
    /// # Errors
    /// As for [`Self::verify_history`].
    pub fn verify_history_part(&self, entries: u64) -> Result<bool, VaultError> {
        let (base, head) = self.ends()?;
        let from = self.state.borrow().verified;
        let from = if from.seq < base.seq { base } else { from };
        let mut statement =
            self.connection.prepare_cached("SELECT seq, sealed FROM history WHERE seq > ?1 ORDER BY seq")?;
        let mut rows = statement.query([column(from.seq)?])?;
        let mut end = from;
        while end.seq.saturating_sub(from.seq) < entries {
            let Some(row) = rows.next()? else {
                return self.compare_end(&end, &head);
            };
            let seq = end.seq.saturating_add(1);
            let opened = self.open_entry(row).filter(|entry| entry.seq == seq && entry.plain.starts_with(&end.link));
            let sealed = opened.ok_or(VaultError::HistoryBroken { seq })?.sealed;
            end = Head { seq, link: link(&end.link, seq, sealed) };
        }
        self.state.borrow_mut().verified = end;
        Ok(false)
    }

    /// The number of the last entry that was erased, and of the last one that there is.
    pub fn history_ends(&self) -> (u64, u64) {
        let state = self.state.borrow();
        (state.manifest.floor, state.manifest.head.seq)
    }

    /// How far [`Self::verify_history_part`] came: to go on from there in another opening, with [`Self::resume_history`].
    pub fn history_mark(&self) -> HistoryMark {
        let Head { seq, link } = self.state.borrow().verified;
        HistoryMark { seq, link }
    }

    /// Lets the walk of [`Self::verify_history_part`] go on from a mark. One that the chain does not pass through is found out
    /// as if the entry after it were broken; one before the chain's beginning is passed over.
    pub fn resume_history(&self, mark: &HistoryMark) {
        self.state.borrow_mut().verified = Head { seq: mark.seq, link: mark.link };
    }

    /// Deletes all entries before `before`, for good; the chain begins there. The holder may do that. `note` is written in the
    /// same transaction: an entry that says so.
    ///
    /// # Errors
    /// [`VaultError::HistoryBroken`] if the entry `before` is not there or does not open; otherwise as for [`Self::put`].
    pub fn erase_history(&mut self, before: u64, note: Option<&HistoryEntry>) -> Result<(), VaultError> {
        let (base, head) = self.ends()?;
        let last = before.saturating_sub(1).min(head.seq);
        let link = if last <= base.seq {
            base.link
        } else if last == head.seq {
            head.link
        } else {
            let broken = VaultError::HistoryBroken { seq: before };
            let mut statement = self.connection.prepare_cached("SELECT seq, sealed FROM history WHERE seq = ?1")?;
            let mut rows = statement.query([column(before)?])?;
            let entry = rows.next()?.and_then(|row| self.open_entry(row)).ok_or(broken)?;
            *entry.plain.first_chunk().ok_or(broken)?
        };
        let write = self.begin(true)?;
        self.connection.prepare_cached("DELETE FROM history WHERE seq <= ?1")?.execute([column(last)?])?;
        self.edit(|manifest| {
            manifest.floor = manifest.floor.max(last);
            manifest.base = Head { seq: last.max(base.seq), link };
        });
        note.map_or(Ok(0), |note| self.append_history(note))?;
        write.commit()?;
        self.checkpoint()
    }

    /// Stores `plain`, which begins with the link before it, as the entry after `head`, inside a transaction.
    pub(crate) fn append_after(&self, head: &Head, plain: &[u8]) -> Result<Head, VaultError> {
        self.check_writable()?;
        let seq = head.seq.saturating_add(1);
        let sealed = self.seal(KeySlot::History, &place(seq), plain)?;
        self.connection
            .prepare_cached("INSERT INTO history (seq, sealed) VALUES (?1, ?2)")?
            .execute((column(seq)?, &sealed))?;
        Ok(Head { seq, link: link(&head.link, seq, &sealed) })
    }

    /// The end of the chain by the last entry that there is; `None` if there is none or it does not open.
    pub(crate) fn last_link(&self) -> Result<Option<Head>, VaultError> {
        let mut statement =
            self.connection.prepare_cached("SELECT seq, sealed FROM history ORDER BY seq DESC LIMIT 1")?;
        let mut rows = statement.query([])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(self.open_entry(row).and_then(|entry| {
            let previous = entry.plain.first_chunk()?;
            Some(Head { seq: entry.seq, link: link(previous, entry.seq, entry.sealed) })
        }))
    }

    /// Where the chain begins and ends.
    fn ends(&self) -> Result<(Head, Head), VaultError> {
        self.refresh()?;
        let state = self.state.borrow();
        Ok((state.manifest.base, state.manifest.head))
    }

    /// Entries up to this number were erased.
    fn floor(&self) -> Result<i64, VaultError> {
        column(self.state.borrow().manifest.floor)
    }

    fn compare_end(&self, end: &Head, head: &Head) -> Result<bool, VaultError> {
        if end == head {
            self.state.borrow_mut().verified = *end;
            Ok(true)
        } else if end.seq == head.seq {
            Err(VaultError::HistoryBroken { seq: end.seq })
        } else {
            Err(VaultError::HistoryBroken { seq: end.seq.min(head.seq).saturating_add(1) })
        }
    }

    fn list_history_after(&self, after: u64) -> Result<Page<(u64, HistoryEntry)>, VaultError> {
        let mut statement =
            self.connection.prepare_cached("SELECT seq, sealed FROM history WHERE seq > ?1 ORDER BY seq")?;
        let mut rows = statement.query([column(after)?])?;
        let mut page = PageBuilder::new(usize::MAX);
        while let Some(row) = rows.next()? {
            if !page.add(row.get(0)?, || self.parse_entry(row))? {
                break;
            }
        }
        Ok(page.finish())
    }

    fn parse_entry(&self, row: &Row<'_>) -> Option<(u64, HistoryEntry)> {
        let opened = self.open_entry(row)?;
        let (_, json) = opened.plain.split_first_chunk::<32>()?;
        Some((opened.seq, serde_json::from_slice(json).ok()?))
    }

    /// Opens a row `seq, sealed`; `None` if it is damaged.
    pub(crate) fn open_entry<'r>(&self, row: &'r Row<'_>) -> Option<Opened<'r>> {
        let ValueRef::Integer(seq) = row.get_ref(0).ok()? else { return None };
        let seq = u64::try_from(seq).ok()?;
        let sealed = row.get_ref(1).ok()?.as_blob().ok()?;
        let plain = self.open_sealed(KeySlot::History, &place(seq), sealed).ok()?;
        Some(Opened { seq, sealed, plain })
    }
}

impl Head {
    /// The end of a chain without entries.
    pub(crate) const EMPTY: Self = Self { seq: 0, link: [0; 32] };
}

impl core::fmt::Debug for HistoryEntry {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HistoryEntry").field("act", &self.act).field("result", &self.result).finish_non_exhaustive()
    }
}

pub(crate) fn link(previous: &Link, seq: u64, sealed: &[u8]) -> Link {
    sha256_parts(&[previous, &seq.to_be_bytes(), sealed])
}

pub(crate) fn place(seq: u64) -> Context {
    Context::new("history", &seq.to_be_bytes()).with(&[LAYOUT])
}

pub(crate) fn column(seq: u64) -> Result<i64, VaultError> {
    i64::try_from(seq).map_err(|_| VaultError::FileDamaged)
}

fn number(seq: i64) -> Result<u64, VaultError> {
    u64::try_from(seq).map_err(|_| VaultError::FileDamaged)
}

/// A code as its number.
mod code_number {
    use eid_model::Code;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(code: &Option<Code>, serializer: S) -> Result<S::Ok, S::Error> {
        code.map(Code::number).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Code>, D::Error> {
        let number = Option::<u16>::deserialize(deserializer)?;
        number.map(|n| Code::from_number(n).ok_or_else(|| D::Error::custom("unknown code"))).transpose()
    }
}
