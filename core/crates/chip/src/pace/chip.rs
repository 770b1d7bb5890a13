use eid_crypto::{Random, SecretBytes};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{DYNAMIC, cam_iv, inside, is_cam, nonce_bytes, pseudo_random, token};
use crate::{
    ChipError,
    access::{Mapping, PaceInfo},
    agreement::{Private, Public},
    kdf::SessionKeys,
    sm::Channel,
    tlv,
};

/// PACE as the chip runs it: the data of each GENERAL AUTHENTICATE comes in, the data of its answer goes out.
#[derive(Debug)]
pub struct PaceChip {
    info: PaceInfo,
    key: SecretBytes,
    /// The static key of chip authentication mapping.
    static_key: Option<Private>,
    state: State,
}

#[derive(Debug)]
enum State {
    Start,
    Map { nonce: Zeroizing<Vec<u8>> },
    Agree { generator: Public, mapping: Option<Private> },
    Confirm { keys: SessionKeys, answer: [u8; 8], expected: [u8; 8], mapping: Option<Private> },
    Done(Channel),
    Over,
}

impl PaceChip {
    /// A chip that was asked for this protocol and password: K_π as [`crate::Access::pace_key`] gives it.
    pub fn new(info: PaceInfo, key: SecretBytes, static_key: Option<Private>) -> Self {
        Self { info, key, static_key, state: State::Start }
    }

    /// Answers one GENERAL AUTHENTICATE.
    ///
    /// # Errors
    /// [`ChipError::AccessRefused`] when the terminal does not know the password (`6300`); [`ChipError::Malformed`] for
    /// anything else.
    pub fn respond(&mut self, data: &[u8], rng: &dyn Random) -> Result<Vec<u8>, ChipError> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Start => self.nonce(rng),
            State::Map { nonce } => self.map(&nonce, inside(0x81, data)?, rng),
            State::Agree { generator, mapping } => {
                let theirs = self.info.domain.parse_public(inside(0x83, data)?)?;
                self.agree(&generator, &theirs, mapping, rng)
            }
            State::Confirm { keys, answer, expected, mapping } => {
                if !bool::from(inside(0x85, data)?.ct_eq(&expected)) {
                    return Err(ChipError::AccessRefused);
                }
                self.confirm(keys, &answer, mapping)
            }
            State::Done(_) | State::Over => Err(ChipError::OutOfOrder),
        }
    }

    /// The secured channel, once the last answer was given.
    pub fn into_channel(self) -> Option<Channel> {
        match self.state {
            State::Done(channel) => Some(channel),
            _ => None,
        }
    }

    fn nonce(&mut self, rng: &dyn Random) -> Result<Vec<u8>, ChipError> {
        let cipher = self.info.cipher;
        let mut nonce = Zeroizing::new(vec![0; nonce_bytes(cipher)]);
        rng.fill(&mut nonce)?;
        // EXPOSE: the cipher needs its key.
        let sealed = cipher.encrypt(self.key.expose(), &vec![0; cipher.block_bytes()], &nonce)?;
        self.state = State::Map { nonce };
        Ok(answer(&[&tlv::encode(0x80, &[&sealed])]))
    }

    fn map(&mut self, nonce: &[u8], object: &[u8], rng: &dyn Random) -> Result<Vec<u8>, ChipError> {
        let PaceInfo { mapping, cipher, domain } = self.info;
        if mapping == Mapping::Integrated {
            let generator = domain.map_integrated(&pseudo_random(cipher, nonce, object, domain.prime_bytes())?)?;
            self.state = State::Agree { generator, mapping: None };
            return Ok(answer(&[&tlv::encode(0x82, &[])]));
        }
        let private = domain.make_private(rng)?;
        let public = domain.generator().derive(&private)?;
        let shared = domain.parse_public(object)?.derive(&private)?;
        let generator = domain.generator().map_generic(nonce, &shared)?;
        self.state = State::Agree { generator, mapping: is_cam(&self.info).then_some(private) };
        Ok(answer(&[&tlv::encode(0x82, &[&public.encode()])]))
    }

    fn agree(
        &mut self,
        generator: &Public,
        theirs: &Public,
        mapping: Option<Private>,
        rng: &dyn Random,
    ) -> Result<Vec<u8>, ChipError> {
        let private = self.info.domain.make_private(rng)?;
        let public = generator.derive(&private)?;
        // EXPOSE: input of the key derivation.
        let keys = SessionKeys::derive(self.info.cipher, theirs.agree(&private)?.expose());
        let (own, expected) = (token(&self.info, &keys, theirs)?, token(&self.info, &keys, &public)?);
        self.state = State::Confirm { keys, answer: own, expected, mapping };
        Ok(answer(&[&tlv::encode(0x84, &[&public.encode()])]))
    }

    fn confirm(&mut self, keys: SessionKeys, token: &[u8; 8], mapping: Option<Private>) -> Result<Vec<u8>, ChipError> {
        let mut objects = tlv::encode(0x86, &[token]);
        if let Some(mapping) = mapping {
            let (Private::Ec(mapping), Some(Private::Ec(static_key))) = (&mapping, &self.static_key) else {
                return Err(ChipError::Malformed);
            };
            // EXPOSE: what the chip proves itself with goes out encrypted.
            let data = keys.cipher.pad(mapping.divide(static_key)?.expose());
            let sealed = keys.cipher.encrypt(keys.encryption.expose(), &cam_iv(&keys)?, &data)?;
            objects.extend(tlv::encode(0x8A, &[&sealed]));
        }
        self.state = State::Done(Channel::new(keys));
        Ok(answer(&[&objects]))
    }
}

fn answer(objects: &[&[u8]]) -> Vec<u8> {
    tlv::encode(DYNAMIC, objects)
}
