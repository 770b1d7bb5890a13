//! JSON into buffers that wipe themselves, also when they grow. What serde_json unescapes into its own scratch memory when
//! reading is beyond reach, and the value itself is its owner's to wipe.

use std::io::{self, Write};

use eid_crypto::Wiping;
use serde::Serialize;

use crate::VaultError;

/// `prefix` followed by the JSON of `value`, at most `limit` bytes in all.
pub(crate) fn encode<T: Serialize + ?Sized>(prefix: &[u8], value: &T, limit: usize) -> Result<Wiping, VaultError> {
    let mut buffer = WipingBuffer { bytes: Wiping::new(Vec::with_capacity(4096)), limit };
    buffer.write_all(prefix).map_err(|_| VaultError::TooLarge)?;
    serde_json::to_writer(&mut buffer, value)
        .map_err(|error| if error.is_io() { VaultError::TooLarge } else { VaultError::Unencodable })?;
    Ok(buffer.bytes)
}

/// Fills JSON up with spaces, which mean nothing there, to a multiple of `step` bytes.
pub(crate) fn fill_up(json: &mut Wiping, step: usize) {
    let length = json.len().next_multiple_of(step.max(1));
    if length > json.capacity() {
        let mut larger = Wiping::new(Vec::with_capacity(length));
        larger.extend_from_slice(json);
        *json = larger;
    }
    json.resize(length, b' ');
}

/// A plain `Vec` would leave unwiped copies behind each time it grows.
struct WipingBuffer {
    bytes: Wiping,
    limit: usize,
}

impl Write for WipingBuffer {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let needed = self.bytes.len().saturating_add(more.len());
        if needed > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if needed > self.bytes.capacity() {
            let mut larger = Wiping::new(Vec::with_capacity(needed.max(self.bytes.capacity().saturating_mul(2))));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn value_is_encoded_up_to_the_limit_and_refused_beyond() {
        let text = "x".repeat(1000);
        assert_eq!(&**encode(b"ab", &text, 1004).unwrap(), format!("ab\"{text}\"").as_bytes());
        assert_eq!(encode(b"ab", &text, 1003).err(), Some(VaultError::TooLarge));
        assert_eq!(encode(b"ab", &text, 1).err(), Some(VaultError::TooLarge));
    }

    #[test]
    fn value_is_filled_up_to_a_step_and_means_the_same() {
        for (length, filled) in [(0, 256), (254, 256), (255, 512)] {
            let text = "x".repeat(length);
            let mut json = encode(b"", &text, 1000).unwrap();
            fill_up(&mut json, 256);
            assert_eq!(json.len(), filled);
            assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), text);
            fill_up(&mut json, 1);
            assert_eq!(json.len(), filled);
        }
    }

    #[test]
    fn value_without_json_form_is_refused() {
        let map = BTreeMap::from([((1, 2), 3)]);
        assert_eq!(encode(b"", &map, 1000).err(), Some(VaultError::Unencodable));
    }
}
