use std::time::Duration;

use eid_core::ports::{Event, EventSink};
use tokio::time::Instant;

use crate::report::{Finding, Report};

const ROUNDS: u32 = 20;

/// An event sink.
pub async fn check_event_sink(events: &dyn EventSink) -> Vec<Finding> {
    let mut report = Report::default();
    let mut slowest = Duration::ZERO;
    for _ in 0..ROUNDS {
        for event in [Event::Locked, Event::CredentialsChanged, Event::HistoryChanged] {
            let start = Instant::now();
            events.on_event(event);
            slowest = slowest.max(start.elapsed());
        }
        // A sink may put the work on a thread of its own: let it.
        tokio::task::yield_now().await;
    }
    report.rule("each event is taken within a tenth of a second", slowest < Duration::from_millis(100));
    report.end()
}
