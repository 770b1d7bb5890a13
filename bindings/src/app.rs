use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use eid_core::{
    AppVersion, AutoLock, KdfChoice, MAX_CONFIGURATION, PlatformConfig, Timeouts,
    ports::{self, Ports},
};
use eid_crypto::{SystemRandom, VerifyingKey, kdf::KdfCost};
use eid_model::Code;

use crate::{
    Activation, CancelToken, EidError, Platform, Unlocked,
    call::Call,
    events::EventQueue,
    guard::{guarded, quiet_panics},
    ports::Adapter,
    reader::Reader,
    runtime::Engine,
    unlocked::Session,
    views::AppStatusView,
};

/// Most certificates, and most trust roots, in a configuration.
const MAX_ROOTS: usize = 8;

/// Longest certificate, in bytes.
const MAX_CERTIFICATE: usize = 16 * 1024;

/// Longest text in a configuration, in bytes.
const MAX_TEXT: usize = 4096;

/// The app while it is locked: the only way in. One for each process is enough; several do not disturb each other.
#[derive(Debug, uniffi::Object)]
pub struct EidApp {
    pub(crate) core: eid_core::EidApp,
    pub(crate) engine: Arc<Engine>,
    /// Sessions that [`Self::shutdown`] locks.
    sessions: Sessions,
}

/// The sessions that were opened and may still be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<Vec<Weak<Session>>>>);

/// What the shell decides once.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AppConfig {
    /// A folder for this app alone, excluded from backups.
    pub folder: String,
    /// The app's identifier, such as its package name; the store is bound to it.
    pub app_id: String,
    /// The e-ID platform: a bare `https` origin.
    pub platform_url: String,
    /// The certificate authorities of the platform, DER, at most eight; no others are trusted.
    pub ca_der: Vec<Vec<u8>>,
    /// The version of this app, `x.y.z`; none for that of the core. The platform may serve it no more.
    #[uniffi(default = None)]
    pub app_version: Option<String>,
    /// The signed configuration (a JWT) that was built into the app, for the time before one was fetched.
    #[uniffi(default = None)]
    pub configuration: Option<Vec<u8>>,
    /// The keys that may sign trust lists and configurations: 65 bytes SEC1 each, at most eight.
    pub trust_roots: Vec<Vec<u8>>,
    /// One-time credentials to hold for each purpose, 1–20.
    #[uniffi(default = 5)]
    pub batch: u32,
    /// The lowest cost of a passcode try that is accepted, for tests; else the phone's.
    #[uniffi(default = false)]
    pub fast_kdf: bool,
    /// Seconds without a call after which the app locks by itself.
    #[uniffi(default = 300)]
    pub lock_idle_s: u32,
    /// Seconds in the background after which it locks; 0 for at once.
    #[uniffi(default = 30)]
    pub lock_background_s: u32,
}

#[uniffi::export]
impl EidApp {
    /// Takes the configuration and the phone's powers, and starts the threads that work runs on. Opens no file yet and makes
    /// no connection.
    ///
    /// # Errors
    /// `Internal` 1003 for a configuration that cannot be used.
    #[uniffi::constructor]
    pub fn new(config: AppConfig, platform: Platform) -> Result<Arc<Self>, EidError> {
        quiet_panics();
        guarded(|| {
            let config = eid_core::AppConfig::try_from(config)?;
            let engine = Engine::start()?;
            let ports = adapt(&engine, platform);
            let core = eid_core::EidApp::open(config, ports)?;
            Ok(Arc::new(Self { core, engine, sessions: Sessions::default() }))
        })
    }

    /// True if this phone has been activated.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn is_activated(&self) -> Result<bool, EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).run(async move { Ok(core.is_activated().await?) }).await
    }

    /// What the platform says about this version of the app, by the configuration that is at hand: update, maintenance; and how the
    /// account stands, by its last word. Asks nobody; for the locked app too.
    ///
    /// # Errors
    /// `Device` without a clock, `Storage`.
    pub async fn app_status(&self) -> Result<AppStatusView, EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).run(async move { Ok(core.app_status().await?.into()) }).await
    }

    /// Fetches the signed configuration now. It is also renewed once a day by [`Unlocked::refill`]. May be cancelled
    /// at any time.
    ///
    /// # Errors
    /// `Network`; `Rejected` 2060 or 2062 or `Expired` 2061 for one that is not taken: the one that is held stays.
    #[uniffi::method(default(cancel = None))]
    pub async fn renew_configuration(&self, cancel: Option<Arc<CancelToken>>) -> Result<AppStatusView, EidError> {
        let core = self.core.clone();
        let work = async move { Ok(core.renew_configuration().await?.into()) };
        Call::on(&self.engine).until(cancel.as_ref()).run(work).await
    }

    /// Starts an activation (kích hoạt): the platform sends a one-time code to the phone number that the register has. One that
    /// was under way on this phone is over. May be cancelled, and is then found by `resume_activation`.
    ///
    /// # Errors
    /// `Conflict` 1002 on an activated phone, `Invalid` for a malformed number, `Rejected`, `Network`.
    #[uniffi::method(default(cancel = None))]
    pub async fn start_activation(
        &self,
        pid: String,
        phone: String,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<Arc<Activation>, EidError> {
        let core = self.core.clone();
        self.started(cancel, async move { core.start_activation(&pid, &phone).await }).await
    }

    /// Starts replacing a forgotten passcode (quên mật mã) on this phone, also after wrong tries have destroyed it: the steps of an
    /// activation, with its errors; `complete` sets the new passcode. Everything that the phone holds is kept.
    ///
    /// # Errors
    /// As for [`Self::start_activation`]; `NotFound` 1001 on a phone that is not activated, 1026 on one with nothing to recover
    /// from; `Rejected` 1024 if another phone has the account, 7020 while it is locked.
    #[uniffi::method(default(cancel = None))]
    pub async fn start_recovery(
        &self,
        pid: String,
        phone: String,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<Arc<Activation>, EidError> {
        let core = self.core.clone();
        self.started(cancel, async move { core.start_recovery(&pid, &phone).await }).await
    }

    /// Starts lifting the holder's own lock of an account (mở khóa tài khoản), on any phone, activated or not: the steps of an
    /// activation up to the face, then `lift_lock`.
    ///
    /// # Errors
    /// As for [`Self::start_activation`], without 1002; `NotFound` 7017 for somebody who has no account.
    #[uniffi::method(default(cancel = None))]
    pub async fn start_account_unlock(
        &self,
        pid: String,
        phone: String,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<Arc<Activation>, EidError> {
        let core = self.core.clone();
        self.started(cancel, async move { core.start_account_unlock(&pid, &phone).await }).await
    }

    /// Locks the account of a personal number with the lock code (mã khóa) that its holder wrote down, from any phone, activated or
    /// not. Spaces, hyphens and case do not count.
    ///
    /// # Errors
    /// `AuthFailed` 2046 with the tries left, `Invalid` for a malformed number, `Network` (7015 with the wait).
    #[uniffi::method(default(cancel = None))]
    pub async fn lock_account_by_code(
        &self,
        pid: String,
        code: String,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<(), EidError> {
        let core = self.core.clone();
        let work = async move { Ok(core.lock_account_by_code(&pid, &code).await?) };
        Call::on(&self.engine).until(cancel.as_ref()).run(work).await
    }

    /// The activation that was begun on this phone and is not finished, to go on with; none if there is none. Makes no network
    /// call.
    ///
    /// # Errors
    /// `Storage` 1010 for one that does not open any more: it is forgotten, and the citizen begins anew. `Device`.
    pub async fn resume_activation(&self) -> Result<Option<Arc<Activation>>, EidError> {
        let core = self.core.clone();
        let pending = Call::on(&self.engine).run_to_end(async move { Ok(core.resume_activation().await?) }).await?;
        Ok(pending.map(|pending| Activation::new(pending, &self.engine, &self.sessions)))
    }

    /// Unlocks with the passcode: six ASCII digits, which are consumed and wiped. Makes no network call. Runs to its end: a
    /// try that was begun counts.
    ///
    /// # Errors
    /// `NotFound` 1001, `AuthFailed` 2001, 2002, 2005 or 2006, `Invalid` 2003, `Device`, `Storage`; `Rejected` 1020, 1021, 1023 or
    /// 1024 or `Expired` 1022 while the account may not be used: the right passcode then asks the platform whether that has ended.
    pub async fn unlock(&self, passcode: Vec<u8>) -> Result<Arc<Unlocked>, EidError> {
        let core = self.core.clone();
        let work = async move { Ok(core.unlock(passcode).await?) };
        let unlocked = Call::on(&self.engine).run_to_end(work).await?;
        Ok(self.sessions.open(unlocked, &self.engine))
    }

    /// Turns on unlocking with biometrics (sinh trắc học): asks the passcode again, which is consumed and wiped, and the phone asks
    /// for the face or the finger. Runs to its end.
    ///
    /// # Errors
    /// What [`Self::unlock`] gives for the passcode; `UserCancelled` or `Device` if the phone's prompt did not succeed: they are
    /// then off.
    pub async fn enable_biometrics(&self, passcode: Vec<u8>) -> Result<(), EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).run_to_end(async move { Ok(core.enable_biometrics(passcode).await?) }).await
    }

    /// Turns off unlocking with biometrics. Not an error if it was off. Runs to its end.
    ///
    /// # Errors
    /// `Device`, `Storage`.
    pub async fn disable_biometrics(&self) -> Result<(), EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).run_to_end(async move { Ok(core.disable_biometrics().await?) }).await
    }

    /// True if unlocking with biometrics is turned on.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn has_biometrics(&self) -> Result<bool, EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).run(async move { Ok(core.has_biometrics().await?) }).await
    }

    /// Unlocks with face or finger, for which the phone asks. Makes no network call. Ends the waits after wrong passcodes. Runs
    /// to its end.
    ///
    /// # Errors
    /// 1001 on a phone that is not activated; 2007 if somebody was enrolled or removed since: biometrics are then off; 2008 if
    /// they were off; `UserCancelled`, `Device`, `Storage`.
    pub async fn unlock_with_biometrics(&self) -> Result<Arc<Unlocked>, EidError> {
        let core = self.core.clone();
        let work = async move { Ok(core.unlock_with_biometrics().await?) };
        let unlocked = Call::on(&self.engine).run_to_end(work).await?;
        Ok(self.sessions.open(unlocked, &self.engine))
    }

    /// Starts over: locks, destroys this phone's keys and deletes what it stored, so that it can be activated again. Nothing on
    /// the phone can undo it: ask the citizen twice. The account at the platform stays. Runs to its end; again goes on where it
    /// stopped.
    ///
    /// # Errors
    /// `Device`, `Storage`.
    pub async fn reset(&self) -> Result<(), EidError> {
        let core = self.core.clone();
        self.lock();
        Call::on(&self.engine).run_to_end(async move { Ok(core.reset().await?) }).await
    }

    /// Locks whatever is unlocked. Not an error if nothing is.
    pub fn lock(&self) {
        // A panic in here has nobody to be told to.
        guarded(|| {
            self.sessions.lock_all();
            self.core.lock();
            Ok(())
        })
        .ok();
    }

    /// The app left the screen: it locks after `lock_background_s`, unless [`Self::enter_foreground`] comes first.
    ///
    /// # Errors
    /// `Device` without a clock; the app is locked then.
    pub async fn enter_background(&self) -> Result<(), EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).run(async move { Ok(core.enter_background()?) }).await
    }

    /// The app is on the screen again. If it was away for too long, it is locked now.
    ///
    /// # Errors
    /// `Device` without a clock; the app is locked then.
    pub async fn enter_foreground(&self) -> Result<(), EidError> {
        let core = self.core.clone();
        Call::on(&self.engine).run(async move { Ok(core.enter_foreground()?) }).await
    }

    /// The phone has another network, or one again: calls that are held back because the platform did not answer make one try at
    /// once. Call it whenever the system says so.
    pub fn network_changed(&self) {
        // A panic in here has nobody to be told to.
        guarded(|| {
            self.core.network_changed();
            Ok(())
        })
        .ok();
    }

    /// Locks every session and ends the threads, after the work that runs to its end. Every later call gives `Locked`. Again
    /// does nothing.
    pub fn shutdown(&self) {
        // A panic in here has nobody to be told to.
        guarded(|| {
            self.sessions.lock_all();
            self.engine.close();
            Ok(())
        })
        .ok();
    }
}

impl Sessions {
    pub(crate) fn open(&self, unlocked: eid_core::Unlocked, engine: &Arc<Engine>) -> Arc<Unlocked> {
        let session = Session::new(unlocked, engine);
        let mut all = self.all();
        all.retain(|session| session.strong_count() > 0);
        all.push(Arc::downgrade(&session));
        drop(all);
        // The app may have been closed meanwhile.
        if engine.closed.is_raised() {
            session.lock();
        }
        Unlocked::new(session)
    }

    fn lock_all(&self) {
        let all = core::mem::take(&mut *self.all());
        all.iter().filter_map(Weak::upgrade).for_each(|session| session.lock());
    }

    fn all(&self) -> MutexGuard<'_, Vec<Weak<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn adapt(engine: &Arc<Engine>, platform: Platform) -> Ports {
    let Platform { secure_key, clock, events, chip, integrity } = platform;
    Ports {
        secure_key: Arc::new(Adapter(secure_key)),
        clock: Arc::new(Adapter(clock)),
        random: Arc::new(SystemRandom::new()),
        events: EventQueue::start(engine, events),
        chip: chip.map(|chip| Arc::new(Reader::new(Adapter(chip), engine)) as Arc<dyn ports::ChipLink>),
        integrity: integrity.map(|integrity| Arc::new(Adapter(integrity)) as Arc<dyn ports::Integrity>),
    }
}

impl EidApp {
    /// An activation, or what goes by its steps, that was just begun.
    async fn started(
        &self,
        cancel: Option<Arc<CancelToken>>,
        start: impl Future<Output = Result<eid_core::Activation, eid_core::Error>> + Send + 'static,
    ) -> Result<Arc<Activation>, EidError> {
        let started = Call::on(&self.engine).until(cancel.as_ref()).run(async move { Ok(start.await?) }).await?;
        Ok(Activation::new(started, &self.engine, &self.sessions))
    }
}

impl TryFrom<AppConfig> for eid_core::AppConfig {
    type Error = EidError;

    fn try_from(config: AppConfig) -> Result<Self, EidError> {
        let AppConfig {
            folder,
            app_id,
            platform_url,
            ca_der,
            app_version,
            configuration,
            trust_roots,
            batch,
            fast_kdf,
            lock_idle_s,
            lock_background_s,
        } = config;
        let invalid = || EidError::of(Code::CONFIG_INVALID);
        let texts = [&folder, &app_id, &platform_url];
        let bounded = texts.iter().all(|text| (1..=MAX_TEXT).contains(&text.len()))
            && (1..=MAX_ROOTS).contains(&ca_der.len())
            && (1..=MAX_ROOTS).contains(&trust_roots.len())
            && configuration.as_ref().is_none_or(|jwt| jwt.len() <= MAX_CONFIGURATION)
            && ca_der.iter().all(|certificate| certificate.len() <= MAX_CERTIFICATE);
        if !bounded {
            return Err(invalid());
        }
        let roots: Result<Vec<_>, _> = trust_roots.iter().map(|root| VerifyingKey::parse(root)).collect();
        Ok(Self {
            folder: PathBuf::from(folder),
            app_id,
            platform: PlatformConfig { base_url: platform_url, ca_der, timeouts: Timeouts::default() },
            app_version: AppVersion::parse(app_version.as_deref().unwrap_or(env!("CARGO_PKG_VERSION")))
                .map_err(|_| invalid())?,
            configuration,
            trust_roots: roots.map_err(|_| invalid())?,
            kdf_cost: if fast_kdf { KdfChoice::Fixed(KdfCost::FLOOR) } else { KdfChoice::Target(KdfCost::TARGET) },
            batch: u16::try_from(batch).map_err(|_| invalid())?,
            auto_lock: AutoLock {
                idle: Duration::from_secs(lock_idle_s.into()),
                background: Duration::from_secs(lock_background_s.into()),
            },
        })
    }
}
