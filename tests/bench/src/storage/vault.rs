//! The vault as a store under measurement.

use std::{path::Path, sync::Arc};

use eid_crypto::{SecretBytes, SecretKey, SystemRandom};
use eid_vault::{Act, CHUNK, Collection, HistoryEntry, Vault, VaultError};

use super::work::{Failed, PAGE, Store};
use crate::sample::Growth;

pub(crate) struct Ours {
    vault: Vault,
    collection: Collection,
    /// Position before the first record.
    start: u64,
}

impl Ours {
    fn new(vault: Vault, full: bool) -> Self {
        Self { vault, collection: if full { Collection::Account } else { Collection::Credential }, start: 0 }
    }
}

impl Store for Ours {
    fn create(path: &Path, full: bool) -> Result<Self, Failed> {
        let vault = Vault::create(path, &key()?, [1; 16], Arc::new(SystemRandom::new()))?;
        Ok(Self::new(vault, full))
    }

    fn open(path: &Path) -> Result<Self, Failed> {
        let vault = Vault::open(path, &key()?, Arc::new(SystemRandom::new()))?;
        Ok(Self::new(vault, false))
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), Failed> {
        Ok(self.vault.put(self.collection, key, value)?)
    }

    fn put_all(&mut self, records: &[(String, String)]) -> Result<(), Failed> {
        let collection = self.collection;
        let put = |vault: &Vault| records.iter().try_for_each(|(key, value)| vault.put(collection, key, value));
        self.vault.transaction::<_, VaultError>(put)?;
        let first = self.vault.list::<String>(collection, None, 1)?;
        self.start = first.next.map_or(0, |first| first - 1);
        Ok(())
    }

    fn find(&mut self, key: &str) -> Result<usize, Failed> {
        let value: Option<String> = self.vault.find(self.collection, key)?;
        Ok(value.map_or(0, |value| value.len()))
    }

    fn scan(&mut self, skip: usize, records: usize) -> Result<usize, Failed> {
        let (mut sum, mut seen) = (0, 0);
        let mut after = (skip > 0).then_some(self.start + u64::try_from(skip)?);
        while seen < records {
            let page = self.vault.list::<String>(self.collection, after, PAGE)?;
            sum += page.items.iter().map(|(_, value)| value.len()).sum::<usize>();
            seen += page.items.len();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(sum)
    }

    fn put_blob(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let mut chunks: Vec<&[u8]> = bytes.chunks(CHUNK).collect();
        let last = chunks.pop().unwrap_or_default();
        Ok(self.vault.transaction::<_, VaultError>(|vault| {
            vault.begin_attachment("blob", "application/octet-stream")?;
            chunks.into_iter().try_for_each(|chunk| vault.append_attachment("blob", chunk).map(drop))?;
            vault.finish_attachment("blob", last).map(drop)
        })?)
    }

    fn find_blob(&mut self) -> Result<usize, Failed> {
        let mut length = 0;
        for number in 0.. {
            match self.vault.read_attachment("blob", number)? {
                Some(chunk) => length += chunk.len(),
                None => break,
            }
        }
        Ok(length)
    }
}

/// Writes a store with so many history entries.
pub(crate) fn write_history(path: &Path, entries: u32) -> Result<(), Failed> {
    let mut store = Ours::create(path, true)?;
    for first in (0..entries).step_by(1000) {
        let write = |vault: &Vault| (first..entries.min(first + 1000)).try_for_each(|at| append(vault, at));
        store.vault.transaction::<_, VaultError>(write)?;
    }
    Ok(())
}

/// Opens a store and pages through all of its history: how many entries, and by how many MiB the memory in use grew at its
/// highest.
pub(crate) fn page_history(path: &Path) -> Result<(u32, f64), Failed> {
    let growth = Growth::start()?;
    let store = Ours::open(path)?;
    let (mut seen, mut next) = (0, None);
    loop {
        let page = store.vault.list_history(next, PAGE)?;
        seen += u32::try_from(page.items.len()).unwrap_or(0);
        next = page.next;
        if next.is_none() {
            return Ok((seen, growth.mib()?));
        }
    }
}

fn append(vault: &Vault, at: u32) -> Result<(), VaultError> {
    let entry = HistoryEntry {
        at: i64::from(at),
        act: Act::Presented,
        counterpart: format!("Quầy số {at}"),
        fields: vec!["name".to_owned(), "birth_date".to_owned()],
        purpose: "Mở tài khoản".to_owned(),
        result: None,
    };
    vault.append_history(&entry).map(drop)
}

fn key() -> Result<SecretKey, Failed> {
    Ok(SecretKey::parse(&SecretBytes::new(vec![7; 32]))?)
}
