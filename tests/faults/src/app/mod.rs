//! A citizen's app in a child: killed at every storage call and every request of one step, and gone on with.

mod citizen;
mod keys;
mod stage;

pub use citizen::{CitizenApp, Step};
pub use stage::{Hit, Outcome, Stage};
