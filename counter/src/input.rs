//! What was put in front of the counter: text, a picture, or the bytes of a proof.

use crate::{CounterError, picture};

/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 20_000_000;
/// How much of a text is looked at, in bytes: the longest text of a proof of 4,096 bytes is under 10,000, so that
/// whatever lies beyond cannot change the verdict "too large".
pub const MAX_TEXT: usize = 16 * 1024;

const PNG_SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
const PDF_SIGNATURE: &[u8] = b"%PDF-";
/// CBOR tag 18, COSE_Sign1 (RFC 9052); no UTF-8 text of ours begins with this byte.
const COSE_SIGN1: u8 = 0xd2;

/// One scanned thing, before anything is believed about it.
#[derive(Clone, PartialEq, Eq)]
pub enum Input {
    /// The text of a QR code, without white space around it; not empty.
    Text(String),
    /// The bytes of a proof.
    Proof(Vec<u8>),
}

impl Input {
    /// Tells by its first bytes what a file, an upload or standard input holds, and reads the QR code of a picture.
    ///
    /// Usual pictures take less than a second, but one made to keep the search busy can take minutes: a program should
    /// wait for this call on another thread, and not for ever.
    ///
    /// # Errors
    /// [`CounterError`] with code 5030 when it is empty, unknown, too large or a picture without a QR code; 5034 when
    /// the picture shows several proofs.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, CounterError> {
        if u64::try_from(bytes.len()).map_or(true, |len| len > MAX_FILE) {
            return Err(CounterError::InputTooLarge);
        }
        if bytes.starts_with(&PNG_SIGNATURE) {
            return picture::read_code(&bytes).and_then(|text| Self::from_text(&text));
        }
        // Some PDF files are text, and are no code for it.
        if bytes.starts_with(PDF_SIGNATURE) {
            return Err(CounterError::InputUnknown);
        }
        if bytes.first() == Some(&COSE_SIGN1) {
            return Ok(Self::Proof(bytes));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::from_text(&text),
            Err(_) => Err(CounterError::InputUnknown),
        }
    }

    /// Takes a text as a scanner typed it: the line end that scanners add and a byte order mark are dropped.
    ///
    /// # Errors
    /// [`CounterError::InputEmpty`].
    pub fn from_text(text: &str) -> Result<Self, CounterError> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
        if text.is_empty() {
            return Err(CounterError::InputEmpty);
        }
        let mut end = text.len().min(MAX_TEXT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Ok(Self::Text(text.get(..end).unwrap_or_default().to_owned()))
    }
}

impl core::fmt::Debug for Input {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Input::Text(…)",
            Self::Proof(_) => "Input::Proof(…)",
        })
    }
}
