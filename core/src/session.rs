use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eid_crypto::SecretKey;
use eid_model::{AccountLevel, Code, Evidence, Factor, PersonName, Pid, UnixTime};
use eid_platform::{AccessToken, Grant, PlatformError, SignedIn};
use eid_proof::{KeyUse, TrustList, key_id};
use eid_vault::{Collection, HistoryEntry, Page, Repaired, Vault};
use tokio::sync::{MappedMutexGuard, Notify};

use crate::{
    Error,
    app::Inner,
    autolock::{self, Watch},
    care,
    device::{DEVICE_KEY, HardwareKey},
    ports::{ClockError, Event, Moment},
    record::{ACCOUNT, Account, StoredTrustList, TRUST_LIST},
    store, task,
    usecase::{act::Acting, configuration::load_configuration, record::Shelf},
};

/// The app while it is unlocked. Letting the last one go locks it, as do [`Self::lock`], [`crate::EidApp::lock`], time without
/// use and time in the background ([`crate::AutoLock`]); every call after that gives [`Error::Locked`].
#[derive(Debug)]
pub struct Unlocked {
    pub(crate) open: Arc<Open>,
}

/// The way to the session from handles: emptied by locking.
#[derive(Debug)]
pub(crate) struct Open {
    inner: Arc<Inner>,
    state: Mutex<Option<(Arc<Session>, Watch)>>,
    /// Wakes the timer that locks.
    changed: Arc<Notify>,
}

/// The open store. It lives until the last call that is under way has ended.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) inner: Arc<Inner>,
    vault: Mutex<Vault>,
    /// The last access token; short-lived and never stored.
    token: tokio::sync::Mutex<Option<AccessToken>>,
    /// The citizen's session at the platform, after signing in; never stored.
    pub(crate) signed_in: tokio::sync::Mutex<Option<SignedIn>>,
    /// What was shown for the act that is under way; never stored.
    pub(crate) acting: tokio::sync::Mutex<Acting>,
    /// What the citizen showed to this phone alone, each factor with its last time; never stored.
    shown_here: Mutex<Vec<Evidence>>,
    /// Held while changes are sent.
    pub(crate) sending: tokio::sync::Mutex<()>,
    /// Held while records are pulled.
    pub(crate) pulling: tokio::sync::Mutex<()>,
    /// What records are found by; empty until somebody looks.
    pub(crate) shelf: Mutex<Option<Shelf>>,
    /// What was found wrong with the store.
    repairs: Mutex<Vec<Repaired>>,
}

/// What the home screen shows of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// The account's name at the platform.
    pub account_id: String,
    /// Full name.
    pub name: PersonName,
    /// Personal identification number.
    pub pid: Pid,
    /// Account level of the grant.
    pub level: AccountLevel,
    /// Who granted it.
    pub issuer: String,
    /// When the grant ends.
    pub grant_expires_at: UnixTime,
}

impl Unlocked {
    /// Takes the store into a session, which is the only one.
    pub(crate) fn new(inner: &Arc<Inner>, vault: Vault, repairs: Vec<Repaired>, shown: Factor) -> Result<Self, Error> {
        let session = Session {
            inner: Arc::clone(inner),
            vault: Mutex::new(vault),
            token: tokio::sync::Mutex::default(),
            signed_in: tokio::sync::Mutex::default(),
            acting: tokio::sync::Mutex::default(),
            shown_here: Mutex::default(),
            sending: tokio::sync::Mutex::default(),
            pulling: tokio::sync::Mutex::default(),
            shelf: Mutex::default(),
            repairs: Mutex::new(repairs),
        };
        session.note_shown(shown)?;
        Self::enter(inner, Arc::new(session))
    }

    /// Opens the store, or takes the session that is still there, open or about to end: no store is opened twice at a time.
    /// Gives its generation, for the record that the key hardware vouches for, which has known of `known` so far. `shown` is what
    /// the citizen showed for it.
    pub(crate) async fn open(
        inner: &Arc<Inner>,
        vault_key: Arc<SecretKey>,
        known: u64,
        shown: Factor,
    ) -> Result<(Self, u64), Error> {
        let session = inner.opened().1.upgrade();
        let unlocked = match session {
            Some(session) => {
                session.note_shown(shown)?;
                Self::enter(inner, session)?
            }
            None => {
                let now = inner.now()?;
                let open = move |inner: &Inner| {
                    let opened = store::open(inner, &vault_key, known, now)?;
                    load_configuration(inner, &opened.0);
                    Ok(opened)
                };
                let opened = inner.blocking(open).await?;
                let unlocked = Self::new(inner, opened.0, opened.1, shown)?;
                care::spawn(&unlocked.session()?);
                unlocked
            }
        };
        let generation = unlocked.session()?.vault(|vault| Ok(vault.make_durable()?)).await?;
        Ok((unlocked, generation))
    }

    fn enter(inner: &Arc<Inner>, session: Arc<Session>) -> Result<Self, Error> {
        let now = inner.ports.clock.now()?;
        let mut opened = inner.opened();
        let (open, last) = &mut *opened;
        *last = Arc::downgrade(&session);
        if let Some(open) = open.upgrade().filter(|open| open.use_at(now)) {
            return Ok(Self { open });
        }
        let watch = Watch::new(inner.config.auto_lock, now);
        let new = Arc::new(Open {
            inner: Arc::clone(inner),
            state: Mutex::new(Some((session, watch))),
            changed: Arc::default(),
        });
        *open = Arc::downgrade(&new);
        tokio::spawn(autolock::run(Arc::downgrade(&new), Arc::clone(&new.changed)));
        Ok(Self { open: new })
    }

    /// Locks the app: the store is closed and its keys are wiped as soon as calls that are under way have ended. Proofs on the
    /// screen are signed no more.
    pub fn lock(&self) {
        self.open.lock();
    }

    pub(crate) fn session(&self) -> Result<Arc<Session>, Error> {
        self.open.session()
    }

    /// What was found wrong with the store since it was opened, and what was done: damage, or an older copy that somebody put
    /// back. Empty as a rule. The screen says so to the citizen, each with the text of its code.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn repairs(&self) -> Result<Vec<Repaired>, Error> {
        Ok(self.session()?.repairs().clone())
    }

    /// The account.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::Vault`].
    pub async fn account(&self) -> Result<AccountView, Error> {
        let account = self.session()?.account().await?;
        Ok(AccountView {
            account_id: account.account_id.as_str().to_owned(),
            name: account.name,
            pid: account.pid,
            level: account.level,
            issuer: account.issuer,
            grant_expires_at: account.grant_expires_at,
        })
    }

    /// The holder's history, newest first: at most 50 entries, from the end or `before` a position that [`Page::next`] gave.
    ///
    /// # Errors
    /// [`Error::Vault`]. Entries that do not open are counted in [`Page::damaged`].
    pub async fn history(&self, before: Option<u64>, limit: usize) -> Result<Page<(u64, HistoryEntry)>, Error> {
        self.session()?.vault(move |vault| Ok(vault.list_history(before, limit)?)).await
    }
}

impl Open {
    /// The session, if it is not locked; this counts as use.
    pub(crate) fn session(&self) -> Result<Arc<Session>, Error> {
        let (due, now) = self.due()?.ok_or(Error::Locked)?;
        if due.is_zero() {
            self.lock();
        }
        let mut state = self.state();
        let (session, watch) = state.as_mut().ok_or(Error::Locked)?;
        watch.use_at(now);
        Ok(Arc::clone(session))
    }

    pub(crate) fn lock(&self) {
        // Closing the store takes a moment; nobody waits for it.
        let taken = self.state().take();
        if taken.is_some() {
            self.inner.tell(&[Event::Locked]);
            self.changed.notify_waiters();
        }
    }

    /// How long until it locks by itself; `None` once it is locked. Without a clock it locks at once.
    pub(crate) fn lock_if_due(&self) -> Option<Duration> {
        let due = self.due().map_or(Some(Duration::ZERO), |due| due.map(|(due, _)| due));
        if due == Some(Duration::ZERO) {
            self.lock();
            return None;
        }
        due
    }

    /// False if it is locked.
    fn use_at(&self, now: Moment) -> bool {
        self.state().as_mut().map(|(_, watch)| watch.use_at(now)).is_some()
    }

    pub(crate) fn watch(&self, change: impl FnOnce(&mut Watch)) {
        if let Some((_, watch)) = self.state().as_mut() {
            change(watch);
        }
        self.changed.notify_waiters();
    }

    /// How long until it locks by itself, and the moment of that; `None` once it is locked.
    ///
    /// The last use is looked at before the clock: a use by another thread meanwhile would seem to lie in the future.
    fn due(&self) -> Result<Option<(Duration, Moment)>, ClockError> {
        let watch = || self.state().as_ref().map(|(_, watch)| *watch);
        loop {
            let Some(before) = watch() else { return Ok(None) };
            let now = self.inner.ports.clock.now()?;
            let due = before.due_in(&now);
            if !due.is_zero() || watch() == Some(before) {
                return Ok(Some((due, now)));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, Option<(Arc<Session>, Watch)>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.lock();
    }
}

impl Session {
    /// Works with the store where blocking is allowed; never across a call into a port. The work runs to its end, and keeps the
    /// session until then, even if the caller goes away.
    pub(crate) async fn vault<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Vault) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let session = Arc::clone(self);
        task::blocking(move || work(&mut session.vault.lock().unwrap_or_else(PoisonError::into_inner))).await
    }

    /// Notes what the citizen showed to this phone just now.
    pub(crate) fn note_shown(&self, factor: Factor) -> Result<(), Error> {
        let at = self.inner.now()?;
        let mut shown = self.shown_here.lock().unwrap_or_else(PoisonError::into_inner);
        shown.retain(|before| before.factor != factor);
        shown.push(Evidence { factor, at });
        Ok(())
    }

    /// What the citizen showed to this phone in this session.
    pub(crate) fn shown_here(&self) -> Vec<Evidence> {
        self.shown_here.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn repairs(&self) -> MutexGuard<'_, Vec<Repaired>> {
        self.repairs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An access token that is good for half a minute at least, kept for the next call. [`Self::accepted`] takes it away again.
    pub(crate) async fn access(
        self: &Arc<Self>,
        account: &Account,
        now: UnixTime,
    ) -> Result<MappedMutexGuard<'_, AccessToken>, Error> {
        let mut token = self.token.lock().await;
        if token.as_ref().is_none_or(|held| held.expires_at().seconds() <= now.seconds().saturating_add(30)) {
            let fresh = self.inner.platform.token(&account.account_id, &self.device_key(account), now).await;
            *token = Some(self.heed(fresh).await?);
        }
        tokio::sync::MutexGuard::try_map(token, Option::as_mut).map_err(|_| Error::Internal)
    }

    /// An answer to a call with the access token. After an error a new token is fetched for the next call; of a token that was taken
    /// back the platform is asked why.
    pub(crate) async fn accepted<T>(self: &Arc<Self>, answer: Result<T, PlatformError>) -> Result<T, Error> {
        if answer.is_err() {
            self.drop_token().await;
        }
        if answer.as_ref().is_err_and(|error| error.code() == Code::SESSION_REFUSED) {
            let asked = self.report(&self.account().await?).await;
            asked
                .map(drop)
                .or_else(|error| if matches!(error, Error::AccountStopped(_)) { Err(error) } else { Ok(()) })?;
        }
        self.heed(answer).await
    }

    pub(crate) async fn drop_token(&self) {
        *self.token.lock().await = None;
    }

    pub(crate) async fn keep_signed_in(&self, signed_in: SignedIn) {
        *self.signed_in.lock().await = Some(signed_in);
    }

    pub(crate) async fn take_signed_in(&self) -> Option<SignedIn> {
        self.signed_in.lock().await.take()
    }

    pub(crate) fn tell(&self, events: &[Event]) {
        self.inner.tell(events);
    }

    pub(crate) async fn account(self: &Arc<Self>) -> Result<Account, Error> {
        self.vault(|vault| vault.find(Collection::Account, ACCOUNT)?.ok_or(Error::NotActivated)).await
    }

    pub(crate) fn device_key(&self, account: &Account) -> HardwareKey {
        HardwareKey::new(&self.inner.ports.secure_key, DEVICE_KEY, account.device_key)
    }

    /// The trust list that is kept.
    pub(crate) async fn trust_list(self: &Arc<Self>) -> Result<TrustList, Error> {
        let roots = self.inner.config.trust_roots.clone();
        self.vault(move |vault| {
            let stored: Option<StoredTrustList> = vault.find(Collection::TrustData, TRUST_LIST)?;
            // Without one nobody is known.
            let stored = stored.ok_or(eid_proof::ProofError::CounterUnregistered)?;
            Ok(TrustList::parse(&stored.0, &roots)?)
        })
        .await
    }

    /// Fetches the trust list and keeps it, unless the stored one is newer: a list never goes back.
    pub(crate) async fn renew_trust_list(self: &Arc<Self>) -> Result<TrustList, Error> {
        let (fetched, bytes) = self.inner.fetch_trust_list().await?;
        let roots = self.inner.config.trust_roots.clone();
        self.vault(move |vault| {
            let stored: Option<StoredTrustList> = vault.find(Collection::TrustData, TRUST_LIST)?;
            let stored = stored.and_then(|list| TrustList::parse(&list.0, &roots).ok());
            if stored.is_some_and(|stored| !fetched.may_replace(&stored)) {
                return Err(eid_proof::ProofError::TrustListInvalid.into());
            }
            vault.put(Collection::TrustData, TRUST_LIST, &StoredTrustList(bytes))?;
            Ok(fetched)
        })
        .await
    }
}

/// Verifies a grant with the grant key of the trust list that its header names.
pub(crate) fn verify_grant(
    jwt: &str,
    trust: &TrustList,
    device_key: &eid_crypto::VerifyingKey,
    now: UnixTime,
) -> Result<(Grant, String), Error> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let invalid = || Error::from(PlatformError::GrantInvalid(eid_platform::Flaw::Signature));
    let parsed = eid_platform::jws::parse(jwt).map_err(|_| invalid())?;
    let kid = parsed.kid().ok_or_else(invalid)?;
    let listed = trust.keys().iter().find(|key| {
        key.usage == KeyUse::Grant && key.is_valid_at(now) && URL_SAFE_NO_PAD.encode(key_id(&key.key)) == kid
    });
    let listed = listed.ok_or_else(invalid)?;
    let grant = Grant::verify(jwt, &listed.key, &listed.issuer, device_key, now)?;
    Ok((grant, listed.issuer.clone()))
}
