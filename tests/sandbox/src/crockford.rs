//! Codes that people copy from paper: Crockford's base 32, which has no I, L, O and U.

const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The first `length` letters, five bits each; at most eight for every five bytes.
pub(crate) fn encode(bytes: &[u8], length: usize) -> String {
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let letter = |at: usize| (0..5).fold(0, |value, next| value << 1 | usize::from(bit(at * 5 + next)));
    (0..length).filter_map(|at| LETTERS.get(letter(at))).copied().map(char::from).collect()
}

/// What was meant by what was typed: any case, with spaces and hyphens anywhere, I and L for 1, O for 0. None if it is not of
/// this length.
pub(crate) fn normalise(typed: &str, length: usize) -> Option<String> {
    /// Twice as much as with a space after each letter.
    const MOST: usize = 4;
    let meant = |letter: char| match letter.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    let letters = typed.chars().take(MOST * length).filter(|letter| !matches!(letter, ' ' | '-'));
    let code = letters.map(meant).collect::<String>();
    let fits = code.len() == length && code.bytes().all(|letter| LETTERS.contains(&letter));
    fits.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_alphabet_and_forgive_typing() {
        assert_eq!(encode(&[0, 0x44, 0x32, 0x14, 0xC7, 0x42, 0x54, 0xB6], 12), "0123456789AB");
        assert_eq!(encode(&[0xFF; 12], 18), "Z".repeat(18));
        for typed in ["0123-4567 89ab", "oI23456789AB", " ol23456789ab-"] {
            assert_eq!(normalise(typed, 12).as_deref(), Some("0123456789AB"), "{typed}");
        }
        for bad in ["", "0123456789A", "0123456789ABC", "0123456789AU", "0123456789A\u{129}", &" ".repeat(99)] {
            assert_eq!(normalise(bad, 12), None, "{bad}");
        }
    }
}
