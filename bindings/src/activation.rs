use std::sync::Arc;

use crate::{
    ActivationView, CancelToken, CardDraft, CardProgressView, EidError, LockCodeView, Unlocked, app::Sessions,
    call::Call, guard::guarded, runtime::Engine,
};

/// An activation under way. Each step is on the phone before its call returns: `resume_activation` goes on with it, also after
/// the app was killed. A step that is done is not repeated, and one that was refused may be tried again.
#[derive(Debug, uniffi::Object)]
pub struct Activation {
    core: eid_core::Activation,
    engine: Arc<Engine>,
    sessions: Sessions,
}

impl Activation {
    pub(crate) fn new(core: eid_core::Activation, engine: &Arc<Engine>, sessions: &Sessions) -> Arc<Self> {
        Arc::new(Self { core, engine: Arc::clone(engine), sessions: sessions.clone() })
    }
}

#[uniffi::export]
impl Activation {
    /// Where it stands, as of the last step that ended. None when it is finished.
    ///
    /// # Errors
    /// `Internal`.
    pub fn state(&self) -> Result<Option<ActivationView>, EidError> {
        guarded(|| Ok(self.core.state().map(Into::into)))
    }

    /// How far the reading of the card is; none when no reading is under way. The event `CardProgress` says when to ask.
    ///
    /// # Errors
    /// `Internal`.
    pub fn card_progress(&self) -> Result<Option<CardProgressView>, EidError> {
        guarded(|| Ok(self.core.card_progress().map(Into::into)))
    }

    /// Asks for a one-time code again, after the last one has expired or its tries are spent.
    ///
    /// # Errors
    /// `Rejected`, `Network`, `Conflict` 1011 when another activation was begun, `Storage`.
    #[uniffi::method(default(cancel = None))]
    pub async fn send_code(&self, cancel: Option<Arc<CancelToken>>) -> Result<(), EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).until(cancel.as_ref()).run(async move { Ok(core.send_code().await?) }).await
    }

    /// Sends the one-time code that the citizen typed. Once it was right, further calls do nothing; may be cancelled and
    /// repeated.
    ///
    /// # Errors
    /// `AuthFailed` 2010 with the tries left, or 2012; `Expired` 2011; `Network`.
    #[uniffi::method(default(cancel = None))]
    pub async fn confirm_code(&self, code: String, cancel: Option<Arc<CancelToken>>) -> Result<(), EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).until(cancel.as_ref()).run(async move { Ok(core.confirm_code(&code).await?) }).await
    }

    /// Reads the identity card (thẻ căn cước) through the `ChipLink` port, judges it and sends what was read to the platform.
    /// Waits for the card, also when it is lost on the way. When it is cancelled the reading ends, and the port's session with
    /// it. After `Network` the same call sends what was read without another reading.
    ///
    /// # Errors
    /// `Device` 6016 without a reader (then a voucher helps), 6017 without a card, 6005 when it was lost; other codes of 6000 for
    /// what is wrong with the card; `Rejected` 7022 and 7024, `Expired` 7023; `Conflict` 7018 before the code; `Network`.
    #[uniffi::method(default(cancel = None))]
    pub async fn read_card(&self, access: CardDraft, cancel: Option<Arc<CancelToken>>) -> Result<(), EidError> {
        let access = access.try_into()?;
        let core = self.core.clone();
        Call::on(&self.engine).until(cancel.as_ref()).run(async move { Ok(core.read_card(access).await?) }).await
    }

    /// Sends a voucher (mã xác nhận) in place of the card: twelve characters that an office printed.
    ///
    /// # Errors
    /// `AuthFailed` 2041 with the tries left, `Expired` 2042, `Conflict` 7018, `Network`.
    #[uniffi::method(default(cancel = None))]
    pub async fn use_voucher(&self, voucher: String, cancel: Option<Arc<CancelToken>>) -> Result<(), EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).until(cancel.as_ref()).run(async move { Ok(core.use_voucher(&voucher).await?) }).await
    }

    /// Sends a picture or short clip of the citizen's face (JPEG, PNG, WebP or MP4, up to 2 MiB), sealed for the platform, which
    /// decides. The bytes are consumed and wiped.
    ///
    /// # Errors
    /// `AuthFailed` 2043 with the tries left, `Invalid` 2044, `Conflict` 7018, `Network`.
    #[uniffi::method(default(cancel = None))]
    pub async fn submit_face(&self, picture: Vec<u8>, cancel: Option<Arc<CancelToken>>) -> Result<(), EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).until(cancel.as_ref()).run(async move { Ok(core.submit_face(picture).await?) }).await
    }

    /// The lock code (mã khóa), once after `complete` has succeeded, as three groups of six letters and digits: the screen shows it
    /// and asks the citizen to write it down. The phone does not keep it. None otherwise.
    ///
    /// # Errors
    /// `Internal`.
    pub fn lock_code(&self) -> Result<Option<LockCodeView>, EidError> {
        guarded(|| Ok(self.core.lock_code().as_ref().map(Into::into)))
    }

    /// Lifts the holder's own lock of the account: the last step of `start_account_unlock`, which is over then. Runs to its end.
    ///
    /// # Errors
    /// `Rejected` 7020 for the lock of an authority, `Conflict` 7018 before its turn, `Network`.
    #[uniffi::method(default(cancel = None))]
    pub async fn lift_lock(&self, cancel: Option<Arc<CancelToken>>) -> Result<(), EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).until(cancel.as_ref()).run_to_end(async move { Ok(core.lift_lock().await?) }).await
    }

    /// Binds this phone's key to the account, fetches the level-2 grant, and sets the passcode: six ASCII digits, which are
    /// consumed and wiped. The app is then unlocked. Of a recovery it is the new passcode; on a phone that another one had
    /// superseded it is the one that the phone has, and counts as a try. Runs to its end: after a cancellation the phone may be activated.
    ///
    /// # Errors
    /// `Rejected` 1025 when a recovery's share does not fit: nothing is lost. `Invalid` 2003 or 2004 for the passcode, `Conflict` 7018 before its turn, `Rejected`, `Network`, `Device`, `Storage`.
    /// Calling it again goes on where it stopped.
    #[uniffi::method(default(cancel = None))]
    pub async fn complete(
        &self,
        passcode: Vec<u8>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<Arc<Unlocked>, EidError> {
        let core = self.core.clone();
        let work = async move { Ok(core.complete(passcode).await?) };
        let unlocked = Call::on(&self.engine).until(cancel.as_ref()).run_to_end(work).await?;
        Ok(self.sessions.open(unlocked, &self.engine))
    }
}
