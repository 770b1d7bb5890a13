//! Which versions of the app the platform still serves.

use core::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::PlatformError;

/// A version of the app: three numbers, compared from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppVersion {
    major: u16,
    minor: u16,
    patch: u16,
}

impl AppVersion {
    /// A version of these numbers.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// Parses `x.y.z`: three decimal numbers up to 65535 without leading zeros.
    ///
    /// # Errors
    /// [`PlatformError::ConfigInvalid`].
    pub fn parse(text: &str) -> Result<Self, PlatformError> {
        let mut numbers = text.split('.').map(parse_number);
        match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => Ok(Self { major, minor, patch }),
            _ => Err(PlatformError::ConfigInvalid),
        }
    }
}

/// One spelling for each number: no sign, no leading zero.
fn parse_number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

impl fmt::Display for AppVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl<'de> Deserialize<'de> for AppVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(|_| D::Error::custom("not x.y.z"))
    }
}

/// What the platform says about versions of the app. `0.0.0` as a bound means that no version is below it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UpdatePolicy {
    /// Versions that are not served at all, such as one with a hole.
    pub blocked: Vec<AppVersion>,
    /// Older ones are not served any more.
    pub required_below: AppVersion,
    /// Older ones will soon not be served.
    pub urgent_below: AppVersion,
    /// For older ones there is something better.
    pub recommended_below: AppVersion,
}

impl UpdatePolicy {
    /// What it says about one version: the gravest of what applies.
    pub fn judge(&self, version: AppVersion) -> UpdateState {
        if self.blocked.contains(&version) {
            return UpdateState::Blocked;
        }
        [
            (self.required_below, UpdateState::Required),
            (self.urgent_below, UpdateState::Urgent),
            (self.recommended_below, UpdateState::Recommended),
        ]
        .into_iter()
        .find(|(bound, _)| version < *bound)
        .map_or(UpdateState::Fine, |(_, state)| state)
    }
}

/// How much an update matters, rising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpdateState {
    /// There is nothing to do.
    Fine,
    /// There is a better version.
    Recommended,
    /// This version will soon not be served.
    Urgent,
    /// The platform does not serve this version: update. What works offline goes on.
    Required,
    /// The platform does not serve exactly this version, even if it is new.
    Blocked,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_three_plain_numbers_or_refused() {
        for (text, version) in [
            ("0.0.0", Some((0, 0, 0))),
            ("1.10.2", Some((1, 10, 2))),
            ("65535.65535.65535", Some((65535, 65535, 65535))),
            ("65536.0.0", None),
            ("1.2", None),
            ("1.2.3.4", None),
            ("1.2.", None),
            ("", None),
            ("01.2.3", None),
            ("+1.2.3", None),
            ("1.2.3-beta", None),
            (" 1.2.3", None),
            ("１.2.3", None),
        ] {
            let expected = version.map(|(major, minor, patch)| AppVersion::new(major, minor, patch));
            assert_eq!(AppVersion::parse(text).ok(), expected, "{text:?}");
            assert!(expected.is_none_or(|version| version.to_string() == text), "{text:?}");
        }
        assert!(AppVersion::new(1, 9, 9) < AppVersion::new(1, 10, 0));
    }

    #[test]
    fn version_judged_gets_the_gravest_that_applies() {
        let policy = UpdatePolicy {
            blocked: vec![AppVersion::new(0, 1, 0), AppVersion::new(9, 9, 9)],
            required_below: AppVersion::new(1, 0, 0),
            urgent_below: AppVersion::new(1, 5, 0),
            recommended_below: AppVersion::new(2, 0, 0),
        };
        for (version, state) in [
            ("0.0.0", UpdateState::Required),
            ("0.1.0", UpdateState::Blocked),
            ("0.65535.65535", UpdateState::Required),
            ("1.0.0", UpdateState::Urgent),
            ("1.4.9", UpdateState::Urgent),
            ("1.5.0", UpdateState::Recommended),
            ("2.0.0", UpdateState::Fine),
            ("9.9.9", UpdateState::Blocked),
            ("9.9.10", UpdateState::Fine),
        ] {
            assert_eq!(policy.judge(AppVersion::parse(version).unwrap()), state, "{version}");
        }
        // Bounds in the wrong order still give the gravest.
        let odd = UpdatePolicy { recommended_below: AppVersion::new(0, 0, 0), ..policy };
        assert_eq!(odd.judge(AppVersion::new(0, 5, 0)), UpdateState::Required);
    }
}
