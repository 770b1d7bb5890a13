//! What a phone read of a card, verified on this side of the wire and compared with the register.
//!
//! Nothing that the phone concluded is used: signer, hashes, the chip's signature and every statement are looked at anew.

use axum::http::StatusCode;
use eid_chip::{
    ChipError, aa,
    cross_check::{Declared, Sources},
    lds::{DataGroup, Dg1, Dg2, Dg13, Dg14, Dg15},
    pa::{Sod, Strength, TrustList, VerifiedSod},
};
use eid_crypto::hash::{sha256, sha256_parts};
use eid_model::{Code, Date, UnixTime};

use crate::{Person, problem::Refusal};

/// Files of a chip as a phone sent them, and the chip's signature over the activation's challenge.
pub(crate) struct CardEvidence {
    pub(crate) sod: Option<Vec<u8>>,
    pub(crate) dg1: Option<Vec<u8>>,
    pub(crate) dg2: Option<Vec<u8>>,
    pub(crate) dg13: Option<Vec<u8>>,
    pub(crate) dg14: Option<Vec<u8>>,
    pub(crate) dg15: Option<Vec<u8>>,
    pub(crate) signature: Vec<u8>,
}

/// What a card says that its state signed and its chip stands for.
pub(crate) struct VerifiedCard {
    dg1: Dg1,
    dg13: Dg13,
}

impl CardEvidence {
    /// By what the same evidence is known again.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let Self { sod, dg1, dg2, dg13, dg14, dg15, signature } = self;
        let files = [sod, dg1, dg2, dg13, dg14, dg15].map(|file| file.as_deref().map_or([0; 32], sha256));
        let parts = files.iter().map(<[u8; 32]>::as_slice).chain([signature.as_slice()]).collect::<Vec<_>>();
        sha256_parts(&parts)
    }

    /// Passive Authentication of every file that an identity card has, then Active Authentication over `challenge`.
    pub(crate) fn verify(
        &self,
        challenge: &[u8; aa::CHALLENGE],
        trust: &TrustList,
        now: UnixTime,
    ) -> Result<VerifiedCard, ChipError> {
        let sod = self.sod.as_deref().ok_or(ChipError::FileRefused)?;
        let sod = Sod::parse(sod)?.verify(trust, now, Strength::Present)?;
        let dg1 = Dg1::parse(signed(&sod, DataGroup::DG1, &self.dg1)?)?;
        let dg13 = Dg13::parse(signed(&sod, DataGroup::DG13, &self.dg13)?)?;
        Dg2::parse(signed(&sod, DataGroup::DG2, &self.dg2)?)?;
        Dg14::parse(signed(&sod, DataGroup::DG14, &self.dg14)?)?;
        let key = Dg15::parse(signed(&sod, DataGroup::DG15, &self.dg15)?)?.public_key;
        sod.check_state(&dg1.mrz)?;
        aa::verify(&key, challenge, &self.signature, None)?;
        Ok(VerifiedCard { dg1, dg13 })
    }
}

/// A file that must be there and be the one that was signed: a chip that hides it is refused as one that has changed it.
fn signed<'a>(sod: &VerifiedSod, group: DataGroup, file: &'a Option<Vec<u8>>) -> Result<&'a [u8], ChipError> {
    let file = file.as_deref().ok_or(ChipError::FileRefused)?;
    sod.check(group, file).map(|()| file)
}

impl VerifiedCard {
    /// Compares the card with what the register says of its holder.
    pub(crate) fn compare(&self, person: &Person, today: Date) -> Result<(), Refusal> {
        let refused = |code| Err(Refusal::new(StatusCode::FORBIDDEN, code));
        if [self.dg1.mrz.pid(), self.dg13.pid()].into_iter().flatten().any(|pid| pid != person.pid) {
            return refused(Code::CARD_NOT_HOLDERS);
        }
        if self.dg13.issued().is_some_and(|issued| issued != person.card.issued) {
            return refused(Code::CARD_WITHDRAWN);
        }
        let declared = Declared {
            pid: person.pid,
            name: Some(person.name.clone()),
            birth: Some(person.birth_date),
            sex: Some(person.sex),
        };
        let sources = Sources {
            dg1: Some(&self.dg1.mrz),
            dg13: Some(&self.dg13),
            declared: Some(&declared),
            ..Sources::default()
        };
        if !sources.compare().is_clean() || self.dg13.expires() != person.card.expires {
            return refused(Code::REGISTER_MISMATCH);
        }
        if person.card.expires.is_some_and(|expires| expires < today) {
            return refused(Code::CARD_EXPIRED);
        }
        Ok(())
    }
}
