//! Lines and paragraphs of text for people: address parts, names of places, what a consent says.

use unicode_normalization::UnicodeNormalization as _;

use crate::{ModelError, quiet::text_serde};

/// NFC, single spaces, no control or invisible characters, 0–200 characters. Holds no line break, so lines can be
/// joined with LF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line(String);

impl Line {
    const MAX_CHARS: usize = 200;

    pub(crate) fn parse(text: &str) -> Result<Self, ModelError> {
        bounded(text, Self::MAX_CHARS).map(Self).ok_or(ModelError::AddressText)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

text_serde!(Line, as_str);

/// The same as [`Line`], 1–1,000 characters: a paragraph in a data table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paragraph(String);

impl Paragraph {
    const MAX_CHARS: usize = 1_000;

    pub(crate) fn parse(text: &str) -> Result<Self, ModelError> {
        let text = bounded(text, Self::MAX_CHARS).filter(|text| !text.is_empty());
        text.map(Self).ok_or(ModelError::TableInvalid)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

text_serde!(Paragraph, as_str);

/// One line of text for people: NFC, trimmed, single spaces; `None` if it is longer than `max_chars` or 2,048 bytes, or holds
/// control or invisible characters, or those that turn the direction of writing.
pub fn bounded(text: &str, max_chars: usize) -> Option<String> {
    let text = tidy(text)?;
    let fits = text.chars().count() <= max_chars && !text.chars().any(|c| c.is_control() || is_invisible(c));
    fits.then_some(text)
}

/// NFC, trimmed, each run of spaces one space; `None` for a text longer than any legal one. Control characters, tabs
/// and line breaks among them, are left for the caller to refuse.
pub(crate) fn tidy(text: &str) -> Option<String> {
    const MAX_BYTES: usize = 2_048;
    if text.len() > MAX_BYTES {
        return None;
    }
    let words = text.split(|c: char| c.is_whitespace() && !c.is_control()).filter(|word| !word.is_empty());
    Some(words.collect::<Vec<_>>().join(" ").nfc().collect())
}

/// Characters that draw nothing, turn the writing direction, or mean something else on each machine (Unicode's
/// `Default_Ignorable_Code_Point`, the interlinear marks, and private use).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untidy_text_parse_tidies_and_composes() {
        for (text, expected) in [
            ("  Số 1,\u{a0} ngõ  2 ", "Số 1, ngõ 2"),
            ("Thu\u{31b}\u{309} Nghiê\u{323}m", "Thử Nghiệm"),
            ("Ngách 3/4\u{2028}Tổ 5", "Ngách 3/4 Tổ 5"),
            ("", ""),
        ] {
            assert_eq!(Line::parse(text).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn hidden_or_endless_text_parse_refuses() {
        for text in ["a\nb", "a\tb", "a\u{202e}b", "a\u{200b}b", "\u{feff}a", "a\u{e000}", "a\u{0}", "\u{3164}"] {
            assert_eq!(Line::parse(text), Err(ModelError::AddressText), "{text:?}");
        }
        assert!(Line::parse(&"ễ".repeat(200)).is_ok());
        assert!(Line::parse(&"ễ".repeat(201)).is_err());
        assert!(Line::parse(&" ".repeat(2_049)).is_err());
    }
}
