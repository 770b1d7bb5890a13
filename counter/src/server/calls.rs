//! The HTTP interface for other programs, which our own page uses too.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{FromRequest, Request, State, rejection::JsonRejection},
    http::{StatusCode, header},
    response::IntoResponse,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use eid_model::{Code, UnixTime};
use eid_proof::{Detail, Judgement, Purpose, Registration, ReplayEntry, Scan, StatusSnapshot, VerifiedProof};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Office,
    clocks::{self, ClockFacts},
    description,
    refusal::{Refusal, Refused},
    requests,
};
use crate::{CounterError, Input, Report, Rfc3339, Rules, Shown, TrustFacts, asking::Question, picture, report::age};

/// The most proofs in one call.
const MAX_BATCH: usize = 100;

/// Largest body, in bytes: the longest texts of [`MAX_BATCH`] proofs of 4,096 bytes, with JSON around each.
pub(super) const BODY_LIMIT: usize = MAX_BATCH * 12 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "eID Core counter",
        description = "Verifies QR identity proofs, on this machine alone. Serves callers on 127.0.0.1 only, and no web page but its \
                       own. Each proof is good for one verdict: a second call with the same proof says `Q18`.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    components(schemas(Shown)),
    tags((name = "counter", description = "What a hospital's, bank's or ministry's program calls"))
)]
struct Document;

pub(super) fn router() -> Router<Arc<Office>> {
    documented().split_for_parts().0
}

pub(super) fn documented() -> OpenApiRouter<Arc<Office>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(verify))
        .merge(requests::routes())
        .routes(routes!(station))
        .routes(routes!(metrics))
        .routes(routes!(describe))
}

/// What was scanned, one or more at a time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyRequest {
    /// The proofs; each gets a report.
    #[schema(min_items = 1, max_items = 100)]
    proofs: Vec<Scanned>,
    /// The question that they must answer: what `POST /requests` named it.
    #[serde(default)]
    request: Option<String>,
}

/// One scanned thing.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Scanned {
    /// The text of the code, as the scanner gave it.
    Text(String),
    /// The text that a hand scanner typed like a keyboard.
    Typed(Typed),
    /// The texts of all codes that were found in one picture; may be empty.
    Picture(Vec<String>),
    /// The bytes of a proof, in base64 (RFC 4648 section 4).
    Bytes(String),
}

/// What a hand scanner typed, and what became of it on the way.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Typed {
    /// What arrived in the end.
    text: String,
    /// True if a character was taken back or composed on the way. Scanners do neither; a Vietnamese keyboard does.
    corrected: bool,
}

/// The reports.
#[derive(Serialize, ToSchema)]
pub(super) struct VerifyAnswer {
    /// In the order of the proofs.
    reports: Vec<Report>,
}

/// Verifies proofs and uses them up.
///
/// A proof that is not believed is an answer like any other: look at `verdict`.
#[utoipa::path(
    post, path = "/verify", tag = "counter", request_body = VerifyRequest,
    responses(
        (status = 200, body = VerifyAnswer),
        (status = 400, body = Refused, description = "The body is not the JSON asked for (E5037)"),
        (status = 403, body = Refused, description = "The caller is another web page (E5038)"),
        (status = 404, body = Refused, description = "There is no such question, or it is over (E5042)"),
        (status = 408, body = Refused, description = "The body took too long to arrive (E5037)"),
        (status = 413, body = Refused, description = "The body is too large (E5037)"),
        (status = 415, body = Refused, description = "The body is not labelled as JSON (E5037)"),
    )
)]
async fn verify(
    State(office): State<Arc<Office>>,
    JsonBody(request): JsonBody<VerifyRequest>,
) -> Result<impl IntoResponse, Refusal> {
    if request.proofs.is_empty() || request.proofs.len() > MAX_BATCH {
        return Err(Refusal::request(StatusCode::BAD_REQUEST));
    }
    let (rules, now) = (office.rules(), office.now());
    let asked = match &request.request {
        Some(name) => Some(office.question(name, now).ok_or(Refusal::no_question())?),
        None => None,
    };
    let judged = judge_all(Arc::clone(&rules), request.proofs, asked, now).await?;
    let answers = office.recorder.record(judged.iter().filter_map(Judged::entry).collect()).await;
    let mut answers = answers.into_iter();
    let reports: Vec<_> = judged
        .into_iter()
        .map(|judged| match judged {
            Judged::Unreadable(error) => rules.report_fault(error, now),
            Judged::Read { judgement: Judgement::Decided(verdict), phone } => {
                office.clocks.see(phone, now);
                rules.report(&verdict, now)
            }
            Judged::Read { judgement: Judgement::UnlessUsed(unrecorded), .. } => {
                let answer = answers.next().unwrap_or(Err(eid_proof::ReplayUnavailable));
                let verdict = unrecorded.settle(answer);
                office.clocks.see(verdict.proof.as_ref().map(VerifiedProof::signed_at), now);
                rules.report(&verdict, now)
            }
        })
        .collect();
    let verdicts = Verdicts(reports.iter().map(Report::label).collect());
    let mut response = Json(VerifyAnswer { reports }).into_response();
    response.extensions_mut().insert(verdicts);
    Ok(response)
}

/// One scanned thing after all that needs no record.
enum Judged {
    Unreadable(CounterError),
    Read {
        judgement: Judgement,
        /// When the phone signed, where only the clocks speak against the proof.
        phone: Option<UnixTime>,
    },
}

impl Judged {
    fn entry(&self) -> Option<ReplayEntry> {
        match self {
            Self::Read { judgement: Judgement::UnlessUsed(unrecorded), .. } => Some(*unrecorded.entry()),
            _ => None,
        }
    }
}

/// Off the threads that serve: a hundred proofs take some 20 ms.
async fn judge_all(
    rules: Arc<Rules>,
    scanned: Vec<Scanned>,
    asked: Option<Arc<Question>>,
    now: UnixTime,
) -> Result<Vec<Judged>, Refusal> {
    let judged = tokio::task::spawn_blocking(move || {
        let judge = |scanned| judge(&rules, scanned, asked.as_deref(), now).unwrap_or_else(Judged::Unreadable);
        scanned.into_iter().map(judge).collect()
    });
    judged.await.map_err(|_| Refusal::request(StatusCode::INTERNAL_SERVER_ERROR))
}

fn judge(rules: &Rules, scanned: Scanned, asked: Option<&Question>, now: UnixTime) -> Result<Judged, CounterError> {
    let mut corrected = false;
    let input = match scanned {
        Scanned::Text(text) => Input::from_text(&text)?,
        Scanned::Typed(typed) => {
            corrected = typed.corrected;
            Input::from_text(&typed.text)?
        }
        Scanned::Picture(texts) => Input::from_text(&picture::choose(texts)?)?,
        Scanned::Bytes(text) => Input::Proof(STANDARD.decode(text).map_err(|_| CounterError::InputUnknown)?),
    };
    let mut judgement = match asked {
        Some(question) => rules.judge_answer(&input, &question.request, now),
        None => rules.judge(&input, &Scan { now, challenge: None }),
    };
    if let Judgement::Decided(verdict) = &mut judgement
        && verdict.code == Code::Q02_TRANSPORT
        && corrected
    {
        verdict.detail = Detail::Keyboard;
    }
    // With a question the nonce shows what is fresh, and no clock.
    let phone = if asked.is_none() { clocks::only_clocks_differ(rules, &input, &judgement) } else { None };
    Ok(Judged::Read { judgement, phone })
}

/// The codes of the verdicts of one call, for the log.
#[derive(Debug, Clone)]
pub(super) struct Verdicts(pub(super) Vec<String>);

impl Verdicts {
    pub(super) fn count(self) -> Vec<(String, usize)> {
        let mut counts = BTreeMap::new();
        self.0.into_iter().for_each(|code| *counts.entry(code).or_default() += 1);
        counts.into_iter().collect()
    }
}

/// What this counter goes by.
#[derive(Serialize, ToSchema)]
pub(super) struct StationFacts {
    /// The counter's name, `rp/…`, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<String>,
    /// The counter's time.
    now: Rfc3339,
    /// The trust list.
    trust: TrustFacts,
    /// Age in seconds of the oldest status list; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_age_s: Option<i64>,
    /// Why the lists in force are not new ones: the source is missing, damaged or older.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_renewed: Option<Refused>,
    /// That this counter's clock disagrees with the phones' of the last holders, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<ClockFacts>,
    /// What this counter may ask, if it is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    asks: Option<AskFacts>,
}

/// What a registered counter is and may ask.
#[derive(Serialize, ToSchema)]
struct AskFacts {
    /// Its name for citizens.
    name: String,
    /// Purposes.
    purposes: Vec<&'static str>,
    /// Until when it is registered.
    until: Rfc3339,
}

impl AskFacts {
    fn of(registration: &Registration) -> Self {
        Self {
            name: registration.name().to_owned(),
            purposes: registration.allowed().iter().copied().map(Purpose::name).collect(),
            until: Rfc3339(registration.expires_at()),
        }
    }
}

fn status_age(rules: &Rules, now: UnixTime) -> Option<i64> {
    rules.status.as_ref().and_then(StatusSnapshot::as_of).map(|at| age(now, at))
}

/// Tells the lists in force and their age, and whether the clock seems wrong.
#[utoipa::path(
    get, path = "/station", tag = "counter",
    responses((status = 200, body = StationFacts), (status = 403, body = Refused, description = "E5038"))
)]
async fn station(State(office): State<Arc<Office>>) -> Json<StationFacts> {
    let (rules, now) = (office.rules(), office.now());
    Json(StationFacts {
        counter: rules.policy.counter.clone(),
        now: Rfc3339(now),
        trust: rules.trust_facts(now),
        status_age_s: status_age(&rules, now),
        not_renewed: office.why_not_renewed().map(|error| Refused::of(error.code())),
        clock: office.clocks.facts(),
        asks: office.asking.as_ref().map(|asking| AskFacts::of(asking.identity().registration())),
    })
}

/// Figures for Prometheus: calls, verdicts by code, ages of the lists.
#[utoipa::path(
    get, path = "/metrics", tag = "counter",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 403, body = Refused, description = "E5038"),
    )
)]
async fn metrics(State(office): State<Arc<Office>>) -> impl IntoResponse {
    let (rules, now) = (office.rules(), office.now());
    let text = office.metrics.text(&rules.trust_facts(now), status_age(&rules, now));
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

/// This description.
#[utoipa::path(
    get, path = "/openapi.json", tag = "counter",
    responses((status = 200, body = Object), (status = 403, body = Refused, description = "E5038"))
)]
async fn describe() -> Json<utoipa::openapi::OpenApi> {
    Json(description::make())
}

/// A JSON body of at most [`BODY_LIMIT`].
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let body = Json::<T>::from_request(request, state).await;
        body.map(|Json(body)| Self(body)).map_err(|rejection: JsonRejection| match rejection.status() {
            // The framework tells malformed JSON (400) from JSON of another shape (422); callers need not.
            StatusCode::UNPROCESSABLE_ENTITY => Refusal::request(StatusCode::BAD_REQUEST),
            status => Refusal::request(status),
        })
    }
}
