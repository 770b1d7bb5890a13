//! Small files beside the store: framed, so that damage is told from a wrong secret, and replaced whole or not at all.
//!
//! Frame of every version: `magic (4) ‖ version (1) ‖ body ‖ SHA-256 of all before (32)`. The digest is not keyed: it
//! finds accidents, not attackers.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use eid_crypto::hash::sha256;

use crate::VaultError;

/// Puts `body` into a frame.
pub(crate) fn frame(magic: [u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
    let mut out = [magic.as_slice(), &[version], body].concat();
    let digest = sha256(&out);
    out.extend_from_slice(&digest);
    out
}

/// Takes the body out of a frame of `version`: [`VaultError::Foreign`] for another magic, [`VaultError::FileDamaged`] if
/// the digest does not fit, [`VaultError::Newer`] for a higher version.
pub(crate) fn unframe(magic: [u8; 4], version: u8, bytes: &[u8]) -> Result<&[u8], VaultError> {
    if bytes.first_chunk() != Some(&magic) {
        return Err(VaultError::Foreign);
    }
    let (content, digest) = bytes.split_last_chunk::<32>().ok_or(VaultError::FileDamaged)?;
    if sha256(content) != *digest {
        return Err(VaultError::FileDamaged);
    }
    let (header, body) = content.split_first_chunk::<5>().ok_or(VaultError::FileDamaged)?;
    match header.last() {
        Some(found) if *found == version => Ok(body),
        Some(found) if *found > version => Err(VaultError::Newer),
        _ => Err(VaultError::FileDamaged),
    }
}

/// Replaces the file at `path` by `bytes`: after a crash at any point there is the old content or the new, whole.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let draft = beside(path, ".new");
    let written = make_private(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        publish(&draft, path)
    });
    written.map_err(|error| {
        // The draft is useless; the error of the write is the one to report.
        drop(std::fs::remove_file(&draft));
        VaultError::on_write(&error)
    })
}

/// At most the first `limit` bytes of a file; `None` if there is none.
pub(crate) fn load_start(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, VaultError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(VaultError::Failed),
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut bytes).map_err(|_| VaultError::Failed)?;
    Ok(Some(bytes))
}

/// The path with `suffix` added to its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Makes an empty file that only this app's user can read, or empties the one that is there.
pub(crate) fn make_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Renames a finished draft to its place, durably.
pub(crate) fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(draft, path)?;
    sync_name(path)
}

/// Makes a name durable: it is in the folder above, and without this a power cut may bring the old one back.
pub(crate) fn sync_name(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all()?,
        _ => File::open(".")?.sync_all()?,
    }
    Ok(())
}

/// SQLite does not say why it could not make its files beside the store: a file of ours tells a full storage from one that
/// cannot be written, and from one that failed once.
pub(crate) fn name_refusal(path: &Path, error: VaultError) -> VaultError {
    if error != VaultError::ReadOnly {
        return error;
    }
    let probe = beside(path, ".probe");
    let tried = make_private(&probe).and_then(|mut file| file.write_all(&[0; 4096]));
    drop(std::fs::remove_file(&probe));
    let tried = tried.and_then(|()| OpenOptions::new().write(true).open(path));
    tried.map_or_else(|refused| VaultError::on_write(&refused), |_| VaultError::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: [u8; 4] = *b"TEST";

    #[test]
    fn frame_gives_its_body_back_and_names_what_is_wrong() {
        let bytes = frame(MAGIC, 2, b"body");
        assert_eq!(unframe(MAGIC, 2, &bytes), Ok(b"body".as_slice()));
        assert_eq!(unframe(MAGIC, 1, &bytes), Err(VaultError::Newer));
        assert_eq!(unframe(MAGIC, 3, &bytes), Err(VaultError::FileDamaged));
        assert_eq!(unframe(*b"ELSE", 2, &bytes), Err(VaultError::Foreign));
        for length in 4..bytes.len() {
            assert_eq!(unframe(MAGIC, 2, &bytes[..length]), Err(VaultError::FileDamaged), "cut to {length}");
        }
    }

    #[test]
    fn replace_over_an_old_file_and_a_left_over_draft_leaves_the_new_content_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert_eq!(load_start(&path, 9), Ok(None));
        std::fs::write(beside(&path, ".new"), b"half of an earlier write that was killed").unwrap();
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(load_start(&path, 9), Ok(Some(b"two".to_vec())));
        assert_eq!(load_start(&path, 2), Ok(Some(b"tw".to_vec())));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn replace_that_cannot_finish_keeps_the_old_and_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        // A folder cannot be renamed over by a file: the last step fails.
        std::fs::create_dir_all(path.join("inner")).unwrap();
        assert_eq!(replace(&path, b"new"), Err(VaultError::Failed));
        assert!(path.join("inner").is_dir());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(replace(&folder.path().join("absent/file"), b"new"), Err(VaultError::Failed));
    }

    #[cfg(unix)]
    #[test]
    fn file_is_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        replace(&path, b"one").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
