//! Text messages: without accents and without links, with the phrase that their reader knows the true ones by (domain F9).

use eid_model::{PhoneNumber, SafetyPhrase};
use rusqlite::{Transaction, params};

use crate::SandboxError;

/// Sends a one-time code. The text says what it is for, so that whoever asks for it by telephone is found out.
pub(crate) fn send_code(
    tx: &Transaction<'_>,
    to: &PhoneNumber,
    phrase: Option<&SafetyPhrase>,
    (code, purpose): (&str, &str),
    now: i64,
) -> Result<(), SandboxError> {
    let text = format!("{code} la ma {purpose}, co hieu luc 5 phut. Khong doc ma cho bat ky ai, ke ca can bo.");
    store(tx, to, &signed(phrase, &text), code, now)
}

/// Tells of something that happened to the account.
pub(crate) fn tell(
    tx: &Transaction<'_>,
    to: &PhoneNumber,
    phrase: Option<&SafetyPhrase>,
    what: &str,
    now: i64,
) -> Result<(), SandboxError> {
    store(tx, to, &signed(phrase, what), "", now)
}

fn signed(phrase: Option<&SafetyPhrase>, text: &str) -> String {
    let phrase = phrase.map(|phrase| format!(" [{}]", phrase.ascii_form()));
    format!("eID thu nghiem{}: {text}", phrase.unwrap_or_default())
}

fn store(tx: &Transaction<'_>, to: &PhoneNumber, text: &str, code: &str, now: i64) -> Result<(), SandboxError> {
    let send = "INSERT INTO messages (phone, text, code, sent_at) VALUES (?, ?, ?, ?)";
    tx.execute(send, params![to.as_str(), text, code, now])?;
    Ok(())
}
