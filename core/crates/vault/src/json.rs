//! JSON into buffers that wipe themselves, also when they grow. What serde_json unescapes into its own scratch memory when
//! reading is beyond reach, and the value itself is its owner's to wipe.

use std::io::{self, Write};

use serde::Serialize;
use zeroize::Zeroizing;

use crate::VaultError;

/// `prefix` followed by the JSON of `value`, at most `limit` bytes in all.
pub(crate) fn encode<T: Serialize + ?Sized>(
    prefix: &[u8],
    value: &T,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let mut buffer = WipingBuffer { bytes: Zeroizing::new(Vec::with_capacity(256)), limit };
    buffer.write_all(prefix).map_err(|_| VaultError::TooLarge)?;
    serde_json::to_writer(&mut buffer, value)
        .map_err(|error| if error.is_io() { VaultError::TooLarge } else { VaultError::Unencodable })?;
    Ok(buffer.bytes)
}

/// A plain `Vec` would leave unwiped copies behind each time it grows.
struct WipingBuffer {
    bytes: Zeroizing<Vec<u8>>,
    limit: usize,
}

impl Write for WipingBuffer {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let needed = self.bytes.len().saturating_add(more.len());
        if needed > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if needed > self.bytes.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(self.bytes.capacity().saturating_mul(2))));
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
    fn value_without_json_form_is_refused() {
        let map = BTreeMap::from([((1, 2), 3)]);
        assert_eq!(encode(b"", &map, 1000).err(), Some(VaultError::Unencodable));
    }
}
