use std::io;

use eid_chip::ChipError;
use eid_crypto::CryptoError;
use eid_model::Code;
use eid_proof::ProofError;

/// Why the sandbox cannot start or do what a test asked of it. What it answers over HTTP is a problem document instead.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address is taken, or the data directory cannot be used.
    #[error("the address or the data directory cannot be used")]
    Io(#[from] io::Error),
    /// SQLite failed.
    #[error("the sandbox's database failed")]
    Store(#[from] rusqlite::Error),
    /// The database was made by another version of the sandbox; delete it.
    #[error("the sandbox's database is of another version")]
    StoreVersion,
    /// The certificate authority or the server certificate could not be made or read.
    #[error("no server certificate")]
    Certificate,
    /// The register of invented citizens is not valid; a test reads it, so this is never seen.
    #[error("the register of invented citizens is not valid")]
    Register,
    /// No account has this id.
    #[error("no such account")]
    AccountUnknown,
    /// The register has nobody with this number.
    #[error("nobody has this number")]
    PersonUnknown,
    /// No counter of this name is registered.
    #[error("no such counter")]
    CounterUnknown,
    /// No authority has such a record, or the change of it makes no sense.
    #[error("no such record")]
    RecordUnknown,
    /// A key is malformed, or there is no randomness.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// A list could not be signed.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The description of a simulated card cannot be read.
    #[error("the description of the card cannot be read")]
    CardFile(#[source] serde_json::Error),
    /// A card could not be made, or a certificate or what opens a card is malformed.
    #[error(transparent)]
    Chip(#[from] ChipError),
    /// A JSON document could not be written.
    #[error("a document could not be written")]
    Json(#[from] serde_json::Error),
}

impl SandboxError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Io(_) | Self::CardFile(_) => Code::CONFIG_INVALID,
            Self::Store(_) => Code::STORE_FAILED,
            Self::StoreVersion => Code::STORE_FOREIGN,
            Self::Certificate | Self::Register | Self::Json(_) => Code::INTERNAL,
            Self::AccountUnknown | Self::PersonUnknown | Self::RecordUnknown | Self::CounterUnknown => {
                Code::RECORD_MISSING
            }
            Self::Chip(error) => error.code(),
            Self::Crypto(error) => error.code(),
            Self::Proof(error) => error.code(),
        }
    }
}
