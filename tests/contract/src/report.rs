use std::{future::Future, time::Duration};

/// How long a port may take for one call here, where nobody is asked for a finger.
pub const LIMIT: Duration = Duration::from_secs(10);

/// One rule of a port, and whether the implementation keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The rule, in words.
    pub rule: &'static str,
    /// True if it is kept.
    pub passed: bool,
}

/// Findings as they come.
#[derive(Default)]
pub(crate) struct Report {
    findings: Vec<Finding>,
    late: bool,
}

impl Report {
    /// Notes a rule.
    pub(crate) fn rule(&mut self, rule: &'static str, passed: bool) {
        self.findings.push(Finding { rule, passed });
    }

    /// Waits for an answer; none if it does not come in time.
    pub(crate) async fn answer<T>(&mut self, call: impl Future<Output = T>) -> Option<T> {
        // One late answer tells enough; the others are not waited for.
        if self.late {
            return None;
        }
        let answer = tokio::time::timeout(LIMIT, call).await.ok();
        self.late |= answer.is_none();
        answer
    }

    /// Waits for an answer that is no error.
    pub(crate) async fn done<T, E>(&mut self, call: impl Future<Output = Result<T, E>>) -> Option<T> {
        self.answer(call).await.and_then(Result::ok)
    }

    /// All findings, with the one about time.
    pub(crate) fn end(mut self) -> Vec<Finding> {
        self.rule("each call is answered in time", !self.late);
        self.findings
    }
}
