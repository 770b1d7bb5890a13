//! The simulated card: read by our reader with every quirk, by another reader, with losses anywhere; forged ones; and both
//! programs over the wire.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share outside of test functions may fail as tests do"
)]

mod files;
mod forged;
mod judged;
mod losses;
mod other_reader;
mod program;
mod quirks;
mod support;
