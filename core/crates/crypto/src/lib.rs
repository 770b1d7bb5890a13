//! The only crate of the project that names ring: secret types, sealing, key derivation, signatures, key slots.
//!
//! It must never log, read the clock, or hand a key out as plain bytes: feature code keeps [`KeySlot`]s of a
//! [`KeyRing`] and asks for operations. Randomness enters through [`Random`] only, so that callers can be tested with
//! fixed bytes; [`SystemRandom`] is the one for real use.
//!
//! ring does not wipe its own key objects (HMAC and AEAD states). They are made for one operation, dropped at once, and the
//! stack that they lay on is wiped; the long-lived forms are [`SecretKey`], which wipes itself, and [`Sealer`] and [`Hasher`],
//! which overwrite theirs.
//!
//! ```
//! use eid_crypto::{KeyRing, KeySlot, SecretKey, SystemRandom, seal::Context};
//!
//! # fn main() -> Result<(), eid_crypto::CryptoError> {
//! let rng = SystemRandom::new();
//! let mut keys = KeyRing::default();
//! keys.insert(KeySlot::History, &SecretKey::make(&rng)?)?;
//! let place = Context::new("history", b"row 1");
//! let sealed = keys.seal(KeySlot::History, &rng, &place, b"shown: name")?;
//! assert_eq!(&*keys.open(KeySlot::History, &place, &sealed)?, b"shown: name");
//! # Ok(())
//! # }
//! ```

mod error;
mod hardware;
pub mod hash;
pub mod hpke;
pub mod kdf;
mod passcode;
mod passcode_key;
mod prepared;
mod random;
mod scrub;
pub mod seal;
mod secret;
mod sign;
mod slot;
mod wiping;

pub use error::CryptoError;
pub use hardware::{DerivingKey, HardwareInput};
pub use passcode::Passcode;
pub use passcode_key::PasscodeKey;
pub use prepared::{Hasher, Sealer};
pub use random::{Random, SystemRandom, random};
pub use secret::{SecretBytes, SecretKey};
pub use sign::{Signature, SigningKey, VerifyingKey};
pub use slot::{KeyRing, KeySlot};
pub use wiping::Wiping;
