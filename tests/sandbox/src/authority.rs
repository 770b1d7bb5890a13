//! The authorities behind the platform: what each finds of a person, and how it decides about what the person sends.
//!
//! Nobody sits there, so that each has rules of its own that a form can be held against; numbers that end in `99` are in nobody's
//! books. [`Plan`] puts something else in their place.

mod bank_account;
mod civil_servant;
mod driving_licence;
mod education;
mod electricity;
mod family_relationship;
mod health_book;
mod identity;
mod insurance;
mod party_membership;
mod residence;
mod tax;
mod telecom;
mod vehicle;
mod water;

use eid_crypto::hash::sha256_parts;
use eid_model::{Code, Date};
use eid_record::{Form, Path, RecordKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Person, SandboxError};

/// What an authority does about everything that arrives from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// It decides by its rules.
    #[default]
    Natural,
    /// It agrees.
    Accept,
    /// It takes all but one of the fields that were changed.
    Partial,
    /// It asks for more once, and agrees to what comes then.
    Supplement,
    /// It refuses.
    Refuse,
    /// It receives, and is never heard of again.
    Silent,
    /// It cannot answer: what it is asked fails, and what is sent waits.
    Down,
}

/// How an authority behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Conduct {
    /// What it does.
    pub plan: Plan,
    /// How long each of its answers takes, in seconds; otherwise as long as such an authority takes.
    pub delay_s: Option<u32>,
    /// How long it waits for more when it asks for it, in seconds; otherwise ten days.
    pub supplement_s: Option<u32>,
    /// Draws what [`Plan::Natural`] and `delay_s` leave open, for each update: the same number, the same course of things.
    pub seed: Option<u64>,
}

impl Conduct {
    /// What is drawn for one of many updates, which `which` tells apart. An authority of a seed decides by its rules half of the time,
    /// and takes up to twice its time.
    pub(crate) fn draw(self, takes_s: u32, which: &[&[u8]]) -> (Plan, u32) {
        let Some(seed) = self.seed else { return (self.plan, self.delay_s.unwrap_or(takes_s)) };
        let seed = seed.to_be_bytes();
        let parts: Vec<&[u8]> = [&seed[..]].into_iter().chain(which.iter().flat_map(|part| [*part, b"\0"])).collect();
        let [lot, pace, ..] = sha256_parts(&parts);
        let drawn = match lot % 8 {
            0..4 => Plan::Natural,
            4 => Plan::Accept,
            5 => Plan::Partial,
            6 => Plan::Supplement,
            _ => Plan::Refuse,
        };
        let delay = u64::from(takes_s) * u64::from(pace) / 128;
        let plan = if self.plan == Plan::Natural { drawn } else { self.plan };
        (plan, self.delay_s.unwrap_or(u32::try_from(delay).unwrap_or(takes_s)))
    }
}

/// One kind of records at the authority that keeps them.
pub(crate) trait Source: Sync {
    /// What it has of a person, in its own order. Nothing: it finds no data.
    fn find(&self, person: &Person) -> Vec<Found>;

    /// What it says to a form that is valid in itself.
    fn decide(&self, case: &Case<'_>) -> Verdict;

    /// What only it can state of a record that it enters today.
    fn stamp(&self, _today: Date) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// How long it takes to decide, in seconds.
    fn takes_s(&self) -> u32 {
        86_400
    }
}

/// A record as an authority has it: texts by path, and a code of the table `record_status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) status: &'static str,
    pub(crate) form: Vec<(String, String)>,
}

/// What is decided about.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) person: &'a Person,
    /// In the one way of writing it.
    pub(crate) form: &'a Form,
    /// What the authority has of this record, if anything.
    pub(crate) before: Option<&'a Form>,
    pub(crate) has_evidence: bool,
}

/// A decision. Paths are those of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accept,
    /// All but these fields.
    Partly(Vec<Path>),
    Supplement(Reason),
    Refuse(Reason),
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: Code,
    pub(crate) path: Option<String>,
}

impl Verdict {
    pub(crate) fn refuse(code: Code, path: &str) -> Self {
        Self::Refuse(Reason { code, path: Some(path.to_owned()) })
    }

    pub(crate) fn supplement(code: Code, path: &str) -> Self {
        Self::Supplement(Reason { code, path: Some(path.to_owned()) })
    }
}

impl Case<'_> {
    pub(crate) fn text(&self, path: &str) -> &str {
        self.form.find(path).unwrap_or_default()
    }

    /// True if the form says something else than the authority has.
    pub(crate) fn changes(&self, path: &str) -> bool {
        self.form.find(path) != self.before.and_then(|before| before.find(path))
    }

    /// The fields of which that is true, those that only the authority states left out.
    pub(crate) fn changed(&self, kind: RecordKind) -> Vec<Path> {
        let is_open = |path: &&Path| kind.definition().find(path).is_some_and(|field| !field.is_official());
        let before = self.before.into_iter().flat_map(Form::iter);
        let mut paths: Vec<Path> =
            self.form.iter().chain(before).map(|(path, _)| path).filter(is_open).cloned().collect();
        paths.sort_unstable();
        paths.dedup();
        paths.retain(|path| self.changes(path.as_str()));
        paths
    }

    /// Refuses a number that nobody knows.
    pub(crate) fn look_up(&self, path: &str) -> Option<Verdict> {
        let unknown = self.changes(path) && self.text(path).ends_with("99");
        unknown.then(|| Verdict::refuse(Code::REASON_NOT_FOUND, path))
    }

    /// Asks for evidence if there is none.
    pub(crate) fn ask_for_evidence(&self, path: &str) -> Option<Verdict> {
        (!self.has_evidence).then(|| Verdict::supplement(Code::REASON_EVIDENCE_NEEDED, path))
    }

    /// Refuses a name that is not the registered one, spelling aside.
    pub(crate) fn compare_name(&self, path: &str) -> Option<Verdict> {
        let named = eid_model::PersonName::parse(self.text(path)).ok();
        let same = named.is_none_or(|name| name.matching_form() == self.person.name.matching_form());
        (!same).then(|| Verdict::refuse(Code::REASON_NAME_MISMATCH, path))
    }
}

impl Found {
    /// A record in good order.
    pub(crate) fn ok<const N: usize>(form: [(&str, &str); N]) -> Self {
        Self::with_status("ok", form)
    }

    pub(crate) fn with_status<const N: usize>(status: &'static str, form: [(&str, &str); N]) -> Self {
        Self { status, form: form.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec() }
    }

    /// With another field, if there is a text for it.
    pub(crate) fn and(mut self, path: &str, text: Option<String>) -> Self {
        self.form.extend(text.map(|text| (path.to_owned(), text)));
        self
    }

    /// As a form.
    ///
    /// # Errors
    /// [`SandboxError::Register`] for a path that is none; a test reads all.
    pub(crate) fn form(&self) -> Result<Form, SandboxError> {
        let mut form = Form::new();
        for (path, text) in &self.form {
            let path = Path::parse(path).map_err(|_| SandboxError::Register)?;
            form.set(path, text).map_err(|_| SandboxError::Register)?;
        }
        Ok(form)
    }
}

/// The authority's side of a kind.
pub(crate) fn source(kind: RecordKind) -> Result<&'static dyn Source, SandboxError> {
    Ok(match kind {
        RecordKind::Identity => &identity::Register,
        RecordKind::Residence => &residence::Police,
        RecordKind::Education => &education::Ministry,
        RecordKind::DrivingLicence => &driving_licence::TrafficPolice,
        RecordKind::BankAccount => &bank_account::Bank,
        RecordKind::Electricity => &electricity::Company,
        RecordKind::Water => &water::Company,
        RecordKind::Telecom => &telecom::Operator,
        RecordKind::FamilyRelationship => &family_relationship::Registry,
        RecordKind::CivilServant => &civil_servant::Ministry,
        RecordKind::PartyMembership => &party_membership::Committee,
        RecordKind::Insurance => &insurance::Insurer,
        RecordKind::HealthBook => &health_book::Ministry,
        RecordKind::Tax => &tax::Office,
        RecordKind::Vehicle => &vehicle::TrafficPolice,
        _ => return Err(SandboxError::Register),
    })
}

/// A number of a person's own: the last digits of the register's, which tell the invented people apart.
pub(crate) fn own_number(person: &Person) -> u32 {
    person.pid.as_str().get(9..).and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
