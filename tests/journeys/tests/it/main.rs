//! What a citizen and an officer do, end to end: the façade, a real platform over TLS, the counter.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests and their helpers may panic")]

mod account_state;
mod activation;
mod biometrics;
mod card;
mod care;
mod configuration;
mod consent;
mod contact;
mod counter_asks;
mod counter_line;
mod data_request;
mod guard;
mod history;
mod hostile;
mod interop;
mod lock;
mod month;
mod offline;
mod overload;
mod passcode;
mod passcode_change;
mod phone;
mod records;
mod records_feed;
mod records_update;
mod recovery;
mod refusals;
mod sign_in;
mod spine;
mod step_up;
mod storage;
mod twice;
