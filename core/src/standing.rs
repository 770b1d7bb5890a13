//! How the account stands (trạng thái tài khoản), by the platform's last word: it takes effect at once, outlasts the app, and ends
//! when the platform says so. While it is not active the phone makes no proof and what it holds stays sealed.
//!
//! The word is kept twice: in the store, where it decides, and sealed to the hardware beside it, where a locked app finds it.

use core::time::Duration;
use std::sync::Arc;

use eid_crypto::VerifyingKey;
use eid_model::{AccountState, Code};
use eid_platform::PlatformError;
use eid_vault::{Act, Collection, HistoryEntry, STANDING_ALIAS, StandingSeal, Vault, VaultError};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::{
    Error, Unlocked,
    app::Inner,
    ports::{Event, KeyAccess, SecureKeyError},
    record::{STANDING, StoredKey},
    session::Session,
};

/// How long somebody who unlocks waits for the platform's word on whether a stop has ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a locked app knows of its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) state: AccountState,
    /// The key that the account is bound to: a forgotten passcode is replaced by its phone only.
    pub(crate) device_key: StoredKey,
}

impl Inner {
    /// What is kept; `None` if there is nothing, or it does not open any more.
    pub(crate) async fn load_standing(self: &Arc<Self>) -> Result<Option<Standing>, Error> {
        let known = *self.standing();
        if known.is_some() {
            return Ok(known);
        }
        let Some(file) = self.blocking(|inner| Ok(inner.folder.load_standing()?)).await? else { return Ok(None) };
        let Ok(question) = StandingSeal::question(&file) else { return Ok(None) };
        let seal = match self.standing_seal(question).await {
            Err(Error::Key(SecureKeyError::Invalidated)) => return Ok(None),
            seal => seal?,
        };
        let found = seal.open(&file).ok().and_then(|content| serde_json::from_slice(&content).ok());
        *self.standing() = found;
        Ok(found)
    }

    pub(crate) async fn store_standing(
        self: &Arc<Self>,
        state: AccountState,
        device_key: VerifyingKey,
    ) -> Result<(), Error> {
        let standing = Standing { state, device_key: StoredKey(device_key) };
        let content = Zeroizing::new(serde_json::to_vec(&standing).map_err(|_| VaultError::Unencodable)?);
        let before = self.blocking(|inner| Ok(inner.folder.load_standing()?)).await?;
        let question = match before.and_then(|file| StandingSeal::question(&file).ok()) {
            Some(question) => question,
            None => StandingSeal::make_question(&*self.ports.random)?,
        };
        let seal = match self.standing_seal(question).await {
            Err(Error::Key(SecureKeyError::Invalidated)) => {
                self.ports.secure_key.make_secret(STANDING_ALIAS, KeyAccess::WhileUnlocked).await?;
                self.standing_seal(question).await
            }
            seal => seal,
        };
        let file = seal?.seal(&*self.ports.random, &content)?;
        self.blocking(move |inner| Ok(inner.folder.store_standing(&file)?)).await?;
        *self.standing() = Some(standing);
        Ok(())
    }

    async fn standing_seal(self: &Arc<Self>, question: [u8; 32]) -> Result<StandingSeal, Error> {
        let answer = self.derive(STANDING_ALIAS, &StandingSeal::input(&question)?).await?;
        self.blocking(move |inner| Ok(StandingSeal::new(question, &answer, &inner.binding()?)?)).await
    }
}

impl Session {
    /// How the account stands, as the store has it.
    pub(crate) async fn standing(self: &Arc<Self>) -> Result<AccountState, Error> {
        self.vault(|vault| Ok(vault.find(Collection::Account, STANDING)?.unwrap_or_default())).await
    }

    /// Takes the platform's word: stored before anybody hears of it. Unless the account is active, the app locks, and with it
    /// everything that was prepared in memory.
    pub(crate) async fn learn(self: &Arc<Self>, state: AccountState) -> Result<(), Error> {
        let kept = self.keep_standing(state).await;
        if state != AccountState::Active {
            self.inner.lock();
        }
        if kept? {
            self.tell(&[Event::AccountChanged, Event::HistoryChanged]);
        }
        if state == AccountState::Active { Ok(()) } else { Err(Error::AccountStopped(state)) }
    }

    /// True if it is news.
    async fn keep_standing(self: &Arc<Self>, state: AccountState) -> Result<bool, Error> {
        if self.standing().await? == state {
            return Ok(false);
        }
        let account = self.account().await?;
        let entry = HistoryEntry {
            at: self.inner.now()?.seconds(),
            act: Act::Updated,
            counterpart: account.issuer,
            fields: Vec::new(),
            purpose: "account_state".to_owned(),
            result: Some(state)
                .filter(|state| *state != AccountState::Active)
                .map(|state| Error::AccountStopped(state).code()),
        };
        let put = move |vault: &mut Vault| {
            vault.transaction(|vault| {
                vault.put(Collection::Account, STANDING, &state)?;
                vault.append_history(&entry).map(drop)
            })?;
            Ok(vault.make_durable().map(drop)?)
        };
        self.vault(put).await?;
        // The store decides. A locked app says the state from before, if this fails.
        self.inner.store_standing(state, account.device_key).await.ok();
        Ok(true)
    }

    /// Takes a refusal that says how the account stands for what it says; passes everything else on.
    pub(crate) async fn heed<T>(self: &Arc<Self>, answer: Result<T, PlatformError>) -> Result<T, Error> {
        let Err(PlatformError::Refused { code, .. }) = &answer else { return Ok(answer?) };
        let state = match *code {
            Code::ACCOUNT_LOCKED => AccountState::Locked,
            Code::ACCOUNT_CLOSED => AccountState::Closed,
            Code::CARD_EXPIRED => AccountState::CardExpired,
            Code::DEVICE_SUPERSEDED => AccountState::Superseded,
            _ => return Ok(answer?),
        };
        // A refusal does not say by whom it is locked.
        let own_lock = state == AccountState::Locked && self.standing().await? == AccountState::SelfLocked;
        self.learn(if own_lock { AccountState::SelfLocked } else { state }).await?;
        Ok(answer?)
    }
}

impl Unlocked {
    /// Lets the citizen in, unless the account is stopped. Then the platform is asked whether that has ended.
    pub(crate) async fn admit(self) -> Result<Self, Error> {
        let session = self.session()?;
        let (state, account) = (session.standing().await?, session.account().await?);
        if session.inner.load_standing().await.is_ok_and(|found| found.is_none_or(|found| found.state != state)) {
            // Lost, an older copy, or of a phone that was activated before there was such a file. The store decides anyway.
            session.inner.store_standing(state, account.device_key).await.ok();
        }
        if state == AccountState::Active {
            return Ok(self);
        }
        match timeout(PATIENCE, session.report(&account)).await {
            Ok(Ok(_)) => Ok(self),
            Ok(Err(stopped @ Error::AccountStopped(_))) => Err(stopped),
            Ok(Err(_)) | Err(_) => {
                session.inner.lock();
                Err(Error::AccountStopped(state))
            }
        }
    }
}
