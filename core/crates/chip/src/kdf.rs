//! Keys from shared secrets and passwords: ICAO Doc 9303-11, 9.7.

use eid_crypto::SecretBytes;
use zeroize::Zeroizing;

use crate::{ChipError, Cipher, Hash, legacy};

/// Counter of the encryption key.
pub const ENCRYPTION: u32 = 1;
/// Counter of the MAC key.
pub const MAC: u32 = 2;
/// Counter of the key that a password becomes in PACE.
pub const PASSWORD: u32 = 3;

/// `KDF(K, c)` for the cipher.
pub fn derive_key(cipher: Cipher, secret: &[u8], counter: u32) -> SecretBytes {
    let hash = match cipher {
        Cipher::Des3 | Cipher::Aes128 => Hash::Sha1,
        Cipher::Aes192 | Cipher::Aes256 => Hash::Sha256,
    };
    let mut key = Zeroizing::new(hash.digest(&[secret, &counter.to_be_bytes()]));
    key.truncate(cipher.key_bytes());
    if cipher == Cipher::Des3 {
        legacy::set_parity(&mut key);
    }
    SecretBytes::new(key.to_vec())
}

/// A cipher with the two keys of a secured channel.
#[derive(Debug)]
pub struct SessionKeys {
    /// The cipher.
    pub cipher: Cipher,
    /// KS_Enc.
    pub encryption: SecretBytes,
    /// KS_MAC.
    pub mac: SecretBytes,
}

impl SessionKeys {
    /// Both keys from one secret.
    pub fn derive(cipher: Cipher, secret: &[u8]) -> Self {
        let key = |counter| derive_key(cipher, secret, counter);
        Self { cipher, encryption: key(ENCRYPTION), mac: key(MAC) }
    }
}

/// The card access number: six digits; on a Vietnamese identity card the last six of the personal number.
pub struct Can(SecretBytes);

impl Can {
    /// Takes six ASCII digits.
    ///
    /// # Errors
    /// [`ChipError::AccessDataInvalid`].
    pub fn parse(text: &str) -> Result<Self, ChipError> {
        if text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(SecretBytes::new(text.as_bytes().to_vec())))
        } else {
            Err(ChipError::AccessDataInvalid)
        }
    }
}

impl core::fmt::Debug for Can {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Can(…)")
    }
}

/// The part of a machine-readable zone that opens a chip: number, birth date and expiry date, each with its check digit.
pub struct MrzKey(SecretBytes);

impl MrzKey {
    /// From document number (up to 22 characters, without filler), birth and expiry date (YYMMDD).
    ///
    /// # Errors
    /// [`ChipError::AccessDataInvalid`].
    pub fn new(number: &str, birth: &str, expiry: &str) -> Result<Self, ChipError> {
        let number_fits = (1..=22).contains(&number.len()) && number.bytes().all(is_mrz);
        let dates_fit = [birth, expiry].iter().all(|date| date.len() == 6 && date.bytes().all(is_mrz));
        if !number_fits || !dates_fit {
            return Err(ChipError::AccessDataInvalid);
        }
        let mut text = Zeroizing::new(Vec::with_capacity(40));
        for field in [format!("{number:<<9}"), birth.to_owned(), expiry.to_owned()].map(Zeroizing::new) {
            text.extend_from_slice(field.as_bytes());
            text.push(check_digit(field.as_bytes()));
        }
        Ok(Self(SecretBytes::new(text.to_vec())))
    }

    /// Takes the "MRZ information" of ICAO Doc 9303-11: the three fields with their check digits, which must be right.
    ///
    /// # Errors
    /// [`ChipError::AccessDataInvalid`].
    pub fn parse(information: &str) -> Result<Self, ChipError> {
        let bytes = information.as_bytes();
        let field = |from: usize, to: usize| bytes.get(from..to).filter(|field| field.iter().copied().all(is_mrz));
        let checked = |field: &[u8], digit: Option<&u8>| digit == Some(&check_digit(field));
        let dates =
            bytes.len().checked_sub(14).filter(|at| (10..=23).contains(at)).ok_or(ChipError::AccessDataInvalid)?;
        let fits = field(0, dates - 1).is_some_and(|number| checked(number, bytes.get(dates - 1)))
            && field(dates, dates + 6).is_some_and(|birth| checked(birth, bytes.get(dates + 6)))
            && field(dates + 7, dates + 13).is_some_and(|expiry| checked(expiry, bytes.get(dates + 13)));
        if fits { Ok(Self(SecretBytes::new(bytes.to_vec()))) } else { Err(ChipError::AccessDataInvalid) }
    }
}

impl core::fmt::Debug for MrzKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("MrzKey(…)")
    }
}

fn is_mrz(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase() || byte == b'<'
}

/// ICAO Doc 9303-3, 4.9: weights 7, 3, 1; letters count from 10, the filler 0.
pub(crate) fn check_digit(field: &[u8]) -> u8 {
    let weights = [7_u32, 3, 1].into_iter().cycle();
    let sum = field.iter().zip(weights).map(|(byte, weight)| char::from(*byte).to_digit(36).unwrap_or(0) * weight);
    b'0' + u8::try_from(sum.sum::<u32>() % 10).unwrap_or(0)
}

/// What the citizen gives to open the chip.
#[derive(Debug)]
pub enum Access {
    /// The card access number.
    Can(Can),
    /// The machine-readable zone.
    Mrz(MrzKey),
}

impl Access {
    /// The password type of PACE (`83`): 1 MRZ, 2 CAN.
    pub fn pace_reference(&self) -> u8 {
        match self {
            Self::Mrz(_) => 1,
            Self::Can(_) => 2,
        }
    }

    /// K_π, under which the chip encrypts PACE's nonce.
    pub fn pace_key(&self, cipher: Cipher) -> SecretBytes {
        match self {
            // EXPOSE: input of the key derivation.
            Self::Mrz(mrz) => derive_key(cipher, &*Zeroizing::new(legacy::sha1(&[mrz.0.expose()])), PASSWORD),
            Self::Can(can) => derive_key(cipher, can.0.expose(), PASSWORD),
        }
    }

    /// K_Enc and K_MAC of Basic Access Control, which knows the MRZ only.
    pub fn bac_keys(&self) -> Option<SessionKeys> {
        match self {
            Self::Can(_) => None,
            Self::Mrz(mrz) => {
                // EXPOSE: input of the key derivation.
                let seed = Zeroizing::new(legacy::sha1(&[mrz.0.expose()]));
                let (seed, _) = seed.split_at(16);
                Some(SessionKeys::derive(Cipher::Des3, seed))
            }
        }
    }

    /// The error that says that the chip refused this.
    pub(crate) fn refused(&self) -> ChipError {
        match self {
            Self::Can(_) => ChipError::WrongCan,
            Self::Mrz(_) => ChipError::WrongMrz,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mrz_key_from_fields_equals_the_one_from_its_text() -> Result<(), ChipError> {
        let cases = [
            ("L898902C", "690806", "940623", "L898902C<369080619406236"),
            ("D23145890734", "340712", "950712", "D23145890734934071279507122"),
            ("T22000129", "640812", "101031", "T22000129364081251010318"),
        ];
        for (number, birth, expiry, text) in cases {
            assert!(MrzKey::new(number, birth, expiry)?.0 == MrzKey::parse(text)?.0, "{text}");
        }
        Ok(())
    }

    #[test]
    fn malformed_access_data_is_refused() {
        for can in ["", "12345", "1234567", "12345a", "１23"] {
            assert_eq!(Can::parse(can).err(), Some(ChipError::AccessDataInvalid));
        }
        for text in [
            "",
            "L898902C<3690806194062",
            "L898902C<469080619406236",
            "L898902C<369080629406236",
            "l898902C<369080619406236",
        ] {
            assert_eq!(MrzKey::parse(text).err(), Some(ChipError::AccessDataInvalid), "{text}");
        }
        assert_eq!(MrzKey::new("A", "6908061", "940623").err(), Some(ChipError::AccessDataInvalid));
        assert_eq!(MrzKey::new("", "690806", "940623").err(), Some(ChipError::AccessDataInvalid));
    }

    #[test]
    fn access_data_prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", Access::Can(Can::parse("000001").unwrap())), "Can(Can(…))");
    }
}
