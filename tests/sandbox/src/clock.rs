use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use eid_model::UnixTime;

/// Where the sandbox takes the time from, so that tests can move it.
#[derive(Clone)]
pub struct Clock {
    source: Arc<dyn Fn() -> UnixTime + Send + Sync>,
    /// Seconds that this clock and its clones are ahead of their source.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that asks `now` each time.
    pub fn new(now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self { source: Arc::new(now), ahead: Arc::default() }
    }

    /// The clock of the machine.
    #[expect(
        clippy::disallowed_methods,
        reason = "a server is the owner of its clock; everything else takes it from here"
    )]
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            UnixTime::from_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
        })
    }

    /// The time.
    pub fn now(&self) -> UnixTime {
        let ahead = self.ahead.load(Ordering::Relaxed);
        UnixTime::from_seconds((self.source)().seconds().saturating_add(ahead))
    }

    /// Lets time pass that nobody waited for.
    pub(crate) fn pass(&self, seconds: u32) {
        self.ahead.fetch_add(seconds.into(), Ordering::Relaxed);
    }

    /// Unix seconds.
    pub(crate) fn seconds(&self) -> i64 {
        self.now().seconds()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(…)")
    }
}
