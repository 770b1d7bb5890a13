//! What the citizen finds when the app is opened again.

use std::{fmt::Write as _, path::Path};

use eid_crypto::hash::sha256;
use eid_vault::{Collection, Vault, VaultError};
use serde_json::Value;

use crate::{Failure, World};

/// All that is stored, as text: equal texts, equal contents. Opens the store as the app does at its start.
///
/// # Errors
/// What opening and reading give; a record or history that does not hold is an error, too.
pub fn content(root: &Path) -> Result<String, Failure> {
    let mut world = World::new(root);
    match world.open() {
        Ok(()) => records(world.vault()?),
        Err(VaultError::StoreMissing) => Ok("no store".to_owned()),
        Err(other) => Err(other),
    }
}

/// Writes once more, as the app does when it goes on after the fault.
///
/// # Errors
/// What writing gives.
pub fn resume(root: &Path) -> Result<(), Failure> {
    let mut world = World::new(root);
    match world.open() {
        Err(VaultError::StoreMissing) => {
            world.folder.load_or_make_binding("app", &*world.rng)?;
            world.vault = Some(world.folder.create_vault(&World::vault_key()?, &world.rng)?);
        }
        opened => opened?,
    }
    world.vault()?.put(Collection::Setting, "resumed", "yes")?;
    match world.vault()?.find::<String>(Collection::Setting, "resumed")? {
        Some(value) if value == "yes" => Ok(()),
        _ => Err(VaultError::Failed),
    }
}

/// A short name for a content.
pub fn digest(content: &str) -> String {
    sha256(content.as_bytes()).iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Records of all collections and the history.
pub(crate) fn records(vault: &Vault) -> Result<String, Failure> {
    let mut text = String::new();
    for collection in Collection::ALL {
        let mut after = None;
        loop {
            let page = vault.list::<Value>(collection, after, 50)?;
            if !page.damaged.is_empty() {
                return Err(VaultError::Damaged(collection));
            }
            for (key, value) in page.items {
                let _ = writeln!(text, "{} {key} = {value}", collection.name());
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    let entries = vault.verify_history()?;
    let mut before = None;
    loop {
        let page = vault.list_history(before, 50)?;
        for (number, entry) in page.items {
            let _ = writeln!(text, "history {number}/{entries} {} {}", entry.at, entry.counterpart);
        }
        before = page.next;
        if before.is_none() {
            return Ok(text);
        }
    }
}
