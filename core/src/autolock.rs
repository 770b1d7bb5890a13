//! When the app locks by itself: after a time without use, and soon after it went to the background.
//!
//! The policy is pure and counts on the monotonic clock, sleep included. The timer of the runtime may stand still while the
//! phone sleeps, so each call looks at the clock as well.

use core::time::Duration;
use std::sync::Weak;

use tokio::sync::Notify;

use crate::{ports::Moment, session::Open};

/// When the app locks by itself (tự khóa).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoLock {
    /// After so long without a call, in the foreground or not.
    pub idle: Duration,
    /// After so long in the background: long enough to look up a message and come back.
    pub background: Duration,
}

impl Default for AutoLock {
    /// Five minutes without use; thirty seconds in the background.
    fn default() -> Self {
        Self { idle: Duration::from_secs(300), background: Duration::from_secs(30) }
    }
}

/// What the policy looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watch {
    policy: AutoLock,
    used: Moment,
    background_since: Option<Moment>,
}

impl Watch {
    pub(crate) fn new(policy: AutoLock, now: Moment) -> Self {
        Self { policy, used: now, background_since: None }
    }

    /// How long until the app locks; zero when it is due.
    pub(crate) fn due_in(&self, now: &Moment) -> Duration {
        let idle = left(self.policy.idle, &self.used, now);
        let away = self.background_since.map(|since| left(self.policy.background, &since, now));
        away.map_or(idle, |away| away.min(idle))
    }

    pub(crate) fn use_at(&mut self, now: Moment) {
        self.used = now;
    }

    pub(crate) fn hide_at(&mut self, now: Moment) {
        self.background_since.get_or_insert(now);
    }

    pub(crate) fn show(&mut self) {
        self.background_since = None;
    }
}

/// What is left of `limit` since `start`. A clock that went back, or another boot, leaves nothing.
fn left(limit: Duration, start: &Moment, now: &Moment) -> Duration {
    let passed = now.monotonic_ms.checked_sub(start.monotonic_ms).filter(|_| now.boot_id == start.boot_id);
    passed.map_or(Duration::ZERO, |ms| limit.saturating_sub(Duration::from_millis(ms)))
}

/// Locks when it is due; ends when there is nothing to lock any more. `changed` wakes it to look again.
pub(crate) async fn run(open: Weak<Open>, changed: std::sync::Arc<Notify>) {
    loop {
        // Made before the state is looked at, so that no change is missed.
        let woken = changed.notified();
        let Some(due) = open.upgrade().and_then(|open| open.lock_if_due()) else { return };
        // Woken or not, it looks again.
        tokio::time::timeout(due, woken).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment { unix_seconds: 1_795_000_000, monotonic_ms: 1000, boot_id: [1; 16] };

    fn later(seconds: u64) -> Moment {
        Moment { monotonic_ms: START.monotonic_ms + seconds * 1000, ..START }
    }

    #[test]
    fn idle_app_locks_after_its_time_and_use_begins_it_anew() {
        let mut watch = Watch::new(AutoLock::default(), START);
        assert_eq!(watch.due_in(&later(299)), Duration::from_secs(1));
        assert_eq!(watch.due_in(&later(300)), Duration::ZERO);
        watch.use_at(later(200));
        assert_eq!(watch.due_in(&later(300)), Duration::from_secs(200));
    }

    #[test]
    fn hidden_app_locks_sooner_and_coming_back_in_time_ends_that() {
        let mut watch = Watch::new(AutoLock::default(), START);
        watch.hide_at(later(10));
        watch.hide_at(later(30));
        assert_eq!(watch.due_in(&later(39)), Duration::from_secs(1), "the first counts");
        assert_eq!(watch.due_in(&later(40)), Duration::ZERO);
        watch.show();
        assert_eq!(watch.due_in(&later(40)), Duration::from_secs(260));
    }

    #[test]
    fn clock_that_cannot_be_right_locks() {
        let watch = Watch::new(AutoLock::default(), later(10));
        assert_eq!(watch.due_in(&START), Duration::ZERO);
        assert_eq!(watch.due_in(&Moment { boot_id: [2; 16], ..later(11) }), Duration::ZERO);
        // The wall clock is not looked at.
        assert_eq!(watch.due_in(&Moment { unix_seconds: 0, ..later(11) }), Duration::from_secs(299));
    }
}
