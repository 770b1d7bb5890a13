//! What the line for answers serves: one call, and nothing else.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest as _, Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::post,
};
use eid_crypto::hash::sha256;
use eid_model::Code;
use eid_proof::{Detail, Judgement, Verdict, VerifiedProof};
use serde_json::json;

use super::{Office, calls::Verdicts, record};
use crate::{
    Input,
    asking::{Question, Taken},
    words,
};

/// Largest answer, in bytes: as large as a proof may be.
const MAX_ANSWER: usize = 4_096;

/// The media type of a proof (draft-ietf-spice-sd-cwt).
const PROOF: &str = "application/kb+cwt";

/// The one call, for phones.
pub(super) fn router(office: &Arc<Office>) -> Router {
    Router::new()
        .route("/a/{ticket}", post(take))
        .fallback(async || NotTaken::of(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || NotTaken::of(StatusCode::METHOD_NOT_ALLOWED))
        .layer(DefaultBodyLimit::max(MAX_ANSWER))
        .layer(from_fn_with_state(Arc::clone(office), record))
        .layer(from_fn(add_headers))
        .with_state(Arc::clone(office))
}

/// Takes an answer to the question of this address: 204. What the counter thinks of it is for the officer to say. One that is wrong
/// in form, is not signed right or answers something else is not taken and shown to nobody: whoever has seen the code on the screen
/// can send anything. The same bytes again have the same outcome.
async fn take(
    State(office): State<Arc<Office>>,
    Path(ticket): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, NotTaken> {
    let question = office.asking.as_ref().and_then(|asking| asking.find_by_ticket(&ticket, office.now()));
    let question = question.ok_or(NotTaken::over(StatusCode::NOT_FOUND))?;
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    if !media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(PROOF)) {
        return Err(NotTaken::of(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| NotTaken::of(rejection.status()))?;
    // To its end, also if the phone goes away: a proof that is used up must get to the officer.
    let judging = tokio::spawn(async move { office.take(&question, bytes.into()).await });
    let (verdict, outcome) = judging.await.map_err(|_| NotTaken::of(StatusCode::INTERNAL_SERVER_ERROR))?;
    let mut response = outcome.map(|()| StatusCode::NO_CONTENT).into_response();
    verdict.map(|label| response.extensions_mut().insert(Verdicts(vec![label])));
    Ok(response)
}

impl Office {
    /// Judges an answer and keeps the report for whoever asked. Gives the verdict for the log, if there was one.
    async fn take(&self, question: &Question, bytes: Vec<u8>) -> (Option<String>, Result<(), NotTaken>) {
        let hash = sha256(&bytes);
        let mut answer = question.answer.lock().await;
        if let Some(taken) = &*answer {
            let same = taken.hash == hash;
            return (None, if same { Ok(()) } else { Err(NotTaken::over(StatusCode::CONFLICT)) });
        }
        let (rules, now) = (self.rules(), self.now());
        let verdict = match rules.judge_answer(&Input::Proof(bytes), &question.request, now) {
            Judgement::Decided(verdict) => verdict,
            Judgement::UnlessUsed(unrecorded) => {
                let seen = self.recorder.record(vec![*unrecorded.entry()]).await.pop();
                unrecorded.settle(seen.unwrap_or(Err(eid_proof::ReplayUnavailable)))
            }
        };
        let mut report = rules.report(&verdict, now);
        if verdict.code == Code::Q00_VALID {
            report.must_do = Some(words::COMPARE_SENDER);
        }
        let label = Some(report.label());
        if let Some(refused) = NotTaken::by(&verdict) {
            return (label, Err(refused));
        }
        self.clocks.see(verdict.proof.as_ref().map(VerifiedProof::signed_at), now);
        *answer = Some(Taken { hash, report: Some(report) });
        (label, Ok(()))
    }
}

/// A refusal for a phone: `application/problem+json` (RFC 9457) with a code of the table.
#[derive(Debug, Clone, Copy)]
struct NotTaken {
    status: StatusCode,
    code: Code,
}

impl NotTaken {
    /// The call has the wrong form.
    const fn of(status: StatusCode) -> Self {
        Self { status, code: Code::COUNTER_REQUEST_INVALID }
    }

    /// The question is over, was never asked, or has its answer.
    const fn over(status: StatusCode) -> Self {
        Self { status, code: Code::COUNTER_REQUEST_UNKNOWN }
    }

    /// Why an answer with this verdict is not taken: nobody vouches for what it says, it was used, or that cannot be told.
    fn by(verdict: &Verdict) -> Option<Self> {
        match (&verdict.proof, verdict.detail, verdict.code) {
            (Some(_), ..) => None,
            (None, Detail::ReplayUnavailable, _) => Some(Self::of(StatusCode::SERVICE_UNAVAILABLE)),
            (None, Detail::UsedBefore { .. }, _) => Some(Self::over(StatusCode::CONFLICT)),
            (None, ..) => Some(Self::of(StatusCode::UNPROCESSABLE_ENTITY)),
        }
    }
}

impl IntoResponse for NotTaken {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or_default();
        let problem = json!({
            "type": "about:blank", "title": title, "status": self.status.as_u16(), "code": self.code.number(),
        });
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], problem.to_string()).into_response()
    }
}

/// One call for each connection, and nothing of it is kept on the way.
async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in [
        (header::CONNECTION, "close"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
