//! The card's side of access and authentication.

use eid_chip::{
    CCCD_CARD_ACCESS, ChipError, Cipher, Command, Hash, PaceInfo, Response, SecurityInfos, aa, ca,
    protocol::{BacChip, PaceChip, private_power},
    tlv::{self, Tlv},
};

use eid_crypto::Random;

use super::{
    Card, Cloned, MadeCard, PaceRefusal,
    chip::{Outcome, status},
    make::DOMAIN,
};

/// The challenge whose signature a chip with recorded answers repeats.
const RECORDED_CHALLENGE: &[u8; aa::CHALLENGE] = b"recorded";

impl Card {
    /// MSE:Set AT for PACE: protocol, password and, if given, parameters.
    pub(super) fn select_pace(&mut self, data: &[u8]) -> Outcome {
        self.session.pace = None;
        let Some(info) = own_pace() else { return status::UNKNOWN.into() };
        let Ok(objects) = tlv::objects(data).collect::<Result<Vec<_>, _>>() else { return status::WRONG_DATA.into() };
        let find = |tag: u32| objects.iter().find(|object| object.tag == tag).map(|object| object.value);
        let other_parameters = find(0x84).is_some_and(|id| id != [info.domain.id()]);
        let refused = self.made.quirks.pace_refused == Some(PaceRefusal::Select);
        if refused || find(0x80) != Some(info.oid().as_slice()) || other_parameters {
            return status::WRONG_DATA.into();
        }
        let access = match find(0x83) {
            Some([1]) => &self.made.content.mrz,
            Some([2]) => &self.made.content.can,
            _ => return status::NO_SUCH_KEY.into(),
        };
        let key = access.pace_key(info.cipher);
        self.session.pace = Some(PaceChip::new(info, key, None));
        status::OK.into()
    }

    /// GENERAL AUTHENTICATE of PACE; the last one is not chained.
    pub(super) fn step_pace(&mut self, command: &Command) -> Outcome {
        let Some(mut pace) = self.session.pace.take() else { return status::OUT_OF_ORDER.into() };
        if self.made.quirks.pace_refused == Some(PaceRefusal::Nonce) {
            return status::NOT_ALLOWED.into();
        }
        match pace.respond(&command.data, &*self.rng) {
            Ok(answer) if command.cla & 0x10 != 0 => {
                self.session.pace = Some(pace);
                Outcome::Answer(Response::ok(answer))
            }
            Ok(answer) => match pace.into_channel() {
                Some(channel) => {
                    self.session.channel = Some(channel);
                    Outcome::Answer(Response::ok(answer))
                }
                None => status::OUT_OF_ORDER.into(),
            },
            Err(ChipError::AccessRefused) => status::NOT_VERIFIED.into(),
            Err(_) => status::WRONG_DATA.into(),
        }
    }

    /// GET CHALLENGE of Basic Access Control.
    pub(super) fn challenge(&mut self) -> Outcome {
        let started = self.made.content.mrz.bac_keys().map(|keys| BacChip::start(keys, &*self.rng));
        match started {
            Some(Ok((bac, challenge))) if self.session.application => {
                self.session.bac = Some(bac);
                Outcome::Answer(Response::ok(challenge))
            }
            _ => status::OUT_OF_ORDER.into(),
        }
    }

    /// EXTERNAL AUTHENTICATE of Basic Access Control.
    pub(super) fn authenticate_mutually(&mut self, data: &[u8]) -> Outcome {
        match self.session.bac.take().map(|bac| bac.finish(data, &*self.rng)) {
            Some(Ok((answer, channel))) => {
                self.session.channel = Some(channel);
                Outcome::Answer(Response::ok(answer))
            }
            Some(Err(_)) => status::NOT_VERIFIED.into(),
            None => status::OUT_OF_ORDER.into(),
        }
    }

    /// MSE:Set AT for Chip Authentication: the protocol; the only key has no identifier.
    pub(super) fn select_chip_authentication(&mut self, data: &[u8]) -> Outcome {
        let Ok(objects) = tlv::objects(data).collect::<Result<Vec<_>, _>>() else { return status::WRONG_DATA.into() };
        let known = own_infos().is_some_and(|infos| {
            let oid = infos.chip_authentication.first().map(|info| info.oid());
            objects.iter().any(|object| object.tag == 0x80 && Some(object.value) == oid.as_deref())
        });
        if self.made.quirks.cloned == Some(Cloned::RefusesChipAuthentication) || !known || !self.session.application {
            return status::WRONG_DATA.into();
        }
        if objects.iter().any(|object| object.tag == 0x84) {
            return status::NO_SUCH_KEY.into();
        }
        self.session.agreeing = true;
        status::OK.into()
    }

    /// GENERAL AUTHENTICATE of Chip Authentication: the terminal's key. The answer still goes out under the old keys.
    pub(super) fn agree(&mut self, data: &[u8]) -> Outcome {
        if !core::mem::take(&mut self.session.agreeing) {
            return status::OUT_OF_ORDER.into();
        }
        let theirs = Tlv::expect(0x7C, data).and_then(|inside| DOMAIN.parse_public(Tlv::expect(0x80, inside)?));
        // EXPOSE: the agreement needs the key's digits.
        let own = DOMAIN.parse_private(self.made.content.agreement_key.expose());
        match own.and_then(|own| ca::chip_channel(Cipher::Aes128, &own, &theirs?)) {
            Ok(channel) => {
                self.session.next_channel = Some(channel);
                Outcome::Answer(Response::ok(vec![0x7C, 0]))
            }
            Err(_) => status::WRONG_DATA.into(),
        }
    }

    /// INTERNAL AUTHENTICATE: ISO/IEC 9796-2 with SHA-256 and a message of the chip's own.
    pub(super) fn sign(&mut self, challenge: &[u8]) -> Outcome {
        if challenge.len() != aa::CHALLENGE {
            return status::WRONG_LENGTH.into();
        }
        if !self.session.application {
            return status::NOT_FOUND.into();
        }
        let signature = self.made.sign(challenge, &*self.rng);
        signature.map_or(status::OUT_OF_ORDER.into(), |signature| Outcome::Answer(Response::ok(signature)))
    }
}

impl MadeCard {
    /// What the chip answers to the challenge of Active Authentication.
    ///
    /// # Errors
    /// [`ChipError::Crypto`].
    pub fn sign(&self, challenge: &[u8], rng: &dyn Random) -> Result<Vec<u8>, ChipError> {
        let challenge = if self.quirks.replayed_aa { RECORDED_CHALLENGE } else { challenge };
        let content = &self.content;
        let filler = eid_crypto::random::<256>(rng)?;
        let message = aa::message(Hash::Sha256, content.modulus.len(), &filler, challenge)?;
        // EXPOSE: the signature is computed from the key.
        private_power(&content.modulus, content.exponent.expose(), &message)
    }
}

/// What EF.CardAccess says.
fn own_infos() -> Option<SecurityInfos> {
    SecurityInfos::parse(CCCD_CARD_ACCESS).ok()
}

fn own_pace() -> Option<PaceInfo> {
    own_infos()?.pace.into_iter().next()
}
