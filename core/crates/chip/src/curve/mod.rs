//! The elliptic curves that chips use: points, scalars, key agreement and signature verification.
//!
//! A chip may spell its curve out in full. Such explicit parameters are compared with the table here and never computed on;
//! and a point is on its curve by construction, because [`Point::parse`] checks it.

mod asn1;
mod engine;
mod table;

use eid_crypto::{Random, SecretBytes};
use zeroize::Zeroizing;

use crate::ChipError;
use engine::{Affine, Engine, W256, W384, W576};
use table::{CURVES, Parameters};

/// A standardised curve: ICAO Doc 9303-11, 9.5.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-192.
    P192,
    /// brainpoolP192r1.
    Bp192,
    /// NIST P-224.
    P224,
    /// brainpoolP224r1.
    Bp224,
    /// NIST P-256.
    P256,
    /// brainpoolP256r1, the curve of the Vietnamese identity card's PACE and Chip Authentication.
    Bp256,
    /// brainpoolP320r1.
    Bp320,
    /// NIST P-384.
    P384,
    /// brainpoolP384r1.
    Bp384,
    /// brainpoolP512r1.
    Bp512,
    /// NIST P-521.
    P521,
}

/// Runs the body with the engine of the curve's width.
macro_rules! compute {
    ($curve:expr, |$engine:ident| $body:expr) => {{
        let parameters = $curve.parameters();
        match $curve.field_bytes() {
            0..=32 => Engine::<W256>::new(parameters).and_then(|$engine| $body),
            33..=48 => Engine::<W384>::new(parameters).and_then(|$engine| $body),
            _ => Engine::<W576>::new(parameters).and_then(|$engine| $body),
        }
    }};
}

impl Curve {
    /// All of them, by parameter id.
    pub const ALL: [Self; 11] = [
        Self::P192,
        Self::Bp192,
        Self::P224,
        Self::Bp224,
        Self::P256,
        Self::Bp256,
        Self::Bp320,
        Self::P384,
        Self::Bp384,
        Self::Bp512,
        Self::P521,
    ];

    fn parameters(self) -> &'static Parameters {
        let [p192, bp192, p224, bp224, p256, bp256, bp320, p384, bp384, bp512, p521] = &CURVES;
        match self {
            Self::P192 => p192,
            Self::Bp192 => bp192,
            Self::P224 => p224,
            Self::Bp224 => bp224,
            Self::P256 => p256,
            Self::Bp256 => bp256,
            Self::Bp320 => bp320,
            Self::P384 => p384,
            Self::Bp384 => bp384,
            Self::Bp512 => bp512,
            Self::P521 => p521,
        }
    }

    /// The usual name.
    pub fn name(self) -> &'static str {
        self.parameters().name
    }

    /// The standardised parameter id, 8 to 18.
    pub fn id(self) -> u8 {
        self.parameters().id
    }

    /// The curve of a standardised parameter id.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.id() == id)
    }

    /// Length of a coordinate in bytes.
    pub fn field_bytes(self) -> usize {
        self.parameters().p.len() / 2
    }

    /// Length of a scalar in bytes.
    pub fn order_bytes(self) -> usize {
        self.parameters().n.len() / 2
    }

    /// The base point.
    pub fn generator(self) -> Point {
        let parameters = self.parameters();
        Point { curve: self, x: unhex(parameters.x), y: unhex(parameters.y) }
    }

    /// The point that the integrated mapping takes as generator: ICAO Doc 9303-11, B.2, for the string R_p(s, t).
    ///
    /// # Errors
    /// [`ChipError::Unsupported`] on P-224, whose prime the mapping cannot do; [`ChipError::Malformed`] with negligible
    /// probability.
    pub fn map_integrated(self, string: &[u8]) -> Result<Point, ChipError> {
        if self == Self::P224 {
            return Err(ChipError::Unsupported);
        }
        compute!(self, |engine| engine.encode_to_curve(string))
            .map(|affine| Point::from_affine(self, &affine))
            .ok_or(ChipError::Malformed)
    }

    /// Verifies an ECDSA signature (r and s as big-endian numbers) over a digest. False for anything wrong.
    pub fn verify(self, key: &Point, digest: &[u8], r: &[u8], s: &[u8]) -> bool {
        if key.curve != self {
            return false;
        }
        let (Some(r), Some(s)) = (self.sized(r), self.sized(s)) else { return false };
        let g = self.generator();
        compute!(self, |engine| Some(engine.verifies((&g.x, &g.y), (&key.x, &key.y), digest, &r, &s))).unwrap_or(false)
    }

    /// A number without or with leading zeros, at the order's length.
    fn sized(self, number: &[u8]) -> Option<Vec<u8>> {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let significant = number.get(zeros..)?;
        let mut out = vec![0; self.order_bytes().checked_sub(significant.len())?];
        out.extend_from_slice(significant);
        Some(out)
    }
}

/// A point of a curve other than its neutral element: a public key, or a generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    curve: Curve,
    x: Vec<u8>,
    y: Vec<u8>,
}

impl Point {
    /// Reads an uncompressed point (`04 ‖ x ‖ y`) and checks that it lies on the curve. The cofactor is 1, so it then has
    /// the right order.
    ///
    /// # Errors
    /// [`ChipError::Malformed`].
    pub fn parse(curve: Curve, bytes: &[u8]) -> Result<Self, ChipError> {
        let size = curve.field_bytes();
        let coordinates = bytes.strip_prefix(&[4]).filter(|rest| rest.len() == 2 * size).ok_or(ChipError::Malformed)?;
        let (x, y) = coordinates.split_at_checked(size).ok_or(ChipError::Malformed)?;
        let point = Self { curve, x: x.to_vec(), y: y.to_vec() };
        if compute!(curve, |engine| Some(engine.contains(x, y))) == Some(true) {
            Ok(point)
        } else {
            Err(ChipError::Malformed)
        }
    }

    fn from_affine(curve: Curve, (x, y): &Affine) -> Self {
        Self { curve, x: x.to_vec(), y: y.to_vec() }
    }

    /// The curve it lies on.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// `04 ‖ x ‖ y`.
    pub fn encode(&self) -> Vec<u8> {
        [[4].as_slice(), &self.x, &self.y].concat()
    }

    /// The x-coordinate at the field's length.
    pub fn x(&self) -> &[u8] {
        &self.x
    }

    /// The point times a secret number.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the curves differ.
    pub fn multiply(&self, scalar: &Scalar) -> Result<Self, ChipError> {
        if scalar.curve != self.curve {
            return Err(ChipError::Malformed);
        }
        // EXPOSE: the multiplication needs the number's digits.
        self.multiply_bytes(scalar.bytes.expose())
    }

    /// The point times a number given by its bytes, which need not be below the order: PACE's nonce.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the product is the neutral element.
    pub fn multiply_bytes(&self, number: &[u8]) -> Result<Self, ChipError> {
        compute!(self.curve, |engine| engine.multiply(number, &self.x, &self.y))
            .map(|affine| Self::from_affine(self.curve, &affine))
            .ok_or(ChipError::Malformed)
    }

    /// The sum of two points.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the sum is the neutral element or the curves differ.
    pub fn add(&self, other: &Self) -> Result<Self, ChipError> {
        if other.curve != self.curve {
            return Err(ChipError::Malformed);
        }
        compute!(self.curve, |engine| engine.sum((&self.x, &self.y), (&other.x, &other.y)))
            .map(|affine| Self::from_affine(self.curve, &affine))
            .ok_or(ChipError::Malformed)
    }

    /// Key agreement: the x-coordinate of the point times a secret number.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the curves differ.
    pub fn agree(&self, scalar: &Scalar) -> Result<SecretBytes, ChipError> {
        if scalar.curve != self.curve {
            return Err(ChipError::Malformed);
        }
        // EXPOSE: the multiplication needs the number's digits.
        let (x, _) = compute!(self.curve, |engine| engine.multiply(scalar.bytes.expose(), &self.x, &self.y))
            .ok_or(ChipError::Malformed)?;
        Ok(SecretBytes::new(x.to_vec()))
    }
}

/// A secret number from 1 to the curve's order minus 1.
#[derive(Debug)]
pub struct Scalar {
    curve: Curve,
    bytes: SecretBytes,
}

/// How often a random string may lie outside the range before the generator is blamed. Each try fails with at most one half.
const TRIES: usize = 128;

impl Scalar {
    /// A random one.
    ///
    /// # Errors
    /// [`ChipError::Crypto`] when randomness fails.
    pub fn make(curve: Curve, rng: &dyn Random) -> Result<Self, ChipError> {
        let mut bytes = Zeroizing::new(vec![0; curve.order_bytes()]);
        let first = unhex(curve.parameters().n).first().copied().unwrap_or_default();
        for _ in 0..TRIES {
            rng.fill(&mut bytes)?;
            if let Some(top) = bytes.first_mut() {
                *top &= u8::MAX >> first.leading_zeros();
            }
            if let Ok(scalar) = Self::parse(curve, &bytes) {
                return Ok(scalar);
            }
        }
        Err(ChipError::Crypto(eid_crypto::CryptoError::RandomUnavailable))
    }

    /// Takes a number of the order's length.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when it is zero or not below the order.
    pub fn parse(curve: Curve, bytes: &[u8]) -> Result<Self, ChipError> {
        let fits =
            bytes.len() == curve.order_bytes() && compute!(curve, |engine| Some(engine.is_scalar(bytes))) == Some(true);
        if fits { Ok(Self { curve, bytes: SecretBytes::new(bytes.to_vec()) }) } else { Err(ChipError::Malformed) }
    }

    /// A second one, for a test's chip that opens more than one channel.
    #[cfg(test)]
    pub(crate) fn copy(&self) -> Self {
        Self { curve: self.curve, bytes: SecretBytes::new(self.bytes.expose().to_vec()) }
    }

    /// Its public point.
    ///
    /// # Errors
    /// None for a scalar that was made or parsed; kept for the type.
    pub fn public(&self) -> Result<Point, ChipError> {
        self.curve.generator().multiply(self)
    }

    /// This number divided by another modulo the order: the chip authentication data of PACE-CAM (chip's side).
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the curves differ.
    pub fn divide(&self, by: &Self) -> Result<SecretBytes, ChipError> {
        if self.curve != by.curve {
            return Err(ChipError::Malformed);
        }
        // EXPOSE: the division needs both numbers.
        compute!(self.curve, |engine| engine.quotient(self.bytes.expose(), by.bytes.expose()))
            .map(|bytes| SecretBytes::new(bytes.to_vec()))
            .ok_or(ChipError::Malformed)
    }
}

/// The bytes of one of this crate's own hexadecimal constants.
pub(crate) fn unhex(hex: &str) -> Vec<u8> {
    let digits = hex.chars().filter_map(|digit| digit.to_digit(16)).collect::<Vec<_>>();
    digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | u8::try_from(*digit).unwrap_or(0)))
        .collect()
}

#[cfg(test)]
mod tests;
