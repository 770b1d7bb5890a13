//! Records as screens show them.

use eid_model::{Language, UnixTime};
use eid_record::{Finding, HolderMismatch, Line, Mismatch, Path, Payload, Query, Record, RecordKind, Speaker, Wish};
use eid_vault::Vault;

use super::{
    desk::{Desk, ids},
    rows::{KeptUpdate, find_record, load_updates},
};
use crate::{Error, Unlocked};

/// Most records that one search gives.
const MOST_HITS: usize = 100;

/// A record with what is said of it. `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordView {
    /// The kind.
    pub kind: RecordKind,
    /// Which one; the kind's name for an answer that there is none, or that the authority could not answer.
    pub id: String,
    /// What tells it from others of its kind, masked.
    pub title: String,
    /// The authority that keeps it, a code of the table `authorities`.
    pub authority: &'static str,
    /// What the authority says of it, a code of the table `record_status`; `None` if it has said nothing yet.
    pub status: Option<String>,
    /// When it was so.
    pub as_of: Option<UnixTime>,
    /// True if the authority should be asked again: [`Unlocked::refresh_records`].
    pub is_stale: bool,
    /// The fields, in the order of the form.
    pub lines: Vec<Line>,
    /// What is odd or wrong in it.
    pub findings: Vec<Finding>,
    /// Changes that were confirmed and that the authority has not taken over.
    pub pending: Vec<(Path, Wish)>,
    /// Where the citizen, or another authority, says otherwise.
    pub mismatches: Vec<Mismatch>,
    /// Where it says something else of its holder than the register does.
    pub holder_mismatches: Vec<HolderMismatch>,
}

impl core::fmt::Debug for RecordView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RecordView({}, {:?}, {} lines)", self.kind.name(), self.status, self.lines.len())
    }
}

/// A record that was found. `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordHit {
    /// The kind.
    pub kind: RecordKind,
    /// Which one.
    pub id: String,
    /// What tells it from others of its kind, masked.
    pub title: String,
}

impl core::fmt::Debug for RecordHit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RecordHit({})", self.kind.name())
    }
}

impl Unlocked {
    /// The records that this phone has, of a kind or all, with what is pending of them. Asks nobody.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Clock`], [`Error::Locked`].
    pub async fn records(&self, kind: Option<RecordKind>, language: Language) -> Result<Vec<RecordView>, Error> {
        let desk = Desk::open(self.session()?).await?;
        desk.work(move |desk, vault| {
            let updates = load_updates(vault)?;
            let kinds = kind.map_or(RecordKind::ALL.to_vec(), |kind| vec![kind]);
            let mut views = Vec::new();
            for kind in kinds {
                let mut all = desk.shelf(vault, |shelf| ids(shelf, kind))?;
                let begun = updates.iter().filter(|kept| kept.update.record().0 == kind && !kept.wishes.is_empty());
                all.extend(begun.map(|kept| kept.update.record().1.to_owned()));
                all.sort_unstable();
                all.dedup();
                let of_kind = desk.of_kind(vault, kind)?;
                for id in &all {
                    views.extend(desk.view(vault, &of_kind, (kind, id), (&updates, language))?);
                }
            }
            Ok(views)
        })
        .await
    }

    /// One record. Asks nobody.
    ///
    /// # Errors
    /// [`Error::RecordUnknown`]; [`Error::Vault`], [`Error::Clock`], [`Error::Locked`].
    pub async fn record(&self, kind: RecordKind, id: &str, language: Language) -> Result<RecordView, Error> {
        let (desk, id) = (Desk::open(self.session()?).await?, id.to_owned());
        desk.work(move |desk, vault| {
            let updates = load_updates(vault)?;
            let of_kind = desk.of_kind(vault, kind)?;
            desk.view(vault, &of_kind, (kind, &id), (&updates, language))?.ok_or(Error::RecordUnknown)
        })
        .await
    }

    /// The records that a text fits, best first, at most `limit` (1–100): without accents, in either tone spelling, with or without the
    /// signs between digits. Asks nobody.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Clock`], [`Error::Locked`].
    pub async fn search_records(&self, text: &str, limit: usize, language: Language) -> Result<Vec<RecordHit>, Error> {
        let Some(query) = Query::parse(text) else { return Ok(Vec::new()) };
        let desk = Desk::open(self.session()?).await?;
        desk.work(move |desk, vault| {
            let limit = limit.clamp(1, MOST_HITS);
            let found = desk.shelf(vault, |shelf| {
                let (keys, texts): (Vec<_>, Vec<_>) = shelf.iter().unzip();
                let places = query.find(texts).into_iter().take(limit);
                places.filter_map(|place| keys.get(place).map(|key| (*key).clone())).collect::<Vec<_>>()
            })?;
            let mut hits = Vec::with_capacity(found.len());
            for (kind, id) in found {
                let Some(kept) = find_record(vault, kind, &id)? else { continue };
                let title = desk.title(kind, &desk.read(kind, &kept.record.form()), language);
                hits.push(RecordHit { kind, id, title });
            }
            Ok(hits)
        })
        .await
    }
}

impl Desk {
    /// A record as it is shown; `None` if there is nothing to show.
    pub(super) fn view(
        &self,
        vault: &Vault,
        of_kind: &[(String, Payload)],
        (kind, id): (RecordKind, &str),
        (updates, language): (&[KeptUpdate], Language),
    ) -> Result<Option<RecordView>, Error> {
        let Some(record) = self.with_wishes(vault, (kind, id), updates)? else { return Ok(None) };
        let form = record.form();
        let checked = self.check(of_kind, (kind, id), &form, Speaker::Authority);
        let definition = kind.definition();
        Ok(Some(RecordView {
            kind,
            id: id.to_owned(),
            title: self.title(kind, checked.payload(), language),
            authority: definition.authority(),
            status: record.status().map(str::to_owned),
            as_of: record.as_of(),
            is_stale: self.now >= record.due_at(false, self.tables),
            lines: kind.lines(checked.payload(), self.tables, language),
            // An answer without a record misses nothing.
            findings: if form.is_empty() { Vec::new() } else { checked.findings().to_vec() },
            pending: record.pending().map(|(path, wish)| (path.clone(), wish.clone())).collect(),
            mismatches: record.mismatches(),
            holder_mismatches: kind.holder_mismatches(checked.payload(), self.holder()),
        }))
    }

    /// The record with what the citizen has confirmed beside it.
    fn with_wishes(
        &self,
        vault: &Vault,
        (kind, id): (RecordKind, &str),
        updates: &[KeptUpdate],
    ) -> Result<Option<Record>, Error> {
        let kept = find_record(vault, kind, id)?.map(|kept| kept.record).filter(|record| !record.is_gone());
        let wishing = updates.iter().filter(|kept| kept.update.record() == (kind, id) && !kept.wishes.is_empty());
        let Some(last) = wishing.max_by_key(|kept| kept.changed_at) else { return Ok(kept) };
        let mut record = kept.map_or_else(|| Record::new(kind, id), Ok)?;
        let mut form = record.form();
        for (path, wish) in &last.wishes {
            match wish {
                Wish::Text(text) => form.set(path.clone(), text)?,
                Wish::Empty | Wish::Nothing => drop(form.remove(path)),
            }
        }
        let checked = kind.validate(&form, &self.context(&[], Speaker::Authority));
        record.declare(&checked, last.changed_at);
        Ok(Some(record))
    }

    fn title(&self, kind: RecordKind, payload: &Payload, language: Language) -> String {
        let title = kind.title(payload, self.tables, language);
        if title.is_empty() { kind.definition().label().text(language).to_owned() } else { title }
    }
}
