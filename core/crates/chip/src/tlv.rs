//! BER tag-length-value objects: read without copying, one level at a time, and written.
//!
//! Bounds: tags of at most three bytes, definite lengths of at most three bytes (16 MiB), nothing beyond the input. There is
//! no recursion here: how deep to look is the caller's decision.

use crate::ChipError;

/// `SEQUENCE`.
pub const SEQUENCE: u32 = 0x30;
/// `SET`.
pub const SET: u32 = 0x31;
/// `INTEGER`.
pub const INTEGER: u32 = 0x02;
/// `BIT STRING`.
pub const BIT_STRING: u32 = 0x03;
/// `OCTET STRING`.
pub const OCTET_STRING: u32 = 0x04;
/// `OBJECT IDENTIFIER`.
pub const OID: u32 = 0x06;

/// One object. The slices lie in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Tag bytes as a number: `30`, `7F66`.
    pub tag: u32,
    /// The value.
    pub value: &'a [u8],
    /// Tag, length and value.
    pub whole: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// Reads the first object of `input` and gives what follows it.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the object is cut short or exceeds a bound.
    pub fn first(input: &'a [u8]) -> Result<(Self, &'a [u8]), ChipError> {
        let header = Header::parse(input)?;
        let (whole, rest) = input.split_at_checked(header.total()).ok_or(ChipError::Malformed)?;
        let value = whole.get(header.bytes..).ok_or(ChipError::Malformed)?;
        Ok((Self { tag: header.tag, value, whole }, rest))
    }

    /// Reads `input` as exactly one object.
    ///
    /// # Errors
    /// [`ChipError::Malformed`], also when bytes follow.
    pub fn only(input: &'a [u8]) -> Result<Self, ChipError> {
        let (object, rest) = Self::first(input)?;
        if rest.is_empty() { Ok(object) } else { Err(ChipError::Malformed) }
    }

    /// Reads `input` as exactly one object of the tag and gives its value.
    ///
    /// # Errors
    /// [`ChipError::Malformed`].
    pub fn expect(tag: u32, input: &'a [u8]) -> Result<&'a [u8], ChipError> {
        let object = Self::only(input)?;
        if object.tag == tag { Ok(object.value) } else { Err(ChipError::Malformed) }
    }

    /// The objects inside this one.
    pub fn children(&self) -> Objects<'a> {
        objects(self.value)
    }
}

/// Tag and length of an object whose value need not be there yet: the first bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Tag bytes as a number.
    pub tag: u32,
    /// Count of tag and length bytes.
    pub bytes: usize,
    /// Count of value bytes.
    pub length: usize,
}

impl Header {
    /// The longest header within the bounds.
    pub const MAX: usize = 7;

    /// Reads tag and length at the start of `input`.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when they are cut short or exceed a bound.
    pub fn parse(input: &[u8]) -> Result<Self, ChipError> {
        let mut bytes = input.iter().copied();
        let mut next = || bytes.next().ok_or(ChipError::Malformed);
        let mut count = 1;
        let mut tag = u32::from(next()?);
        if tag & 0x1F == 0x1F {
            loop {
                let byte = next()?;
                tag = tag << 8 | u32::from(byte);
                count += 1;
                if byte & 0x80 == 0 {
                    break;
                }
                if count == 3 {
                    return Err(ChipError::Malformed);
                }
            }
        }
        let first = next()?;
        count += 1;
        let length = match first {
            0..=0x7F => usize::from(first),
            0x81..=0x83 => {
                let mut length = 0;
                for _ in 0x80..first {
                    length = length << 8 | usize::from(next()?);
                    count += 1;
                }
                length
            }
            _ => return Err(ChipError::Malformed),
        };
        Ok(Self { tag, bytes: count, length })
    }

    /// Length of the whole object.
    pub fn total(&self) -> usize {
        self.bytes + self.length
    }
}

/// The objects that follow one another in `input`.
pub fn objects(input: &[u8]) -> Objects<'_> {
    Objects { rest: input }
}

/// Iterator over neighbouring objects; ends after the first error.
#[derive(Debug, Clone)]
pub struct Objects<'a> {
    rest: &'a [u8],
}

impl<'a> Objects<'a> {
    /// The next object, which must be there.
    ///
    /// # Errors
    /// [`ChipError::Malformed`].
    pub fn required(&mut self) -> Result<Tlv<'a>, ChipError> {
        self.next().ok_or(ChipError::Malformed)?
    }

    /// The next object's value; the object must be there with this tag.
    ///
    /// # Errors
    /// [`ChipError::Malformed`].
    pub fn expect(&mut self, tag: u32) -> Result<&'a [u8], ChipError> {
        let object = self.required()?;
        if object.tag == tag { Ok(object.value) } else { Err(ChipError::Malformed) }
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    /// [`ChipError::Malformed`].
    pub fn finish(&self) -> Result<(), ChipError> {
        if self.rest.is_empty() { Ok(()) } else { Err(ChipError::Malformed) }
    }
}

impl<'a> Iterator for Objects<'a> {
    type Item = Result<Tlv<'a>, ChipError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(match Tlv::first(self.rest) {
            Ok((object, rest)) => {
                self.rest = rest;
                Ok(object)
            }
            Err(error) => {
                self.rest = &[];
                Err(error)
            }
        })
    }
}

/// The value of a non-negative `INTEGER` without leading zeros, such as a modulus.
///
/// # Errors
/// [`ChipError::Malformed`] for a negative or empty one.
pub fn unsigned(value: &[u8]) -> Result<&[u8], ChipError> {
    match value.first() {
        Some(0..=0x7F) => {
            let zeros = value.iter().take_while(|byte| **byte == 0).count();
            value.get(zeros..).ok_or(ChipError::Malformed)
        }
        _ => Err(ChipError::Malformed),
    }
}

/// The value of a small non-negative `INTEGER`.
///
/// # Errors
/// [`ChipError::Malformed`] when it is negative or longer than four bytes.
pub fn small(value: &[u8]) -> Result<u32, ChipError> {
    let bytes = unsigned(value)?;
    if bytes.len() > 4 {
        return Err(ChipError::Malformed);
    }
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// One object of the tag around the parts, in the shortest encoding.
///
/// The value must stay below 16 MiB, as everything of this crate does.
pub fn encode(tag: u32, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(length + Header::MAX);
    push_significant(&mut out, tag);
    match length {
        0..=0x7F => {}
        0x80..=0xFF => out.push(0x81),
        0x100..=0xFFFF => out.push(0x82),
        _ => out.push(0x83),
    }
    push_significant(&mut out, u32::try_from(length).unwrap_or(u32::MAX));
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// `INTEGER` of an unsigned big-endian number, in the shortest encoding.
pub fn encode_integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let significant = number.get(zeros..).unwrap_or_default();
    let sign: &[u8] = if significant.first().is_none_or(|byte| *byte >= 0x80) { &[0] } else { &[] };
    encode(INTEGER, &[sign, significant])
}

/// The number's bytes without leading zeros, at least one.
fn push_significant(out: &mut Vec<u8>, number: u32) {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take(3).take_while(|byte| **byte == 0).count();
    out.extend(bytes.iter().skip(zeros));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_at_their_borders_round_trip() {
        for length in [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000] {
            for tag in [0x30, 0x5F2E, 0x7F66, 0x7F_8101] {
                let value = vec![7; length];
                let encoded = encode(tag, &[&value]);
                assert_eq!(Tlv::expect(tag, &encoded), Ok(value.as_slice()), "{tag:x} {length}");
                assert_eq!(Header::parse(&encoded).map(|header| header.total()), Ok(encoded.len()));
            }
        }
    }

    #[test]
    fn malformed_objects_are_refused() {
        let cases: [&[u8]; 9] = [
            &[],
            &[0x30],
            &[0x30, 2, 0],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81],
            &[0x30, 0x84, 0, 0, 0, 0],
            &[0x1F, 0x81, 0x82, 0x03, 0],
            &[0x1F],
            &[0x30, 0x83, 0xFF, 0xFF, 0xFF],
        ];
        for case in cases {
            assert_eq!(Tlv::first(case), Err(ChipError::Malformed), "{case:x?}");
        }
        assert_eq!(Tlv::only(&[0x30, 0, 0]), Err(ChipError::Malformed));
    }

    #[test]
    fn integers_are_read_by_value() {
        assert_eq!(unsigned(&[0, 0x80]), Ok([0x80].as_slice()));
        assert_eq!(unsigned(&[0x80]), Err(ChipError::Malformed));
        assert_eq!(unsigned(&[]), Err(ChipError::Malformed));
        assert_eq!(small(&[0, 0, 1, 2]), Ok(0x102));
        assert_eq!(small(&[1, 2, 3, 4, 5]), Err(ChipError::Malformed));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut seen = 0;
            for object in objects(&bytes).flatten() {
                seen += object.whole.len();
            }
            prop_assert!(seen <= bytes.len());
        }
    }
}
