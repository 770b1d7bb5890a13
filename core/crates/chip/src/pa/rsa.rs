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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{curve::unhex, protocol::private_power};

    /// Modulus and private exponent, public on purpose: 2048 bits.
    const KEY: &str = include_str!("../../../../../tests/sandbox/keys/sandbox-card.NOT-SECRET.hex");
    const MESSAGE: &[u8] = b"message";
    const PSS: Pss = Pss { hash: Hash::Sha256, mask_hash: Hash::Sha256, salt_length: 20 };

    fn key() -> (RsaKey, Vec<u8>, Vec<u8>) {
        let (n, d) = KEY.trim().split_once('\n').unwrap();
        (RsaKey::new(&unhex(n), &[1, 0, 1]).unwrap(), unhex(n), unhex(d))
    }

    fn sign(encoded: &[u8]) -> Vec<u8> {
        let (_, n, d) = key();
        private_power(&n, &d, encoded).unwrap()
    }

    /// EMSA-PSS over the message, its block changed before it is masked, and what comes of that changed again.
    fn pss(salt: usize, block: impl Fn(&mut [u8]), encoded: impl Fn(&mut [u8])) -> Vec<u8> {
        let salt = vec![7; salt];
        let seed = PSS.hash.digest(&[&[0; 8], &PSS.hash.digest(&[MESSAGE]), &salt]);
        let mut plain = vec![0; 256 - 1 - 32 - 1 - salt.len()];
        plain.push(1);
        plain.extend(&salt);
        block(&mut plain);
        let mut whole: Vec<u8> =
            plain.iter().zip(mgf1(PSS.mask_hash, &seed, plain.len())).map(|(a, b)| a ^ b).collect();
        whole[0] &= 0x7F;
        whole.extend(&seed);
        whole.push(0xBC);
        encoded(&mut whole);
        sign(&whole)
    }

    #[test]
    fn pss_block_has_one_form_only() {
        let verifies = |signature: &[u8]| key().0.verifies_pss(&PSS, &[MESSAGE], signature);
        let same = |_: &mut [u8]| {};
        assert!(verifies(&pss(20, same, same)));
        assert!(!key().0.verifies_pss(&PSS, &[b"another"], &pss(20, same, same)));
        let padding = 256 - 1 - 32 - 1 - 20;
        for at in 0..padding {
            assert!(!verifies(&pss(20, |block| block[at] |= 1, same)), "no zero at {at}");
        }
        for one in [0, 2, 0x81] {
            assert!(!verifies(&pss(20, |block| block[padding] = one, same)), "separator {one}");
        }
        for salt in [0, 19, 21, 32] {
            assert!(!verifies(&pss(salt, same, same)), "salt of {salt} bytes");
        }
        assert!(!verifies(&pss(20, same, |whole| whole[255] = 0xBB)), "trailer");
        assert!(!verifies(&pss(20, same, |whole| whole[254] ^= 1)), "hash");
        // The topmost bit belongs to no number below the modulus' length; where it stays below the modulus, it is seen.
        let topmost = pss(20, same, |whole| (whole[0], whole[1]) = (0x80, 0));
        assert!(!verifies(&topmost), "topmost bit");
        let (longer, hash) = (Pss { salt_length: 300, ..PSS }, Pss { hash: Hash::Sha384, ..PSS });
        for other in [longer, hash, Pss { mask_hash: Hash::Sha1, ..PSS }, Pss { salt_length: usize::MAX, ..PSS }] {
            assert!(!key().0.verifies_pss(&other, &[MESSAGE], &pss(20, same, same)), "{other:?}");
        }
    }

    #[test]
    fn v15_block_has_one_form_only() {
        let verifies = |signature: &[u8]| key().0.verifies_v15(Hash::Sha256, &[MESSAGE], signature);
        let block = |filling: u8, identifier: &[u8], behind: usize| {
            let info = encode(SEQUENCE, &[identifier, &encode(OCTET_STRING, &[&Hash::Sha256.digest(&[MESSAGE])])]);
            let mut whole = vec![filling; 256];
            whole[..2].copy_from_slice(&[0, 1]);
            let at = 256 - info.len() - behind;
            whole[at - 1] = 0;
            whole[at..at + info.len()].copy_from_slice(&info);
            sign(&whole)
        };
        let [usual, bare] = [Hash::Sha256.identifier(), Hash::Sha256.bare_identifier()];
        assert!(verifies(&block(0xFF, &usual, 0)) && verifies(&block(0xFF, &bare, 0)));
        // Bytes behind the hash are how signatures with exponent 3 are forged.
        for (filling, identifier, behind) in [
            (0xFF, &usual, 1),
            (0xFF, &usual, 100),
            (0xFE, &usual, 0),
            (0, &usual, 0),
            (0xFF, &Hash::Sha1.identifier(), 0),
        ] {
            assert!(!verifies(&block(filling, identifier, behind)), "{filling} {behind}");
        }
    }
}
