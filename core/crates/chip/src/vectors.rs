//! The test vectors that others made, for the tests of this crate.

use serde_json::Value;

fn find(text: &str, id: &str) -> Value {
    let file: Value = serde_json::from_str(text).unwrap();
    file["vectors"].as_array().unwrap().iter().find(|vector| vector["id"] == id).unwrap().clone()
}

/// A worked example of ICAO Doc 9303-11.
pub(crate) fn icao(id: &str) -> Value {
    find(include_str!("../../../../tests/vectors/chip/icao9303-11.json"), id)
}

/// A recorded session of Chip or Active Authentication.
pub(crate) fn recorded(id: &str) -> Value {
    find(include_str!("../../../../tests/vectors/chip/ca-aa-lds.json"), id)
}

/// The bytes of a hexadecimal member.
pub(crate) fn bytes(value: &Value, key: &str) -> Vec<u8> {
    crate::curve::unhex(value[key].as_str().unwrap_or_else(|| panic!("{key}")))
}

/// A generator that gives out what it was given, in order.
pub(crate) struct Scripted(std::sync::Mutex<std::collections::VecDeque<u8>>);

impl Scripted {
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        Self(std::sync::Mutex::new(parts.concat().into()))
    }
}

impl eid_crypto::Random for Scripted {
    fn fill(&self, out: &mut [u8]) -> Result<(), eid_crypto::CryptoError> {
        let mut left = self.0.lock().unwrap();
        for byte in out {
            *byte = left.pop_front().ok_or(eid_crypto::CryptoError::RandomUnavailable)?;
        }
        Ok(())
    }
}
