use std::sync::Arc;

use tokio::sync::Mutex;

use crate::{CancelToken, EidError, Unlocked, app::Sessions, call::Call, runtime::Engine};

/// An activation under way. Each step may be tried again after an error; nothing on the phone changes before the last.
#[derive(Debug, uniffi::Object)]
pub struct Activation {
    /// Steps wait for each other.
    core: Arc<Mutex<eid_core::Activation>>,
    code_expires_at: i64,
    engine: Arc<Engine>,
    sessions: Sessions,
}

impl Activation {
    pub(crate) fn new(started: eid_core::Activation, engine: &Arc<Engine>, sessions: &Sessions) -> Arc<Self> {
        Arc::new(Self {
            code_expires_at: started.code_expires_at().seconds(),
            core: Arc::new(Mutex::new(started)),
            engine: Arc::clone(engine),
            sessions: sessions.clone(),
        })
    }
}

#[uniffi::export]
impl Activation {
    /// Until when the one-time code is good: seconds since 1970.
    pub fn code_expires_at(&self) -> i64 {
        self.code_expires_at
    }

    /// Sends the one-time code that the citizen typed. Once it was right, further calls do nothing; may be cancelled and
    /// repeated.
    ///
    /// # Errors
    /// `AuthFailed` 2010 with the tries left, or 2012; `Expired` 2011; `Network`.
    #[uniffi::method(default(cancel = None))]
    pub async fn confirm_code(&self, code: String, cancel: Option<Arc<CancelToken>>) -> Result<(), EidError> {
        let core = Arc::clone(&self.core);
        let work = async move { Ok(core.lock().await.confirm_code(&code).await?) };
        Call::on(&self.engine).until(cancel.as_ref()).run(work).await
    }

    /// Binds this phone's key to the account, fetches the level-2 grant, and sets the passcode: six ASCII digits, which are
    /// consumed and wiped. The app is then unlocked. Runs to its end: after a cancellation the phone may be activated.
    ///
    /// # Errors
    /// `Invalid` 2003 or 2004 for the passcode, `NotFound` 1001 before the code was confirmed, `Rejected`, `Network`,
    /// `Device`, `Storage`. Calling it again goes on where it stopped.
    #[uniffi::method(default(cancel = None))]
    pub async fn complete(
        &self,
        passcode: Vec<u8>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<Arc<Unlocked>, EidError> {
        let core = Arc::clone(&self.core);
        let work = async move { Ok(core.lock().await.complete(passcode).await?) };
        let unlocked = Call::on(&self.engine).until(cancel.as_ref()).run_to_end(work).await?;
        Ok(self.sessions.open(unlocked, &self.engine))
    }
}
