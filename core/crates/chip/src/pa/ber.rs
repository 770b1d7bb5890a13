//! BER to DER, for the signed data of old chips: indefinite lengths and strings in pieces.

use crate::{ChipError, tlv::OCTET_STRING};

const MAX_DEPTH: usize = 12;
const CONSTRUCTED: u8 = 0x20;
const STRING_IN_PIECES: u8 = 0x24;

/// The same object with definite, shortest lengths and whole octet strings.
pub(super) fn to_der(bytes: &[u8]) -> Result<Vec<u8>, ChipError> {
    let mut rest = bytes;
    let object = object(&mut rest, MAX_DEPTH)?;
    if rest.is_empty() { Ok(object) } else { Err(ChipError::Malformed) }
}

fn object(rest: &mut &[u8], depth: usize) -> Result<Vec<u8>, ChipError> {
    let depth = depth.checked_sub(1).ok_or(ChipError::Malformed)?;
    let tag = byte(rest)?;
    if tag & 0x1F == 0x1F {
        return Err(ChipError::Malformed);
    }
    let length = match byte(rest)? {
        0x80 => None,
        short @ ..0x80 => Some(usize::from(short)),
        long @ 0x81..=0x83 => {
            let bytes = take(rest, usize::from(long - 0x80))?;
            Some(bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
        }
        _ => return Err(ChipError::Malformed),
    };
    if tag & CONSTRUCTED == 0 {
        return Ok(crate::tlv::encode(u32::from(tag), &[take(rest, length.ok_or(ChipError::Malformed)?)?]));
    }
    let mut children = Vec::new();
    match length {
        Some(length) => {
            let mut inside = take(rest, length)?;
            while !inside.is_empty() {
                children.push(object(&mut inside, depth)?);
            }
        }
        None => {
            while !rest.starts_with(&[0, 0]) {
                children.push(object(rest, depth)?);
            }
            take(rest, 2)?;
        }
    }
    if tag == STRING_IN_PIECES {
        let pieces: Vec<&[u8]> =
            children.iter().map(|piece| crate::tlv::Tlv::expect(OCTET_STRING, piece)).collect::<Result<_, _>>()?;
        return Ok(crate::tlv::encode(OCTET_STRING, &pieces));
    }
    let children: Vec<&[u8]> = children.iter().map(Vec::as_slice).collect();
    Ok(crate::tlv::encode(u32::from(tag), &children))
}

fn byte(rest: &mut &[u8]) -> Result<u8, ChipError> {
    let (first, after) = rest.split_first().ok_or(ChipError::Malformed)?;
    *rest = after;
    Ok(*first)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], ChipError> {
    let (taken, after) = rest.split_at_checked(count).ok_or(ChipError::Malformed)?;
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn indefinite_and_pieced_become_definite_and_whole() {
        let ber = [0x30, 0x80, 0xA0, 0x80, 0x24, 0x80, 4, 1, 7, 4, 0x81, 1, 8, 0, 0, 0, 0, 2, 1, 5, 0, 0];
        assert_eq!(to_der(&ber), Ok(vec![0x30, 9, 0xA0, 4, 4, 2, 7, 8, 2, 1, 5]));
        for end in 0..ber.len() {
            assert_eq!(to_der(&ber[..end]), Err(ChipError::Malformed), "{end}");
        }
        assert_eq!(to_der(&[0x30, 0x80].repeat(1_000)), Err(ChipError::Malformed));
        assert_eq!(to_der(&[0x24, 3, 2, 1, 0]), Err(ChipError::Malformed));
    }

    proptest! {
        #[test]
        fn der_stays_as_it_is(value in proptest::collection::vec(any::<u8>(), 0..300)) {
            let der = crate::tlv::encode(0x30, &[&crate::tlv::encode(4, &[&value])]);
            prop_assert_eq!(to_der(&der), Ok(der));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            drop(to_der(&bytes));
        }
    }
}
