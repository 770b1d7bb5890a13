//! Registered sex.

use crate::{ModelError, quiet::text_serde};

/// Sex as registered (giới tính). The register knows two; show it only where the law or a form asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// Nam.
    Male,
    /// Nữ.
    Female,
}

impl Sex {
    /// Reads `male` or `female`, the stored form.
    ///
    /// # Errors
    /// [`ModelError::SexInvalid`] for anything else.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        match text {
            "male" => Ok(Self::Male),
            "female" => Ok(Self::Female),
            _ => Err(ModelError::SexInvalid),
        }
    }

    /// The stored form: `male` or `female`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }

    /// The number of attribute 9 (gender) in IANA claim 169: 1 male, 2 female.
    pub const fn claim169_number(self) -> u8 {
        match self {
            Self::Male => 1,
            Self::Female => 2,
        }
    }

    /// The sex for a gender number of claim 169.
    ///
    /// # Errors
    /// [`ModelError::SexInvalid`] for a number that the register does not have, such as 3 (others).
    pub const fn from_claim169_number(number: u8) -> Result<Self, ModelError> {
        match number {
            1 => Ok(Self::Male),
            2 => Ok(Self::Female),
            _ => Err(ModelError::SexInvalid),
        }
    }
}

text_serde!(Sex, as_str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sex_written_and_read_returns() {
        for (sex, number) in [(Sex::Male, 1), (Sex::Female, 2)] {
            assert_eq!(sex.claim169_number(), number);
            assert_eq!(Sex::from_claim169_number(number), Ok(sex));
            assert_eq!(Sex::parse(sex.as_str()), Ok(sex));
        }
        assert_eq!(Sex::from_claim169_number(3), Err(ModelError::SexInvalid));
        assert_eq!(Sex::parse("Male"), Err(ModelError::SexInvalid));
    }
}
