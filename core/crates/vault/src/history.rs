//! The holder's history: append-only, each entry sealed and chained to the one before.
//!
//! Entry `n` is sealed to its number and holds `link n−1`, where `link n = SHA-256(link n−1 ‖ n ‖ sealed entry n)` and
//! `link 0` is zero. The last number and link are kept sealed beside. So an entry that was altered, moved, put in, or
//! removed anywhere, the end included, breaks the chain, and without the key it cannot be mended.

use eid_crypto::{CryptoError, KeySlot, hash::sha256_parts, seal::Context};
use eid_model::Code;
use rusqlite::{Row, types::ValueRef};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    Page, Vault, VaultError,
    json::encode,
    records::{PageBuilder, open_layout},
    schema::LAYOUT,
};

const HEAD: &str = "history_head";
/// The most that one entry may hold, in bytes.
const MAX_ENTRY: usize = 4096;

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
}

/// The end of the chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    seq: u64,
    link: Link,
}

/// An entry as it was read: its plaintext is the link before it, then its JSON.
struct Opened<'r> {
    seq: u64,
    sealed: &'r [u8],
    plain: Zeroizing<Vec<u8>>,
}

impl Vault {
    /// Adds an entry at the end; returns its number, counted from 1. Inside [`Self::transaction`] it lands with the rest.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`] beyond 4096 bytes of JSON; [`VaultError::HistoryBroken`] if the end of the chain does not
    /// open; otherwise as for [`Self::put`].
    pub fn append_history(&self, entry: &HistoryEntry) -> Result<u64, VaultError> {
        let own = self.begin_unless_inside()?;
        let head = self.load_head()?;
        let seq = head.seq.saturating_add(1);
        let plain = encode(&head.link, entry, MAX_ENTRY)?;
        let sealed = self.seal(KeySlot::History, &place(seq), &plain)?;
        self.connection.prepare_cached("INSERT INTO history (seq, layout, sealed) VALUES (?1, ?2, ?3)")?.execute((
            column(seq)?,
            LAYOUT,
            &sealed,
        ))?;
        self.store_head(&Head { seq, link: link(&head.link, seq, &sealed) })?;
        if let Some(own) = own {
            own.commit()?;
        }
        Ok(seq)
    }

    /// Entries and their numbers, the newest first, at most `limit` (1 to 50) at a time, from the end or `before` a number
    /// that [`Page::next`] gave.
    ///
    /// # Errors
    /// [`VaultError::FileDamaged`], [`VaultError::Failed`]. An entry that does not open is in [`Page::damaged`].
    pub fn list_history(&self, before: Option<u64>, limit: usize) -> Result<Page<(u64, HistoryEntry)>, VaultError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT seq, NULL, layout, sealed FROM history WHERE seq < ?1 ORDER BY seq DESC")?;
        let mut rows = statement.query([before.map_or(i64::MAX, |seq| i64::try_from(seq).unwrap_or(i64::MAX))])?;
        let mut page = PageBuilder::new(limit);
        while let Some(row) = rows.next()? {
            let open = || {
                let opened = self.open_entry(row)?;
                let (_, json) = opened.plain.split_first_chunk::<32>()?;
                Some((opened.seq, serde_json::from_slice(json).ok()?))
            };
            if !page.add(row.get(0)?, open)? {
                break;
            }
        }
        Ok(page.finish())
    }

    /// Walks the whole chain; returns how many entries it has.
    ///
    /// # Errors
    /// [`VaultError::HistoryBroken`] at the first entry that does not hold; [`VaultError::FileDamaged`],
    /// [`VaultError::Failed`].
    pub fn verify_history(&self) -> Result<u64, VaultError> {
        let head = self.load_head()?;
        let mut statement =
            self.connection.prepare_cached("SELECT seq, NULL, layout, sealed FROM history ORDER BY seq")?;
        let mut rows = statement.query([])?;
        let mut end = Head::EMPTY;
        while let Some(row) = rows.next()? {
            let seq = end.seq.saturating_add(1);
            let opened = self.open_entry(row).filter(|entry| entry.plain.starts_with(&end.link));
            let sealed = opened.ok_or(VaultError::HistoryBroken { seq })?.sealed;
            end = Head { seq, link: link(&end.link, seq, sealed) };
        }
        if end == head {
            Ok(end.seq)
        } else if end.seq == head.seq {
            Err(VaultError::HistoryBroken { seq: end.seq })
        } else {
            Err(VaultError::HistoryBroken { seq: end.seq.min(head.seq).saturating_add(1) })
        }
    }

    pub(crate) fn store_head(&self, head: &Head) -> Result<(), VaultError> {
        let plain = [head.seq.to_be_bytes().as_slice(), &head.link].concat();
        self.store_sealed_meta(KeySlot::History, HEAD, &plain)
    }

    fn load_head(&self) -> Result<Head, VaultError> {
        let broken = VaultError::HistoryBroken { seq: 0 };
        let plain = match self.load_sealed_meta(KeySlot::History, HEAD) {
            Ok(Some(plain)) => plain,
            Ok(None) | Err(VaultError::Crypto(CryptoError::Damaged | CryptoError::UnknownFormat)) => {
                return Err(broken);
            }
            Err(other) => return Err(other),
        };
        let (seq, link) = plain.split_first_chunk().ok_or(broken)?;
        Ok(Head { seq: u64::from_be_bytes(*seq), link: link.try_into().map_err(|_| broken)? })
    }

    /// Opens a row `seq, NULL, layout, sealed`; `None` if it is damaged.
    fn open_entry<'r>(&self, row: &'r Row<'_>) -> Option<Opened<'r>> {
        let Ok(ValueRef::Integer(seq)) = row.get_ref(0) else { return None };
        let seq = u64::try_from(seq).ok()?;
        let sealed = open_layout(row)?;
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

fn link(previous: &Link, seq: u64, sealed: &[u8]) -> Link {
    sha256_parts(&[previous, &seq.to_be_bytes(), sealed])
}

fn place(seq: u64) -> Context {
    Context::new("history", &seq.to_be_bytes()).with(&[LAYOUT])
}

fn column(seq: u64) -> Result<i64, VaultError> {
    i64::try_from(seq).map_err(|_| VaultError::FileDamaged)
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
