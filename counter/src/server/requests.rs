//! Asking: the questions of a registered counter, for its page and for other programs.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use eid_proof::{Asked, Claim, Purpose, QrSymbol, Spelling};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Office,
    calls::JsonBody,
    refusal::{Refusal, Refused},
};
use crate::{CounterError, Report, Rfc3339, poster_pdf};

pub(super) fn routes() -> OpenApiRouter<Arc<Office>> {
    OpenApiRouter::new().routes(routes!(ask)).routes(routes!(poster)).routes(routes!(give_up)).routes(routes!(collect))
}

/// What the counter wants to know.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// Which kind of proof, such as `age` or `id`.
    purpose: String,
    /// With the photo.
    #[serde(default)]
    photo: bool,
    /// Which claims, by name, for `flex` only.
    #[serde(default)]
    #[schema(max_items = 32)]
    claims: Vec<String>,
    /// What for, in words for the citizen: 1 to 200 bytes.
    reason: String,
    /// `digits` or `base45`, as the scanner likes it; the phone decides without it.
    spelling: Option<String>,
}

impl Question {
    fn parse(self) -> Option<Asked> {
        let mut claims = self.claims.iter().map(|name| Claim::from_name(name)).collect::<Option<Vec<_>>>()?;
        claims.sort_unstable();
        let spelling = match self.spelling.as_deref() {
            None => None,
            Some("digits") => Some(Spelling::Digits),
            Some("base45") => Some(Spelling::Base45),
            Some(_) => return None,
        };
        let purpose = Purpose::from_name(&self.purpose)?;
        Some(Asked { purpose, photo: self.photo, claims, reason: self.reason, answer_to: None, spelling })
    }
}

/// A question that may be answered now.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenQuestion {
    /// Names the question, for `POST /verify`.
    request: String,
    /// The text of the code to show.
    text: String,
    /// The code as an SVG picture.
    svg: String,
    /// Until when an answer is taken.
    expires_at: Rfc3339,
    /// The same in seconds from now.
    lives_s: i64,
    /// True if the answer may come over the network, too: `POST /requests/{request}/collect` has it then.
    has_line: bool,
}

/// What came over the network.
#[derive(Serialize, ToSchema)]
pub(super) struct Collected {
    /// The report on the answer; absent while there is none, and after it was collected.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
}

/// The counter's printed code, to hang up: a page that phones read, and then show proofs to this counter alone.
#[utoipa::path(
    get, path = "/poster", tag = "counter",
    responses(
        (status = 200, body = String, content_type = "application/pdf", description = "One page, A4"),
        (status = 403, body = Refused, description = "The caller is another web page (E5038)"),
        (status = 404, body = Refused, description = "This counter is not registered (E5040)"),
    )
)]
async fn poster(State(office): State<Arc<Office>>) -> Result<impl IntoResponse, Refusal> {
    let asking = office.asking.as_ref().ok_or(Refusal::fault(StatusCode::NOT_FOUND, CounterError::IdentityUnusable))?;
    let page = poster_pdf(asking.identity().registration())
        .map_err(|error| Refusal::fault(StatusCode::INTERNAL_SERVER_ERROR, error))?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"poster.pdf\""),
    ];
    Ok((headers, page))
}

/// Asks a citizen: gives the signed code to show.
///
/// The answer is scanned like any proof; `POST /verify` with `request` then says whether it answers this question. Where the counter
/// has a line for answers and the question is for the photo, the answer may come over the network instead. Each question is good for
/// one answer, within two minutes.
#[utoipa::path(
    post, path = "/requests", tag = "counter", request_body = Question,
    responses(
        (status = 201, body = OpenQuestion),
        (status = 400, body = Refused, description = "The body is not the JSON asked for (E5037)"),
        (status = 403, body = Refused, description = "The caller is another web page (E5038), or the registration does not allow the question (E5041)"),
        (status = 404, body = Refused, description = "This counter is not registered (E5040)"),
        (status = 408, body = Refused, description = "The body took too long to arrive (E5037)"),
        (status = 413, body = Refused, description = "The body is too large (E5037)"),
        (status = 415, body = Refused, description = "The body is not labelled as JSON (E5037)"),
    )
)]
async fn ask(
    State(office): State<Arc<Office>>,
    JsonBody(question): JsonBody<Question>,
) -> Result<impl IntoResponse, Refusal> {
    let asking = office.asking.as_ref().ok_or(Refusal::fault(StatusCode::NOT_FOUND, CounterError::IdentityUnusable))?;
    let asked = question.parse().ok_or(Refusal::request(StatusCode::BAD_REQUEST))?;
    let now = office.now();
    let refused = |error| Refusal::fault(StatusCode::FORBIDDEN, error);
    let (request, question) = asking.ask(asked, &office.rng, now).map_err(refused)?;
    let (signed, has_line) = (&question.request, question.has_line());
    let text = signed.text();
    let symbol = QrSymbol::encode(&text).map_err(|_| refused(CounterError::AskNotAllowed))?;
    let lives_s = signed.expires_at().seconds() - now.seconds();
    let expires_at = Rfc3339(signed.expires_at());
    let view = OpenQuestion { request, text, svg: symbol.to_svg(), expires_at, lives_s, has_line };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Ends a question: no answer to it is taken any more.
#[utoipa::path(
    delete, path = "/requests/{request}", tag = "counter",
    params(("request" = String, Path, description = "What `POST /requests` named it")),
    responses(
        (status = 204),
        (status = 403, body = Refused, description = "The caller is another web page (E5038)"),
        (status = 404, body = Refused, description = "There is no such question, or it is over (E5042)"),
    )
)]
async fn give_up(State(office): State<Arc<Office>>, Path(request): Path<String>) -> Result<StatusCode, Refusal> {
    let asking = office.asking.as_ref().ok_or(Refusal::no_question())?;
    if asking.give_up(&request, office.now()) { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::no_question()) }
}

/// Collects what was answered over the network. Only an answer whose signatures are all right and that answers this question gets
/// here; it is given out once and then forgotten.
#[utoipa::path(
    post, path = "/requests/{request}/collect", tag = "counter",
    params(("request" = String, Path, description = "What `POST /requests` named it")),
    responses(
        (status = 200, body = Collected),
        (status = 403, body = Refused, description = "The caller is another web page (E5038)"),
        (status = 404, body = Refused, description = "There is no such question, or it is over (E5042)"),
    )
)]
async fn collect(State(office): State<Arc<Office>>, Path(request): Path<String>) -> Result<Json<Collected>, Refusal> {
    let question = office.question(&request, office.now()).ok_or(Refusal::no_question())?;
    let report = question.answer.lock().await.as_mut().and_then(|taken| taken.report.take());
    Ok(Json(Collected { report }))
}
