//! What a phone read of a card, judged on this side of the wire and compared with the register.
//!
//! Nothing that the phone concluded is used: signer, hashes, the chip's signature and every statement are looked at anew.

use axum::http::StatusCode;
use eid_chip::{
    aa,
    cross_check::Declared,
    judge::{Holder, Objection, Presented},
    pa::TrustList,
    reader::FileId,
};
use eid_crypto::hash::{sha256, sha256_parts};
use eid_model::{Code, UnixTime};

use crate::{
    citizen::{CardState, Citizen},
    problem::Refusal,
};

/// Files of a chip as a phone sent them, and the chip's signature over the activation's challenge.
pub(crate) struct CardEvidence {
    pub(crate) files: Vec<(FileId, Vec<u8>)>,
    pub(crate) signature: Vec<u8>,
}

impl CardEvidence {
    /// By what the same evidence is known again.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let file = |(id, bytes): &(FileId, Vec<u8>)| [id.id().to_be_bytes().as_slice(), &sha256(bytes)].concat();
        let files = self.files.iter().flat_map(file).collect::<Vec<_>>();
        sha256_parts(&[&files, &self.signature])
    }

    /// Passive Authentication of every file that an identity card has, Active Authentication over `challenge`, and that the
    /// card is the one that the register knows as this person's. Gives the picture file of DG2.
    pub(crate) fn check(
        &self,
        challenge: [u8; aa::CHALLENGE],
        trust: &TrustList,
        citizen: &Citizen,
        now: UnixTime,
    ) -> Result<Vec<u8>, Refusal> {
        let person = &citizen.person;
        let files = self.files.iter().map(|(id, bytes)| (*id, bytes.as_slice())).collect();
        let card = Presented::sent(files, challenge, &self.signature);
        card.judge(trust, now).accept()?;
        let asked = Declared {
            pid: person.pid,
            name: Some(person.name.clone()),
            birth: Some(person.birth_date),
            sex: Some(person.sex),
        };
        let today = now.date_in_vietnam().map_err(|_| Refusal::fault())?;
        let holder = card.identify(&asked, today)?;
        compare(&holder, citizen, now)?;
        Ok(holder.face.bytes.to_vec())
    }
}

/// That it is the card that the register has as valid: not the one before, and with the same last day.
fn compare(card: &Holder<'_>, citizen: &Citizen, now: UnixTime) -> Result<(), Refusal> {
    let register = &citizen.person.card;
    let code = if card.data.issued() != Some(register.issued) || citizen.card == CardState::Withdrawn {
        Code::CARD_WITHDRAWN
    } else if card.data.expires() != register.expires {
        Code::REGISTER_MISMATCH
    } else if citizen.card_has_expired(now) {
        Code::CARD_EXPIRED
    } else {
        return Ok(());
    };
    Err(Refusal::new(StatusCode::FORBIDDEN, code))
}

impl From<Objection> for Refusal {
    fn from(objection: Objection) -> Self {
        let code = match objection {
            Objection::Chip(error) => return error.into(),
            Objection::OtherPerson => Code::CARD_NOT_HOLDERS,
            Objection::Contradiction(_) => Code::CHIP_FILES_DISAGREE,
            Objection::Declared(_) => Code::REGISTER_MISMATCH,
            Objection::Expired => Code::CARD_EXPIRED,
        };
        Self::new(StatusCode::FORBIDDEN, code)
    }
}
