//! Kinds of personal records: what they hold, how they are checked, where each field comes from, how they are changed and found.
//!
//! A record of any kind is *texts by path* ([`Form`]): what a citizen typed, what an authority sent, what the vault keeps and
//! what crosses to the shells. What the kind is lies in a folder as data: its fields with types and labels, its code tables, and
//! a few lines of Rust for the rules that data cannot say ([`RecordKind`]). Everything else asks the [`Definition`] and knows
//! no kind by name: façade, sync, prefill of forms, sharing, search, masking.
//!
//! ```text
//! Form ── RecordKind::validate ──► Checked { findings, payload: typed values, form: the one way of writing it }
//! ```
//!
//! [`RecordKind::validate`] looks at everything in one pass and gives every reason at once, each with its field and stable code.
//! What the tables do not know is a warning and is kept: the platform and the authorities may know more than this version.
//!
//! It must never do I/O, read a clock or randomness, hold keys, or put a value into an error, a finding or a `Debug` text.
//!
//! ```
//! use eid_model::Date;
//! use eid_record::{Context, Form, Path, RecordKind, Speaker, Tables};
//!
//! let mut form = Form::new();
//! for (path, text) in [("bank", "970436"), ("account_number", "0011 001 932418"), ("currency", "VN")] {
//!     form.set(Path::parse(path)?, text)?;
//! }
//! let (today, tables) = (Date::new(2026, 7, 1).unwrap(), Tables::embedded());
//! let context = Context { today, holder: None, others: &[], tables, speaker: Speaker::Citizen };
//! let checked = RecordKind::BankAccount.validate(&form, &context);
//! assert_eq!(checked.form().find("account_number"), Some("0011001932418"));
//! let found: Vec<_> = checked.findings().iter().map(|f| (f.path().as_str(), f.code().info().name)).collect();
//! assert_eq!(found, [
//!     ("currency", "FIELD_FORMAT"),
//!     ("holder_name", "FIELD_REQUIRED"),
//!     ("purpose", "FIELD_REQUIRED"),
//!     ("type", "FIELD_REQUIRED"),
//! ]);
//! # Ok::<(), eid_record::RecordError>(())
//! ```

mod definition;
mod error;
mod field;
mod finding;
mod form;
mod holder;
mod input;
mod kinds;
mod layer;
mod mask;
mod path;
mod payload;
mod record;
mod search;
mod share;
mod show;
mod tables;
pub mod update;
mod validate;
mod value;
mod view;

#[cfg(test)]
mod cases;

pub use definition::{Cardinality, Changes, Compartment, Definition, Freshness, Group, Sensitivity, Share};
pub use error::RecordError;
pub use field::Field;
pub use finding::{Finding, Severity};
pub use form::Form;
pub use holder::{Holder, HolderMismatch};
pub use input::{Choice, Input};
pub use kinds::{RecordKind, vietqr};
pub use layer::{Layer, Provenance, Verification};
pub use path::Path;
pub use payload::Payload;
pub use record::{Mismatch, Record, Wish};
pub use search::{Findable, Fit, Query};
pub use share::Shared;
pub use show::Line;
pub use tables::{CodeRow, CodeTable, Tables};
pub use validate::{Checked, Context, Speaker};
pub use value::{Likeness, Number, Value};
