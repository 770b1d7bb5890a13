//! Basic Access Control (ICAO Doc 9303-11, 4.3), for the terminal and for the chip.

use eid_crypto::{Random, random};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{ChipError, Cipher, apdu::Command, kdf::SessionKeys, sm::Channel};

/// Length of a nonce.
const NONCE: usize = 8;
/// Length of the cryptogram: two nonces and a key share.
const CRYPTOGRAM: usize = 32;
const ZERO_IV: [u8; 8] = [0; 8];

/// The terminal between its command and the chip's answer.
#[derive(Debug)]
pub struct BacTerminal {
    keys: SessionKeys,
    own_nonce: [u8; NONCE],
    chip_nonce: [u8; NONCE],
    share: Zeroizing<[u8; 16]>,
}

impl BacTerminal {
    /// `GET CHALLENGE`, the first command.
    pub fn challenge() -> Command {
        Command::new(0x84, 0, 0).le(8)
    }

    /// Answers the chip's challenge with `EXTERNAL AUTHENTICATE`.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the challenge is not eight bytes; [`ChipError::Crypto`] when randomness fails.
    pub fn start(keys: SessionKeys, challenge: &[u8], rng: &dyn Random) -> Result<(Self, Command), ChipError> {
        let chip_nonce: [u8; NONCE] = challenge.try_into().map_err(|_| ChipError::Malformed)?;
        let own_nonce = random::<NONCE>(rng)?;
        let share = Zeroizing::new(random::<16>(rng)?);
        let plain = Zeroizing::new([own_nonce.as_slice(), &chip_nonce, &*share].concat());
        let data = seal(&keys, &plain)?;
        Ok((Self { keys, own_nonce, chip_nonce, share }, Command::new(0x82, 0, 0).data(&data).le(0x28)))
    }

    /// Takes the chip's answer and opens the channel.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the answer was not made by a chip that knows the keys and this exchange.
    pub fn finish(self, answer: &[u8]) -> Result<Channel, ChipError> {
        let plain = open(&self.keys, answer)?;
        let (nonces, share) = plain.split_at_checked(2 * NONCE).ok_or(ChipError::Malformed)?;
        let expected = [self.chip_nonce, self.own_nonce].concat();
        if !bool::from(nonces.ct_eq(&expected)) {
            return Err(ChipError::Malformed);
        }
        channel(&*self.share, share, &self.chip_nonce, &self.own_nonce)
    }
}

/// The chip between its challenge and the terminal's command.
#[derive(Debug)]
pub struct BacChip {
    keys: SessionKeys,
    nonce: [u8; NONCE],
}

impl BacChip {
    /// Makes a challenge.
    ///
    /// # Errors
    /// [`ChipError::Crypto`] when randomness fails.
    pub fn start(keys: SessionKeys, rng: &dyn Random) -> Result<(Self, Vec<u8>), ChipError> {
        let nonce = random::<NONCE>(rng)?;
        Ok((Self { keys, nonce }, nonce.to_vec()))
    }

    /// Takes the data of `EXTERNAL AUTHENTICATE`; gives the answer's data and the channel.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the terminal does not know the keys.
    pub fn finish(self, data: &[u8], rng: &dyn Random) -> Result<(Vec<u8>, Channel), ChipError> {
        let plain = open(&self.keys, data)?;
        let (nonces, their_share) = plain.split_at_checked(2 * NONCE).ok_or(ChipError::Malformed)?;
        let (their_nonce, own) = nonces.split_at_checked(NONCE).ok_or(ChipError::Malformed)?;
        if !bool::from(own.ct_eq(&self.nonce)) {
            return Err(ChipError::Malformed);
        }
        let share = Zeroizing::new(random::<16>(rng)?);
        let plain = Zeroizing::new([&self.nonce, their_nonce, &*share].concat());
        Ok((seal(&self.keys, &plain)?, channel(their_share, &*share, &self.nonce, their_nonce)?))
    }
}

fn seal(keys: &SessionKeys, plain: &[u8]) -> Result<Vec<u8>, ChipError> {
    // EXPOSE: the cipher and the MAC need their keys.
    let mut out = Cipher::Des3.encrypt(keys.encryption.expose(), &ZERO_IV, plain)?;
    let mac = Cipher::Des3.mac(keys.mac.expose(), &Cipher::Des3.pad(&out))?;
    out.extend_from_slice(&mac);
    Ok(out)
}

fn open(keys: &SessionKeys, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChipError> {
    let (sealed, mac) = data.split_at_checked(CRYPTOGRAM).ok_or(ChipError::Malformed)?;
    // EXPOSE: the cipher and the MAC need their keys.
    let right = Cipher::Des3.mac(keys.mac.expose(), &Cipher::Des3.pad(sealed))?;
    if !bool::from(right.as_slice().ct_eq(mac)) {
        return Err(ChipError::Malformed);
    }
    Cipher::Des3.decrypt(keys.encryption.expose(), &ZERO_IV, sealed)
}

fn channel(terminal: &[u8], chip: &[u8], chip_nonce: &[u8], terminal_nonce: &[u8]) -> Result<Channel, ChipError> {
    let seed = Zeroizing::new(terminal.iter().zip(chip).map(|(a, b)| a ^ b).collect::<Vec<_>>());
    let counter = [chip_nonce, terminal_nonce].map(|nonce| nonce.get(NONCE / 2..).unwrap_or_default()).concat();
    Channel::with_counter(SessionKeys::derive(Cipher::Des3, &seed), &counter)
}

#[cfg(test)]
mod tests {
    use eid_crypto::SystemRandom;

    use super::*;
    use crate::{
        apdu::Response,
        kdf::{Access, MrzKey},
        vectors::{self, Scripted, bytes},
    };

    #[test]
    fn worked_example_matches_on_both_sides() -> Result<(), ChipError> {
        let vector = vectors::icao("BAC-D");
        let access = Access::Mrz(MrzKey::parse(vector["mrz_information"].as_str().unwrap())?);
        let keys = || access.bac_keys().unwrap();
        assert_eq!(keys().encryption.expose(), bytes(&vector, "k_enc"));
        assert_eq!(keys().mac.expose(), bytes(&vector, "k_mac"));

        let rng = Scripted::new(&[&bytes(&vector, "rnd_ic"), &bytes(&vector, "k_ic")]);
        let (chip, challenge) = BacChip::start(keys(), &rng)?;
        let own = Scripted::new(&[&bytes(&vector, "rnd_ifd"), &bytes(&vector, "k_ifd")]);
        let (terminal, command) = BacTerminal::start(keys(), &challenge, &own)?;
        assert_eq!(command.data, bytes(&vector, "external_authenticate_cmd_data"));
        let (answer, mut chip) = chip.finish(&command.data, &rng)?;
        assert_eq!(answer, bytes(&vector, "external_authenticate_resp_data"));
        let mut terminal = terminal.finish(&answer)?;

        let first = &vector["secure_messaging"][0];
        let wire = terminal.wrap_command(&Command::parse(&bytes(first, "plain"))?)?;
        assert_eq!(wire, bytes(first, "protected_command"));
        assert_eq!(chip.unwrap_command(&wire)?.encode()?, bytes(first, "plain"));
        assert_eq!(chip.wrap_response(0xA4, &Response::status(0x9000))?, bytes(first, "protected_response"));
        Ok(())
    }

    #[test]
    fn seed_of_a_long_document_number_matches() -> Result<(), ChipError> {
        let vector = vectors::icao("BAC-D2-TD1-long-docno");
        let seed = crate::legacy::sha1(&[vector["mrz_information"].as_str().unwrap().as_bytes()]);
        assert_eq!(seed[..16], bytes(&vector, "k_seed"));
        let keys = Access::Mrz(MrzKey::parse(vector["mrz_information"].as_str().unwrap())?).bac_keys().unwrap();
        assert!(keys.encryption == SessionKeys::derive(Cipher::Des3, &bytes(&vector, "k_seed")).encryption);
        Ok(())
    }

    #[test]
    fn other_keys_and_changed_bytes_are_refused_on_both_sides() -> Result<(), ChipError> {
        let rng = SystemRandom::new();
        let keys = |secret: &[u8]| SessionKeys::derive(Cipher::Des3, secret);
        let (chip, challenge) = BacChip::start(keys(b"right"), &rng)?;
        let (_, command) = BacTerminal::start(keys(b"wrong"), &challenge, &rng)?;
        assert_eq!(chip.finish(&command.data, &rng).err(), Some(ChipError::Malformed));
        for at in 0..40 {
            let (chip, challenge) = BacChip::start(keys(b"right"), &rng)?;
            let (terminal, command) = BacTerminal::start(keys(b"right"), &challenge, &rng)?;
            let (mut answer, _) = chip.finish(&command.data, &rng)?;
            answer[at] ^= 1;
            assert_eq!(terminal.finish(&answer).err(), Some(ChipError::Malformed));
        }
        assert_eq!(BacTerminal::start(keys(b"right"), &[1; 7], &rng).err(), Some(ChipError::Malformed));
        Ok(())
    }
}
