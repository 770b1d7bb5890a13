//! Work that runs to its end on the runtime, whatever its caller does.
//!
//! The runtime sees boxes and nothing else: for each type of work that it is handed itself it grows by about three kilobytes of
//! code, and the types of work here go into the hundreds. Work is boxed before anything is awaited, so that waiting for it is
//! compiled once for each type of result.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use crate::Error;

/// Runs work to its end even if the caller goes away: what it holds in hardware and on disk belongs together.
pub(crate) fn to_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> impl Future<Output = Result<T, Error>> + Send {
    let slot = Slot::default();
    let filled = slot.clone();
    outcome(run(Box::pin(async move { filled.fill(work.await) })), slot)
}

/// Runs storage or key-derivation work where blocking is allowed, to its end even if the caller goes away.
pub(crate) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> impl Future<Output = Result<T, Error>> + Send {
    let slot = Slot::default();
    let filled = slot.clone();
    outcome(run_blocking(Box::new(move || filled.fill(work()))), slot)
}

async fn outcome<T>(running: impl Future<Output = Result<(), Error>>, slot: Slot<T>) -> Result<T, Error> {
    running.await?;
    slot.take()
}

async fn run(work: Pin<Box<dyn Future<Output = ()> + Send>>) -> Result<(), Error> {
    tokio::spawn(work).await.map_err(|_| Error::Internal)
}

async fn run_blocking(work: Box<dyn FnOnce() + Send>) -> Result<(), Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Internal)
}

/// Where work leaves what it came to. Empty if it panicked.
struct Slot<T>(Arc<Mutex<Option<Result<T, Error>>>>);

impl<T> Slot<T> {
    fn fill(&self, result: Result<T, Error>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    fn take(&self) -> Result<T, Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Err(Error::Internal))
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_gives_its_result_and_a_panic_is_an_internal_fault() {
        assert_eq!(to_end(async { Ok(7) }).await, Ok(7));
        assert_eq!(blocking(|| Ok(7)).await, Ok(7));
        assert_eq!(to_end(async { Err::<(), _>(Error::Locked) }).await, Err(Error::Locked));
        assert_eq!(to_end::<()>(async { panic!("271828") }).await, Err(Error::Internal));
        assert_eq!(blocking::<()>(|| panic!("271828")).await, Err(Error::Internal));
    }

    #[tokio::test]
    async fn work_goes_on_when_its_caller_goes_away() {
        let (done, is_done) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        {
            let told = done.clone();
            let work = blocking(move || {
                may_go.recv().ok();
                told.send(1).map_err(|_| Error::Internal)
            });
            let nested = to_end(async move { work.await.and_then(|()| done.send(2).map_err(|_| Error::Internal)) });
            assert!(tokio::time::timeout(std::time::Duration::from_millis(20), nested).await.is_err());
        }
        go.send(()).unwrap();
        let results = tokio::task::spawn_blocking(move || is_done.iter().collect::<Vec<_>>()).await.unwrap();
        assert_eq!(results, [1, 2]);
    }
}
