use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{Random, SigningKey, VerifyingKey, random};
use eid_model::UnixTime;

use crate::{
    Claim, Claims, ProofError, Purpose,
    cbor::Writer,
    claim,
    cose::{self, Typ},
    disclosure, labels,
    time::to_secs,
    token,
};

/// Where the status of a token will be found: an entry of a status list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReference {
    /// The entry; random for each token, so that neighbours do not belong together.
    pub index: u32,
    /// The list's address. Short: it is part of every QR code.
    pub uri: String,
}

/// What an issuer puts into one one-time token.
#[derive(Debug)]
pub struct TokenDraft<'a> {
    /// What the token is for; decides which of the claims it carries.
    pub purpose: Purpose,
    /// The issuer's name, as in the trust list. Short: it is part of every QR code.
    pub issuer: &'a str,
    /// Everything that the issuer knows of the holder.
    pub claims: &'a Claims,
    /// The holder's key for this token alone, made in the phone's key hardware.
    pub holder_key: &'a VerifyingKey,
    /// Now. Rounded down to the day, so that the tokens of a batch cannot be told apart by it.
    pub issued_at: UnixTime,
    /// Life in days: 14 as a rule, at most 31.
    pub valid_days: u16,
    /// The entry of a status list.
    pub status: Option<StatusReference>,
}

/// Issues a token: what the platform's credential endpoint hands out.
///
/// In a purpose token the photo alone is redacted, as an array element, so that ordinary claim-169 readers still read the
/// rest; in a flex token every claim is.
///
/// # Errors
/// [`ProofError::ClaimInvalid`] if a claim of the purpose is absent, [`ProofError::DraftInvalid`] for a life, name or address
/// beyond the format's limits, [`ProofError::Crypto`] when signing or randomness fails.
pub fn issue_token(draft: &TokenDraft<'_>, key: &SigningKey, rng: &dyn Random) -> Result<Vec<u8>, ProofError> {
    let (identity, disclosures) = identity_data(draft, rng)?;
    let payload = payload(draft, &identity, rng)?;
    let header = disclosure::write_header(disclosures.iter().map(Vec::as_slice));
    let token = cose::sign(key, Typ::Number(labels::TYP_SD_CWT), &header, &payload)?;
    // What we issue must pass our own parser, limits included.
    token::IssuerToken::parse(&token).map_err(|_| ProofError::DraftInvalid)?;
    Ok(token)
}

fn payload(draft: &TokenDraft<'_>, identity: &[u8], rng: &dyn Random) -> Result<Vec<u8>, ProofError> {
    let day = to_secs(draft.issued_at).map(|now| now - now % 86_400).ok_or(ProofError::DraftInvalid)?;
    let expires = u32::from(draft.valid_days).checked_mul(86_400).and_then(|life| day.checked_add(life));
    let subject = URL_SAFE_NO_PAD.encode(random::<8>(rng)?);
    let mut writer = Writer::new();
    writer.map(if draft.status.is_some() { 8 } else { 7 });
    writer.int(labels::ISS).text(draft.issuer).int(labels::SUB).text(&subject);
    writer.int(labels::EXP).int(expires.ok_or(ProofError::DraftInvalid)?.into()).int(labels::IAT).int(day.into());
    writer.int(labels::CNF).map(1).int(labels::CNF_COSE_KEY);
    cose::write_key(&mut writer, draft.holder_key);
    writer.int(labels::VCT).int(draft.purpose.vct().into()).int(labels::IDENTITY_DATA).raw(identity);
    if let Some(status) = &draft.status {
        writer.int(labels::STATUS).map(1).text("status_list").map(2);
        writer.text("idx").int(status.index.into()).text("uri").text(&status.uri);
    }
    Ok(writer.finish())
}

/// The encoded identity data and the encoded disclosures.
fn identity_data(draft: &TokenDraft<'_>, rng: &dyn Random) -> Result<(Vec<u8>, Vec<Vec<u8>>), ProofError> {
    let flex = draft.purpose == Purpose::Flex;
    if let Some(missing) = draft.purpose.claims().iter().find(|claim| draft.claims.get(**claim).is_none()) {
        return Err(ProofError::ClaimInvalid(*missing));
    }
    let carried = |claim: Claim| flex || claim == Claim::Face || draft.purpose.claims().contains(&claim);
    let (mut open, mut hidden, mut face_hash, mut disclosures) = (Vec::new(), Vec::new(), None, Vec::new());
    for (claim, value) in draft.claims.iter().filter(|(claim, _)| carried(*claim)) {
        if !flex && claim != Claim::Face {
            open.push((claim, value));
            continue;
        }
        let disclosure = disclosure::encode(&random(rng)?, claim, value);
        let hash = eid_crypto::hash::sha256(&disclosure);
        if claim == Claim::Face {
            face_hash = Some(hash);
        } else {
            hidden.push(hash);
        }
        disclosures.push(disclosure);
    }
    // Hashes in order of value, so that their places say nothing of the claims.
    hidden.sort_unstable();
    let mut writer = Writer::new();
    let entries = open.len() + usize::from(face_hash.is_some()) + usize::from(!hidden.is_empty());
    writer.map(entries);
    for (claim, value) in open {
        if claim > Claim::Face {
            write_face_slot(&mut writer, face_hash.take());
        }
        writer.int(claim.number().into());
        claim::write_value(&mut writer, value);
    }
    write_face_slot(&mut writer, face_hash.take());
    if !hidden.is_empty() {
        writer.simple(labels::SIMPLE_REDACTED_KEYS).array(hidden.len());
        hidden.iter().for_each(|hash| {
            writer.bytes(hash);
        });
    }
    Ok((writer.finish(), disclosures))
}

fn write_face_slot(writer: &mut Writer, hash: Option<[u8; 32]>) {
    if let Some(hash) = hash {
        writer.int(Claim::Face.number().into()).array(1).tag(labels::TAG_REDACTED_ELEMENT).bytes(&hash);
    }
}
