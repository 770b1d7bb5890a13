//! What the phone tells the platform about itself, and what the platform knows of it: the answer to a restored older
//! copy, and to a change of passcode whose outcome got lost.

use eid_model::{AccountState, UnixTime};
use serde::{Deserialize, Serialize};

use crate::{PlatformError, json::parse_object};

/// What the phone reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DeviceReport {
    /// Generation of the store: grows with each write. The platform keeps the highest.
    pub store_generation: u64,
}

/// What the platform knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
}

/// Parses the answer to `POST /v1/device/state`.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_device_state(body: &[u8]) -> Result<DeviceState, PlatformError> {
    parse_object(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Flaw;

    #[test]
    fn answer_that_lacks_a_number_or_exceeds_its_range_is_nonsense() {
        let good = br#"{"store_generation":18446744073709551615,"passcode_epoch":2,"account_state":"card_expired",
            "instruction_seq":7,"now":9,"more":1}"#;
        let now = UnixTime::from_seconds(9);
        let account_state = AccountState::CardExpired;
        let state =
            DeviceState { store_generation: u64::MAX, passcode_epoch: 2, account_state, instruction_seq: 7, now };
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
            r#"[1,1]"#,
            "",
        ] {
            assert_eq!(parse_device_state(bad.as_bytes()), Err(PlatformError::Nonsense(Flaw::Shape)), "{bad}");
        }
    }
}
