//! Distinguished names: states write the same name with different string types and capitals.

use crate::{
    ChipError,
    tlv::{OID, SEQUENCE, SET, Tlv, objects},
};

/// `countryName`.
const COUNTRY: &[u8] = &[0x55, 0x04, 0x06];
const MAX_PARTS: usize = 32;

/// True for names that mean the same: the same attributes in the same order, string types, capitals and spaces aside
/// (RFC 5280, section 7.1).
pub(super) fn same_name(one: &[u8], other: &[u8]) -> bool {
    one == other || matches!((parts(one), parts(other)), (Ok(one), Ok(other)) if one == other)
}

/// One spelling for names that mean the same, to look them up; the name itself if it does not parse.
pub(super) fn canonical(name: &[u8]) -> Vec<u8> {
    match parts(name) {
        Ok(parts) => parts.iter().flat_map(|(oid, text)| [oid, &b"\0"[..], text.as_bytes(), b"\0"].concat()).collect(),
        Err(_) => name.to_vec(),
    }
}

/// The two-letter code of the country, in capitals.
pub(super) fn country(name: &[u8]) -> Option<String> {
    let parts = parts(name).ok()?;
    let (_, text) = parts.into_iter().find(|(oid, _)| oid == COUNTRY)?;
    Some(text.to_uppercase())
}

/// Attribute types and texts of `RDNSequence`.
fn parts(name: &[u8]) -> Result<Vec<(Vec<u8>, String)>, ChipError> {
    let mut parts = Vec::new();
    for set in objects(Tlv::expect(SEQUENCE, name)?) {
        for attribute in objects(Tlv::expect(SET, set?.whole)?) {
            let mut pair = objects(Tlv::expect(SEQUENCE, attribute?.whole)?);
            let (oid, value) = (pair.expect(OID)?, pair.required()?);
            pair.finish()?;
            if parts.len() == MAX_PARTS {
                return Err(ChipError::Malformed);
            }
            parts.push((oid.to_vec(), text(&value)));
        }
    }
    Ok(parts)
}

fn text(value: &Tlv<'_>) -> String {
    const BMP_STRING: u32 = 0x1E;
    let text = match value.tag {
        BMP_STRING => {
            let units: Vec<u16> = value.value.as_chunks().0.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(value.value).into_owned(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
