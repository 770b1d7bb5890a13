//! Serde through parsing, with errors that never repeat what was read.
//!
//! Serde's own messages quote the offending value (``invalid type: integer `079…` ``), and personal data would reach
//! logs that way. JSON readers make that message before a visitor is asked, unless they are asked for "any" type.

use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};

use crate::ModelError;

/// Serialises a type as text by the method named, and deserialises it through its `parse`.
macro_rules! text_serde {
    ($type:ty, $text:ident) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(AsRef::<str>::as_ref(&self.$text()))
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::quiet::parse_text(deserializer, Self::parse)
            }
        }
    };
}
pub(crate) use text_serde;

/// Reads a text and parses it.
pub(crate) fn parse_text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: fn(&str) -> Result<T, ModelError>,
) -> Result<T, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(TextVisitor(parse))
    } else {
        deserializer.deserialize_str(TextVisitor(parse))
    }
}

/// A record whose fields are quiet by themselves; this makes the record quiet when something else stands in its place.
pub(crate) struct Quiet<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Quiet<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecordVisitor(PhantomData)).map(Quiet)
    }
}

struct TextVisitor<T>(fn(&str) -> Result<T, ModelError>);

struct RecordVisitor<T>(PhantomData<T>);

macro_rules! refuse_quietly {
    ($($visit:ident: $type:ty),+) => {
        $(fn $visit<E: Error>(self, _: $type) -> Result<Self::Value, E> {
            Err(E::invalid_type(Unexpected::Other("another type"), &self))
        })+
    };
}

impl<T> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }

    refuse_quietly!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_i128: i128, visit_u128: u128, visit_f64: f64);
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for RecordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }

    refuse_quietly!(
        visit_str: &str, visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_i128: i128, visit_u128: u128, visit_f64: f64
    );
}
