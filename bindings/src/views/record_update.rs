//! Views of changes of records: how far each is, and what came of it.

use eid_core::{Conflict, EvidenceView, UpdateView};
use eid_record::update::{Asked, Reason, Receipt, State};

use super::{FindingView, redacted};

redacted!(RecordUpdateView, FieldText, UpdateEvidenceView, UpdateReceiptView, UpdateReason, ConflictView);

/// A change of a record (hồ sơ cập nhật).
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct RecordUpdateView {
    /// Names it.
    pub id: String,
    /// The kind of its record.
    pub kind: String,
    /// The record; made by the phone for a new one.
    pub record: String,
    /// How far it is.
    pub step: UpdateStep,
    /// What the record shall say, as it was typed.
    pub form: Vec<FieldText>,
    /// What is wrong or odd in it, by this phone.
    pub findings: Vec<FindingView>,
    /// What the platform found wrong in it when it was sent last.
    pub refused_fields: Vec<FindingView>,
    /// The evidence (giấy tờ chứng minh).
    pub evidence: Vec<UpdateEvidenceView>,
    /// What the platform confirmed last (biên nhận).
    pub receipt: Option<UpdateReceiptView>,
    /// Why the authority asked for more, refused, or took a part only.
    pub reason: Option<UpdateReason>,
    /// While the authority looks at it, until when it means to decide; of a supplement, until when it can be sent; of a refusal,
    /// until when an appeal (khiếu nại) is possible. Seconds since 1970.
    pub due_at: Option<i64>,
    /// The record changed since: the fields in which both sides did. `rebase_update` goes on from there. Empty if the citizen has
    /// nothing to decide.
    pub conflict: Option<Vec<ConflictView>>,
    /// The stable code of why the platform did not take it when it was sent last.
    pub problem: Option<u32>,
    /// When it was begun: seconds since 1970.
    pub began_at: i64,
    /// When it changed last.
    pub changed_at: i64,
}

/// How far a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum UpdateStep {
    /// Being written (bản nháp).
    Draft,
    /// Checked on the phone, and nothing is wrong.
    Validated,
    /// Evidence is attached.
    Evidenced,
    /// The citizen confirmed it.
    Signed,
    /// It waits to be sent.
    Queued,
    /// The platform confirmed that all of it arrived.
    Received,
    /// The authority looks at it.
    Checking,
    /// The authority needs more (bổ sung hồ sơ).
    Supplement,
    /// The authority took it over.
    Accepted,
    /// The authority refused it.
    Refused,
    /// The citizen gave it up.
    Withdrawn,
}

/// One text of a form.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct FieldText {
    /// The field.
    pub path: String,
    /// What stands there.
    pub text: String,
}

/// A piece of evidence.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct UpdateEvidenceView {
    /// SHA-256 of what is sent: names it.
    pub sha256: Vec<u8>,
    /// How many bytes.
    pub bytes: u64,
    /// Its media type.
    pub media_type: String,
    /// True if the platform has it.
    pub is_uploaded: bool,
}

/// What the platform confirmed.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct UpdateReceiptView {
    /// The dossier's number (mã hồ sơ).
    pub dossier: String,
    /// Which sending it confirms: 0 for the first, one more for each supplement.
    pub round: u32,
    /// When it arrived: seconds since 1970.
    pub received_at: i64,
}

/// Why an authority asks for more or refuses.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct UpdateReason {
    /// The stable code; [`crate::error_text`] says what to do, if this version knows it.
    pub code: u32,
    /// The field that it is about.
    pub path: Option<String>,
    /// What the authority says besides.
    pub note: Option<String>,
}

/// A field that the citizen and the authority both changed.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ConflictView {
    /// The field.
    pub path: String,
    /// What the citizen wants; none for nothing.
    pub mine: Option<String>,
    /// What the record says now.
    pub theirs: Option<String>,
}

impl From<UpdateView> for RecordUpdateView {
    fn from(view: UpdateView) -> Self {
        let UpdateView {
            id,
            kind,
            record,
            state,
            form,
            findings,
            refused_fields,
            evidence,
            receipt,
            asked,
            left_out,
            conflict,
            problem,
            began_at,
            changed_at,
        } = view;
        let (step, decided, due_at) = step_of(state);
        let (asked, asked_until) = asked.map(|Asked { reason, due_at }| (reason, due_at.seconds())).unzip();
        let text = |(path, text): (&eid_record::Path, &str)| FieldText {
            path: path.as_str().to_owned(),
            text: text.to_owned(),
        };
        let refused = |(path, code): (eid_record::Path, u16)| FindingView {
            path: path.as_str().to_owned(),
            code: code.into(),
            is_error: true,
        };
        Self {
            id,
            kind: kind.name().to_owned(),
            record,
            step,
            form: form.iter().map(text).collect(),
            findings: findings.iter().map(FindingView::from).collect(),
            refused_fields: refused_fields.into_iter().map(refused).collect(),
            evidence: evidence.into_iter().map(UpdateEvidenceView::from).collect(),
            receipt: receipt.map(UpdateReceiptView::from),
            reason: decided.or(asked).or(left_out).map(UpdateReason::from),
            due_at: due_at.or(asked_until),
            conflict: conflict.map(|fields| fields.into_iter().map(ConflictView::from).collect()),
            problem: problem.map(|code| code.number().into()),
            began_at: began_at.seconds(),
            changed_at: changed_at.seconds(),
        }
    }
}

/// The step, and what else the state says: a reason, and a time.
fn step_of(state: State) -> (UpdateStep, Option<Reason>, Option<i64>) {
    let plain = |step| (step, None, None);
    match state {
        State::Draft => plain(UpdateStep::Draft),
        State::Validated => plain(UpdateStep::Validated),
        State::Evidenced => plain(UpdateStep::Evidenced),
        State::Signed => plain(UpdateStep::Signed),
        State::Queued => plain(UpdateStep::Queued),
        State::Received => plain(UpdateStep::Received),
        State::Checking { due_at } => (UpdateStep::Checking, None, due_at.map(|at| at.seconds())),
        State::Supplement => plain(UpdateStep::Supplement),
        State::Accepted => plain(UpdateStep::Accepted),
        State::Refused { reason, appeal_until } => {
            (UpdateStep::Refused, Some(reason), appeal_until.map(|at| at.seconds()))
        }
        State::Withdrawn => plain(UpdateStep::Withdrawn),
    }
}

impl From<EvidenceView> for UpdateEvidenceView {
    fn from(view: EvidenceView) -> Self {
        let EvidenceView { sha256, bytes, media_type, is_uploaded } = view;
        Self { sha256: sha256.to_vec(), bytes, media_type, is_uploaded }
    }
}

impl From<Receipt> for UpdateReceiptView {
    fn from(receipt: Receipt) -> Self {
        let Receipt { dossier, round, received_at, evidence: _ } = receipt;
        Self { dossier, round, received_at: received_at.seconds() }
    }
}

impl From<Reason> for UpdateReason {
    fn from(reason: Reason) -> Self {
        let Reason { code, path, note } = reason;
        Self { code: code.into(), path: path.map(|path| path.as_str().to_owned()), note }
    }
}

impl From<Conflict> for ConflictView {
    fn from(conflict: Conflict) -> Self {
        let Conflict { path, mine, theirs } = conflict;
        Self { path: path.as_str().to_owned(), mine, theirs }
    }
}

#[cfg(test)]
mod tests {
    use eid_model::{Code, UnixTime};
    use eid_record::{Finding, Form, Path, RecordKind};

    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    fn reason(code: Code) -> Reason {
        Reason { code: code.number(), path: Path::parse("number").ok(), note: Some("planted".to_owned()) }
    }

    fn view(state: State, asked: Option<Asked>) -> UpdateView {
        let mut form = Form::new();
        form.set(Path::parse("classes[planted].class").unwrap(), "planted").unwrap();
        let path = || Path::parse("classes[planted].class").unwrap();
        UpdateView {
            id: "a".to_owned(),
            kind: RecordKind::DrivingLicence,
            record: "new-b".to_owned(),
            state,
            form,
            findings: Vec::<Finding>::new(),
            refused_fields: vec![(path(), 8120)],
            evidence: vec![EvidenceView {
                sha256: [7; 32],
                bytes: 9,
                media_type: "image/jpeg".to_owned(),
                is_uploaded: true,
            }],
            receipt: Some(Receipt {
                dossier: "planted".to_owned(),
                round: 1,
                received_at: at(5),
                evidence: vec![[7; 32]],
            }),
            asked,
            left_out: None,
            conflict: Some(vec![Conflict { path: path(), mine: Some("planted".to_owned()), theirs: None }]),
            problem: Some(Code::FORM_INVALID),
            began_at: at(1),
            changed_at: at(2),
        }
    }

    #[test]
    fn every_state_is_told_with_its_reason_and_its_day() {
        let asked = || Asked { reason: reason(Code::REASON_EVIDENCE_NEEDED), due_at: at(40) };
        let refused = State::Refused { reason: reason(Code::REASON_NOT_FOUND), appeal_until: Some(at(50)) };
        for (state, asked, step, code, due_at) in [
            (State::Draft, None, UpdateStep::Draft, None, None),
            (State::Validated, Some(asked()), UpdateStep::Validated, Some(Code::REASON_EVIDENCE_NEEDED), Some(40)),
            (State::Queued, None, UpdateStep::Queued, None, None),
            (State::Checking { due_at: Some(at(30)) }, None, UpdateStep::Checking, None, Some(30)),
            (State::Checking { due_at: None }, None, UpdateStep::Checking, None, None),
            (State::Supplement, Some(asked()), UpdateStep::Supplement, Some(Code::REASON_EVIDENCE_NEEDED), Some(40)),
            (State::Accepted, None, UpdateStep::Accepted, None, None),
            (refused, None, UpdateStep::Refused, Some(Code::REASON_NOT_FOUND), Some(50)),
        ] {
            let told = RecordUpdateView::from(view(state, asked));
            assert_eq!((told.step, told.due_at), (step, due_at));
            assert_eq!(told.reason.map(|reason| reason.code), code.map(|code| u32::from(code.number())));
        }
        let left_out = Some(reason(Code::REASON_PARTLY_TAKEN));
        let told = RecordUpdateView::from(UpdateView { left_out, ..view(State::Accepted, None) });
        assert_eq!((told.step, told.reason.map(|reason| reason.code)), (UpdateStep::Accepted, Some(8207)));
    }

    #[test]
    fn what_was_typed_crosses_and_is_in_no_text_about_it() {
        let told = RecordUpdateView::from(view(State::Draft, None));
        let [field] = told.form.as_slice() else { panic!("one text") };
        assert_eq!((field.path.as_str(), field.text.as_str()), ("classes[planted].class", "planted"));
        assert_eq!(
            told.refused_fields.iter().map(|field| (field.code, field.is_error)).collect::<Vec<_>>(),
            [(8120, true)]
        );
        let conflict = &told.conflict.as_ref().unwrap()[0];
        assert_eq!((conflict.mine.as_deref(), conflict.theirs.as_deref()), (Some("planted"), None));
        let parts = (&told.form, &told.refused_fields, &told.receipt, &told.conflict, &told.evidence);
        for text in [format!("{told} {told:?}"), format!("{parts:?}")] {
            assert!(!text.contains("planted") && text.contains("(…)"), "{text}");
        }
    }
}
