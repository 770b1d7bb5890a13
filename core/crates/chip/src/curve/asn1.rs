//! Curves as chips and certificates name them: by object identifier, or by parameters spelt out (ISO 15946, RFC 3279 2.3.5).

use super::{Curve, Point, unhex};
use crate::{ChipError, tlv, tlv::Tlv};

/// `prime-field`, 1.2.840.10045.1.1.
const PRIME_FIELD: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x01, 0x01];

impl Curve {
    /// The curve of an object identifier's value bytes.
    pub fn from_oid(oid: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| unhex(curve.parameters().oid) == oid)
    }

    /// Value bytes of its object identifier.
    pub fn oid(self) -> Vec<u8> {
        unhex(self.parameters().oid)
    }

    /// The curve that the parameters of an `AlgorithmIdentifier` name: `namedCurve`, or `ECParameters` in full, which must be
    /// those of a known curve in p, a, b, G, n and h.
    ///
    /// # Errors
    /// [`ChipError::Malformed`], or [`ChipError::Unsupported`] for any other curve.
    pub fn from_parameters(encoded: &[u8]) -> Result<Self, ChipError> {
        let object = Tlv::only(encoded)?;
        match object.tag {
            tlv::OID => Self::from_oid(object.value).ok_or(ChipError::Unsupported),
            tlv::SEQUENCE => Explicit::parse(object)?.find(),
            _ => Err(ChipError::Malformed),
        }
    }

    /// `ECParameters` in full, version 1 with cofactor, as most documents carry them.
    pub fn explicit_parameters(self) -> Vec<u8> {
        let curve = self.parameters();
        let field = tlv::encode(tlv::SEQUENCE, &[&tlv::encode(tlv::OID, &[PRIME_FIELD]), &integer(&unhex(curve.p))]);
        let (a, b) = (unhex(curve.a), unhex(curve.b));
        let coefficients = tlv::encode(
            tlv::SEQUENCE,
            &[&tlv::encode(tlv::OCTET_STRING, &[&a]), &tlv::encode(tlv::OCTET_STRING, &[&b])],
        );
        let base = tlv::encode(tlv::OCTET_STRING, &[&self.generator().encode()]);
        let order = integer(&unhex(curve.n));
        tlv::encode(tlv::SEQUENCE, &[&integer(&[1]), &field, &coefficients, &base, &order, &integer(&[1])])
    }
}

/// `INTEGER` of an unsigned number.
pub(crate) fn integer(number: &[u8]) -> Vec<u8> {
    let zero: &[u8] = if number.first().is_none_or(|byte| *byte >= 0x80) { &[0] } else { &[] };
    tlv::encode(tlv::INTEGER, &[zero, number])
}

/// Parameters as spelt out by a stranger; for comparison only.
struct Explicit<'a> {
    p: &'a [u8],
    a: &'a [u8],
    b: &'a [u8],
    base: &'a [u8],
    n: &'a [u8],
}

impl<'a> Explicit<'a> {
    fn parse(parameters: Tlv<'a>) -> Result<Self, ChipError> {
        let mut parts = parameters.children();
        if !(1..=3).contains(&tlv::small(parts.expect(tlv::INTEGER)?)?) {
            return Err(ChipError::Malformed);
        }
        let field = Tlv::first(parts.expect(tlv::SEQUENCE)?)?;
        if field.0.tag != tlv::OID || field.0.value != PRIME_FIELD {
            return Err(ChipError::Unsupported);
        }
        let p = tlv::unsigned(Tlv::expect(tlv::INTEGER, field.1)?)?;
        let mut coefficients = tlv::objects(parts.expect(tlv::SEQUENCE)?);
        let (a, b) = (coefficients.expect(tlv::OCTET_STRING)?, coefficients.expect(tlv::OCTET_STRING)?);
        if let Some(seed) = coefficients.next() {
            // A seed says how b was found; it changes nothing.
            if seed?.tag != tlv::BIT_STRING {
                return Err(ChipError::Malformed);
            }
        }
        coefficients.finish()?;
        let base = parts.expect(tlv::OCTET_STRING)?;
        let n = tlv::unsigned(parts.expect(tlv::INTEGER)?)?;
        if let Some(cofactor) = parts.next() {
            let cofactor = cofactor?;
            if cofactor.tag != tlv::INTEGER || tlv::unsigned(cofactor.value)? != [1] {
                return Err(ChipError::Unsupported);
            }
        }
        parts.finish()?;
        Ok(Self { p, a, b, base, n })
    }

    fn find(&self) -> Result<Curve, ChipError> {
        let same = |number: &[u8], known: &str| trimmed(number) == trimmed(&unhex(known));
        Curve::ALL
            .into_iter()
            .find(|curve| {
                let known = curve.parameters();
                same(self.p, known.p)
                    && same(self.a, known.a)
                    && same(self.b, known.b)
                    && same(self.n, known.n)
                    && is_base(&curve.generator(), self.base)
            })
            .ok_or(ChipError::Unsupported)
    }
}

/// The base point in full, or compressed.
fn is_base(generator: &Point, bytes: &[u8]) -> bool {
    let sign = generator.y.last().map_or(0, |byte| 2 | byte & 1);
    bytes == generator.encode() || bytes.strip_prefix(&[sign]) == Some(generator.x())
}

fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
