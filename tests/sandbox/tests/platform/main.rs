//! The sandbox platform from outside: each call and each refusal of the protocol, restarts, faults, the socket, the program.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share outside of test functions may fail as tests do"
)]

mod activation;
mod card;
mod citizen;
mod configuration;
mod contact;
mod counter;
mod credential;
mod data;
mod decision;
mod device;
mod durable;
mod face;
mod grant;
mod http;
mod instruction;
mod lists;
mod locks;
mod own_data;
mod program;
mod proving;
mod record;
mod session;
mod socket;
mod step_up;
mod submission;
mod support;
mod token;
mod upload;
mod voucher;
