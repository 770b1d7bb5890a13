//! RSA signatures of certificates and documents: PKCS #1 v1.5 and PSS (RFC 8017), verified.
//!
//! ring verifies neither SHA-1 nor SHA-224 with PSS, nor a salt of another length than the hash; the crate `rsa` brings
//! private-key code with an advisory. Here are two paddings over the public operation; nothing is secret.

use crate::{
    Hash, RsaKey,
    tlv::{OCTET_STRING, SEQUENCE, encode},
};

impl RsaKey {
    /// Length of the modulus in bits.
    pub(super) fn bits(&self) -> usize {
        let unused = self.modulus().first().map_or(0, |byte| byte.leading_zeros());
        self.bytes() * 8 - usize::try_from(unused).unwrap_or(0)
    }

    /// EMSA-PKCS1-v1_5 with the hash of the parts.
    pub(super) fn verifies_v15(&self, hash: Hash, message: &[&[u8]], signature: &[u8]) -> bool {
        let digest = hash.digest(message);
        // The parameters of the hash's identifier are NULL, or absent with some encoders.
        let expected = |identifier: Vec<u8>| {
            let info = encode(SEQUENCE, &[&identifier, &encode(OCTET_STRING, &[&digest])]);
            let filling = self.bytes().checked_sub(info.len() + 3).filter(|length| *length >= 8)?;
            Some([&[0, 1], vec![0xFF; filling].as_slice(), &[0], &info].concat())
        };
        let Ok(recovered) = self.recover(signature) else { return false };
        [hash.identifier(), hash.bare_identifier()]
            .into_iter()
            .filter_map(expected)
            .any(|expected| expected == recovered)
    }

    /// EMSA-PSS with trailer BC; a salt of exactly the length stated.
    pub(super) fn verifies_pss(&self, pss: &Pss, message: &[&[u8]], signature: &[u8]) -> bool {
        self.pss(pss, message, signature).unwrap_or(false)
    }

    fn pss(&self, pss: &Pss, message: &[&[u8]], signature: &[u8]) -> Option<bool> {
        let length = (self.bits() - 1).div_ceil(8);
        let recovered = self.recover(signature).ok()?;
        let (above, encoded) = recovered.split_at_checked(recovered.len().checked_sub(length)?)?;
        let (rest, trailer) = encoded.split_at_checked(encoded.len().checked_sub(1)?)?;
        let (masked, seed) = rest.split_at_checked(rest.len().checked_sub(pss.hash.bytes())?)?;
        let unused = length * 8 - (self.bits() - 1);
        let top = 0xFF_u8 >> unused;
        if above.iter().any(|byte| *byte != 0) || trailer != [0xBC] || masked.first()? & !top != 0 {
            return Some(false);
        }
        let mask = mgf1(pss.mask_hash, seed, masked.len());
        let mut block: Vec<u8> = masked.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
        *block.first_mut()? &= top;
        let (padding, salt) = block.split_at_checked(block.len().checked_sub(pss.salt_length)?)?;
        let (one, zeros) = padding.split_last()?;
        if *one != 1 || zeros.iter().any(|byte| *byte != 0) {
            return Some(false);
        }
        let digest = pss.hash.digest(message);
        Some(pss.hash.digest(&[&[0; 8], &digest, salt]) == seed)
    }
}

/// Parameters of a PSS signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pss {
    pub(super) hash: Hash,
    pub(super) mask_hash: Hash,
    pub(super) salt_length: usize,
}

fn mgf1(hash: Hash, seed: &[u8], length: usize) -> Vec<u8> {
    let blocks = (0_u32..).flat_map(move |counter| hash.digest(&[seed, &counter.to_be_bytes()]));
    blocks.take(length).collect()
}
