//! Key agreement over a curve or a group, whichever the chip has: PACE and Chip Authentication do not care which.

use eid_crypto::{Random, SecretBytes};

use crate::{
    ChipError,
    curve::{Curve, Point, Scalar},
    dh::{Element, Exponent, Group},
};

/// Standardised domain parameters: ids 0 to 2 and 8 to 18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Domain {
    /// A curve.
    Ec(Curve),
    /// A group modulo a prime.
    Dh(Group),
}

impl Domain {
    /// The parameters of a standardised id.
    pub fn from_id(id: u8) -> Option<Self> {
        Curve::from_id(id).map(Self::Ec).or_else(|| Group::from_id(id).map(Self::Dh))
    }

    /// The standardised id.
    pub fn id(self) -> u8 {
        match self {
            Self::Ec(curve) => curve.id(),
            Self::Dh(group) => group.id(),
        }
    }

    /// The generator.
    pub fn generator(self) -> Public {
        match self {
            Self::Ec(curve) => Public::Ec(curve.generator()),
            Self::Dh(group) => Public::Dh(group.generator()),
        }
    }

    /// Length of the integers that the prime needs, in bytes.
    pub(crate) fn prime_bytes(self) -> usize {
        match self {
            Self::Ec(curve) => curve.field_bytes(),
            Self::Dh(group) => group.bytes(),
        }
    }

    /// The generator of PACE's integrated mapping.
    pub(crate) fn map_integrated(self, string: &[u8]) -> Result<Public, ChipError> {
        match self {
            Self::Ec(curve) => curve.map_integrated(string).map(Public::Ec),
            Self::Dh(group) => group.map_integrated(string).map(Public::Dh),
        }
    }

    /// Reads and validates a public key.
    ///
    /// # Errors
    /// [`ChipError::Malformed`].
    pub fn parse_public(self, bytes: &[u8]) -> Result<Public, ChipError> {
        match self {
            Self::Ec(curve) => Point::parse(curve, bytes).map(Public::Ec),
            Self::Dh(group) => Element::parse(group, bytes).map(Public::Dh),
        }
    }

    /// A random private key.
    ///
    /// # Errors
    /// [`ChipError::Crypto`] when randomness fails.
    pub fn make_private(self, rng: &dyn Random) -> Result<Private, ChipError> {
        match self {
            Self::Ec(curve) => Scalar::make(curve, rng).map(Private::Ec),
            Self::Dh(group) => Exponent::make(group, rng).map(Private::Dh),
        }
    }

    /// Takes a given private key.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when it is out of range.
    pub fn parse_private(self, bytes: &[u8]) -> Result<Private, ChipError> {
        match self {
            Self::Ec(curve) => Scalar::parse(curve, bytes).map(Private::Ec),
            Self::Dh(group) => Exponent::parse(group, bytes).map(Private::Dh),
        }
    }
}

/// A private key.
#[derive(Debug)]
pub enum Private {
    /// On a curve.
    Ec(Scalar),
    /// In a group.
    Dh(Exponent),
}

/// A public key that was validated, or a generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Public {
    /// On a curve.
    Ec(Point),
    /// In a group.
    Dh(Element),
}

impl Public {
    /// The parameters it belongs to.
    pub fn domain(&self) -> Domain {
        match self {
            Self::Ec(point) => Domain::Ec(point.curve()),
            Self::Dh(element) => Domain::Dh(element.group()),
        }
    }

    /// Uncompressed point, or number in as few bytes as it needs.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Ec(point) => point.encode(),
            Self::Dh(element) => element.encode(),
        }
    }

    /// The public key of a private one, with this as generator.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when they do not belong together.
    pub fn derive(&self, private: &Private) -> Result<Self, ChipError> {
        match (self, private) {
            (Self::Ec(point), Private::Ec(scalar)) => point.multiply(scalar).map(Self::Ec),
            (Self::Dh(element), Private::Dh(exponent)) => element.power(exponent).map(Self::Dh),
            _ => Err(ChipError::Malformed),
        }
    }

    /// The shared secret: an x-coordinate, or a number at the modulus' length.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when they do not belong together.
    pub fn agree(&self, private: &Private) -> Result<SecretBytes, ChipError> {
        match (self, private) {
            (Self::Ec(point), Private::Ec(scalar)) => point.agree(scalar),
            (Self::Dh(element), Private::Dh(exponent)) => element.agree(exponent),
            _ => Err(ChipError::Malformed),
        }
    }

    /// PACE's generic mapping: this generator times (to the power of) the nonce, plus (times) the shared point.
    pub(crate) fn map_generic(&self, nonce: &[u8], shared: &Self) -> Result<Self, ChipError> {
        match (self, shared) {
            (Self::Ec(generator), Self::Ec(shared)) => generator.multiply_bytes(nonce)?.add(shared).map(Self::Ec),
            (Self::Dh(generator), Self::Dh(shared)) => generator.power_bytes(nonce)?.product(shared).map(Self::Dh),
            _ => Err(ChipError::Malformed),
        }
    }
}
