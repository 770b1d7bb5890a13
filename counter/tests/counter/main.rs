//! The counter end to end, through the library and through the built program.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    reason = "helpers of tests, which may panic and read the clock"
)]

mod answers;
mod asking;
mod attacks;
mod library;
mod lists;
mod picture;
mod program;
mod served;
mod server;
mod world;
