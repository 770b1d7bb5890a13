//! Figures for whoever watches the office's machines, in Prometheus' text format (version 0.0.4).

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::LogLine;
use crate::TrustFacts;

/// What is counted since the start. None of it tells one person from another.
#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<(String, u16), u64>,
    verdicts: BTreeMap<String, u64>,
    took: Duration,
    failed_reloads: u64,
}

impl Metrics {
    pub(super) fn count(&self, line: &LogLine) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.requests.entry((line.route.clone(), line.status)).or_default() += 1;
        for (code, count) in &line.verdicts {
            *counts.verdicts.entry(code.clone()).or_default() += u64::try_from(*count).unwrap_or(u64::MAX);
            counts.took += line.took / u32::try_from(line.verdicts.len()).unwrap_or(u32::MAX);
        }
    }

    pub(super) fn count_failed_reload(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failed_reloads += 1;
    }

    /// The page that a Prometheus server fetches.
    pub(super) fn text(&self, trust: &TrustFacts, status_age_s: Option<i64>) -> String {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = Page::default();
        page.family("requests_total", "counter", "Calls by path and HTTP status.");
        for ((route, status), count) in &counts.requests {
            page.sample("requests_total", &format!(r#"{{route="{route}",status="{status}"}}"#), count);
        }
        page.family("verdicts_total", "counter", "Verdicts by code.");
        for (code, count) in &counts.verdicts {
            page.sample("verdicts_total", &format!(r#"{{code="{code}"}}"#), count);
        }
        page.family("verify_seconds_total", "counter", "Time spent on calls that gave verdicts.");
        page.sample("verify_seconds_total", "", counts.took.as_secs_f64());
        page.family(
            "list_reload_failures_total",
            "counter",
            "Lists that could not be opened when they were read again.",
        );
        page.sample("list_reload_failures_total", "", counts.failed_reloads);
        if let Some(age) = trust.age_s {
            page.family("trust_list_age_seconds", "gauge", "Age of the trust list.");
            page.sample("trust_list_age_seconds", "", age);
        }
        if let Some(age) = status_age_s {
            page.family("status_list_age_seconds", "gauge", "Age of the oldest status list.");
            page.sample("status_list_age_seconds", "", age);
        }
        page.0
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _infallible = write!(self.0, "# HELP eid_counter_{name} {help}\n# TYPE eid_counter_{name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _infallible = writeln!(self.0, "eid_counter_{name}{labels} {value}");
    }
}
