//! Pictures between two steps of an activation: in memory, and only until they were compared.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use eid_crypto::Wiping;

/// Pictures of cards by activation. A restart forgets them, and then the register's portraits stand in.
#[derive(Default)]
pub(crate) struct HeldPictures(Mutex<BTreeMap<String, Held>>);

struct Held {
    picture: Wiping,
    until: i64,
}

impl HeldPictures {
    /// Holds a picture up to a time, and forgets those whose time is over.
    pub(crate) fn hold(&self, activation: &str, picture: Vec<u8>, until: i64, now: i64) {
        let mut held = self.lock();
        held.retain(|_, held| held.until > now);
        held.insert(activation.to_owned(), Held { picture: Wiping::new(picture), until });
    }

    pub(crate) fn find(&self, activation: &str) -> Option<Vec<u8>> {
        self.lock().get(activation).map(|held| held.picture.to_vec())
    }

    pub(crate) fn forget(&self, activation: &str) {
        self.lock().remove(activation);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for HeldPictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeldPictures(redacted)")
    }
}
