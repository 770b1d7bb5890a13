//! Attachments: chunk by chunk, over kills, and in hostile hands.

use std::collections::BTreeMap;

use crate::common::Place;
use eid_crypto::hash::sha256;
use eid_vault::{CHUNK, Collection, Finding, MAX_ATTACHMENT, Vault, VaultError};
use proptest::prelude::*;

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from(n * n % 251).unwrap()).collect()
}

fn store(vault: &Vault, name: &str, bytes: &[u8]) {
    vault.begin_attachment(name, "image/jpeg").unwrap();
    let (last, chunks) = bytes
        .chunks(CHUNK)
        .collect::<Vec<_>>()
        .split_last()
        .map_or((&[][..], vec![]), |(last, all)| (*last, all.to_vec()));
    for chunk in chunks {
        vault.append_attachment(name, chunk).unwrap();
    }
    let done = vault.finish_attachment(name, last).unwrap();
    assert_eq!((done.length, done.digest), (u64::try_from(bytes.len()).unwrap(), Some(sha256(bytes))));
}

fn read(vault: &Vault, name: &str) -> Result<Vec<u8>, VaultError> {
    let mut bytes = Vec::new();
    for number in 0.. {
        match vault.read_attachment(name, number)? {
            Some(chunk) => bytes.extend_from_slice(&chunk),
            None => break,
        }
    }
    let mut streamed = Vec::new();
    vault.stream_attachment(name, |chunk| {
        streamed.extend_from_slice(chunk);
        Ok::<_, VaultError>(())
    })?;
    assert_eq!(streamed, bytes);
    Ok(bytes)
}

#[test]
fn attachment_comes_back_whatever_its_length() {
    let place = Place::new();
    let vault = place.create();
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7] {
        let name = length.to_string();
        store(&vault, &name, &content(length));
        assert_eq!(read(&vault, &name), Ok(content(length)));
    }
    drop(vault);
    let vault = place.open().unwrap();
    assert_eq!(vault.list_attachments(None, 50).unwrap().items.len(), 6);
    assert_eq!(read(&vault, &CHUNK.to_string()), Ok(content(CHUNK)));
    assert_eq!((vault.findings(), vault.check_all()), ([].as_slice(), Ok(vec![])));
}

#[test]
fn attachment_goes_on_where_a_kill_left_it() {
    let place = Place::new();
    let bytes = content(3 * CHUNK);
    let vault = place.create();
    vault.begin_attachment("a", "application/pdf").unwrap();
    vault.append_attachment("a", &bytes[..CHUNK]).unwrap();
    drop(vault);
    let vault = place.open().unwrap();
    let begun = vault.find_attachment("a").unwrap().unwrap();
    assert_eq!((begun.length, begun.digest), (u64::try_from(CHUNK).unwrap(), None));
    assert_eq!(vault.read_attachment("a", 0).err(), Some(VaultError::RecordMissing), "not finished");
    vault.append_attachment("a", &bytes[CHUNK..2 * CHUNK]).unwrap();
    let done = vault.finish_attachment("a", &bytes[2 * CHUNK..]).unwrap();
    assert_eq!((done.digest, done.chunks, done.media_type.as_str()), (Some(sha256(&bytes)), 3, "application/pdf"));
    assert_eq!(read(&vault, "a"), Ok(bytes));
    assert_eq!(vault.append_attachment("a", b"more"), Err(VaultError::RecordMissing));
    assert_eq!(vault.finish_attachment("a", b"more"), Err(VaultError::RecordMissing));
    assert_eq!(vault.append_attachment("b", b"more"), Err(VaultError::RecordMissing));
}

#[test]
fn attachment_up_to_the_limit_is_stored_and_a_larger_one_refused() {
    let place = Place::new();
    let mut vault = place.create();
    let chunk = content(CHUNK);
    let outcome = vault.transaction(|vault| {
        vault.begin_attachment("a", "x")?;
        for _ in 1..MAX_ATTACHMENT / u64::try_from(CHUNK).unwrap() {
            vault.append_attachment("a", &chunk)?;
        }
        assert_eq!(vault.append_attachment("a", &[0; CHUNK + 1]), Err(VaultError::TooLarge));
        vault.append_attachment("a", &chunk)?;
        assert_eq!(vault.append_attachment("a", &[0]), Err(VaultError::TooLarge));
        vault.finish_attachment("a", b"")
    });
    assert_eq!(outcome.unwrap().length, MAX_ATTACHMENT);
    assert_eq!(place.open().unwrap().check_all(), Ok(vec![]));
}

#[test]
fn chunks_cut_off_moved_or_exchanged_show() {
    let bytes = content(3 * CHUNK + 9);
    for statements in [
        "DELETE FROM chunk WHERE id = (SELECT max(id) FROM chunk)",
        "DELETE FROM chunk WHERE id = (SELECT min(id) FROM chunk)",
        "UPDATE chunk SET (mark, sealed) = (SELECT mark, sealed FROM chunk ORDER BY id LIMIT 1) WHERE id = (SELECT min(id) + 1 FROM chunk)",
        "DELETE FROM chunk WHERE id = (SELECT max(id) FROM chunk); UPDATE chunk SET id = id + 1 WHERE id = (SELECT max(id) FROM chunk)",
        "UPDATE chunk SET sealed = x'' WHERE id = (SELECT min(id) + 1 FROM chunk)",
        "UPDATE chunk SET mark = x'00' WHERE id = (SELECT min(id) FROM chunk)",
        "DELETE FROM chunk",
    ] {
        let place = Place::new();
        store(&place.create(), "a", &bytes);
        place.tamper(statements);
        let mut vault = place.open().unwrap();
        assert_eq!(read(&vault, "a"), Err(VaultError::AttachmentDamaged), "{statements}");
        let found = vault.check_all().unwrap();
        assert!(matches!(found.as_slice(), [Finding::AttachmentDamaged { .. }]), "{statements}: {found:?}");
        let report = vault.repair(5).unwrap();
        assert!(
            matches!(report.as_slice(), [done] if done.collection == Some(Collection::Attachment) && done.lost == 1)
        );
        assert_eq!((vault.check_all(), vault.find_attachment("a")), (Ok(vec![]), Ok(None)), "{statements}");
    }
}

#[test]
fn chunks_of_nobody_and_of_what_was_never_finished_are_cleaned() {
    let place = Place::new();
    let mut vault = place.create();
    store(&vault, "kept", &content(2 * CHUNK));
    for name in ["begun", "replaced"] {
        vault.begin_attachment(name, "x").unwrap();
        vault.append_attachment(name, &content(100)).unwrap();
    }
    store(&vault, "replaced", b"new");
    vault.remove(Collection::Attachment, "begun").unwrap();
    vault.begin_attachment("other", "x").unwrap();
    vault.append_attachment("other", &content(100)).unwrap();
    let chunks = |place: &Place| {
        let connection = rusqlite::Connection::open(place.path()).unwrap();
        connection.query_row("SELECT count(*) FROM chunk", [], |row| row.get::<_, u32>(0)).unwrap()
    };
    assert_eq!(chunks(&place), 2 + 1 + 1 + 1);
    assert_eq!(vault.clean_attachments(), Ok(1));
    assert_eq!(chunks(&place), 3);
    assert_eq!((read(&vault, "kept"), read(&vault, "replaced")), (Ok(content(2 * CHUNK)), Ok(b"new".to_vec())));
    assert_eq!(vault.clean_attachments(), Ok(0));
}

#[derive(Debug, Clone)]
enum Step {
    Begin(u8),
    Append(u8, Vec<u8>),
    Finish(u8, Vec<u8>),
    Erase(u8),
    RolledBack(u8, Vec<u8>),
    Clean,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let chunk = || proptest::collection::vec(any::<u8>(), 0..50);
    prop_oneof![
        2 => (0..3_u8).prop_map(Step::Begin),
        4 => (0..3_u8, chunk()).prop_map(|(name, chunk)| Step::Append(name, chunk)),
        2 => (0..3_u8, chunk()).prop_map(|(name, chunk)| Step::Finish(name, chunk)),
        1 => (0..3_u8).prop_map(Step::Erase),
        2 => (0..3_u8, chunk()).prop_map(|(name, chunk)| Step::RolledBack(name, chunk)),
        1 => Just(Step::Clean),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn attachments_behave_like_files(steps in proptest::collection::vec(step(), 1..25)) {
        let place = Place::new();
        let mut vault = place.create();
        // Content so far, and whether it is finished.
        let mut model: BTreeMap<String, (Vec<u8>, bool)> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Begin(name) => {
                    vault.begin_attachment(&name.to_string(), "x").unwrap();
                    model.insert(name.to_string(), (vec![], false));
                }
                Step::Append(name, chunk) => {
                    let begun = model.get_mut(&name.to_string()).filter(|(_, finished)| !finished);
                    prop_assert_eq!(vault.append_attachment(&name.to_string(), &chunk).is_ok(), begun.is_some());
                    if let Some((bytes, _)) = begun {
                        bytes.extend_from_slice(&chunk);
                    }
                }
                Step::Finish(name, chunk) => {
                    let begun = model.get_mut(&name.to_string()).filter(|(_, finished)| !finished);
                    prop_assert_eq!(vault.finish_attachment(&name.to_string(), &chunk).is_ok(), begun.is_some());
                    if let Some((bytes, finished)) = begun {
                        bytes.extend_from_slice(&chunk);
                        *finished = true;
                    }
                }
                Step::Erase(name) => {
                    let erased = vault.erase_attachment(&name.to_string()).unwrap();
                    prop_assert_eq!(erased, model.remove(&name.to_string()).is_some());
                }
                Step::RolledBack(name, chunk) => {
                    let outcome = vault.transaction(|vault| {
                        vault.begin_attachment("new", "x")?;
                        vault.append_attachment(&name.to_string(), &chunk).unwrap_or_default();
                        drop(vault.finish_attachment(&name.to_string(), &chunk));
                        Err::<(), _>(VaultError::Failed)
                    });
                    prop_assert_eq!(outcome, Err(VaultError::Failed));
                }
                Step::Clean => {
                    vault.clean_attachments().unwrap();
                    model.retain(|_, (_, finished)| *finished);
                }
                Step::Reopen => {
                    drop(vault);
                    vault = place.open().unwrap();
                }
            }
        }
        drop(vault);
        let vault = place.open().unwrap();
        prop_assert_eq!((vault.findings(), vault.check_all()), ([].as_slice(), Ok(vec![])));
        let listed = vault.list_attachments(None, 50).unwrap().items;
        prop_assert_eq!(listed.len(), model.len());
        for (name, known) in listed {
            let (bytes, finished) = &model[&name];
            prop_assert_eq!((known.length, known.digest.is_some()), (u64::try_from(bytes.len()).unwrap(), *finished));
            if *finished {
                prop_assert_eq!(&read(&vault, &name).unwrap(), bytes);
                prop_assert_eq!(known.digest, Some(sha256(bytes)));
            }
        }
    }
}
