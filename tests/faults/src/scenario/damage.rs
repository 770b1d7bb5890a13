//! Stores of the version before, and damaged ones: brought up to date, repaired, sealed anew.

use std::fs;

use eid_vault::VaultError;
use rusqlite::Connection;

use super::{Scenario, Step, lasting, of_store, store::small_store};
use crate::{Failure, World, world::app_folder};

/// The database of schema 1, as its program left it.
const SCHEMA_1: &[u8] = include_bytes!("../../../../core/crates/vault/tests/golden/schema-1.store");

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        of_store("migration", golden, vec![lasting(World::open)]),
        of_store("repair", damaged, repair()),
        of_store("renewal", without_manifest, renewal()),
        of_store("salvage", unreadable, vec![lasting(World::open_or_salvage)]),
    ]
}

fn golden(world: &mut World) -> Result<(), Failure> {
    world.binding()?;
    Ok(fs::write(app_folder(&world.root).join("store"), SCHEMA_1).map_err(|_| VaultError::Failed)?)
}

fn repair() -> Vec<Step> {
    vec![lasting(World::open), lasting(|world| Ok(world.vault()?.repair(50).map(drop)?))]
}

/// After its manifest was lost, how much was sealed is not known: a repaired store is sealed anew when it is next opened.
fn renewal() -> Vec<Step> {
    let mut steps = repair();
    steps.push(lasting(World::open));
    steps
}

/// Some records and the last history entry are gone.
fn damaged(world: &mut World) -> Result<(), Failure> {
    tamper(
        world,
        "DELETE FROM record WHERE id % 7 = 1; DELETE FROM history WHERE seq = (SELECT max(seq) FROM history);",
    )
}

fn without_manifest(world: &mut World) -> Result<(), Failure> {
    tamper(world, "DELETE FROM meta WHERE name = 'manifest';")
}

fn tamper(world: &mut World, statements: &str) -> Result<(), Failure> {
    small_store(world)?;
    let tampered = || {
        let connection = Connection::open(app_folder(&world.root).join("store"))?;
        // Nothing of what is taken out may come back from a sector that was not written.
        connection.pragma_update(None, "secure_delete", "ON")?;
        connection.execute_batch(statements)
    };
    Ok(tampered().map_err(VaultError::from)?)
}

/// The first page behind the first one whose kind is not known any more, so that SQLite refuses the file.
fn unreadable(world: &mut World) -> Result<(), Failure> {
    small_store(world)?;
    let path = app_folder(&world.root).join("store");
    let good = fs::read(&path).map_err(|_| VaultError::Failed)?;
    for page in (4096..good.len()).step_by(4096).rev() {
        let mut bytes = good.clone();
        if let Some(kind) = bytes.get_mut(page) {
            *kind ^= 0xff;
        }
        fs::write(&path, &bytes).map_err(|_| VaultError::Failed)?;
        if world.open() == Err(VaultError::FileDamaged.into()) {
            // Opening may have begun a journal.
            world.close();
            return Ok(fs::write(&path, &bytes).map_err(|_| VaultError::Failed)?);
        }
        world.close();
    }
    Err(VaultError::Failed.into())
}
