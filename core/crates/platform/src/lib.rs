//! Client of the e-ID platform: wire types, request signing, retry policy. The contract is
//! `core/docs/platform-protocol.md`.
//!
//! [`PlatformClient`] has one method for each call. It speaks HTTPS with the platform's own CA and nothing else, reads at
//! most [`MAX_ANSWER`] bytes, follows no redirect, and turns whatever comes back into typed values or a
//! [`PlatformError`] with a stable code. Keys stay in the phone's hardware: signatures come from a [`RequestSigner`].
//! [`Grant::verify`] is the one way to a level-2 grant, [`Configuration::verify`] to a signed configuration.
//!
//! [`send_answer`] hands an answer to a service counter, which is no platform: the counter's registered key vouches for that line.
//!
//! It must never read the wall clock or make randomness by itself (both are passed in; waiting uses tokio's timer), trust
//! a certificate of the phone's store or of a process-wide TLS provider, repeat a call that counts tries, keep an answer,
//! or let personal data, a URL or a server's words into an error.
//!
//! [`answer`], [`jws::parse`] and [`parse_problem`] are pure functions over foreign bytes, for fuzzing.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use eid_crypto::SystemRandom;
//! use eid_model::{PhoneNumber, Pid};
//! use eid_platform::{ActivationPurpose, OneTimeCode, PlatformClient, PlatformConfig, Timeouts};
//!
//! # async fn example(ca: Vec<u8>, stored_key: [u8; 16]) -> Result<(), Box<dyn std::error::Error>> {
//! let config = PlatformConfig {
//!     base_url: "https://platform.example".to_owned(),
//!     ca_der: vec![ca],
//!     timeouts: Timeouts::default(),
//! };
//! let platform = PlatformClient::new(&config, Arc::new(SystemRandom::new()))?;
//! let (pid, phone) = (Pid::parse("000199000123")?, PhoneNumber::parse("0900000123")?);
//! let started = platform.start_activation((&pid, &phone), ActivationPurpose::Activate, &stored_key).await?;
//! let challenge = platform.confirm_code(&started.activation_id, &OneTimeCode::parse("271 828")?).await?;
//! # Ok(())
//! # }
//! ```

mod act;
pub mod answer;
mod base64url;
mod binding;
pub mod circuit;
mod client;
mod configuration;
mod counter;
mod detached;
mod error;
mod evidence;
mod feed;
mod grant;
mod http;
mod id;
mod instruction;
mod json;
pub mod jws;
mod line;
mod own_data;
mod problem;
mod proving;
pub mod retry;
mod session;
mod signer;
mod state;
mod submission;
mod update;

pub use act::{ActAnswer, ActOrder, PhoneCodeUse, parse_phone_code_sent};
pub use answer::{
    AccessToken, ActivationStarted, CNonce, CredentialConfiguration, DeviceBound, DeviceChallenge, IssuerMetadata,
};
pub use binding::make_passcode_binding;
pub use client::{BindRequest, CredentialRequest, OneTimeCode, PlatformClient, PlatformConfig, Timeouts};
pub use configuration::{ActRule, AuthorityKey, Configuration, MAX_CONFIGURATION, Maintenance};
pub use counter::send_answer;
pub use error::{Flaw, PlatformError};
pub use evidence::{EVIDENCE_CHUNK, EVIDENCE_CHUNK_AFTER_LOSS, EvidencePiece, Upload};
pub use feed::{Change, Feed, RecordGone, RecordPage, RecordReport, SignedChange, UpdateStep, parse_record_page};
pub use grant::Grant;
pub use http::{Gate, MAX_ANSWER};
pub use id::{AccountId, ActivationId, Cursor};
pub use instruction::{Challenge, Instruction, parse_challenge};
pub use own_data::{
    CONSENT_TYPE, ConsentStatement, KeptConsent, RequestProgress, SentRequest, WITHDRAWAL_TYPE, WithdrawalStatement,
    parse_consent, parse_consents, parse_requests,
};
pub use problem::parse_problem;
pub use proving::{ActivationPurpose, CardUpload, LockCode, Voucher, parse_lifted, parse_next};
pub use session::{DeviceEntry, RefreshToken, SignedIn, parse_devices, parse_signed_in};
pub use signer::RequestSigner;
pub use state::{Contact, ContactKind, DeviceReport, DeviceState, parse_device_state};
pub use submission::{RefusedField, SignedStatement, Statement, Submitted};
pub use update::{AppVersion, UpdatePolicy, UpdateState};
