//! Reads and authenticates the chip of an identity card or passport (ICAO Doc 9303, parts 10 to 12).
//!
//! Sans-I/O: command APDUs go out, response APDUs come in; randomness and times are injected. Everything that a chip
//! answers is foreign: bounded, parsed into types, and refused with a [`ChipError`] that has a stable code.

mod apdu;
mod cipher;
pub mod curve;
mod error;
mod hash;
mod kdf;
mod legacy;
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
