//! The encrypted offline store of a citizen's phone (kho dữ liệu mã hóa), and the envelopes that hold its key.
//!
//! Parts that the façade puts together:
//! - [`Envelope`]: the vault key, sealed by the passcode (or biometrics, or a recovery share) *and* an answer of the phone's
//!   key hardware;
//! - [`Guard`]: when a passcode may be tried, decided without trusting the phone's clock, and [`GuardSession`], which keeps the
//!   record so that no copy turns it back;
//! - [`Vault`]: records by [`Collection`] and the holder's history in one SQLite file, each value sealed by itself.
//!
//! It must never write a value, a key or a look-up key in plain; change a file that is not its own or comes from a newer
//! version; give a value out whose seal does not fit its place; read the clock or make randomness itself; or hold a
//! transaction while something outside (network, key hardware, a prompt) is waited for.
//!
//! What the file shows without its key: how many records each collection and the history have, how long they are (those of
//! party and health in steps), and which changed between two copies. What it cannot hide from its owner: rows that are gone, come
//! from an older copy, or were damaged are [`Finding`]s ([`Vault::findings`], [`Vault::check_all`]); [`Vault::repair`] ends
//! them, and [`Vault::salvage`] makes a new store of one that SQLite cannot read. That the whole file is an older copy shows by
//! [`Vault::generation`], compared with one that is kept elsewhere.
//!
//! ```
//! use std::sync::Arc;
//!
//! use eid_crypto::{DerivingKey, Passcode, Random, SecretKey, SystemRandom, kdf::KdfCost, random};
//! use eid_vault::{Collection, Envelope, EnvelopeBinding, Factor, Vault, VaultError};
//!
//! # fn main() -> Result<(), VaultError> {
//! # let folder = tempfile::tempdir().map_err(|_| VaultError::Failed)?;
//! # let store_file = folder.path().join("store");
//! let rng = Arc::new(SystemRandom::new());
//! let hardware = DerivingKey::make_hmac(&*rng)?; // in place of the phone's hardware
//! let binding = EnvelopeBinding { app_id: "vn.example.eid".into(), install_id: random(&*rng)? };
//!
//! // Activation: the envelope comes last, for it is what makes the phone activated.
//! let passcode = Passcode::parse(b"271828".to_vec())?;
//! let vault_key = SecretKey::make(&*rng)?;
//! let (question, sealing) = Envelope::prepare(&*rng, Factor::Passcode(&passcode), Some(KdfCost::FLOOR), 1, &binding)?;
//! let envelope = sealing.seal(&*rng, &hardware.derive(&question)?, &vault_key)?;
//! let mut vault = Vault::create(&store_file, &vault_key, random(&*rng)?, rng.clone())?;
//! vault.put(Collection::Setting, "language", "vi")?;
//! drop((vault, vault_key));
//!
//! // Unlocking. On a phone, `GuardSession` counts the try before the hardware is asked.
//! let (question, pending) = envelope.challenge(Factor::Passcode(&passcode), &binding)?;
//! let vault_key = pending.open(&hardware.derive(&question)?)?;
//! vault = Vault::open(&store_file, &vault_key, rng)?;
//! assert_eq!(vault.find(Collection::Setting, "language")?, Some("vi".to_owned()));
//! # Ok(())
//! # }
//! ```

mod attachments;
mod carve;
mod check;
mod collection;
mod compartments;
mod envelope;
mod error;
mod file;
mod folder;
mod guard;
mod history;
mod json;
mod manifest;
mod migrate;
mod pending;
mod records;
mod renew;
mod repair;
mod rollback;
mod salvage;
mod schema;
mod sealing;
mod store;
mod write;

pub use attachments::{Attachment, CHUNK, MAX_ATTACHMENT};
pub use check::Finding;
pub use collection::Collection;
pub use envelope::{Envelope, EnvelopeBinding, EnvelopeKind, Factor, HARDWARE_ALIASES, Pending, Sealing};
pub use error::VaultError;
pub use folder::{Folder, PasscodeEnvelopes};
pub use guard::{CountedTry, Guard, GuardPort, GuardRecord, GuardSession, GuardSlot, Moment, Permission};
pub use history::{Act, HistoryEntry, HistoryMark};
pub use pending::{HardwareSeal, PENDING_ALIAS, PHRASE_ALIAS, PendingSeal, PhraseSeal, STANDING_ALIAS, StandingSeal};
pub use records::{MAX_VALUE, Page};
pub use repair::Repaired;
pub use store::Vault;
