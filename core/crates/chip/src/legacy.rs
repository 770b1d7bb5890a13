//! What old chips still speak: two-key triple DES, the retail MAC, SHA-1. For chip reading only; nothing of ours is protected
//! by it.

use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _, block_padding::NoPadding};
use des::{
    Des, TdesEde2,
    cipher::{Block, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _},
};
use sha1::{Digest as _, Sha1};

use crate::ChipError;

/// SHA-1, for key derivation with 3DES and AES-128 and for old signatures.
pub(crate) fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut state = Sha1::new();
    parts.iter().for_each(|part| state.update(part));
    state.finalize().into()
}

/// Two-key triple DES in CBC mode, in place.
pub(crate) fn encrypt(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), ChipError> {
    let cipher = cbc::Encryptor::<TdesEde2>::new_from_slices(key, iv).map_err(|_| ChipError::Malformed)?;
    let length = data.len();
    cipher.encrypt_padded::<NoPadding>(data, length).map(drop).map_err(|_| ChipError::Malformed)
}

/// The reverse, in place.
pub(crate) fn decrypt(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), ChipError> {
    let cipher = cbc::Decryptor::<TdesEde2>::new_from_slices(key, iv).map_err(|_| ChipError::Malformed)?;
    cipher.decrypt_padded::<NoPadding>(data).map(drop).map_err(|_| ChipError::Malformed)
}

/// ISO/IEC 9797-1 MAC algorithm 3 over whole blocks: DES-CBC, the last block through triple DES.
pub(crate) fn retail_mac(key: &[u8], data: &[u8]) -> Result<[u8; 8], ChipError> {
    let (left, right) = key.split_at_checked(8).ok_or(ChipError::Malformed)?;
    let left = Des::new_from_slice(left).map_err(|_| ChipError::Malformed)?;
    let right = Des::new_from_slice(right).map_err(|_| ChipError::Malformed)?;
    let (blocks, rest) = data.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(ChipError::Malformed);
    }
    let mut state = Block::<Des>::default();
    for block in blocks {
        for (byte, more) in state.iter_mut().zip(block) {
            *byte ^= more;
        }
        left.encrypt_block(&mut state);
    }
    right.decrypt_block(&mut state);
    left.encrypt_block(&mut state);
    Ok(state.into())
}

/// Sets the parity bit of each byte, as DES keys have it.
pub(crate) fn set_parity(key: &mut [u8]) {
    for byte in key {
        *byte = (*byte & 0xFE) | u8::from((*byte & 0xFE).count_ones() % 2 == 0);
    }
}
