//! What the shim wrote down: every call that changed the folder, and what the child answered between them.

use std::{fs, io, path::Path};

/// One call that was carried out, or an answer. Files are named by the kernel's inode numbers, which it may use again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// A file that was there was opened.
    Opened {
        /// Its path below the folder.
        name: String,
        /// Its number.
        inode: u64,
    },
    /// A file was made.
    Created {
        /// Its path below the folder.
        name: String,
        /// Its number.
        inode: u64,
    },
    /// Bytes were written.
    Written {
        /// The file.
        inode: u64,
        /// Where.
        offset: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// A file was given a size.
    Sized {
        /// The file.
        inode: u64,
        /// Its size from then on, in bytes.
        length: usize,
    },
    /// A file's content was made durable.
    Synced {
        /// The file.
        inode: u64,
    },
    /// The names in a folder were made durable.
    FolderSynced {
        /// The folder's path; empty for the root.
        name: String,
    },
    /// A name was moved, over what was there.
    Renamed {
        /// The old path.
        name: String,
        /// The new path.
        other: String,
    },
    /// A name was removed.
    Removed {
        /// Its path.
        name: String,
    },
    /// A folder was made.
    FolderMade {
        /// Its path.
        name: String,
    },
    /// What the child wrote to its standard output.
    Answer(String),
}

impl Call {
    /// True if the shim numbers it.
    pub fn is_numbered(&self) -> bool {
        !matches!(self, Self::Opened { .. } | Self::Answer(_))
    }

    /// True if a full disk refuses it.
    pub fn needs_room(&self) -> bool {
        matches!(self, Self::Created { .. } | Self::Written { .. } | Self::FolderMade { .. })
    }

    /// True if half of it can be carried out.
    pub fn has_half(&self) -> bool {
        matches!(self, Self::Written { bytes, .. } if bytes.len() > 1)
    }
}

/// Reads a trace.
///
/// # Errors
/// Those of reading; [`io::ErrorKind::InvalidData`] for what the shim does not write.
pub fn load(path: &Path) -> io::Result<Vec<Call>> {
    let bytes = fs::read(path)?;
    let (mut rest, mut calls) = (bytes.as_slice(), Vec::new());
    while !rest.is_empty() {
        let (call, after) = parse(rest).ok_or(io::ErrorKind::InvalidData)?;
        calls.push(call);
        rest = after;
    }
    Ok(calls)
}

/// `struct record` of the shim, and what follows it.
fn parse(bytes: &[u8]) -> Option<(Call, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<32>()?;
    let short = |at| head.get(at..).and_then(<[u8]>::first_chunk).copied().map(u16::from_le_bytes);
    let long = |at| head.get(at..).and_then(<[u8]>::first_chunk).copied().map(u64::from_le_bytes);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let (name, rest) = rest.split_at_checked(short(4)?.into())?;
    let (other, rest) = rest.split_at_checked(short(6)?.into())?;
    let (name, inode, length) = (text(name)?, long(8)?, usize::try_from(long(24)?).ok()?);
    let call = match head.first()? {
        b'O' => Call::Opened { name, inode },
        b'C' => Call::Created { name, inode },
        b'T' => Call::Sized { inode, length },
        b'S' => Call::Synced { inode },
        b'D' => Call::FolderSynced { name },
        b'R' => Call::Renamed { name, other: text(other)? },
        b'U' => Call::Removed { name },
        b'M' => Call::FolderMade { name },
        what => {
            let (data, rest) = rest.split_at_checked(length)?;
            let call = match what {
                b'W' => Call::Written { inode, offset: usize::try_from(long(16)?).ok()?, bytes: data.to_vec() },
                b'A' => Call::Answer(text(data)?),
                _ => return None,
            };
            return Some((call, rest));
        }
    };
    Some((call, rest))
}
