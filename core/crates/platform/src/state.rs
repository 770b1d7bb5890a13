//! What the phone tells the platform about itself, and what the platform knows of it: the answer to a restored older
//! copy, and to a change of passcode whose outcome got lost.

use eid_model::UnixTime;
use serde::{Deserialize, Serialize};

use crate::{Flaw, PlatformError, json::parse_object};

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
    /// The number of the last instruction that was taken from this phone.
    pub instruction_seq: u64,
    /// The platform's clock.
    pub now: UnixTime,
}

/// Counts below this are believed: no phone writes or instructs so often. Beyond it, one answer could leave no room to count on.
const MOST: u64 = 1 << 48;

/// Parses the answer to `POST /v1/device/state`.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_device_state(body: &[u8]) -> Result<DeviceState, PlatformError> {
    let state: DeviceState = parse_object(body)?;
    let fits = state.store_generation < MOST && state.instruction_seq < MOST;
    if fits { Ok(state) } else { Err(PlatformError::Nonsense(Flaw::Shape)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_that_lacks_a_number_or_exceeds_its_range_is_nonsense() {
        let good = br#"{"store_generation":281474976710655,"passcode_epoch":2,"instruction_seq":7,"now":9,"more":1}"#;
        let now = UnixTime::from_seconds(9);
        let state = DeviceState { store_generation: MOST - 1, passcode_epoch: 2, instruction_seq: 7, now };
        assert_eq!(parse_device_state(good), Ok(state));
        for bad in [
            r#"{"store_generation":1}"#,
            r#"{"store_generation":1,"passcode_epoch":1,"now":1}"#,
            r#"{"store_generation":1,"passcode_epoch":1,"instruction_seq":1}"#,
            r#"{"store_generation":-1,"passcode_epoch":1,"instruction_seq":1,"now":1}"#,
            r#"{"store_generation":1,"passcode_epoch":4294967296,"instruction_seq":1,"now":1}"#,
            r#"{"store_generation":1.5,"passcode_epoch":1,"instruction_seq":1,"now":1}"#,
            r#"{"store_generation":281474976710656,"passcode_epoch":1,"instruction_seq":1,"now":1}"#,
            r#"{"store_generation":1,"passcode_epoch":1,"instruction_seq":281474976710656,"now":1}"#,
            r#"[1,1]"#,
            "",
        ] {
            assert_eq!(parse_device_state(bad.as_bytes()), Err(PlatformError::Nonsense(Flaw::Shape)), "{bad}");
        }
    }
}
