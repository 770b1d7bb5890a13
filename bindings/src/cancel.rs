use std::sync::Arc;

use tokio::sync::watch;

/// A handle to stop a call: give it with the call, and [`Self::cancel`] it from anywhere.
///
/// Swift and Python do not always tell Rust that a caller lost interest; this always does. A token that was cancelled stays
/// so: use a new one for the next call.
#[derive(Debug, Default, uniffi::Object)]
pub struct CancelToken(pub(crate) Flag);

#[uniffi::export]
impl CancelToken {
    /// A token that is not cancelled.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Ends the waiting of every call that was given this token with `UserCancelled` (code 2023). Work that *runs to its end*
    /// still does. Again does nothing.
    pub fn cancel(&self) {
        self.0.raise();
    }
}

/// Something that happens once and is waited for by many.
#[derive(Debug)]
pub(crate) struct Flag(watch::Sender<bool>);

impl Default for Flag {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Flag {
    pub(crate) fn raise(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_raised(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) async fn raised(&self) {
        // The sender lives as long as `self`, so waiting never fails.
        self.0.subscribe().wait_for(|raised| *raised).await.ok();
    }
}
