//! Changing the passcode: half of it happens here, half at the platform, and the connection may break in between.

/// A change of the passcode from one epoch to the next (đổi mật mã): from [`ChangeState::Prepared`] over
/// [`ChangeState::Unsure`] to [`ChangeState::Committed`] or [`ChangeState::Dropped`].
///
/// Nothing of it is stored but the second envelope: while that exists, either passcode opens the app, so a crash anywhere leaves
/// one that works. What a restarted app finds is unsure, because the platform may have been asked.
///
/// ```
/// use eid_vault::{ChangeState, PasscodeChange};
///
/// let mut change = PasscodeChange::prepare(1).ok_or("no epoch is left")?; // the new envelope is stored
/// change.sent(); // the platform is asked; no answer comes
/// let mut found = PasscodeChange::found(1); // after a restart
/// found.answered(2); // the platform says that passcode 2 is in force
/// assert_eq!((found.state(), found.to()), (ChangeState::Committed, 2));
/// # Ok::<_, &'static str>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasscodeChange {
    from: u32,
    state: ChangeState,
}

/// Where a change of the passcode stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// The new envelope is stored; the platform was not asked yet.
    Prepared,
    /// The platform was asked, or may have been; its answer is not known.
    Unsure,
    /// The new passcode is in force: its envelope takes the place of the old one.
    Committed,
    /// The old passcode stays in force: the new envelope goes.
    Dropped,
}

impl PasscodeChange {
    /// A change from this epoch to the one after it; `None` after the last.
    pub fn prepare(from: u32) -> Option<Self> {
        from.checked_add(1).map(|_| Self { from, state: ChangeState::Prepared })
    }

    /// The change that a second envelope beside the one of this epoch tells of.
    pub fn found(from: u32) -> Self {
        Self { from, state: ChangeState::Unsure }
    }

    /// Epoch of the new passcode.
    pub fn to(&self) -> u32 {
        self.from.saturating_add(1)
    }

    /// Where it stands.
    pub fn state(&self) -> ChangeState {
        self.state
    }

    /// True once the outcome is known; nothing changes it any more.
    pub fn is_settled(&self) -> bool {
        matches!(self.state, ChangeState::Committed | ChangeState::Dropped)
    }

    /// The platform is about to be asked: called before the first byte is sent.
    pub fn sent(&mut self) {
        if !self.is_settled() {
            self.state = ChangeState::Unsure;
        }
    }

    /// Gives the change up, which only works while the platform was not asked; true if it did.
    pub fn abandon(&mut self) -> bool {
        if self.state == ChangeState::Prepared {
            self.state = ChangeState::Dropped;
        }
        self.state == ChangeState::Dropped
    }

    /// The platform says which epoch is in force there, and that no older request of ours can still change it. Any other epoch
    /// than the two leaves the change as it is.
    pub fn answered(&mut self, in_force: u32) {
        if self.is_settled() {
            return;
        }
        if in_force == self.to() {
            self.state = ChangeState::Committed;
        } else if in_force == self.from {
            self.state = ChangeState::Dropped;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Happens {
        Sent,
        Killed,
        GivenUp,
        Answered(u32),
    }

    proptest! {
        #[test]
        fn change_is_settled_by_the_platform_alone_once_it_may_know(
            from in 1..5_u32,
            events in proptest::collection::vec(
                prop_oneof![
                    Just(Happens::Sent),
                    Just(Happens::Killed),
                    Just(Happens::GivenUp),
                    (0..8_u32).prop_map(Happens::Answered),
                ],
                0..12,
            ),
        ) {
            let mut change = PasscodeChange::prepare(from).unwrap();
            let mut asked = false;
            for event in events {
                let before = change;
                match event {
                    Happens::Sent => change.sent(),
                    // A settled change is carried out with one step on the files; before it, both are there.
                    Happens::Killed if !change.is_settled() => change = PasscodeChange::found(from),
                    Happens::Killed => {}
                    Happens::GivenUp => prop_assert_eq!(change.abandon(), change.state() == ChangeState::Dropped),
                    Happens::Answered(epoch) => change.answered(epoch),
                }
                asked |= matches!(event, Happens::Sent | Happens::Killed);
                if before.is_settled() {
                    prop_assert_eq!(change, before);
                } else if change.state() == ChangeState::Committed {
                    prop_assert!(matches!(event, Happens::Answered(epoch) if epoch == from + 1));
                } else if change.state() == ChangeState::Dropped {
                    let by_platform = matches!(event, Happens::Answered(epoch) if epoch == from);
                    prop_assert!(by_platform || !asked);
                }
                prop_assert_eq!(change.to(), from + 1);
            }
        }
    }

    #[test]
    fn last_epoch_has_none_after_it() {
        assert_eq!(PasscodeChange::prepare(u32::MAX), None);
        assert_eq!(PasscodeChange::found(u32::MAX).to(), u32::MAX);
    }
}
