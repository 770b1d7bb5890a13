//! Passive Authentication: that a state signed the files of a chip, and nobody changed them since (ICAO 9303 parts 11
//! and 12).
//!
//! EF.SOD is signed by a document signer, whose certificate a state's country signing certificate (CSCA) issued. Which of
//! those are trusted is configuration: a [`TrustList`]. Times are passed in; curves are matched to known ones.
//!
//! It does not show that the chip is the one the state made: that is what Chip Authentication and Active Authentication
//! do, with keys from files that this module believes first.

mod ber;
mod card_security;
mod certificate;
mod hash;
#[cfg(feature = "personalise")]
mod issue;
mod master_list;
mod name;
mod revocation;
mod rsa;
mod signature;
mod signed_data;
mod sod;
mod time;
mod trust;
mod trust_file;

pub use card_security::CardSecurity;
pub use certificate::Certificate;
#[cfg(feature = "personalise")]
pub use issue::{CertificateDraft, CertificateUse, Issuer, sign_content, sign_revocation_list};
pub use master_list::Imported;
pub use signature::Strength;
pub use sod::{Sod, VerifiedSod};
pub use trust::TrustList;
#[cfg(feature = "personalise")]
pub use trust_file::TrustFileDraft;

#[cfg(test)]
mod peers;
#[cfg(test)]
#[cfg(feature = "personalise")]
mod tests;
