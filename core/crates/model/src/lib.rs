//! Domain types of a citizen e-ID: parse, don't validate.
//!
//! What a citizen, a card or the platform says enters the core through the `parse` functions here; what has one of
//! these types is well formed from then on, also when it was loaded from storage, since serde goes through the same
//! functions. The crate also keeps the table of stable reason codes.
//!
//! It must never do I/O, read a clock or randomness, or hold keys. It must never put personal data into an error or a
//! `Debug` text, and never refuse somebody for a code that its tables do not know: that is a *notice*, to be shown as a
//! warning.
//!
//! - [`Pid`], [`PersonName`], [`PartialDate`], [`Sex`], [`PhoneNumber`], [`Address`]: a person's data.
//! - [`Date`], [`UnixTime`]: days and points in time, passed in by the caller.
//! - [`AccountLevel`], [`AuthLevel`]: two sets of levels that never mix.
//! - [`Factor`], [`Evidence`], [`AuthPolicy`]: what shows who acts, and what each [`GuardedAct`] asks for.
//! - [`BirthRegistrationTable`], [`ProvinceTable`], [`CommuneTable`], [`MobilePrefixTable`],
//!   [`AccountAgeTable`]: dated data, each with an
//!   [`Edition`]; a newer one can be supplied at run time.
//! - [`ConsentTextTable`], [`Recipient`]: what a citizen can agree to, in which words.
//! - [`RequestCourse`], [`HolidayTable`]: requests under the data-protection law and the terms that run.
//! - [`MediaType`]: what a piece of evidence is.
//! - [`bounded_line`], [`matching_form`], [`ascii_form`]: hygiene and comparison of any line of text.
//! - [`read_table`], [`embedded_table`], [`table_rises`]: how tables are read, for the crates that have tables of their own.
//! - [`Language`], [`Phrase`], [`WordTable`]: words for what the core names by code.
//! - [`ModelError`], and [`Code`] for the reasons of all crates.
//!
//! ```
//! use eid_model::{Date, ModelError, PartialDate, PersonName, Pid, PidMismatch, Sex};
//!
//! let pid = Pid::parse("000190000001")?;
//! let birth = PartialDate::parse("1991")?; // only the year is known
//! assert_eq!(pid.check_against(&birth, Sex::Female), [PidMismatch::BirthYear]);
//! assert_eq!(pid.masked(), "000*******01");
//!
//! let today = Date::new(2026, 1, 2)?;
//! assert!(birth.is_at_least(34, today) && !birth.is_at_least(35, today));
//!
//! let (card, bank) = (PersonName::parse("Nguyễn Thuý Hoà")?, PersonName::parse("NGUYỄN THÚY HÒA")?);
//! assert_eq!(card.matching_form(), bank.matching_form());
//! # Ok::<(), ModelError>(())
//! ```

mod account_age;
mod account_state;
mod address;
mod auth;
mod code;
mod codes;
mod consent;
mod date;
mod division;
mod error;
mod guarded_act;
mod level;
mod line;
mod media_type;
mod name;
mod partial_date;
mod phone;
mod pid;
mod quiet;
mod registration;
mod request_clock;
mod safety_phrase;
mod sex;
mod table;
mod words;
mod working_day;

pub use account_age::{AccountAgeTable, Availability};
pub use account_state::AccountState;
pub use address::{Address, AddressNotice};
pub use auth::{AuthPolicy, AuthRule, Evidence, Factor, FactorKind};
pub use code::{Code, CodeInfo, Kind, Privacy};
pub use consent::{ConsentField, ConsentText, ConsentTextTable, Recipient};
pub use date::{Date, UnixTime};
pub use division::{
    Commune, CommuneCode, CommuneTable, FormerProvince, FormerProvinceCode, Province, ProvinceCode, ProvinceTable,
};
pub use error::ModelError;
pub use guarded_act::GuardedAct;
pub use level::{AccountLevel, AuthLevel};
pub use line::bounded as bounded_line;
pub use media_type::MediaType;
pub use name::{PersonName, ascii_form, matching_form};
pub use partial_date::PartialDate;
pub use phone::{MobilePrefixTable, PhoneNotice, PhoneNumber};
pub use pid::{Pid, PidMismatch, PidNotice};
pub use registration::BirthRegistrationTable;
pub use request_clock::{Missed, RequestCourse, RequestDue, RequestKind, RequestTermTable, RequestTerms, RequestText};
pub use safety_phrase::SafetyPhrase;
pub use sex::Sex;
pub use table::{Edition, embedded as embedded_table, read as read_table, rises as table_rises};
pub use words::{Language, Phrase, WordTable};
pub use working_day::HolidayTable;
