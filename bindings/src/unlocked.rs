use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use eid_core::PresentRequest;
use eid_model::Code;

use crate::{
    CancelToken, EidError, HistoryPage, HomeView, PasscodeOutcome, PresentDraft, ProofView, RefillView, RepairView,
    call::Call, cancel::Flag, guard::guarded, runtime::Engine,
};

/// Most entries of one page.
const MAX_PAGE: u32 = 50;

/// The app while it is unlocked. Unlocking again meanwhile gives another handle to the same session. It ends with [`Self::lock`]
/// of any of them, when all of them and their presentations are let go, or by itself, after a time without use or in the
/// background.
#[derive(Debug, uniffi::Object)]
pub struct Unlocked {
    pub(crate) session: Arc<Session>,
}

/// A proof on the screen: signed anew as often as asked, every 20 s while it is shown.
#[derive(Debug, uniffi::Object)]
pub struct Presentation {
    session: Arc<Session>,
    number: u64,
}

/// What [`Unlocked`] and its presentations share; empty once locked.
#[derive(Debug)]
pub(crate) struct Session {
    engine: Arc<Engine>,
    locked: Flag,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    core: Arc<eid_core::Unlocked>,
    shown: BTreeMap<u64, Arc<eid_core::Presentation>>,
    last: u64,
}

#[uniffi::export]
impl Unlocked {
    /// The home screen: the account, and how often each purpose can be shown.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub async fn home(&self) -> Result<HomeView, EidError> {
        let core = self.session.core()?;
        let work = async move {
            let account = core.account().await?.into();
            let readiness = core.readiness().await?.into_iter().map(Into::into).collect();
            Ok(HomeView { account, readiness })
        };
        self.session.call().run(work).await
    }

    /// Takes a credential for this showing and writes the history entry; makes no network call. The credential counts as used
    /// from here on. Runs to its end.
    ///
    /// # Errors
    /// `Locked`, `Expired`, `NotFound`, `Invalid`, `Storage`. Nothing counts as used then.
    pub async fn present(&self, draft: PresentDraft) -> Result<Arc<Presentation>, EidError> {
        let request = PresentRequest::try_from(draft)?;
        let core = self.session.core()?;
        let work = async move { Ok(core.present_identity(request).await?) };
        let shown = self.session.call().run_to_end(work).await?;
        self.session.show(shown)
    }

    /// Renews what is due and fetches new credentials. Call it when the phone comes online. Runs to its end; what was stored
    /// stays usable whatever happens.
    ///
    /// # Errors
    /// `Locked`, `Rejected`, `Network`, `Device`, `Storage`.
    #[uniffi::method(default(cancel = None))]
    pub async fn refill(&self, cancel: Option<Arc<CancelToken>>) -> Result<RefillView, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.refill_credentials().await?.into()) };
        self.session.call().until(cancel.as_ref()).run_to_end(work).await
    }

    /// The history, newest first: at most 50 entries, from the end or `before` a position that a page's `next` gave.
    ///
    /// # Errors
    /// `Locked`, `Storage`; also when the chain of entries does not hold.
    pub async fn history(&self, before: Option<u64>, limit: u32) -> Result<HistoryPage, EidError> {
        let core = self.session.core()?;
        let limit = usize::try_from(limit.min(MAX_PAGE)).unwrap_or_default();
        self.session.call().run(async move { Ok(core.history(before, limit).await?.into()) }).await
    }

    /// Changes the passcode (đổi mật mã); both are six ASCII digits, which are consumed and wiped. The old one counts as a try,
    /// like any other. Runs to its end.
    ///
    /// # Errors
    /// What [`crate::EidApp::unlock`] gives for the old passcode; `Invalid` 2003 or 2004 for the new one; `Rejected` if the
    /// platform refuses, or `Network` if it cannot be reached or an earlier change is not settled yet: the old passcode stays
    /// in force. `Conflict` 2058: activate again. `Locked`, `Device`, `Storage`.
    pub async fn change_passcode(&self, old: Vec<u8>, new: Vec<u8>) -> Result<PasscodeOutcome, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.change_passcode(old, new).await?.into()) };
        self.session.call().run_to_end(work).await
    }

    /// What was found wrong with the store since it was opened, and what was done: damage, or an older copy that somebody put
    /// back. Empty as a rule. The screen says so to the citizen, each with the text of its code.
    ///
    /// # Errors
    /// `Locked`.
    pub async fn repairs(&self) -> Result<Vec<RepairView>, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.repairs()?.into_iter().map(RepairView::from).collect()) };
        self.session.call().run(work).await
    }

    /// Locks: the store is closed and its keys are wiped, at once or as soon as work that runs to its end has ended. Every
    /// later call, of presentations too, gives `Locked` 4006. Again does nothing.
    pub fn lock(&self) {
        self.session.lock();
    }
}

impl Unlocked {
    pub(crate) fn new(session: Arc<Session>) -> Arc<Self> {
        Arc::new(Self { session })
    }
}

#[uniffi::export]
impl Presentation {
    /// Signs the proof for the present moment: 60 s of life. The phone may ask for the holder's presence; may be cancelled.
    ///
    /// # Errors
    /// `Locked`, `UserCancelled`, `Device`, or `Expired` once the credential has.
    pub async fn sign(&self) -> Result<ProofView, EidError> {
        let shown = self.session.shown(self.number)?;
        self.session.call().run(async move { ProofView::new(&shown.sign().await?, shown.spelling()) }).await
    }

    /// Sends the proof to the counter that asked for it, where [`crate::CounterAskView::answer_host`] names its host; done once the
    /// counter has taken it. At most ten seconds. After an error nothing has to be confirmed again: send again, which sends the
    /// same, or show the code; the counter takes the answer once.
    ///
    /// # Errors
    /// `Network` 5118: it did not arrive, or was not taken; show the code. `Expired` 5115 or `Rejected` 5113: not to be answered
    /// any more. `Locked`, `UserCancelled`, `Device`, `Storage`.
    #[uniffi::method(default(cancel = None))]
    pub async fn send(&self, cancel: Option<Arc<CancelToken>>) -> Result<(), EidError> {
        let shown = self.session.shown(self.number)?;
        self.session.call().until(cancel.as_ref()).run(async move { Ok(shown.send().await?) }).await
    }
}

impl Drop for Presentation {
    fn drop(&mut self) {
        if let Some(open) = self.session.open().as_mut() {
            open.shown.remove(&self.number);
        }
    }
}

impl Session {
    pub(crate) fn new(unlocked: eid_core::Unlocked, engine: &Arc<Engine>) -> Arc<Self> {
        let open = Open { core: Arc::new(unlocked), shown: BTreeMap::new(), last: 0 };
        Arc::new(Self { engine: Arc::clone(engine), locked: Flag::default(), open: Mutex::new(Some(open)) })
    }

    pub(crate) fn lock(&self) {
        // A panic in here has nobody to be told to.
        guarded(|| {
            self.locked.raise();
            let open = self.open().take();
            // Another handle may have the same session.
            open.inspect(|open| open.core.lock());
            Ok(())
        })
        .ok();
    }

    pub(crate) fn call(&self) -> Call<'_> {
        Call::on(&self.engine).while_open(&self.locked)
    }

    pub(crate) fn core(&self) -> Result<Arc<eid_core::Unlocked>, EidError> {
        self.open().as_ref().map(|open| Arc::clone(&open.core)).ok_or_else(locked)
    }

    pub(crate) fn show(self: &Arc<Self>, presentation: eid_core::Presentation) -> Result<Arc<Presentation>, EidError> {
        let mut guard = self.open();
        let open = guard.as_mut().ok_or_else(locked)?;
        open.last = open.last.saturating_add(1);
        open.shown.insert(open.last, Arc::new(presentation));
        Ok(Arc::new(Presentation { session: Arc::clone(self), number: open.last }))
    }

    fn shown(&self, number: u64) -> Result<Arc<eid_core::Presentation>, EidError> {
        self.open().as_ref().and_then(|open| open.shown.get(&number)).map(Arc::clone).ok_or_else(locked)
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn locked() -> EidError {
    EidError::of(Code::KEY_SLOT_EMPTY)
}
