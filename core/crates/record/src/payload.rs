//! What a form says, in types.

use std::collections::BTreeMap;

use crate::{Form, Path, Value};

/// Typed values by path, items under their keys. Made by [`RecordKind::validate`](crate::RecordKind::validate) only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Payload(BTreeMap<Path, Value>);

impl Payload {
    /// The value at a path.
    pub fn find(&self, path: &Path) -> Option<&Value> {
        self.0.get(path)
    }

    /// All values, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Value)> {
        self.0.iter()
    }

    /// The values as texts.
    pub fn form(&self) -> Form {
        let mut form = Form::new();
        for (path, value) in &self.0 {
            form.insert(path.clone(), value.text());
        }
        form
    }

    pub(crate) fn insert(&mut self, path: Path, value: Value) {
        self.0.insert(path, value);
    }

    /// What the fields of each item of a list begin with, in order.
    pub(crate) fn prefixes(&self, list: &str) -> impl Iterator<Item = String> {
        let start = format!("{list}[");
        let mut prefixes: Vec<String> = self.starting_with(&start).map(|(path, _)| path.prefix().to_owned()).collect();
        prefixes.dedup();
        prefixes.into_iter()
    }

    /// Takes the fields of an item out.
    pub(crate) fn take(&mut self, prefix: &str) -> Vec<(Path, Value)> {
        let paths: Vec<Path> = self.starting_with(prefix).map(|(path, _)| path.clone()).collect();
        paths.into_iter().filter_map(|path| self.0.remove_entry(&path)).collect()
    }

    fn starting_with<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a Path, &'a Value)> {
        self.0.range(Path::within(start, "")..).take_while(move |(path, _)| path.as_str().starts_with(start))
    }
}
