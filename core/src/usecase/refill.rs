//! Fetching one-time credentials in batches, before the stored ones run out or expire.

use std::sync::Arc;

use eid_crypto::random;
use eid_model::{Code, UnixTime};
use eid_platform::{CredentialConfiguration, CredentialRequest, PlatformError, RequestSigner};
use eid_proof::{HeldToken, ProofError, Purpose, Status, StatusSnapshot, TrustList, keep_registrar_lists};
use eid_vault::{Act, Collection, HistoryEntry, Vault};

use crate::{
    Error, Unlocked,
    device::HardwareKey,
    ports::{Event, KeyAccess},
    record::{ACCOUNT, Account, COUNTER_LISTS, Credential, StoredCounterLists},
    session::{Session, verify_grant},
    store::{discard, keep},
    usecase::present::load_credentials,
};

/// What a refill did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RefillReport {
    /// New credentials, by purpose.
    pub fetched: Vec<(Purpose, usize)>,
    /// Purposes that the platform or this phone refused, each with its reason. The others are not held up by them.
    pub refused: Vec<(Purpose, Code)>,
    /// Credentials removed: used, expired, or withdrawn by the issuer.
    pub removed: usize,
}

/// A credential that expires within this time is replaced already: three days.
const MARGIN_S: i64 = 3 * 86_400;

/// The longest time that a proof is taken to stay on the screen: a quarter of an hour.
const SHOWN_S: i64 = 15 * 60;

/// A grant that expires within this time is renewed: thirty days.
const GRANT_MARGIN_S: i64 = 30 * 86_400;

impl Unlocked {
    /// Renews the configuration, the trust list and, when it is due, the grant; tells the platform the state of this store, and settles a change of
    /// the passcode; removes credentials that are used, expired or revoked; and fetches new ones for each purpose that is below
    /// its number. Sends consents and requests that wait. Call it when the phone comes online.
    ///
    /// What was stored stays usable whatever happens. Each batch is stored as a whole; a batch under way runs to its end.
    ///
    /// # Errors
    /// [`Error::Platform`] if the platform cannot be reached or does not accept this phone, [`Error::Key`], [`Error::Vault`].
    pub async fn refill_credentials(&self) -> Result<RefillReport, Error> {
        let session = &self.session()?;
        let outcome = self.refill(session).await;
        if let Err(Error::Platform(error @ PlatformError::Refused { .. })) = &outcome {
            session.note_refused_refill(Vec::new(), error.code()).await.ok();
        }
        outcome
    }

    async fn refill(&self, session: &Arc<Session>) -> Result<RefillReport, Error> {
        // Before any other call: it may say that there will be no other.
        session.renew_configuration().await?;
        let trust = session.renew_trust_list().await?;
        session.settle_with_platform().await?;
        let account = session.renew_grant(&trust).await?;
        let mut report = RefillReport { removed: session.remove_spent(&trust).await?, ..RefillReport::default() };
        let metadata = session.inner.platform.issuer_metadata().await?;
        for configuration in &metadata.configurations {
            let Some(purpose) = Purpose::from_vct(configuration.vct) else { continue };
            let missing = session.missing(purpose).await?.min(metadata.batch_size.into());
            if missing == 0 {
                continue;
            }
            let mut fetched = session.fetch_batch(&account, &trust, configuration, missing).await;
            if fetched.as_ref().is_err_and(|error| error.code() == Code::NONCE_STALE) {
                // An answer was lost on the way: the platform's nonce and these keys are spent, so begin again with new ones.
                fetched = session.fetch_batch(&account, &trust, configuration, missing).await;
            }
            match fetched {
                Ok(count) => report.fetched.push((purpose, count)),
                Err(error) if concerns_one_purpose(error) => report.refused.push((purpose, error.code())),
                Err(error) => return Err(error),
            }
        }
        session.note(&report).await?;
        // What waits stays waiting if it cannot be sent now; its list says so.
        session.send_consents(&account).await.ok();
        session.renew_data_requests(&account).await.ok();
        for (purpose, code) in &report.refused {
            session.note_refused_refill(vec![purpose.name().to_owned()], *code).await?;
        }
        if report.removed > 0 || !report.fetched.is_empty() {
            session.tell(&[Event::CredentialsChanged]);
        }
        Ok(report)
    }
}

/// True for a refusal of one kind of credential; false for what would meet every other purpose as well.
fn concerns_one_purpose(error: Error) -> bool {
    matches!(
        error.code(),
        Code::CLAIM_INVALID | Code::PURPOSE_UNKNOWN | Code::CREDENTIAL_INVALID | Code::CREDENTIAL_EXPIRED
    )
}

impl Session {
    /// How many credentials of a purpose should be fetched: none while at least half of the wanted number are fresh.
    async fn missing(self: &Arc<Self>, purpose: Purpose) -> Result<usize, Error> {
        let soon = UnixTime::from_seconds(self.inner.now()?.seconds().saturating_add(MARGIN_S));
        let wanted = usize::from(self.inner.config.batch);
        let stored = self.vault(|vault| load_credentials(vault)).await?;
        let fresh = stored.iter().filter(|(_, c)| c.vct == purpose.vct() && c.is_unused(soon)).count();
        Ok(if fresh * 2 >= wanted.max(2) { 0 } else { wanted.saturating_sub(fresh) })
    }

    /// Fetches a batch: new keys, credentials for them, every check, and then all of them into the store at once.
    async fn fetch_batch(
        self: &Arc<Self>,
        account: &Account,
        trust: &TrustList,
        configuration: &CredentialConfiguration,
        count: usize,
    ) -> Result<usize, Error> {
        let name = || Ok::<_, Error>(format!("c-{}", hex(&random::<16>(&*self.inner.ports.random)?)));
        let aliases = (0..count).map(|_| name()).collect::<Result<Vec<_>, _>>()?;
        let noted = aliases.clone();
        // Until a credential uses it, a key counts as one to be removed, so that a kill leaves none behind.
        let note = move |vault: &mut Vault| {
            Ok(vault.transaction(|vault| noted.iter().try_for_each(|alias| discard(vault, alias)))?)
        };
        self.vault(note).await?;
        let outcome = self.fetch_with(account, trust, configuration, &aliases).await;
        if outcome.is_err() {
            self.remove_discarded().await?;
        }
        outcome
    }

    async fn fetch_with(
        self: &Arc<Self>,
        account: &Account,
        trust: &TrustList,
        configuration: &CredentialConfiguration,
        aliases: &[String],
    ) -> Result<usize, Error> {
        let port = &self.inner.ports.secure_key;
        let mut keys = Vec::with_capacity(aliases.len());
        for alias in aliases {
            keys.push(HardwareKey::new(port, alias, port.generate(alias, KeyAccess::WithPresence).await?));
        }
        let now = self.inner.now()?;
        let device = self.device_key(account);
        let access = self.access(account, now).await?;
        let nonce = self.inner.platform.nonce().await?;
        let signers: Vec<&dyn RequestSigner> = keys.iter().map(|key| key as &dyn RequestSigner).collect();
        let request = CredentialRequest { configuration, nonce: &nonce, keys: &signers };
        let tokens = self.inner.platform.credentials(&access, request, &device, now).await;
        drop(access);
        let tokens = self.accepted(tokens).await?;
        let credentials: Result<Vec<_>, Error> = tokens
            .into_iter()
            .zip(&keys)
            .map(|(bytes, key)| check(bytes, key, trust, configuration.vct, now))
            .collect();
        let credentials = credentials?;
        let count = credentials.len();
        self.vault(move |vault| {
            vault.transaction(|vault| {
                credentials.iter().try_for_each(|c| {
                    keep(vault, &c.key_alias)?;
                    vault.put(Collection::Credential, &c.key_alias, c).map_err(Error::from)
                })
            })
        })
        .await?;
        Ok(count)
    }

    /// Removes used, expired and withdrawn credentials with their keys, and says how many. A used one stays while it is the
    /// only one of its purpose: the citizen may allow to show it again.
    async fn remove_spent(self: &Arc<Self>, trust: &TrustList) -> Result<usize, Error> {
        let now = self.inner.now()?;
        let fetched = self.inner.platform.status_lists().await?;
        let lists = StatusSnapshot::parse(&fetched, trust)?;
        self.keep_counter_lists(keep_registrar_lists(&fetched, trust)?, trust).await?;
        let issuer = self.account().await?.issuer;
        let gone = self.vault(move |vault| {
            let all = load_credentials(vault)?;
            let withdrawn = |c: &Credential| {
                let status = HeldToken::parse(c.token.clone()).ok().and_then(|token| token.status().cloned());
                let entry = status.and_then(|status| lists.find(&issuer, &status.uri, status.index));
                entry.is_some_and(|entry| entry.status != Status::Valid)
            };
            // The key of a proof that may still be on the screen is kept: it is signed anew while it is shown.
            let off_screen =
                |c: &Credential| c.used_at.is_some_and(|at| now.seconds().saturating_sub(at.seconds()) > SHOWN_S);
            let replaced =
                |c: &Credential| off_screen(c) && all.iter().any(|(_, o)| o.vct == c.vct && o.is_unused(now));
            let gone: Vec<String> = all
                .iter()
                .filter(|(_, c)| now >= c.expires_at || replaced(c) || withdrawn(c))
                .map(|(key, _)| key.clone())
                .collect();
            vault.transaction(|vault| {
                gone.iter().try_for_each(|alias| {
                    discard(vault, alias)?;
                    vault.remove(Collection::Credential, alias).map(drop)
                })
            })?;
            Ok(gone.len())
        });
        let gone = gone.await?;
        self.remove_discarded().await?;
        Ok(gone)
    }

    /// Keeps the registrars' lists, for requests of counters that are read offline; not older ones than it has.
    async fn keep_counter_lists(self: &Arc<Self>, lists: Vec<u8>, trust: &TrustList) -> Result<(), Error> {
        let as_of = StatusSnapshot::parse(&lists, trust)?.as_of();
        let trust = trust.clone();
        self.vault(move |vault| {
            let stored: Option<StoredCounterLists> = vault.find(Collection::TrustData, COUNTER_LISTS)?;
            let stored = stored.and_then(|stored| StatusSnapshot::parse(&stored.0, &trust).ok());
            if stored.is_none_or(|stored| stored.as_of() <= as_of) {
                vault.put(Collection::TrustData, COUNTER_LISTS, &StoredCounterLists(lists))?;
            }
            Ok(())
        })
        .await
    }

    /// Renews the grant when it has expired or soon will.
    async fn renew_grant(self: &Arc<Self>, trust: &TrustList) -> Result<Account, Error> {
        let (now, mut account) = (self.inner.now()?, self.account().await?);
        if account.grant_expires_at.seconds() > now.seconds().saturating_add(GRANT_MARGIN_S) {
            return Ok(account);
        }
        let access = self.access(&account, now).await?;
        let jwt = self.inner.platform.grant(&access, &self.device_key(&account), now).await;
        drop(access);
        let jwt = self.accepted(jwt).await?;
        let (grant, issuer) = verify_grant(&jwt, trust, &account.device_key, now)?;
        if grant.account_id != account.account_id {
            return Err(ProofError::CredentialInvalid.into());
        }
        account = Account {
            pid: grant.pid,
            name: grant.name,
            birth_date: grant.birth_date,
            issuer,
            granted_at: grant.issued_at,
            grant_expires_at: grant.expires_at,
            grant: jwt,
            ..account
        };
        let stored = account.clone();
        self.vault(move |vault| Ok(vault.put(Collection::Account, ACCOUNT, &stored)?)).await?;
        Ok(account)
    }

    async fn note_refused_refill(self: &Arc<Self>, fields: Vec<String>, code: Code) -> Result<(), Error> {
        let entry = HistoryEntry {
            at: self.inner.now()?.seconds(),
            act: Act::Updated,
            counterpart: self.account().await?.issuer,
            fields,
            purpose: "credentials".to_owned(),
            result: Some(code),
        };
        self.note_refusal(entry).await;
        Ok(())
    }

    /// Writes the history entry of a refill that changed something.
    async fn note(self: &Arc<Self>, report: &RefillReport) -> Result<(), Error> {
        if report.fetched.is_empty() {
            return Ok(());
        }
        let entry = HistoryEntry {
            at: self.inner.now()?.seconds(),
            act: Act::Updated,
            counterpart: self.account().await?.issuer,
            fields: report.fetched.iter().map(|(purpose, _)| purpose.name().to_owned()).collect(),
            purpose: "credentials".to_owned(),
            result: None,
        };
        self.vault(move |vault| Ok(vault.append_history(&entry).map(drop)?)).await?;
        self.tell(&[Event::HistoryChanged]);
        Ok(())
    }
}

/// Checks one credential: what a counter would check, and that it is what was asked for.
fn check(bytes: Vec<u8>, key: &HardwareKey, trust: &TrustList, vct: u16, now: UnixTime) -> Result<Credential, Error> {
    let token = HeldToken::parse(bytes)?;
    token.check(trust, &key.public, now)?;
    if token.purpose().vct() != vct {
        return Err(ProofError::CredentialInvalid.into());
    }
    Ok(Credential {
        vct,
        token: token.as_bytes().to_vec(),
        key_alias: key.alias.clone(),
        expires_at: token.expires_at(),
        used_at: None,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
