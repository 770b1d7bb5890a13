//! The encrypted offline store of a citizen's phone (kho dữ liệu mã hóa), and the passcode envelope that holds its key.
//!
//! Three parts that the façade puts together:
//! - [`Envelope`]: the vault key, sealed by the passcode *and* a secret that the phone's key hardware releases;
//! - [`Attempts`]: when a passcode may be tried, decided without trusting the phone's clock;
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
//! use eid_crypto::{Passcode, Random, SecretKey, SystemRandom, kdf::KdfCost, random};
//! use eid_vault::{Attempts, Collection, Envelope, EnvelopeBinding, Moment, Permission, Vault, VaultError};
//!
//! # fn main() -> Result<(), VaultError> {
//! # let folder = tempfile::tempdir().map_err(|_| VaultError::Failed)?;
//! # let (envelope_file, attempts_file) = (folder.path().join("envelope"), folder.path().join("attempts"));
//! # let store_file = folder.path().join("store");
//! let rng = Arc::new(SystemRandom::new());
//! let hardware = SecretKey::make(&*rng)?; // sealed by the phone's key hardware as `blob`
//! let blob = b"only this phone opens it";
//! let binding = EnvelopeBinding { app_id: "vn.example.eid".into(), install_id: random(&*rng)? };
//! let now = Moment { unix_seconds: 1_790_000_000, monotonic_ms: 5_000, boot_id: [1; 16] };
//!
//! // Activation: the envelope comes last, for it is what makes the phone activated.
//! let passcode = Passcode::parse(b"271828".to_vec())?;
//! let (envelope, vault_key) = Envelope::make(&*rng, &passcode, &hardware, blob, &binding, KdfCost::FLOOR)?;
//! Attempts::default().store(&attempts_file)?;
//! let mut vault = Vault::create(&store_file, &vault_key, random(&*rng)?, rng.clone())?;
//! vault.put(Collection::Setting, "language", "vi")?;
//! envelope.store(&envelope_file)?;
//! drop((vault, vault_key));
//!
//! // Unlocking: the try counts before the key derivation starts, so that a kill in the middle counts too.
//! let mut attempts = Attempts::load(&attempts_file, &now)?;
//! assert_eq!(attempts.check(&now), Permission::Allowed);
//! attempts.wrong(&now);
//! attempts.store(&attempts_file)?;
//! let envelope = Envelope::load(&envelope_file)?.ok_or(VaultError::StoreMissing)?;
//! let vault_key = envelope.open(&passcode, &hardware, &binding)?;
//! attempts.right();
//! attempts.store(&attempts_file)?;
//!
//! vault = Vault::open(&store_file, &vault_key, rng)?;
//! assert_eq!(vault.find(Collection::Setting, "language")?, Some("vi".to_owned()));
//! # Ok(())
//! # }
//! ```

mod attachments;
mod attempts;
mod carve;
mod check;
mod collection;
mod compartments;
mod envelope;
mod error;
mod file;
mod folder;
mod history;
mod json;
mod manifest;
mod migrate;
mod records;
mod renew;
mod repair;
mod salvage;
mod schema;
mod sealing;
mod store;
mod write;

pub use attachments::{Attachment, CHUNK, MAX_ATTACHMENT};
pub use attempts::{Attempts, Moment, Permission};
pub use check::Finding;
pub use collection::Collection;
pub use envelope::{Envelope, EnvelopeBinding};
pub use error::VaultError;
pub use folder::Folder;
pub use history::{Act, HistoryEntry};
pub use records::{MAX_VALUE, Page};
pub use repair::Repaired;
pub use store::Vault;
