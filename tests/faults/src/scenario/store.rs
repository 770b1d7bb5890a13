//! The store: made, written, read from its journal, closed.

use eid_crypto::KeySlot;
use eid_vault::{Act, CHUNK, Collection, HistoryEntry, Vault, VaultError};

use super::{Scenario, Step, fetches, lasting, of_store, stores};
use crate::{Failure, Snapshot, World};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        of_store("create", |_| Ok(()), create()),
        of_store("records", small_store, records()),
        of_store("transaction", small_store, transaction()),
        of_store("history", small_store, history()),
        of_store("journal", store_with_journal, journal()),
        of_store("large_record", small_store, large_record()),
        of_store("outbox", small_store, outbox()),
        of_store("attachment", small_store, attachment()),
        of_store("erase", small_store, erase()),
    ]
}

fn create() -> Vec<Step> {
    vec![lasting(World::create)]
}

/// New, changed and removed, in each collection.
fn records() -> Vec<Step> {
    let mut steps = Vec::new();
    for collection in writable() {
        let step = |call: fn(&mut Vault, Collection) -> Result<(), VaultError>| {
            let call = move |vault: &mut Vault| call(vault, collection);
            if collection.is_refetchable() { fetches(call) } else { stores(call) }
        };
        steps.push(step(|vault, collection| vault.put(collection, "new", "value")));
        steps.push(step(|vault, collection| vault.put(collection, "first", "changed")));
        steps.push(step(|vault, collection| vault.remove(collection, "second").map(drop)));
    }
    steps.push(stores(|vault| vault.make_durable().map(drop)));
    steps
}

/// Rows of several collections and a history entry that stand or fall together; then one that is taken back.
fn transaction() -> Vec<Step> {
    let together = stores(|vault| {
        vault.transaction(|vault| {
            for number in 0..20 {
                vault.put(Collection::Credential, &format!("credential {number}"), &vec![number; 100])?;
            }
            vault.put(Collection::Account, "first", "changed")?;
            vault.remove(Collection::Grant, "second")?;
            vault.append_history(&entry(9)).map(drop)
        })
    });
    let taken_back = stores(|vault| {
        let outcome: Result<(), VaultError> = vault.transaction(|vault| {
            vault.put(Collection::Account, "first", "never seen")?;
            vault.append_history(&entry(99))?;
            Err(VaultError::TooLarge)
        });
        if outcome == Err(VaultError::TooLarge) { Ok(()) } else { outcome }
    });
    vec![together, taken_back]
}

fn history() -> Vec<Step> {
    (10..16).map(|at| stores(move |vault| vault.append_history(&entry(at)).map(drop))).collect()
}

/// The store is opened with a journal that a kill left, written, closed (which empties the journal) and opened again.
fn journal() -> Vec<Step> {
    let close = || {
        lasting(|world| {
            world.close();
            Ok(())
        })
    };
    vec![
        lasting(World::open),
        stores(|vault| vault.put(Collection::Account, "first", "again")),
        close(),
        lasting(World::open),
        stores(|vault| vault.put(Collection::Account, "new", "last")),
        close(),
    ]
}

/// A record of many pages, changed.
fn large_record() -> Vec<Step> {
    let put =
        |letter: &'static str| fetches(move |vault| vault.put(Collection::Credential, "large", &letter.repeat(60_000)));
    vec![put("a"), put("b")]
}

/// A draft becomes a request in the outbox, is sent, and leaves a receipt.
fn outbox() -> Vec<Step> {
    vec![
        stores(|vault| vault.put(Collection::Draft, "request", "half written")),
        stores(|vault| {
            vault.transaction(|vault| {
                vault.put(Collection::Outbox, "request", "whole")?;
                vault.remove(Collection::Draft, "request").map(drop)
            })
        }),
        stores(|vault| {
            vault.transaction(|vault| {
                vault.remove(Collection::Outbox, "request")?;
                vault.put(Collection::Receipt, "request", "number 1")?;
                vault.append_history(&entry(20)).map(drop)
            })
        }),
    ]
}

/// Stored chunk by chunk, finished, erased; another one that is never finished.
fn attachment() -> Vec<Step> {
    let chunk = |letter: u8| vec![letter; CHUNK / 5];
    vec![
        stores(|vault| vault.begin_attachment("photo", "image/jpeg")),
        stores(move |vault| vault.append_attachment("photo", &chunk(1)).map(drop)),
        stores(move |vault| vault.append_attachment("photo", &chunk(2)).map(drop)),
        stores(|vault| vault.finish_attachment("photo", b"end").map(drop)),
        stores(|vault| vault.begin_attachment("other", "image/jpeg")),
        stores(move |vault| vault.append_attachment("other", &chunk(3)).map(drop)),
        stores(|vault| vault.clean_attachments().map(drop)),
        stores(|vault| vault.erase_attachment("photo").map(drop)),
    ]
}

/// A record, a compartment and a part of the history for good.
fn erase() -> Vec<Step> {
    vec![
        stores(|vault| vault.erase(Collection::Receipt, "first").map(drop)),
        stores(|vault| vault.erase_compartment(KeySlot::Health)),
        stores(|vault| vault.put(Collection::HealthRecord, "after", "new")),
        stores(|vault| vault.erase_history(2, None)),
        stores(|vault| vault.append_history(&entry(30)).map(drop)),
    ]
}

/// All collections that take records of any type.
fn writable() -> impl Iterator<Item = Collection> {
    Collection::ALL.into_iter().filter(|collection| *collection != Collection::Attachment)
}

/// Two records in each collection, two history entries.
pub(super) fn small_store(world: &mut World) -> Result<(), Failure> {
    world.create()?;
    for collection in writable() {
        world.vault()?.put(collection, "first", "old")?;
        world.vault()?.put(collection, "second", &vec!["old"; 20])?;
    }
    for at in [1, 2] {
        world.vault()?.append_history(&entry(at))?;
    }
    world.close();
    Ok(())
}

/// As [`small_store`], with twelve more writes in the journal only, as a kill leaves them.
fn store_with_journal(world: &mut World) -> Result<(), Failure> {
    small_store(world)?;
    for number in 0..12 {
        world.vault()?.put(Collection::Credential, &format!("in the journal {number}"), &vec![number; 300])?;
    }
    world.vault()?.make_durable()?;
    let journal = Snapshot::load(&world.root).map_err(|_| VaultError::Failed)?;
    world.close();
    Ok(journal.store(&world.root).map_err(|_| VaultError::Failed)?)
}

pub(super) fn entry(at: i64) -> HistoryEntry {
    HistoryEntry {
        at,
        act: Act::Presented,
        counterpart: format!("Quầy số {at}"),
        fields: vec!["name".into()],
        purpose: "Mở tài khoản".into(),
        result: None,
    }
}
