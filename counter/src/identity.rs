//! Who this counter is: its key, and the registration that a registrar signed for it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use eid_crypto::SigningKey;
use eid_model::UnixTime;
use eid_proof::{Asked, CounterRequest, NONCE_BYTES, Registration, RequestDraft, TrustList};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{CounterError, read_file};

/// Largest file of an identity, in bytes.
const MAX_FILE: u64 = 32 * 1024;

/// How long a request may be answered, in seconds: the most that the format allows.
const LIFE_S: u32 = 120;

/// A registered counter: it can ask.
///
/// The key lies in a file that its owner alone can read. Whoever copies it asks in this counter's name until the registration is
/// withdrawn; a computer with a key chip would keep it there.
pub struct Identity {
    key: SigningKey,
    registration: Registration,
}

/// What a counter wants to be registered as.
#[derive(Debug, Clone, Serialize)]
pub struct Application {
    /// `rp/…`.
    pub counter: String,
    /// Its name for citizens.
    pub name: String,
    /// What it wants to ask for.
    pub purposes: Vec<String>,
    /// Where answers may be sent over the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// The registrar's answer: the registration, alone or with more beside it.
#[derive(Deserialize)]
struct Answer {
    registration: String,
}

/// The identity as it lies in its file.
#[derive(Serialize, Deserialize)]
struct Stored {
    key: String,
    registration: String,
}

impl Identity {
    /// Makes a key for a registration, or takes the one that waits for it, and gives the application as JSON: what
    /// `POST /sandbox/counters` takes. The key in use stays in use until [`Self::accept`].
    ///
    /// # Errors
    /// [`CounterError::IdentityUnusable`] if the folder cannot be written.
    pub fn apply(folder: &Path, application: &Application) -> Result<String, CounterError> {
        let unusable = |_| CounterError::IdentityUnusable;
        fs::create_dir_all(folder).map_err(unusable)?;
        if !waiting(folder).exists() {
            let key = SigningKey::make_pkcs8().map_err(|_| CounterError::IdentityUnusable)?;
            write_private(&waiting(folder), &key).map_err(unusable)?;
        }
        let key = read_key(&waiting(folder))?;
        let mut content = serde_json::to_value(application).map_err(|_| CounterError::IdentityUnusable)?;
        if let Some(members) = content.as_object_mut() {
            members.insert("key".to_owned(), URL_SAFE_NO_PAD.encode(key.public().sec1()).into());
        }
        Ok(format!("{content:#}"))
    }

    /// Takes the registrar's answer: JSON with `registration`, or its bytes. It must be for the key that waits, by a registrar
    /// of the trust list, and stand now. From then on the new key is the one in use.
    ///
    /// # Errors
    /// [`CounterError::IdentityUnusable`].
    pub fn accept(folder: &Path, answer: &[u8], trust: &TrustList, now: UnixTime) -> Result<Self, CounterError> {
        let bytes = match serde_json::from_slice::<Answer>(answer) {
            Ok(answer) => URL_SAFE_NO_PAD.decode(answer.registration).map_err(|_| CounterError::IdentityUnusable)?,
            Err(_) => answer.to_vec(),
        };
        let registration = Registration::parse(bytes).map_err(|_| CounterError::IdentityUnusable)?;
        let pkcs8 = Zeroizing::new(read_file(&waiting(folder), MAX_FILE).map_err(|_| CounterError::IdentityUnusable)?);
        let identity = Self::of(&pkcs8, registration)?;
        identity.registration.check(trust, None, now).map_err(|_| CounterError::IdentityUnusable)?;
        let stored =
            Stored { key: STANDARD.encode(&*pkcs8), registration: STANDARD.encode(identity.registration.as_bytes()) };
        let content = Zeroizing::new(serde_json::to_vec(&stored).map_err(|_| CounterError::IdentityUnusable)?);
        let next = folder.join("identity.next");
        let written = write_private(&next, &content).and_then(|()| fs::rename(&next, in_use(folder)));
        written.map_err(|_| CounterError::IdentityUnusable)?;
        // If it stays, the next application takes it up again, and the registrar withdraws what it registered before.
        fs::remove_file(waiting(folder)).ok();
        Ok(identity)
    }

    /// Opens the identity in use.
    ///
    /// # Errors
    /// [`CounterError::IdentityUnusable`].
    pub fn open(folder: &Path) -> Result<Self, CounterError> {
        let unusable = || CounterError::IdentityUnusable;
        let content = Zeroizing::new(read_file(&in_use(folder), MAX_FILE).map_err(|_| unusable())?);
        let stored: Stored = serde_json::from_slice(&content).map_err(|_| unusable())?;
        let pkcs8 = Zeroizing::new(STANDARD.decode(stored.key).map_err(|_| unusable())?);
        let registration = STANDARD.decode(stored.registration).map_err(|_| unusable())?;
        Self::of(&pkcs8, Registration::parse(registration).map_err(|_| unusable())?)
    }

    /// An identity whose key somebody else keeps: in tests and demonstrations.
    ///
    /// # Errors
    /// [`CounterError::IdentityUnusable`] if the registration is for another key.
    pub fn of(pkcs8: &[u8], registration: Registration) -> Result<Self, CounterError> {
        let key = SigningKey::parse_pkcs8(pkcs8).map_err(|_| CounterError::IdentityUnusable)?;
        if key.public() == registration.key() {
            Ok(Self { key, registration })
        } else {
            Err(CounterError::IdentityUnusable)
        }
    }

    /// Signs a request that may be answered for two minutes.
    ///
    /// # Errors
    /// [`CounterError::AskNotAllowed`] for what the registration or the format does not allow.
    pub fn ask(&self, asked: &Asked, nonce: [u8; NONCE_BYTES], now: UnixTime) -> Result<CounterRequest, CounterError> {
        let draft = RequestDraft { registration: &self.registration, asked, nonce, now, life_s: LIFE_S };
        draft.sign(&self.key).map_err(|_| CounterError::AskNotAllowed)
    }

    /// The key, for what else it has to vouch for.
    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The registration: who this counter is, and what it may ask for.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }
}

impl core::fmt::Debug for Identity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Identity").field("counter", &self.registration.counter()).finish_non_exhaustive()
    }
}

/// The key and registration in use, in one file, so that neither is ever there without the other.
fn in_use(folder: &Path) -> PathBuf {
    folder.join("identity.json")
}

/// The key that waits for its registration.
fn waiting(folder: &Path) -> PathBuf {
    folder.join("waiting.pk8")
}

fn read_key(path: &Path) -> Result<SigningKey, CounterError> {
    let pkcs8 = Zeroizing::new(read_file(path, MAX_FILE).map_err(|_| CounterError::IdentityUnusable)?);
    SigningKey::parse_pkcs8(&pkcs8).map_err(|_| CounterError::IdentityUnusable)
}

/// Writes a file that its owner alone can read, and waits until it is on the disk.
fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
