//! Personalisation: from a [`CardFile`] to the files and keys of a chip.

use std::{collections::BTreeMap, sync::Arc};

use eid_chip::{
    Access, CCCD_CARD_ACCESS, Can, ChipError, Domain, Hash, Private, PublicKey, RsaKey,
    curve::Curve,
    lds::{Com, DataGroup, Dg1, Dg2, Dg13, Dg13Field, Dg13Value, Dg15, SecurityObject},
    mrz::MrzDraft,
    pa::{CertificateDraft, CertificateUse, Issuer, Sod, sign_revocation_list},
    tlv::{self, encode},
};
use eid_crypto::{Random, SecretBytes};
use eid_model::{PartialDate, Sex, UnixTime};

use super::{CardFile, Cloned, Holder, Quirks};
use crate::portraits;

/// The certificate of the sandbox's state, for a [`TrustList`](eid_chip::pa::TrustList). Its key is public on purpose, so
/// whoever trusts it says so on the screen.
pub const SANDBOX_CSCA: &[u8] = include_bytes!("../../keys/sandbox-csca.der");

const STATE_KEY: &str = include_str!("../../keys/sandbox-csca.NOT-SECRET.hex");
/// Modulus and private exponent.
const CARD_KEY: &str = include_str!("../../keys/sandbox-card.NOT-SECRET.hex");
const STATE_NAME: &str = "Sandbox CSCA, not an authority";
const DAY: i64 = 86_400;
/// Serial numbers of document signers' certificates: one in use, one that was taken back.
const SIGNER: u32 = 2;
const REVOKED_SIGNER: u32 = 3;
/// When the revocation list was made: 1 January 2026.
pub(crate) const REVOKED_AT: UnixTime = UnixTime::from_seconds(1_767_225_600);
/// The curve of the card's PACE and Chip Authentication.
pub(super) const DOMAIN: Domain = Domain::Ec(Curve::Bp256);

/// A personalised card; any number of [`Card`](super::Card)s can be played with it.
#[derive(Debug, Clone)]
pub struct MadeCard {
    pub(super) quirks: Quirks,
    pub(super) content: Arc<Content>,
}

/// Files and keys.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) card_access: Vec<u8>,
    pub(super) files: BTreeMap<u16, Vec<u8>>,
    pub(super) can: Access,
    pub(super) mrz: Access,
    /// What Chip Authentication is answered with.
    pub(super) agreement_key: SecretBytes,
    pub(super) modulus: Vec<u8>,
    /// What messages are raised to.
    pub(super) exponent: SecretBytes,
}

impl MadeCard {
    /// The content of a file of the application.
    pub fn file(&self, id: u16) -> Option<&[u8]> {
        self.content.files.get(&id).map(Vec::as_slice)
    }

    /// How the card differs from a well-behaved, genuine one.
    pub fn quirks(&self) -> &Quirks {
        &self.quirks
    }

    /// The same card, with the same files and keys, and other manners.
    #[must_use]
    pub fn with_manners(&self, manners: impl FnOnce(&mut Quirks)) -> Self {
        let mut card = self.clone();
        manners(&mut card.quirks);
        card
    }
}

/// Makes the chip of an invented holder's card. Its certificates are valid around `now`.
///
/// # Errors
/// [`ChipError::Crypto`]; [`ChipError::MrzMalformed`] for a name that has no form in the machine-readable zone.
pub fn personalise(card: &CardFile, now: UnixTime, rng: &dyn Random) -> Result<MadeCard, ChipError> {
    let CardFile { holder, portrait, face_bytes, quirks } = card;
    let mrz = MrzDraft {
        pid: holder.number,
        name: holder.name.clone(),
        birth: holder.birth,
        sex: holder.sex,
        expiry: holder.expires,
    }
    .make_card()?;
    let secret = make_scalar(rng)?;
    let own = make_scalar(rng)?;
    let (modulus, exponent) = card_key()?;
    let public = PublicKey::Rsa(RsaKey::new(&modulus, &[1, 0, 1])?);
    let groups = [
        (DataGroup::DG1, Dg1::encode(&mrz)),
        (DataGroup::DG2, Dg2::encode(&face(*portrait, *face_bytes), 360, 480)),
        (DataGroup::new(3).ok_or(ChipError::Malformed)?, encode(0x63, &[&eid_crypto::random::<32>(rng)?])),
        (DataGroup::DG13, dg13(holder).encode()),
        (DataGroup::DG14, dg14(&DOMAIN.parse_private(&secret)?)?),
        (DataGroup::DG15, Dg15 { public_key: public }.encode()?),
    ];
    let com = Com {
        lds_version: *b"0107",
        unicode_version: *b"040000",
        groups: groups.iter().map(|(group, _)| *group).collect(),
    };
    let mut files = BTreeMap::from([(0x011E, com.encode()), (0x011D, sod(&groups, quirks, now, rng)?)]);
    files.extend(groups.into_iter().map(|(group, bytes)| (0x0100 | u16::from(group.number()), bytes)));
    if quirks.cloned == Some(Cloned::HidesKeys) {
        files.retain(|id, _| !matches!(id, 0x010E | 0x010F));
    }
    let cloned = quirks.cloned.is_some();
    let content = Content {
        card_access: CCCD_CARD_ACCESS.to_vec(),
        files,
        can: Access::Can(Can::parse(holder.number.as_str().get(6..).unwrap_or_default())?),
        mrz: Access::Mrz(mrz.key()?),
        agreement_key: SecretBytes::new(if cloned { own } else { secret }),
        modulus,
        exponent: SecretBytes::new(if cloned { vec![3] } else { exponent }),
    };
    Ok(MadeCard { quirks: quirks.clone(), content: Arc::new(content) })
}

/// A private key of the card's curve, as bytes: a card opens many channels with it.
fn make_scalar(rng: &dyn Random) -> Result<Vec<u8>, ChipError> {
    // Each try fails with less than one half.
    for _ in 0..128 {
        let bytes = eid_crypto::random::<32>(rng)?;
        if DOMAIN.parse_private(&bytes).is_ok() {
            return Ok(bytes.to_vec());
        }
    }
    Err(ChipError::Crypto(eid_crypto::CryptoError::RandomUnavailable))
}

/// The key that all simulated cards sign challenges with: making one takes too long for a test.
fn card_key() -> Result<(Vec<u8>, Vec<u8>), ChipError> {
    let (modulus, exponent) = CARD_KEY.trim().split_once('\n').ok_or(ChipError::Malformed)?;
    Ok((unhex(modulus), unhex(exponent)))
}

/// The drawn face, made longer by comment segments behind the picture's first marker.
fn face(portrait: Option<u8>, bytes: Option<usize>) -> Vec<u8> {
    let face = portraits::large(portrait.unwrap_or(2));
    let missing = bytes.unwrap_or_default().saturating_sub(face.len());
    let comments = vec![b' '; missing.saturating_sub(4 * missing.div_ceil(65_000))];
    let segment = |text: &[u8]| {
        let length = u16::try_from(text.len() + 2).unwrap_or(2).to_be_bytes();
        [[0xFF, 0xFE].as_slice(), &length, text].concat()
    };
    let (start, rest) = face.split_at_checked(2).unwrap_or_default();
    [start, &comments.chunks(65_000).flat_map(segment).collect::<Vec<_>>(), rest].concat()
}

fn dg13(holder: &Holder) -> Dg13 {
    use Dg13Field as F;
    let text = |text: &str| Dg13Value::Text(text.to_owned());
    let day = |date: PartialDate| Dg13Value::Text(date.card_form());
    let optional = |field, value: &Option<String>, make: fn(String) -> Dg13Value| {
        (field, value.clone().map_or(Dg13Value::Empty, make))
    };
    let sex = match holder.sex {
        Sex::Male => "Nam",
        Sex::Female => "Nữ",
    };
    Dg13::from_fields([
        (F::PersonalNumber, text(holder.number.as_str())),
        (F::FullName, text(holder.name.as_str())),
        (F::BirthDate, day(holder.birth)),
        (F::Sex, text(sex)),
        (F::Nationality, text("Việt Nam")),
        (F::Ethnicity, text(&holder.ethnicity)),
        (F::Religion, text(&holder.religion)),
        (F::PlaceOfOrigin, text(&holder.origin)),
        (F::Residence, text(&holder.residence)),
        (F::IdentifyingMarks, text(&holder.marks)),
        (F::IssueDate, day(holder.issued.into())),
        (F::ExpiryDate, holder.expires.map_or_else(|| text("Không thời hạn"), |expires| day(expires.into()))),
        (F::Parents, Dg13Value::Texts(vec![holder.father.clone(), holder.mother.clone()])),
        optional(F::Spouse, &holder.spouse, |name| Dg13Value::Texts(vec![name])),
        optional(F::OldNumber, &holder.old_number, Dg13Value::Text),
        (F::ChipNumber, text(&holder.chip_number)),
    ])
}

/// The infos of EF.CardAccess, signed, and the key of Chip Authentication with its curve spelt out.
fn dg14(key: &Private) -> Result<Vec<u8>, ChipError> {
    /// `id-PK-ECDH`.
    const KEY_ECDH: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x01, 0x02];
    let public = PublicKey::Agreement(DOMAIN.generator().derive(key)?).encode()?;
    let key = encode(tlv::SEQUENCE, &[&encode(tlv::OID, &[KEY_ECDH]), &public]);
    let infos = tlv::Tlv::expect(tlv::SET, CCCD_CARD_ACCESS)?;
    Ok(encode(DataGroup::DG14.tag(), &[&encode(tlv::SET, &[infos, &key])]))
}

fn sod(
    groups: &[(DataGroup, Vec<u8>)],
    quirks: &Quirks,
    now: UnixTime,
    rng: &dyn Random,
) -> Result<Vec<u8>, ChipError> {
    let state = if quirks.wrong_csca { Issuer::make(Curve::Bp512, Hash::Sha512, rng)? } else { state()? };
    let signer = Issuer::make(Curve::Bp384, Hash::Sha256, rng)?;
    let days = |days: i64| now.checked_add(days * DAY).ok_or(ChipError::Malformed);
    let certificate = CertificateDraft {
        serial: if quirks.revoked_dsc { REVOKED_SIGNER } else { SIGNER },
        issuer: STATE_NAME,
        subject: "Sandbox document signer, not an authority",
        country: "VN",
        not_before: days(-400)?,
        not_after: days(if quirks.expired_dsc { -1 } else { 3_650 })?,
        usage: CertificateUse::DocumentSigner,
        public_key: signer.public(),
    }
    .sign(&state, rng)?;
    let files = groups.iter().map(|(group, bytes)| (*group, bytes.as_slice())).collect::<Vec<_>>();
    let mut object = SecurityObject::over(Hash::Sha256, &files, None);
    let wrong = object.hashes.iter_mut().find(|(group, _)| Some(group.number()) == quirks.wrong_hash);
    if let Some(byte) = wrong.and_then(|(_, hash)| hash.last_mut()) {
        *byte ^= 1;
    }
    Sod::sign(&object, &certificate, &signer, rng)
}

/// The key of the sandbox's state.
fn state() -> Result<Issuer, ChipError> {
    Issuer::parse(Curve::Bp512, Hash::Sha512, &unhex(STATE_KEY))
}

/// The revocation list of the sandbox's state in DER: it names the signer of cards with the quirk `revoked_dsc`.
///
/// # Errors
/// [`ChipError::Crypto`].
pub fn revocation_list(rng: &dyn Random) -> Result<Vec<u8>, ChipError> {
    sign_revocation_list(("VN", STATE_NAME), &[REVOKED_SIGNER], REVOKED_AT, &state()?, rng)
}

/// The bytes of one of the sandbox's own hexadecimal files.
fn unhex(hex: &str) -> Vec<u8> {
    let digits = hex.chars().filter_map(|digit| digit.to_digit(16)).collect::<Vec<_>>();
    digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | u8::try_from(*digit).unwrap_or(0)))
        .collect()
}
