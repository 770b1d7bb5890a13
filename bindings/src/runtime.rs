//! The runtime that all work runs on, and how it ends.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use eid_model::Code;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::{EidError, cancel::Flag};

/// Threads for key derivation, storage and foreign calls that block.
const BLOCKING_THREADS: usize = 4;

/// How long closing waits for threads that are in a foreign call or in storage: after it no port is called any more.
const PATIENCE: Duration = Duration::from_millis(500);

/// A tokio runtime of our own: two workers, four blocking threads. It goes with the last object that needs it, or after
/// [`Self::close`] with the last work that runs to its end.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) handle: Handle,
    pub(crate) closed: Flag,
    life: Mutex<Life>,
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
        Ok(Arc::new(Self { handle, closed: Flag::default(), life }))
    }

    /// Takes no more work, lets what runs to its end do so, and then ends the threads. Again does nothing.
    pub(crate) fn close(&self) {
        self.closed.raise();
        let mut life = self.life();
        life.closing = true;
        life.end_if_idle();
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
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.life.get_mut().unwrap_or_else(PoisonError::into_inner).runtime.take() {
            runtime.shutdown_background();
        }
    }
}
