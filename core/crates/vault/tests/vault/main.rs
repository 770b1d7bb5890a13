//! The store through its public interface, and through its file in hostile hands.
#![expect(clippy::unwrap_used, reason = "also in the helpers of tests")]

mod common;
mod damage;
mod golden;
mod history;
mod records;
