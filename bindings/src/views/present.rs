//! Views and drafts of a proof.

use eid_core::PresentRequest;
use eid_model::Code;
use eid_proof::{Audience, Claim, Proof, ProofError, QrSymbol, Spelling};

use super::{count, redacted};
use crate::EidError;

/// Most claims in a draft; there are fewer.
const MAX_CLAIMS: usize = 32;

redacted!(PresentDraft, ProofView, QrView);

/// What a credential is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Purpose {
    /// Age over 18, and nothing else.
    Age,
    /// Full identity (danh tính).
    Id,
    /// Health insurance (bảo hiểm y tế).
    Health,
    /// Any claims that the holder chooses.
    Flex,
    /// Residence (nơi cư trú).
    Residence,
    /// Driving licence (giấy phép lái xe).
    DrivingLicence,
    /// Check-in at a hospital.
    HospitalCheckIn,
    /// Check-in for a domestic flight.
    FlightCheckIn,
}

impl From<eid_proof::Purpose> for Purpose {
    fn from(purpose: eid_proof::Purpose) -> Self {
        use eid_proof::Purpose as P;
        match purpose {
            P::Age => Self::Age,
            P::Id => Self::Id,
            P::Health => Self::Health,
            P::Flex => Self::Flex,
            P::Residence => Self::Residence,
            P::DrivingLicence => Self::DrivingLicence,
            P::HospitalCheckIn => Self::HospitalCheckIn,
            P::FlightCheckIn => Self::FlightCheckIn,
        }
    }
}

impl From<Purpose> for eid_proof::Purpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Age => Self::Age,
            Purpose::Id => Self::Id,
            Purpose::Health => Self::Health,
            Purpose::Flex => Self::Flex,
            Purpose::Residence => Self::Residence,
            Purpose::DrivingLicence => Self::DrivingLicence,
            Purpose::HospitalCheckIn => Self::HospitalCheckIn,
            Purpose::FlightCheckIn => Self::FlightCheckIn,
        }
    }
}

/// What the citizen chose to show, after seeing who asks and what for.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct PresentDraft {
    /// What for.
    pub purpose: Purpose,
    /// The counter's identifier, `rp/…`; none shows it to anyone.
    #[uniffi(default = None)]
    pub counter: Option<String>,
    /// The counter's challenge, 8 to 32 bytes, if its code was scanned.
    #[uniffi(default = None)]
    pub challenge: Option<Vec<u8>>,
    /// Show the photo.
    #[uniffi(default = false)]
    pub photo: bool,
    /// Which claims to show, by name, for [`Purpose::Flex`] only.
    #[uniffi(default = [])]
    pub claims: Vec<String>,
    /// Take a credential that was shown before if no unused one is left: two counters could then tell that it was the same
    /// person.
    #[uniffi(default = false)]
    pub allow_reuse: bool,
}

impl TryFrom<PresentDraft> for PresentRequest {
    type Error = EidError;

    fn try_from(draft: PresentDraft) -> Result<Self, EidError> {
        let PresentDraft { purpose, counter, challenge, photo, claims, allow_reuse } = draft;
        Ok(Self {
            purpose: purpose.into(),
            audience: counter.map_or(Audience::Anyone, Audience::Counter),
            challenge,
            photo,
            claims: claims_named(&claims)?,
            allow_reuse,
        })
    }
}

/// The claims with these names.
pub(crate) fn claims_named(names: &[String]) -> Result<Vec<Claim>, EidError> {
    let known = names.iter().take(MAX_CLAIMS + 1).map(|name| Claim::from_name(name)).collect::<Option<Vec<_>>>();
    known.filter(|claims| claims.len() <= MAX_CLAIMS).ok_or(EidError::of(Code::CLAIM_INVALID))
}

/// A signed proof, ready for the screen.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ProofView {
    /// The text of the code.
    pub text: String,
    /// When it ends: seconds since 1970. Sign again before.
    pub expires_at: i64,
    /// The code itself.
    pub qr: QrView,
}

impl ProofView {
    pub(crate) fn new(proof: &Proof, spelling: Spelling) -> Result<Self, EidError> {
        let text = proof.text(spelling);
        let symbol = QrSymbol::encode(&text).map_err(|error: ProofError| EidError::of(error.code()))?;
        Ok(Self { expires_at: proof.expires_at().seconds(), qr: QrView::from(&symbol), text })
    }
}

/// A QR symbol without its quiet zone, which is four modules on each side.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct QrView {
    /// The version, 1 to 25.
    pub version: u32,
    /// Modules on each side.
    pub side: u32,
    /// One bit for each module, 1 is dark: row by row without padding between rows, the first module in the highest bit.
    pub modules: Vec<u8>,
}

impl From<&QrSymbol> for QrView {
    fn from(symbol: &QrSymbol) -> Self {
        let side = symbol.side();
        let dark: Vec<bool> = (0..side * side).map(|at| symbol.is_dark(at % side, at / side)).collect();
        let weigh = |(dark, weight): (&bool, u8)| if *dark { weight } else { 0 };
        let byte = |bits: &[bool]| bits.iter().zip([128, 64, 32, 16, 8, 4, 2, 1]).map(weigh).sum();
        let modules = dark.chunks(8).map(byte).collect();
        Self { version: symbol.version().into(), side: count(side), modules }
    }
}
