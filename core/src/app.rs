use std::{
    path::PathBuf,
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError, Weak},
};

use eid_crypto::{VerifyingKey, kdf::KdfCost};
use eid_model::UnixTime;
use eid_platform::{PlatformClient, PlatformConfig};
use eid_proof::TrustList;
use eid_vault::{Envelope, EnvelopeBinding, Folder};
use tokio::sync::Mutex;

use crate::{
    AutoLock, Error,
    autolock::Watch,
    ports::{Event, Moment, Ports},
    session::{Open, Session},
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
    /// The roots that may sign trust lists.
    pub trust_roots: Vec<VerifyingKey>,
    /// The cost of a passcode try. [`KdfCost::PHONE`] outside tests.
    pub kdf_cost: KdfCost,
    /// One-time credentials to hold for each purpose, 1–20.
    pub batch: u16,
    /// When the app locks by itself.
    pub auto_lock: AutoLock,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: AppConfig,
    pub(crate) ports: Ports,
    pub(crate) platform: PlatformClient,
    pub(crate) folder: Folder,
    /// Held while the passcode is tried or the phone is activated.
    pub(crate) entrance: Mutex<()>,
    /// What is unlocked, and its session, which outlives locking while calls are under way.
    opened: StdMutex<(Weak<Open>, Weak<Session>)>,
}

impl EidApp {
    /// Takes the configuration and the phone's powers. Opens no file yet and makes no connection.
    ///
    /// # Errors
    /// [`Error::ConfigInvalid`], or [`Error::Platform`] for an unusable address or certificate.
    pub fn open(config: AppConfig, ports: Ports) -> Result<Self, Error> {
        let usable = !config.app_id.is_empty()
            && (1..=20).contains(&config.batch)
            && config.kdf_cost.is_acceptable()
            && !config.trust_roots.is_empty();
        if !usable {
            return Err(Error::ConfigInvalid);
        }
        let platform = PlatformClient::new(&config.platform, Arc::clone(&ports.random))?;
        let folder = Folder::new(config.folder.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                ports,
                platform,
                folder,
                entrance: Mutex::new(()),
                opened: StdMutex::default(),
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
        let open = self.inner.opened().0.upgrade();
        if let Some(open) = open {
            open.lock();
        }
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
        tokio::task::spawn_blocking(move || work(&inner)).await.map_err(|_| Error::Internal)?
    }

    pub(crate) async fn load_envelope(self: &Arc<Self>) -> Result<Envelope, Error> {
        self.blocking(|inner| inner.folder.load_envelope()?.ok_or(Error::NotActivated)).await
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
