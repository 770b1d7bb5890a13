//! How a foreign call becomes work on our runtime, and when its waiting ends.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use eid_model::Code;
use tokio::task::{JoinError, JoinHandle};

use crate::{CancelToken, EidError, cancel::Flag, runtime::Engine};

/// Work as the runtime is handed it. For each other type it would grow by three kilobytes of code.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A call from a shell.
pub(crate) struct Call<'a> {
    engine: &'a Arc<Engine>,
    cancel: Option<&'a CancelToken>,
    locked: Option<&'a Flag>,
}

/// Work under way.
struct Task {
    work: JoinHandle<()>,
    /// It stops when the caller drops the call.
    stops: bool,
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.stops {
            self.work.abort();
        }
    }
}

/// Where work leaves what it came to.
type Slot<T> = Arc<Mutex<Option<Result<T, EidError>>>>;

fn fill<T>(slot: &Slot<T>, result: Result<T, EidError>) {
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
}

// `run` and `run_to_end` box the work before anything is awaited, so that what follows is compiled once for each type of result,
// and what is below them once.
impl<'a> Call<'a> {
    pub(crate) fn on(engine: &'a Arc<Engine>) -> Self {
        Self { engine, cancel: None, locked: None }
    }

    /// Ends with `UserCancelled` when the token is cancelled.
    pub(crate) fn until(self, cancel: Option<&'a Arc<CancelToken>>) -> Self {
        Self { cancel: cancel.map(Arc::as_ref), ..self }
    }

    /// Ends with `Locked` when the session is locked.
    pub(crate) fn while_open(self, locked: &'a Flag) -> Self {
        Self { locked: Some(locked), ..self }
    }

    /// Work that stops when the caller goes away, the token is cancelled, or the app is locked or closed.
    pub(crate) fn run<T: Send + 'static>(
        self,
        work: impl Future<Output = Result<T, EidError>> + Send + 'static,
    ) -> impl Future<Output = Result<T, EidError>> + Send {
        let slot = Slot::default();
        let filled = Arc::clone(&slot);
        self.outcome(slot, Box::pin(async move { fill(&filled, work.await) }), true)
    }

    /// Work that runs to its end whatever the caller does; only the waiting stops.
    pub(crate) fn run_to_end<T: Send + 'static>(
        self,
        work: impl Future<Output = Result<T, EidError>> + Send + 'static,
    ) -> impl Future<Output = Result<T, EidError>> + Send {
        let slot = Slot::default();
        let filled = Arc::clone(&slot);
        self.outcome(slot, Box::pin(async move { fill(&filled, work.await) }), false)
    }

    async fn outcome<T>(self, slot: Slot<T>, work: Work, stops: bool) -> Result<T, EidError> {
        self.wait(work, stops).await?;
        let done = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        match done {
            // What breaks because the app was closed under it says so, and not how it broke.
            Some(Err(_)) if self.engine.closed.is_raised() => Err(EidError::of(Code::APP_CLOSED)),
            Some(result) => result,
            None => Err(EidError::of(Code::INTERNAL)),
        }
    }

    /// Hands the work to the runtime and waits for its end.
    async fn wait(&self, work: Work, stops: bool) -> Result<(), EidError> {
        self.check()?;
        let work = if stops {
            work
        } else {
            let commit = self.engine.begin_commit().ok_or_else(|| EidError::of(Code::APP_CLOSED))?;
            Box::pin(async move {
                work.await;
                drop(commit);
            })
        };
        let mut task = Task { work: self.engine.handle.spawn(work), stops };
        tokio::select! {
            biased;
            done = &mut task.work => done.map_err(|error| fault(&error)),
            stopped = self.stopped() => Err(stopped),
        }
    }

    fn check(&self) -> Result<(), EidError> {
        if self.engine.closed.is_raised() {
            return Err(EidError::of(Code::APP_CLOSED));
        }
        if self.locked.is_some_and(Flag::is_raised) {
            return Err(EidError::of(Code::KEY_SLOT_EMPTY));
        }
        if self.cancel.is_some_and(|token| token.0.is_raised()) {
            return Err(EidError::of(Code::USER_CANCELLED));
        }
        Ok(())
    }

    async fn stopped(&self) -> EidError {
        let cancelled = async {
            match self.cancel {
                Some(token) => token.0.raised().await,
                None => std::future::pending().await,
            }
        };
        let locked = async {
            match self.locked {
                Some(flag) => flag.raised().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.engine.closed.raised() => EidError::of(Code::APP_CLOSED),
            () = locked => EidError::of(Code::KEY_SLOT_EMPTY),
            () = cancelled => EidError::of(Code::USER_CANCELLED),
        }
    }
}

/// Why work has no outcome. What it panicked with stays here.
fn fault(error: &JoinError) -> EidError {
    EidError::of(if error.is_panic() { Code::INTERNAL } else { Code::APP_CLOSED })
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use super::*;

    /// Work of 100 ms that says when it is done.
    fn slow(done: &Arc<AtomicBool>) -> impl Future<Output = Result<u8, EidError>> + Send + 'static {
        let done = Arc::clone(done);
        async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            done.store(true, Ordering::SeqCst);
            Ok(7)
        }
    }

    async fn is_done_later(done: &AtomicBool) -> bool {
        tokio::time::sleep(Duration::from_millis(300)).await;
        done.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn call_let_go_stops_its_work_and_one_that_runs_to_its_end_does_not() {
        let engine = Engine::start().unwrap();
        let limit = Duration::from_millis(20);
        for to_end in [false, true] {
            let done = Arc::new(AtomicBool::new(false));
            let call = Call::on(&engine);
            if to_end {
                assert!(tokio::time::timeout(limit, call.run_to_end(slow(&done))).await.is_err());
            } else {
                assert!(tokio::time::timeout(limit, call.run(slow(&done))).await.is_err());
            }
            assert_eq!(is_done_later(&done).await, to_end);
        }
    }

    #[tokio::test]
    async fn call_cancelled_stops_waiting_at_once() {
        let engine = Engine::start().unwrap();
        for to_end in [false, true] {
            let (token, done) = (CancelToken::new(), Arc::new(AtomicBool::new(false)));
            let call = Call::on(&engine).until(Some(&token));
            let cancel = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                token.cancel();
            };
            let wait = async { if to_end { call.run_to_end(slow(&done)).await } else { call.run(slow(&done)).await } };
            let (answer, ()) = tokio::join!(wait, cancel);
            assert_eq!(answer, Err(EidError::UserCancelled { code: 2023 }));
            assert!(!done.load(Ordering::SeqCst), "it did not wait for the work");
            assert_eq!(is_done_later(&done).await, to_end);
        }
    }

    #[tokio::test]
    async fn closing_waits_for_nothing_but_lets_work_run_to_its_end() {
        let engine = Engine::start().unwrap();
        let (stops, ends) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let close = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            engine.close();
            engine.close();
        };
        let closed = Err(EidError::Locked { code: 1004 });
        let (first, second, ()) =
            tokio::join!(Call::on(&engine).run(slow(&stops)), Call::on(&engine).run_to_end(slow(&ends)), close);
        assert_eq!((first, second), (closed, closed));
        assert!(is_done_later(&ends).await);
        assert_eq!(Call::on(&engine).run(slow(&stops)).await, closed);
        assert_eq!(Call::on(&engine).run_to_end(slow(&stops)).await, closed);
    }

    #[tokio::test]
    async fn panic_in_work_is_an_internal_fault() {
        let engine = Engine::start().unwrap();
        let internal = Err(EidError::Internal { code: 1099 });
        assert_eq!(Call::on(&engine).run::<u8>(async { panic!("271828") }).await, internal);
        assert_eq!(Call::on(&engine).run_to_end::<u8>(async { panic!("271828") }).await, internal);
        assert_eq!(Call::on(&engine).run(async { Ok(7) }).await, Ok(7), "the next call is as good as ever");
    }

    #[tokio::test]
    async fn session_locked_ends_its_calls() {
        let (engine, locked) = (Engine::start().unwrap(), Flag::default());
        let done = Arc::new(AtomicBool::new(false));
        let lock = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            locked.raise();
        };
        let (answer, ()) = tokio::join!(Call::on(&engine).while_open(&locked).run(slow(&done)), lock);
        assert_eq!(answer, Err(EidError::Locked { code: 4006 }));
        assert!(!is_done_later(&done).await);
    }
}
