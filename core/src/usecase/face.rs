//! The picture of the face: bounded, told by its first bytes, sealed to the platform, wiped. Nothing of it is kept on the phone,
//! and nothing is decided here.

use eid_crypto::{VerifyingKey, hpke};
use zeroize::Zeroizing;

use crate::{Error, app::Inner};

/// The longest picture or clip, in bytes.
const MAX_FACE: usize = 2 * 1024 * 1024;

/// What the seal is for.
const INFO: &[u8] = b"eid-face 1";

/// A picture or short clip of a face: one byte that says of which kind, then the shell's bytes. Wiped on drop.
pub(crate) struct FacePicture(Zeroizing<Vec<u8>>);

impl FacePicture {
    /// Takes over what the shell captured; the shell's bytes are wiped in every case.
    ///
    /// # Errors
    /// [`Error::FaceUnusable`] for what is empty, too long or of another kind than JPEG, PNG, WebP or MP4.
    pub(crate) fn parse(bytes: Vec<u8>) -> Result<Self, Error> {
        let bytes = Zeroizing::new(bytes);
        let kind = kind_of(&bytes).filter(|_| bytes.len() <= MAX_FACE).ok_or(Error::FaceUnusable)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len().saturating_add(1)));
        plain.push(kind);
        plain.extend_from_slice(&bytes);
        Ok(Self(plain))
    }

    /// Seals it to the platform's face key, for the activation or the account of this name.
    pub(crate) fn seal(&self, inner: &Inner, key: &VerifyingKey, id: &str) -> Result<Vec<u8>, Error> {
        Ok(hpke::seal(&*inner.ports.random, key, INFO, id.as_bytes(), &self.0)?)
    }
}

/// The platform's number of the kind.
fn kind_of(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(1),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(2),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(3),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picture_is_known_by_its_first_bytes_and_bounded() {
        let long = |length: usize| [b"\xFF\xD8\xFF".as_slice(), &vec![0; length - 3]].concat();
        for (bytes, kind) in [
            (b"\xFF\xD8\xFF\xE0".to_vec(), Some(1)),
            (b"\x89PNG\r\n\x1a\n....".to_vec(), Some(2)),
            (b"RIFF1234WEBPVP8 ".to_vec(), Some(3)),
            (b"\0\0\0\x18ftypmp42".to_vec(), Some(4)),
            (long(MAX_FACE), Some(1)),
            (long(MAX_FACE + 1), None),
            (b"GIF89a".to_vec(), None),
            (b"RIFF1234WAVE".to_vec(), None),
            (b"\xFF\xD8".to_vec(), None),
            (Vec::new(), None),
        ] {
            let parsed = FacePicture::parse(bytes.clone());
            assert_eq!(parsed.as_ref().ok().map(|face| face.0[0]), kind);
            if let Ok(face) = parsed {
                assert_eq!(face.0[1..], bytes);
            }
        }
    }
}
