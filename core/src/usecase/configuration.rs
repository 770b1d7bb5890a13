//! The signed configuration: the best one there is, and what it says about this version of the app.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eid_crypto::VerifyingKey;
use eid_model::{AccountState, AuthPolicy, Code, UnixTime};
use eid_platform::{AppVersion, Configuration, Maintenance, PlatformError, UpdateState};
use eid_vault::{Collection, Vault};

use crate::{
    AppConfig, EidApp, Error,
    app::Inner,
    record::{CONFIGURATION, StoredConfiguration},
    session::Session,
};

/// A configuration that was fetched longer ago is fetched anew: a day.
const RENEW_AFTER_S: i64 = 86_400;

/// What the platform says about this app, as far as it is known: [`EidApp::app_status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppStatus {
    /// How much this version should be updated. From [`UpdateState::Required`] on, only what works offline goes on.
    pub update: UpdateState,
    /// The maintenance that is under way or announced; during it, only what works offline goes on.
    pub maintenance: Option<Maintenance>,
    /// Version of the configuration that says so; `None` if there is none yet.
    pub configuration_version: Option<u32>,
    /// Why the last configuration that was fetched was not taken, if it was not.
    pub refused: Option<Code>,
    /// How the account of this phone stands by the platform's last word, also while the app is locked; `None` if the phone is not
    /// activated or nothing is known.
    pub account: Option<AccountState>,
}

/// The best configuration of this run of the app: built in, stored or fetched.
#[derive(Debug)]
pub(crate) struct Configurations {
    app_version: AppVersion,
    roots: Vec<VerifyingKey>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    best: Option<Best>,
    refused: Option<Code>,
}

#[derive(Debug)]
struct Best {
    configuration: Arc<Configuration>,
    jwt: String,
    /// `None` for one that is built in.
    fetched_at: Option<UnixTime>,
    is_stored: bool,
}

impl EidApp {
    /// What the platform says about this version of the app, by the configuration that is at hand. Asks nobody; the one stored
    /// on this phone is known once the app was unlocked.
    ///
    /// # Errors
    /// [`Error::Clock`], [`Error::Vault`].
    pub async fn app_status(&self) -> Result<AppStatus, Error> {
        let account = match self.inner.is_activated().await? {
            // Hardware that does not answer keeps nobody from the rest.
            true => self.inner.load_standing().await.ok().flatten().map(|standing| standing.state),
            false => None,
        };
        Ok(AppStatus { account, ..self.inner.configurations.status(self.inner.now()?) })
    }

    /// Fetches the configuration now, also while the platform serves this version no more. One that is older, expired or wrongly
    /// signed leaves the one that is held.
    ///
    /// # Errors
    /// [`Error::Platform`], [`Error::Clock`].
    pub async fn renew_configuration(&self) -> Result<AppStatus, Error> {
        self.inner.fetch_configuration().await?;
        self.app_status().await
    }

    /// What each act asks for, by the configuration that is at hand.
    pub fn auth_policy(&self) -> AuthPolicy {
        self.inner.configurations.best().map_or_else(AuthPolicy::default, |best| best.auth_policy())
    }
}

impl Configurations {
    /// With the one that is built into the app, if any.
    pub(crate) fn new(config: &AppConfig) -> Result<Self, Error> {
        let new = Self { app_version: config.app_version, roots: config.trust_roots.clone(), held: Mutex::default() };
        if let Some(jwt) = &config.configuration {
            let jwt = String::from_utf8(jwt.clone()).map_err(|_| Error::ConfigInvalid)?;
            let configuration = Configuration::parse(&jwt, &new.roots).map_err(|_| Error::ConfigInvalid)?;
            new.take(configuration, jwt, None, true)?;
        }
        Ok(new)
    }

    /// Why calls to the platform are not made now, if so. The platform has signed it: it counts as its own refusal.
    pub(crate) fn permit(&self, now: Option<UnixTime>) -> Result<(), PlatformError> {
        let Some(configuration) = self.best() else { return Ok(()) };
        let refused = |code| Err(PlatformError::Refused { code, tries_left: None, retry_after: None });
        match configuration.update.judge(self.app_version) {
            UpdateState::Blocked => return refused(Code::APP_BLOCKED),
            UpdateState::Required => return refused(Code::UPDATE_REQUIRED),
            UpdateState::Urgent | UpdateState::Recommended | UpdateState::Fine => {}
        }
        let wait = now.zip(configuration.maintenance).and_then(|(now, window)| window.wait_at(now));
        wait.map_or(Ok(()), |wait| Err(PlatformError::Busy { code: Code::MAINTENANCE, retry_after: Some(wait) }))
    }

    pub(crate) fn best(&self) -> Option<Arc<Configuration>> {
        self.held().best.as_ref().map(|best| Arc::clone(&best.configuration))
    }

    fn status(&self, now: UnixTime) -> AppStatus {
        let (best, refused) = (self.best(), self.held().refused);
        AppStatus {
            update: best.as_ref().map_or(UpdateState::Fine, |best| best.update.judge(self.app_version)),
            maintenance: best.as_ref().and_then(|best| best.maintenance).filter(|window| now < window.to),
            configuration_version: best.map(|best| best.version),
            refused,
            account: None,
        }
    }

    /// Takes what was fetched, or notes why not.
    fn take_fetched(&self, jwt: String, now: UnixTime) -> Result<(), Error> {
        let checked = Configuration::verify(&jwt, &self.roots, now).map_err(Error::from);
        let taken = checked.and_then(|configuration| self.take(configuration, jwt, Some(now), false));
        self.held().refused = taken.as_ref().err().map(Error::code);
        taken
    }

    /// Takes the stored one, unless what is built in is newer.
    pub(crate) fn take_stored(&self, stored: StoredConfiguration) {
        if let Ok(configuration) = Configuration::parse(&stored.jwt, &self.roots) {
            // A refusal is as it should be: the app was updated since.
            self.take(configuration, stored.jwt, Some(stored.fetched_at), true).ok();
        }
    }

    fn take(
        &self,
        configuration: Configuration,
        jwt: String,
        fetched_at: Option<UnixTime>,
        is_stored: bool,
    ) -> Result<(), Error> {
        let mut held = self.held();
        if held.best.as_ref().is_some_and(|best| !configuration.may_replace(&best.configuration)) {
            return Err(PlatformError::ConfigurationOlder.into());
        }
        held.best = Some(Best { configuration: Arc::new(configuration), jwt, fetched_at, is_stored });
        Ok(())
    }

    /// True if a newer one should be asked for: none is held, a day is over by either direction of the clock, or the one that is
    /// held keeps this app from working.
    fn is_due(&self, now: UnixTime) -> bool {
        let fetched_at = self.held().best.as_ref().and_then(|best| best.fetched_at);
        let age = fetched_at.and_then(|at| now.checked_since(at));
        !age.is_some_and(|age| (0..RENEW_AFTER_S).contains(&age)) || self.permit(Some(now)).is_err()
    }

    /// What is held and not in the store yet.
    fn unstored(&self) -> Option<StoredConfiguration> {
        let held = self.held();
        let best = held.best.as_ref().filter(|best| !best.is_stored)?;
        Some(StoredConfiguration { jwt: best.jwt.clone(), fetched_at: best.fetched_at? })
    }

    fn mark_stored(&self, stored_at: UnixTime) {
        if let Some(best) = self.held().best.as_mut().filter(|best| best.fetched_at == Some(stored_at)) {
            best.is_stored = true;
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The best configuration there is, fetched if it is due. If that fails, one that is held does.
    ///
    /// # Errors
    /// [`Error::Platform`] if there is none at all.
    pub(crate) async fn configuration(&self) -> Result<Arc<Configuration>, Error> {
        let fetched = match self.configurations.is_due(self.now()?) {
            true => self.fetch_configuration().await,
            false => Ok(()),
        };
        let held = self.configurations.best();
        held.ok_or_else(|| fetched.err().unwrap_or(Error::Internal))
    }

    async fn fetch_configuration(&self) -> Result<(), Error> {
        let jwt = self.platform.configuration().await?;
        self.configurations.take_fetched(jwt, self.now()?)
    }
}

impl Session {
    /// Renews the configuration when it is due and keeps it. A platform that has none, or a wrong one, holds nothing else up:
    /// [`EidApp::app_status`] says so.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Clock`].
    pub(crate) async fn renew_configuration(self: &Arc<Self>) -> Result<(), Error> {
        self.inner.configuration().await.ok();
        let configurations = &self.inner.configurations;
        let Some(stored) = configurations.unstored() else { return Ok(()) };
        let fetched_at = stored.fetched_at;
        self.vault(move |vault| Ok(vault.put(Collection::TrustData, CONFIGURATION, &stored)?)).await?;
        configurations.mark_stored(fetched_at);
        Ok(())
    }
}

/// Hands the stored configuration to the app that unlocks. A damaged one must not keep anybody out; it is fetched anew.
pub(crate) fn load_configuration(inner: &Inner, vault: &Vault) {
    if let Ok(Some(stored)) = vault.find(Collection::TrustData, CONFIGURATION) {
        inner.configurations.take_stored(stored);
    }
}
