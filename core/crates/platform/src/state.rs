//! What the phone tells the platform about itself, and what the platform knows of it: the answer to a restored older
//! copy, and to a change of passcode whose outcome got lost.

use eid_model::{AccountState, SafetyPhrase, UnixTime};
use serde::{Deserialize, Serialize};

use crate::{Flaw, PlatformError, json::parse_object};

/// A phone has a first number and perhaps a second one.
const MOST_CONTACTS: usize = 2;

/// The longest hint to a number, in characters.
const LONGEST_HINT: usize = 24;

/// What the phone reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DeviceReport {
    /// Generation of the store: grows with each write. The platform keeps the highest.
    pub store_generation: u64,
}

/// What the platform knows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeviceState {
    /// The highest generation reported *before* this call. Higher than the phone's own: the phone's store is an older copy.
    pub store_generation: u64,
    /// The epoch of the passcode in force.
    pub passcode_epoch: u32,
    /// Whether the account may be used.
    pub account_state: AccountState,
    /// The number of the last instruction that was taken from this phone.
    pub instruction_seq: u64,
    /// The platform's clock.
    pub now: UnixTime,
    /// The phone numbers of the account, the first one first.
    #[serde(default)]
    pub contacts: Vec<Contact>,
    /// The phrase that stands in the platform's messages, if the holder chose one.
    #[serde(default)]
    pub phrase: Option<SafetyPhrase>,
}

/// A phone number of the account, as far as a screen shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its last digits, up to 24 characters.
    pub hint: String,
    /// Which one it is.
    pub kind: ContactKind,
    /// When its holder last proved to have it.
    pub confirmed_at: UnixTime,
}

/// The first number of an account, or the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContactKind {
    /// The one that the register has.
    First,
    /// The one that its holder added.
    Second,
}

/// Counts below this are believed: no phone writes or instructs so often. Beyond it, one answer could leave no room to count on.
const MOST: u64 = 1 << 48;

/// Parses the answer to `POST /v1/device/state`.
///
/// # Errors
/// [`PlatformError::Nonsense`], also for more than two phone numbers and for a hint that is long or holds control characters.
pub fn parse_device_state(body: &[u8]) -> Result<DeviceState, PlatformError> {
    let state: DeviceState = parse_object(body)?;
    let is_hint = |hint: &str| hint.chars().count() <= LONGEST_HINT && !hint.chars().any(char::is_control);
    let fits = state.contacts.len() <= MOST_CONTACTS
        && state.contacts.iter().all(|contact| is_hint(&contact.hint))
        && state.store_generation < MOST
        && state.instruction_seq < MOST;
    if fits { Ok(state) } else { Err(PlatformError::Nonsense(Flaw::Shape)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_that_lacks_a_number_or_exceeds_its_range_is_nonsense() {
        let good = br#"{"store_generation":281474976710655,"passcode_epoch":2,"account_state":"card_expired",
            "instruction_seq":7,"now":9,"more":1}"#;
        let now = UnixTime::from_seconds(9);
        let state = DeviceState {
            store_generation: MOST - 1,
            passcode_epoch: 2,
            account_state: AccountState::CardExpired,
            instruction_seq: 7,
            now,
            contacts: Vec::new(),
            phrase: None,
        };
        assert_eq!(parse_device_state(good), Ok(state));
        for bad in [
            r#"{"store_generation":1}"#,
            r#"{"store_generation":1,"passcode_epoch":1,"instruction_seq":1,"now":1}"#,
            r#"{"store_generation":1,"passcode_epoch":1,"account_state":1,"instruction_seq":1,"now":1}"#,
            r#"{"store_generation":1,"passcode_epoch":1,"now":1,"account_state":"active"}"#,
            r#"{"store_generation":1,"passcode_epoch":1,"instruction_seq":1,"account_state":"active"}"#,
            r#"{"store_generation":-1,"passcode_epoch":1,"instruction_seq":1,"now":1,"account_state":"active"}"#,
            r#"{"store_generation":1,"passcode_epoch":4294967296,"instruction_seq":1,"now":1,"account_state":"active"}"#,
            r#"{"store_generation":1.5,"passcode_epoch":1,"instruction_seq":1,"now":1,"account_state":"active"}"#,
            r#"{"store_generation":281474976710656,"passcode_epoch":1,"instruction_seq":1,"now":1,"account_state":"active"}"#,
            r#"{"store_generation":1,"passcode_epoch":1,"instruction_seq":281474976710656,"now":1,"account_state":"active"}"#,
            r#"[1,1]"#,
            "",
        ] {
            assert_eq!(parse_device_state(bad.as_bytes()), Err(PlatformError::Nonsense(Flaw::Shape)), "{bad}");
        }
    }

    #[test]
    fn contacts_that_are_too_many_or_hard_to_show_and_a_phrase_out_of_form_are_nonsense() {
        let parse = |more: &str| {
            let known =
                r#""store_generation":1,"passcode_epoch":1,"account_state":"active","instruction_seq":0,"now":9"#;
            parse_device_state(format!("{{{known},{more}}}").as_bytes())
        };
        let contact = |hint: &str| format!(r#"{{"hint":"{hint}","kind":"second","confirmed_at":7}}"#);
        let one = contact("*******001");
        let state = parse(&format!(r#""contacts":[{one}],"phrase":"Mèo vàng""#)).unwrap();
        assert_eq!((state.contacts[0].kind, state.contacts[0].hint.as_str()), (ContactKind::Second, "*******001"));
        assert_eq!(state.phrase.unwrap().as_str(), "Mèo vàng");
        for bad in [
            format!(r#""contacts":[{one},{one},{one}]"#),
            format!(r#""contacts":[{}]"#, contact(&"*".repeat(25))),
            format!(r#""contacts":[{}]"#, contact("a\\n")),
            r#""contacts":[{"hint":"a","kind":"third","confirmed_at":7}]"#.to_owned(),
            r#""contacts":{}"#.to_owned(),
            r#""phrase":"12""#.to_owned(),
        ] {
            assert_eq!(parse(&bad), Err(PlatformError::Nonsense(Flaw::Shape)), "{bad}");
        }
    }
}
