//! Unlocking with the passcode, offline.

use std::sync::Arc;

use eid_crypto::{HardwareInput, Passcode, SecretBytes, SecretKey};
use eid_model::Factor as Shown;
use eid_vault::{
    CountedTry, Envelope, EnvelopeBinding, EnvelopeKind, Factor, Guard, GuardSession, Moment, PasscodeEnvelopes,
    Pending, Permission, VaultError,
};

use crate::{
    EidApp, Error, Unlocked,
    app::Inner,
    device::GuardKeys,
    ports::{KeyAccess, SecureKeyError},
    task::to_end,
};

impl EidApp {
    /// Unlocks with the passcode: six ASCII digits, wiped here. Makes no network call, unless the account was stopped: then the
    /// platform is asked whether it still is.
    ///
    /// Three wrong tries are free; then they cost 1, 5 and 30 minutes and 24 hours; the tenth destroys the passcode's hardware
    /// keys. A try counts before the hardware is asked about it, so that killing the app does not give it back. Runs to its end.
    ///
    /// # Errors
    /// [`Error::AccountStopped`] if the account may not be used: what is stored stays sealed and is kept.
    /// [`Error::NotActivated`], [`Error::PasscodeWrong`], [`Error::PasscodeWait`], [`Error::TriesLost`],
    /// [`Error::PasscodeDestroyed`], [`Error::Crypto`] for a malformed passcode, [`Error::Key`], [`Error::Vault`]; only a wrong
    /// passcode costs a try.
    pub async fn unlock(&self, passcode: Vec<u8>) -> Result<Unlocked, Error> {
        let passcode = Arc::new(Passcode::parse(passcode)?);
        let inner = Arc::clone(&self.inner);
        to_end(async move {
            let _entrance = inner.entrance.lock().await;
            let Entered { vault_key, tried, .. } = inner.enter(passcode).await?;
            let (key, known) = (Arc::new(vault_key), tried.guard().generation());
            let opened = Unlocked::open(&inner, key, known, Shown::Passcode).await;
            // If that cannot be stored, the citizen comes in all the same: the try stays counted until the next right one.
            tried.right(opened.as_ref().ok().map(|(_, generation)| *generation)).await.ok();
            opened?.0.admit().await
        })
        .await
    }
}

/// A passcode that was right, before its try is taken back.
pub(crate) struct Entered {
    pub(crate) binding: EnvelopeBinding,
    /// Number of the passcode.
    pub(crate) epoch: u32,
    pub(crate) vault_key: SecretKey,
    pub(crate) tried: CountedTry<GuardKeys>,
}

/// A passcode envelope with the question that it puts to the hardware.
struct Asked {
    alias: &'static str,
    epoch: u32,
    is_next: bool,
    question: HardwareInput,
    pending: Pending,
}

impl Inner {
    /// Tries the passcode. The caller holds the entrance.
    pub(crate) async fn enter(self: &Arc<Self>, passcode: Arc<Passcode>) -> Result<Entered, Error> {
        let (envelopes, binding) = self.blocking(load_envelopes).await?;
        let session = self.guard_for_try(&binding, envelopes.current.hardware_alias()).await?;
        // Argon2id tells nothing about the passcode yet: the try begins with the hardware.
        let challenged = self.blocking(move |_| Ok((challenge(&envelopes, &passcode, &binding)?, binding)));
        let (mut asked, binding) = challenged.await?;
        let now = self.ports.clock.now()?;
        let tried = session.count(&now).await?;
        let answers = self.ask(&asked, tried.is_last()).await;
        let (opened, vault_key) = match answers.and_then(|answers| open(&asked, &answers)) {
            Ok((at, vault_key)) => (asked.swap_remove(at), vault_key),
            Err(Error::Vault(VaultError::PasscodeWrong)) => return Err(refusal(tried.guard(), &now)),
            Err(error) => {
                // The passcode met no envelope. If giving the try back fails as well, this error says enough.
                tried.give_back().await.ok();
                return Err(error);
            }
        };
        let epoch = opened.epoch;
        if tried.is_last() {
            self.seal_anew(opened, &vault_key).await?;
        } else if asked.is_empty() {
            // The key of a passcode before this one, whose removal a kill may have forestalled.
            let other = EnvelopeKind::Passcode.hardware_alias(epoch.wrapping_add(1));
            self.ports.secure_key.remove(other).await.ok();
        }
        Ok(Entered { binding, epoch, vault_key, tried })
    }

    async fn guard_for_try(
        self: &Arc<Self>,
        binding: &EnvelopeBinding,
        alias: &str,
    ) -> Result<GuardSession<GuardKeys>, Error> {
        let now = self.ports.clock.now()?;
        let mut session = GuardSession::load(GuardKeys(Arc::clone(self)), binding, &now).await?;
        if session.guard().is_lost() {
            // With the passcode's key gone as well this is another phone, or a restored one: waiting would not help.
            let nothing = SecretKey::parse(&SecretBytes::new(vec![0; 32]))?;
            self.derive(alias, &HardwareInput::new(nothing)).await?;
        }
        match session.check(&now).await? {
            Permission::Allowed => Ok(session),
            Permission::WaitUntil { seconds: wait_s, .. } if session.guard().is_lost() => {
                Err(Error::TriesLost { wait_s })
            }
            Permission::WaitUntil { seconds: wait_s, .. } => Err(Error::PasscodeWait { wait_s }),
            Permission::Destroyed => {
                // A kill may have come before it. What the hardware does not remove now, the next call removes.
                for epoch in [1, 2] {
                    self.ports.secure_key.remove(EnvelopeKind::Passcode.hardware_alias(epoch)).await.ok();
                }
                Err(Error::PasscodeDestroyed)
            }
        }
    }

    /// The hardware's answers; none where its key is gone. After the last try's answers the keys are removed, before anybody
    /// knows what the answers are worth.
    async fn ask(&self, asked: &[Asked], is_last: bool) -> Result<Vec<Option<SecretKey>>, Error> {
        let mut answers = Vec::with_capacity(asked.len());
        for Asked { alias, question, .. } in asked {
            match self.derive(alias, question).await {
                Ok(answer) => answers.push(Some(answer)),
                Err(Error::Key(SecureKeyError::Invalidated)) => answers.push(None),
                Err(error) => return Err(error),
            }
        }
        if answers.iter().all(Option::is_none) {
            return Err(SecureKeyError::Invalidated.into());
        }
        if is_last {
            for Asked { alias, .. } in asked {
                self.ports.secure_key.remove(alias).await?;
            }
        }
        Ok(answers)
    }

    /// The last try was right, and its key is gone: the same passcode gets a new one.
    async fn seal_anew(self: &Arc<Self>, opened: Asked, vault_key: &SecretKey) -> Result<(), Error> {
        self.ports.secure_key.make_secret(opened.alias, KeyAccess::WhileUnlocked).await?;
        let answer = self.derive(opened.alias, &opened.question).await?;
        let envelope = opened.pending.sealing().seal(&*self.ports.random, &answer, vault_key)?;
        self.blocking(move |inner| {
            let folder = &inner.folder;
            Ok(if opened.is_next { folder.store_next(&envelope) } else { folder.store_envelope(&envelope) }?)
        })
        .await
    }
}

/// The envelopes of this installation that a passcode may open.
fn load_envelopes(inner: &Inner) -> Result<(PasscodeEnvelopes, EnvelopeBinding), Error> {
    let mut envelopes = inner.folder.load_envelopes()?.ok_or(Error::NotActivated)?;
    let binding = inner.binding()?;
    if !envelopes.current.belongs_to(&binding) {
        return Err(VaultError::EnvelopeForeign.into());
    }
    envelopes.next = envelopes.next.filter(|next| next.belongs_to(&binding));
    Ok((envelopes, binding))
}

/// The questions about the passcode: one Argon2id for each envelope.
fn challenge(
    envelopes: &PasscodeEnvelopes,
    passcode: &Passcode,
    binding: &EnvelopeBinding,
) -> Result<Vec<Asked>, Error> {
    let ask = |envelope: &Envelope, is_next: bool| {
        let (question, pending) = envelope.challenge(Factor::Passcode(passcode), binding)?;
        Ok(Asked { alias: envelope.hardware_alias(), epoch: envelope.epoch(), is_next, question, pending })
    };
    let next = envelopes.next.iter().map(|next| ask(next, true));
    std::iter::once(ask(&envelopes.current, false)).chain(next).collect()
}

/// Which envelope opens, and the vault key in it.
fn open(asked: &[Asked], answers: &[Option<SecretKey>]) -> Result<(usize, SecretKey), Error> {
    for (at, (Asked { pending, .. }, answer)) in asked.iter().zip(answers).enumerate() {
        let Some(answer) = answer else { continue };
        match pending.open(answer) {
            Err(VaultError::PasscodeWrong) => {}
            opened => return Ok((at, opened?)),
        }
    }
    Err(VaultError::PasscodeWrong.into())
}

/// What a wrong passcode is told.
fn refusal(guard: &Guard, now: &Moment) -> Error {
    let wrong_tries = guard.wrong_tries();
    match guard.clone().check(now) {
        Permission::Allowed => Error::PasscodeWrong { wrong_tries, wait_s: 0 },
        Permission::WaitUntil { seconds: wait_s, .. } => Error::PasscodeWrong { wrong_tries, wait_s },
        Permission::Destroyed => Error::PasscodeDestroyed,
    }
}
