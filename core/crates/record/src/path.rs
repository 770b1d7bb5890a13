//! Where a value stands in a record.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::RecordError;

/// The place of one value: `number`, or `classes[B].issued_on` for a field of an item of a list. There is one level of lists
/// and no more.
///
/// In a form the text in brackets is whatever the screen chose to tell items apart; in a checked payload it is the item's key,
/// made of its key fields, so that two sources that list the same thing in another order still speak of one item. It may be
/// personal data, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(String);

impl Path {
    /// Longest path in bytes.
    const MAX_BYTES: usize = 512;

    /// Reads a path: names are `a`–`z`, digits and `_`, at most 40; what is in brackets has no brackets and no control
    /// characters.
    ///
    /// # Errors
    /// [`RecordError::PathInvalid`].
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        let formed = text.len() <= Self::MAX_BYTES
            && match split(text) {
                (field, None) => is_name(field),
                (list, Some((item, leaf))) => {
                    is_name(list)
                        && is_name(leaf)
                        && !item.is_empty()
                        && !item.contains(|c: char| c.is_control() || matches!(c, '[' | ']'))
                }
            };
        if formed { Ok(Self(text.to_owned())) } else { Err(RecordError::PathInvalid) }
    }

    /// A field within `prefix`, which is empty or ends in `].`; both come from a definition or a parsed path.
    pub(crate) fn within(prefix: &str, field: &str) -> Self {
        Self(format!("{prefix}{field}"))
    }

    /// The path as text. Personal data, if it has brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The field, or the list.
    pub fn field(&self) -> &str {
        split(&self.0).0
    }

    /// The field within the list, if this is in one.
    pub fn leaf(&self) -> Option<&str> {
        split(&self.0).1.map(|(_, leaf)| leaf)
    }

    /// The item's text in brackets, if this is in a list.
    pub fn item(&self) -> Option<&str> {
        split(&self.0).1.map(|(item, _)| item)
    }

    /// What fields of the same item, or of the record itself, begin with: `classes[B].`, or nothing.
    pub(crate) fn prefix(&self) -> &str {
        self.0.rfind("].").and_then(|at| self.0.get(..at + 2)).unwrap_or_default()
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match split(&self.0) {
            (field, None) => write!(f, "Path({field})"),
            (list, Some((_, leaf))) => write!(f, "Path({list}[…].{leaf})"),
        }
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The words that name fields, lists and kinds.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// `list[item].leaf` in its three parts.
fn split(text: &str) -> (&str, Option<(&str, &str)>) {
    let parts = text.split_once('[').and_then(|(list, rest)| Some((list, rest.rsplit_once("].")?)));
    parts.map_or((text, None), |(list, item)| (list, Some(item)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parsed_gives_its_parts() {
        let path = Path::parse("number").unwrap();
        assert_eq!((path.field(), path.item(), path.leaf(), path.prefix()), ("number", None, None, ""));
        let path = Path::parse("visits[2026-01-02/BV Thử].reason").unwrap();
        assert_eq!((path.field(), path.item(), path.leaf()), ("visits", Some("2026-01-02/BV Thử"), Some("reason")));
        assert_eq!(path.prefix(), "visits[2026-01-02/BV Thử].");
        assert_eq!(format!("{path:?}"), "Path(visits[…].reason)");
    }

    #[test]
    fn malformed_path_parse_refuses() {
        for text in [
            "",
            "Number",
            "9a",
            "a.b",
            "a[]",
            "a[].b",
            "a[b]",
            "a[b]c",
            "a[b].",
            "a[b].C",
            "a[b].c[d].e",
            "a[b[].c",
            "a[\u{0}].c",
            "số",
        ] {
            assert_eq!(Path::parse(text), Err(RecordError::PathInvalid), "{text:?}");
        }
        assert!(Path::parse(&format!("a[{}].b", "x".repeat(512))).is_err());
    }
}
