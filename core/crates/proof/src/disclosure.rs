//! Salted disclosures of an SD-CWT: what is shown, and how it is matched with what was signed.

use eid_crypto::hash::sha256;

use crate::{
    Claim, ClaimValue, Claims,
    cbor::{Key, Reader, Writer},
    claim,
    error::Malformed,
    labels,
};

/// Most disclosures in one proof: every claim once, with room.
const MAX_DISCLOSURES: usize = 32;

pub(crate) type Hash = [u8; 32];
pub(crate) type Salt = [u8; 16];

/// One entry of `sd_claims`: its bytes, as received, and what they say.
#[derive(Debug, Clone)]
pub(crate) struct Disclosure<'b> {
    /// The encoded array; its SHA-256 is what the issuer signed.
    pub(crate) raw: &'b [u8],
    pub(crate) salt: &'b Salt,
    /// The claim, or the face for an array element; `None` for a claim that this version does not know.
    pub(crate) claim: Option<(Claim, ClaimValue)>,
    /// True for an array element (the face), false for a map claim.
    pub(crate) is_element: bool,
}

impl<'b> Disclosure<'b> {
    fn parse(raw: &'b [u8]) -> Result<Self, Malformed> {
        Reader::whole(raw, |reader| match reader.array()? {
            2 => {
                let salt = reader.byte_array()?;
                let face = claim::read_face(reader)?;
                Ok(Self { raw, salt, claim: Some((Claim::Face, face)), is_element: true })
            }
            3 => {
                let salt = reader.byte_array()?;
                let value_at = reader.position();
                reader.any()?;
                let value = reader.span(value_at)?;
                let claim = match Claim::from_number(reader.int()?) {
                    Some(Claim::Face) => return Err(Malformed),
                    Some(claim) => Some((claim, Reader::whole(value, |r| claim::read_value(r, claim))?)),
                    None => None,
                };
                Ok(Self { raw, salt, claim, is_element: false })
            }
            _ => Err(Malformed),
        })
    }

    /// SHA-256 of the encoded array, the content of the `sd_claims` byte string.
    pub(crate) fn hash(&self) -> Hash {
        sha256(self.raw)
    }
}

/// Reads the unprotected header of an issuer token: nothing, or `sd_claims`.
pub(crate) fn read_header<'b>(reader: &mut Reader<'b>) -> Result<Vec<Disclosure<'b>>, Malformed> {
    let mut disclosures = Vec::new();
    reader.map(|reader, key| {
        if key != Key::Int(labels::SD_CLAIMS) {
            return Err(Malformed);
        }
        let count = reader.array()?;
        // An empty list is spelled by leaving the parameter out.
        if count == 0 || usize::try_from(count).map_or(true, |count| count > MAX_DISCLOSURES) {
            return Err(Malformed);
        }
        for _ in 0..count {
            disclosures.push(Disclosure::parse(reader.bytes()?)?);
        }
        Ok(())
    })?;
    Ok(disclosures)
}

/// Writes the unprotected header for these disclosures.
pub(crate) fn write_header<'a>(disclosures: impl ExactSizeIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut writer = Writer::new();
    if disclosures.len() == 0 {
        writer.map(0);
    } else {
        writer.map(1).int(labels::SD_CLAIMS).array(disclosures.len());
        for raw in disclosures {
            writer.bytes(raw);
        }
    }
    writer.finish()
}

/// Makes the encoded disclosure of a claim.
pub(crate) fn encode(salt: &Salt, claim: Claim, value: &ClaimValue) -> Vec<u8> {
    let mut writer = Writer::new();
    let is_element = claim == Claim::Face;
    writer.array(if is_element { 2 } else { 3 }).bytes(salt);
    claim::write_value(&mut writer, value);
    if !is_element {
        writer.int(i64::from(claim.number()));
    }
    writer.finish()
}

/// What was signed about redacted claims.
#[derive(Debug, Default)]
pub(crate) struct Redactions<'b> {
    /// Hashes of map claims (`simple(59)`), flex tokens only.
    pub(crate) claims: Vec<&'b Hash>,
    /// Hash of the face element.
    pub(crate) face: Option<&'b Hash>,
}

/// A disclosure does not fit what was signed (Q13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mismatch;

/// Adds the disclosed claims to those in clear and returns how many stay withheld.
///
/// Each disclosure must hash to exactly one signed hash of its kind; no hash may be signed twice, no salt used twice, no
/// claim appear twice.
pub(crate) fn restore(
    claims: &mut Claims,
    redactions: &Redactions<'_>,
    disclosures: &[Disclosure<'_>],
) -> Result<usize, Mismatch> {
    let mut signed: Vec<(&Hash, bool)> = redactions.claims.iter().map(|hash| (*hash, false)).collect();
    signed.extend(redactions.face.map(|hash| (hash, true)));
    signed.sort_unstable();
    if signed.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b)) {
        return Err(Mismatch);
    }
    let mut salts: Vec<&Salt> = disclosures.iter().map(|disclosure| disclosure.salt).collect();
    salts.sort_unstable();
    if salts.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(Mismatch);
    }
    for disclosure in disclosures {
        let at = signed.binary_search(&(&disclosure.hash(), disclosure.is_element)).map_err(|_| Mismatch)?;
        signed.remove(at);
        if let Some((claim, value)) = &disclosure.claim {
            claims.add_parsed(*claim, value.clone()).map_err(|_| Mismatch)?;
        }
    }
    Ok(signed.len())
}
