//! Acts that count: signing in (đăng nhập), and what the platform does for a citizen who has (core/docs/platform-protocol.md).
//!
//! The passcode is checked here first, against its own envelope, and counted by the guard of tries: a slip of the finger never
//! reaches the platform. What does reach it was right on this phone, so that the platform's own count is for those who have
//! copied the phone's key and guess elsewhere.

use std::sync::Arc;

use eid_crypto::{Passcode, PasscodeKey};
use eid_model::{AccountState, AuthLevel, AuthRule, Code, Evidence, Factor, FactorKind, GuardedAct, UnixTime};
use eid_platform::{AccessToken, Challenge, DeviceEntry, Flaw, Instruction, PlatformError};
use eid_vault::{Act, Collection, HistoryEntry};
use tokio::sync::{MappedMutexGuard, MutexGuard};

use crate::{
    EidApp, Error, Unlocked,
    ports::Event,
    record::{Account, INSTRUCTIONS, Instructions},
    session::Session,
    task::to_end,
    usecase::settle::Settled,
};

/// What an act asks for before the platform carries it out, as far as this phone knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The act.
    pub act: GuardedAct,
    /// What it asks for, by the signed configuration.
    pub rule: AuthRule,
    /// Kinds of factors that have yet to be shown, the least trouble first; none if the act may go on. [`FactorKind::Known`] is
    /// shown by [`Unlocked::sign_in`], [`FactorKind::Biometric`] with an act that is ordered ([`Unlocked::order_act`]).
    pub missing: Vec<FactorKind>,
}

/// A session at the platform, as a screen shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInView {
    /// What the platform counts it as.
    pub auth_level: AuthLevel,
    /// When the citizen signed in.
    pub auth_time: UnixTime,
}

impl Unlocked {
    /// Signs in at the platform with this phone's key and the passcode: six ASCII digits, wiped here. Two requests. The tokens
    /// stay in memory, for the calls that ask for them, until [`Self::sign_out`] or until the app locks.
    ///
    /// The passcode counts as a try, like any other, and is checked on this phone before the platform hears of it. Runs to its
    /// end.
    ///
    /// # Errors
    /// What [`EidApp::unlock`] gives for the passcode; [`Error::Platform`], refused among others with
    /// [`Code::PASSCODE_KEY_WRONG`], [`Code::PASSCODE_KEY_WAIT`] or [`Code::PASSCODE_KEY_BLOCKED`] by the platform's own count;
    /// [`Error::PasscodeKeyMissing`] on a phone that was activated before there were instructions; [`Error::Key`],
    /// [`Error::Vault`], [`Error::Locked`].
    pub async fn sign_in(&self, passcode: Vec<u8>) -> Result<SignInView, Error> {
        let passcode = Passcode::parse(passcode)?;
        let session = self.session()?;
        to_end(async move { session.sign_in(passcode).await }).await
    }

    /// What the citizen still has to show for an act; asks nobody. Call it again after each step: what was shown is kept with the
    /// session, and counts for as long as the act's rule lets it.
    ///
    /// # Errors
    /// [`Error::Clock`], [`Error::Locked`].
    pub async fn authorize(&self, act: GuardedAct) -> Result<Authorization, Error> {
        let session = self.session()?;
        let (now, policy) = (session.inner.now()?, EidApp { inner: Arc::clone(&session.inner) }.auth_policy());
        let shown_at = session.signed_in.lock().await.as_ref().map(|signed_in| signed_in.auth_time);
        // The device key signs each request anew.
        let mut shown = vec![Evidence { factor: Factor::DeviceKey, at: now }];
        shown.extend(shown_at.map(|at| Evidence { factor: Factor::Passcode, at }));
        shown.extend(session.face_at().map(|at| Evidence { factor: Factor::Face, at }));
        let missing = policy.missing_factors(act, &shown, now);
        Ok(Authorization { act, rule: policy.rule(act), missing })
    }

    /// Ends the session at the platform (đăng xuất). This phone forgets it first, whatever the platform answers. Not an error if
    /// nobody is signed in.
    ///
    /// # Errors
    /// [`Error::Platform`] if the platform could not be told: its tokens then end by themselves. [`Error::Vault`],
    /// [`Error::Locked`].
    pub async fn sign_out(&self) -> Result<(), Error> {
        let session = self.session()?;
        let Some(signed_in) = session.take_signed_in().await else { return Ok(()) };
        let account = session.account().await?;
        let (device, now) = (session.device_key(&account), session.inner.now()?);
        Ok(session.inner.platform.revoke(&signed_in.refresh, &device, now).await?)
    }

    /// The phones that are or were bound to the account, the newest first. Asks for [`Self::sign_in`] before.
    ///
    /// # Errors
    /// [`Error::SignInNeeded`]; [`Error::Platform`], [`Error::Vault`], [`Error::Locked`].
    pub async fn devices(&self) -> Result<Vec<DeviceEntry>, Error> {
        let session = self.session()?;
        let account = session.account().await?;
        let (device, now) = (session.device_key(&account), session.inner.now()?);
        let access = session.access_signed_in(&account, now).await?;
        let answer = session.inner.platform.devices(&access, &device, now).await;
        drop(access);
        session.accepted_signed_in(answer).await
    }

    /// Locks the account (khóa tài khoản): from now on nobody can use it, from any phone, and what this one holds stays sealed. Card
    /// and face lift it ([`EidApp::start_account_unlock`]). Runs to its end; the app is locked then.
    ///
    /// # Errors
    /// As for [`Self::sign_in`].
    pub async fn lock_account(&self, passcode: Vec<u8>) -> Result<(), Error> {
        let passcode = Passcode::parse(passcode)?;
        let session = self.session()?;
        to_end(async move { session.lock_account(passcode).await }).await
    }

    /// Gives the account up on this phone (hủy liên kết thiết bị): at the platform, then here, where all that was stored is
    /// deleted. Nothing undoes it: the shell asks the citizen twice. Runs to its end.
    ///
    /// # Errors
    /// As for [`Self::sign_in`]; nothing is deleted before the platform has agreed. Afterwards [`EidApp::reset`] goes on where
    /// this stopped.
    pub async fn unlink(&self, passcode: Vec<u8>) -> Result<(), Error> {
        let passcode = Passcode::parse(passcode)?;
        let session = self.session()?;
        to_end(async move {
            session.unlink(passcode).await?;
            let app = EidApp { inner: Arc::clone(&session.inner) };
            drop(session);
            app.reset().await
        })
        .await
    }
}

/// The most instructions that an older copy of the store has missed. A number far ahead would be one that the platform takes no
/// more (it allows a gap of 2²⁰), and the phone could not sign in again.
const MOST_MISSED: u64 = 1 << 12;

impl Session {
    async fn sign_in(self: &Arc<Self>, passcode: Passcode) -> Result<SignInView, Error> {
        let inner = Arc::clone(&self.inner);
        let _entrance = inner.entrance.lock().await;
        let (account, key) = self.prove(passcode).await?;
        self.open_session(&account, &key).await
    }

    /// Signs in with a passcode that was right.
    pub(crate) async fn open_session(
        self: &Arc<Self>,
        account: &Account,
        key: &PasscodeKey,
    ) -> Result<SignInView, Error> {
        let inner = &self.inner;
        let mut again = true;
        let signed_in = loop {
            let (challenge, now) = (inner.platform.challenge().await?, inner.now()?);
            let (seq, device) = (self.next_seq(None).await?, self.device_key(account));
            let instruction = instruction(account, seq, &challenge, &device, key);
            match inner.platform.sign_in(instruction, now).await {
                Err(error) if again && is_replayed(&error) => self.learn_seq(account).await?,
                answer => break self.heed(answer).await?,
            }
            again = false;
        };
        let view = SignInView { auth_level: signed_in.auth_level, auth_time: signed_in.auth_time };
        self.keep_signed_in(signed_in).await;
        self.note_act(account, Act::SignedIn, "sign_in").await?;
        Ok(view)
    }

    async fn lock_account(self: &Arc<Self>, passcode: Passcode) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        let _entrance = inner.entrance.lock().await;
        let (account, key) = self.prove(passcode).await?;
        let mut again = true;
        let state = loop {
            let (challenge, now) = (inner.platform.challenge().await?, inner.now()?);
            let (seq, device) = (self.next_seq(None).await?, self.device_key(&account));
            match inner.platform.lock_account(instruction(&account, seq, &challenge, &device, &key), now).await {
                Err(error) if again && is_replayed(&error) => self.learn_seq(&account).await?,
                answer => break self.heed(answer).await?,
            }
            again = false;
        };
        match self.learn(state).await {
            Err(Error::AccountStopped(AccountState::SelfLocked)) => Ok(()),
            learnt => learnt,
        }
    }

    async fn unlink(self: &Arc<Self>, passcode: Passcode) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        let _entrance = inner.entrance.lock().await;
        let (account, key) = self.prove(passcode).await?;
        let mut again = true;
        loop {
            let (challenge, now) = (inner.platform.challenge().await?, inner.now()?);
            let (seq, device) = (self.next_seq(None).await?, self.device_key(&account));
            match inner.platform.unlink(instruction(&account, seq, &challenge, &device, &key), now).await {
                Err(error) if again && is_replayed(&error) => self.learn_seq(&account).await?,
                // It agreed before: this phone was killed in between, or another one took its place.
                Err(error) if error.code() == Code::DEVICE_SUPERSEDED => return Ok(()),
                answer => return self.heed(answer).await,
            }
            again = false;
        }
    }

    /// Checks the passcode on this phone and makes its key. A change of the passcode that is under way is settled first, so that
    /// there is one passcode that phone and platform agree on. The caller holds the entrance.
    pub(crate) async fn prove(self: &Arc<Self>, passcode: Passcode) -> Result<(Account, PasscodeKey), Error> {
        let account = self.account().await?;
        let source = account.passcode_key.ok_or(Error::PasscodeKeyMissing)?;
        if let Settled::Unsure(error) = self.settle_passcode(&account).await? {
            return Err(error);
        }
        let passcode = Arc::new(passcode);
        let entered = self.inner.enter(Arc::clone(&passcode)).await?;
        entered.tried.right(None).await.ok();
        let key = self.inner.blocking(move |_| source.derive(&passcode)).await?;
        Ok((account, key))
    }

    /// Takes the number of the next instruction, and stores it before anybody sees it: no number is ever used twice, whatever
    /// breaks off. With it goes until when the platform may yet carry out a change of the passcode.
    pub(crate) async fn next_seq(self: &Arc<Self>, change_until: Option<UnixTime>) -> Result<u64, Error> {
        self.vault(move |vault| {
            let taken: Instructions = vault.find(Collection::Account, INSTRUCTIONS)?.unwrap_or_default();
            let seq = taken.seq.checked_add(1).ok_or(Error::Internal)?;
            let change_until = change_until.or(taken.change_until);
            vault.put(Collection::Account, INSTRUCTIONS, &Instructions { seq, change_until })?;
            vault.make_durable()?;
            Ok(seq)
        })
        .await
    }

    /// The platform has taken higher numbers than this store knows, which is an older copy, then: goes on from those.
    pub(crate) async fn learn_seq(self: &Arc<Self>, account: &Account) -> Result<(), Error> {
        let known = self.report(account).await?.instruction_seq;
        self.vault(move |vault| {
            let taken: Instructions = vault.find(Collection::Account, INSTRUCTIONS)?.unwrap_or_default();
            if known.saturating_sub(taken.seq) > MOST_MISSED {
                return Err(PlatformError::Nonsense(Flaw::Shape).into());
            }
            let seq = taken.seq.max(known);
            Ok(vault.put(Collection::Account, INSTRUCTIONS, &Instructions { seq, ..taken })?)
        })
        .await
    }

    /// The access token of the citizen's session, refreshed if it is about to end.
    pub(crate) async fn access_signed_in(
        self: &Arc<Self>,
        account: &Account,
        now: UnixTime,
    ) -> Result<MappedMutexGuard<'_, AccessToken>, Error> {
        let mut held = self.signed_in.lock().await;
        let signed_in = held.as_ref().ok_or(Error::SignInNeeded)?;
        if signed_in.access.expires_at().seconds() <= now.seconds().saturating_add(30) {
            match self.inner.platform.refresh(&signed_in.refresh, &self.device_key(account), now).await {
                Ok(next) => *held = Some(next),
                Err(error) => {
                    if matches!(error, PlatformError::Refused { .. }) {
                        *held = None;
                    }
                    return self.heed(Err(error)).await;
                }
            }
        }
        MutexGuard::try_map(held, |held| held.as_mut().map(|signed_in| &mut signed_in.access))
            .map_err(|_| Error::SignInNeeded)
    }

    /// An answer to a call in the citizen's session. One that the platform does not know any more is forgotten.
    pub(crate) async fn accepted_signed_in<T>(self: &Arc<Self>, answer: Result<T, PlatformError>) -> Result<T, Error> {
        let gone = answer.as_ref().is_err_and(|error| error.code() == Code::SESSION_REFUSED);
        if gone {
            self.take_signed_in().await;
        }
        self.heed(answer).await
    }

    async fn note_act(self: &Arc<Self>, account: &Account, act: Act, purpose: &str) -> Result<(), Error> {
        let entry = HistoryEntry {
            at: self.inner.now()?.seconds(),
            act,
            counterpart: account.issuer.clone(),
            fields: Vec::new(),
            purpose: purpose.to_owned(),
            result: None,
        };
        self.vault(move |vault| Ok(vault.append_history(&entry).map(drop)?)).await?;
        self.tell(&[Event::HistoryChanged]);
        Ok(())
    }
}

pub(crate) fn instruction<'a>(
    account: &'a Account,
    seq: u64,
    challenge: &'a Challenge,
    device: &'a crate::device::HardwareKey,
    passcode: &'a PasscodeKey,
) -> Instruction<'a> {
    Instruction { account: &account.account_id, seq, challenge, device, passcode, biometric: None }
}

pub(crate) fn is_replayed(error: &PlatformError) -> bool {
    error.code() == Code::INSTRUCTION_REPLAYED
}
