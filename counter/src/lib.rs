//! Verifier for service counters (quầy giao dịch): from a scanned text, a picture or the bytes of a proof to a report in
//! words, numbers and JSON.
//!
//! A [`Station`] is one counter: the [`Rules`] it goes by, and which proofs it has seen. A [`CounterServer`] is the counters
//! of one office: a page for scanning and an HTTP interface, which share one record. The program `eid-counter`, the
//! sandbox's demo and every other front end use them. The verdicts themselves are `eid-proof`'s; this crate adds what they
//! need of the world: files, pictures, and a record of used proofs that survives a restart ([`ReplayStore`]). It reads no
//! clock: the time comes with each [`Scan`](eid_proof::Scan), or from a function given to the server.
//!
//! ```
//! use eid_counter::{Input, Rules, Station};
//! use eid_crypto::SigningKey;
//! use eid_model::UnixTime;
//! use eid_proof::{Policy, Scan, TrustList};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut station = Station::new(Rules::new(TrustList::single(*SigningKey::make()?.public()), Policy::default()));
//! let scan = Scan { now: UnixTime::from_seconds(1_795_348_810), challenge: None };
//! let report = station.verify(&Input::from_text("https://e.example/menu\r\n")?, &scan);
//! assert_eq!(report.exit_code(), 1);
//! assert!(serde_json::to_string(&report)?.starts_with(r#"{"verdict":"not_valid","code":"Q01""#));
//! # Ok(())
//! # }
//! ```

mod asking;
mod certificate;
mod draw;
mod error;
mod files;
mod identity;
mod input;
mod key;
mod picture;
mod print;
mod replay;
mod report;
mod rules;
mod server;
mod station;
mod time;
mod trust;
mod words;

pub use draw::draw_png;
pub use error::CounterError;
pub use files::{read_bounded, read_file};
pub use identity::{Application, Identity};
pub use input::{Input, MAX_FILE, MAX_TEXT};
pub use key::parse_key_file;
pub use picture::MAX_PIXELS;
pub use print::{poster_pdf, poster_svg};
pub use replay::ReplayStore;
pub use report::{
    Claim, Detail, Portrait, PortraitContent, Report, Shown, StatusFacts, StatusState, TrustFacts, Words,
};
pub use rules::Rules;
pub use server::{AnswerLine, CounterServer, LogLine, listen, openapi_json};
pub use station::Station;
pub use time::Rfc3339;
pub use trust::{open_status_snapshot, open_trust_list};
