//! The test vectors that others made, for the tests of this crate.

use serde_json::Value;

const ICAO: &str = include_str!("../../../../tests/vectors/chip/icao9303-11.json");
const RECORDED: &str = include_str!("../../../../tests/vectors/chip/ca-aa-lds.json");

fn find(text: &str, id: &str) -> Value {
    let file: Value = serde_json::from_str(text).unwrap();
    file["vectors"].as_array().unwrap().iter().find(|vector| vector["id"] == id).unwrap().clone()
}

/// A worked example of ICAO Doc 9303-11.
pub(crate) fn icao(id: &str) -> Value {
    find(ICAO, id)
}

/// A recorded session of Chip or Active Authentication.
pub(crate) fn recorded(id: &str) -> Value {
    find(RECORDED, id)
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

/// What the files hold, each beside the test that takes it. A vector that nobody takes would go unseen.
#[test]
fn every_vector_has_a_test_that_takes_it() {
    let ids = |text: &str| {
        let file: Value = serde_json::from_str(text).unwrap();
        let ids = file["vectors"].as_array().unwrap().iter().map(|vector| vector["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let tests = [
        include_str!("pace/tests.rs"),
        include_str!("bac.rs"),
        include_str!("ca.rs"),
        include_str!("aa.rs"),
        include_str!("sm/tests.rs"),
    ];
    let found = [ids(ICAO), ids(RECORDED)].concat();
    assert_eq!(found.len(), 12);
    for id in found {
        assert!(tests.iter().any(|text| text.contains(&format!("\"{id}\""))), "{id}");
    }
}
