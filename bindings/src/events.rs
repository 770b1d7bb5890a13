//! Events on their way to the shell: one task tells them, each kind at most once at a time.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use eid_core::ports::{self, Event};
use tokio::sync::Notify;

use crate::{EventSink, runtime::Engine};

/// What is to be told. An event that waits already is not added again, so this never holds more than one of each kind.
#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    waiting: Mutex<BTreeSet<Event>>,
    added: Notify,
}

impl EventQueue {
    /// Starts the task that tells `sink`, on a thread that may block.
    pub(crate) fn start(engine: &Arc<Engine>, sink: Arc<dyn EventSink>) -> Arc<Self> {
        let queue = Arc::new(Self::default());
        let ours = Arc::clone(&queue);
        engine.handle.spawn(async move {
            loop {
                ours.added.notified().await;
                for event in ours.take() {
                    let sink = Arc::clone(&sink);
                    // A sink that panics loses this event and no other.
                    tokio::task::spawn_blocking(move || sink.on_event(event.into()).is_ok()).await.ok();
                }
            }
        });
        queue
    }

    fn take(&self) -> BTreeSet<Event> {
        core::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ports::EventSink for EventQueue {
    fn on_event(&self, event: Event) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(event);
        self.added.notify_one();
    }
}
