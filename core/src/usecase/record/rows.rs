//! What the store keeps of records and updates, and where: each in the compartment of its kind.

use std::collections::BTreeMap;

use eid_model::{Code, MediaType, UnixTime};
use eid_platform::SignedStatement;
use eid_record::{
    Compartment, Findable, Form, Path, Record, RecordKind, Wish,
    update::{Reason, Update},
};
use eid_vault::{Collection, Vault};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// Updates that are kept at most; those that are over make room.
const MOST_UPDATES: usize = 500;

/// Key of [`Progress`], among the settings.
const PROGRESS: &str = "records-progress";

/// A row of a compartment.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Row {
    Record(KeptRecord),
    Update(Box<KeptUpdate>),
}

/// What the authorities said of a record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptRecord {
    pub(super) record: Record,
    pub(super) findable: Findable,
    /// The pull that brought it last.
    pub(super) pull: u64,
}

/// A change on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptUpdate {
    pub(super) update: Update,
    pub(super) began_at: UnixTime,
    pub(super) changed_at: UnixTime,
    /// What the record said when the change was begun, or seen again after a conflict.
    pub(super) seen: Form,
    /// What waits for the platform's receipt.
    #[serde(default)]
    pub(super) signed: Option<Signed>,
    /// The last receipt, as the platform signed it.
    #[serde(default)]
    pub(super) receipt: Option<String>,
    /// What the citizen wants and the authority has not taken over, from the signature on.
    #[serde(default)]
    pub(super) wishes: BTreeMap<Path, Wish>,
    /// Why the authority took a part of it only.
    #[serde(default)]
    pub(super) left_out: Option<Reason>,
    /// Why the last sending was refused.
    #[serde(default)]
    pub(super) problem: Option<Problem>,
    /// The evidence: what it is, and whether the platform has it.
    #[serde(default)]
    pub(super) pieces: Vec<Piece>,
}

/// A piece of evidence, beside what the update says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Piece {
    pub(super) sha256: [u8; 32],
    pub(super) media: MediaType,
    pub(super) is_uploaded: bool,
}

/// A change as it was signed: the same for ever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Signed {
    pub(super) statement: SignedStatement,
    pub(super) at: UnixTime,
}

/// A refusal of the platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Problem {
    #[serde(with = "code")]
    pub(super) code: Code,
    /// What the platform found in the form.
    #[serde(default)]
    pub(super) fields: Vec<(Path, u16)>,
}

/// How far the records were pulled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) cursor: Option<String>,
    /// The number of the pull from the beginning that is or was the last.
    pub(super) pull: u64,
    /// True once that pull came to the end.
    pub(super) is_whole: bool,
}

impl KeptUpdate {
    pub(super) fn id(&self) -> &str {
        self.update.submission().0
    }

    pub(super) fn store(self, vault: &Vault) -> Result<(), Error> {
        let (collection, key) = (update_collection(self.update.record().0), update_key(self.id()));
        Ok(vault.put(collection, &key, &Row::Update(Box::new(self)))?)
    }
}

impl KeptRecord {
    pub(super) fn store(self, vault: &Vault) -> Result<(), Error> {
        let (kind, key) = (self.record.kind(), record_key(self.record.kind(), self.record.id()));
        Ok(vault.put(collection(kind), &key, &Row::Record(self))?)
    }
}

impl Progress {
    pub(super) fn load(vault: &Vault) -> Result<Self, Error> {
        Ok(vault.find(Collection::Setting, PROGRESS)?.unwrap_or_default())
    }

    pub(super) fn store(&self, vault: &Vault) -> Result<(), Error> {
        Ok(vault.put(Collection::Setting, PROGRESS, self)?)
    }
}

/// After a repair of the store the records are pulled from the beginning: what was lost comes back.
pub(crate) fn forget_progress(vault: &Vault) -> Result<(), eid_vault::VaultError> {
    vault.remove(Collection::Setting, PROGRESS).map(drop)
}

pub(super) fn find_record(vault: &Vault, kind: RecordKind, id: &str) -> Result<Option<KeptRecord>, Error> {
    Ok(match vault.find(collection(kind), &record_key(kind, id))? {
        Some(Row::Record(kept)) => Some(kept),
        _ => None,
    })
}

pub(super) fn remove_record(vault: &Vault, kind: RecordKind, id: &str) -> Result<(), Error> {
    vault.remove(collection(kind), &record_key(kind, id))?;
    Ok(())
}

/// All records of a compartment, or of all.
pub(super) fn each_record(vault: &Vault, mut act: impl FnMut(KeptRecord)) -> Result<(), Error> {
    for collection in [Collection::Record, Collection::PartyRecord, Collection::HealthRecord] {
        each(vault, collection, |row| {
            if let Row::Record(kept) = row {
                act(kept);
            }
        })?;
    }
    Ok(())
}

pub(super) fn find_update(vault: &Vault, id: &str) -> Result<KeptUpdate, Error> {
    for collection in UPDATES {
        if let Some(Row::Update(kept)) = vault.find(collection, &update_key(id))? {
            return Ok(*kept);
        }
    }
    Err(Error::UpdateUnknown)
}

/// The kind of an update's record.
pub(crate) fn update_kind(vault: &Vault, id: &str) -> Result<RecordKind, Error> {
    find_update(vault, id).map(|kept| kept.update.record().0)
}

/// All updates in the order in which they were begun.
pub(super) fn load_updates(vault: &Vault) -> Result<Vec<KeptUpdate>, Error> {
    let mut updates = Vec::new();
    for collection in UPDATES {
        each(vault, collection, |row| {
            if let Row::Update(kept) = row {
                updates.push(*kept);
            }
        })?;
    }
    updates.sort_by_key(|kept| kept.began_at);
    Ok(updates)
}

/// Forgets the oldest update that is over, if there are too many. Inside a transaction.
pub(super) fn make_room(vault: &Vault) -> Result<(), Error> {
    let all = load_updates(vault)?;
    if all.len() >= MOST_UPDATES {
        let oldest = all.iter().find(|kept| kept.update.is_over()).ok_or(Error::ListFull)?;
        remove_update(vault, oldest)?;
    }
    Ok(())
}

/// Removes a change and its evidence. Inside a transaction.
pub(super) fn remove_update(vault: &Vault, kept: &KeptUpdate) -> Result<(), Error> {
    kept.remove_evidence(vault)?;
    vault.remove(update_collection(kept.update.record().0), &update_key(kept.id()))?;
    Ok(())
}

/// The collections that hold updates.
const UPDATES: [Collection; 3] = [Collection::Outbox, Collection::PartyRecord, Collection::HealthRecord];

fn update_collection(kind: RecordKind) -> Collection {
    match kind.definition().compartment() {
        Compartment::General => Collection::Outbox,
        Compartment::Party => Collection::PartyRecord,
        Compartment::Health => Collection::HealthRecord,
    }
}

fn collection(kind: RecordKind) -> Collection {
    match kind.definition().compartment() {
        Compartment::General => Collection::Record,
        Compartment::Party => Collection::PartyRecord,
        Compartment::Health => Collection::HealthRecord,
    }
}

fn record_key(kind: RecordKind, id: &str) -> String {
    format!("record/{}/{id}", kind.name())
}

fn update_key(id: &str) -> String {
    format!("update/{id}")
}

fn each(vault: &Vault, collection: Collection, mut act: impl FnMut(Row)) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = vault.list::<Row>(collection, after, 50)?;
        page.items.into_iter().for_each(|(_, row)| act(row));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

mod code {
    use super::{Code, Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(code: &Code, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(code.number())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        Code::from_number(u16::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom("no such code"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use eid_crypto::{SecretKey, SystemRandom};
    use eid_record::update::{Event, Evidence};

    use super::*;

    const SHA256: [u8; 32] = [7; 32];

    /// A change with one piece of evidence, which is over if wanted.
    fn stored(vault: &mut Vault, number: usize, is_over: bool) -> KeptUpdate {
        let mut update =
            Update::begin(&format!("update-{number}"), (RecordKind::Tax, "new-1"), None, Form::new()).unwrap();
        let now = UnixTime::from_seconds(i64::try_from(number).unwrap());
        update.apply(Event::Attach(vec![Evidence { sha256: SHA256, bytes: 3 }]), now).unwrap();
        if is_over {
            update.apply(Event::Withdraw, now).unwrap();
        }
        let kept = KeptUpdate::new(update, Form::new(), now);
        let name = kept.evidence_name(&SHA256);
        vault.begin_attachment(&name, "image/jpeg").unwrap();
        vault.finish_attachment(&name, b"abc").unwrap();
        kept.clone().store(vault).unwrap();
        kept
    }

    fn has(vault: &Vault, kept: &KeptUpdate) -> (bool, bool) {
        let piece = vault.find_attachment(&kept.evidence_name(&SHA256)).unwrap();
        (find_update(vault, kept.id()).is_ok(), piece.is_some())
    }

    #[test]
    fn update_that_makes_room_or_is_removed_takes_its_evidence_with_it_or_neither_goes() {
        let (folder, rng) = (tempfile::tempdir().unwrap(), Arc::new(SystemRandom::new()));
        let key = SecretKey::make(&*rng).unwrap();
        let mut vault = Vault::create(&folder.path().join("store"), &key, [1; 16], rng).unwrap();
        let over = stored(&mut vault, 0, true);
        let open: Vec<_> = (1..MOST_UPDATES).map(|number| stored(&mut vault, number, false)).collect();

        let failed = vault.transaction(|vault| {
            make_room(vault)?;
            Err::<(), _>(Error::Internal)
        });
        assert_eq!((failed, has(&vault, &over)), (Err(Error::Internal), (true, true)));
        vault.transaction(make_room).unwrap();
        assert_eq!(has(&vault, &over), (false, false));
        vault.transaction(|vault| remove_update(vault, &open[0])).unwrap();
        assert_eq!((has(&vault, &open[0]), has(&vault, &open[1])), ((false, false), (true, true)));
    }
}
