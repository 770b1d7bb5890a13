//! What each port must do, as suites over the core's traits. They run over the Rust fakes here, and through eid-ffi over
//! implementations in Python, Kotlin and Swift.
//!
//! A suite calls its port and nothing else, and gives a [`Finding`] for each rule: kept or not. It needs a tokio runtime with
//! time; a call that takes longer than [`LIMIT`] counts as not answered.

mod chip_link;
mod clock;
mod event_sink;
mod integrity;
mod report;
mod secure_key;

pub use chip_link::check_chip_link;
pub use clock::check_clock;
pub use event_sink::check_event_sink;
pub use integrity::check_integrity;
pub use report::{Finding, LIMIT};
pub use secure_key::check_secure_key;
