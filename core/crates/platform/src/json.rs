//! JSON from the other side.

use serde::de::DeserializeOwned;

use crate::{Flaw, PlatformError};

/// Parses one JSON object and nothing after it. serde refuses doubled known fields and deep nesting by itself, but would
/// take an array in place of an object.
pub(crate) fn parse_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PlatformError> {
    let object = bytes.trim_ascii_start().starts_with(b"{");
    let parsed = object.then(|| serde_json::from_slice(bytes).ok()).flatten();
    parsed.ok_or(PlatformError::Nonsense(Flaw::Shape))
}
