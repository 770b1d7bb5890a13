//! Faults on request, so that a client can be tried against a platform in trouble.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use eid_model::Code;
use http_body::Frame;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{platform::Shared, problem::Refusal};

/// How the sandbox misbehaves, in all calls outside `/sandbox`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// It does not.
    #[default]
    Off,
    /// 503 with `Retry-After`; nothing is done.
    Down,
    /// 200 with bytes that are no JSON; nothing is done.
    Nonsense,
    /// The right answer, ten seconds late.
    Slow,
    /// The call is done, but the answer breaks off in the middle.
    Truncated,
    /// 2 MiB of spaces; nothing is done.
    Oversize,
}

/// An answer on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub media: String,
    /// `Location`, if there is one.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Says something else than the platform would, by the path of the call: what a hostile one could say over the same connection.
pub type Tamper = Arc<dyn Fn(&str, &mut Answer) + Send + Sync>;

/// The tampering that is set.
#[derive(Default)]
pub(crate) struct Tampering(Mutex<Option<Tamper>>);

impl Tampering {
    pub(crate) fn set(&self, tamper: Option<Tamper>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tamper;
    }

    fn now(&self) -> Option<Tamper> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tampering(…)")
    }
}

/// How late [`Fault::Slow`] is.
const DELAY: Duration = Duration::from_secs(10);

/// What [`Fault::Down`] tells clients to wait, in seconds.
const RETRY_AFTER: i64 = 30;

const OVERSIZE: usize = 2 << 20;

/// Every answer of ours is smaller.
const LARGEST_ANSWER: usize = 1 << 20;

/// Applies the fault that is set.
pub(crate) async fn inject(State(platform): State<Shared>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let fault = if path.starts_with("/sandbox/") { Fault::Off } else { platform.fault(path) };
    match fault {
        Fault::Off => {
            let tamper = platform.tampering.now().filter(|_| !path.starts_with("/sandbox/"));
            let Some(tamper) = tamper else { return next.run(request).await };
            let (path, mut request) = (path.to_owned(), request);
            // Who changes an answer has to read it.
            request.headers_mut().remove(header::ACCEPT_ENCODING);
            change(next.run(request).await, |answer| tamper(&path, answer)).await
        }
        Fault::Down => {
            let busy = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Code::PLATFORM_BUSY);
            busy.retry_after(RETRY_AFTER).into_response()
        }
        Fault::Nonsense => json(Bytes::from_static(b"\xff<html>{{\"")),
        Fault::Slow => {
            tokio::time::sleep(DELAY).await;
            next.run(request).await
        }
        Fault::Truncated => truncate(next.run(request).await).await,
        Fault::Oversize => json(Bytes::from(vec![b' '; OVERSIZE])),
    }
}

fn json(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The response with another content.
async fn change(response: Response, change: impl FnOnce(&mut Answer)) -> Response {
    let (parts, body) = response.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
    let body = to_bytes(body, LARGEST_ANSWER).await.unwrap_or_default().to_vec();
    let media = header(header::CONTENT_TYPE).unwrap_or_default();
    let mut answer = Answer { status: parts.status.as_u16(), media, location: header(header::LOCATION), body };
    change(&mut answer);
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    *response.headers_mut() = parts.headers;
    let changed = [
        (header::CONTENT_LENGTH, None),
        (header::CONTENT_TYPE, Some(answer.media)),
        (header::LOCATION, answer.location),
    ];
    for (name, value) in changed {
        response.headers_mut().remove(&name);
        let value = value.and_then(|value| HeaderValue::try_from(value).ok());
        response.headers_mut().extend(value.map(|value| (name, value)));
    }
    response
}

/// Promises the whole body and sends half of it.
async fn truncate(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, LARGEST_ANSWER).await.unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half = Half { data: Some(whole.slice(..whole.len() / 2)), paused: false };
    Response::from_parts(parts, Body::new(half))
}

/// Half of a body, then a moment in which it is sent, then a failure.
struct Half {
    data: Option<Bytes>,
    paused: bool,
}

impl HttpBody for Half {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if !self.paused {
            self.paused = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}
