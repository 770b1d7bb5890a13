//! Changes of records that citizens sign offline, with or without evidence, and send when they can.

use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use eid_crypto::hash::sha256;
use eid_model::Code;
use eid_record::{Context, Form, Payload, RecordKind, Severity, Speaker, Tables};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    account,
    act::{check_cooling_off, check_factors},
    biometric::Shown,
    consent::is_identifier,
    instruction,
    passcode::{PasscodeState, is_former},
};
use crate::{
    Person,
    citizen::AccountState,
    evidence_store::{self, Offer},
    extract::JsonBody,
    jwt::{self, BadJwt, encode},
    keys::ISSUER,
    platform::{Platform, Shared},
    problem::{Details, FindingLine, Problem, Refusal},
    records::{
        book,
        change::is_name,
        dossier::{self, Sent},
        keys::{RECEIPTS, Signer},
        play,
    },
    session::{Session, find_session},
};

const PATH: &str = "/v1/submissions";

/// Largest body, in bytes: a form of the greatest size in base64 twice over, and what stands around it.
const BODY_LIMIT: usize = 512 * 1024;

/// How old a statement may be, in seconds: it is signed offline.
const OLDEST: i64 = 60 * 86_400;

/// How far ahead the phone's clock may be, in seconds.
const AHEAD: i64 = 300;

/// Most pieces of evidence of one submission.
const MOST_EVIDENCE: usize = 50;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(submit)).layer(DefaultBodyLimit::max(BODY_LIMIT))
}

#[derive(Deserialize, ToSchema)]
struct SubmissionBody {
    /// A JWT of type `eid-submission+jwt`, signed by the device key, around one of type `eid-statement+jwt`, signed by the passcode
    /// key; for some kinds also around one of type `eid-biometric+jwt`.
    submission: String,
}

#[derive(Serialize, ToSchema)]
struct Receipted {
    /// A JWT of type `eid-receipt+jwt`, signed by a receipt key of the signed configuration.
    receipt: String,
}

#[derive(Deserialize)]
struct Outer {
    aud: String,
    inner: String,
    biometric: Option<String>,
}

/// What the citizen states.
#[derive(Deserialize)]
struct Statement {
    aud: String,
    sub: String,
    jti: String,
    round: u32,
    iat: i64,
    subject: Subject,
    form: Form,
    evidence: Vec<Piece>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Subject {
    Record { kind: String, id: String, base: Option<i64> },
}

#[derive(Deserialize)]
struct Piece {
    sha256: Hash,
    bytes: i64,
    #[serde(rename = "type")]
    media: String,
}

/// SHA-256, in base64url.
#[derive(PartialEq, Eq)]
struct Hash([u8; 32]);

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = jwt::decode(&String::deserialize(deserializer)?).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| D::Error::custom("no hash"))
    }
}

#[derive(Serialize)]
struct Receipt<'a> {
    iss: &'a str,
    sub: &'a str,
    jti: &'a str,
    round: u32,
    dossier: String,
    kind: &'a str,
    record: &'a str,
    received_at: i64,
    inner: String,
    evidence: &'a [String],
}

/// Takes a change of a record. The very same statement again gets the same receipt.
#[utoipa::path(
    post, path = "/v1/submissions", tag = "records", request_body = SubmissionBody,
    params(
        ("Authorization" = String, Header, description = "`DPoP` and the access token"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 201, body = Receipted),
        (status = 200, body = Receipted, description = "It was received before"),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
         description = "2047, 2053, 2054, 2055, 2056, 2059, 7012, 7013, 7014, 7018, 7020, 7021, 7023, 7025, 7041, 7042, 7043, 7044, 7046"),
    )
)]
async fn submit(
    State(platform): State<Shared>,
    headers: HeaderMap,
    body: Result<JsonBody<SubmissionBody>, Refusal>,
) -> Result<Response, Refusal> {
    let JsonBody(SubmissionBody { submission }) = body?;
    let taken = platform.blocking(move |platform| {
        // Signatures are checked before the store's turn is taken: they need none of it.
        let submission = Submission::verify(platform, &submission);
        platform.store.call(|tx| {
            let (session, _) = find_session(platform, tx, &headers, "POST", PATH)?;
            submission?.take(platform, tx, &session)
        })
    });
    Ok(match taken.await? {
        Taken::New(receipt) => (StatusCode::CREATED, Json(Receipted { receipt })).into_response(),
        Taken::Known(receipt) => Json(Receipted { receipt }).into_response(),
        Taken::Refused(refusal, details) => refusal.with_details(details),
    })
}

/// What becomes of a submission.
enum Taken {
    New(String),
    Known(String),
    Refused(Refusal, Details),
}

/// A submission whose signatures fit the keys in their headers.
struct Submission {
    /// Of the inner JWT.
    hash: [u8; 32],
    /// Thumbprints of the keys that signed.
    device: [u8; 32],
    passcode: [u8; 32],
    biometric: Option<Shown>,
    kind: RecordKind,
    record: String,
    base: Option<i64>,
    said: Statement,
}

impl Submission {
    fn verify(platform: &Platform, token: &str) -> Result<Self, Refusal> {
        let invalid = |_: BadJwt| Refusal::invalid_request();
        let outer = jwt::verify_large::<Outer>(token, "eid-submission+jwt").map_err(invalid)?;
        let inner = jwt::verify_large::<Statement>(&outer.claims.inner, "eid-statement+jwt").map_err(invalid)?;
        let biometric = outer.claims.biometric.as_deref();
        let biometric = biometric.map(|shown| Shown::verify(platform, shown, &outer.claims.inner)).transpose()?;
        let said = inner.claims;
        let Subject::Record { kind, id, base } = &said.subject;
        let kind = RecordKind::from_name(kind).map_err(|_| Refusal::invalid_request())?;
        let is_ours = outer.claims.aud == platform.base_url && said.aud == platform.base_url;
        let mut pieces = said.evidence.iter().enumerate();
        let is_twice =
            pieces.any(|(at, piece)| said.evidence.iter().take(at).any(|other| other.sha256 == piece.sha256));
        let is_sound = is_identifier(&said.jti) && is_name(id) && id != book::marker(kind);
        if !is_ours || !is_sound || is_twice || said.evidence.len() > MOST_EVIDENCE {
            return Err(Refusal::invalid_request());
        }
        let (record, base) = (id.clone(), *base);
        let (device, passcode) = (jwt::thumbprint(&outer.key), jwt::thumbprint(&inner.key));
        let hash = sha256(outer.claims.inner.as_bytes());
        Ok(Self { hash, device, passcode, biometric, kind, record, base, said })
    }

    /// The checks in the order of the protocol.
    fn take(&self, platform: &Platform, tx: &Transaction<'_>, session: &Session) -> Result<Taken, Refusal> {
        if self.device != session.device || self.said.sub != session.account {
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, Code::SESSION_REFUSED));
        }
        let (person, now) = (account::find_person(platform, tx, &session.account)?, platform.clock.seconds());
        let pid = person.pid.as_str();
        if let Some(receipt) = self.known(tx, pid)? {
            return Ok(Taken::Known(receipt));
        }
        AccountState::of(platform, tx, &session.account)?.require_active()?;
        play::catch_up(platform, tx, pid)?;
        self.check_round(tx, pid)?;
        self.check_passcode(tx, &session.account, now)?;
        let act = self.kind.definition().act();
        let shown = instruction::shown(tx, &self.device, (self.biometric.as_ref(), &self.said.jti), now)?;
        check_cooling_off(tx, &session.account, act, now)?;
        check_factors(tx, act, &shown, now)?;
        let age = now.saturating_sub(self.said.iat);
        if !(-AHEAD..=OLDEST).contains(&age) {
            return Err(CONFIRM_AGAIN);
        }
        self.check_base(tx, pid)?;
        let missing = self.missing(tx, &session.account)?;
        if !missing.is_empty() {
            let refusal = Refusal::new(StatusCode::CONFLICT, Code::EVIDENCE_MISSING);
            return Ok(Taken::Refused(refusal, Details { missing, ..Details::default() }));
        }
        match self.check_form(tx, &person, now)? {
            Ok(form) => self.keep(platform, tx, (&person, &session.account), &form).map(Taken::New),
            Err(findings) => {
                let refusal = Refusal::new(StatusCode::BAD_REQUEST, Code::FORM_INVALID);
                Ok(Taken::Refused(refusal, Details { findings, ..Details::default() }))
            }
        }
    }

    fn known(&self, tx: &Transaction<'_>, pid: &str) -> Result<Option<String>, Refusal> {
        let columns = "SELECT hash, receipt FROM submissions WHERE pid = ? AND jti = ? AND round = ?";
        let row = tx.query_row(columns, params![pid, self.said.jti, self.said.round], |row| {
            Ok((row.get::<_, [u8; 32]>(0)?, row.get(1)?))
        });
        match row.optional()? {
            Some((hash, receipt)) if hash == self.hash => Ok(Some(receipt)),
            Some(_) => Err(Refusal::new(StatusCode::CONFLICT, Code::SUBMISSION_DIFFERS)),
            None => Ok(None),
        }
    }

    /// The first round opens a dossier; each further one answers what the authority asked for.
    fn check_round(&self, tx: &Transaction<'_>, pid: &str) -> Result<(), Refusal> {
        let standing = dossier::standing(tx, pid, &self.said.jti)?;
        let is_due = match standing {
            None => self.said.round == 0,
            Some(standing) => {
                standing.is_asked
                    && standing.round.checked_add(1) == Some(self.said.round)
                    && (standing.kind.as_str(), standing.record.as_str()) == (self.kind.name(), self.record.as_str())
            }
        };
        if is_due { Ok(()) } else { Err(Refusal::new(StatusCode::CONFLICT, Code::STEP_OUT_OF_ORDER)) }
    }

    fn check_passcode(&self, tx: &Transaction<'_>, account: &str, now: i64) -> Result<(), Refusal> {
        let state = PasscodeState::load(tx, &self.device)?;
        state.check_door(now)?;
        if self.passcode != state.key && is_former(tx, account, &self.passcode)? {
            return Err(CONFIRM_AGAIN);
        }
        state.count(tx, &self.device, self.passcode == state.key, now)?
    }

    /// Refuses a change of something that has changed meanwhile. What the authority only said again has not.
    fn check_base(&self, tx: &Transaction<'_>, pid: &str) -> Result<(), Refusal> {
        let present = book::find(tx, pid, self.kind, &self.record)?;
        let is_same = match (self.base, &present) {
            (None, None) => true,
            (Some(base), Some(present)) => (present.changed_at..=present.as_of).contains(&base),
            _ => false,
        };
        if is_same { Ok(()) } else { Err(Refusal::new(StatusCode::CONFLICT, Code::RECORD_CHANGED)) }
    }

    fn missing(&self, tx: &Transaction<'_>, account: &str) -> Result<Vec<String>, Refusal> {
        let mut missing = Vec::new();
        for piece in &self.said.evidence {
            let offer = Offer { length: piece.bytes, media: &piece.media };
            if !evidence_store::is_complete(tx, (account, &piece.sha256.0), &offer)? {
                missing.push(encode(&piece.sha256.0));
            }
        }
        Ok(missing)
    }

    /// The form in the one way of writing it, or what is wrong with it.
    fn check_form(
        &self,
        tx: &Transaction<'_>,
        person: &Person,
        now: i64,
    ) -> Result<Result<Form, Vec<FindingLine>>, Refusal> {
        let (holder, today) = (book::holder(person), book::today(now)?);
        let others = book::list(tx, person.pid.as_str(), self.kind)?;
        let others = others.iter().filter(|entry| entry.id != self.record);
        let others: Vec<Payload> = others.map(|entry| book::normal(self.kind, &entry.form, today).1).collect();
        let others: Vec<&Payload> = others.iter().collect();
        let (tables, speaker) = (Tables::embedded(), Speaker::Citizen);
        let context = Context { today, holder: Some(&holder), others: &others, tables, speaker };
        let checked = self.kind.validate(&self.said.form, &context);
        if checked.is_valid() {
            return Ok(Ok(checked.form().clone()));
        }
        let wrong = checked.findings().iter().filter(|finding| finding.severity() == Severity::Error);
        let lines = wrong
            .map(|finding| FindingLine { path: finding.path().as_str().to_owned(), code: finding.code().number() });
        Ok(Err(lines.collect()))
    }

    /// Keeps it, opens or goes on with the dossier, and gives the receipt.
    fn keep(
        &self,
        platform: &Platform,
        tx: &Transaction<'_>,
        (person, account): (&Person, &str),
        form: &Form,
    ) -> Result<String, Refusal> {
        let Statement { jti, round, .. } = &self.said;
        let (pid, received_at) = (person.pid.as_str(), platform.clock.seconds());
        let evidence: Vec<String> = self.said.evidence.iter().map(|piece| encode(&piece.sha256.0)).collect();
        let receipt = Receipt {
            iss: ISSUER,
            sub: account,
            jti,
            round: *round,
            dossier: dossier_number(account, jti),
            kind: self.kind.name(),
            record: &self.record,
            received_at,
            inner: encode(&self.hash),
            evidence: &evidence,
        };
        let receipt = Signer::of(tx, RECEIPTS)?.sign("eid-receipt+jwt", &receipt)?;
        let store =
            "INSERT INTO submissions (pid, jti, round, hash, kind, record, form, evidence, receipt, received_at)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let (kind, record) = (self.kind.name(), &self.record);
        let (form_text, evidence_text) = (text(form)?, text(&evidence)?);
        let row = params![pid, jti, round, self.hash, kind, record, form_text, evidence_text, receipt, received_at];
        tx.execute(store, row)?;
        for piece in &self.said.evidence {
            evidence_store::mark_used(tx, (account, &piece.sha256.0))?;
        }
        let standing = "INSERT INTO dossiers (pid, jti, round, kind, record) VALUES (?1, ?2, ?3, ?4, ?5)
                        ON CONFLICT (pid, jti) DO UPDATE SET round = ?3, is_asked = 0";
        tx.execute(standing, params![pid, jti, round, kind, record])?;
        let (kind, record, round, has_evidence) = (self.kind, self.record.as_str(), *round, !evidence.is_empty());
        dossier::open(platform, tx, &Sent { person, kind, record, jti, round, form, has_evidence })?;
        Ok(receipt)
    }
}

fn text(value: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(|_| Refusal::fault())
}

const CONFIRM_AGAIN: Refusal = Refusal::new(StatusCode::FORBIDDEN, Code::CONFIRM_AGAIN);

/// The number that an office would write on the dossier: the same for every round.
fn dossier_number(account: &str, jti: &str) -> String {
    let [a, b, c, d, e, ..] = sha256(format!("{account}/{jti}").as_bytes());
    let number = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    format!("HS-{number:013}")
}
