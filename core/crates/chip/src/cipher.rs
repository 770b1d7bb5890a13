//! The four ciphers of secure messaging behind one type: CBC without padding, an 8-byte MAC, ISO padding.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt as _, BlockModeEncrypt as _, KeyInit, KeyIvInit as _,
    block_padding::NoPadding,
};
use cmac::{Cmac, Mac};
use zeroize::Zeroizing;

use crate::{ChipError, legacy};

/// A cipher with its MAC: 3DES with the retail MAC, or AES with CMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cipher {
    /// Two-key triple DES.
    Des3,
    /// AES with 128-bit keys.
    Aes128,
    /// AES with 192-bit keys.
    Aes192,
    /// AES with 256-bit keys.
    Aes256,
}

impl Cipher {
    /// Length of a key in bytes.
    pub fn key_bytes(self) -> usize {
        match self {
            Self::Des3 | Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Length of a block in bytes.
    pub fn block_bytes(self) -> usize {
        if self == Self::Des3 { 8 } else { 16 }
    }

    /// CBC of whole blocks.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when key, IV or data have not their length.
    pub fn encrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, ChipError> {
        let mut out = data.to_vec();
        match self {
            Self::Des3 => legacy::encrypt(key, iv, &mut out)?,
            Self::Aes128 => encrypt::<Aes128>(key, iv, &mut out)?,
            Self::Aes192 => encrypt::<Aes192>(key, iv, &mut out)?,
            Self::Aes256 => encrypt::<Aes256>(key, iv, &mut out)?,
        }
        Ok(out)
    }

    /// The reverse.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when key, IV or data have not their length.
    pub fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChipError> {
        let mut out = Zeroizing::new(data.to_vec());
        match self {
            Self::Des3 => legacy::decrypt(key, iv, &mut out)?,
            Self::Aes128 => decrypt::<Aes128>(key, iv, &mut out)?,
            Self::Aes192 => decrypt::<Aes192>(key, iv, &mut out)?,
            Self::Aes256 => decrypt::<Aes256>(key, iv, &mut out)?,
        }
        Ok(out)
    }

    /// The 8-byte MAC. 3DES takes whole blocks only.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when key or data have not their length.
    pub fn mac(self, key: &[u8], data: &[u8]) -> Result<[u8; 8], ChipError> {
        match self {
            Self::Des3 => legacy::retail_mac(key, data),
            Self::Aes128 => cmac::<Cmac<Aes128>>(key, data),
            Self::Aes192 => cmac::<Cmac<Aes192>>(key, data),
            Self::Aes256 => cmac::<Cmac<Aes256>>(key, data),
        }
    }

    /// ISO/IEC 9797-1 padding method 2: `80`, then zeros up to a whole block.
    pub fn pad(self, data: &[u8]) -> Zeroizing<Vec<u8>> {
        let block = self.block_bytes();
        let length = (data.len() / block + 1) * block;
        let mut out = Zeroizing::new(Vec::with_capacity(length));
        out.extend_from_slice(data);
        out.push(0x80);
        out.resize(length, 0);
        out
    }

    /// Takes that padding off. Only ever applied to data whose MAC was right.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when it is not there or longer than a block.
    pub fn unpad(self, data: &[u8]) -> Result<&[u8], ChipError> {
        let zeros = data.iter().rev().take_while(|byte| **byte == 0).count();
        let (content, padding) =
            data.split_at_checked(data.len().saturating_sub(zeros + 1)).ok_or(ChipError::Malformed)?;
        if zeros < self.block_bytes() && padding.first() == Some(&0x80) {
            Ok(content)
        } else {
            Err(ChipError::Malformed)
        }
    }
}

fn encrypt<C: BlockCipherEncrypt + KeyInit>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), ChipError> {
    let cipher = cbc::Encryptor::<C>::new_from_slices(key, iv).map_err(|_| ChipError::Malformed)?;
    let length = data.len();
    cipher.encrypt_padded::<NoPadding>(data, length).map(drop).map_err(|_| ChipError::Malformed)
}

fn decrypt<C: BlockCipherDecrypt + KeyInit>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), ChipError> {
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| ChipError::Malformed)?;
    cipher.decrypt_padded::<NoPadding>(data).map(drop).map_err(|_| ChipError::Malformed)
}

fn cmac<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Result<[u8; 8], ChipError> {
    let mac = <M as KeyInit>::new_from_slice(key).map_err(|_| ChipError::Malformed)?;
    let tag = mac.chain_update(data).finalize().into_bytes();
    tag.get(..8).and_then(|tag| tag.try_into().ok()).ok_or(ChipError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Cipher; 4] = [Cipher::Des3, Cipher::Aes128, Cipher::Aes192, Cipher::Aes256];

    #[test]
    fn cbc_and_padding_round_trip() -> Result<(), ChipError> {
        for cipher in ALL {
            let (key, iv) = (vec![7; cipher.key_bytes()], vec![9; cipher.block_bytes()]);
            for length in 0..40 {
                let data = vec![0; length];
                let sealed = cipher.encrypt(&key, &iv, &cipher.pad(&data))?;
                assert_eq!(cipher.unpad(&cipher.decrypt(&key, &iv, &sealed)?)?, data);
            }
            assert_eq!(cipher.encrypt(&key, &iv, &[1]).err(), Some(ChipError::Malformed));
            assert_eq!(cipher.decrypt(&key, &iv[1..], &[0; 16]).err(), Some(ChipError::Malformed));
            assert_eq!(cipher.mac(&key[1..], &[0; 16]).err(), Some(ChipError::Malformed));
        }
        Ok(())
    }

    #[test]
    fn wrong_padding_is_refused() {
        let cases: [&[u8]; 5] =
            [&[], &[0; 16], &[1; 16], &[0x81, 0], &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]];
        for case in cases {
            assert_eq!(Cipher::Aes128.unpad(case), Err(ChipError::Malformed), "{case:?}");
        }
    }

    #[test]
    fn cmac_is_that_of_rfc_4493_cut_to_eight_bytes() {
        let key = crate::curve::unhex("2b7e151628aed2a6abf7158809cf4f3c");
        assert_eq!(Cipher::Aes128.mac(&key, &[]).unwrap().to_vec(), crate::curve::unhex("bb1d6929e9593728"));
    }
}
