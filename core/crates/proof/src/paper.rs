//! The paper form (bản giấy dự phòng): the bare issuer token as an ordinary claim-169 code, base45 of zlib. The issuer's signature
//! is there, the holder's is not: whoever has the paper can show it.

use std::io::Read as _;

use flate2::{Compression, read::ZlibDecoder, read::ZlibEncoder};

use crate::token::MAX_BYTES;

/// First byte of a zlib stream with a window of 32 KiB (RFC 1950), which all makers write.
const ZLIB: u8 = 0x78;

/// First byte of a COSE_Sign1 with its tag.
const COSE_SIGN1: u8 = 0xd2;

/// Spells an issuer token for paper.
pub(crate) fn encode(token: &[u8]) -> String {
    let mut compressed = Vec::new();
    // Reading from memory into memory cannot fail.
    let _infallible = ZlibEncoder::new(token, Compression::best()).read_to_end(&mut compressed);
    base45::encode(&compressed)
}

/// The issuer token on a paper; `None` for any other text, and for more than a token can hold.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim().to_ascii_uppercase();
    if text.len() > MAX_BYTES / 2 * 3 + 3 {
        return None;
    }
    let compressed = base45::decode(&text).ok().filter(|bytes| bytes.first() == Some(&ZLIB))?;
    let mut token = Vec::new();
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    ZlibDecoder::new(compressed.as_slice()).take(limit).read_to_end(&mut token).ok()?;
    (token.len() <= MAX_BYTES && token.first() == Some(&COSE_SIGN1)).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_token_is_taken_and_no_bomb() {
        let token = [&[COSE_SIGN1][..], &[7; 500]].concat();
        assert_eq!(decode(&format!("{}\r\n", encode(&token))), Some(token));
        for other in [&[0_u8; 100][..], b"", &[&[COSE_SIGN1][..], &vec![0; 1 << 20]].concat()] {
            assert_eq!(decode(&encode(other)), None, "{}", other.len());
        }
        for text in ["", "HC1:ABC", "0", "https://e.example", "78", "BB8", &base45::encode([ZLIB; 40])] {
            assert_eq!(decode(text), None, "{text}");
        }
        assert_eq!(decode(&"A".repeat(1 << 20)), None);
    }
}
