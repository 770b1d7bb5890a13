//! Password Authenticated Connection Establishment (ICAO Doc 9303-11, 4.4), for the terminal and for the chip: generic and
//! integrated mapping over curves and groups, and chip authentication mapping.

mod chip;
mod terminal;

use zeroize::Zeroizing;

use crate::{
    ChipError, Cipher, Command,
    access::{Mapping, PaceInfo},
    agreement::{Domain, Public},
    curve::{Point, unhex},
    kdf::SessionKeys,
    sm::Channel,
    tlv::{self, Tlv},
};
pub use chip::PaceChip;
pub use terminal::{PaceStep, PaceTerminal};

/// The object around everything that GENERAL AUTHENTICATE carries.
const DYNAMIC: u32 = 0x7C;

/// `GENERAL AUTHENTICATE` around one data object; all but the last are chained.
fn general_authenticate(objects: &[&[u8]], last: bool) -> Command {
    let data = tlv::encode(DYNAMIC, objects);
    Command { cla: if last { 0 } else { 0x10 }, ..Command::new(0x86, 0, 0).data(&data).le(256) }
}

/// The value of the object of this tag inside dynamic authentication data.
fn inside(tag: u32, data: &[u8]) -> Result<&[u8], ChipError> {
    let mut found = None;
    for object in tlv::objects(Tlv::expect(DYNAMIC, data)?) {
        let object = object?;
        if object.tag == tag && found.replace(object.value).is_some() {
            return Err(ChipError::Malformed);
        }
    }
    found.ok_or(ChipError::Malformed)
}

/// The token that one side sends about the other's ephemeral key.
fn token(info: &PaceInfo, keys: &SessionKeys, key: &Public) -> Result<[u8; 8], ChipError> {
    let tag = if matches!(info.domain, Domain::Ec(_)) { 0x86 } else { 0x84 };
    let data = tlv::encode(0x7F49, &[&tlv::encode(tlv::OID, &[&info.oid()]), &tlv::encode(tag, &[&key.encode()])]);
    // EXPOSE: the MAC needs its key.
    match info.cipher {
        Cipher::Des3 => Cipher::Des3.mac(keys.mac.expose(), &Cipher::Des3.pad(&data)),
        cipher => cipher.mac(keys.mac.expose(), &data),
    }
}

/// Length of the nonce that the integrated mapping takes: whole blocks, at least a key.
fn nonce_bytes(cipher: Cipher) -> usize {
    match cipher {
        Cipher::Des3 | Cipher::Aes128 => 16,
        Cipher::Aes192 | Cipher::Aes256 => 32,
    }
}

/// R(s, t), ICAO Doc 9303-11, 4.4.3.3.3: a pseudo-random string 64 bits longer than the prime.
fn pseudo_random(cipher: Cipher, s: &[u8], t: &[u8], prime_bytes: usize) -> Result<Zeroizing<Vec<u8>>, ChipError> {
    let (c0, c1) = match s.len() {
        16 => ("a668892a7c41e3ca739f40b057d85904", "a4e136ac725f738b01c1f60217c188ad"),
        32 => (
            "d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676",
            "54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517",
        ),
        _ => return Err(ChipError::Malformed),
    };
    let iv = vec![0; cipher.block_bytes()];
    let mut key = Zeroizing::new(cipher.encrypt(t, &iv, s)?);
    let mut out = Zeroizing::new(Vec::new());
    while out.len() < prime_bytes + 8 {
        key.truncate(cipher.key_bytes());
        out.extend(cipher.encrypt(&key, &iv, &unhex(c1))?);
        key = Zeroizing::new(cipher.encrypt(&key, &iv, &unhex(c0))?);
    }
    Ok(out)
}

/// The IV of the encrypted chip authentication data: minus one, encrypted.
fn cam_iv(keys: &SessionKeys) -> Result<Vec<u8>, ChipError> {
    let block = keys.cipher.block_bytes();
    // EXPOSE: the cipher needs its key.
    keys.cipher.encrypt(keys.encryption.expose(), &vec![0; block], &vec![0xFF; block])
}

/// What PACE with chip authentication mapping leaves to be checked against the static key of EF.CardSecurity.
#[derive(Debug)]
pub struct CamProof {
    data: eid_crypto::SecretBytes,
    mapping_key: Point,
}

impl CamProof {
    /// Whether the chip holds the private key of this static key: its proof times the key is its mapping key.
    pub fn verify(&self, static_key: &Point) -> bool {
        // EXPOSE: the multiplication needs the number's digits.
        static_key.curve() == self.mapping_key.curve()
            && static_key.multiply_bytes(self.data.expose()).is_ok_and(|product| product == self.mapping_key)
    }
}

/// A finished PACE.
#[derive(Debug)]
pub struct PaceOutcome {
    /// The secured channel.
    pub channel: Channel,
    /// The proof of chip authentication mapping.
    pub cam: Option<CamProof>,
}

fn is_cam(info: &PaceInfo) -> bool {
    info.mapping == Mapping::ChipAuthentication
}

#[cfg(test)]
mod tests;
