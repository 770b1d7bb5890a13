use std::{
    io::{self, Write as _},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use eid_core::ports::{Clock, ClockError, Moment};
use eid_model::UnixTime;

/// Prints each step in plain words with the time that it took.
pub(super) struct Stage {
    start: Instant,
    last: Instant,
    count: u32,
}

impl Stage {
    #[expect(clippy::disallowed_methods, reason = "the demo is a program of its own and times itself")]
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { start: now, last: now, count: 0 }
    }

    /// A step that is done.
    pub(super) fn step(&mut self, words: &str) {
        self.count += 1;
        let took = self.last.elapsed();
        self.say(&format!("{:>2}. [{:>5} ms] {words}", self.count, took.as_millis()));
        self.restart();
    }

    /// A line that is no step. A closed terminal is nobody's loss.
    pub(super) fn say(&self, line: &str) {
        drop(writeln!(io::stdout(), "{line}"));
    }

    pub(super) fn elapsed_ms(&self) -> u128 {
        self.start.elapsed().as_millis()
    }

    /// The time at the counter.
    pub(super) fn now(&self) -> UnixTime {
        UnixTime::from_seconds(SystemClock::new().read().unix_seconds)
    }

    #[expect(clippy::disallowed_methods, reason = "see `new`")]
    fn restart(&mut self) {
        self.last = Instant::now();
    }
}

/// The phone's clocks: this machine's.
pub(super) struct SystemClock(Instant);

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
    fn read(&self) -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Moment {
            unix_seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            monotonic_ms: u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX),
            boot_id: [0; 16],
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Result<Moment, ClockError> {
        Ok(self.read())
    }
}
