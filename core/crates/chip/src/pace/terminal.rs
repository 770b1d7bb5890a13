use eid_crypto::{Random, SecretBytes};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{CamProof, PaceOutcome, cam_iv, general_authenticate, inside, is_cam, nonce_bytes, pseudo_random, token};
use crate::{
    ChipError, Command, Response,
    access::{Mapping, PaceInfo},
    agreement::{Private, Public},
    kdf::{Access, SessionKeys},
    sm::Channel,
    tlv,
};

/// PACE as the terminal runs it: a command goes out, its answer comes in.
#[derive(Debug)]
pub struct PaceTerminal {
    info: PaceInfo,
    key: SecretBytes,
    state: State,
}

#[derive(Debug)]
enum State {
    /// MSE:Set AT is under way.
    Select,
    Nonce,
    /// Generic mapping: our mapping key went out.
    MapGeneric {
        nonce: Zeroizing<Vec<u8>>,
        private: Private,
    },
    /// Integrated mapping: our nonce went out.
    MapIntegrated {
        generator: Public,
    },
    Agree {
        private: Private,
        public: Public,
        mapping_key: Option<Public>,
    },
    Confirm {
        keys: SessionKeys,
        expected: [u8; 8],
        mapping_key: Option<Public>,
    },
    Over,
}

/// What comes next.
#[derive(Debug)]
pub enum PaceStep {
    /// Send this.
    Send(Command),
    /// The channel is open.
    Done(Box<PaceOutcome>),
}

impl PaceTerminal {
    /// Starts with MSE:Set AT. The parameter id is named only where the protocol does not already say which parameters are
    /// meant: some chips refuse what is not needed.
    pub fn start(info: PaceInfo, access: &Access, ambiguous: bool) -> (Self, Command) {
        let id = if ambiguous { tlv::encode(0x84, &[&[info.domain.id()]]) } else { Vec::new() };
        let data = [tlv::encode(0x80, &[&info.oid()]), tlv::encode(0x83, &[&[access.pace_reference()]]), id].concat();
        let key = access.pace_key(info.cipher);
        (Self { info, key, state: State::Select }, Command::new(0x22, 0xC1, 0xA4).data(&data))
    }

    /// The worked examples of the integrated mapping tell K_π only, not its password.
    #[cfg(test)]
    pub(super) fn set_key(&mut self, key: SecretBytes) {
        self.key = key;
    }

    /// Whether the chip has accepted protocol and password type, so that a refusal now concerns the password.
    pub fn is_selected(&self) -> bool {
        !matches!(self.state, State::Select)
    }

    /// Whether the token went out: a refusal now means that the password is wrong.
    pub fn is_confirming(&self) -> bool {
        matches!(self.state, State::Confirm { .. })
    }

    /// Takes the answer to the last command.
    ///
    /// # Errors
    /// [`ChipError::AccessRefused`] for a refusal (the caller knows at which step, see above), [`ChipError::Malformed`] for
    /// anything that is not an answer to it.
    pub fn feed(&mut self, response: &Response, rng: &dyn Random) -> Result<PaceStep, ChipError> {
        let state = core::mem::replace(&mut self.state, State::Over);
        // 63Cx at the selection warns of few tries; the password is still accepted.
        let warned = matches!(state, State::Select) && response.status & 0xFFF0 == 0x63C0 && response.sw2() != 0xC0;
        if !response.is_ok() && !warned {
            // The place of the refusal stays visible.
            self.state = state;
            return Err(ChipError::AccessRefused);
        }
        let data = response.data.as_slice();
        match state {
            State::Select => Ok(self.go(State::Nonce, &[], false)),
            State::Nonce => self.map(inside(0x80, data)?, rng),
            State::MapGeneric { nonce, private } => {
                let mapping_key = self.info.domain.parse_public(inside(0x82, data)?)?;
                let base = self.info.domain.generator();
                let generator = base.map_generic(&nonce, &mapping_key.derive(&private)?)?;
                self.agree(&generator, is_cam(&self.info).then_some(mapping_key), rng)
            }
            // The standard answers an empty object; some chips answer nothing.
            State::MapIntegrated { generator } if matches!(data, [] | [0x7C, 0] | [0x7C, 2, 0x82, 0]) => {
                self.agree(&generator, None, rng)
            }
            State::MapIntegrated { .. } => Err(ChipError::Malformed),
            State::Agree { private, public, mapping_key } => {
                let theirs = self.info.domain.parse_public(inside(0x84, data)?)?;
                self.confirm(&private, &public, &theirs, mapping_key)
            }
            State::Confirm { keys, expected, mapping_key } => self.finish(data, keys, &expected, mapping_key),
            State::Over => Err(ChipError::OutOfOrder),
        }
    }

    fn go(&mut self, state: State, objects: &[&[u8]], last: bool) -> PaceStep {
        self.state = state;
        PaceStep::Send(general_authenticate(objects, last))
    }

    fn map(&mut self, encrypted: &[u8], rng: &dyn Random) -> Result<PaceStep, ChipError> {
        let PaceInfo { mapping, cipher, domain } = self.info;
        let block = cipher.block_bytes();
        if !(8..=32).contains(&encrypted.len()) || !encrypted.len().is_multiple_of(block) {
            return Err(ChipError::Malformed);
        }
        // EXPOSE: the cipher needs its key.
        let nonce = cipher.decrypt(self.key.expose(), &vec![0; block], encrypted)?;
        if mapping == Mapping::Integrated {
            if nonce.len() != nonce_bytes(cipher) {
                return Err(ChipError::Malformed);
            }
            let mut own = vec![0; cipher.key_bytes()];
            rng.fill(&mut own)?;
            let generator = domain.map_integrated(&pseudo_random(cipher, &nonce, &own, domain.prime_bytes())?)?;
            return Ok(self.go(State::MapIntegrated { generator }, &[&tlv::encode(0x81, &[&own])], false));
        }
        let private = domain.make_private(rng)?;
        let public = domain.generator().derive(&private)?;
        Ok(self.go(State::MapGeneric { nonce, private }, &[&tlv::encode(0x81, &[&public.encode()])], false))
    }

    fn agree(
        &mut self,
        generator: &Public,
        mapping_key: Option<Public>,
        rng: &dyn Random,
    ) -> Result<PaceStep, ChipError> {
        let private = self.info.domain.make_private(rng)?;
        let public = generator.derive(&private)?;
        let object = tlv::encode(0x83, &[&public.encode()]);
        Ok(self.go(State::Agree { private, public, mapping_key }, &[&object], false))
    }

    fn confirm(
        &mut self,
        private: &Private,
        own: &Public,
        theirs: &Public,
        mapping_key: Option<Public>,
    ) -> Result<PaceStep, ChipError> {
        if own == theirs {
            return Err(ChipError::Malformed);
        }
        // EXPOSE: input of the key derivation.
        let keys = SessionKeys::derive(self.info.cipher, theirs.agree(private)?.expose());
        let token_out = token(&self.info, &keys, theirs)?;
        let expected = token(&self.info, &keys, own)?;
        Ok(self.go(State::Confirm { keys, expected, mapping_key }, &[&tlv::encode(0x85, &[&token_out])], true))
    }

    fn finish(
        &self,
        data: &[u8],
        keys: SessionKeys,
        expected: &[u8; 8],
        mapping_key: Option<Public>,
    ) -> Result<PaceStep, ChipError> {
        if !bool::from(inside(0x86, data)?.ct_eq(expected)) {
            return Err(ChipError::Malformed);
        }
        let cam = match mapping_key {
            Some(Public::Ec(mapping_key)) => {
                let sealed = inside(0x8A, data)?;
                // EXPOSE: the cipher needs its key.
                let padded = keys.cipher.decrypt(keys.encryption.expose(), &cam_iv(&keys)?, sealed)?;
                let data = keys.cipher.unpad(&padded)?;
                if data.len() > mapping_key.curve().order_bytes() {
                    return Err(ChipError::Malformed);
                }
                Some(CamProof { data: SecretBytes::new(data.to_vec()), mapping_key })
            }
            _ => None,
        };
        Ok(PaceStep::Done(Box::new(PaceOutcome { channel: Channel::new(keys), cam })))
    }
}
