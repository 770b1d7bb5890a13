//! The app's folder: which files there are, and in which order they come into being.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use eid_crypto::{Random, SecretKey, random};

use crate::{
    Envelope, EnvelopeBinding, EnvelopeKind, Repaired, Vault, VaultError, envelope,
    file::{beside, load_start, publish, replace, sync_name},
    guard, pending,
};

/// The folder that holds one installation's store and the small files beside it.
///
/// `install` (who this installation is), `store` (records and history), `guard` (passcode tries), and `envelope`, which comes
/// last and makes the phone activated; beside it the envelopes of biometrics, of recovery and of a new passcode, `standing`, which
/// says how the account stands while the app is locked, and perhaps `phrase`, which the citizen knows the true app by. All are
/// useless elsewhere: nothing opens without this phone's key hardware. `activation` says where an unfinished activation or recovery
/// stands.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Names a folder; nothing is touched yet.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The binding of this installation's envelopes; folder and installation are made at the first call.
    ///
    /// # Errors
    /// [`VaultError::EnvelopeForeign`] for an `install` file of another form, [`VaultError::Full`], [`VaultError::ReadOnly`],
    /// [`VaultError::Failed`].
    pub fn load_or_make_binding(&self, app_id: &str, rng: &dyn Random) -> Result<EnvelopeBinding, VaultError> {
        let path = self.0.join("install");
        std::fs::create_dir_all(&self.0).map_err(|error| VaultError::on_write(&error))?;
        let install_id = match load_start(&path, 17)? {
            Some(bytes) => bytes.try_into().map_err(|_| VaultError::EnvelopeForeign)?,
            None => {
                let fresh: [u8; 16] = random(rng)?;
                match sync_name(&self.0) {
                    // The system made this folder, and lets nobody look above it.
                    Err(error) if error.kind() != io::ErrorKind::PermissionDenied => {
                        return Err(VaultError::on_write(&error));
                    }
                    _ => {}
                }
                replace(&path, &fresh)?;
                fresh
            }
        };
        Ok(EnvelopeBinding { app_id: app_id.to_owned(), install_id })
    }

    /// True if there is a passcode envelope: the phone is activated.
    ///
    /// # Errors
    /// [`VaultError::Failed`].
    pub fn has_envelope(&self) -> Result<bool, VaultError> {
        self.envelope(EnvelopeKind::Passcode).try_exists().map_err(|_| VaultError::Failed)
    }

    /// The envelope of a kind; `None` if there is none.
    ///
    /// # Errors
    /// What [`Envelope::parse`] gives; [`VaultError::EnvelopeForeign`] also for one of another kind.
    pub fn load_envelope(&self, kind: EnvelopeKind) -> Result<Option<Envelope>, VaultError> {
        load(&self.envelope(kind), kind)
    }

    /// Stores an envelope: with the passcode's, the phone is activated. After a crash there is the old one or the new one.
    ///
    /// # Errors
    /// [`VaultError::Full`], [`VaultError::ReadOnly`], [`VaultError::Failed`]; the old file is then still there.
    pub fn store_envelope(&self, envelope: &Envelope) -> Result<(), VaultError> {
        replace(&self.envelope(envelope.kind()), &envelope.encode())
    }

    /// Deletes the envelope of a kind, if there is one. Without that of the passcode the phone is not activated.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`], [`VaultError::Failed`].
    pub fn remove_envelope(&self, kind: EnvelopeKind) -> Result<(), VaultError> {
        remove(&self.envelope(kind))
    }

    /// The passcode's envelope, and the one of a new passcode if a change is under way; `None` if there is no envelope. A second
    /// one that is damaged, or does not follow the first, is of no use and left out.
    ///
    /// # Errors
    /// What [`Self::load_envelope`] gives for the first.
    pub fn load_envelopes(&self) -> Result<Option<PasscodeEnvelopes>, VaultError> {
        let Some(current) = self.load_envelope(EnvelopeKind::Passcode)? else { return Ok(None) };
        let next = load(&self.next(), EnvelopeKind::Passcode).ok().flatten();
        let next = next.filter(|next| current.epoch().checked_add(1) == Some(next.epoch()));
        Ok(Some(PasscodeEnvelopes { current, next }))
    }

    /// Stores the envelope of a new passcode beside the old one.
    ///
    /// # Errors
    /// What [`Self::store_envelope`] gives.
    pub fn store_next(&self, envelope: &Envelope) -> Result<(), VaultError> {
        replace(&self.next(), &envelope.encode())
    }

    /// Puts the envelope of the new passcode in the place of the old one, in one step. The caller then removes the old hardware
    /// key.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`], [`VaultError::Failed`]: there are both, or the new one alone.
    pub fn commit_next(&self) -> Result<(), VaultError> {
        publish(&self.next(), &self.envelope(EnvelopeKind::Passcode)).map_err(|error| VaultError::on_write(&error))
    }

    /// Deletes the envelope of the new passcode, if there is one.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`], [`VaultError::Failed`].
    pub fn drop_next(&self) -> Result<(), VaultError> {
        remove(&self.next())
    }

    /// Where an unfinished activation stands, sealed ([`crate::PendingSeal`]); `None` if none is under way.
    ///
    /// # Errors
    /// [`VaultError::Failed`] if the file cannot be read.
    pub fn load_pending(&self) -> Result<Option<Vec<u8>>, VaultError> {
        load_start(&self.pending(), pending::MAX_BYTES + 1)
    }

    /// Stores where an unfinished activation stands. After a crash there is the old file or the new one.
    ///
    /// # Errors
    /// [`VaultError::Full`], [`VaultError::ReadOnly`], [`VaultError::Failed`]; the old file is then still there.
    pub fn store_pending(&self, file: &[u8]) -> Result<(), VaultError> {
        replace(&self.pending(), file)
    }

    /// Deletes it, if there is one.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`], [`VaultError::Failed`].
    pub fn remove_pending(&self) -> Result<(), VaultError> {
        remove(&self.pending())
    }

    /// What the phone knows of its account while it is locked, sealed ([`crate::StandingSeal`]); `None` if there is nothing.
    ///
    /// # Errors
    /// [`VaultError::Failed`] if the file cannot be read.
    pub fn load_standing(&self) -> Result<Option<Vec<u8>>, VaultError> {
        load_start(&self.standing(), pending::MAX_BYTES + 1)
    }

    /// Stores it. After a crash there is the old file or the new one.
    ///
    /// # Errors
    /// [`VaultError::Full`], [`VaultError::ReadOnly`], [`VaultError::Failed`]; the old file is then still there.
    pub fn store_standing(&self, file: &[u8]) -> Result<(), VaultError> {
        replace(&self.standing(), file)
    }

    /// The phrase that is shown before the passcode is typed, sealed ([`crate::PhraseSeal`]); `None` if there is none.
    ///
    /// # Errors
    /// [`VaultError::Failed`] if the file cannot be read.
    pub fn load_phrase(&self) -> Result<Option<Vec<u8>>, VaultError> {
        load_start(&self.phrase(), pending::MAX_BYTES + 1)
    }

    /// Stores the phrase; `None` deletes it. After a crash there is the old file or the new one.
    ///
    /// # Errors
    /// [`VaultError::Full`], [`VaultError::ReadOnly`], [`VaultError::Failed`]; the old file is then still there.
    pub fn store_phrase(&self, file: Option<&[u8]>) -> Result<(), VaultError> {
        file.map_or_else(|| remove(&self.phrase()), |file| replace(&self.phrase(), file))
    }

    /// The record of passcode tries, for [`crate::GuardPort::load`].
    ///
    /// # Errors
    /// [`VaultError::Failed`] if the file cannot be read.
    pub fn load_guard(&self) -> Result<Option<Vec<u8>>, VaultError> {
        // One byte more than the file may have, so that a longer one does not pass.
        load_start(&self.guard(), guard::BYTES + 1)
    }

    /// Stores the record of passcode tries, for [`crate::GuardPort::store`].
    ///
    /// # Errors
    /// [`VaultError::Full`], [`VaultError::ReadOnly`], [`VaultError::Failed`]; the old file is then still there.
    pub fn store_guard(&self, record: &[u8]) -> Result<(), VaultError> {
        replace(&self.guard(), record)
    }

    /// Makes a new store. One that is there already has no envelope any more – an activation broke off, or the envelope was lost –
    /// and nothing opens it; but it is not ours to delete, so it is set aside as `store-without-envelope`.
    ///
    /// # Errors
    /// [`VaultError::StoreExists`] while there is an envelope; otherwise what [`Vault::create`] gives.
    pub fn create_vault(&self, vault_key: &SecretKey, rng: &Arc<dyn Random>) -> Result<Vault, VaultError> {
        if self.has_envelope()? {
            return Err(VaultError::StoreExists);
        }
        // What an earlier installation left beside its envelope opens nothing of this one.
        self.drop_next()?;
        for kind in [EnvelopeKind::Biometric, EnvelopeKind::Recovery] {
            self.remove_envelope(kind)?;
        }
        // With its journal, which holds the last writes after a kill; the store itself goes last.
        for suffix in ["-wal", "-shm", ""] {
            let aside = beside(&self.0.join("store-without-envelope"), suffix);
            // A journal of an older store must not stand beside a newer one.
            drop(std::fs::remove_file(&aside));
            match std::fs::rename(beside(&self.store(), suffix), aside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(VaultError::on_write(&error)),
                _ => {}
            }
        }
        Vault::create(&self.store(), vault_key, random(&**rng)?, Arc::clone(rng))
    }

    /// Opens the store.
    ///
    /// # Errors
    /// What [`Vault::open`] gives; [`VaultError::FileDamaged`] also if a salvage broke off after it had set the damaged store
    /// aside: [`Self::salvage_vault`] goes on.
    pub fn open_vault(&self, vault_key: &SecretKey, rng: &Arc<dyn Random>) -> Result<Vault, VaultError> {
        match Vault::open(&self.store(), vault_key, Arc::clone(rng)) {
            Err(VaultError::StoreMissing) if self.0.join("store-damaged").exists() => Err(VaultError::FileDamaged),
            opened => opened,
        }
    }

    /// Makes a new store of what can be read of a damaged one, and opens it ([`Vault::salvage`]).
    ///
    /// # Errors
    /// What [`Vault::salvage`] gives.
    pub fn salvage_vault(
        &self,
        vault_key: &SecretKey,
        rng: &Arc<dyn Random>,
        now: i64,
    ) -> Result<(Vault, Vec<Repaired>), VaultError> {
        Vault::salvage(&self.store(), vault_key, random(&**rng)?, now, Arc::clone(rng))
    }

    /// Deletes all that this installation stored, the envelope first: from then on nothing opens the rest.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`], [`VaultError::Failed`]; calling it again goes on.
    pub fn wipe(&self) -> Result<(), VaultError> {
        let envelopes = ["envelope", "envelope-next", "envelope-biometric", "envelope-recovery"];
        // `attempts` is the guard of format version 1.
        let names = [
            "activation",
            "standing",
            "phrase",
            "guard",
            "attempts",
            "install",
            "store",
            "store-wal",
            "store-shm",
            "store.new",
            "store.new-journal",
        ];
        let aside = ["store-without-envelope", "store-damaged"]
            .into_iter()
            .flat_map(|name| ["", "-wal", "-shm"].map(|suffix| format!("{name}{suffix}")))
            .collect::<Vec<_>>();
        for name in envelopes.into_iter().chain(names).chain(aside.iter().map(String::as_str)) {
            remove(&self.0.join(name))?;
        }
        Ok(())
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn envelope(&self, kind: EnvelopeKind) -> PathBuf {
        self.0.join(match kind {
            EnvelopeKind::Passcode => "envelope",
            EnvelopeKind::Biometric => "envelope-biometric",
            EnvelopeKind::Recovery => "envelope-recovery",
        })
    }

    fn next(&self) -> PathBuf {
        self.0.join("envelope-next")
    }

    fn phrase(&self) -> PathBuf {
        self.0.join("phrase")
    }

    fn pending(&self) -> PathBuf {
        self.0.join("activation")
    }

    fn standing(&self) -> PathBuf {
        self.0.join("standing")
    }

    fn guard(&self) -> PathBuf {
        self.0.join("guard")
    }

    fn store(&self) -> PathBuf {
        self.0.join("store")
    }
}

/// The envelopes that a passcode may open.
#[derive(Debug, PartialEq, Eq)]
pub struct PasscodeEnvelopes {
    /// The one in force.
    pub current: Envelope,
    /// The one of a new passcode, while it is not known which is in force at the platform.
    pub next: Option<Envelope>,
}

fn load(path: &Path, kind: EnvelopeKind) -> Result<Option<Envelope>, VaultError> {
    let Some(bytes) = load_start(path, envelope::MAX_BYTES + 1)? else { return Ok(None) };
    let envelope = Envelope::parse(&bytes)?;
    if envelope.kind() == kind { Ok(Some(envelope)) } else { Err(VaultError::EnvelopeForeign) }
}

/// Deletes a file, if there is one.
fn remove(path: &Path) -> Result<(), VaultError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(VaultError::on_write(&error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use eid_crypto::{Passcode, SystemRandom, kdf::KdfCost};

    use super::*;
    use crate::{Collection, Factor};

    #[test]
    fn installation_is_made_once_and_read_again() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("app"));
        let rng = SystemRandom::new();
        let first = folder.load_or_make_binding("app", &rng).unwrap();
        assert!(folder.load_or_make_binding("app", &rng).unwrap() == first);
        std::fs::write(place.path().join("app/install"), b"short").unwrap();
        assert_eq!(folder.load_or_make_binding("app", &rng).err(), Some(VaultError::EnvelopeForeign));
    }

    #[test]
    fn store_of_an_activation_that_broke_off_is_set_aside_and_one_with_envelope_is_kept() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let rng: Arc<dyn Random> = Arc::new(SystemRandom::new());
        let key = SecretKey::make(&*rng).unwrap();
        folder.create_vault(&key, &rng).unwrap().put(Collection::Setting, "x", "old").unwrap();
        let other = SecretKey::make(&*rng).unwrap();
        assert_eq!(folder.create_vault(&other, &rng).unwrap().find::<String>(Collection::Setting, "x"), Ok(None));
        let aside = Vault::open(&place.path().join("store-without-envelope"), &key, Arc::clone(&rng)).unwrap();
        assert_eq!(aside.find(Collection::Setting, "x"), Ok(Some("old".to_owned())));

        let envelope = passcode_envelope(&folder, b"271828", 1);
        folder.store_envelope(&envelope).unwrap();
        assert_eq!(folder.create_vault(&other, &rng).err(), Some(VaultError::StoreExists));
        assert!(folder.open_vault(&other, &rng).is_ok());
    }

    fn passcode_envelope(folder: &Folder, digits: &[u8; 6], epoch: u32) -> Envelope {
        let rng = SystemRandom::new();
        let (passcode, key) = (Passcode::parse(digits.to_vec()).unwrap(), SecretKey::make(&rng).unwrap());
        let binding = folder.load_or_make_binding("app", &rng).unwrap();
        let factor = Factor::Passcode(&passcode);
        let (_, sealing) = Envelope::prepare(&rng, factor, Some(KdfCost::FLOOR), epoch, &binding).unwrap();
        sealing.seal(&rng, &key, &key).unwrap()
    }

    #[test]
    fn new_passcode_stands_beside_the_old_one_until_it_is_settled() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        assert_eq!(folder.load_envelopes(), Ok(None));
        let [first, second, fourth] = [1, 2, 4].map(|epoch| passcode_envelope(&folder, b"271828", epoch));
        folder.store_envelope(&first).unwrap();
        assert_eq!(folder.load_envelopes().unwrap().unwrap().next, None);
        folder.drop_next().unwrap();
        assert_eq!(folder.commit_next(), Err(VaultError::Failed), "there is nothing to commit");
        for (commit, in_force) in [(false, 1), (true, 2)] {
            folder.store_next(&second).unwrap();
            let found = folder.load_envelopes().unwrap().unwrap();
            assert_eq!((&found.current, found.next.as_ref()), (&first, Some(&second)));
            if commit { folder.commit_next() } else { folder.drop_next() }.unwrap();
            let settled = folder.load_envelopes().unwrap().unwrap();
            assert_eq!((settled.current.epoch(), settled.next), (in_force, None));
        }
        // What does not follow the one in force, or is damaged, is of no use and in nobody's way.
        for useless in [first.encode(), second.encode(), fourth.encode(), second.encode()[..9].to_vec(), Vec::new()] {
            std::fs::write(place.path().join("envelope-next"), useless).unwrap();
            let found = folder.load_envelopes().unwrap().unwrap();
            assert_eq!((found.current.epoch(), found.next), (2, None));
        }
    }

    #[test]
    fn envelope_in_the_file_of_another_kind_is_foreign_and_left_over_ones_go() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let rng: Arc<dyn Random> = Arc::new(SystemRandom::new());
        let key = SecretKey::make(&*rng).unwrap();
        let binding = folder.load_or_make_binding("app", &*rng).unwrap();
        let (_, sealing) = Envelope::prepare(&*rng, Factor::Biometrics, None, 1, &binding).unwrap();
        let biometric = sealing.seal(&*rng, &key, &key).unwrap();
        folder.store_envelope(&biometric).unwrap();
        assert_eq!(folder.load_envelope(EnvelopeKind::Biometric), Ok(Some(biometric)));
        assert_eq!(folder.load_envelope(EnvelopeKind::Recovery), Ok(None));
        assert_eq!(folder.has_envelope(), Ok(false), "only the passcode's makes the phone activated");
        let file = |name: &str| place.path().join(name);
        for name in ["envelope", "envelope-recovery", "envelope-next"] {
            std::fs::copy(file("envelope-biometric"), file(name)).unwrap();
        }
        assert_eq!(folder.load_envelopes(), Err(VaultError::EnvelopeForeign));
        assert_eq!(folder.load_envelope(EnvelopeKind::Recovery), Err(VaultError::EnvelopeForeign));
        folder.remove_envelope(EnvelopeKind::Passcode).unwrap();
        drop(folder.create_vault(&key, &rng).unwrap());
        for name in ["envelope-biometric", "envelope-recovery", "envelope-next"] {
            assert!(!file(name).exists(), "{name} is of an earlier installation");
        }
        folder.store_envelope(&passcode_envelope(&folder, b"271828", 1)).unwrap();
        folder.store_guard(b"record").unwrap();
        assert_eq!(folder.load_pending(), Ok(None));
        folder.store_pending(b"half-way").unwrap();
        assert_eq!(folder.load_pending(), Ok(Some(b"half-way".to_vec())));
        folder.remove_pending().unwrap();
        folder.remove_pending().unwrap();
        folder.store_pending(b"again").unwrap();
        folder.store_standing(b"active").unwrap();
        assert_eq!(folder.load_standing(), Ok(Some(b"active".to_vec())));
        folder.wipe().unwrap();
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
