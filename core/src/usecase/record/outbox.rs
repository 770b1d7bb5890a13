//! Sending what was confirmed: each change until the platform has confirmed it, in order for each record, and none twice.

use std::{
    collections::BTreeSet,
    sync::{Arc, Weak},
};

use eid_model::Code;
use eid_platform::{PlatformError, Submitted};
use eid_record::{RecordError, update::Event};
use eid_vault::Vault;

use super::rows::{KeptUpdate, Problem, Signed, find_update, load_updates};
use crate::{Error, ports, record::Account, session::Session};

/// Refusals that are about the change itself: the platform has kept nothing of it, and its holder goes on from the draft.
const RETURNED: [Code; 10] = [
    Code::CONFIRM_AGAIN,
    Code::RECORD_CHANGED,
    Code::AUTH_LEVEL_TOO_LOW,
    Code::COOLING_OFF,
    Code::PASSCODE_KEY_WRONG,
    Code::PASSCODE_KEY_BLOCKED,
    Code::BIOMETRIC_KEY_WRONG,
    Code::EVIDENCE_REFUSED,
    Code::RECORD_KIND_UNKNOWN,
    Code::REQUEST_INVALID,
];

/// Refusals after which nothing of it is sent any more: what the authority says next tells how it goes on.
const STOPPED: [Code; 2] = [Code::SUBMISSION_DIFFERS, Code::STEP_OUT_OF_ORDER];

/// What became of one sending.
#[derive(PartialEq, Eq)]
enum Sent {
    Received,
    Returned,
    /// Nothing of it is to be sent any more.
    Over,
}

impl Session {
    /// Sends what waits, once the network is there; nobody waits for it.
    pub(super) fn send_updates_soon(self: &Arc<Self>) {
        let session = Arc::downgrade(self);
        tokio::spawn(async move {
            // What fails is sent by the next sync.
            if let Some(session) = Weak::upgrade(&session) {
                session.send_updates().await.ok();
            }
        });
    }

    /// Sends what waits. Gives how many arrived, and why others did not.
    ///
    /// One that the platform is too busy for, or does not take now, holds up the later ones of its record and no other.
    pub(super) async fn send_updates(self: &Arc<Self>) -> Result<(usize, Option<Error>), Error> {
        let _turn = self.sending.lock().await;
        let account = self.account().await?;
        let mut waiting = self.vault(|vault| load_updates(vault)).await?;
        waiting.retain(KeptUpdate::is_waiting);
        waiting.sort_by_key(|kept| kept.signed.as_ref().map(|signed| signed.at));
        let (mut sent, mut held_up, mut held) = (0_usize, None, BTreeSet::new());
        for kept in &waiting {
            if held.contains(&kept.update.record()) {
                continue;
            }
            match self.send_update(&account, kept.id()).await {
                Ok(Sent::Received) => sent = sent.saturating_add(1),
                Ok(Sent::Returned | Sent::Over) => {}
                Err(error @ Error::Platform(PlatformError::Busy { .. } | PlatformError::Refused { .. })) => {
                    held_up = held_up.or(Some(error));
                    held.insert(kept.update.record());
                }
                Err(error @ Error::Platform(_)) => return Ok((sent, Some(error))),
                Err(other) => return Err(other),
            }
        }
        Ok((sent, held_up))
    }

    async fn send_update(self: &Arc<Self>, account: &Account, id: &str) -> Result<Sent, Error> {
        // Once more if the platform lost evidence that it had.
        for _ in 0..2 {
            let wanted = id.to_owned();
            let kept = self.vault(move |vault| find_update(vault, &wanted)).await?;
            let Some(signed) = kept.signed.clone() else { return Ok(Sent::Over) };
            let answer = match self.upload_evidence(account, &kept).await {
                Ok(()) => self.submit(account, &signed).await,
                Err(error) => Err(error),
            };
            let outcome = match answer {
                Ok(Submitted::EvidenceMissing(missing)) => {
                    let forget = move |kept: &mut KeptUpdate| {
                        kept.send_again(|piece| missing.contains(piece));
                        Ok(())
                    };
                    self.change_update(id, forget).await?;
                    continue;
                }
                outcome => outcome,
            };
            return self.end_sending(id, outcome).await;
        }
        let problem = Problem { code: Code::EVIDENCE_MISSING, fields: Vec::new() };
        self.change_update(id, |kept| kept.return_with(problem)).await.map(|()| Sent::Returned)
    }

    async fn submit(self: &Arc<Self>, account: &Account, signed: &Signed) -> Result<Submitted, Error> {
        let (configuration, now) = (self.inner.configuration().await?, self.inner.now()?);
        let access = self.access(account, now).await?;
        let device = self.device_key(account);
        let answer = self.inner.platform.submit(&access, &signed.statement, &configuration, &device, now).await;
        drop(access);
        match answer {
            // Of the change, not of the session: the token stays.
            Err(error @ PlatformError::Refused { code, .. }) if RETURNED.contains(&code) || STOPPED.contains(&code) => {
                Err(error.into())
            }
            answer => self.accepted(answer).await,
        }
    }

    /// Keeps what the platform answered.
    async fn end_sending(self: &Arc<Self>, id: &str, outcome: Result<Submitted, Error>) -> Result<Sent, Error> {
        let problem = |code, fields| Problem { code, fields };
        match outcome {
            Ok(Submitted::Received { receipt, token }) => {
                let now = self.inner.now()?;
                let receive = move |kept: &mut KeptUpdate| {
                    match kept.update.apply(Event::Receive(&receipt), now) {
                        Err(RecordError::ReceiptMismatch) => {
                            // Evidence did not arrive though the platform had confirmed each piece: all of it is sent again.
                            kept.send_again(|_| true);
                            kept.problem = Some(problem(Code::UPDATE_RECEIPT_MISMATCH, Vec::new()));
                            return Ok(());
                        }
                        applied => applied.map(drop)?,
                    }
                    (kept.signed, kept.problem, kept.receipt) = (None, None, Some(token));
                    Ok(())
                };
                self.change_update(id, receive).await.map(|()| Sent::Received)
            }
            Ok(Submitted::FormInvalid(findings)) => {
                let fields = findings.into_iter().map(|finding| (finding.path, finding.code)).collect();
                let problem = problem(Code::FORM_INVALID, fields);
                self.change_update(id, |kept| kept.return_with(problem)).await.map(|()| Sent::Returned)
            }
            Ok(Submitted::EvidenceMissing(_)) => Err(Error::Internal),
            Err(Error::Platform(PlatformError::Refused { code, .. })) if RETURNED.contains(&code) => {
                self.change_update(id, move |kept| kept.return_with(problem(code, Vec::new()))).await?;
                Ok(Sent::Returned)
            }
            Err(Error::Platform(PlatformError::Refused { code, .. })) if STOPPED.contains(&code) => {
                // Another copy of this phone's store sent something else, or the authority has decided meanwhile.
                let stop = move |kept: &mut KeptUpdate| {
                    (kept.signed, kept.problem) = (None, Some(problem(code, Vec::new())));
                    Ok(())
                };
                self.change_update(id, stop).await.map(|()| Sent::Over)
            }
            Err(other) => Err(other),
        }
    }

    /// Changes what is kept of an update, and tells of it.
    pub(super) async fn change_update(
        self: &Arc<Self>,
        id: &str,
        change: impl FnOnce(&mut KeptUpdate) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let (id, now) = (id.to_owned(), self.inner.now()?);
        let write = move |vault: &mut Vault| {
            let mut kept = find_update(vault, &id)?;
            change(&mut kept)?;
            kept.changed_at = now;
            vault.transaction(|vault| kept.store(vault))
        };
        self.vault(write).await?;
        self.tell(&[ports::Event::UpdatesChanged]);
        Ok(())
    }
}

impl KeptUpdate {
    /// True if it was confirmed and the platform's receipt is not here, be it only that its answer was lost.
    pub(super) fn is_waiting(&self) -> bool {
        self.signed.is_some()
    }

    /// The platform has kept nothing of it: it is written and confirmed again.
    fn return_with(&mut self, problem: Problem) -> Result<(), Error> {
        match self.update.apply(Event::Return, self.changed_at) {
            // The authority's first step overtook the answer: it is there.
            Err(RecordError::UpdateOutOfOrder) => {
                self.signed = None;
                return Ok(());
            }
            returned => returned.map(drop)?,
        }
        if problem.code == Code::EVIDENCE_REFUSED {
            self.send_again(|_| true);
        }
        (self.signed, self.problem) = (None, Some(problem));
        self.wishes.clear();
        Ok(())
    }
}
