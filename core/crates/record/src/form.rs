//! What was typed or sent, before anybody looked at it.

use core::fmt;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{Path, RecordError};

/// Texts by path: what a citizen typed, what an authority sent, and the one form in which records are stored and cross borders.
/// Everything is text, also numbers and dates, so that leading zeros and half-finished answers are kept as they are.
///
/// `Debug` shows how many there are only.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Form(BTreeMap<Path, String>);

impl Form {
    /// Most texts in one form.
    pub const MAX_FIELDS: usize = 4_000;

    /// Most bytes of all paths and texts together: with its layers a record stays below what the vault holds in one value.
    pub const MAX_BYTES: usize = 160 * 1024;

    /// An empty form.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a text at a path in place of what was there. A text that is blank counts as no answer, but is kept.
    ///
    /// # Errors
    /// [`RecordError::TooLarge`] beyond [`MAX_FIELDS`](Self::MAX_FIELDS) or [`MAX_BYTES`](Self::MAX_BYTES); the form is as before.
    pub fn set(&mut self, path: Path, text: &str) -> Result<(), RecordError> {
        let (of_path, old) = (path.as_str().len(), self.0.get(&path).map(String::len));
        let fields = self.0.len() + usize::from(old.is_none());
        let bytes = self.bytes() + text.len() - old.unwrap_or(0) + if old.is_none() { of_path } else { 0 };
        if fields > Self::MAX_FIELDS || bytes > Self::MAX_BYTES {
            return Err(RecordError::TooLarge);
        }
        self.0.insert(path, text.to_owned());
        Ok(())
    }

    /// The text at a path.
    pub fn find(&self, path: &str) -> Option<&str> {
        // A map is searched by what its keys borrow as; a path is made for the look-up instead of a trait for one place.
        Path::parse(path).ok().and_then(|path| self.0.get(&path)).map(String::as_str)
    }

    /// Removes the text at a path.
    pub fn remove(&mut self, path: &Path) -> Option<String> {
        self.0.remove(path)
    }

    /// All paths and texts, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.0.iter().map(|(path, text)| (path, text.as_str()))
    }

    /// True if nothing is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn text(&self, path: &Path) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// For texts that were in a form before.
    pub(crate) fn insert(&mut self, path: Path, text: String) {
        self.0.insert(path, text);
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|(path, text)| path.as_str().len() + text.len()).sum()
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({} texts)", self.0.len())
    }
}

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Through any value: serde's own errors would quote what stood in a text's place.
        let serde_json::Value::Object(object) = serde_json::Value::deserialize(deserializer)? else {
            return Err(D::Error::custom(RecordError::Unreadable));
        };
        let mut form = BTreeMap::new();
        for (path, value) in object {
            let serde_json::Value::String(text) = value else { return Err(D::Error::custom(RecordError::Unreadable)) };
            form.insert(Path::parse(&path).map_err(D::Error::custom)?, text);
        }
        let form = Self(form);
        if form.0.len() > Self::MAX_FIELDS || form.bytes() > Self::MAX_BYTES {
            return Err(D::Error::custom(RecordError::TooLarge));
        }
        Ok(form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    #[test]
    fn form_written_and_read_returns() {
        let mut form = Form::new();
        form.set(path("number"), "001").unwrap();
        form.set(path("classes[B].class"), " B ").unwrap();
        form.set(path("number"), "002").unwrap();
        let json = serde_json::to_string(&form).unwrap();
        assert_eq!(json, r#"{"classes[B].class":" B ","number":"002"}"#);
        assert_eq!(serde_json::from_str::<Form>(&json).unwrap(), form);
        assert_eq!(format!("{form:?}"), "Form(2 texts)");
        assert_eq!(form.find("number"), Some("002"));
    }

    #[test]
    fn hostile_form_read_is_refused_without_quoting_it() {
        for json in
            [r#"{"pid":79123456789}"#, r#"["79123456789"]"#, r#"{"pid[79123456789]":"1"}"#, r#"{"a":["79123456789"]}"#]
        {
            let error = serde_json::from_str::<Form>(json).unwrap_err().to_string();
            assert!(!error.contains("79123456789"), "{error}");
        }
    }

    #[test]
    fn form_beyond_its_bounds_set_refuses_and_keeps_what_it_had() {
        let mut form = Form::new();
        form.set(path("a"), &"x".repeat(64 * 1024)).unwrap();
        assert_eq!(form.set(path("b"), &"x".repeat(Form::MAX_BYTES)), Err(RecordError::TooLarge));
        assert_eq!(form.iter().count(), 1);
        let many = (0..=Form::MAX_FIELDS).map(|i| (format!("a[{i}].b"), String::new()));
        let json = serde_json::to_string(&many.collect::<BTreeMap<_, _>>()).unwrap();
        assert!(serde_json::from_str::<Form>(&json).is_err());
    }
}
