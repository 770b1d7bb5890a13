use std::io;

use eid_crypto::{CryptoError, KeySlot};
use eid_model::Code;
use rusqlite::ErrorCode;

use crate::Collection;

/// Why the store, the envelope or the guard could not do what was asked. Nothing that was stored is lost by any
/// of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The passcode, or the answer of another phone's key hardware, does not open the envelope.
    #[error("passcode does not open the envelope")]
    PasscodeWrong,
    /// The envelope belongs to another app or installation, or is no envelope at all.
    #[error("envelope belongs elsewhere")]
    EnvelopeForeign,
    /// The envelope's bytes are not the ones that were written.
    #[error("envelope is damaged")]
    EnvelopeDamaged,
    /// There is no store at this path.
    #[error("store is missing")]
    StoreMissing,
    /// There is a file at the path where a store was to be made; it was not touched.
    #[error("a file is there already")]
    StoreExists,
    /// The file is not a store of this app; it was not touched.
    #[error("file is not a store of this app")]
    Foreign,
    /// A newer version wrote the file; it was not touched.
    #[error("file was written by a newer version")]
    Newer,
    /// The vault key does not belong to this store, or the place that tells was damaged.
    #[error("vault key does not fit the store")]
    KeyMismatch,
    /// The storage cannot be written.
    #[error("storage is read-only")]
    ReadOnly,
    /// The storage is full.
    #[error("storage is full")]
    Full,
    /// Another connection holds the store.
    #[error("store is busy")]
    Busy,
    /// The operating system could not read or write; or a write failed earlier in this transaction.
    #[error("storage failed")]
    Failed,
    /// The file's structure is damaged, beyond a single record.
    #[error("file is damaged")]
    FileDamaged,
    /// A record of this collection does not open, or does not have the type asked for; the others stay readable.
    #[error("damaged record in {}", .0.name())]
    Damaged(Collection),
    /// The history's chain does not hold at this entry: it was altered, removed, moved or put in.
    #[error("history does not hold at entry {seq}")]
    HistoryBroken {
        /// Number of the first entry that does not fit; 0 if the chain's head does not open.
        seq: u64,
    },
    /// The key of a compartment is gone or does not open; nothing can be stored there until it was made anew.
    #[error("key of a compartment is lost")]
    CompartmentLost(KeySlot),
    /// So much was sealed under this store's keys that nonces might meet.
    #[error("keys of the store are used up")]
    SealLimit,
    /// There is no such attachment, or not in that state.
    #[error("no such record")]
    RecordMissing,
    /// A chunk of an attachment is missing or does not open.
    #[error("damaged attachment")]
    AttachmentDamaged,
    /// A value exceeds what one record may hold.
    #[error("value is too large for one record")]
    TooLarge,
    /// A value has no JSON form (such as a map with keys that are no text): a defect of the caller.
    #[error("value cannot be encoded")]
    Unencodable,
    /// The cryptographic layer refused.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl VaultError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::PasscodeWrong => Code::PASSCODE_WRONG,
            Self::EnvelopeForeign => Code::ENVELOPE_FOREIGN,
            Self::EnvelopeDamaged => Code::ENVELOPE_DAMAGED,
            Self::StoreMissing => Code::STORE_MISSING,
            Self::StoreExists => Code::STORE_EXISTS,
            Self::Foreign => Code::STORE_FOREIGN,
            Self::Newer => Code::STORE_NEWER,
            Self::KeyMismatch => Code::STORE_KEY_MISMATCH,
            Self::ReadOnly => Code::STORE_READ_ONLY,
            Self::Full => Code::STORE_FULL,
            Self::Busy => Code::STORE_BUSY,
            Self::Failed => Code::STORE_FAILED,
            Self::FileDamaged => Code::STORE_DAMAGED,
            Self::Damaged(_) => Code::RECORD_DAMAGED,
            Self::HistoryBroken { .. } => Code::HISTORY_BROKEN,
            Self::CompartmentLost(_) => Code::COMPARTMENT_LOST,
            Self::SealLimit => Code::SEAL_LIMIT,
            Self::RecordMissing => Code::RECORD_MISSING,
            Self::AttachmentDamaged => Code::ATTACHMENT_DAMAGED,
            Self::TooLarge => Code::RECORD_TOO_LARGE,
            Self::Unencodable => Code::INTERNAL,
            Self::Crypto(error) => error.code(),
        }
    }

    /// What a failed write to a file means.
    pub(crate) fn on_write(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::Full,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Failed,
        }
    }
}

impl From<rusqlite::Error> for VaultError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(cause, _) = error else {
            // The statements are constants, so a column of another type, a missing row and the like are the file's fault.
            return Self::FileDamaged;
        };
        match cause.code {
            ErrorCode::DiskFull => Self::Full,
            // SQLite's own figure for "no room to enlarge the shared-memory file".
            ErrorCode::SystemIoFailure if cause.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => Self::Full,
            // The file itself was read before it was opened: what cannot be opened are the files SQLite makes beside it.
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => Self::ReadOnly,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => Self::Busy,
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::TooBig
            | ErrorCode::ConstraintViolation
            | ErrorCode::TypeMismatch
            | ErrorCode::SchemaChanged
            // "SQL error": no such table or column, that is, a damaged schema.
            | ErrorCode::Unknown => Self::FileDamaged,
            _ => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_of_the_system_become_what_a_screen_can_say() {
        for (kind, expected) in [
            (io::ErrorKind::StorageFull, VaultError::Full),
            (io::ErrorKind::QuotaExceeded, VaultError::Full),
            (io::ErrorKind::ReadOnlyFilesystem, VaultError::ReadOnly),
            (io::ErrorKind::PermissionDenied, VaultError::ReadOnly),
            (io::ErrorKind::Interrupted, VaultError::Failed),
        ] {
            assert_eq!(VaultError::on_write(&kind.into()), expected);
        }
        use rusqlite::ffi;
        for (code, expected) in [
            (ffi::SQLITE_FULL, VaultError::Full),
            (ffi::SQLITE_IOERR_SHMSIZE, VaultError::Full),
            (ffi::SQLITE_IOERR_FSYNC, VaultError::Failed),
            (ffi::SQLITE_READONLY_DIRECTORY, VaultError::ReadOnly),
            (ffi::SQLITE_CANTOPEN, VaultError::ReadOnly),
            (ffi::SQLITE_BUSY_SNAPSHOT, VaultError::Busy),
            (ffi::SQLITE_CORRUPT_INDEX, VaultError::FileDamaged),
            (ffi::SQLITE_ERROR, VaultError::FileDamaged),
            (ffi::SQLITE_NOMEM, VaultError::Failed),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("079099000001".into()));
            assert_eq!(VaultError::from(error), expected, "{code}");
        }
    }
}
