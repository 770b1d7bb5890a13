//! The phone's reader while the app may be closed under it: a session that was begun is ended, or an iPhone's sheet would stay.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use async_trait::async_trait;
use eid_core::ports::{ChipLimits, ChipLink, ChipLinkError};

use crate::runtime::{Commit, Engine};

/// A reader whose sessions keep the runtime alive until they have ended, and which answers no more once the app is closed.
pub(crate) struct Reader<L> {
    link: L,
    /// Weak: what runs on the runtime holds this.
    engine: Weak<Engine>,
    session: Mutex<Option<Commit>>,
}

impl<L: ChipLink> Reader<L> {
    pub(crate) fn new(link: L, engine: &Arc<Engine>) -> Self {
        Self { link, engine: Arc::downgrade(engine), session: Mutex::new(None) }
    }

    /// The port's answer, unless the app is closed before.
    async fn unless_closed<T>(
        &self,
        answer: impl Future<Output = Result<T, ChipLinkError>> + Send,
    ) -> Result<T, ChipLinkError> {
        let engine = self.engine.upgrade().ok_or(ChipLinkError::UserCancelled)?;
        tokio::select! {
            biased;
            () = engine.closed.raised() => Err(ChipLinkError::UserCancelled),
            answer = answer => answer,
        }
    }

    /// Announces a session, unless one is under way.
    fn begin(&self) -> Result<(), ChipLinkError> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if session.is_none() {
            let commit = self.engine.upgrade().and_then(|engine| engine.begin_commit());
            *session = Some(commit.ok_or(ChipLinkError::UserCancelled)?);
        }
        Ok(())
    }
}

#[async_trait]
impl<L: ChipLink> ChipLink for Reader<L> {
    async fn connect(&self, wait_ms: u32) -> Result<ChipLimits, ChipLinkError> {
        self.begin()?;
        self.unless_closed(self.link.connect(wait_ms)).await
    }

    async fn transceive(&self, command: &[u8], timeout_ms: u32) -> Result<Vec<u8>, ChipLinkError> {
        self.unless_closed(self.link.transceive(command, timeout_ms)).await
    }

    async fn end_session(&self, success: bool) -> Result<(), ChipLinkError> {
        let ended = self.link.end_session(success).await;
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).take();
        // With it goes the runtime, if the app was closed meanwhile.
        drop(session);
        ended
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use super::*;

    /// Finds a card, which then says nothing.
    struct Mute(Arc<AtomicBool>);

    #[async_trait]
    impl ChipLink for Mute {
        async fn connect(&self, _wait_ms: u32) -> Result<ChipLimits, ChipLinkError> {
            Ok(ChipLimits::SHORT)
        }
        async fn transceive(&self, _command: &[u8], _timeout_ms: u32) -> Result<Vec<u8>, ChipLinkError> {
            std::future::pending().await
        }
        async fn end_session(&self, _success: bool) -> Result<(), ChipLinkError> {
            tokio::time::sleep(Duration::from_millis(50)).await;
            self.0.store(true, Ordering::SeqCst);
            Ok(())
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn app_closed_while_a_card_is_read_ends_the_session_and_then_its_threads() {
        let (engine, ended) = (Engine::start().unwrap(), Arc::new(AtomicBool::new(false)));
        let reader = Arc::new(Reader::new(Mute(Arc::clone(&ended)), &engine));
        let of_engine = Arc::clone(&reader);
        // As the core reads: by itself, on the app's own threads, and whoever asked for it does not matter.
        let reading = engine.handle.spawn(async move {
            of_engine.connect(1_000).await.unwrap();
            let answer = of_engine.transceive(b"\x00\xa4", 1_000).await;
            of_engine.end_session(false).await.unwrap();
            answer
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        engine.close();
        assert!(engine.is_running(), "a session is open");
        assert_eq!(reading.await.unwrap(), Err(ChipLinkError::UserCancelled));
        assert!(ended.load(Ordering::SeqCst) && !engine.is_running());
        assert_eq!(reader.connect(1_000).await, Err(ChipLinkError::UserCancelled), "no session begins any more");
    }
}
