use std::{
    path::PathBuf,
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use eid_crypto::{CryptoError, Passcode, VerifyingKey, kdf::KdfCost, kdf::stretch_passcode};
use eid_model::UnixTime;
use eid_platform::{AppVersion, PlatformClient, PlatformConfig};
use eid_proof::TrustList;
use eid_vault::{EnvelopeBinding, Folder};
use tokio::sync::Mutex;

use crate::{
    AutoLock, Error,
    autolock::Watch,
    ports::{Event, Moment, Ports},
    session::{Open, Session},
    standing::Standing,
    task,
    usecase::{activate::Front, configuration::Configurations},
};

/// The app while it is locked: the only way in.
///
/// Methods are `async` because key hardware, storage and network are; they need a tokio runtime with I/O and time. Two calls at
/// once are put in order, so that two taps never race.
#[derive(Debug, Clone)]
pub struct EidApp {
    pub(crate) inner: Arc<Inner>,
}

/// What the shell decides once.
#[derive(Debug, Clone)]
pub struct AppConfig {
    /// A folder for this app alone, excluded from backups.
    pub folder: PathBuf,
    /// The app's identifier, such as its package name; the store is bound to it.
    pub app_id: String,
    /// The e-ID platform.
    pub platform: PlatformConfig,
    /// The version of this app, which the platform serves or does not.
    pub app_version: AppVersion,
    /// The signed configuration (a JWT) that was built into the app, for the time before one was fetched.
    pub configuration: Option<Vec<u8>>,
    /// The roots that may sign trust lists and configurations.
    pub trust_roots: Vec<VerifyingKey>,
    /// The cost of a passcode try: [`KdfChoice::Target`] of [`KdfCost::TARGET`] outside tests.
    pub kdf_cost: KdfChoice,
    /// One-time credentials to hold for each purpose, 1–20.
    pub batch: u16,
    /// When the app locks by itself.
    pub auto_lock: AutoLock,
}

/// How the cost of Argon2id is chosen when a passcode is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KdfChoice {
    /// This cost.
    Fixed(KdfCost),
    /// The highest that this phone does in this time, by [`KdfCost::calibrate`].
    Target(Duration),
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: AppConfig,
    pub(crate) ports: Ports,
    pub(crate) platform: PlatformClient,
    pub(crate) configurations: Arc<Configurations>,
    pub(crate) folder: Folder,
    /// Held while the passcode is tried or the phone is activated.
    pub(crate) entrance: Arc<Mutex<()>>,
    /// The activation under way.
    pub(crate) front: Front,
    /// What is unlocked, and its session, which outlives locking while calls are under way.
    opened: StdMutex<(Weak<Open>, Weak<Session>)>,
    /// What was read or written last of how the account stands.
    standing: StdMutex<Option<Standing>>,
}

impl EidApp {
    /// Takes the configuration and the phone's powers. Opens no file yet and makes no connection.
    ///
    /// # Errors
    /// [`Error::ConfigInvalid`], or [`Error::Platform`] for an unusable address or certificate.
    pub fn open(config: AppConfig, ports: Ports) -> Result<Self, Error> {
        let usable = !config.app_id.is_empty()
            && (1..=20).contains(&config.batch)
            && config.kdf_cost.is_usable()
            && !config.trust_roots.is_empty();
        if !usable {
            return Err(Error::ConfigInvalid);
        }
        let configurations = Arc::new(Configurations::new(&config)?);
        let (known, clock) = (Arc::clone(&configurations), Arc::clone(&ports.clock));
        let now = move || clock.now().ok().map(|now| UnixTime::from_seconds(now.unix_seconds));
        let platform = PlatformClient::new(&config.platform, Arc::clone(&ports.random))?
            .gated_by(Arc::new(move || known.permit(now())));
        let folder = Folder::new(config.folder.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                ports,
                platform,
                configurations,
                folder,
                entrance: Arc::default(),
                front: Front::default(),
                opened: StdMutex::default(),
                standing: StdMutex::default(),
            }),
        })
    }

    /// True if this phone has been activated: there is an envelope to unlock.
    ///
    /// # Errors
    /// [`Error::Vault`] if the folder cannot be read.
    pub async fn is_activated(&self) -> Result<bool, Error> {
        self.inner.is_activated().await
    }

    /// Locks whatever is unlocked. Not an error if nothing is.
    pub fn lock(&self) {
        self.inner.lock();
    }

    /// The app left the screen: it locks after [`AutoLock::background`], unless [`Self::enter_foreground`] comes first.
    ///
    /// # Errors
    /// [`Error::Clock`]; the app is locked then.
    pub fn enter_background(&self) -> Result<(), Error> {
        self.on_visibility(|watch, now| watch.hide_at(now))
    }

    /// The app is on the screen again. If it was away for too long, it is locked now, also if the phone slept meanwhile.
    ///
    /// # Errors
    /// [`Error::Clock`]; the app is locked then.
    pub fn enter_foreground(&self) -> Result<(), Error> {
        self.on_visibility(|watch, _| watch.show())
    }

    /// The phone has another network, or one again: calls that are held back because the platform did not answer make one try at
    /// once. The shell says so whenever the system does.
    pub fn network_changed(&self) {
        self.inner.platform.network_changed();
    }

    fn on_visibility(&self, change: impl FnOnce(&mut Watch, Moment)) -> Result<(), Error> {
        let open = self.inner.opened().0.upgrade();
        let Some(open) = open else { return Ok(()) };
        open.lock_if_due();
        let now = self.inner.ports.clock.now()?;
        open.watch(|watch| change(watch, now));
        Ok(())
    }
}

impl Inner {
    pub(crate) fn opened(&self) -> MutexGuard<'_, (Weak<Open>, Weak<Session>)> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn standing(&self) -> MutexGuard<'_, Option<Standing>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks whatever is unlocked.
    pub(crate) fn lock(&self) {
        let open = self.opened().0.upgrade();
        if let Some(open) = open {
            open.lock();
        }
    }

    pub(crate) fn tell(&self, events: &[Event]) {
        events.iter().for_each(|event| self.ports.events.on_event(*event));
    }

    pub(crate) async fn is_activated(self: &Arc<Self>) -> Result<bool, Error> {
        self.blocking(|inner| Ok(inner.folder.has_envelope()?)).await
    }

    pub(crate) fn now(&self) -> Result<UnixTime, Error> {
        Ok(UnixTime::from_seconds(self.ports.clock.now()?.unix_seconds))
    }

    /// Runs storage or key-derivation work where blocking is allowed. It runs to its end even if the caller goes away.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = Arc::clone(self);
        task::blocking(move || work(&inner)).await
    }

    /// The cost for a passcode that is being set. Takes a second where it is measured.
    pub(crate) fn kdf_cost(&self) -> Result<KdfCost, Error> {
        let target = match self.config.kdf_cost {
            KdfChoice::Fixed(cost) => return Ok(cost),
            KdfChoice::Target(target) => target,
        };
        let sample = Passcode::parse(b"000000".to_vec())?;
        let monotonic_ms = || self.ports.clock.now().map(|now| now.monotonic_ms);
        KdfCost::calibrate(target, |cost| {
            let start = monotonic_ms()?;
            match stretch_passcode(&sample, &[0; 16], cost) {
                // More memory than this phone has is as good as too slow.
                Err(CryptoError::KdfUnavailable) => Ok(Duration::MAX),
                stretched => {
                    drop(stretched?);
                    Ok(Duration::from_millis(monotonic_ms()?.saturating_sub(start)))
                }
            }
        })
    }

    pub(crate) fn binding(&self) -> Result<EnvelopeBinding, Error> {
        Ok(self.folder.load_or_make_binding(&self.config.app_id, &*self.ports.random)?)
    }

    /// Fetches the trust list and checks it against the roots.
    pub(crate) async fn fetch_trust_list(&self) -> Result<(TrustList, Vec<u8>), Error> {
        let bytes = self.platform.trust_list().await?;
        Ok((TrustList::parse(&bytes, &self.config.trust_roots)?, bytes))
    }
}

impl KdfChoice {
    fn is_usable(self) -> bool {
        match self {
            Self::Fixed(cost) => cost.is_acceptable(),
            Self::Target(target) => !target.is_zero(),
        }
    }
}
