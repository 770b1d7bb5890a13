//! Writing a change of a record (cập nhật dữ liệu): a draft that is in the store before each call returns.

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{Random, random};
use eid_model::{Code, UnixTime};
use eid_record::{
    Finding, Form, Path, Record, RecordKind, Speaker,
    update::{Asked, Event, Reason, Receipt, State, Update},
};
use eid_vault::Vault;

use super::{
    desk::Desk,
    evidence::EvidenceView,
    rows::{KeptUpdate, find_record, find_update, load_updates, make_room, remove_update},
};
use crate::{Error, Unlocked, ports};

/// A change of a record and how far it is. `Debug` shows no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateView {
    /// Names it.
    pub id: String,
    /// The kind of its record.
    pub kind: RecordKind,
    /// The record; made by the phone for a new one.
    pub record: String,
    /// How far it is.
    pub state: State,
    /// What the record shall say, as it was typed.
    pub form: Form,
    /// What is wrong or odd in it, by this phone.
    pub findings: Vec<Finding>,
    /// What the platform found wrong in it when it was sent last.
    pub refused_fields: Vec<(Path, u16)>,
    /// The evidence.
    pub evidence: Vec<EvidenceView>,
    /// What the platform confirmed last.
    pub receipt: Option<Receipt>,
    /// What the authority asked for.
    pub asked: Option<Asked>,
    /// Why the authority took over a part of it only: the rest is among what is pending of the record.
    pub left_out: Option<Reason>,
    /// The record changed since: the fields in which both sides did. [`Unlocked::rebase_update`] goes on from there. Empty if the citizen
    /// has nothing to decide.
    pub conflict: Option<Vec<Conflict>>,
    /// Why the platform did not take it when it was sent last.
    pub problem: Option<Code>,
    /// When it was begun.
    pub began_at: UnixTime,
    /// When it changed last.
    pub changed_at: UnixTime,
}

/// A field that the citizen and the authority both changed. `Debug` does not show the values.
#[derive(Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The field.
    pub path: Path,
    /// What the citizen wants; `None` for nothing.
    pub mine: Option<String>,
    /// What the record says now.
    pub theirs: Option<String>,
}

impl core::fmt::Debug for Conflict {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Conflict({:?})", self.path)
    }
}

impl Unlocked {
    /// Begins a change of a record, or of a new one. The form holds what the record says now, or what an authority refused last; a change
    /// of the same record that is being written is given back instead. Sends nothing.
    ///
    /// # Errors
    /// [`Error::RecordUnknown`], [`Error::ListFull`]; [`Error::Vault`], [`Error::Clock`], [`Error::Locked`].
    pub async fn begin_update(&self, kind: RecordKind, record: Option<&str>) -> Result<UpdateView, Error> {
        let (desk, record) = (Desk::open(self.session()?).await?, record.map(str::to_owned));
        let session = Arc::clone(&desk.session);
        let view = desk.work(move |desk, vault| desk.begin(vault, kind, record.as_deref())).await?;
        session.tell(&[ports::Event::UpdatesChanged]);
        Ok(view)
    }

    /// Changes texts of the form by their paths; `None` takes one out. Whatever is typed is kept, and what is wrong is among the findings.
    /// Not an error if nothing changes.
    ///
    /// # Errors
    /// [`Error::Record`] for a path that is none, a form that grows too large, or an update that is on its way; [`Error::UpdateUnknown`],
    /// [`Error::Vault`], [`Error::Clock`], [`Error::Locked`].
    pub async fn edit_update(&self, id: &str, changes: Vec<(String, Option<String>)>) -> Result<UpdateView, Error> {
        let (desk, id) = (Desk::open(self.session()?).await?, id.to_owned());
        desk.work(move |desk, vault| {
            let mut kept = find_update(vault, &id)?;
            let mut form = kept.update.form().clone();
            for (path, text) in changes {
                let path = Path::parse(&path)?;
                match text {
                    Some(text) => form.set(path, &text)?,
                    None => drop(form.remove(&path)),
                }
            }
            kept.update.apply(Event::Edit(&form), desk.now)?;
            desk.store(vault, kept)
        })
        .await
    }

    /// A change and how far it is. Asks nobody.
    ///
    /// # Errors
    /// [`Error::UpdateUnknown`]; [`Error::Vault`], [`Error::Clock`], [`Error::Locked`].
    pub async fn update(&self, id: &str) -> Result<UpdateView, Error> {
        let (desk, id) = (Desk::open(self.session()?).await?, id.to_owned());
        desk.work(move |desk, vault| desk.update_view(vault, &find_update(vault, &id)?)).await
    }

    /// All changes, in the order in which they were begun; 500 are kept, and the oldest that are over make room. Asks nobody.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Clock`], [`Error::Locked`].
    pub async fn updates(&self) -> Result<Vec<UpdateView>, Error> {
        let desk = Desk::open(self.session()?).await?;
        desk.work(|desk, vault| load_updates(vault)?.iter().map(|kept| desk.update_view(vault, kept)).collect()).await
    }

    /// Gives a change up that the platform has not had, and erases it with its evidence. Not an error if there is none.
    ///
    /// # Errors
    /// [`Error::Record`] once it is on its way: only the authority ends it then. [`Error::Vault`], [`Error::Clock`], [`Error::Locked`].
    pub async fn withdraw_update(&self, id: &str) -> Result<(), Error> {
        let (desk, id) = (Desk::open(self.session()?).await?, id.to_owned());
        let session = Arc::clone(&desk.session);
        desk.work(move |desk, vault| {
            let mut kept = match find_update(vault, &id) {
                Err(Error::UpdateUnknown) => return Ok(()),
                found => found?,
            };
            kept.update.apply(Event::Withdraw, desk.now)?;
            vault.transaction(|vault| remove_update(vault, &kept))?;
            vault.make_durable()?;
            // Not left in the journal either. If another connection reads now, the next one cuts it.
            vault.checkpoint().ok();
            Ok(())
        })
        .await?;
        session.tell(&[ports::Event::UpdatesChanged]);
        Ok(())
    }

    /// Goes on from the record as it is now. Fields that only the authority changed follow it; of those that both changed, the ones in
    /// `keep` stay as the citizen typed them. It is confirmed again afterwards.
    ///
    /// # Errors
    /// [`Error::Record`] for an update that is on its way; [`Error::UpdateUnknown`], [`Error::Vault`], [`Error::Clock`],
    /// [`Error::Locked`].
    pub async fn rebase_update(&self, id: &str, keep: &[String]) -> Result<UpdateView, Error> {
        let (desk, id) = (Desk::open(self.session()?).await?, id.to_owned());
        let keep: BTreeSet<String> = keep.iter().cloned().collect();
        desk.work(move |desk, vault| {
            let mut kept = find_update(vault, &id)?;
            desk.rebase(vault, &mut kept, &keep)?;
            desk.store(vault, kept)
        })
        .await
    }
}

impl Desk {
    fn begin(&self, vault: &mut Vault, kind: RecordKind, record: Option<&str>) -> Result<UpdateView, Error> {
        let known = record.map(|id| find_record(vault, kind, id)).transpose()?.flatten();
        let known = known.map(|kept| kept.record).filter(|record| !record.is_gone());
        // "No data found" is no record that could be changed.
        let is_answer = known.as_ref().is_some_and(|record| record.form().is_empty());
        let record = record.filter(|_| !is_answer);
        let of_it = |kept: &KeptUpdate| record.is_some_and(|id| kept.update.record() == (kind, id));
        let (mut seen, mut refused) = (Form::new(), None);
        for kept in load_updates(vault)?.into_iter().filter(of_it) {
            match kept.update.state() {
                State::Draft | State::Validated | State::Evidenced | State::Supplement => {
                    return self.update_view(vault, &kept);
                }
                State::Refused { .. } => refused = Some(kept.update.form().clone()),
                _ => refused = None,
            }
        }
        if record.is_some() && known.is_none() && refused.is_none() {
            return Err(Error::RecordUnknown);
        }
        let base = known.as_ref().filter(|_| record.is_some()).and_then(Record::as_of);
        if let (Some(known), Some(_)) = (&known, record) {
            seen = writable(kind, &known.form());
        }
        let rng = &*self.session.inner.ports.random;
        let record =
            record.map_or_else(|| Ok(format!("new-{}", make_name(rng)?)), |id| Ok::<_, Error>(id.to_owned()))?;
        let form = refused.unwrap_or_else(|| seen.clone());
        let update = Update::begin(&make_name(rng)?, (kind, &record), base, form)?;
        vault.transaction(make_room)?;
        self.store(vault, KeptUpdate::new(update, seen, self.now))
    }

    /// Keeps it, and shows it.
    pub(super) fn store(&self, vault: &mut Vault, mut kept: KeptUpdate) -> Result<UpdateView, Error> {
        kept.changed_at = self.now;
        let view = self.update_view(vault, &kept)?;
        vault.transaction(|vault| kept.store(vault))?;
        Ok(view)
    }

    pub(super) fn rebase(&self, vault: &Vault, kept: &mut KeptUpdate, keep: &BTreeSet<String>) -> Result<(), Error> {
        let (present, theirs) = self.present(vault, kept)?;
        let mut form = kept.update.form().clone();
        for path in changed(&kept.seen, &theirs) {
            let (mine, before) = (form.find(path.as_str()), kept.seen.find(path.as_str()));
            if mine != before && keep.contains(path.as_str()) {
                continue;
            }
            match theirs.find(path.as_str()) {
                Some(text) => form.set(path, text)?,
                None => drop(form.remove(&path)),
            }
        }
        kept.update.apply(Event::Rebase { present }, self.now)?;
        kept.update.apply(Event::Edit(&form), self.now)?;
        kept.seen = theirs;
        if kept.problem.as_ref().is_some_and(|problem| problem.code == Code::RECORD_CHANGED) {
            kept.problem = None;
        }
        Ok(())
    }

    /// What the record says now, as far as a citizen says it, and since when.
    pub(super) fn present(&self, vault: &Vault, kept: &KeptUpdate) -> Result<(Option<UnixTime>, Form), Error> {
        let (kind, id) = kept.update.record();
        let record = find_record(vault, kind, id)?.map(|kept| kept.record).filter(|record| !record.is_gone());
        Ok(record.map_or_else(Default::default, |record| (record.as_of(), writable(kind, &record.form()))))
    }

    pub(super) fn update_view(&self, vault: &Vault, kept: &KeptUpdate) -> Result<UpdateView, Error> {
        let (kind, record) = kept.update.record();
        let is_written = kept.is_written();
        let findings = match is_written {
            true => {
                let of_kind = self.of_kind(vault, kind)?;
                self.check(&of_kind, (kind, record), kept.update.form(), Speaker::Citizen).findings().to_vec()
            }
            false => Vec::new(),
        };
        let conflict = if is_written { self.conflict(vault, kept)? } else { None };
        let problem = kept.problem.as_ref();
        Ok(UpdateView {
            id: kept.id().to_owned(),
            kind,
            record: record.to_owned(),
            state: kept.update.state().clone(),
            form: kept.update.form().clone(),
            findings,
            refused_fields: problem.map(|problem| problem.fields.clone()).unwrap_or_default(),
            evidence: kept.evidence(),
            receipt: kept.update.receipt().cloned(),
            asked: kept.update.asked().cloned(),
            left_out: kept.left_out.clone(),
            conflict,
            problem: problem.map(|problem| problem.code),
            began_at: kept.began_at,
            changed_at: kept.changed_at,
        })
    }

    pub(super) fn conflict(&self, vault: &Vault, kept: &KeptUpdate) -> Result<Option<Vec<Conflict>>, Error> {
        let (present, theirs) = self.present(vault, kept)?;
        if is_same((present, &theirs), kept) {
            return Ok(None);
        }
        let text = |form: &Form, path: &Path| form.find(path.as_str()).map(str::to_owned);
        let both = changed(&kept.seen, &theirs).into_iter().filter_map(|path| {
            let (mine, before) = (text(kept.update.form(), &path), text(&kept.seen, &path));
            let theirs = text(&theirs, &path);
            (mine != before && mine != theirs).then_some(Conflict { path, mine, theirs })
        });
        Ok(Some(both.collect()))
    }
}

impl KeptUpdate {
    pub(super) fn new(update: Update, seen: Form, now: UnixTime) -> Self {
        let (signed, receipt, wishes, left_out, problem, pieces) = Default::default();
        Self { update, began_at: now, changed_at: now, seen, signed, receipt, wishes, left_out, problem, pieces }
    }

    /// True while the citizen can change it.
    pub(super) fn is_written(&self) -> bool {
        matches!(self.update.state(), State::Draft | State::Validated | State::Evidenced | State::Supplement)
    }
}

/// What of a record a citizen can say.
fn writable(kind: RecordKind, form: &Form) -> Form {
    let mut writable = form.clone();
    for (path, _) in form.iter() {
        if kind.definition().find(path).is_some_and(eid_record::Field::is_official) {
            writable.remove(path);
        }
    }
    writable
}

/// True if the record is as it was when the change was begun. That the authority said the same again changes nothing.
pub(super) fn is_same((present, theirs): (Option<UnixTime>, &Form), kept: &KeptUpdate) -> bool {
    present == kept.update.base() || (present.is_some() && kept.update.base().is_some() && *theirs == kept.seen)
}

/// The paths at which two forms differ.
pub(super) fn changed(one: &Form, other: &Form) -> Vec<Path> {
    let paths: BTreeSet<&Path> = one.iter().chain(other.iter()).map(|(path, _)| path).collect();
    paths.into_iter().filter(|path| one.find(path.as_str()) != other.find(path.as_str())).cloned().collect()
}

fn make_name(rng: &dyn Random) -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(random::<16>(rng)?))
}
