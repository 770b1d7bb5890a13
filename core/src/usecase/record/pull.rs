//! What the authorities say, pulled from the platform's feed page by page. A page and the place where it ends are stored together, so that
//! a kill between two pages loses nothing and takes nothing twice.

use std::{collections::BTreeSet, sync::Arc};

use eid_crypto::random;
use eid_model::{Code, UnixTime};
use eid_platform::{Change, Configuration, Cursor, Feed, Flaw, RecordGone, RecordPage, RecordReport, UpdateStep};
use eid_record::{
    Findable, Layer, Record, RecordError, RecordKind, Speaker, Verification, Wish,
    update::{Event, Moved, Says},
};
use eid_vault::Vault;

use super::{
    desk::Desk,
    note::note,
    rows::{KeptRecord, Progress, each_record, find_record, find_update, load_updates, remove_record},
};
use crate::{EidApp, Error, Unlocked, ports, session::Session, task::to_end};

/// Pages of one sync at most; the next one goes on from there.
const MOST_PAGES: usize = 1_000;

/// What a sync did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Records that are new, changed or gone.
    pub pulled: usize,
    /// Steps of authorities that moved a change on.
    pub steps: usize,
    /// What was not believed: not signed by the authority that keeps it, of another person, of a change that this phone did not send, or
    /// older than what was known.
    pub refused: usize,
    /// Requests that pulling took.
    pub requests: usize,
    /// Changes that the platform received.
    pub sent: usize,
    /// Changes that wait to be sent.
    pub waiting: usize,
}

/// What a page did, to be told once it is stored.
#[derive(Default)]
struct Taken {
    pulled: usize,
    steps: usize,
    refused: usize,
    found: Vec<((RecordKind, String), Option<Findable>)>,
    /// Evidence of a decided change was among it.
    has_erased: bool,
    /// Records of which something is pending.
    wished: BTreeSet<(RecordKind, String)>,
}

impl Unlocked {
    /// Sends what was confirmed, and pulls what the authorities say. Sending needs no more than this phone; pulling asks for
    /// [`Self::sign_in`] before. Nothing is lost or done twice wherever it breaks off. Runs to its end.
    ///
    /// # Errors
    /// [`Error::SignInNeeded`] after all was sent; [`Error::Platform`], [`Error::Vault`], [`Error::Locked`].
    pub async fn sync_records(&self) -> Result<SyncReport, Error> {
        let session = self.session()?;
        to_end(async move { session.sync_records().await }).await
    }

    /// Has the authority of a kind asked anew; gives by when its answer should be in the feed ([`Self::sync_records`]). Asks for
    /// [`Self::sign_in`] before.
    ///
    /// # Errors
    /// [`Error::SignInNeeded`]; [`Error::Platform`], [`Error::Vault`], [`Error::Locked`].
    pub async fn refresh_records(&self, kind: RecordKind) -> Result<UnixTime, Error> {
        let session = self.session()?;
        let (account, now) = (session.account().await?, session.inner.now()?);
        let access = session.access_signed_in(&account, now).await?;
        let answer = session.inner.platform.refresh_records(&access, kind, &session.device_key(&account), now).await;
        drop(access);
        session.accepted_signed_in(answer).await
    }
}

impl Session {
    async fn sync_records(self: &Arc<Self>) -> Result<SyncReport, Error> {
        self.renew_configuration().await?;
        let (sent, held_up) = self.send_updates().await?;
        let pulled = self.pull_records().await;
        let mut report = match (held_up, pulled) {
            // What kept changes from going out is told first: signing in would not help them.
            (Some(error), _) | (None, Err(error)) => return Err(error),
            (None, Ok(report)) => report,
        };
        report.sent = sent;
        let waiting = |vault: &mut Vault| Ok(load_updates(vault)?.iter().filter(|kept| kept.is_waiting()).count());
        report.waiting = self.vault(waiting).await?;
        Ok(report)
    }

    async fn pull_records(self: &Arc<Self>) -> Result<SyncReport, Error> {
        let _turn = self.pulling.lock().await;
        let mut configuration = self.inner.configuration().await?;
        let (mut is_renewed, mut is_begun_anew) = (false, false);
        let desk = Desk::open(Arc::clone(self)).await?;
        let mut report = SyncReport::default();
        for _ in 0..MOST_PAGES {
            let mut progress = self.vault(|vault| Progress::load(vault)).await?;
            if progress.cursor.is_none() && progress.pull == 0 {
                progress = self.begin_pull().await?;
            }
            let cursor = progress.cursor.clone();
            let after = cursor.map(Cursor::try_from).transpose().map_err(|_| Error::Internal)?;
            let access = self.access_signed_in(&desk.account, desk.now).await?;
            let device = self.device_key(&desk.account);
            let answer = self.inner.platform.records(&access, after.as_ref(), &device, desk.now).await;
            drop(access);
            report.requests = report.requests.saturating_add(1);
            let feed = match self.accepted_signed_in(answer).await {
                Err(error) if error.code() == Code::CURSOR_UNKNOWN && !is_begun_anew => {
                    is_begun_anew = true;
                    self.begin_pull().await?;
                    continue;
                }
                answer => answer?,
            };
            let Feed::Page(page) = feed else { break };
            let more = page.more;
            let mut verified = desk.verify(&page, &configuration);
            if !is_renewed && verified.iter().any(is_unsigned) {
                // An authority may have another key by now: what it says must not be passed over for ever.
                is_renewed = true;
                EidApp { inner: Arc::clone(&self.inner) }.renew_configuration().await?;
                configuration = self.inner.configuration().await?;
                verified = desk.verify(&page, &configuration);
            }
            progress.cursor = Some(page.next.as_str().to_owned());
            let taken = desk.clone().take(verified, more, progress).await?;
            report.pulled = report.pulled.saturating_add(taken.pulled);
            report.steps = report.steps.saturating_add(taken.steps);
            report.refused = report.refused.saturating_add(taken.refused);
            if !more {
                break;
            }
        }
        Ok(report)
    }

    /// From the beginning. What is known stays until the whole feed was seen.
    async fn begin_pull(self: &Arc<Self>) -> Result<Progress, Error> {
        let pull = u64::from_be_bytes(random(&*self.inner.ports.random)?) | 1;
        let progress = Progress { cursor: None, pull, is_whole: false };
        let stored = progress.clone();
        self.vault(move |vault| stored.store(vault)).await?;
        Ok(progress)
    }
}

impl Desk {
    fn verify(&self, page: &RecordPage, configuration: &Configuration) -> Vec<Result<Change, Flaw>> {
        page.changes.iter().map(|change| change.verify(configuration, &self.account.pid)).collect()
    }

    /// Stores what is believed of a page together with the place where it ends, and tells of it.
    async fn take(
        self,
        verified: Vec<Result<Change, Flaw>>,
        more: bool,
        mut progress: Progress,
    ) -> Result<Taken, Error> {
        let session = Arc::clone(&self.session);
        let taken = self.work(move |desk, vault| {
            let wished = load_updates(vault)?.into_iter().filter(|kept| !kept.wishes.is_empty());
            let wished = wished.map(|kept| (kept.update.record().0, kept.update.record().1.to_owned())).collect();
            let mut taken = Taken { wished, ..Taken::default() };
            vault.transaction(|vault| {
                for change in verified {
                    desk.take_change(vault, change, progress.pull, &mut taken)?;
                }
                if !more && !progress.is_whole {
                    remove_unnamed(vault, progress.pull, &mut taken)?;
                    progress.is_whole = true;
                }
                progress.store(vault)
            })?;
            if taken.has_erased {
                // Not left in the journal either. If another connection reads now, the next one cuts it.
                vault.checkpoint().ok();
            }
            desk.shelf(vault, |shelf| {
                for (key, findable) in taken.found.drain(..) {
                    match findable {
                        Some(findable) => shelf.insert(key, findable),
                        None => shelf.remove(&key),
                    };
                }
            })?;
            Ok(taken)
        });
        let taken = taken.await?;
        if taken.pulled > 0 {
            session.tell(&[ports::Event::RecordsChanged]);
        }
        if taken.steps > 0 {
            session.tell(&[ports::Event::UpdatesChanged, ports::Event::HistoryChanged]);
        }
        Ok(taken)
    }

    fn take_change(
        &self,
        vault: &Vault,
        change: Result<Change, Flaw>,
        pull: u64,
        taken: &mut Taken,
    ) -> Result<(), Error> {
        let believed = match change {
            Err(_) => false,
            Ok(Change::Record(report)) => self.take_record(vault, report, pull, taken)?,
            Ok(Change::Gone(gone)) => self.take_gone(vault, &gone, pull, taken)?,
            Ok(Change::Step(step)) => self.take_step(vault, &step, taken)?,
        };
        taken.refused = taken.refused.saturating_add(usize::from(!believed));
        Ok(())
    }

    /// False if something newer is known.
    fn take_record(&self, vault: &Vault, report: RecordReport, pull: u64, taken: &mut Taken) -> Result<bool, Error> {
        let mut kept = self.find_or_new(vault, (report.kind, &report.id), pull)?;
        let known = kept.record.as_of();
        let is_failure = self.outcome(&report.status) == Some("failed");
        // That an authority cannot answer takes nothing away from what it said before.
        let says_more = !is_failure || kept.record.form().is_empty();
        let is_news = says_more && known.is_none_or(|known| known < report.as_of);
        if is_news {
            let times = (report.as_of, self.now);
            let context = self.context(&[], Speaker::Authority);
            let layer = Layer::new(report.kind, &report.form, times, Verification::Signed, &report.status, &context).0;
            kept.record.report(&report.authority, layer)?;
            kept.findable = report.kind.findable(&self.read(report.kind, &kept.record.form()), self.tables);
            if taken.wished.contains(&(report.kind, report.id.clone())) {
                self.settle_wishes(vault, &kept.record)?;
            }
            taken.pulled = taken.pulled.saturating_add(1);
            taken.found.push(((report.kind, report.id), Some(kept.findable.clone())));
        }
        kept.pull = pull;
        kept.store(vault)?;
        Ok(known.is_none_or(|known| known <= report.as_of))
    }

    fn take_gone(&self, vault: &Vault, gone: &RecordGone, pull: u64, taken: &mut Taken) -> Result<bool, Error> {
        let mut kept = self.find_or_new(vault, (gone.kind, &gone.id), pull)?;
        let known = kept.record.as_of();
        if known.is_none_or(|known| known < gone.as_of) {
            kept.record.retract(&gone.authority, (gone.as_of, self.now), Verification::Signed)?;
            kept.findable = Findable::default();
            taken.pulled = taken.pulled.saturating_add(1);
            taken.found.push(((gone.kind, gone.id.clone()), None));
        }
        kept.pull = pull;
        kept.store(vault)?;
        Ok(known.is_none_or(|known| known <= gone.as_of))
    }

    /// False for a step of a change that this phone does not have, or did not send.
    fn take_step(&self, vault: &Vault, step: &UpdateStep, taken: &mut Taken) -> Result<bool, Error> {
        let mut kept = match find_update(vault, &step.update) {
            Err(Error::UpdateUnknown) => return Ok(false),
            found => found?,
        };
        let (kind, record) = kept.update.record();
        if (kind, record) != (step.kind, step.record.as_str()) || step.round > kept.update.submission().1 {
            return Ok(false);
        }
        let (says, number) = (step.says.clone(), step.step);
        match kept.update.apply(Event::Authority { step: number, says }, self.now) {
            Ok(Moved::On) => {}
            Ok(Moved::Not) => return Ok(true),
            Err(RecordError::UpdateOutOfOrder) => return Ok(false),
            Err(other) => return Err(other.into()),
        }
        (kept.problem, kept.left_out) = (None, step.left_out.clone());
        if matches!(step.says, Says::Supplement(_)) {
            // Another round: what was signed for the last one is over.
            kept.signed = None;
        }
        if matches!(step.says, Says::Refused { .. }) {
            kept.wishes.clear();
        }
        kept.changed_at = self.now;
        if let Some(entry) = note(kind, &self.account, &step.says, self.now) {
            vault.append_history(&entry)?;
        }
        if kept.update.is_over() {
            // Decided: nobody needs the evidence here any more.
            taken.has_erased |= kept.remove_evidence(vault)?;
        }
        kept.store(vault)?;
        taken.steps = taken.steps.saturating_add(1);
        Ok(true)
    }

    fn find_or_new(&self, vault: &Vault, (kind, id): (RecordKind, &str), pull: u64) -> Result<KeptRecord, Error> {
        let new = || Ok(KeptRecord { record: Record::new(kind, id)?, findable: Findable::default(), pull });
        find_record(vault, kind, id)?.map_or_else(new, Ok)
    }

    fn outcome(&self, status: &str) -> Option<&str> {
        self.tables.row("record_status", status).and_then(|row| row.fact("outcome"))
    }

    /// What the authority took over is not pending any more.
    fn settle_wishes(&self, vault: &Vault, record: &Record) -> Result<(), Error> {
        let (kind, form) = (record.kind(), record.form());
        let of_it = load_updates(vault)?.into_iter().filter(|kept| kept.update.record() == (kind, record.id()));
        for mut kept in of_it {
            let before = kept.wishes.len();
            kept.wishes.retain(|path, wish| match (wish, form.find(path.as_str())) {
                (Wish::Text(text), Some(official)) => text != official,
                (Wish::Empty, None) | (Wish::Nothing, _) => false,
                _ => true,
            });
            if kept.wishes.len() != before {
                kept.store(vault)?;
            }
        }
        Ok(())
    }
}

/// True if the authority, or its key, is not known.
const fn is_unsigned(change: &Result<Change, Flaw>) -> bool {
    matches!(change, Err(Flaw::Signature | Flaw::Authority))
}

/// The whole feed was seen: what it did not name is no more.
fn remove_unnamed(vault: &Vault, pull: u64, taken: &mut Taken) -> Result<(), Error> {
    let mut unnamed = Vec::new();
    each_record(vault, |kept| {
        if kept.pull != pull {
            unnamed.push((kept.record.kind(), kept.record.id().to_owned()));
        }
    })?;
    for (kind, id) in unnamed {
        remove_record(vault, kind, &id)?;
        taken.pulled = taken.pulled.saturating_add(1);
        taken.found.push(((kind, id), None));
    }
    Ok(())
}
