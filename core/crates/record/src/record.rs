//! A record with what each source says of it.

use core::fmt;
use std::collections::BTreeMap;

use eid_model::UnixTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    Changes, Checked, Form, Layer, Likeness, Path, Provenance, RecordError, RecordKind, Tables, Value, Verification,
};

/// One record of a person: what each authority says in whole, and what the citizen says field by field.
///
/// Both are kept side by side, and what is shown is worked out: an authority's value if there is one, else the declared value.
/// So a declared value can never overwrite an authoritative one; beside it, it is a pending change. Merging takes the newer of
/// each part, whatever the order in which copies meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    format: Format,
    kind: RecordKind,
    id: String,
    layers: BTreeMap<String, Layer>,
    declared: BTreeMap<Path, Declared>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    at: UnixTime,
    wish: Wish,
}

/// What the citizen wants of a field. `Debug` does not show a value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// That it be empty.
    Empty,
    /// That it say this.
    Text(String),
    /// Nothing, any more. It is kept, so that an older copy of the wish does not come back; of two wishes of one time it wins.
    Nothing,
}

/// A value that differs between two who say it. `Debug` does not show the values.
#[derive(Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The field.
    pub path: Path,
    /// What is shown, and who says it.
    pub shown: (String, Provenance),
    /// What the other says; `None` if the citizen wants the field to be empty.
    pub other: (Option<String>, Provenance),
    /// Whether it may be one thing said in two ways.
    pub likeness: Likeness,
}

/// The status of a record that is no more; not in the table, because it is never shown.
const GONE: &str = "gone";

impl Record {
    /// Most authorities that speak of one record: with full forms it still fits into one value of the vault.
    const MAX_LAYERS: usize = 5;
    const MAX_ID: usize = 64;

    /// A record of which nobody has said anything. `id` is the authority's, or made by the phone for a declared one: ASCII, at
    /// most 64 characters.
    ///
    /// # Errors
    /// [`RecordError::Unreadable`].
    pub fn new(kind: RecordKind, id: &str) -> Result<Self, RecordError> {
        if id.is_empty() || id.len() > Self::MAX_ID || !id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(RecordError::Unreadable);
        }
        Ok(Self { format: Format, kind, id: id.to_owned(), layers: BTreeMap::new(), declared: BTreeMap::new() })
    }

    /// The kind.
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// The identifier.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What an authority says now. It stands in place of what the same authority said before, unless that is newer. Changes that
    /// the authority took over are no longer pending.
    ///
    /// # Errors
    /// [`RecordError::TooLarge`] if too many authorities speak of one record.
    pub fn report(&mut self, authority: &str, layer: Layer) -> Result<(), RecordError> {
        if !self.layers.contains_key(authority) && self.layers.len() >= Self::MAX_LAYERS {
            return Err(RecordError::TooLarge);
        }
        let received_at = layer.received_at;
        self.merge_layer(authority, layer);
        let settled = self.declared.iter().filter(|(path, _)| self.is_settled(path));
        let settled: Vec<_> = settled.map(|(path, declared)| (path.clone(), declared.at.max(received_at))).collect();
        for (path, at) in settled {
            self.wish(path, Wish::Nothing, at);
        }
        Ok(())
    }

    /// The authority has the record no more. What it said before does not come back by an older copy.
    ///
    /// # Errors
    /// As for [`Self::report`].
    pub fn retract(
        &mut self,
        authority: &str,
        (as_of, received_at): (UnixTime, UnixTime),
        verification: Verification,
    ) -> Result<(), RecordError> {
        let (status, form) = (GONE.to_owned(), Form::new());
        self.report(authority, Layer { as_of, received_at, verification, status, form })
    }

    /// True if the leading authority has the record no more.
    pub fn is_gone(&self) -> bool {
        self.status() == Some(GONE)
    }

    /// What the citizen says now, as a checked form of the whole record: each field that differs from what is shown becomes a
    /// declared value or a pending change, and one that agrees again is no longer pending.
    pub fn declare(&mut self, checked: &Checked, at: UnixTime) {
        let shown = self.official_form();
        for (path, _) in shown.iter().filter(|(path, _)| checked.form().text(path).is_none()) {
            self.say(path.clone(), Wish::Empty, at);
        }
        for (path, text) in checked.form().iter() {
            let same = shown.text(path).is_some_and(|shown| self.likeness(path, shown, text) == Likeness::Same);
            if !same {
                self.say(path.clone(), Wish::Text(text.to_owned()), at);
            } else if self.declared.contains_key(path) {
                self.say(path.clone(), Wish::Nothing, at);
            }
        }
        let gone: Vec<Path> =
            self.declared.keys().filter(|path| checked.form().text(path).is_none()).cloned().collect();
        for path in gone.into_iter().filter(|path| shown.text(path).is_none()) {
            self.say(path, Wish::Nothing, at);
        }
    }

    /// Gives all pending changes up.
    pub fn withdraw(&mut self, at: UnixTime) {
        let paths: Vec<Path> = self.declared.keys().cloned().collect();
        for path in paths {
            self.say(path, Wish::Nothing, at);
        }
    }

    /// What another copy of the same record knows besides: of each part the newer one stays.
    ///
    /// # Errors
    /// [`RecordError::Unreadable`] if it is another record; [`RecordError::TooLarge`].
    pub fn merge(&mut self, other: &Self) -> Result<(), RecordError> {
        if (self.kind, &self.id) != (other.kind, &other.id) {
            return Err(RecordError::Unreadable);
        }
        let new = other.layers.keys().filter(|authority| !self.layers.contains_key(*authority)).count();
        if self.layers.len() + new > Self::MAX_LAYERS {
            return Err(RecordError::TooLarge);
        }
        for (authority, layer) in &other.layers {
            self.merge_layer(authority, layer.clone());
        }
        for (path, declared) in &other.declared {
            self.wish(path.clone(), declared.wish.clone(), declared.at);
        }
        Ok(())
    }

    /// The text that is shown for a field, and where it comes from.
    pub fn find(&self, path: &Path) -> Option<(&str, Provenance)> {
        if let Some((authority, layer, text)) = self.official(path) {
            return Some((text, layer.provenance(authority)));
        }
        let declared = self.declared.get(path)?;
        match &declared.wish {
            Wish::Text(text) if self.kind.definition().changes() == Changes::Declare => {
                Some((text, Provenance { authority: None, as_of: declared.at, verification: None }))
            }
            _ => None,
        }
    }

    /// All that is shown, to be validated, prefilled from, shared or searched.
    pub fn form(&self) -> Form {
        let mut form = self.official_form();
        if self.kind.definition().changes() == Changes::Declare {
            for (path, declared) in &self.declared {
                if let (Wish::Text(text), None) = (&declared.wish, form.text(path)) {
                    form.insert(path.clone(), text.clone());
                }
            }
        }
        form
    }

    /// The value that is shown for a field, in its type.
    pub fn value(&self, path: &Path) -> Option<Value> {
        read(self.kind, path, self.find(path)?.0)
    }

    /// Changes that the citizen wants and no authority has taken over, by path.
    pub fn pending(&self) -> impl Iterator<Item = (&Path, &Wish)> {
        let wished = self.declared.iter().filter(|(_, declared)| declared.wish != Wish::Nothing);
        wished.map(|(path, declared)| (path, &declared.wish))
    }

    /// Each field on which two who speak of this record differ, with both values: the citizen and an authority, or two
    /// authorities.
    pub fn mismatches(&self) -> Vec<Mismatch> {
        let mut found = Vec::new();
        for (path, declared) in &self.declared {
            let Some((text, shown)) = self.official(path).map(|(who, layer, text)| (text, layer.provenance(who)))
            else {
                continue;
            };
            let citizen = Provenance { authority: None, as_of: declared.at, verification: None };
            let other = match &declared.wish {
                Wish::Nothing => continue,
                Wish::Empty => None,
                Wish::Text(text) => Some(text.clone()),
            };
            let likeness = other.as_deref().map_or(Likeness::Different, |other| self.likeness(path, text, other));
            found.push(Mismatch {
                path: path.clone(),
                shown: (text.to_owned(), shown),
                other: (other, citizen),
                likeness,
            });
        }
        for (authority, layer) in &self.layers {
            for (path, text) in layer.form.iter() {
                let Some((shown, by)) = self.find(path).filter(|(shown, _)| *shown != text) else { continue };
                let (shown, other) = ((shown.to_owned(), by), (Some(text.to_owned()), layer.provenance(authority)));
                let likeness = self.likeness(path, &shown.0, text);
                found.push(Mismatch { path: path.clone(), shown, other, likeness });
            }
        }
        found
    }

    /// When what is shown was so: the "as of" of screens. `None` if no authority has answered.
    pub fn as_of(&self) -> Option<UnixTime> {
        self.leading().map(|(_, layer)| layer.as_of)
    }

    /// The status that the leading authority gives, a code of the table `record_status`.
    pub fn status(&self) -> Option<&str> {
        self.leading().map(|(_, layer)| layer.status.as_str())
    }

    /// From when on the authority should be asked again. With `enforcing`, for showing it to somebody who enforces the law by it.
    /// A record of which no authority has spoken is due at once.
    pub fn due_at(&self, enforcing: bool, tables: &Tables) -> UnixTime {
        let always = UnixTime::from_seconds(i64::MIN);
        let Some((_, layer)) = self.leading() else { return always };
        let freshness = self.kind.definition().freshness();
        let outcome = tables.row("record_status", &layer.status).and_then(|row| row.fact("outcome"));
        let seconds = match outcome {
            Some("absent") => freshness.absent_s,
            Some("failed") => freshness.failed_s,
            _ if enforcing => freshness.enforcement_s.unwrap_or(freshness.found_s),
            _ => freshness.found_s,
        };
        layer.received_at.checked_add(i64::from(seconds)).unwrap_or(always)
    }

    fn official_form(&self) -> Form {
        let mut layers: Vec<_> = self.layers.iter().collect();
        layers.sort_unstable_by_key(|(authority, layer)| self.weight(authority, layer));
        let mut form = Form::new();
        for (path, text) in layers.into_iter().flat_map(|(_, layer)| layer.form.iter()) {
            form.insert(path.clone(), text.to_owned());
        }
        form
    }

    fn official(&self, path: &Path) -> Option<(&String, &Layer, &str)> {
        let saying = self.layers.iter().filter_map(|(who, layer)| Some((who, layer, layer.form.text(path)?)));
        saying.max_by_key(|(who, layer, _)| self.weight(who, layer))
    }

    fn leading(&self) -> Option<(&String, &Layer)> {
        self.layers.iter().max_by_key(|(who, layer)| self.weight(who, layer))
    }

    /// Whose word counts more: the kind's own authority, then what is better vouched for, then the newer.
    fn weight<'a>(&self, authority: &'a str, layer: &Layer) -> (bool, Verification, UnixTime, &'a str) {
        (self.kind.definition().authority() == authority, layer.verification, layer.as_of, authority)
    }

    fn is_settled(&self, path: &Path) -> bool {
        let official = self.official(path).map(|(_, _, text)| text);
        match (self.declared.get(path).map(|declared| &declared.wish), official) {
            (Some(Wish::Text(text)), Some(official)) => self.likeness(path, official, text) == Likeness::Same,
            (Some(Wish::Empty), None) => true,
            _ => false,
        }
    }

    fn merge_layer(&mut self, authority: &str, layer: Layer) {
        let rank = |layer: &Layer| (layer.as_of, layer.verification, layer.received_at);
        match self.layers.get_mut(authority) {
            Some(present) => {
                // Two answers of one time are told apart by what they say, so that every copy keeps the same one.
                let newer = (rank(&layer), layer.order()) > (rank(present), present.order());
                if newer {
                    *present = layer;
                }
            }
            None => {
                self.layers.insert(authority.to_owned(), layer);
            }
        }
    }

    /// What the citizen says last counts, also when the clock went back since they spoke before.
    fn say(&mut self, path: Path, wish: Wish, at: UnixTime) {
        let after = self.declared.get(&path).filter(|present| present.wish != wish).map(|present| present.at);
        let after = after.and_then(|before| before.checked_add(1)).unwrap_or(at);
        self.wish(path, wish, at.max(after));
    }

    fn wish(&mut self, path: Path, wish: Wish, at: UnixTime) {
        match self.declared.get_mut(&path) {
            Some(present) if (present.at, &present.wish) < (at, &wish) => *present = Declared { at, wish },
            None => {
                self.declared.insert(path, Declared { at, wish });
            }
            Some(_) => {}
        }
    }

    fn likeness(&self, path: &Path, one: &str, other: &str) -> Likeness {
        if one == other {
            return Likeness::Same;
        }
        let values = read(self.kind, path, one).zip(read(self.kind, path, other));
        values.map_or(Likeness::Different, |(one, other)| one.likeness(&other))
    }
}

fn read(kind: RecordKind, path: &Path, text: &str) -> Option<Value> {
    kind.definition().find(path)?.form()?.read(text).ok().map(|(value, _)| value)
}

/// The version of the stored form: 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format;

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            1 => Ok(Self),
            _ => Err(D::Error::custom(RecordError::Unreadable)),
        }
    }
}

impl Serialize for RecordKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for RecordKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_name(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Empty => "Empty",
            Self::Text(_) => "Text(…)",
        })
    }
}

impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mismatch({:?}, {:?})", self.path, self.likeness)
    }
}

#[cfg(test)]
mod tests;
