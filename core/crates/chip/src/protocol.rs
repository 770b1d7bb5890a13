//! The protocols step by step, for both roles: what the reader of this crate is made of, and what a simulated chip needs.
//!
//! Each step takes command and answer data and gives data; the APDUs around them travel by other means. Chip Authentication is
//! in [`crate::ca`], Active Authentication in [`crate::aa`].

pub use crate::{
    bac::{BacChip, BacTerminal},
    kdf::{ENCRYPTION, MAC, PASSWORD, SessionKeys, derive_key},
    pace::{CamProof, PaceChip, PaceOutcome, PaceStep, PaceTerminal},
    rsa::private_power,
    sm::Channel,
};
