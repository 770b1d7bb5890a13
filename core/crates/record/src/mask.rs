//! What screens show of a value until somebody asks for all of it.

use serde::Deserialize;

/// How many characters of a value are shown at its beginning and end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Mask {
    head: usize,
    tail: usize,
}

impl Mask {
    /// The text with at most half of its characters shown, and never more than twelve signs in place of the others.
    pub(crate) fn apply(self, text: &str) -> String {
        const MOST_SIGNS: usize = 12;
        let length = text.chars().count();
        let shown = (self.head + self.tail).min(length / 2);
        let head = self.head.min(shown);
        let tail = shown - head;
        let signs = (length - shown).min(MOST_SIGNS);
        let start = text.chars().take(head);
        start.chain(core::iter::repeat_n('*', signs)).chain(text.chars().skip(length - tail)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_masked_shows_its_ends_and_never_more_than_half() {
        for (head, tail, text, shown) in [
            (0, 4, "0123456789", "******6789"),
            (2, 2, "0123456789", "01******89"),
            (0, 4, "0123", "**23"),
            (0, 4, "01", "*1"),
            (0, 4, "0", "*"),
            (3, 4, "", ""),
            (0, 0, "ủy ban nhân dân xã Thử", "************"),
            (1, 1, "ễễễễ", "ễ**ễ"),
        ] {
            assert_eq!(Mask { head, tail }.apply(text), shown, "{text}");
        }
    }
}
