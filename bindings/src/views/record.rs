//! Views of records: what the authorities say, and what the citizen says beside it.

use eid_record::{Finding, HolderMismatch, Likeness, Line, Mismatch, Path, Provenance, Severity, Tables, Wish};

use super::{count, redacted};
use crate::Language;

redacted!(RecordView, LineView, FindingView, PendingView, MismatchView, StatedView, HolderMismatchView, RecordHitView);

/// A record with what is said of it. Texts are in the language that was asked for.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct RecordView {
    /// The kind, as [`crate::RecordKindInfo::kind`] names it.
    pub kind: String,
    /// Which one; the kind's name for an answer that there is none, or that the authority could not answer.
    pub id: String,
    /// What tells it from others of its kind, masked.
    pub title: String,
    /// What the authority is called that keeps it.
    pub authority: String,
    /// What the authority says of it: a code, `ok` say. None if it has said nothing yet.
    pub status: Option<String>,
    /// The same in words.
    pub status_text: Option<String>,
    /// When it was so: seconds since 1970.
    pub as_of: Option<i64>,
    /// True if the authority should be asked again: `refresh_records`.
    pub is_stale: bool,
    /// The fields, in the order of the form.
    pub lines: Vec<LineView>,
    /// What is odd or wrong in it.
    pub findings: Vec<FindingView>,
    /// Changes that were confirmed and that the authority has not taken over.
    pub pending: Vec<PendingView>,
    /// Where the citizen, or another authority, says otherwise.
    pub mismatches: Vec<MismatchView>,
    /// Where it says something else of its holder than the register does.
    pub holder_mismatches: Vec<HolderMismatchView>,
}

impl RecordView {
    pub(crate) fn new(view: eid_core::RecordView, language: Language) -> Self {
        let eid_core::RecordView {
            kind,
            id,
            title,
            authority,
            status,
            as_of,
            is_stale,
            lines,
            findings,
            pending,
            mismatches,
            holder_mismatches,
        } = view;
        Self {
            kind: kind.name().to_owned(),
            id,
            title,
            authority: word("authorities", authority, language),
            status_text: status.as_deref().map(|code| word("record_status", code, language)),
            status,
            as_of: as_of.map(|at| at.seconds()),
            is_stale,
            lines: lines.into_iter().map(LineView::from).collect(),
            findings: findings.iter().map(FindingView::from).collect(),
            pending: pending.into_iter().map(PendingView::from).collect(),
            mismatches: mismatches.into_iter().map(|mismatch| MismatchView::new(mismatch, language)).collect(),
            holder_mismatches: holder_mismatches.into_iter().map(HolderMismatchView::from).collect(),
        }
    }
}

/// One field of a record.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct LineView {
    /// Where it stands, as in the form.
    pub path: String,
    /// What the field is called.
    pub label: String,
    /// The value in words.
    pub text: String,
    /// What is shown until the holder asks for all of it.
    pub masked: String,
    /// The group that it is shown with.
    pub group: Option<String>,
    /// True for sensitive personal data.
    pub is_sensitive: bool,
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        let Line { path, label, text, masked, group, sensitive } = line;
        Self { path: path.as_str().to_owned(), label, text, masked, group, is_sensitive: sensitive }
    }
}

/// Something wrong or odd about a field.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct FindingView {
    /// The field, as the form names it.
    pub path: String,
    /// The stable code; [`crate::error_text`] says what to do.
    pub code: u32,
    /// True if it cannot be sent so; false if it is odd only.
    pub is_error: bool,
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        Self {
            path: finding.path().as_str().to_owned(),
            code: finding.code().number().into(),
            is_error: finding.severity() == Severity::Error,
        }
    }
}

/// What the citizen wants a field to say.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct PendingView {
    /// The field.
    pub path: String,
    /// The text; none if it shall be empty.
    pub text: Option<String>,
}

impl From<(Path, Wish)> for PendingView {
    fn from((path, wish): (Path, Wish)) -> Self {
        let text = match wish {
            Wish::Text(text) => Some(text),
            Wish::Empty | Wish::Nothing => None,
        };
        Self { path: path.as_str().to_owned(), text }
    }
}

/// A field that two who speak of the record say differently.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct MismatchView {
    /// The field.
    pub path: String,
    /// What is shown.
    pub shown: StatedView,
    /// What the other says.
    pub other: StatedView,
    /// True if it may be one thing said in two ways.
    pub is_alike: bool,
}

/// What somebody says, and since when.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct StatedView {
    /// The text; none for an empty field.
    pub text: Option<String>,
    /// Who says it; none for the citizen.
    pub authority: Option<String>,
    /// Since when it is known: seconds since 1970.
    pub as_of: i64,
}

impl StatedView {
    fn new(text: Option<String>, provenance: Provenance, language: Language) -> Self {
        let Provenance { authority, as_of, verification: _ } = provenance;
        let authority = authority.map(|code| word("authorities", &code, language));
        Self { text, authority, as_of: as_of.seconds() }
    }
}

impl MismatchView {
    fn new(mismatch: Mismatch, language: Language) -> Self {
        let Mismatch { path, shown, other, likeness } = mismatch;
        Self {
            path: path.as_str().to_owned(),
            shown: StatedView::new(Some(shown.0), shown.1, language),
            other: StatedView::new(other.0, other.1, language),
            is_alike: likeness != Likeness::Different,
        }
    }
}

/// A field in which the record and the register differ about its holder.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct HolderMismatchView {
    /// The field.
    pub path: String,
    /// What the record says.
    pub stated: String,
    /// What the register says.
    pub registered: String,
    /// True if it may be one thing said in two ways.
    pub is_alike: bool,
}

impl From<HolderMismatch> for HolderMismatchView {
    fn from(mismatch: HolderMismatch) -> Self {
        let HolderMismatch { path, stated, registered, likeness } = mismatch;
        let is_alike = likeness != Likeness::Different;
        Self { path: path.as_str().to_owned(), stated, registered, is_alike }
    }
}

/// A record that was found.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct RecordHitView {
    /// The kind.
    pub kind: String,
    /// Which one.
    pub id: String,
    /// What tells it from others of its kind, masked.
    pub title: String,
}

impl From<eid_core::RecordHit> for RecordHitView {
    fn from(hit: eid_core::RecordHit) -> Self {
        let eid_core::RecordHit { kind, id, title } = hit;
        Self { kind: kind.name().to_owned(), id, title }
    }
}

/// What a sync did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SyncView {
    /// Records that are new, changed or gone.
    pub pulled: u32,
    /// Steps of authorities that moved a change on.
    pub steps: u32,
    /// What was not believed: not signed by the authority that keeps it, of another person, of a change that this phone did not send, or
    /// older than what was known.
    pub refused: u32,
    /// Requests that pulling took.
    pub requests: u32,
    /// Changes that the platform received.
    pub sent: u32,
    /// Changes that wait to be sent.
    pub waiting: u32,
}

impl From<eid_core::SyncReport> for SyncView {
    fn from(report: eid_core::SyncReport) -> Self {
        let eid_core::SyncReport { pulled, steps, refused, requests, sent, waiting } = report;
        Self {
            pulled: count(pulled),
            steps: count(steps),
            refused: count(refused),
            requests: count(requests),
            sent: count(sent),
            waiting: count(waiting),
        }
    }
}

/// A code in words, or as it is if the table does not have it.
pub(crate) fn word(table: &str, code: &str, language: Language) -> String {
    let row = Tables::embedded().row(table, code);
    row.map_or(code, |row| row.label().text(language.into())).to_owned()
}
