//! Reads and authenticates the chip of an identity card or passport (ICAO Doc 9303, parts 10 to 12).
//!
//! Sans-I/O: command APDUs go out, response APDUs come in; randomness and times are injected. Everything that a chip
//! answers is foreign: bounded, parsed into types, and refused with a [`ChipError`] that has a stable code.

mod apdu;
pub mod card_qr;
mod cipher;
pub mod cross_check;
pub mod curve;
mod error;
mod hash;
#[cfg(feature = "images")]
pub mod image;
mod kdf;
pub mod lds;
mod legacy;
pub mod mrz;
pub mod pa;
mod sm;
pub mod tlv;
#[cfg(test)]
mod vectors;

pub use apdu::{Command, Response};
pub use cipher::Cipher;
pub use error::ChipError;
pub use hash::Hash;
pub use kdf::{Access, Can, MrzKey, SessionKeys};
pub use sm::Channel;
