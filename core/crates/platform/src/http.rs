//! The transport: one TLS client, bounded answers, errors told apart, repeats.

use core::{fmt, time::Duration};
use std::{
    error::Error,
    io,
    sync::{Arc, OnceLock},
};

use eid_crypto::{Random, random};
use eid_model::Code;
use futures_util::FutureExt as _;
use reqwest::{
    RequestBuilder, Response,
    header::{self, HeaderMap},
    redirect,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};
use tokio::time::{Instant, sleep};

use crate::{
    Flaw, PlatformConfig, PlatformError, Timeouts,
    line::{Line, Reads},
    problem::{parse_problem, parse_retry_after},
    retry::{Decision, Policy},
};

/// The longest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 1024 * 1024;

/// Names the software and nothing about the phone.
const USER_AGENT: &str = "eid-core";

/// Decides whether calls may be made now: asked before each try.
pub type Gate = Arc<dyn Fn() -> Result<(), PlatformError> + Send + Sync>;

/// A client of one origin.
pub(crate) struct Http {
    pub(crate) client: reqwest::Client,
    pub(crate) rng: Arc<dyn Random>,
    /// The platform URL: scheme, host and port, without a slash at the end.
    origin: String,
    attempt: Duration,
    policy: Policy,
    line: Line,
    reads: Reads,
    gate: OnceLock<Gate>,
}

impl Http {
    pub(crate) fn new(config: &PlatformConfig, rng: Arc<dyn Random>) -> Result<Self, PlatformError> {
        let Timeouts { connect, attempt, total } = config.timeouts;
        let client = client(tls(parse_roots(&config.ca_der)?)?, connect)?;
        let policy = Policy::with_total(total);
        Ok(Self {
            client,
            rng,
            origin: parse_origin(&config.base_url)?,
            attempt,
            policy,
            line: Line::new(),
            reads: Reads::default(),
            gate: OnceLock::new(),
        })
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The URL of a path that begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Makes a call that must not be repeated.
    pub(crate) async fn once(&self, request: RequestBuilder, expected: &Expected) -> Result<Answer, PlatformError> {
        self.pass()?;
        self.exchange(request, expected, self.policy.total).await.map_err(Failed::into_error)
    }

    /// Begins a call that the platform takes more than once without harm.
    pub(crate) fn begin(&self, expected: Expected) -> Call<'_> {
        Call { http: self, expected, is_gated: true, began: Instant::now(), spent: Duration::ZERO, tries: 0 }
    }

    /// Reads what anybody may read. Who asks for the same meanwhile gets the same answer.
    pub(crate) async fn read(self: &Arc<Self>, read: Read) -> Result<Vec<u8>, PlatformError> {
        let begin = || {
            let http = Arc::clone(self);
            let read = async move {
                let request = http.client.get(http.url(read.path));
                let call = http.begin(Expected::one(200, read.media));
                Ok(Call { is_gated: read.is_gated, ..call }.run(&request).await?.body)
            };
            read.boxed()
        };
        self.reads.join(read.path, begin).await
    }

    /// Sets the gate, once.
    pub(crate) fn set_gate(&self, gate: Gate) {
        // Whoever has the client decides before the first call; a second gate would be a mistake of ours.
        self.gate.set(gate).ok();
    }

    pub(crate) fn network_changed(&self) {
        self.line.network_changed();
    }

    /// Asks the gate, if there is one.
    fn pass(&self) -> Result<(), PlatformError> {
        self.gate.get().map_or(Ok(()), |gate| gate())
    }

    /// Waits for its turn and sends one request, all within `patience`.
    async fn exchange(
        &self,
        request: RequestBuilder,
        expected: &Expected,
        patience: Duration,
    ) -> Result<Answer, Failed> {
        let began = Instant::now();
        let random = u64::from_le_bytes(random(self.rng.as_ref()).map_err(|error| Failed::Unsent(error.into()))?);
        let turn = self.line.turn(patience, random).await.map_err(Failed::Unsent)?;
        let limit = self.attempt.min(patience.saturating_sub(began.elapsed()));
        let outcome = answer(request.timeout(limit), expected).await;
        turn.end(&outcome);
        outcome.map_err(Failed::Sent)
    }
}

/// How a try failed.
enum Failed {
    /// It was not made, for the circuit stays open for longer than the call may take.
    Unsent(PlatformError),
    Sent(PlatformError),
}

impl Failed {
    fn into_error(self) -> PlatformError {
        match self {
            Self::Unsent(error) | Self::Sent(error) => error,
        }
    }
}

/// A plain read of a path.
#[derive(Clone, Copy)]
pub(crate) struct Read {
    pub(crate) path: &'static str,
    pub(crate) media: &'static str,
    pub(crate) is_gated: bool,
}

/// A client that asks who it was told to and nobody else: HTTPS, no redirect, no proxy of the environment, no cookie.
pub(crate) fn client(tls: ClientConfig, connect: Duration) -> Result<reqwest::Client, PlatformError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .redirect(redirect::Policy::none())
        .referer(false)
        // Reads no proxy settings from the environment.
        .no_proxy()
        .user_agent(USER_AGENT)
        .connect_timeout(connect)
        // A phone that changed its network is left with dead connections: idle ones are dropped soon, and a ping finds
        // out about one that a request waits for.
        .pool_idle_timeout(Duration::from_secs(25))
        .http2_keep_alive_interval(Duration::from_secs(5))
        .http2_keep_alive_timeout(Duration::from_secs(5))
        .build()
        .map_err(|_| PlatformError::ConfigInvalid)
}

/// One request and its answer.
pub(crate) async fn answer(request: RequestBuilder, expected: &Expected) -> Result<Answer, PlatformError> {
    let mut response = request.send().await.map_err(|e| tell_apart(&e))?;
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let status = response.status().as_u16();
    let kind = judge(status, text(header::CONTENT_TYPE), text(header::RETRY_AFTER), expected)?;
    let headers = core::mem::take(response.headers_mut());
    let body = read_body(response).await?;
    match kind {
        BodyKind::Problem if !expected.keeps_refusals => Err(parse_problem(&body)),
        BodyKind::Answer | BodyKind::Problem => Ok(Answer { status, headers, body }),
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Http({})", self.origin)
    }
}

/// What a call's good answer looks like.
pub(crate) struct Expected {
    status: u16,
    also: &'static [u16],
    /// `None`: all that it says is in its head.
    media: Option<&'static str>,
    keeps_refusals: bool,
}

impl Expected {
    /// One status, with a body of a media type.
    pub(crate) const fn one(status: u16, media: &'static str) -> Self {
        Self { status, also: &[], media: Some(media), keeps_refusals: false }
    }

    /// One status, whatever the body.
    pub(crate) const fn head(status: u16) -> Self {
        Self { status, also: &[], media: None, keeps_refusals: false }
    }

    /// Other statuses beside the one.
    pub(crate) const fn or(self, also: &'static [u16]) -> Self {
        Self { also, ..self }
    }

    /// A refusal counts as an answer too: the caller reads more of it than [`parse_problem`] does.
    pub(crate) const fn or_refusal(self) -> Self {
        Self { keeps_refusals: true, ..self }
    }
}

/// An answer that was expected.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// One repeatable call.
pub(crate) struct Call<'a> {
    http: &'a Http,
    expected: Expected,
    is_gated: bool,
    began: Instant,
    /// Time that the platform took and that was waited for it; the time that signatures take is the citizen's.
    spent: Duration,
    tries: u32,
}

impl Call<'_> {
    /// Whole seconds since the call began: what to add to its `now` when a repeat is signed.
    pub(crate) fn age(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_secs()).unwrap_or(i64::MAX)
    }

    /// Makes one try. `None`: it failed in a way that may pass, the wait is over, make the next one.
    pub(crate) async fn attempt(&mut self, request: RequestBuilder) -> Result<Option<Answer>, PlatformError> {
        if self.is_gated {
            self.http.pass()?;
        }
        let left = self.http.policy.total.saturating_sub(self.spent);
        let sent = Instant::now();
        let outcome = self.http.exchange(request, &self.expected, left).await;
        self.spent = self.spent.saturating_add(sent.elapsed());
        self.tries = self.tries.saturating_add(1);
        match outcome {
            Ok(answer) => Ok(Some(answer)),
            Err(Failed::Unsent(error)) => Err(error),
            Err(Failed::Sent(error)) => self.wait_or_give_up(error).await.map(|()| None),
        }
    }

    /// Sends a request, which may be sent again as it is, until it is answered.
    pub(crate) async fn run(mut self, request: &RequestBuilder) -> Result<Answer, PlatformError> {
        loop {
            if let Some(answer) = self.attempt(copy(request)?).await? {
                return Ok(answer);
            }
        }
    }

    async fn wait_or_give_up(&mut self, error: PlatformError) -> Result<(), PlatformError> {
        let jitter = u64::from_le_bytes(random(self.http.rng.as_ref())?);
        match self.http.policy.decide(self.tries, error.retry_class(), self.spent, jitter) {
            Decision::GiveUp => Err(error),
            Decision::RetryAfter(wait) => {
                sleep(wait).await;
                self.spent = self.spent.saturating_add(wait);
                Ok(())
            }
        }
    }
}

/// Requests here have bodies in memory, so that there is always a copy.
pub(crate) fn copy(request: &RequestBuilder) -> Result<RequestBuilder, PlatformError> {
    request.try_clone().ok_or(PlatformError::ConfigInvalid)
}

/// The platform's CA certificates, at least one.
fn parse_roots(ca_der: &[Vec<u8>]) -> Result<RootCertStore, PlatformError> {
    let mut roots = RootCertStore::empty();
    for der in ca_der {
        roots.add(CertificateDer::from(der.as_slice())).map_err(|_| PlatformError::ConfigInvalid)?;
    }
    if roots.is_empty() { Err(PlatformError::ConfigInvalid) } else { Ok(roots) }
}

/// TLS 1.2 or later with ring, trusting these roots and nothing else. No process-wide provider is read or set.
pub(crate) fn tls(roots: RootCertStore) -> Result<ClientConfig, PlatformError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| PlatformError::ConfigInvalid)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// `https`, host, optional port; nothing else, because every path of the protocol begins at the root.
fn parse_origin(base_url: &str) -> Result<String, PlatformError> {
    let url = reqwest::Url::parse(base_url).map_err(|_| PlatformError::ConfigInvalid)?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    if url.scheme() == "https" && bare && anonymous {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(PlatformError::ConfigInvalid)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum BodyKind {
    Answer,
    Problem,
}

/// What the head of an answer means, before its body is read.
fn judge(
    status: u16,
    media: Option<&str>,
    retry_after: Option<&str>,
    expected: &Expected,
) -> Result<BodyKind, PlatformError> {
    let retry_after = || retry_after.and_then(parse_retry_after);
    let is = |wanted| media.is_some_and(|media| media_is(media, wanted));
    let is_good = status == expected.status || expected.also.contains(&status);
    // These have no body (RFC 9110).
    let has_media = matches!(status, 204 | 304) || expected.media.is_none_or(is);
    match status {
        _ if is_good && has_media => Ok(BodyKind::Answer),
        300..=399 => Err(PlatformError::Nonsense(Flaw::Redirect)),
        429 => Err(PlatformError::Busy { code: Code::TOO_MANY_REQUESTS, retry_after: retry_after() }),
        // Gateways give these, with bodies of their own.
        502..=504 => Err(PlatformError::Busy { code: Code::PLATFORM_BUSY, retry_after: retry_after() }),
        400..=599 if is("application/problem+json") => Ok(BodyKind::Problem),
        _ if status < 400 && !is_good => Err(PlatformError::Nonsense(Flaw::Status)),
        400..=599 | ..400 => Err(PlatformError::Nonsense(Flaw::MediaType)),
        600.. => Err(PlatformError::Nonsense(Flaw::Status)),
    }
}

/// Compares media types without their parameters.
fn media_is(media: &str, wanted: &str) -> bool {
    media.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(wanted))
}

/// Reads a body to its end, or stops as soon as it is longer than [`MAX_ANSWER`], whatever its length was said to be.
async fn read_body(mut response: Response) -> Result<Vec<u8>, PlatformError> {
    let too_large = PlatformError::Nonsense(Flaw::TooLarge);
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |length| length > MAX_ANSWER) {
        return Err(too_large);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| tell_apart(&e))? {
        if chunk.len() > MAX_ANSWER.saturating_sub(body.len()) {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Sorts the transport's errors. The original is dropped, for it holds the URL.
fn tell_apart(error: &reqwest::Error) -> PlatformError {
    if is_tls(error) {
        PlatformError::Untrusted
    } else if error.is_connect() {
        PlatformError::Unreachable
    } else if error.is_timeout() {
        PlatformError::Timeout
    } else if error.is_builder() {
        PlatformError::ConfigInvalid
    } else {
        PlatformError::Interrupted
    }
}

fn is_tls(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.is::<rustls::Error>() {
            return true;
        }
        // An I/O error's `source` leaves out the very error that it wraps.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: Expected = Expected::one(201, "application/json");

    #[test]
    fn head_of_an_answer_is_judged_before_its_body() {
        let json = Some("application/json");
        let problem = Some("application/problem+json");
        let busy = |code, seconds: Option<u64>| {
            Err(PlatformError::Busy { code, retry_after: seconds.map(Duration::from_secs) })
        };
        let nonsense = |flaw| Err(PlatformError::Nonsense(flaw));
        for (status, media, retry_after, expected) in [
            (201, json, None, Ok(BodyKind::Answer)),
            (201, Some("Application/JSON; charset=utf-8"), None, Ok(BodyKind::Answer)),
            (201, Some("application/jsonx"), None, nonsense(Flaw::MediaType)),
            (201, Some("text/html"), None, nonsense(Flaw::MediaType)),
            (201, None, None, nonsense(Flaw::MediaType)),
            (200, json, None, nonsense(Flaw::Status)),
            (204, None, None, nonsense(Flaw::Status)),
            (301, json, None, nonsense(Flaw::Redirect)),
            (304, json, None, nonsense(Flaw::Redirect)),
            (307, None, None, nonsense(Flaw::Redirect)),
            (400, problem, None, Ok(BodyKind::Problem)),
            (401, Some("application/problem+json; charset=utf-8"), None, Ok(BodyKind::Problem)),
            (500, problem, Some("9"), Ok(BodyKind::Problem)),
            (400, json, None, nonsense(Flaw::MediaType)),
            (404, Some("text/html"), None, nonsense(Flaw::MediaType)),
            (500, None, None, nonsense(Flaw::MediaType)),
            (429, problem, Some("30"), busy(Code::TOO_MANY_REQUESTS, Some(30))),
            (429, None, None, busy(Code::TOO_MANY_REQUESTS, None)),
            (503, problem, Some("7200"), busy(Code::PLATFORM_BUSY, Some(3600))),
            (503, Some("text/html"), Some("soon"), busy(Code::PLATFORM_BUSY, None)),
            (502, None, None, busy(Code::PLATFORM_BUSY, None)),
            (504, None, None, busy(Code::PLATFORM_BUSY, None)),
            (600, problem, None, nonsense(Flaw::Status)),
        ] {
            assert_eq!(judge(status, media, retry_after, &CREATED), expected, "{status} {media:?} {retry_after:?}");
        }
    }

    #[test]
    fn platform_url_is_a_bare_https_origin_or_refused() {
        for (base_url, origin) in [
            ("https://platform.example", Some("https://platform.example")),
            ("https://platform.example/", Some("https://platform.example")),
            ("https://PLATFORM.example:443", Some("https://platform.example")),
            ("https://127.0.0.1:8443", Some("https://127.0.0.1:8443")),
            ("http://platform.example", None),
            // The tables of Unicode that such a name needs are not in this build.
            ("https://nền-tảng.example", None),
            ("https://platform.example/api", None),
            ("https://platform.example/?q", None),
            ("https://platform.example/#f", None),
            ("https://user@platform.example", None),
            ("https://:secret@platform.example", None),
            ("platform.example", None),
            ("", None),
        ] {
            assert_eq!(parse_origin(base_url).ok().as_deref(), origin, "{base_url}");
        }
    }

    #[test]
    fn client_without_a_ca_or_with_a_broken_one_is_not_built() {
        for ca_der in [vec![], vec![vec![]], vec![b"no certificate".to_vec()]] {
            assert_eq!(parse_roots(&ca_der).err(), Some(PlatformError::ConfigInvalid));
        }
    }
}
