//! Reads and authenticates the chip of an identity card or passport (ICAO Doc 9303, parts 10 to 12).
//!
//! Sans-I/O: command APDUs go out, response APDUs come in; randomness and times are injected. Everything that a chip
//! answers is foreign: bounded, parsed into types, and refused with a [`ChipError`] that has a stable code.

pub mod card_qr;
pub mod cross_check;
pub mod curve;
mod error;
#[cfg(feature = "images")]
pub mod image;
pub mod lds;
pub mod mrz;
pub mod pa;
pub mod tlv;

pub use error::ChipError;
