//! All calls as one router, and what applies to each of them: log, time limit, faults, size limit.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use eid_model::Code;
use tokio::time::{Instant, timeout};
use utoipa::{OpenApi, openapi};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    SandboxError,
    calls::{
        account, activation, challenge, configuration, consent, contact, counter, credential, data_request, device,
        instruction, lists, lock, own_face, record, record_control, sandbox, submission, token, upload,
    },
    fault,
    platform::Shared,
    problem::Refusal,
};

/// Largest request body, in bytes.
const BODY_LIMIT: usize = 64 * 1024;

/// How long a call may take, reading its body included.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// One call as it may be logged: nothing in it names a person, an account or an activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The HTTP method.
    pub method: String,
    /// The pattern of the route, such as `/v1/activation/{id}/code`; `-` if there is none.
    pub route: String,
    /// The HTTP status.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {} ms", self.method, self.route, self.status, self.took.as_millis())
    }
}

/// Who is told of each call.
pub(crate) type Log = Arc<dyn Fn(&LogLine) + Send + Sync>;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "eID Core sandbox platform",
        description = "The platform's protocol (core/docs/platform-protocol.md) as the sandbox speaks it. Invented people \
                       only; not affiliated with any authority.",
    ),
    tags(
        (name = "activation", description = "From personal number and phone to a bound device key"),
        (name = "credentials", description = "Access tokens and one-time identity tokens"),
        (name = "instructions", description = "Acts signed with the passcode"),
        (name = "lists", description = "Trust list and status lists"),
        (name = "lists", description = "Trust list, status lists and signed configuration"),
        (name = "own data", description = "Consents, and requests under the data-protection law"),
        (name = "records", description = "Records of the authorities, changes that citizens ask for, and their evidence"),
        (name = "sandbox", description = "Absent from a real platform"),
    )
)]
struct Document;

/// The calls with everything that applies to them.
pub(crate) fn router(platform: &Shared, log: Option<Log>) -> Router {
    let (router, _) = documented().split_for_parts();
    let router = router
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, Code::REQUEST_INVALID))
        .method_not_allowed_fallback(async || Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Code::REQUEST_INVALID))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(Arc::clone(platform), fault::inject))
        .layer(from_fn(limit_time));
    let router = match log {
        Some(log) => router.layer(from_fn_with_state(log, record)),
        None => router,
    };
    router.with_state(Arc::clone(platform))
}

/// The OpenAPI description, made from the handlers.
///
/// # Errors
/// [`SandboxError::Json`], which is never seen.
pub fn openapi_json() -> Result<String, SandboxError> {
    Ok(documented().into_openapi().to_pretty_json()?)
}

fn documented() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(activation::routes())
        .merge(account::routes())
        .merge(device::routes())
        .merge(lock::routes())
        .merge(token::routes())
        .merge(challenge::routes())
        .merge(instruction::routes())
        .merge(contact::routes())
        .merge(own_face::routes())
        .merge(credential::routes())
        .merge(lists::routes())
        .merge(configuration::routes())
        .merge(consent::routes())
        .merge(data_request::routes())
        .merge(record::routes())
        .merge(submission::routes())
        .merge(upload::routes())
        .merge(record_control::routes())
        .merge(sandbox::routes())
        .merge(counter::routes())
        .routes(routes!(describe))
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "sandbox", responses((status = 200, body = Object)))]
async fn describe() -> axum::Json<openapi::OpenApi> {
    axum::Json(documented().into_openapi())
}

async fn limit_time(request: Request, next: Next) -> Response {
    let mut response = match timeout(TIME_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Code::PLATFORM_BUSY).retry_after(1).into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn record(State(log): State<Log>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let (method, start) = (request.method().to_string(), Instant::now());
    let response = next.run(request).await;
    log(&LogLine { method, route, status: response.status().as_u16(), took: start.elapsed() });
    response
}
