//! What is wrong or odd about a record.

use eid_model::Code;
use serde::Deserialize;

use crate::Path;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Odd, to be looked at, and kept as it is: what our tables do not know may be right.
    Warning,
    /// Wrong: it cannot be sent.
    Error,
}

/// One reason about one field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    path: Path,
    code: Code,
    severity: Severity,
}

impl Finding {
    /// The field, as the form names it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The reason; its text says what to do now.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether the record can be sent as it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }
}

/// Where the rules of a kind put what they find.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn error(&mut self, path: Path, code: Code) {
        self.add(path, code, Severity::Error);
    }

    pub(crate) fn warn(&mut self, path: Path, code: Code) {
        self.add(path, code, Severity::Warning);
    }

    pub(crate) fn add(&mut self, path: Path, code: Code, severity: Severity) {
        self.0.push(Finding { path, code, severity });
    }

    /// By path, each reason once, with paths told as `rename` wants them.
    pub(crate) fn finish(self, rename: impl Fn(Path) -> Path) -> Vec<Finding> {
        let mut found: Vec<Finding> =
            self.0.into_iter().map(|finding| Finding { path: rename(finding.path), ..finding }).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
