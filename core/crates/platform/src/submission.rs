//! A change of a record, as its holder confirmed it: signed once, perhaps without a network, and sent until the platform has it.

use core::fmt;

use eid_crypto::{PasscodeKey, hash::sha256};
use eid_model::{Code, MediaType, UnixTime, bounded_line};
use eid_record::{
    Form, Path, RecordKind,
    update::{Evidence, Receipt},
};
use serde::{Deserialize, Serialize};

use crate::{
    AccessToken, AccountId, Configuration, Flaw, PlatformClient, PlatformError, RequestSigner, base64url,
    client::JSON,
    http::Expected,
    instruction::{Outer, sign_biometric},
    json::parse_object,
    jws, parse_problem,
};

/// Findings that a refusal names at most: a form has no more fields.
const MOST_FINDINGS: usize = Form::MAX_FIELDS;

/// Pieces of evidence that a submission has at most.
const MOST_EVIDENCE: usize = 50;

/// What a citizen confirms.
#[derive(Clone, Copy)]
pub struct Statement<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The update's key, and which round of it: together taken once for ever.
    pub submission: (&'a str, u32),
    /// The record.
    pub record: (RecordKind, &'a str),
    /// The record's "as of" that the change was made on; `None` for a new record.
    pub base: Option<UnixTime>,
    /// What the record shall say.
    pub form: &'a Form,
    /// The evidence, each piece with what it is.
    pub evidence: &'a [(Evidence, MediaType)],
}

impl fmt::Debug for Statement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({})", self.record.0.name())
    }
}

/// A confirmed change, to be stored before it is sent: it is the same for ever. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedStatement {
    account: AccountId,
    key: String,
    round: u32,
    kind: RecordKind,
    record: String,
    inner: String,
    biometric: Option<String>,
}

impl fmt::Debug for SignedStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedStatement({})", self.kind.name())
    }
}

/// What came of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// The platform has it.
    Received {
        /// What it confirms; verified.
        receipt: Receipt,
        /// The receipt itself, to be kept: evidence for the citizen.
        token: String,
    },
    /// The platform finds faults in the form ([`Code::FORM_INVALID`]).
    FormInvalid(Vec<RefusedField>),
    /// These pieces are not there, or not all of them ([`Code::EVIDENCE_MISSING`]).
    EvidenceMissing(Vec<[u8; 32]>),
}

/// A field that the platform refuses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RefusedField {
    /// The field.
    pub path: Path,
    /// The number of a [`Code`]; may be one that this version does not know.
    pub code: u16,
}

#[derive(Serialize)]
struct Inner<'a> {
    aud: &'a str,
    sub: &'a AccountId,
    jti: &'a str,
    round: u32,
    iat: UnixTime,
    subject: Subject<'a>,
    form: &'a Form,
    evidence: Vec<EvidenceClaim>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Subject<'a> {
    Record { kind: RecordKind, id: &'a str, base: Option<UnixTime> },
}

#[derive(Serialize)]
struct EvidenceClaim {
    #[serde(with = "base64url")]
    sha256: [u8; 32],
    bytes: u64,
    #[serde(rename = "type")]
    media: MediaType,
}

#[derive(Serialize)]
struct Envelope<'a> {
    submission: &'a str,
}

#[derive(Deserialize)]
struct ReceiptAnswer {
    receipt: String,
}

#[derive(Deserialize)]
struct ReceiptClaims {
    iss: String,
    sub: AccountId,
    jti: String,
    round: u32,
    dossier: String,
    kind: RecordKind,
    record: String,
    received_at: UnixTime,
    inner: Digest,
    evidence: Vec<Digest>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Digest(#[serde(with = "base64url")] [u8; 32]);

#[derive(Deserialize)]
struct Findings {
    findings: Vec<RefusedField>,
}

#[derive(Deserialize)]
struct Missing {
    missing: Vec<Digest>,
}

impl SignedStatement {
    /// The key of the passcode that was just typed signs the change for `platform` (its origin). Needs no network.
    ///
    /// # Errors
    /// [`PlatformError::Crypto`].
    pub async fn sign(
        statement: Statement<'_>,
        platform: &str,
        passcode: &PasscodeKey,
        now: UnixTime,
    ) -> Result<Self, PlatformError> {
        let Statement { account, submission: (key, round), record: (kind, id), base, form, evidence } = statement;
        let evidence = evidence.iter().map(|(piece, media)| EvidenceClaim {
            sha256: piece.sha256,
            bytes: piece.bytes,
            media: *media,
        });
        let inner = Inner {
            aud: platform,
            sub: account,
            jti: key,
            round,
            iat: now,
            subject: Subject::Record { kind, id, base },
            form,
            evidence: evidence.collect(),
        };
        let inner = jws::sign("eid-statement+jwt", &inner, passcode).await?;
        let (account, key, record) = (account.clone(), key.to_owned(), id.to_owned());
        Ok(Self { account, key, round, kind, record, inner, biometric: None })
    }

    /// The key that takes face or finger confirms the same change, where its act asks for it.
    ///
    /// # Errors
    /// [`PlatformError::Signer`].
    pub async fn confirm(&mut self, platform: &str, biometric: &dyn RequestSigner) -> Result<(), PlatformError> {
        self.biometric = Some(sign_biometric((platform, &self.key), &self.inner, biometric).await?);
        Ok(())
    }

    /// SHA-256 of what the passcode key signed: the receipt names it.
    pub fn digest(&self) -> [u8; 32] {
        sha256(self.inner.as_bytes())
    }

    /// Reads the answer to this submission and verifies the receipt in it: signed by a receipt key, and of this very change.
    ///
    /// # Errors
    /// [`PlatformError::Nonsense`].
    pub fn parse_receipt(&self, body: &[u8], configuration: &Configuration) -> Result<Submitted, PlatformError> {
        let ReceiptAnswer { receipt: token } = parse_object(body)?;
        let claims = receipt_claims(&token, configuration)?;
        let is_this = claims.iss == configuration.issuer
            && claims.sub == self.account
            && (claims.jti.as_str(), claims.round) == (self.key.as_str(), self.round)
            && (claims.kind, claims.record.as_str()) == (self.kind, self.record.as_str())
            && claims.inner.0 == self.digest();
        if !is_this {
            return Err(PlatformError::Nonsense(Flaw::Subject));
        }
        let dossier = bounded_line(&claims.dossier, 64).filter(|dossier| !dossier.is_empty());
        let dossier = dossier.filter(|_| claims.evidence.len() <= MOST_EVIDENCE);
        let dossier = dossier.ok_or(PlatformError::Nonsense(Flaw::Shape))?;
        let evidence = claims.evidence.into_iter().map(|digest| digest.0).collect();
        let receipt = Receipt { dossier, round: claims.round, received_at: claims.received_at, evidence };
        Ok(Submitted::Received { receipt, token })
    }
}

/// Each key is tried, as there are one or two.
fn receipt_claims(token: &str, configuration: &Configuration) -> Result<ReceiptClaims, PlatformError> {
    let parsed = jws::parse(token)?;
    let mut outcome = Err(PlatformError::Nonsense(Flaw::Signature));
    for key in &configuration.receipt_keys {
        outcome = parsed.verify("eid-receipt+jwt", key);
        if !matches!(outcome, Err(PlatformError::Nonsense(Flaw::Signature))) {
            break;
        }
    }
    outcome
}

/// Reads a refusal, with what two of them say besides their code.
fn parse_refusal(body: &[u8]) -> Result<Submitted, PlatformError> {
    let refusal = parse_problem(body);
    let too_many = PlatformError::Nonsense(Flaw::Count);
    match refusal {
        PlatformError::Refused { code, .. } if code == Code::FORM_INVALID => {
            let Findings { findings } = parse_object(body)?;
            if findings.len() <= MOST_FINDINGS { Ok(Submitted::FormInvalid(findings)) } else { Err(too_many) }
        }
        PlatformError::Refused { code, .. } if code == Code::EVIDENCE_MISSING => {
            let Missing { missing } = parse_object(body)?;
            let missing: Vec<_> = missing.into_iter().map(|digest| digest.0).collect();
            if missing.len() <= MOST_EVIDENCE { Ok(Submitted::EvidenceMissing(missing)) } else { Err(too_many) }
        }
        other => Err(other),
    }
}

impl PlatformClient {
    /// Sends a confirmed change, in an envelope that the device key signs now; the same change again gives the same receipt.
    ///
    /// # Errors
    /// As of every call of [`PlatformClient`]. [`PlatformError::Refused`] with [`Code::CONFIRM_AGAIN`] if its holder has to
    /// confirm it again, [`Code::RECORD_CHANGED`] if the record is another by now, [`Code::SUBMISSION_DIFFERS`] if another change
    /// has this key and round.
    pub async fn submit(
        &self,
        token: &AccessToken,
        statement: &SignedStatement,
        configuration: &Configuration,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Submitted, PlatformError> {
        let SignedStatement { inner, biometric, .. } = statement;
        let outer = Outer { aud: self.http.origin(), iat: now, inner, biometric: biometric.as_deref() };
        let submission = jws::sign("eid-submission+jwt", &outer, device).await?;
        let request = self.post("/v1/submissions").json(&Envelope { submission: &submission });
        let expected = Expected::one(201, JSON).or(&[200]).or_refusal();
        let answer = self.repeat_in_session(request, expected, token, device, now).await?;
        match answer.status {
            200 | 201 => statement.parse_receipt(&answer.body, configuration),
            _ => parse_refusal(&answer.body),
        }
    }
}

#[cfg(test)]
mod tests;
