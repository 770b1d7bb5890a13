use std::time::Duration;

use eid_core::ports::{Clock, Moment};
use tokio::time::{Instant, sleep};

use crate::report::{Finding, Report};

/// Readings of the wall clock that can be: 2024 to 2100.
const PLAUSIBLE: core::ops::Range<i64> = 1_704_067_200..4_102_444_800;

const READINGS: u32 = 100;

/// How long the suite lets time pass.
const PAUSE: Duration = Duration::from_millis(60);

/// Clocks. Takes about a second's fraction: time must pass for it.
pub async fn check_clock(clock: &dyn Clock) -> Vec<Finding> {
    let mut report = Report::default();
    let start = Instant::now();
    let mut readings = Vec::new();
    for _ in 0..READINGS {
        readings.push(clock.now().ok());
        // A slow clock must not hold up the end of its process.
        tokio::task::yield_now().await;
    }
    report.rule("a hundred readings take less than a second", start.elapsed() < Duration::from_secs(1));
    let Some(readings) = readings.into_iter().collect::<Option<Vec<Moment>>>() else {
        report.rule("each reading succeeds", false);
        return report.end();
    };
    report.rule("each reading succeeds", true);
    report.rule("the wall clock is of this century", readings.iter().all(|now| PLAUSIBLE.contains(&now.unix_seconds)));
    let rises = readings.is_sorted_by_key(|now| now.monotonic_ms);
    report.rule("the monotonic clock never goes back", rises);
    let boots = readings.iter().all(|now| readings.first().is_some_and(|first| first.boot_id == now.boot_id));
    report.rule("the boot is the same in each reading", boots && readings.iter().all(|now| now.boot_id != [0; 16]));

    let before = clock.now().ok();
    sleep(PAUSE).await;
    let passed = before.zip(clock.now().ok()).map(|(before, after)| {
        (after.monotonic_ms.saturating_sub(before.monotonic_ms), after.unix_seconds - before.unix_seconds)
    });
    let pause = u64::try_from(PAUSE.as_millis()).unwrap_or_default();
    // A busy machine may take its time, but hardly a minute.
    report.rule(
        "the monotonic clock counts milliseconds",
        passed.is_some_and(|(ms, _)| (pause / 2..60_000).contains(&ms)),
    );
    report.rule("the wall clock counts seconds", passed.is_some_and(|(_, s)| (0..60).contains(&s)));
    report.end()
}
