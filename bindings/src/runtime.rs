//! The runtime that all work runs on, and how it ends.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use eid_model::Code;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::{EidError, cancel::Flag, guard::guarded};

/// Threads for key derivation, storage and foreign calls that block.
const BLOCKING_THREADS: usize = 4;

/// How long closing waits for threads that are in a foreign call or in storage: after it no port is called any more. Longer than
/// a port that is asked a few times in a row takes on a busy phone.
const PATIENCE: Duration = Duration::from_secs(2);

/// The engines that may still run, for [`shutdown_all`].
static STARTED: Mutex<Vec<Weak<Engine>>> = Mutex::new(Vec::new());

/// A tokio runtime of our own: two workers, four blocking threads. It goes with the last object that needs it, or after
/// [`Self::close`] with the last work that runs to its end.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) handle: Handle,
    pub(crate) closed: Flag,
    life: Mutex<Life>,
    idle: Condvar,
}

#[derive(Debug)]
struct Life {
    runtime: Option<Runtime>,
    closing: bool,
    /// Work under way that runs to its end.
    commits: usize,
}

/// Keeps the runtime alive while work that must not be cut off is under way.
pub(crate) struct Commit(Arc<Engine>);

/// Shuts every app of this process down, and waits until none of its threads calls a port any more: a second at most for
/// each. For a language whose runtime ends before its process does; the generated Python calls it at exit.
#[uniffi::export]
pub fn shutdown_all() {
    // A panic in here has nobody to be told to.
    guarded(|| {
        let started = core::mem::take(&mut *STARTED.lock().unwrap_or_else(PoisonError::into_inner));
        started.iter().filter_map(Weak::upgrade).for_each(|engine| engine.end());
        Ok(())
    })
    .ok();
}

impl Engine {
    pub(crate) fn start() -> Result<Arc<Self>, EidError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_keep_alive(Duration::from_secs(10))
            .thread_name("eid")
            .enable_all()
            .build()
            .map_err(|_| EidError::of(Code::INTERNAL))?;
        let handle = runtime.handle().clone();
        let life = Mutex::new(Life { runtime: Some(runtime), closing: false, commits: 0 });
        let engine = Arc::new(Self { handle, closed: Flag::default(), life, idle: Condvar::new() });
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        started.retain(|engine| engine.strong_count() > 0);
        started.push(Arc::downgrade(&engine));
        Ok(engine)
    }

    /// Takes no more work, lets what runs to its end do so, and then ends the threads. Again does nothing.
    pub(crate) fn close(&self) {
        self.closed.raise();
        let mut life = self.life();
        life.closing = true;
        life.end_if_idle();
    }

    /// Waits a moment for work that runs to its end, and then ends the threads whatever they do.
    fn end(&self) {
        self.close();
        let waited = self.idle.wait_timeout_while(self.life(), PATIENCE, |life| life.commits > 0);
        let runtime = waited.unwrap_or_else(PoisonError::into_inner).0.runtime.take();
        // The guard is gone: work that is cut off wants it.
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(PATIENCE);
        }
    }

    /// Announces work that runs to its end; none after [`Self::close`].
    pub(crate) fn begin_commit(self: &Arc<Self>) -> Option<Commit> {
        let mut life = self.life();
        if life.closing {
            return None;
        }
        life.commits = life.commits.saturating_add(1);
        Some(Commit(Arc::clone(self)))
    }

    #[cfg(test)]
    pub(crate) fn is_running(&self) -> bool {
        self.life().runtime.is_some()
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Life {
    fn end_if_idle(&mut self) {
        if self.closing
            && self.commits == 0
            && let Some(runtime) = self.runtime.take()
        {
            if Handle::try_current().is_ok() {
                // A worker of this very runtime, where waiting for its end would panic.
                runtime.shutdown_background();
            } else {
                runtime.shutdown_timeout(PATIENCE);
            }
        }
    }
}

impl Drop for Commit {
    fn drop(&mut self) {
        let mut life = self.0.life();
        life.commits = life.commits.saturating_sub(1);
        life.end_if_idle();
        self.0.idle.notify_all();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.life.get_mut().unwrap_or_else(PoisonError::into_inner).runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::call::Call;

    /// Sleeps on a thread of its own engine, as storage does, and says when it is done.
    async fn work(done: Arc<AtomicBool>) -> Result<(), EidError> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        done.store(true, Ordering::SeqCst);
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn engine_ended_lets_work_run_to_its_end_and_cuts_off_what_takes_too_long() {
        let engine = Engine::start().unwrap();
        let done = Arc::new(AtomicBool::new(false));
        let (quick, endless) = (Call::on(&engine).run_to_end(work(Arc::clone(&done))), Engine::start().unwrap());
        let never = Call::on(&endless).run_to_end::<()>(std::future::pending());
        let ended = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let engines = [Arc::clone(&engine), Arc::clone(&endless)];
            let ending =
                std::thread::Builder::new().spawn(move || engines.iter().for_each(|engine| engine.end())).unwrap();
            tokio::task::spawn_blocking(|| ending.join().unwrap()).await.unwrap();
        };
        let closed = Err(EidError::Locked { code: 1004 });
        let (first, second, ()) = tokio::join!(quick, never, ended);
        assert_eq!((first, second), (closed, closed));
        assert!(done.load(Ordering::SeqCst), "it was cut off");
        assert!(engine.life().runtime.is_none() && endless.life().runtime.is_none());
    }
}
