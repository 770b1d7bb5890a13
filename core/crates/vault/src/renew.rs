//! Sealing everything anew under other keys, before random nonces could meet.

use eid_crypto::{KeyRing, KeySlot, SecretKey, random};
use rusqlite::OptionalExtension as _;
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use crate::{
    Collection, Vault, VaultError,
    compartments::Compartments,
    history::{self, Head, column, link},
    manifest::{Manifest, Sum},
    records,
    store::KEY_CHECK,
};

/// The keys before.
struct Old {
    keys: KeyRing,
    compartments: Compartments,
}

impl Vault {
    /// Seals everything anew under a new `store_id`, in one transaction.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] or [`VaultError::HistoryBroken`] if anything does not open: [`Self::repair`] comes first;
    /// otherwise as for [`Self::put`]. Nothing is changed then.
    pub(crate) fn renew(&mut self, vault_key: &SecretKey) -> Result<(), VaultError> {
        self.verify_history()?;
        let store_id: [u8; 16] = random(&self.rng)?;
        let keys = KeyRing::derive_from(vault_key, &store_id)?;
        let before = self.state.borrow().manifest.clone();
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        // What is stored until the end belongs to this transaction.
        self.in_transaction.set(true);
        let old = Old { keys: core::mem::replace(&mut self.keys, keys), compartments: self.compartments.take() };
        let outcome = self.renew_all(&old, &before, &store_id);
        let outcome = outcome.and_then(|()| Ok(self.connection.execute_batch("COMMIT")?));
        self.in_transaction.set(false);
        if outcome.is_err() {
            if !self.connection.is_autocommit() {
                self.connection.execute_batch("ROLLBACK")?;
            }
            self.keys = old.keys;
            self.compartments.replace(old.compartments);
            self.state.borrow_mut().manifest = before;
        }
        let mut state = self.state.borrow_mut();
        state.verified = state.manifest.base;
        state.dirty = false;
        outcome
    }

    fn renew_all(&self, old: &Old, before: &Manifest, store_id: &[u8; 16]) -> Result<(), VaultError> {
        self.edit(|manifest| {
            manifest.seals = 0;
            for collection in Collection::ALL {
                manifest.edit(collection, |table| table.sum = Sum::default());
            }
        });
        self.store_id(store_id)?;
        self.store_sealed_meta(KeySlot::Identity, KEY_CHECK, &[])?;
        self.make_compartments()?;
        let mut after = i64::MIN;
        while let Some(id) = self.renew_record(old, after)? {
            after = id;
        }
        self.renew_history(old, before)?;
        self.store_manifest()
    }

    /// The first record after a row number; gives its number.
    fn renew_record(&self, old: &Old, after: i64) -> Result<Option<i64>, VaultError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, key, mark, sealed FROM record WHERE id > ?1 ORDER BY id LIMIT 1")?;
        let mut rows = statement.query([after])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let id = row.get(0)?;
        let Some(collection) = Collection::of_id(id) else { return Ok(Some(id)) };
        let damaged = VaultError::Damaged(collection);
        let blob = |column| row.get_ref(column).ok().and_then(|value| value.as_blob().ok()).ok_or(damaged);
        let place = records::place(collection, blob(1)?);
        let (mark, sealed) = (blob(2)?.try_into().map_err(|_| damaged)?, blob(3)?);
        let opened = old.compartments.with(&old.keys, collection.slot(), |key| key.open_apart(&place, mark, sealed));
        let mut body = opened.map_err(|_| damaged)?;
        drop(rows);
        let (key, _): (Zeroizing<String>, IgnoredAny) = parse_key(&body).ok_or(damaged)?;
        let row_key = self.row_key(collection, &key)?;
        let mark = self.seal_apart(collection.slot(), &records::place(collection, &row_key), &mut body)?;
        self.connection
            .prepare_cached("UPDATE record SET key = ?2, mark = ?3, sealed = ?4 WHERE id = ?1")?
            .execute((id, row_key, mark, body.as_slice()))?;
        let term = self.term(collection, &row_key, &mark)?;
        self.edit(|manifest| manifest.edit(collection, |table| table.sum.add(&term)));
        Ok(Some(id))
    }

    /// Seals each entry anew; the links change with them.
    fn renew_history(&self, old: &Old, before: &Manifest) -> Result<(), VaultError> {
        let mut head = before.base;
        let mut after = 0;
        loop {
            let mut statement = self
                .connection
                .prepare_cached("SELECT seq, sealed FROM history WHERE seq > ?1 ORDER BY seq LIMIT 1")?;
            let next: Option<(i64, Vec<u8>)> =
                statement.query_row([column(after)?], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let Some((seq, sealed)) = next else { break };
            let seq = u64::try_from(seq).map_err(|_| VaultError::FileDamaged)?;
            after = seq;
            let place = history::place(seq);
            let broken = VaultError::HistoryBroken { seq };
            let mut plain = old.keys.open(KeySlot::History, &place, &sealed).map_err(|_| broken)?;
            if seq > before.base.seq {
                plain.first_chunk_mut::<32>().ok_or(broken)?.copy_from_slice(&head.link);
            }
            let sealed = self.seal(KeySlot::History, &place, &plain)?;
            self.connection
                .prepare_cached("UPDATE history SET sealed = ?2 WHERE seq = ?1")?
                .execute((column(seq)?, &sealed))?;
            if seq > before.base.seq {
                head = Head { seq, link: link(&head.link, seq, &sealed) };
            }
        }
        if head.seq != before.head.seq {
            return Err(VaultError::HistoryBroken { seq: head.seq });
        }
        self.edit(|manifest| manifest.head = head);
        Ok(())
    }
}

/// The key of a record, and that there is a value.
fn parse_key(body: &[u8]) -> Option<(Zeroizing<String>, IgnoredAny)> {
    let (key, value): (String, IgnoredAny) = serde_json::from_slice(body).ok()?;
    Some((Zeroizing::new(key), value))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use eid_crypto::{Random, SystemRandom};

    use super::*;
    use crate::{Act, HistoryEntry, store::STORE_ID};

    fn rng() -> Arc<dyn Random> {
        Arc::new(SystemRandom::new())
    }

    fn entry(number: i64) -> HistoryEntry {
        HistoryEntry {
            at: number,
            act: Act::Presented,
            counterpart: "Quầy số 3".into(),
            fields: Vec::new(),
            purpose: String::new(),
            result: None,
        }
    }

    #[test]
    fn store_at_its_limit_is_sealed_anew_at_opening_and_keeps_everything() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let key = SecretKey::make(&SystemRandom::new()).unwrap();
        let mut vault = Vault::create(&path, &key, [1; 16], rng()).unwrap();
        for collection in Collection::ALL {
            if collection != Collection::Attachment {
                (0..4).for_each(|n| vault.put(collection, &n.to_string(), collection.name()).unwrap());
            }
        }
        vault.begin_attachment("a", "text/plain").unwrap();
        vault.finish_attachment("a", b"content").unwrap();
        for n in 1..=9 {
            vault.append_history(&entry(n)).unwrap();
        }
        vault.erase_history(4, None).unwrap();
        let (seals, generation) = (vault.state.borrow().manifest.seals, vault.generation());
        drop(vault);
        let store_id = |vault: &Vault| crate::write::load_meta(&vault.connection, STORE_ID).unwrap().unwrap();

        let vault = Vault::open_with(&path, &key, rng(), seals + 1).unwrap();
        assert_eq!(store_id(&vault), [1; 16]);
        drop(vault);
        // The sealing of the manifest itself is not in it.
        for opened in [Vault::open_with(&path, &key, rng(), seals - 1), Vault::open(&path, &key, rng())] {
            let vault = opened.unwrap();
            assert_ne!(store_id(&vault), [1; 16]);
            assert!(vault.state.borrow().manifest.seals < seals && vault.generation() == generation + 1);
            assert_eq!(vault.check_all(), Ok(vec![]));
            for collection in Collection::ALL {
                if collection != Collection::Attachment {
                    assert_eq!(vault.find(collection, "3"), Ok(Some(collection.name().to_owned())));
                }
            }
            assert_eq!(&**vault.read_attachment("a", 0).unwrap().unwrap(), b"content");
            assert_eq!(vault.verify_history(), Ok(9));
            assert_eq!(vault.list_history(None, 50).unwrap().items.len(), 6);
        }
    }

    #[test]
    fn store_that_cannot_be_sealed_anew_opens_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let key = SecretKey::make(&SystemRandom::new()).unwrap();
        let mut vault = Vault::create(&path, &key, [1; 16], rng()).unwrap();
        vault.put(Collection::Draft, "a", "text").unwrap();
        vault.append_history(&entry(1)).unwrap();
        vault.put(Collection::Draft, "b", &"x".repeat(9000)).unwrap();
        vault
            .connection
            .execute("UPDATE record SET sealed = x'00' WHERE key IN (SELECT max(key) FROM record)", [])
            .unwrap();
        assert_eq!(vault.renew(&key), Err(VaultError::Damaged(Collection::Draft)));
        assert!(vault.connection.is_autocommit());
        vault.put(Collection::Draft, "c", "after").unwrap();
        drop(vault);
        let vault = Vault::open_with(&path, &key, rng(), 1).unwrap();
        assert_eq!(vault.find(Collection::Draft, "c"), Ok(Some("after".to_owned())));
        assert_eq!(vault.verify_history(), Ok(1));
    }
}
