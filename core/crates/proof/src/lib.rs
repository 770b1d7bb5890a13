//! QR identity proofs: what an issuer, a holder and a counter do. Sans-I/O: bytes and time in, bytes and verdicts out.
//!
//! A proof is an IETF SD-CWT key-binding token: signed by a key in the holder's phone, around an issuer token whose identity
//! data is IANA CWT claim 169. `core/docs/proof-format.md` describes it byte by byte.
//!
//! This crate is all that a counter needs. It opens no file and no socket, and reads no clock. A [`VerifiedProof`] can be
//! made by a [`Verifier`] only.
//!
//! ```
//! use eid_crypto::{SigningKey, SystemRandom};
//! use eid_model::{Code, UnixTime};
//! use eid_proof::{
//!     Audience, Claim, ClaimValue, Claims, HeldToken, MemoryReplayCache, Policy, Purpose, Scan, Showing, Spelling,
//!     TokenDraft, TrustList, Verifier, issue_token,
//! };
//!
//! # fn main() -> Result<(), eid_proof::ProofError> {
//! let now = UnixTime::from_seconds(1_795_348_800);
//! let (issuer, phone) = (SigningKey::make()?, SigningKey::make()?);
//!
//! // The issuer:
//! let mut claims = Claims::new();
//! claims.insert(Claim::AgeOver18, ClaimValue::Flag(true))?;
//! let draft = TokenDraft {
//!     purpose: Purpose::Age,
//!     issuer: "e.example",
//!     claims: &claims,
//!     holder_key: phone.public(),
//!     issued_at: now,
//!     valid_days: 14,
//!     status: None,
//! };
//! let token = HeldToken::parse(issue_token(&draft, &issuer, &SystemRandom::new())?)?;
//!
//! // The holder:
//! let showing = Showing { audience: Audience::Anyone, challenge: None, photo: false, claims: vec![], now };
//! let unsigned = token.prepare(&showing)?;
//! let signature = phone.sign(unsigned.to_be_signed())?;
//! let text = unsigned.finish(&signature).text(Spelling::Digits);
//!
//! // The counter:
//! let (trust, policy) = (TrustList::single(*issuer.public()), Policy::default());
//! let verifier = Verifier { trust: &trust, status: None, policy: &policy };
//! let mut replay = MemoryReplayCache::default();
//! let scan = Scan { now, challenge: None };
//! assert_eq!(verifier.verify_text(&text, &scan, &mut replay).code, Code::Q00_VALID);
//! assert_eq!(verifier.verify_text(&text, &scan, &mut replay).code, Code::Q18_REPLAY);
//! # Ok(())
//! # }
//! ```

mod binding;
mod cbor;
mod claim;
mod cose;
mod disclosure;
#[cfg(test)]
mod draft_examples;
mod error;
mod hold;
mod issue;
mod labels;
mod purpose;
mod qr;
mod registration;
mod replay;
mod request;
mod status;
mod text;
mod time;
mod token;
mod trust;
mod verdict;
mod verify;

pub use binding::is_counter;
pub use claim::{Claim, ClaimValue, Claims};
pub use cose::{key_id, thumbprint};
pub use error::ProofError;
pub use hold::{Audience, HeldToken, Proof, Showing, UnsignedProof};
pub use issue::{StatusReference, TokenDraft, issue_token};
pub use purpose::Purpose;
pub use qr::{MAX_QR_BYTES, QrSymbol};
pub use registration::{Registration, RegistrationDraft};
pub use replay::{MemoryReplayCache, ReplayCache, ReplayEntry, ReplayUnavailable, Seen};
pub use request::{Asked, CounterCode, CounterRequest, NONCE_BYTES, RequestDraft};
pub use status::{Status, StatusEntry, StatusListDraft, StatusSnapshot, bundle_status_lists, keep_registrar_lists};
pub use text::{OtherCode, Spelling, TextError, decode_text, encode_text};
pub use trust::{KeyUse, TrustList, TrustListDraft, TrustedKey};
pub use verdict::{Detail, Outcome, Verdict, VerifiedProof};
pub use verify::{Judgement, Policy, Scan, Unrecorded, Verifier};
