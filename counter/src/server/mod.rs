//! The counters of one office: a page for scanning and an HTTP interface, on this machine alone.

mod answers;
mod calls;
mod clocks;
mod description;
mod guard;
mod line;
mod metrics;
mod page;
mod recorder;
mod refusal;
mod requests;

use std::{
    fmt,
    net::{SocketAddr, TcpListener},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::StatusCode,
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use eid_crypto::SystemRandom;
use eid_model::UnixTime;
use tokio::time::{Instant, timeout};

use crate::{
    CounterError, Identity, ReplayStore, Rules,
    asking::{Asking, Question},
};
use calls::Verdicts;
use clocks::ClockWatch;
pub use description::openapi_json;
pub use line::AnswerLine;
use metrics::Metrics;
use recorder::Recorder;
use refusal::Refusal;

/// How long a call may take, reading its body included.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The counters of one office, behind one server. Every scanner, page and program that uses it shares the record of used
/// proofs: what one station has taken, no other takes.
#[derive(Clone)]
pub struct CounterServer(Arc<Office>);

type Clock = Box<dyn Fn() -> UnixTime + Send + Sync>;
type Log = Box<dyn Fn(&LogLine) + Send + Sync>;

/// What all calls share.
struct Office {
    rules: RwLock<Arc<Rules>>,
    /// Why the lists in force are not new ones.
    not_renewed: RwLock<Option<CounterError>>,
    clocks: ClockWatch,
    /// The questions of a registered counter.
    asking: Option<Asking>,
    rng: SystemRandom,
    recorder: Recorder,
    clock: Clock,
    log: Log,
    metrics: Metrics,
}

impl CounterServer {
    /// A server with these rules and this record. Must be called within a tokio runtime, which then waits for the record to be
    /// closed: drop all clones of the server before the runtime.
    pub fn new(
        rules: Rules,
        record: ReplayStore,
        clock: impl Fn() -> UnixTime + Send + Sync + 'static,
        log: impl Fn(&LogLine) + Send + Sync + 'static,
    ) -> Self {
        Self::with(None, rules, record, clock, log)
    }

    /// The same for a registered counter, which asks. Answers must be for it, whatever the rules say of its name.
    pub fn registered(
        identity: Identity,
        rules: Rules,
        record: ReplayStore,
        clock: impl Fn() -> UnixTime + Send + Sync + 'static,
        log: impl Fn(&LogLine) + Send + Sync + 'static,
    ) -> Self {
        Self::with(Some(Asking::new(identity)), rules, record, clock, log)
    }

    fn with(
        asking: Option<Asking>,
        rules: Rules,
        record: ReplayStore,
        clock: impl Fn() -> UnixTime + Send + Sync + 'static,
        log: impl Fn(&LogLine) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Office {
            rules: RwLock::new(Arc::new(rules)),
            not_renewed: RwLock::new(None),
            clocks: ClockWatch::default(),
            asking,
            rng: SystemRandom::new(),
            recorder: Recorder::start(record),
            clock: Box::new(clock),
            log: Box::new(log),
            metrics: Metrics::default(),
        }))
    }

    /// Goes by these rules from the next call on.
    pub fn reload(&self, rules: Rules) {
        *self.0.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        *self.0.not_renewed.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Says that there are no new lists, and why. Those in force stay so; it is counted, and told to whoever asks.
    pub fn not_renewed(&self, error: CounterError) {
        *self.0.not_renewed.write().unwrap_or_else(PoisonError::into_inner) = Some(error);
        self.0.metrics.count_failed_reload();
    }

    /// All calls, for callers that reach the server at `address`.
    pub fn router(&self, address: SocketAddr) -> Router {
        calls::router()
            .merge(page::router())
            .fallback(async || Refusal::request(StatusCode::NOT_FOUND))
            .method_not_allowed_fallback(async || Refusal::request(StatusCode::METHOD_NOT_ALLOWED))
            .layer(DefaultBodyLimit::max(calls::BODY_LIMIT))
            .layer(from_fn(limit_time))
            .layer(from_fn_with_state(guard::Callers::of(address), guard::check))
            .layer(from_fn_with_state(Arc::clone(&self.0), record))
            .layer(from_fn(page::add_headers))
            .with_state(Arc::clone(&self.0))
    }

    /// Opens the line for answers at this port: from now on questions for the photo say that their answer may be sent to the
    /// registered host, and who reaches it from there gets nothing but [`AnswerLine::serve`].
    ///
    /// # Errors
    /// [`CounterError::IdentityUnusable`] for a counter that is not registered; [`CounterError::NoAnswerHost`] for a registration
    /// without a host; [`CounterError::NotServing`].
    pub fn open_line(&self, listener: TcpListener) -> Result<AnswerLine, CounterError> {
        let asking = self.0.asking.as_ref().ok_or(CounterError::IdentityUnusable)?;
        let line = AnswerLine::new(&self.0, asking.identity(), listener)?;
        asking.open_line();
        Ok(line)
    }

    /// Serves until `stop` is done, then finishes the calls under way.
    ///
    /// # Errors
    /// [`CounterError::NotServing`].
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), CounterError> {
        let unusable = |_| CounterError::NotServing;
        let address = listener.local_addr().map_err(unusable)?;
        listener.set_nonblocking(true).map_err(unusable)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(unusable)?;
        axum::serve(listener, self.router(address)).with_graceful_shutdown(stop).await.map_err(unusable)
    }
}

impl fmt::Debug for CounterServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CounterServer").finish_non_exhaustive()
    }
}

/// Opens a port of this machine alone.
///
/// # Errors
/// [`CounterError::NotServing`] if the address can be reached from other machines, or the port is taken.
pub fn listen(address: SocketAddr) -> Result<TcpListener, CounterError> {
    if !address.ip().is_loopback() {
        return Err(CounterError::NotServing);
    }
    TcpListener::bind(address).map_err(|_| CounterError::NotServing)
}

impl Office {
    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn why_not_renewed(&self) -> Option<CounterError> {
        *self.not_renewed.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A question that may still be answered.
    fn question(&self, name: &str, now: UnixTime) -> Option<Arc<Question>> {
        self.asking.as_ref()?.find(name, now)
    }

    fn now(&self) -> UnixTime {
        (self.clock)()
    }
}

/// One call as it may be logged: nothing in it names a person, and nothing scanned is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was answered.
    pub at: UnixTime,
    /// The HTTP method.
    pub method: String,
    /// The path of the call, such as `/verify`; `-` if there is none.
    pub route: String,
    /// The HTTP status.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
    /// How many verdicts of each code were given: `Q00` 2, `Q18` 1.
    pub verdicts: Vec<(String, usize)>,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, method, route, status, took, verdicts } = self;
        write!(f, "{} {method} {route} {status} {} ms", crate::Rfc3339(*at), took.as_millis())?;
        verdicts.iter().try_for_each(|(code, count)| write!(f, " {code}×{count}"))
    }
}

async fn limit_time(request: Request, next: Next) -> Response {
    match timeout(TIME_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::request(StatusCode::REQUEST_TIMEOUT).into_response(),
    }
}

async fn record(State(office): State<Arc<Office>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let (method, start) = (request.method().to_string(), Instant::now());
    let mut response = next.run(request).await;
    let verdicts = response.extensions_mut().remove::<Verdicts>().map(Verdicts::count).unwrap_or_default();
    let line = LogLine {
        at: office.now(),
        method,
        route,
        status: response.status().as_u16(),
        took: start.elapsed(),
        verdicts,
    };
    office.metrics.count(&line);
    (office.log)(&line);
    response
}
