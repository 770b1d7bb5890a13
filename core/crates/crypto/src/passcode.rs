use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::CryptoError;

/// The citizen's six digits (mã passcode). Taken over as bytes, never as a string; wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Passcode(Box<[u8; 6]>);

impl Passcode {
    /// Parses six ASCII digits; the vector is wiped in every case.
    ///
    /// # Errors
    /// [`CryptoError::PasscodeFormat`].
    pub fn parse(mut digits: Vec<u8>) -> Result<Self, CryptoError> {
        let parsed = <&[u8; 6]>::try_from(digits.as_slice())
            .ok()
            .filter(|six| six.iter().all(u8::is_ascii_digit))
            .map(|six| Self(Box::new(*six)));
        digits.zeroize();
        parsed.ok_or(CryptoError::PasscodeFormat)
    }

    /// Checks a *new* passcode: at least two distinct digits, no rising or falling run, and no six digits in a row of the
    /// holder's own data (`known`: Pid, birth date spellings, phone).
    ///
    /// # Errors
    /// [`CryptoError::PasscodeWeak`].
    pub fn check_new(&self, known: &[&str]) -> Result<(), CryptoError> {
        let digits = self.0.as_slice();
        let steps = || digits.windows(2).filter_map(|pair| pair.first().zip(pair.last()));
        let same = steps().all(|(a, b)| a == b);
        let rising = steps().all(|(a, b)| a.checked_add(1) == Some(*b));
        let falling = steps().all(|(a, b)| b.checked_add(1) == Some(*a));
        let personal = known.iter().any(|text| {
            let only: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
            only.windows(6).any(|window| window == digits)
        });
        if same || rising || falling || personal { Err(CryptoError::PasscodeWeak) } else { Ok(()) }
    }

    /// The digits, for the length of one key derivation.
    pub(crate) fn expose(&self) -> &[u8; 6] {
        &self.0
    }
}

impl core::fmt::Debug for Passcode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Passcode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_six_digits_is_refused() {
        for bad in ["", "12345", "1234567", "12345a", "１２３４５６", "      "] {
            assert_eq!(Passcode::parse(bad.as_bytes().to_vec()).err(), Some(CryptoError::PasscodeFormat), "{bad:?}");
        }
    }

    #[test]
    fn guessable_passcodes_are_refused_and_others_pass() -> Result<(), CryptoError> {
        let known = ["000199000123", "31/12/1990", "19901231", "0900000123"];
        for (digits, ok) in [
            ("000000", false),
            ("123456", false),
            ("987654", false),
            ("311219", false), // from the birth date
            ("901231", false), // from the birth date, year in front
            ("000123", false), // the tail of the Pid
            ("271828", true),
            ("112233", true),
        ] {
            let checked = Passcode::parse(digits.as_bytes().to_vec())?.check_new(&known);
            assert_eq!(checked.is_ok(), ok, "{digits}");
        }
        Ok(())
    }
}
