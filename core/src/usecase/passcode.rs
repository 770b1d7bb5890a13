//! Changing the passcode (đổi mật mã): half of it happens on the phone, half at the platform.

use std::sync::Arc;

use eid_crypto::{Passcode, PasscodeKey};
use eid_model::Code;
use eid_platform::{Flaw, PlatformError};
use eid_vault::{Act, Envelope, EnvelopeKind, Factor, HistoryEntry};

use crate::{
    Error, Unlocked,
    ports::{Event, KeyAccess},
    record::Account,
    session::Session,
    task::to_end,
    usecase::{
        settle::Settled,
        sign_in::{instruction, is_replayed},
        unlock::Entered,
    },
};

/// How far a change of the passcode came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasscodeOutcome {
    /// The new passcode is in force; the old one opens nothing any more.
    Changed,
    /// The platform's answer got lost. Either passcode opens the app until the phone is online again
    /// ([`Unlocked::refill_credentials`] settles it, a minute later at the earliest if the platform did not take the new one).
    Unsure,
}

impl Unlocked {
    /// Changes the passcode; both are six ASCII digits and wiped here. The old one counts as a try, like any other; its key signs
    /// the instruction that makes the new one's key known to the platform.
    ///
    /// Runs to its end. A crash at any point leaves one passcode that works, or both until the next contact.
    ///
    /// # Errors
    /// What [`crate::EidApp::unlock`] gives for the old passcode; [`Error::Crypto`] for a new one that is malformed or too easy
    /// to guess; [`Error::Platform`] if the platform cannot be reached or refuses, or if an earlier change cannot be settled first:
    /// the old passcode stays in force. [`Error::PasscodeKeyMissing`], [`Error::Key`], [`Error::Vault`], [`Error::Locked`].
    pub async fn change_passcode(&self, old: Vec<u8>, new: Vec<u8>) -> Result<PasscodeOutcome, Error> {
        let (old, new) = (Passcode::parse(old)?, Passcode::parse(new)?);
        let session = self.session()?;
        to_end(async move { session.change_passcode(old, new).await }).await
    }
}

impl Session {
    async fn change_passcode(self: &Arc<Self>, old: Passcode, new: Passcode) -> Result<PasscodeOutcome, Error> {
        let inner = Arc::clone(&self.inner);
        let _entrance = inner.entrance.lock().await;
        let account = self.account().await?;
        let birth_date = account.birth_date;
        new.check_new(&[account.pid.as_str(), &birth_date.card_form(), &birth_date.claim169_form()])?;
        let source = account.passcode_key.ok_or(Error::PasscodeKeyMissing)?;
        // Two changes at once would leave three passcodes.
        if let Settled::Unsure(error) = self.settle_passcode(&account).await? {
            return Err(error);
        }
        let (old, new) = (Arc::new(old), Arc::new(new));
        let Entered { binding, epoch, vault_key, tried } = inner.enter(Arc::clone(&old)).await?;
        tried.right(None).await.ok();

        let to = epoch.checked_add(1).ok_or(Error::Internal)?;
        let alias = EnvelopeKind::Passcode.hardware_alias(to);
        inner.ports.secure_key.make_secret(alias, KeyAccess::WhileUnlocked).await?;
        let prepared = inner.blocking(move |inner| {
            let keys = (source.derive(&old)?, source.derive(&new)?);
            let (factor, cost) = (Factor::Passcode(&new), inner.kdf_cost()?);
            Ok((Envelope::prepare(&*inner.ports.random, factor, Some(cost), to, &binding)?, keys))
        });
        let ((question, sealing), (old_key, new_key)) = prepared.await?;
        let answer = inner.derive(alias, &question).await?;
        let next = Arc::new(sealing.seal(&*inner.ports.random, &answer, &vault_key)?);
        let changed = self.instruct_change(&account, &next, &old_key, &new_key).await;
        match changed {
            Ok(()) => {
                self.end_change(to, true).await?;
                self.note_change(&account).await?;
                Ok(PasscodeOutcome::Changed)
            }
            Err(Failed::Before(error)) => Err(error),
            Err(Failed::Sent(PlatformError::Refused { code, tries_left, retry_after })) => {
                // Every other refusal leaves it open whether the same instruction, held up on the way, is taken later.
                if is_final(code) {
                    self.end_change(to, false).await?;
                }
                self.heed(Err(PlatformError::Refused { code, tries_left, retry_after })).await
            }
            Err(Failed::Sent(_)) => Ok(PasscodeOutcome::Unsure),
        }
    }

    /// Has the platform take up the new key. The new envelope is stored just before, so that from the moment in which the
    /// platform may know of the new passcode either one opens.
    async fn instruct_change(
        self: &Arc<Self>,
        account: &Account,
        next: &Arc<Envelope>,
        old_key: &PasscodeKey,
        new_key: &PasscodeKey,
    ) -> Result<(), Failed> {
        let (inner, to) = (&self.inner, next.epoch());
        let mut again = true;
        loop {
            let (challenge, now) = (inner.platform.challenge().await.map_err(Error::from)?, inner.now()?);
            let seq = self.next_seq(Some(challenge.expires_at())).await?;
            let envelope = Arc::clone(next);
            inner.blocking(move |inner| Ok(inner.folder.store_next(&envelope)?)).await?;
            let device = self.device_key(account);
            let instruction = instruction(account, seq, &challenge, &device, old_key);
            match inner.platform.change_passcode(instruction, to, new_key, now).await {
                Ok(epoch) if epoch == to => return Ok(()),
                Ok(_) => return Err(Failed::Sent(PlatformError::Nonsense(Flaw::Shape))),
                Err(error) if again && is_replayed(&error) => self.learn_seq(account).await?,
                Err(error) => return Err(Failed::Sent(error)),
            }
            again = false;
        }
    }

    async fn note_change(self: &Arc<Self>, account: &Account) -> Result<(), Error> {
        let entry = HistoryEntry {
            at: self.inner.now()?.seconds(),
            act: Act::Updated,
            counterpart: account.issuer.clone(),
            fields: vec!["passcode".to_owned()],
            purpose: "passcode".to_owned(),
            result: None,
        };
        self.vault(move |vault| Ok(vault.append_history(&entry).map(drop)?)).await?;
        self.tell(&[Event::HistoryChanged]);
        Ok(())
    }
}

/// How far a change came that did not come to its end.
enum Failed {
    /// The platform has not heard of it, or of no number that it takes. What is left over the next unlocking or contact removes.
    Before(Error),
    /// The platform may have heard of it.
    Sent(PlatformError),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Before(error)
    }
}

/// A refusal after which the platform will never take the same instruction: its number is taken, or its challenge has run out.
fn is_final(code: Code) -> bool {
    [
        Code::PASSCODE_EPOCH_REFUSED,
        Code::INSTRUCTION_STALE,
        Code::INSTRUCTION_REPLAYED,
        Code::PASSCODE_KEY_WRONG,
        Code::PASSCODE_KEY_BLOCKED,
    ]
    .contains(&code)
}
