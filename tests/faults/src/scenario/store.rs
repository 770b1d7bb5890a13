//! The store: made, written, read from its journal, closed.

use std::path::Path;

use eid_vault::{Act, Collection, HistoryEntry};

use super::{Scenario, Step, lasting};
use crate::{Failure, World};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario { name: "create", prepare: |_| Ok(()), steps: create() },
        Scenario { name: "records", prepare: small_store, steps: records() },
        Scenario { name: "transaction", prepare: small_store, steps: transaction() },
        Scenario { name: "history", prepare: small_store, steps: history() },
        Scenario { name: "journal", prepare: store_with_journal, steps: journal() },
        Scenario { name: "large_record", prepare: small_store, steps: large_record() },
    ]
}

fn create() -> Vec<Step> {
    vec![lasting(|world| {
        world.folder.load_or_make_binding("app", &*world.rng)?;
        world.vault = Some(world.folder.create_vault(&World::vault_key()?, &world.rng)?);
        Ok(())
    })]
}

/// New, changed and removed, in each collection.
fn records() -> Vec<Step> {
    let mut steps = Vec::new();
    for collection in Collection::ALL {
        steps.push(lasting(move |world| world.vault()?.put(collection, "new", "value")));
        steps.push(lasting(move |world| world.vault()?.put(collection, "first", "changed")));
        steps.push(lasting(move |world| world.vault()?.remove(collection, "second").map(drop)));
    }
    steps
}

/// Rows of several collections and a history entry that stand or fall together; then one that is taken back.
fn transaction() -> Vec<Step> {
    let together = lasting(|world| {
        world.vault()?.transaction(|vault| {
            for number in 0..20 {
                vault.put(Collection::Credential, &format!("credential {number}"), &vec![number; 100])?;
            }
            vault.put(Collection::Account, "first", "changed")?;
            vault.remove(Collection::Grant, "second")?;
            vault.append_history(&entry(9)).map(drop)
        })
    });
    let taken_back = lasting(|world| {
        let outcome: Result<(), Failure> = world.vault()?.transaction(|vault| {
            vault.put(Collection::Account, "first", "never seen")?;
            vault.append_history(&entry(99))?;
            Err(Failure::TooLarge)
        });
        if outcome == Err(Failure::TooLarge) { Ok(()) } else { outcome }
    });
    vec![together, taken_back]
}

fn history() -> Vec<Step> {
    (10..16).map(|at| lasting(move |world| world.vault()?.append_history(&entry(at)).map(drop))).collect()
}

/// The store is opened with a journal that a kill left, written, closed (which empties the journal) and opened again.
fn journal() -> Vec<Step> {
    let close = || {
        lasting(|world| {
            world.vault = None;
            Ok(())
        })
    };
    vec![
        lasting(World::open),
        lasting(|world| world.vault()?.put(Collection::Account, "first", "again")),
        close(),
        lasting(World::open),
        lasting(|world| world.vault()?.put(Collection::Account, "new", "last")),
        close(),
    ]
}

/// A record of many pages, changed.
fn large_record() -> Vec<Step> {
    let put = |letter: &'static str| {
        lasting(move |world| world.vault()?.put(Collection::Credential, "large", &letter.repeat(60_000)))
    };
    vec![put("a"), put("b")]
}

/// Two records in each collection, two history entries.
pub(super) fn small_store(root: &Path) -> Result<(), Failure> {
    let mut world = World::new(root);
    for step in create() {
        (step.run)(&mut world)?;
    }
    for collection in Collection::ALL {
        world.vault()?.put(collection, "first", "old")?;
        world.vault()?.put(collection, "second", &vec!["old"; 40])?;
    }
    for at in [1, 2] {
        world.vault()?.append_history(&entry(at))?;
    }
    Ok(())
}

/// As [`small_store`], with twelve more writes in the journal only, as a kill leaves them.
fn store_with_journal(root: &Path) -> Result<(), Failure> {
    small_store(root)?;
    let mut world = World::new(root);
    for number in 0..12 {
        world.vault()?.put(Collection::Credential, &format!("in the journal {number}"), &vec![number; 300])?;
    }
    let journal = crate::Snapshot::load(root).map_err(|_| Failure::Failed)?;
    world.vault = None;
    journal.store(root).map_err(|_| Failure::Failed)
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
