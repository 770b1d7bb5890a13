//! Faults on request, so that a client can be tried against a platform in trouble.

use std::{
    io,
    pin::Pin,
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
        Fault::Off => next.run(request).await,
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
