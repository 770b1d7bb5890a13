//! The phone's key hardware, which no fault of the disk reaches: its keys are there or gone at once, and for good.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use eid_crypto::{HardwareInput, Random, SecretBytes, SecretKey, kdf::derive_key, random};

use crate::Failure;

/// Keys by alias, in hexadecimal.
pub type Keys = BTreeMap<String, String>;

/// Key hardware in software.
#[derive(Debug, Default)]
pub struct Hardware {
    keys: Mutex<Keys>,
    /// Each change is printed, so that whoever reads the answers knows the keys at any moment.
    says_changes: bool,
}

impl Hardware {
    /// Hardware that holds these keys.
    pub fn new(keys: Keys, says_changes: bool) -> Self {
        Self { keys: Mutex::new(keys), says_changes }
    }

    /// The hardware of a child: with the keys that stand beside its folder, and each change is printed.
    pub fn load(root: &Path) -> Self {
        Self::new(load(root), true)
    }

    /// All keys.
    pub fn keys(&self) -> Keys {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a key anew.
    ///
    /// # Errors
    /// None: the randomness is at hand.
    pub fn make(&self, alias: &str, rng: &dyn Random) -> Result<(), Failure> {
        let key: [u8; 32] = random(rng)?;
        let hex = key.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        self.change(alias, Some(hex));
        Ok(())
    }

    /// Keeps a key of another make, written as its owner likes.
    pub(crate) fn keep(&self, alias: &str, key: String) {
        self.change(alias, Some(key));
    }

    /// The key's answer.
    ///
    /// # Errors
    /// [`Failure::HardwareGone`] without such a key.
    pub fn derive(&self, alias: &str, input: &HardwareInput) -> Result<SecretKey, Failure> {
        let keys = self.keys();
        let key = keys.get(alias).ok_or(Failure::HardwareGone)?;
        let key = SecretKey::parse(&SecretBytes::new(key.as_bytes().get(..32).unwrap_or_default().to_vec()))?;
        // EXPOSE: this is the hardware.
        Ok(derive_key(&[&key], input.bytes(), "test/hardware", alias.as_bytes())?)
    }

    /// Removes a key, if there is one.
    pub fn remove(&self, alias: &str) {
        if self.keys().contains_key(alias) {
            self.change(alias, None);
        }
    }

    #[expect(clippy::print_stdout, reason = "the answers are what the tests read")]
    fn change(&self, alias: &str, key: Option<String>) {
        if self.says_changes {
            println!("hardware {alias} {}", key.as_deref().unwrap_or("-"));
        }
        apply(&mut self.keys.lock().unwrap_or_else(PoisonError::into_inner), alias, key);
    }
}

/// The keys after these answers of a child.
pub(crate) fn keys_after<'a>(start: &Keys, answers: impl Iterator<Item = &'a str>) -> Keys {
    let mut keys = start.clone();
    for answer in answers {
        if let ["hardware", alias, key] = answer.split(' ').collect::<Vec<_>>().as_slice() {
            apply(&mut keys, alias, (*key != "-").then(|| (*key).to_owned()));
        }
    }
    keys
}

/// Reads the keys that stand beside a folder.
pub(crate) fn load(root: &Path) -> Keys {
    let text = fs::read_to_string(root.with_extension("hardware")).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(alias, key)| (alias.to_owned(), key.to_owned()))
        .collect()
}

/// Writes them beside a folder, all or none of them.
pub(crate) fn store(root: &Path, keys: &Keys) -> io::Result<()> {
    let text = keys.iter().fold(String::new(), |mut text, (alias, key)| {
        let _ = writeln!(text, "{alias} {key}");
        text
    });
    let new = root.with_extension("hardware-new");
    fs::write(&new, text)?;
    fs::rename(new, root.with_extension("hardware"))
}

fn apply(keys: &mut Keys, alias: &str, key: Option<String>) {
    match key {
        Some(key) => drop(keys.insert(alias.to_owned(), key)),
        None => drop(keys.remove(alias)),
    }
}
