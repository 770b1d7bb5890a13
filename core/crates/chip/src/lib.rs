//! Reads and authenticates the chip of an identity card or passport (ICAO Doc 9303, parts 10 to 12).
//!
//! Sans-I/O: command APDUs go out, response APDUs come in; randomness and times are injected. Everything that a chip
//! answers is foreign: bounded, parsed into types, and refused with a [`ChipError`] that has a stable code.

pub mod aa;
mod access;
mod agreement;
mod apdu;
mod bac;
pub mod ca;
pub mod card_qr;
mod cipher;
pub mod cross_check;
pub mod curve;
pub mod dh;
mod error;
mod hash;
#[cfg(feature = "images")]
pub mod image;
pub mod judge;
mod kdf;
pub mod lds;
mod legacy;
pub mod mrz;
pub mod pa;
mod pace;
pub mod protocol;
pub mod reader;
mod rsa;
mod sm;
mod spki;
pub mod tlv;
#[cfg(test)]
mod vectors;

pub use access::{CCCD_CARD_ACCESS, ChipAuthenticationInfo, ChipAuthenticationKey, Mapping, PaceInfo, SecurityInfos};
pub use agreement::{Domain, Private, Public};
pub use apdu::{Command, Response};
pub use cipher::Cipher;
pub use error::ChipError;
pub use hash::Hash;
pub use kdf::{Access, Can, MrzKey};
pub use rsa::RsaKey;
pub use spki::PublicKey;
