//! A simulated identity card, and a program that reads any card.
//!
//! The card ([`Card`]) holds real cryptography and an invented holder: command APDUs go in, response APDUs come out. It is
//! made ([`personalise`]) from a JSON document ([`CardFile`]), which may also give it the bad manners of real chips and the
//! tricks of forged ones ([`Quirks`]). Its state is the sandbox's own, whose key is public on purpose.
//!
//! Over TCP it speaks the wire protocol of vpcd (virtual smart card reader), so that it appears in PC/SC, and so that the
//! reading side ([`CardReader`]) can be pointed at cards of other people.

mod chip;
mod field;
mod file;
mod judge;
mod lines;
mod make;
mod play;
mod protocols;
mod read;
mod storage;
mod vpcd;

pub use chip::{ATR, Card};
pub use field::{CardField, CardSocket};
pub use file::{BeyondEnd, CardFile, Cloned, Holder, MostBytes, PaceRefusal, Quirks};
pub use judge::{Check, Verdict, judge};
pub use lines::parse_mrz_key;
pub(crate) use make::REVOKED_AT;
pub use make::{MadeCard, SANDBOX_CSCA, personalise, revocation_list};
pub use play::play;
pub use read::{CardReader, CardReport, FileReport, Wanted};
