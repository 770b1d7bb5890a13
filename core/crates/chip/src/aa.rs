//! Active Authentication (ICAO Doc 9303-11, 6.1): the chip signs a challenge with the key of DG15.
//!
//! The platform verifies the same bytes again, so that a signature over its challenge counts, not a phone's word.

use crate::{
    ChipError, Command, Hash, PublicKey, RsaKey,
    agreement::Public,
    curve::Point,
    tlv::{self, Tlv},
};

/// Length of a challenge.
pub const CHALLENGE: usize = 8;

/// `INTERNAL AUTHENTICATE` for a signature of so many bytes. `extended` where it does not fit into a short secured answer.
pub fn command(challenge: &[u8; CHALLENGE], signature_bytes: usize, extended: bool) -> Command {
    let le = u32::try_from(signature_bytes).unwrap_or(256).max(256);
    Command { extended, ..Command::new(0x88, 0, 0).data(challenge).le(le) }
}

/// Verifies a signature. The hash is read from the trailer (RSA) or tried out: `hint` (from DG14) first, then each other, since
/// some documents name none or a wrong one; the challenge is random and of fixed length, so that none of them weakens the other.
///
/// # Errors
/// [`ChipError::ActiveAuthenticationFailed`]; [`ChipError::Unsupported`] for a key of another kind.
pub fn verify(key: &PublicKey, challenge: &[u8], signature: &[u8], hint: Option<Hash>) -> Result<Hash, ChipError> {
    let hashes = hint.into_iter().chain(Hash::ALL);
    match key {
        PublicKey::Rsa(key) => verify_rsa(key, challenge, signature),
        PublicKey::Agreement(Public::Ec(point)) => {
            hashes.into_iter().find(|hash| verify_ec(point, &hash.digest(&[challenge]), signature))
        }
        PublicKey::Agreement(Public::Dh(_)) => return Err(ChipError::Unsupported),
    }
    .ok_or(ChipError::ActiveAuthenticationFailed)
}

/// ECDSA as r ‖ s, as the standard has it, or as `SEQUENCE { r, s }`, as some chips have it.
fn verify_ec(key: &Point, digest: &[u8], signature: &[u8]) -> bool {
    let curve = key.curve();
    let halves = signature.split_at_checked(curve.order_bytes()).filter(|(r, s)| r.len() == s.len());
    halves.is_some_and(|(r, s)| curve.verify(key, digest, r, s))
        || der_pair(signature).is_ok_and(|(r, s)| curve.verify(key, digest, r, s))
}

fn der_pair(signature: &[u8]) -> Result<(&[u8], &[u8]), ChipError> {
    let mut parts = tlv::objects(Tlv::expect(tlv::SEQUENCE, signature)?);
    let pair = (tlv::unsigned(parts.expect(tlv::INTEGER)?)?, tlv::unsigned(parts.expect(tlv::INTEGER)?)?);
    parts.finish()?;
    Ok(pair)
}

/// ISO/IEC 9796-2, signature scheme 1 with partial recovery. The signer may have taken the smaller of two roots.
fn verify_rsa(key: &RsaKey, challenge: &[u8], signature: &[u8]) -> Option<Hash> {
    let recovered = key.recover(signature).ok()?;
    let other = difference(key.modulus(), &recovered);
    check_recovered(&recovered, challenge).or_else(|| check_recovered(&other, challenge))
}

fn check_recovered(recovered: &[u8], challenge: &[u8]) -> Option<Hash> {
    let (hash, body) = trailer(recovered)?;
    let message = after_header(body)?;
    let (m1, digest) = message.split_at_checked(message.len().checked_sub(hash.bytes())?)?;
    (hash.digest(&[m1, challenge]) == digest).then_some(hash)
}

/// The hash that the trailer names, and what stands before it.
fn trailer(recovered: &[u8]) -> Option<(Hash, &[u8])> {
    match recovered {
        [body @ .., 0xBC] => Some((Hash::Sha1, body)),
        [body @ .., 0x33, 0xCC] => Some((Hash::Sha1, body)),
        [body @ .., 0x34, 0xCC] => Some((Hash::Sha256, body)),
        [body @ .., 0x35, 0xCC] => Some((Hash::Sha512, body)),
        [body @ .., 0x36, 0xCC] => Some((Hash::Sha384, body)),
        [body @ .., 0x38, 0xCC] => Some((Hash::Sha224, body)),
        _ => None,
    }
}

/// What follows the header: `6A`, or `6B BB … BA` where padding was needed.
fn after_header(body: &[u8]) -> Option<&[u8]> {
    match body {
        [0x6A, message @ ..] => Some(message),
        [0x6B, rest @ ..] => {
            let padding = rest.iter().take_while(|byte| **byte == 0xBB).count();
            rest.get(padding..)?.strip_prefix(&[0xBA])
        }
        _ => None,
    }
}

/// `n - number`, for a number below n of the same length.
fn difference(n: &[u8], number: &[u8]) -> Vec<u8> {
    let mut borrow = 0_u8;
    let mut out = n
        .iter()
        .zip(number)
        .rev()
        .map(|(a, b)| {
            let (first, under) = a.overflowing_sub(*b);
            let (byte, again) = first.overflowing_sub(borrow);
            borrow = u8::from(under || again);
            byte
        })
        .collect::<Vec<_>>();
    out.reverse();
    out
}

/// The chip's side: the message that an RSA key of this length has to raise to its private exponent. `filler` is M1 and is used as
/// far as it goes, then zeros.
///
/// # Errors
/// [`ChipError::Unsupported`] when the modulus is too short for the hash.
pub fn message(hash: Hash, modulus_bytes: usize, filler: &[u8], challenge: &[u8]) -> Result<Vec<u8>, ChipError> {
    let trailer: &[u8] = match hash {
        Hash::Sha1 => &[0xBC],
        Hash::Sha224 => &[0x38, 0xCC],
        Hash::Sha256 => &[0x34, 0xCC],
        Hash::Sha384 => &[0x36, 0xCC],
        Hash::Sha512 => &[0x35, 0xCC],
    };
    let length = modulus_bytes.checked_sub(1 + hash.bytes() + trailer.len()).ok_or(ChipError::Unsupported)?;
    let m1 = filler.iter().copied().chain(core::iter::repeat(0)).take(length).collect::<Vec<_>>();
    Ok([[0x6A].as_slice(), &m1, &hash.digest(&[&m1, challenge]), trailer].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        curve::{Curve, unhex},
        rsa,
        vectors::{self, bytes},
    };

    fn recorded() -> (PublicKey, Vec<u8>, Vec<u8>) {
        let vector = vectors::recorded("AA-RSA1792-SHA256-ISO9796-2");
        let dg15 = bytes(&vector, "dg15");
        let key = PublicKey::parse(Tlv::expect(0x6F, &dg15).unwrap()).unwrap();
        (key, bytes(&vector, "rnd_ifd"), bytes(&vector, "signature"))
    }

    #[test]
    fn recorded_signature_verifies_over_its_challenge_only() {
        let (key, challenge, signature) = recorded();
        assert_eq!(verify(&key, &challenge, &signature, None), Ok(Hash::Sha256));
        let failed = Err(ChipError::ActiveAuthenticationFailed);
        for at in 0..8 {
            let mut other = challenge.clone();
            other[at] ^= 1;
            assert_eq!(verify(&key, &other, &signature, None), failed, "replayed over another challenge");
        }
        for at in [0, 100, 223] {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert_eq!(verify(&key, &challenge, &changed, None), failed);
        }
        for bad in [&signature[1..], &[], &[0; 224], &[0xFF; 224]] {
            assert_eq!(verify(&key, &challenge, bad, None), failed);
        }
    }

    #[test]
    fn every_trailer_and_the_smaller_root_verify() -> Result<(), ChipError> {
        let (n, d) = (unhex(TEST_N), unhex(TEST_D));
        let key = PublicKey::Rsa(RsaKey::new(&n, &[1, 0, 1])?);
        for hash in Hash::ALL {
            let message = message(hash, n.len(), &[0x5A; 300], b"12345678")?;
            let signature = rsa::private_power(&n, &d, &message)?;
            assert_eq!(verify(&key, b"12345678", &signature, None), Ok(hash));
            assert_eq!(verify(&key, b"12345678", &difference(&n, &signature), None), Ok(hash), "n - s");
            assert!(verify(&key, b"12345679", &signature, None).is_err());
        }
        // Padding between header and message.
        let m1 = [7; 20];
        let digest = Hash::Sha1.digest(&[&m1, b"12345678"]);
        let padding = vec![0xBB; n.len() - 1 - 1 - 20 - 20 - 1];
        let padded = [[0x6B].as_slice(), &padding, &[0xBA], &m1, &digest, &[0xBC]].concat();
        assert_eq!(verify(&key, b"12345678", &rsa::private_power(&n, &d, &padded)?, None), Ok(Hash::Sha1));
        let cut = [[0x6B].as_slice(), &padding, &[0xBC], &m1, &digest, &[0xBC]].concat();
        assert!(verify(&key, b"12345678", &rsa::private_power(&n, &d, &cut)?, None).is_err());
        Ok(())
    }

    #[test]
    fn ecdsa_verifies_plain_and_der_with_any_hash() {
        let text = include_str!("../../../../tests/vectors/chip/aa-ecdsa-openssl.json");
        let file: serde_json::Value = serde_json::from_str(text).unwrap();
        let rows = file["vectors"].as_array().unwrap();
        assert_eq!(rows.len(), 8);
        for row in rows {
            let curve = Curve::ALL.into_iter().find(|curve| curve.name() == row["curve"]).unwrap();
            let key = PublicKey::Agreement(Public::Ec(Point::parse(curve, &bytes(row, "key")).unwrap()));
            for form in ["plain", "der"] {
                for hint in [None, Some(Hash::Sha512), Some(Hash::Sha1)] {
                    assert!(verify(&key, &bytes(row, "challenge"), &bytes(row, form), hint).is_ok(), "{row}");
                }
                assert!(verify(&key, b"otherone", &bytes(row, form), None).is_err(), "{row}");
            }
            assert!(verify(&key, &bytes(row, "challenge"), &bytes(row, "plain")[1..], None).is_err());
        }
    }

    const TEST_N: &str = include_str!("../tests/data/rsa-1024-n.hex");
    const TEST_D: &str = include_str!("../tests/data/rsa-1024-d.hex");
}
