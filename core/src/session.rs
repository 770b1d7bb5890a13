use std::sync::{Arc, Mutex, PoisonError};

use eid_model::{AccountLevel, PersonName, Pid, UnixTime};
use eid_platform::{AccessToken, Grant};
use eid_proof::{KeyUse, TrustList, key_id};
use eid_vault::{Collection, HistoryEntry, Page, Vault};

use crate::{
    Error,
    app::Inner,
    device::{DEVICE_KEY, HardwareKey},
    ports::Event,
    record::{ACCOUNT, Account, StoredTrustList, TRUST_LIST},
};

/// The app while it is unlocked. Dropping it wipes the keys of the store.
#[derive(Debug)]
pub struct Unlocked {
    pub(crate) session: Arc<Session>,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) inner: Arc<Inner>,
    vault: Arc<Mutex<Vault>>,
    /// The last access token; short-lived and never stored.
    pub(crate) token: tokio::sync::Mutex<Option<AccessToken>>,
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
    pub(crate) fn new(inner: Arc<Inner>, vault: Vault) -> Self {
        let session = Session { inner, vault: Arc::new(Mutex::new(vault)), token: tokio::sync::Mutex::default() };
        Self { session: Arc::new(session) }
    }

    /// Locks the app: the store is closed and its keys are wiped as soon as calls that are under way have ended. Proofs on the
    /// screen are signed no more.
    pub fn lock(self) {
        drop(self);
    }

    /// The account.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub async fn account(&self) -> Result<AccountView, Error> {
        let account = self.session.account().await?;
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
        self.session.vault(move |vault| Ok(vault.list_history(before, limit)?)).await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.tell(&[Event::Locked]);
    }
}

impl Session {
    /// Works with the store where blocking is allowed; never across a call into a port.
    pub(crate) async fn vault<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vault) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let vault = Arc::clone(&self.vault);
        let task = tokio::task::spawn_blocking(move || work(&mut vault.lock().unwrap_or_else(PoisonError::into_inner)));
        task.await.map_err(|_| Error::Internal)?
    }

    pub(crate) fn tell(&self, events: &[Event]) {
        events.iter().for_each(|event| self.inner.ports.events.on_event(*event));
    }

    pub(crate) async fn account(&self) -> Result<Account, Error> {
        self.vault(|vault| vault.find(Collection::Account, ACCOUNT)?.ok_or(Error::NotActivated)).await
    }

    pub(crate) fn device_key(&self, account: &Account) -> HardwareKey {
        HardwareKey::new(&self.inner.ports.secure_key, DEVICE_KEY, account.device_key)
    }

    /// Fetches the trust list and keeps it, unless the stored one is newer: a list never goes back.
    pub(crate) async fn renew_trust_list(&self) -> Result<TrustList, Error> {
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
    let invalid = || Error::from(eid_platform::PlatformError::GrantInvalid(eid_platform::Flaw::Signature));
    let parsed = eid_platform::jws::parse(jwt).map_err(|_| invalid())?;
    let kid = parsed.kid().ok_or_else(invalid)?;
    let listed = trust.keys().iter().find(|key| {
        key.usage == KeyUse::Grant && key.is_valid_at(now) && URL_SAFE_NO_PAD.encode(key_id(&key.key)) == kid
    });
    let listed = listed.ok_or_else(invalid)?;
    let grant = Grant::verify(jwt, &listed.key, &listed.issuer, device_key, now)?;
    Ok((grant, listed.issuer.clone()))
}
