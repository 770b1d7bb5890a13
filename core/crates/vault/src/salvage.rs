//! A store whose structure SQLite cannot read any more: every row that can be found on any page goes into a new store.

use std::{path::Path, sync::Arc};

use eid_crypto::{KeyRing, KeySlot, Random, SecretKey, Wiping, seal::Mark};
use eid_model::Code;
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use crate::{
    Collection, Repaired, Vault, VaultError,
    carve::{Carved, Pages},
    compartments::{COMPARTMENTS, Compartments},
    file::{beside, name_refusal, publish},
    history,
    manifest::{Manifest, Sum},
    records,
    sealing::meta_place,
    store::{KEY_CHECK, STORE_ID},
    write::MANIFEST,
};

/// What a damaged store is called when another took its place.
const DAMAGED: &str = "-damaged";

/// What can be read of the damaged store.
struct Old {
    keys: KeyRing,
    compartments: Compartments,
    manifest: Option<Manifest>,
    /// Sums of the rows that open.
    found: [Sum; Collection::ALL.len()],
}

impl Vault {
    /// Makes a new store of every row that can be found in the damaged one at `path`, whatever became of the order of its pages,
    /// and opens it; says what happened to each collection that is not as it was. `store_id` is random, as for
    /// [`Self::create`]; `now` is the time for the history: seconds since 1970, UTC.
    ///
    /// What is not complete is treated as by [`Self::repair`]: what can be fetched again goes, of the rest what opens is kept and
    /// the collection is marked. The history goes on behind an entry that says so. The damaged store stays beside the new one, as
    /// `…-damaged`. After a crash in the middle the call can be made again, also if there is no store at `path` any more.
    ///
    /// # Errors
    /// [`VaultError::StoreMissing`]; [`VaultError::FileDamaged`] if no key can be had from it; [`VaultError::KeyMismatch`];
    /// otherwise as for [`Self::create`]. The damaged store is then as it was.
    pub fn salvage(
        path: &Path,
        vault_key: &SecretKey,
        store_id: [u8; 16],
        now: i64,
        rng: Arc<dyn Random>,
    ) -> Result<(Self, Vec<Repaired>), VaultError> {
        Self::salvage_into(path, vault_key, store_id, now, rng).map_err(|error| name_refusal(path, error))
    }

    fn salvage_into(
        path: &Path,
        vault_key: &SecretKey,
        store_id: [u8; 16],
        now: i64,
        rng: Arc<dyn Random>,
    ) -> Result<(Self, Vec<Repaired>), VaultError> {
        let mut pages = source(path)?;
        let mut old = Old::load(&mut pages, vault_key)?;
        let draft = beside(path, ".new");
        let vault = Self::draft(&draft, vault_key, store_id, Arc::clone(&rng))?;
        let write = vault.begin(true)?;
        pages.each_row(|row| vault.take(&mut old, row))?;
        let report = vault.settle(&old, now)?;
        write.commit()?;
        drop(pages);
        set_aside(path)?;
        vault.publish(&draft, path)?;
        Ok((Self::open(path, vault_key, rng)?, report))
    }

    /// Stores one row of the damaged store, if its seal holds.
    fn take(&self, old: &mut Old, row: Carved) -> Result<(), VaultError> {
        match row {
            Carved::Meta { .. } => Ok(()),
            Carved::Record { id, key, mark, sealed } => self.take_record(old, id, &key, &mark, &sealed),
            Carved::Chunk { id, mark, sealed } => {
                self.connection
                    .prepare_cached("INSERT INTO chunk (id, mark, sealed) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
                    .execute((id, mark, sealed))?;
                Ok(())
            }
            Carved::History { seq, sealed } => {
                let Ok(number) = u64::try_from(seq) else { return Ok(()) };
                let place = history::place(number);
                let Ok(plain) = old.keys.open(KeySlot::History, &place, &sealed) else { return Ok(()) };
                let sealed = self.seal(KeySlot::History, &place, &plain)?;
                self.connection
                    .prepare_cached("INSERT INTO history (seq, sealed) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                    .execute((seq, sealed))?;
                Ok(())
            }
        }
    }

    fn take_record(&self, old: &mut Old, id: i64, key: &[u8], mark: &[u8], sealed: &[u8]) -> Result<(), VaultError> {
        let opened = open_record(&old.keys, &old.compartments, id, key, mark, sealed);
        let Some((collection, mut body)) = opened else { return Ok(()) };
        let Ok((name, _)) = serde_json::from_slice::<(String, IgnoredAny)>(&body) else { return Ok(()) };
        let row_key = self.row_key(collection, &Zeroizing::new(name))?;
        let place = records::place(collection, &row_key);
        let new_mark = self.seal_apart(collection.slot(), &place, &mut body)?;
        let stored = self
            .connection
            .prepare_cached(
                "INSERT INTO record (id, key, mark, sealed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute((id, row_key, new_mark, body.as_slice()))?;
        if stored == 1 {
            let term = self.term(collection, &row_key, &new_mark)?;
            self.edit(|manifest| manifest.edit(collection, |table| table.sum.add(&term)));
            let term = records::term(&old.keys, collection, key, mark)?;
            if let Some(sum) = old.found.get_mut(collection.index()) {
                sum.add(&term);
            }
        }
        Ok(())
    }

    /// Compares what was found with the old manifest and ends what a repair ends.
    fn settle(&self, old: &Old, now: i64) -> Result<Vec<Repaired>, VaultError> {
        let mut report = Vec::new();
        for collection in Collection::ALL {
            let found = old.found.get(collection.index()).copied().unwrap_or_default();
            let known = old.manifest.as_ref().map(|manifest| manifest.table(collection));
            let code = match known {
                None => Some(Code::MANIFEST_LOST),
                Some(table) if table.changed || (found.rows >= table.sum.rows && found != table.sum) => {
                    Some(Code::RECORDS_EXCHANGED)
                }
                Some(table) if table.missing || found != table.sum => Some(Code::RECORDS_MISSING),
                Some(_) => None,
            };
            if let Some(code) = code {
                let rows = known.map_or(found.rows, |table| table.sum.rows);
                if collection.is_refetchable() {
                    self.drop_rows(collection)?;
                }
                let kept = self.state.borrow().manifest.table(collection).sum.rows;
                report.push(Repaired { collection: Some(collection), kept, lost: rows.saturating_sub(kept), code });
            }
            let was_marked = known.is_some_and(|table| table.marked);
            let marked = was_marked || (code.is_some() && !collection.is_refetchable());
            self.edit(|manifest| manifest.edit(collection, |table| table.marked = marked));
        }
        report.extend(self.drop_damaged_attachments()?);
        self.drop_strays()?;
        if let Some(manifest) = &old.manifest {
            let floor = history::column(manifest.floor)?;
            self.connection.execute("DELETE FROM history WHERE seq <= ?1", [floor])?;
            self.edit(|new| {
                (new.generation, new.floor) = (manifest.generation, manifest.floor);
                new.head.seq = manifest.head.seq;
            });
        }
        self.restart_history(now, Code::STORE_DAMAGED)?;
        Ok(report)
    }
}

impl Old {
    /// Finds the keys and what they open in `meta`.
    fn load(pages: &mut Pages, vault_key: &SecretKey) -> Result<Self, VaultError> {
        let mut meta = Vec::new();
        let mut ids = Vec::new();
        pages.each_row(|row| {
            match row {
                Carved::Meta { name, value } => meta.push((name, value)),
                Carved::Record { id: 0, key, .. } => ids.extend(<[u8; 16]>::try_from(key)),
                _ => {}
            }
            Ok(())
        })?;
        // Also where the cell that holds it is no cell any more: the name, then the value.
        pages.each_page(|page| {
            let name = STORE_ID.as_bytes();
            let places = page.windows(name.len()).enumerate().filter(|(_, window)| *window == name);
            ids.extend(places.filter_map(|(at, _)| page.get(at + name.len()..)?.first_chunk::<16>().copied()));
        })?;
        ids.sort_unstable();
        ids.dedup();
        for id in ids.iter().take(64) {
            let keys = KeyRing::derive_from(vault_key, id)?;
            if let Some(old) = Self::open(keys, &meta, pages)? {
                return Ok(old);
            }
        }
        Err(if ids.is_empty() { VaultError::FileDamaged } else { VaultError::KeyMismatch })
    }

    /// `None` if the keys open nothing.
    fn open(keys: KeyRing, meta: &[(String, Vec<u8>)], pages: &mut Pages) -> Result<Option<Self>, VaultError> {
        let load = |slot, name: &'static str| {
            let mut values = meta.iter().filter(|(of, _)| of == name);
            values.find_map(|(_, value)| keys.open(slot, &meta_place(name), value).ok())
        };
        let check = load(KeySlot::Identity, KEY_CHECK);
        let manifest = load(KeySlot::Manifest, MANIFEST);
        let compartments = Compartments::parse(COMPARTMENTS.map(|(slot, name)| load(slot, name)))?;
        let mut fits = check.is_some() || manifest.is_some();
        if !fits {
            pages.each_row(|row| {
                fits |= match row {
                    Carved::Record { id, key, mark, sealed } => {
                        open_record(&keys, &compartments, id, &key, &mark, &sealed).is_some()
                    }
                    _ => false,
                };
                Ok(())
            })?;
        }
        let manifest = manifest.and_then(|plain| Manifest::parse(&plain).ok());
        Ok(fits.then(|| Self { keys, compartments, manifest, found: Default::default() }))
    }
}

/// A record's collection and value, if its seal holds.
fn open_record(
    keys: &KeyRing,
    compartments: &Compartments,
    id: i64,
    key: &[u8],
    mark: &[u8],
    sealed: &[u8],
) -> Option<(Collection, Wiping)> {
    let (collection, mark) = (Collection::of_id(id)?, <&Mark>::try_from(mark).ok()?);
    let place = records::place(collection, key);
    let opened = compartments.with(keys, collection.slot(), |key| key.open_apart(&place, mark, sealed));
    Some((collection, opened.ok()?))
}

/// The damaged store, under the name that it has or under the one that an earlier call gave it.
fn source(path: &Path) -> Result<Pages, VaultError> {
    let aside = beside(path, DAMAGED);
    if path.try_exists().map_err(|_| VaultError::Failed)? {
        return Pages::open(path, &beside(path, "-wal"));
    }
    let journal = beside(&aside, "-wal");
    let moved = journal.try_exists().map_err(|_| VaultError::Failed)?;
    Pages::open(&aside, &if moved { journal } else { beside(path, "-wal") })
}

/// Gives the damaged store its other name, its journal second: until then it lies where [`source`] looks for it.
fn set_aside(path: &Path) -> Result<(), VaultError> {
    let aside = beside(path, DAMAGED);
    let on_write = |error| VaultError::on_write(&error);
    let exists = |path: &Path| path.try_exists().map_err(|_| VaultError::Failed);
    if exists(path)? {
        // Of an earlier damaged store.
        drop(std::fs::remove_file(beside(&aside, "-wal")));
        publish(path, &aside).map_err(on_write)?;
    }
    let journal = beside(path, "-wal");
    if exists(&journal)? {
        publish(&journal, &beside(&aside, "-wal")).map_err(on_write)?;
    }
    drop(std::fs::remove_file(beside(path, "-shm")));
    Ok(())
}
