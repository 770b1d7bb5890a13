//! The phrase by which a citizen knows the true app and the platform's true messages (domain F9).

use core::fmt;

use crate::{
    ModelError,
    line::tidy,
    name::{ascii_form, has_only_name_characters},
    quiet::text_serde,
};

/// A safety phrase (câu nhận biết): 3–40 letters, spaces, hyphens and apostrophes, in NFC, with single spaces.
///
/// It stands in every text message of the platform, where it must not pass for anything else: without digits it is neither a
/// code nor a number to call, without dots and slashes no link. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SafetyPhrase(String);

impl SafetyPhrase {
    /// Reads a phrase; trims it and makes each run of spaces one.
    ///
    /// # Errors
    /// [`ModelError::SafetyPhraseFormat`].
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let phrase = tidy(text).filter(|phrase| has_only_name_characters(phrase));
        let phrase = phrase.filter(|phrase| (3..=40).contains(&phrase.chars().count()));
        phrase.map(Self).ok_or(ModelError::SafetyPhraseFormat)
    }

    /// The phrase as written. For the holder's eyes: never for logs or errors.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The phrase without accents, for text messages.
    pub fn ascii_form(&self) -> String {
        ascii_form(&self.0)
    }
}

impl fmt::Debug for SafetyPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SafetyPhrase(redacted)")
    }
}

text_serde!(SafetyPhrase, as_str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrase_parse_takes_letters_and_nothing_that_passes_for_a_code_a_number_or_a_link() {
        let phrase = SafetyPhrase::parse("  Mèo  vàng trên mái ").unwrap();
        assert_eq!((phrase.as_str(), phrase.ascii_form().as_str()), ("Mèo vàng trên mái", "Meo vang tren mai"));
        assert!(SafetyPhrase::parse(&"ă".repeat(40)).is_ok() && SafetyPhrase::parse("abc").is_ok());
        assert_eq!(format!("{phrase:?}"), "SafetyPhrase(redacted)");
        for bad in [
            "",
            "  ",
            "ab",
            &"a".repeat(41),
            &"a".repeat(100_000),
            "ma cua ban la 271828",
            "goi 0900000001",
            "vneid.example",
            "https://a",
            "mèo\nvàng",
            "mèo\u{202e}vàng",
            "mèo\u{200b}vàng",
            "мишка",
        ] {
            assert_eq!(SafetyPhrase::parse(bad), Err(ModelError::SafetyPhraseFormat), "{bad:.40}");
        }
    }
}
