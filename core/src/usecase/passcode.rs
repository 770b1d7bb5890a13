//! Changing the passcode (đổi mật mã): half of it happens on the phone, half at the platform.

use std::sync::Arc;

use eid_crypto::Passcode;
use eid_model::Code;
use eid_platform::PlatformError;
use eid_vault::{Act, Envelope, EnvelopeKind, Factor, HistoryEntry};

use crate::{
    Error, Unlocked,
    app::to_end,
    ports::{Event, KeyAccess},
    record::Account,
    session::Session,
    usecase::unlock::Entered,
};

/// How far a change of the passcode came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasscodeOutcome {
    /// The new passcode is in force; the old one opens nothing any more.
    Changed,
    /// The platform could not be reached, or its answer got lost. Either passcode opens the app until the phone is online again
    /// ([`Unlocked::refill_credentials`] settles it).
    Unsure,
}

impl Unlocked {
    /// Changes the passcode; both are six ASCII digits and wiped here. The old one counts as a try, like any other.
    ///
    /// Runs to its end. A crash at any point leaves one passcode that works, or both.
    ///
    /// # Errors
    /// What [`crate::EidApp::unlock`] gives for the old passcode; [`Error::Crypto`] for a new one that is malformed or too easy
    /// to guess; [`Error::Platform`] if the platform refuses, or if an earlier change cannot be settled first: the old passcode
    /// stays in force. [`Error::Key`], [`Error::Vault`], [`Error::Locked`].
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
        // Two changes at once would leave three passcodes.
        self.settle_passcode(&account).await?;
        let Entered { binding, epoch, vault_key, tried } = inner.enter(old).await?;
        tried.right(None).await.ok();

        let to = epoch.checked_add(1).ok_or(Error::Internal)?;
        let alias = EnvelopeKind::Passcode.hardware_alias(to);
        inner.ports.secure_key.make_secret(alias, KeyAccess::WhileUnlocked).await?;
        let prepared = inner.blocking(move |inner| {
            let (factor, cost) = (Factor::Passcode(&new), inner.kdf_cost()?);
            Ok(Envelope::prepare(&*inner.ports.random, factor, Some(cost), to, &binding)?)
        });
        let (question, sealing) = prepared.await?;
        let answer = inner.derive(alias, &question).await?;
        let next = sealing.seal(&*inner.ports.random, &answer, &vault_key)?;
        // From here on either passcode opens.
        inner.blocking(move |inner| Ok(inner.folder.store_next(&next)?)).await?;
        match self.settle_passcode(&account).await {
            Ok(Some(true)) => {
                self.note_change(&account).await?;
                Ok(PasscodeOutcome::Changed)
            }
            Ok(_) => {
                let code = Code::PASSCODE_EPOCH_REFUSED;
                Err(PlatformError::Refused { code, tries_left: None, retry_after: None }.into())
            }
            Err(Error::Platform(_)) => Ok(PasscodeOutcome::Unsure),
            Err(other) => Err(other),
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
