//! What one authority says of a record, and what vouches for it.

use eid_model::UnixTime;
use serde::{Deserialize, Serialize};

use crate::{Context, Finding, Form, Path, RecordKind, Speaker};

/// What one authority says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// When it was so, by the authority's clock.
    pub(crate) as_of: UnixTime,
    /// When this phone learned of it.
    pub(crate) received_at: UnixTime,
    pub(crate) verification: Verification,
    /// A code of the table `record_status`.
    pub(crate) status: String,
    pub(crate) form: Form,
}

/// What vouches for a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// The platform said so over its channel.
    Reported,
    /// The authority's signature was verified.
    Signed,
    /// It was read from the chip of an ID card, by Passive Authentication.
    Chip,
}

/// Where a value that is shown comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The authority's code; `None` for the citizen.
    pub authority: Option<String>,
    /// Since when it is known.
    pub as_of: UnixTime,
    /// What vouches for it; nothing does for a declared value.
    pub verification: Option<Verification>,
}

impl Layer {
    /// What an authority sent, checked and written in the one way of writing it, with what was found. Nothing is refused for what
    /// is found: an authority's data are shown as they are, with the reasons beside them.
    pub fn new(
        kind: RecordKind,
        form: &Form,
        (as_of, received_at): (UnixTime, UnixTime),
        verification: Verification,
        status: &str,
        context: &Context<'_>,
    ) -> (Self, Vec<Finding>) {
        let checked = kind.validate(form, &Context { speaker: Speaker::Authority, ..*context });
        let (form, status) = (checked.form().clone(), status.to_owned());
        (Self { as_of, received_at, verification, status, form }, checked.findings().to_vec())
    }

    pub(crate) fn provenance(&self, authority: &str) -> Provenance {
        Provenance { authority: Some(authority.to_owned()), as_of: self.as_of, verification: Some(self.verification) }
    }

    pub(crate) fn order(&self) -> (&str, Vec<(&Path, &str)>) {
        (&self.status, self.form.iter().collect())
    }
}
