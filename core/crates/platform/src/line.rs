//! What the calls of one client share: the circuit breaker, and plain reads that are under way.

use core::{pin::pin, time::Duration};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, WeakShared},
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout, timeout_at},
};

use crate::{
    PlatformError,
    circuit::{Circuit, Outcome, Permit},
    retry::Class,
};

/// The one line to the platform.
pub(crate) struct Line {
    state: Mutex<State>,
    /// Told when a try has ended or the network is another.
    changed: Notify,
    began: Instant,
}

#[derive(Default)]
struct State {
    circuit: Circuit,
    /// How the last try without an answer ended: what callers are told while the circuit is open.
    last: Option<PlatformError>,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), began: Instant::now() }
    }

    /// Waits until a try may be made, at most for `patience`. While the circuit is open for longer than that, the error that
    /// opened it is given at once. `random` places the wait after this try.
    pub(crate) async fn turn(&self, patience: Duration, random: u64) -> Result<Turn<'_>, PlatformError> {
        let deadline = Instant::now() + patience;
        loop {
            let mut changed = pin!(self.changed.notified());
            // From here on nothing is missed.
            changed.as_mut().enable();
            let (permit, last) = {
                let mut state = self.state();
                (state.circuit.permit(self.began.elapsed()), state.last.unwrap_or(PlatformError::Timeout))
            };
            match permit {
                Permit::Go => return Ok(Turn { line: self, random, outcome: None }),
                Permit::Wait(wait) if Instant::now() + wait >= deadline => return Err(for_now(last, wait)),
                Permit::Wait(wait) => drop(timeout(wait, changed).await),
                Permit::Busy => timeout_at(deadline, changed).await.map_err(|_| last)?,
            }
        }
    }

    pub(crate) fn network_changed(&self) {
        self.state().circuit.network_changed(self.began.elapsed());
        self.changed.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error that opened the circuit, with the wait that is left of it.
fn for_now(error: PlatformError, wait: Duration) -> PlatformError {
    match error {
        PlatformError::Busy { code, retry_after: _ } => PlatformError::Busy { code, retry_after: Some(wait) },
        other => other,
    }
}

/// One try. Dropped without [`Turn::end`], its answer was not waited for and counts as none.
pub(crate) struct Turn<'a> {
    line: &'a Line,
    random: u64,
    outcome: Option<Result<(), PlatformError>>,
}

impl Turn<'_> {
    pub(crate) fn end<T>(mut self, outcome: &Result<T, PlatformError>) {
        self.outcome = Some(outcome.as_ref().map(|_| ()).map_err(|error| *error));
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let ended = self.outcome.unwrap_or(Err(PlatformError::Interrupted));
        let lost = ended.err().and_then(|error| Some((error, unanswered(&error)?)));
        let mut state = self.line.state();
        if let Some((error, _)) = lost {
            state.last = Some(error);
        }
        let outcome = lost.map_or(Outcome::Answered, |(_, outcome)| outcome);
        state.circuit.finish(self.line.began.elapsed(), outcome, self.random);
        drop(state);
        self.line.changed.notify_waiters();
    }
}

/// How a failed try counts: `None` if the platform said something.
fn unanswered(error: &PlatformError) -> Option<Outcome> {
    match (error, error.retry_class()) {
        (PlatformError::Busy { code, .. }, _) if *code == eid_model::Code::TOO_MANY_REQUESTS => None,
        (_, Class::Busy { retry_after }) => Some(Outcome::Unanswered { retry_after }),
        (PlatformError::Untrusted, _) | (_, Class::Transient) => Some(Outcome::Unanswered { retry_after: None }),
        (_, Class::Final) => None,
    }
}

type Read = BoxFuture<'static, Result<Arc<Vec<u8>>, PlatformError>>;

/// Plain reads that are under way, by their path: whoever asks for the same meanwhile gets the same answer.
#[derive(Default)]
pub(crate) struct Reads(Mutex<HashMap<&'static str, WeakShared<Read>>>);

impl Reads {
    /// Joins the read of `path` that is under way, or begins one with `begin`. A caller that goes away takes nothing from the
    /// others; when the last one goes, the read is abandoned.
    pub(crate) async fn join(
        &self,
        path: &'static str,
        begin: impl FnOnce() -> BoxFuture<'static, Result<Vec<u8>, PlatformError>>,
    ) -> Result<Vec<u8>, PlatformError> {
        let read = {
            let mut reads = self.reads();
            let under_way = reads.get(path).and_then(WeakShared::upgrade).filter(|read| read.peek().is_none());
            under_way.unwrap_or_else(|| {
                let new = begin().map(|outcome| outcome.map(Arc::new)).boxed().shared();
                if let Some(weak) = new.downgrade() {
                    reads.insert(path, weak);
                }
                new
            })
        };
        read.await.map(|body| body.as_ref().clone())
    }

    fn reads(&self) -> MutexGuard<'_, HashMap<&'static str, WeakShared<Read>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
