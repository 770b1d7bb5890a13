//! Confirming a change (xác nhận): the passcode's key signs it, with no network if there is none, and it waits to be sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use eid_crypto::PasscodeKey;
use eid_platform::{RequestSigner, SignedStatement, Statement};
use eid_record::{
    Form, Path, RecordError, RecordKind, Speaker, Wish,
    update::{Event, Update},
};
use eid_vault::Vault;

use super::{
    desk::Desk,
    note,
    rows::{KeptUpdate, Signed, find_update, load_updates},
    update::{changed, is_same},
};
use crate::{Error, ports, record::Account, session::Session};

impl Session {
    /// Makes a change ready to be signed: what is wrong in it is said before anything is asked. Gives its kind.
    pub(crate) async fn ready_update(self: &Arc<Self>, id: &str) -> Result<RecordKind, Error> {
        let (desk, id) = (Desk::open(Arc::clone(self)).await?, id.to_owned());
        desk.work(move |desk, vault| {
            let mut kept = find_update(vault, &id)?;
            if !kept.is_written() {
                return Err(RecordError::UpdateOutOfOrder.into());
            }
            if let Some(conflict) = desk.conflict(vault, &kept)? {
                if !conflict.is_empty() {
                    return Err(RecordError::UpdateConflict.into());
                }
                desk.rebase(vault, &mut kept, &BTreeSet::new())?;
            }
            if kept.update.asked().is_some_and(|asked| asked.due_at < desk.now) {
                return Err(RecordError::UpdateOverdue.into());
            }
            let (kind, record) = kept.update.record();
            let of_kind = desk.of_kind(vault, kind)?;
            let checked = desk.check(&of_kind, (kind, record), kept.update.form(), Speaker::Citizen);
            kept.update.apply(Event::Validate(&checked), desk.now)?;
            desk.store(vault, kept).map(|_| kind)
        })
        .await
    }

    /// Signs a change that is ready, and puts it into the outbox. In the store are both or neither.
    pub(crate) async fn queue_update(
        self: &Arc<Self>,
        id: &str,
        (account, passcode): (&Account, &PasscodeKey),
        finger: Option<&dyn RequestSigner>,
        done: impl FnOnce(&Vault) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let (now, wanted) = (self.inner.now()?, id.to_owned());
        let kept = self.vault(move |vault| find_update(vault, &wanted)).await?;
        let evidence: Vec<_> = kept.pieces().map(|(evidence, piece)| (evidence.clone(), piece.media)).collect();
        let statement = Statement {
            account: &account.account_id,
            submission: kept.update.submission(),
            record: kept.update.record(),
            base: kept.update.base(),
            form: kept.update.form(),
            evidence: &evidence,
        };
        let origin = self.inner.platform.origin();
        let mut statement = SignedStatement::sign(statement, origin, passcode, now).await?;
        if let Some(finger) = finger {
            statement.confirm(origin, finger).await?;
        }
        let desk = Desk::open(Arc::clone(self)).await?;
        let (id, seen) = (id.to_owned(), kept.update);
        desk.work(move |desk, vault| desk.enqueue(vault, (&id, &seen), Signed { statement, at: now }, done)).await?;
        self.tell(&[ports::Event::UpdatesChanged, ports::Event::RecordsChanged, ports::Event::HistoryChanged]);
        self.send_updates_soon();
        Ok(())
    }
}

impl Desk {
    fn enqueue(
        &self,
        vault: &mut Vault,
        (id, seen): (&str, &Update),
        signed: Signed,
        done: impl FnOnce(&Vault) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut kept = find_update(vault, id)?;
        if kept.update != *seen {
            // Another call changed it while the keys signed.
            return Err(RecordError::UpdateOutOfOrder.into());
        }
        let (present, theirs) = self.present(vault, &kept)?;
        let present = if is_same((present, &theirs), &kept) { kept.update.base() } else { present };
        kept.update.apply(Event::Sign { present }, self.now)?;
        kept.update.apply(Event::Enqueue, self.now)?;
        let kind = kept.update.record().0;
        kept.wishes = wishes(&kept, &theirs);
        (kept.signed, kept.problem, kept.changed_at) = (Some(signed), None, self.now);
        let others = self.superseded(vault, &kept)?;
        let entry = note::confirmed(kind, &self.account, self.now);
        vault.transaction(|vault| {
            others.into_iter().try_for_each(|other| other.store(vault))?;
            kept.store(vault)?;
            vault.append_history(&entry)?;
            done(vault)
        })
    }

    /// Earlier changes of the record, without what they wished: the citizen has said something newer.
    fn superseded(&self, vault: &Vault, kept: &KeptUpdate) -> Result<Vec<KeptUpdate>, Error> {
        let mut others = load_updates(vault)?;
        others.retain(|other| {
            other.update.record() == kept.update.record() && other.id() != kept.id() && !other.wishes.is_empty()
        });
        others.iter_mut().for_each(|other| other.wishes.clear());
        Ok(others)
    }
}

/// In what the change differs from the record.
fn wishes(kept: &KeptUpdate, theirs: &Form) -> BTreeMap<Path, Wish> {
    let form = kept.update.form();
    let wish = |path: &Path| form.find(path.as_str()).map_or(Wish::Empty, |text| Wish::Text(text.to_owned()));
    changed(theirs, form).into_iter().map(|path| (path.clone(), wish(&path))).collect()
}
