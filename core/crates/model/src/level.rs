//! The two sets of levels. They never mix: an account of level two may well be signed in at authentication level 1.

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// How far an e-ID account was checked (mức độ định danh; Decree 69/2024 Art. 9). The core never grants a level; it
/// imports a signed grant.
///
/// ```compile_fail
/// use eid_model::{AccountLevel, AuthLevel};
/// assert!(AuthLevel::L2 >= AccountLevel::Two); // two sets of levels: there is no comparison
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum AccountLevel {
    /// Level 1: the electronic identity and some utilities.
    One,
    /// Level 2: approved in person; the electronic ID and all utilities.
    Two,
}

impl AccountLevel {
    /// 1 or 2.
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

impl TryFrom<u8> for AccountLevel {
    type Error = ModelError;

    fn try_from(number: u8) -> Result<Self, ModelError> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            _ => Err(ModelError::AccountLevelInvalid),
        }
    }
}

impl From<AccountLevel> for u8 {
    fn from(level: AccountLevel) -> Self {
        level.number()
    }
}

/// How strongly one act was authenticated (mức độ xác thực điện tử; Decree 69/2024 Art. 20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum AuthLevel {
    /// One factor, none biometric.
    L1,
    /// Two different factors, none biometric.
    L2,
    /// Two or more factors, one of them biometric.
    L3,
    /// At least one biometric, one possessed and one known factor.
    L4,
}

impl AuthLevel {
    /// 1 to 4.
    pub const fn number(self) -> u8 {
        match self {
            Self::L1 => 1,
            Self::L2 => 2,
            Self::L3 => 3,
            Self::L4 => 4,
        }
    }
}

impl TryFrom<u8> for AuthLevel {
    type Error = ModelError;

    fn try_from(number: u8) -> Result<Self, ModelError> {
        match number {
            1 => Ok(Self::L1),
            2 => Ok(Self::L2),
            3 => Ok(Self::L3),
            4 => Ok(Self::L4),
            _ => Err(ModelError::AuthLevelInvalid),
        }
    }
}

impl From<AuthLevel> for u8 {
    fn from(level: AuthLevel) -> Self {
        level.number()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_read_gives_its_level_or_a_reason() {
        for number in 0..=u8::MAX {
            match AccountLevel::try_from(number) {
                Ok(level) => assert_eq!(level.number(), number),
                Err(error) => assert!(error == ModelError::AccountLevelInvalid && !(1..=2).contains(&number)),
            }
            match AuthLevel::try_from(number) {
                Ok(level) => assert_eq!(level.number(), number),
                Err(error) => assert!(error == ModelError::AuthLevelInvalid && !(1..=4).contains(&number)),
            }
        }
        assert!(AccountLevel::One < AccountLevel::Two && AuthLevel::L3 < AuthLevel::L4);
    }

    #[test]
    fn level_stored_and_loaded_is_its_number() {
        assert_eq!(serde_json::to_string(&AuthLevel::L3).unwrap(), "3");
        assert_eq!(serde_json::from_str::<AccountLevel>("2").unwrap(), AccountLevel::Two);
        assert!(serde_json::from_str::<AccountLevel>("3").is_err());
    }
}
