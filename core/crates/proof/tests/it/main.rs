//! eid-proof from outside: issuer, holder and counter together.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    reason = "helpers of tests, which may panic"
)]

mod common;
mod requests;
mod sizes;
mod vectors;
mod verdicts;
