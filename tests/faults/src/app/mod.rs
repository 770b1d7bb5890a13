//! A citizen's app in a child: killed at every storage call and every request of one step, and gone on with.

mod citizen;
mod keys;
mod link;
mod stage;
mod update;

pub use citizen::{CitizenApp, Step};
pub use link::Weather;
pub use stage::{Hit, Outcome, Stage};
pub use update::{CHANGED, Goal, PIECE, TYPED, document};
