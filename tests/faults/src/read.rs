//! What the citizen finds when the app is opened again.

use std::{
    fmt::Write as _,
    iter,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use eid_crypto::{HardwareInput, hash::sha256};
use eid_vault::{Collection, Envelope, EnvelopeKind, Factor, Pending, Vault, VaultError};
use serde_json::Value;

use crate::{
    Failure, World,
    hardware::{self, Hardware},
    phone::{self, FIRST, SECOND},
};

/// All that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Equal texts, equal contents.
    pub text: String,
    /// The store's own count of its changes; 0 without a store.
    pub generation: u64,
    /// True if the vault says itself that something is not as it was written.
    pub has_findings: bool,
}

/// All that is stored, found by opening it as the app does at its start. `behind_envelope`: it takes the passcode, without
/// which nothing counts.
///
/// # Errors
/// What opening and reading give, as text; a record or history that does not hold is an error, too.
pub(crate) fn content(root: &Path, behind_envelope: bool) -> Result<Content, String> {
    let mut world = World::new(root, Hardware::new(hardware::load(root), false), 3);
    let mut text = String::new();
    if behind_envelope {
        text = unlocked(&world)?;
        if text.is_empty() {
            return Ok(Content { text: "nothing opens\n".to_owned(), generation: 0, has_findings: false });
        }
    }
    match world.open() {
        Ok(()) => {}
        Err(Failure::Vault(VaultError::StoreMissing)) if !behind_envelope => {
            return Ok(Content { text: "no store\n".to_owned(), generation: 0, has_findings: false });
        }
        Err(Failure::Vault(VaultError::FileDamaged)) => {
            return Ok(Content { text: "file is damaged\n".to_owned(), generation: 0, has_findings: true });
        }
        Err(other) => return Err(other.to_string()),
    }
    let vault = world.vault().map_err(as_text)?;
    // A guard that was lost says so, too.
    let has_findings = !vault.findings().is_empty() || text.contains(", lost");
    text.push_str(&stored(vault)?);
    Ok(Content { text, generation: vault.generation(), has_findings })
}

/// Goes on after the fault: writes once more, or starts over where nothing opens.
///
/// # Errors
/// What that gives, as text.
pub(crate) fn resume(root: &Path, behind_envelope: bool) -> Result<(), String> {
    let mut world = World::new(root, Hardware::new(hardware::load(root), false), 4);
    let nothing = if behind_envelope { unlocked(&world)?.is_empty() } else { false };
    let begun = match world.open_or_salvage() {
        _ if nothing => world.reset().and_then(|()| world.activate()),
        Err(Failure::Vault(VaultError::StoreMissing)) if !behind_envelope => world.create(),
        opened => opened,
    };
    begun.map_err(as_text)?;
    let vault = world.vault().map_err(as_text)?;
    vault.put(Collection::Setting, "resumed", "yes").map_err(as_text)?;
    let found: Option<String> = vault.find(Collection::Setting, "resumed").map_err(as_text)?;
    if found.as_deref() != Some("yes") {
        return Err("what was written is not there".to_owned());
    }
    if nothing && unlocked(&world)?.is_empty() {
        return Err("activated again, and nothing opens".to_owned());
    }
    Ok(())
}

/// What opens the vault key, and how many tries the guard counts. Empty if nothing opens.
fn unlocked(world: &World) -> Result<String, String> {
    let mut text = String::new();
    let envelopes = world.folder.load_envelopes().map_err(as_text)?;
    for envelope in envelopes.iter().flat_map(|both| iter::once(&both.current).chain(&both.next)) {
        for digits in [FIRST, SECOND] {
            if opens(world, envelope, Some(digits))? {
                let _ = writeln!(text, "{digits} opens epoch {}", envelope.epoch());
            }
        }
    }
    if let Some(envelope) = world.folder.load_envelope(EnvelopeKind::Biometric).map_err(as_text)?
        && opens(world, &envelope, None)?
    {
        text.push_str("biometrics open\n");
    }
    if !text.is_empty() {
        let session = world.guard(1000).map_err(as_text)?;
        let guard = session.guard();
        let lost = if guard.is_lost() || guard.is_destroyed() { ", lost" } else { "" };
        let _ = writeln!(text, "{} wrong tries{lost}", guard.wrong_tries());
    }
    Ok(text)
}

/// True if this passcode, or the holder's face, opens the envelope on this hardware.
fn opens(world: &World, envelope: &Envelope, digits: Option<&'static str>) -> Result<bool, String> {
    let begun = begin(world, envelope, digits).map_err(as_text)?;
    let opened = world.hardware.derive(envelope.hardware_alias(), &begun.0).map(|answer| begun.1.open(&answer));
    match opened {
        Ok(Ok(key)) if key == World::vault_key().map_err(as_text)? => Ok(true),
        Ok(Ok(_)) => Err("another vault key".to_owned()),
        Ok(Err(VaultError::PasscodeWrong)) | Err(Failure::HardwareGone) => Ok(false),
        Ok(Err(other)) => Err(other.to_string()),
        Err(other) => Err(other.to_string()),
    }
}

/// An envelope being opened, by its bytes and the passcode: the stretching takes longer than all else, and the same envelope
/// is looked at hundreds of times.
type Begun = Arc<(HardwareInput, Pending)>;
static BEGUN: Mutex<Vec<(Vec<u8>, &str, Begun)>> = Mutex::new(Vec::new());

fn begin(world: &World, envelope: &Envelope, digits: Option<&'static str>) -> Result<Begun, Failure> {
    let (bytes, name) = (envelope.encode(), digits.unwrap_or_default());
    let known = |begun: &[(Vec<u8>, &str, Begun)]| {
        begun.iter().find(|(of, with, _)| *of == bytes && *with == name).map(|(_, _, found)| Arc::clone(found))
    };
    if let Some(found) = known(&BEGUN.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(found);
    }
    let passcode = digits.map(phone::passcode).transpose()?;
    let factor = passcode.as_ref().map_or(Factor::Biometrics, Factor::Passcode);
    let fresh = Arc::new(envelope.challenge(factor, &world.binding()?)?);
    BEGUN.lock().unwrap_or_else(PoisonError::into_inner).push((bytes, name, Arc::clone(&fresh)));
    Ok(fresh)
}

/// A short name for a content.
pub fn digest(content: &str) -> String {
    hex(sha256(content.as_bytes()).get(..8).unwrap_or_default())
}

/// Findings, records of all collections, attachments and the history.
pub(crate) fn stored(vault: &Vault) -> Result<String, String> {
    let mut out = String::new();
    for finding in vault.findings() {
        let _ = writeln!(out, "finding {finding:?}");
    }
    if vault.findings().is_empty() && !vault.check_all().map_err(as_text)?.is_empty() {
        return Err("opens without findings, and something does not open".to_owned());
    }
    for collection in Collection::ALL {
        if vault.is_marked(collection) {
            let _ = writeln!(out, "{} is marked", collection.name());
        }
        match collection {
            Collection::Attachment => list_attachments(vault, &mut out)?,
            _ => list_records(vault, collection, &mut out)?,
        }
    }
    list_history(vault, &mut out)?;
    Ok(out)
}

fn list_records(vault: &Vault, collection: Collection, out: &mut String) -> Result<(), String> {
    let mut after = None;
    loop {
        let page = vault.list::<Value>(collection, after, 50).map_err(as_text)?;
        if !page.damaged.is_empty() {
            return Err(format!("damaged records in {}", collection.name()));
        }
        for (key, value) in page.items {
            let _ = writeln!(out, "{} {key} = {value}", collection.name());
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Serial numbers and keys of attachments are random; what counts is what they hold.
fn list_attachments(vault: &Vault, out: &mut String) -> Result<(), String> {
    let page = vault.list_attachments(None, 50).map_err(as_text)?;
    if !page.damaged.is_empty() {
        return Err("damaged attachments".to_owned());
    }
    for (name, attachment) in page.items {
        let mut bytes = Vec::new();
        for number in 0..attachment.digest.map_or(0, |_| attachment.chunks) {
            let chunk = vault.read_attachment(&name, number).map_err(as_text)?.ok_or("a chunk is missing")?;
            bytes.extend_from_slice(&chunk);
        }
        if attachment.digest.is_some_and(|digest| digest != sha256(&bytes)) {
            return Err("an attachment has another content".to_owned());
        }
        let finished = attachment.digest.map(|digest| hex(&digest)).unwrap_or_default();
        let _ =
            writeln!(out, "attachment {name}: {} bytes, {} chunks, {finished}", attachment.length, attachment.chunks);
    }
    Ok(())
}

fn list_history(vault: &Vault, out: &mut String) -> Result<(), String> {
    let entries = match vault.verify_history() {
        Ok(entries) => entries.to_string(),
        Err(VaultError::HistoryBroken { seq }) if !vault.findings().is_empty() => format!("broken at {seq}"),
        Err(other) => return Err(other.to_string()),
    };
    let mut before = None;
    loop {
        let page = vault.list_history(before, 50).map_err(as_text)?;
        for (number, entry) in page.items {
            let _ = writeln!(out, "history {number} of {entries}: {:?} {} {}", entry.act, entry.at, entry.counterpart);
        }
        before = page.next;
        if before.is_none() {
            return Ok(());
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn as_text(error: impl core::fmt::Display) -> String {
    error.to_string()
}
