//! What the small files are sealed under that are read while the app is locked: a key that takes an answer of this phone's key
//! hardware, and nothing that the citizen knows.

use eid_crypto::{
    HardwareInput, Random, SecretBytes, SecretKey,
    kdf::derive_key,
    random,
    seal::{self, Context},
};
use zeroize::Zeroizing;

use crate::{
    EnvelopeBinding, VaultError,
    file::{frame, unframe},
};

const VERSION: u8 = 1;

/// Alias of the hardware key that the question of an unfinished activation is put to.
pub const PENDING_ALIAS: &str = "activation";

/// Alias of the hardware key that the question of [`PhraseSeal`] is put to.
pub const PHRASE_ALIAS: &str = "phrase";

/// Alias of the hardware key that the question of [`StandingSeal`] is put to.
pub const STANDING_ALIAS: &str = "standing";

/// The most bytes of a file of this form.
pub(crate) const MAX_BYTES: usize = 64 * 1024;

/// The seal of a file that is read while the app is locked. The file is `EID ‖ KIND ‖ 1 ‖ question (32) ‖ sealed content ‖
/// SHA-256`.
///
/// A copy opens nowhere else: the key takes the answer of a hardware key to the question. Files of two kinds open none of each
/// other.
#[derive(Debug)]
pub struct HardwareSeal<const KIND: u8> {
    question: [u8; 32],
    key: SecretKey,
    context: Context,
}

/// The seal of an unfinished activation, under [`PENDING_ALIAS`].
pub type PendingSeal = HardwareSeal<b'A'>;

/// The seal of the phrase that is shown before a passcode is typed, under [`PHRASE_ALIAS`].
pub type PhraseSeal = HardwareSeal<b'P'>;

/// The seal of how the account stands, under [`STANDING_ALIAS`].
pub type StandingSeal = HardwareSeal<b'T'>;

impl<const KIND: u8> HardwareSeal<KIND> {
    const MAGIC: [u8; 4] = [b'E', b'I', b'D', KIND];

    /// Names of the seal's place and of its key.
    const NAMES: (&str, &str) = match KIND {
        b'A' => ("activation", "vault/pending-activation"),
        b'P' => ("phrase", "vault/phrase"),
        _ => ("standing", "vault/standing"),
    };

    /// A question for a new file.
    ///
    /// # Errors
    /// [`VaultError::Crypto`] without randomness.
    pub fn make_question(rng: &dyn Random) -> Result<[u8; 32], VaultError> {
        Ok(random(rng)?)
    }

    /// The question that a file was sealed with.
    ///
    /// # Errors
    /// [`VaultError::Foreign`], [`VaultError::FileDamaged`], [`VaultError::Newer`].
    pub fn question(file: &[u8]) -> Result<[u8; 32], VaultError> {
        Ok(*Self::parts(file)?.0)
    }

    /// The question as the hardware takes it.
    ///
    /// # Errors
    /// None for 32 bytes.
    pub fn input(question: &[u8; 32]) -> Result<HardwareInput, VaultError> {
        Ok(HardwareInput::new(SecretKey::parse(&SecretBytes::new(question.to_vec()))?))
    }

    /// The seal for a question and the hardware's answer to it.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn new(question: [u8; 32], answer: &SecretKey, binding: &EnvelopeBinding) -> Result<Self, VaultError> {
        let digest = binding.digest();
        let key = derive_key(&[answer], &question, Self::NAMES.1, &digest)?;
        Ok(Self { question, key, context: Context::new(Self::NAMES.0, &digest).with(&question) })
    }

    /// A file with this content.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`], [`VaultError::Crypto`].
    pub fn seal(&self, rng: &dyn Random, content: &[u8]) -> Result<Vec<u8>, VaultError> {
        let sealed = seal::seal(&self.key, rng, &self.context, content)?;
        let file = frame(Self::MAGIC, VERSION, &[self.question.as_slice(), &sealed].concat());
        if file.len() > MAX_BYTES { Err(VaultError::TooLarge) } else { Ok(file) }
    }

    /// The content of a file that was sealed under this question.
    ///
    /// # Errors
    /// [`VaultError::Foreign`], [`VaultError::FileDamaged`], [`VaultError::Newer`]; [`VaultError::Crypto`] for one of another
    /// phone or installation.
    pub fn open(&self, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        Ok(seal::open(&self.key, &self.context, Self::parts(file)?.1)?)
    }

    fn parts(file: &[u8]) -> Result<(&[u8; 32], &[u8]), VaultError> {
        unframe(Self::MAGIC, VERSION, file)?.split_first_chunk().ok_or(VaultError::FileDamaged)
    }
}

#[cfg(test)]
mod tests {
    use eid_crypto::SystemRandom;

    use super::*;

    fn binding(install: u8) -> EnvelopeBinding {
        EnvelopeBinding { app_id: "app".to_owned(), install_id: [install; 16] }
    }

    #[test]
    fn content_opens_with_the_same_hardware_and_installation_and_nowhere_else() {
        let rng = SystemRandom::new();
        let (answer, other) = (SecretKey::make(&rng).unwrap(), SecretKey::make(&rng).unwrap());
        let question = PendingSeal::make_question(&rng).unwrap();
        let seal = PendingSeal::new(question, &answer, &binding(1)).unwrap();
        let file = seal.seal(&rng, b"where it stands").unwrap();
        assert_eq!(PendingSeal::question(&file), Ok(question));
        assert_eq!(seal.open(&file).unwrap().as_slice(), b"where it stands");
        for (answer, install) in [(&other, 1), (&answer, 2)] {
            let foreign = PendingSeal::new(question, answer, &binding(install)).unwrap();
            assert!(matches!(foreign.open(&file), Err(VaultError::Crypto(_))));
        }
        for at in 0..file.len() {
            let mut bent = file.clone();
            bent[at] ^= 1;
            assert!(seal.open(&bent).is_err(), "byte {at}");
            assert!(seal.open(&file[..at]).is_err(), "cut at {at}");
        }
        assert_eq!(seal.seal(&rng, &[0; MAX_BYTES]), Err(VaultError::TooLarge));
        let standing = StandingSeal::new(question, &answer, &binding(1)).unwrap();
        assert_eq!(standing.open(&file), Err(VaultError::Foreign));
        let mut renamed = file.clone();
        renamed.truncate(file.len() - 32);
        let renamed = frame(StandingSeal::MAGIC, VERSION, &renamed[5..]);
        assert!(matches!(standing.open(&renamed), Err(VaultError::Crypto(_))), "of another kind");
    }
}
