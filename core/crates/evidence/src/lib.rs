//! Evidence for records (giấy tờ chứng minh): bytes of a camera or a file become a checked piece that may be stored and sent.
//!
//! What a file is its first bytes say, not its name. A picture is decoded within bounds, turned upright, made smaller and encoded
//! anew, so that nothing else of the file goes on: no place and no time of taking it, no thumbnail, no profile, nothing behind its
//! end. A document is kept as it is, if it is bounded and holds nothing that acts by itself.
//!
//! ```text
//! JPEG, PNG ── decode (scaled, row by row) ── shrink ── upright ── encode ──► JPEG ≤ 1.6 MP, ≤ 300 KB
//! PDF ── bounds, active content, encryption ──► the same PDF ≤ 5 MB
//! ```
//!
//! Not seen here: what a picture shows; colours beyond sRGB, which are taken as sRGB; what a PDF says about its author, places in
//! pictures inside it, and active content in object streams of other filters than Flate, or written in ways that viewers repair.
//! Whoever opens a PDF opens a foreign file. CMYK and lossless JPEG are refused, as is HEIC: the shell hands it over as JPEG.
//!
//! It must never do I/O, read a clock or randomness, allocate by what a file merely claims, or put content into an error.
//!
//! ```
//! use eid_evidence::{EvidenceError, prepare};
//!
//! assert_eq!(prepare(b"no picture".to_vec()).err(), Some(EvidenceError::Kind));
//! ```

use core::fmt;

mod error;
mod pdf;
mod picture;
mod shrink;
mod upright;

pub use eid_model::MediaType;
pub use error::EvidenceError;

/// The longest file that is looked at, in bytes: a picture of 50 megapixels has less.
pub const MAX_INPUT: usize = 32 * 1024 * 1024;

/// The longest document that is kept, in bytes.
pub const MAX_DOCUMENT: usize = 5 * 1024 * 1024;

/// The longest picture that is made, in bytes.
pub const MAX_PICTURE: usize = 300 * 1024;

/// A checked piece of evidence. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Prepared {
    /// What is stored and sent.
    pub bytes: Vec<u8>,
    /// What it is.
    pub media_type: MediaType,
    /// Width and height of a picture, in pixels.
    pub size: Option<(u32, u32)>,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepared({} bytes)", self.bytes.len())
    }
}

/// Checks a file and makes a piece of evidence of it. Takes a second or so for a large picture, and besides the file some 30 MB of
/// memory; up to 100 MB for a progressive JPEG, which cameras do not make.
///
/// # Errors
/// [`EvidenceError`].
pub fn prepare(bytes: Vec<u8>) -> Result<Prepared, EvidenceError> {
    if bytes.len() > MAX_INPUT {
        return Err(EvidenceError::TooLarge);
    }
    if bytes.starts_with(b"%PDF-") {
        pdf::check(&bytes)?;
        return Ok(Prepared { bytes, media_type: MediaType::Pdf, size: None });
    }
    let picture = if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        picture::decode_jpeg(&bytes)?
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        picture::decode_png(&bytes)?
    } else {
        return Err(EvidenceError::Kind);
    };
    drop(bytes);
    let (bytes, size) = picture.encode()?;
    Ok(Prepared { bytes, media_type: MediaType::Jpeg, size: Some(size) })
}

#[cfg(test)]
mod tests;
