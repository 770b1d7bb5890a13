//! The store through its public interface, and through its file in hostile hands.
#![expect(clippy::unwrap_used, reason = "also in the helpers of tests")]
#![expect(clippy::print_stdout, reason = "counts are part of what a test shows")]

mod attachments;
mod common;
mod damage;
mod erase;
mod golden;
mod history;
mod manifest;
mod records;
mod salvage;
