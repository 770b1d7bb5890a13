//! The answer to one scan, as JSON shows it.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eid_model::{Code, UnixTime};
use eid_proof::{ClaimValue, Outcome, VerifiedProof};
use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, Ref, RefOr, Schema,
        schema::{AnyOfBuilder, Type},
    },
};

use crate::{CounterError, Rfc3339, words};

/// The verdict on one scan with everything an officer or a program needs. Serialised, a key that has nothing to say is
/// left out; personal data is in `claims` and `portrait` only.
#[derive(Serialize, ToSchema)]
#[non_exhaustive]
pub struct Report {
    /// `valid`, `not_valid` or `cannot_tell`.
    #[serde(rename = "verdict", serialize_with = "verdict")]
    #[schema(value_type = String, pattern = "^(valid|not_valid|cannot_tell)$")]
    pub outcome: Outcome,
    /// `Q00` to `Q18`, `W16` and `W19` for verdicts; `E5030` and so on when there could be none.
    #[serde(serialize_with = "label")]
    #[schema(value_type = String, pattern = "^(Q[0-9]{2}|W1[69]|E[0-9]{4})$")]
    pub code: Code,
    /// What the code means and what to do about it.
    pub reason: Words,
    /// What is known beyond the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
    /// What the officer must still do before accepting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub must_do: Option<Words>,
    /// What was proven. Only there when all signatures are right: for `Q00`, `W16`, and `W19`, a paper, which lacks the holder's.
    #[serde(flatten)]
    #[schema(schema_with = shown_or_nothing)]
    pub shown: Option<Shown>,
    /// The trust list that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustFacts>,
    /// The status that was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusFacts>,
}

impl Report {
    /// The exit code of a program that verified: 0 valid, 1 not valid, 2 cannot tell.
    pub fn exit_code(&self) -> u8 {
        match self.outcome {
            Outcome::Valid => 0,
            Outcome::NotValid => 1,
            Outcome::CannotTell => 2,
        }
    }

    /// The code as the JSON has it: `Q05`, `E5030`.
    pub fn label(&self) -> String {
        label_of(self.code)
    }
}

impl From<CounterError> for Report {
    fn from(error: CounterError) -> Self {
        Self {
            outcome: Outcome::CannotTell,
            code: error.code(),
            reason: Words::of(error.code()),
            detail: Some(Detail::Fault { fault: error.name() }),
            must_do: None,
            shown: None,
            trust: None,
            status: None,
        }
    }
}

impl core::fmt::Debug for Report {
    /// Verdict and code only: the rest is personal data.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Report").field("outcome", &self.outcome).field("code", &self.code).finish_non_exhaustive()
    }
}

/// Flattened: its members or none of them, where the derived schema would ask for `null`.
fn shown_or_nothing() -> Schema {
    AnyOfBuilder::new().item(Ref::from_schema_name("Shown")).item(ObjectBuilder::new()).into()
}

/// One text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Words {
    /// Vietnamese.
    pub vi: &'static str,
    /// English.
    pub en: &'static str,
}

impl Words {
    /// The text of a code.
    pub fn of(code: Code) -> Self {
        Self { vi: code.info().vi, en: code.info().en }
    }
}

/// What a verified proof shows.
#[derive(Serialize, ToSchema)]
#[non_exhaustive]
pub struct Shown {
    /// What the proof is for, such as `age` or `id`.
    pub purpose: &'static str,
    /// The disclosed claims by name, without the face.
    pub claims: BTreeMap<&'static str, Claim>,
    /// The portrait to compare, if it was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portrait: Option<Portrait>,
    /// How many claims the holder did not show.
    pub withheld: usize,
    /// The issuer's name.
    pub issuer: String,
    /// The level of identification (mức độ định danh). Issuers give proofs to holders of level 2 only.
    pub level: u8,
    /// False for a paper: whoever holds it can show it.
    pub holder_proven: bool,
    /// When the phone signed; for a paper the day of issue.
    pub as_of: Rfc3339,
    /// When the issuer signed the data, rounded down to the day.
    pub issued_on: Rfc3339,
    /// When the issued data ends to be valid.
    pub valid_until: Rfc3339,
    /// True if the proof was made for any counter, false if for this one.
    pub open: bool,
    /// Which paper the proof stands for, so that nobody asks for the paper too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<Words>,
}

impl Shown {
    pub(crate) fn of(proof: &VerifiedProof) -> Self {
        let claims = proof.claims().iter().filter_map(|(claim, value)| Some((claim.name(), Claim::of(value)?)));
        Self {
            purpose: proof.purpose().name(),
            claims: claims.collect(),
            portrait: proof
                .claims()
                .face()
                .map(|webp| Portrait { media_type: "image/webp", content: PortraitContent::Inline(webp.to_vec()) }),
            withheld: proof.withheld(),
            issuer: proof.issuer().to_owned(),
            level: 2,
            holder_proven: proof.is_holder_proven(),
            as_of: Rfc3339(proof.signed_at()),
            issued_on: Rfc3339(proof.issued_at()),
            valid_until: Rfc3339(proof.valid_until()),
            open: proof.is_open(),
            stands_for: words::stands_for(proof.purpose()),
        }
    }
}

impl core::fmt::Debug for Shown {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Shown").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// The value of a claim, as it was signed.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Claim {
    /// Text; dates as `YYYYMMDD`.
    Text(String),
    /// Gender: 1 male, 2 female, 3 other.
    Number(u8),
    /// Age tests.
    Flag(bool),
}

impl Claim {
    fn of(value: &ClaimValue) -> Option<Self> {
        match value {
            ClaimValue::Text(text) => Some(Self::Text(text.clone())),
            ClaimValue::Number(number) => Some(Self::Number(*number)),
            ClaimValue::Flag(flag) => Some(Self::Flag(*flag)),
            ClaimValue::Face(_) => None,
        }
    }
}

impl core::fmt::Debug for Claim {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Claim(…)")
    }
}

/// The portrait of the holder.
#[derive(Serialize, ToSchema)]
pub struct Portrait {
    /// `image/webp`.
    pub media_type: &'static str,
    /// The picture or where it is.
    #[serde(flatten)]
    pub content: PortraitContent,
}

impl core::fmt::Debug for Portrait {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Portrait").field("media_type", &self.media_type).finish_non_exhaustive()
    }
}

/// Where a portrait is.
#[derive(Serialize)]
pub enum PortraitContent {
    /// The bytes of the picture, serialised as `base64`.
    #[serde(rename = "base64", serialize_with = "base64")]
    Inline(Vec<u8>),
    /// A file that the caller asked for.
    #[serde(rename = "path")]
    File(String),
}

/// As it is over HTTP, where there are no files.
impl PartialSchema for PortraitContent {
    fn schema() -> RefOr<Schema> {
        let base64 = ObjectBuilder::new().schema_type(Type::String).description(Some("The picture, in base64."));
        ObjectBuilder::new().property("base64", base64).required("base64").into()
    }
}

impl ToSchema for PortraitContent {}

impl core::fmt::Debug for PortraitContent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Inline(_) => "Inline(…)",
            Self::File(_) => "File(…)",
        })
    }
}

/// What is known beyond a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Detail {
    /// Which other code was scanned.
    OtherCode {
        /// A short name: `payment`, `id_card`, …
        scanned: &'static str,
        /// Its name in words.
        #[serde(flatten)]
        words: Words,
    },
    /// Letters arrived that a Vietnamese keyboard makes.
    Keyboard(Words),
    /// Both clocks.
    Clocks {
        /// When the phone says it signed.
        phone: Rfc3339,
        /// The counter's time.
        counter: Rfc3339,
        /// Seconds by which the counter's time is later.
        apart_s: i64,
    },
    /// The trust list does not have the issuer's key, or is too old.
    TrustList {
        /// Its age in seconds; a key given by hand has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        age_s: Option<i64>,
    },
    /// The status list decided, or none could be used.
    StatusList {
        /// Its age in seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        age_s: Option<i64>,
    },
    /// The proof, or an answer to the same challenge, was taken before.
    UsedBefore {
        /// When.
        used_at: Rfc3339,
    },
    /// The counter could not get as far as a verdict.
    Fault {
        /// A short name, such as `no_symbol`.
        fault: &'static str,
    },
}

impl Detail {
    pub(crate) fn of(detail: &eid_proof::Detail, now: UnixTime) -> Option<Self> {
        use eid_proof::Detail as Proven;
        Some(match detail {
            Proven::None => return None,
            Proven::OtherCode(other) => Self::OtherCode { scanned: other.name(), words: words::other_code(*other) },
            Proven::Keyboard => Self::Keyboard(words::KEYBOARD),
            Proven::Clocks { proof, counter } => {
                Self::Clocks { phone: Rfc3339(*proof), counter: Rfc3339(*counter), apart_s: age(*counter, *proof) }
            }
            Proven::TrustList { issued_at } => Self::TrustList { age_s: issued_at.map(|at| age(now, at)) },
            Proven::StatusList { issued_at } => Self::StatusList { age_s: issued_at.map(|at| age(now, at)) },
            Proven::UsedBefore { at } => Self::UsedBefore { used_at: Rfc3339(*at) },
            Proven::ReplayUnavailable => Self::Fault { fault: CounterError::ReplayUnusable.name() },
        })
    }
}

/// The trust list behind a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct TrustFacts {
    /// The world that its keys belong to: `sandbox` means invented people, `test` a single key given by hand.
    pub environment: String,
    /// Its version; 0 for a single key.
    pub version: u32,
    /// Its age in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_s: Option<i64>,
    /// When the next one is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_update: Option<Rfc3339>,
}

/// The status behind a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[non_exhaustive]
pub struct StatusFacts {
    /// What is known of the proof's status.
    pub state: StatusState,
    /// Age in seconds of the list that told, else of the oldest list in the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_s: Option<i64>,
}

/// What is known of a proof's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusState {
    /// Neither revoked nor suspended.
    Valid,
    /// Withdrawn for good.
    Revoked,
    /// Withdrawn for now.
    Suspended,
    /// No list tells.
    Unknown,
    /// An earlier check decided.
    NotChecked,
}

/// Seconds from `then` to `now`; negative if `then` is later.
pub(crate) fn age(now: UnixTime, then: UnixTime) -> i64 {
    now.seconds().saturating_sub(then.seconds())
}

fn verdict<S: Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match outcome {
        Outcome::Valid => "valid",
        Outcome::NotValid => "not_valid",
        Outcome::CannotTell => "cannot_tell",
    })
}

pub(crate) fn label<S: Serializer>(code: &Code, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&label_of(*code))
}

/// The numbers 5000–5019 are verdicts, whose name begins with their label (`Q05_STALE`).
fn label_of(code: Code) -> String {
    match code.info().name.split_once('_') {
        Some((label, _)) if (5000..=5019).contains(&code.number()) => label.to_owned(),
        _ => format!("E{code}"),
    }
}

fn base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}
