//! The passcode envelope: tier 1 of unlocking.
//!
//! `unlock key = HKDF(hardware secret ‖ Argon2id(passcode, salt))` seals the vault key. Nothing stores, compares or checks
//! the passcode but the tag of that seal.

use std::path::Path;

use eid_crypto::{
    CryptoError, Passcode, Random, SecretBytes, SecretKey,
    hash::sha256_parts,
    kdf::{KdfCost, derive_key, stretch_passcode},
    random,
    seal::{self, Context},
};

use crate::{
    VaultError,
    file::{frame, load_start, replace, unframe},
};

const MAGIC: [u8; 4] = *b"EIDE";
const VERSION: u8 = 1;
const MAX_BLOB: usize = 512;
/// The vault key's 32 bytes, sealed.
const SEALED: usize = 32 + seal::OVERHEAD;
/// Frame, cost, salt, binding and the blob's length, the longest blob, the seal.
const MAX_BYTES: usize = (4 + 1 + 32) + (12 + 16 + 32 + 2) + MAX_BLOB + SEALED;

/// The vault key (khóa kho dữ liệu), sealed by the passcode and by a secret that only the phone's key hardware releases.
///
/// Bytes, big-endian, in the frame `EIDE ‖ 1 ‖ … ‖ SHA-256`: `memory KiB (4) ‖ passes (4) ‖ lanes (4) ‖ salt (16) ‖
/// binding digest (32) ‖ blob length (2) ‖ blob ‖ sealed vault key (62)`. All that stands before the sealed key is part of
/// its associated data.
#[derive(PartialEq, Eq)]
pub struct Envelope {
    cost: KdfCost,
    salt: [u8; 16],
    binding: [u8; 32],
    hardware_blob: Vec<u8>,
    sealed: [u8; SEALED],
}

/// Where an envelope belongs: it opens nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvelopeBinding {
    /// The app's identifier, such as its package name.
    pub app_id: String,
    /// 16 random bytes that each installation makes for itself.
    pub install_id: [u8; 16],
}

impl Envelope {
    /// Makes a fresh vault key and seals it under `passcode` and `hardware`; returns both.
    ///
    /// `hardware_blob` is `hardware` as the phone's key hardware sealed it (1 to 512 bytes); it is stored beside the key
    /// and handed back by [`Self::hardware_blob`]. Whether the passcode is good enough is checked before, by
    /// [`Passcode::check_new`].
    ///
    /// # Errors
    /// [`VaultError::HardwareBlobInvalid`]; [`VaultError::Crypto`] without randomness or memory, or for an unacceptable cost.
    pub fn make(
        rng: &dyn Random,
        passcode: &Passcode,
        hardware: &SecretKey,
        hardware_blob: &[u8],
        binding: &EnvelopeBinding,
        cost: KdfCost,
    ) -> Result<(Self, SecretKey), VaultError> {
        if !(1..=MAX_BLOB).contains(&hardware_blob.len()) {
            return Err(VaultError::HardwareBlobInvalid);
        }
        let mut envelope = Self {
            cost,
            salt: random(rng)?,
            binding: binding.digest(),
            hardware_blob: hardware_blob.to_vec(),
            sealed: [0; SEALED],
        };
        let vault_key = SecretKey::make(rng)?;
        let unlock_key = envelope.derive_unlock_key(passcode, hardware)?;
        // EXPOSE: the vault key is what the envelope carries.
        let sealed = seal::seal(&unlock_key, rng, &envelope.place(), vault_key.expose())?;
        envelope.sealed = sealed.try_into().map_err(|_| CryptoError::Damaged)?;
        Ok((envelope, vault_key))
    }

    /// Opens the envelope: the vault key.
    ///
    /// # Security
    /// The caller counts the try *before* calling this ([`crate::Attempts::wrong`]).
    ///
    /// # Errors
    /// [`VaultError::PasscodeWrong`], also for a wrong hardware secret; [`VaultError::EnvelopeForeign`] for another
    /// binding; [`VaultError::Crypto`] when memory for Argon2id is short: no try was made then.
    pub fn open(
        &self,
        passcode: &Passcode,
        hardware: &SecretKey,
        binding: &EnvelopeBinding,
    ) -> Result<SecretKey, VaultError> {
        if self.binding != binding.digest() {
            return Err(VaultError::EnvelopeForeign);
        }
        let unlock_key = self.derive_unlock_key(passcode, hardware)?;
        let mut opened = match seal::open(&unlock_key, &self.place(), &self.sealed) {
            Ok(opened) => opened,
            Err(CryptoError::Damaged) => return Err(VaultError::PasscodeWrong),
            Err(other) => return Err(other.into()),
        };
        Ok(SecretKey::parse(&SecretBytes::new(std::mem::take(&mut *opened)))?)
    }

    /// What the phone's key hardware unseals into the `hardware` argument of [`Self::open`].
    pub fn hardware_blob(&self) -> &[u8] {
        &self.hardware_blob
    }

    /// The byte form.
    pub fn encode(&self) -> Vec<u8> {
        frame(MAGIC, VERSION, &[self.head().as_slice(), &self.sealed].concat())
    }

    /// Parses the byte form: exact length, cost within floor and ceiling.
    ///
    /// # Errors
    /// [`VaultError::EnvelopeForeign`] if it is no envelope, [`VaultError::EnvelopeDamaged`], [`VaultError::Newer`].
    pub fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        if bytes.len() > MAX_BYTES {
            return Err(VaultError::EnvelopeForeign);
        }
        let body = unframe(MAGIC, VERSION, bytes).map_err(|error| match error {
            VaultError::Foreign => VaultError::EnvelopeForeign,
            VaultError::FileDamaged => VaultError::EnvelopeDamaged,
            other => other,
        })?;
        Self::parse_body(body).ok_or(VaultError::EnvelopeDamaged)
    }

    /// Writes the envelope to `path`: after a crash there is the old one or the new one.
    ///
    /// # Errors
    /// [`VaultError::Full`], [`VaultError::ReadOnly`], [`VaultError::Failed`]; the old file is then still there.
    pub fn store(&self, path: &Path) -> Result<(), VaultError> {
        replace(path, &self.encode())
    }

    /// Reads the envelope at `path`; `None` if there is no such file.
    ///
    /// # Errors
    /// What [`Self::parse`] gives; [`VaultError::Failed`] if the file cannot be read.
    pub fn load(path: &Path) -> Result<Option<Self>, VaultError> {
        load_start(path, MAX_BYTES + 1)?.map(|bytes| Self::parse(&bytes)).transpose()
    }

    fn parse_body(body: &[u8]) -> Option<Self> {
        let (memory_kib, rest) = body.split_first_chunk()?;
        let (passes, rest) = rest.split_first_chunk()?;
        let (lanes, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (binding, rest) = rest.split_first_chunk()?;
        let (blob_length, rest) = rest.split_first_chunk()?;
        let (hardware_blob, sealed) = rest.split_at_checked(u16::from_be_bytes(*blob_length).into())?;
        let cost = KdfCost {
            memory_kib: u32::from_be_bytes(*memory_kib),
            passes: u32::from_be_bytes(*passes),
            lanes: u32::from_be_bytes(*lanes),
        };
        (cost.is_acceptable() && (1..=MAX_BLOB).contains(&hardware_blob.len())).then_some(())?;
        Some(Self {
            cost,
            salt: *salt,
            binding: *binding,
            hardware_blob: hardware_blob.to_vec(),
            sealed: sealed.try_into().ok()?,
        })
    }

    fn derive_unlock_key(&self, passcode: &Passcode, hardware: &SecretKey) -> Result<SecretKey, CryptoError> {
        let stretched = stretch_passcode(passcode, &self.salt, self.cost)?;
        derive_key(&[hardware, &stretched], &self.salt, "vault/unlock", &self.binding)
    }

    /// The body up to the sealed key.
    fn head(&self) -> Vec<u8> {
        let KdfCost { memory_kib, passes, lanes } = self.cost;
        let blob_length = u16::try_from(self.hardware_blob.len()).unwrap_or(u16::MAX);
        [
            memory_kib.to_be_bytes().as_slice(),
            &passes.to_be_bytes(),
            &lanes.to_be_bytes(),
            &self.salt,
            &self.binding,
            &blob_length.to_be_bytes(),
            &self.hardware_blob,
        ]
        .concat()
    }

    /// App id and install id are bound by their digest in the head.
    fn place(&self) -> Context {
        Context::new("vault/envelope", &[VERSION]).with(&self.head())
    }
}

impl core::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Envelope").field("cost", &self.cost).finish_non_exhaustive()
    }
}

impl EnvelopeBinding {
    /// Tells "another installation's envelope" from "wrong passcode" without Argon2id; the identifiers stay out of the file.
    fn digest(&self) -> [u8; 32] {
        sha256_parts(&[b"eid-vault/binding\0", &self.install_id, self.app_id.as_bytes()])
    }
}

impl core::fmt::Debug for EnvelopeBinding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EnvelopeBinding").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use eid_crypto::SystemRandom;
    use proptest::prelude::*;

    use super::*;

    struct Fixture {
        passcode: Passcode,
        hardware: SecretKey,
        binding: EnvelopeBinding,
        envelope: Envelope,
        vault_key: SecretKey,
    }

    fn passcode(digits: &[u8; 6]) -> Passcode {
        Passcode::parse(digits.to_vec()).unwrap()
    }

    fn fixture() -> Fixture {
        let rng = SystemRandom::new();
        let passcode = passcode(b"271828");
        let hardware = SecretKey::make(&rng).unwrap();
        let binding = EnvelopeBinding { app_id: "vn.example.eid".into(), install_id: [7; 16] };
        let (envelope, vault_key) =
            Envelope::make(&rng, &passcode, &hardware, b"blob", &binding, KdfCost::FLOOR).unwrap();
        Fixture { passcode, hardware, binding, envelope, vault_key }
    }

    #[test]
    fn envelope_opens_with_passcode_hardware_and_binding_only() {
        let Fixture { passcode: right, hardware, binding, envelope, vault_key } = fixture();
        assert_eq!(envelope.open(&right, &hardware, &binding), Ok(vault_key));
        assert_eq!(envelope.open(&passcode(b"271829"), &hardware, &binding), Err(VaultError::PasscodeWrong));
        let other = SecretKey::make(&SystemRandom::new()).unwrap();
        assert_eq!(envelope.open(&right, &other, &binding), Err(VaultError::PasscodeWrong));
        for elsewhere in [
            EnvelopeBinding { app_id: "vn.example.eidx".into(), ..binding.clone() },
            EnvelopeBinding { install_id: [8; 16], ..binding },
        ] {
            assert_eq!(envelope.open(&right, &hardware, &elsewhere), Err(VaultError::EnvelopeForeign));
        }
    }

    #[test]
    fn envelope_whose_bound_parts_were_exchanged_does_not_open() {
        // An attacker writes the frame's digest anew, so only the associated data is left to notice.
        let Fixture { passcode, hardware, binding, envelope, .. } = fixture();
        let elsewhere = EnvelopeBinding { install_id: [8; 16], ..binding.clone() };
        for part in ["blob", "cost", "salt", "binding"] {
            let mut changed = Envelope::parse(&envelope.encode()).unwrap();
            let mut asked = &binding;
            match part {
                "blob" => changed.hardware_blob = b"blub".to_vec(),
                "cost" => changed.cost.passes += 1,
                "salt" => changed.salt = [0; 16],
                _ => (changed.binding, asked) = (elsewhere.digest(), &elsewhere),
            }
            let stored = Envelope::parse(&changed.encode()).unwrap();
            assert_eq!(stored.open(&passcode, &hardware, asked), Err(VaultError::PasscodeWrong), "{part}");
        }
    }

    #[test]
    fn two_envelopes_of_one_passcode_share_nothing() {
        let (a, b) = (fixture(), fixture());
        assert_ne!(a.vault_key, b.vault_key);
        assert_ne!(a.envelope.salt, b.envelope.salt);
    }

    #[test]
    fn stored_envelope_loads_and_a_damaged_one_is_named_so() {
        let Fixture { passcode, hardware, binding, envelope, vault_key } = fixture();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("envelope");
        assert_eq!(Envelope::load(&path), Ok(None));
        envelope.store(&path).unwrap();
        let loaded = Envelope::load(&path).unwrap().unwrap();
        assert_eq!(loaded.hardware_blob(), b"blob");
        assert_eq!(loaded.open(&passcode, &hardware, &binding), Ok(vault_key));
        let bytes = envelope.encode();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            let expected = if at < 4 { VaultError::EnvelopeForeign } else { VaultError::EnvelopeDamaged };
            assert_eq!(Envelope::parse(&bad), Err(expected), "byte {at}");
            assert!(Envelope::parse(&bytes[..at]).is_err(), "cut to {at}");
        }
        std::fs::write(&path, [bytes, vec![0; 4096]].concat()).unwrap();
        assert_eq!(Envelope::load(&path), Err(VaultError::EnvelopeForeign));
    }

    #[test]
    fn envelope_of_another_version_or_with_absurd_figures_is_refused() {
        let Fixture { envelope, .. } = fixture();
        let body = [envelope.head().as_slice(), &envelope.sealed].concat();
        assert_eq!(Envelope::parse(&frame(MAGIC, VERSION, &body)), Ok(envelope));
        assert_eq!(Envelope::parse(&frame(MAGIC, VERSION + 1, &body)), Err(VaultError::Newer));
        for figure in 0..3 {
            for value in [0, u32::MAX] {
                let mut bad = body.clone();
                bad[figure * 4..figure * 4 + 4].copy_from_slice(&value.to_be_bytes());
                assert_eq!(Envelope::parse(&frame(MAGIC, VERSION, &bad)), Err(VaultError::EnvelopeDamaged));
            }
        }
        for longer in [vec![0], vec![0; 500]] {
            let bad = [body.as_slice(), &longer].concat();
            assert_eq!(Envelope::parse(&frame(MAGIC, VERSION, &bad)), Err(VaultError::EnvelopeDamaged));
        }
    }

    #[test]
    fn blob_and_cost_out_of_bounds_are_refused_when_making() {
        let Fixture { passcode, hardware, binding, .. } = fixture();
        let make = |length: usize, cost: KdfCost| {
            Envelope::make(&SystemRandom::new(), &passcode, &hardware, &vec![1; length], &binding, cost)
        };
        assert_eq!(make(0, KdfCost::FLOOR).err(), Some(VaultError::HardwareBlobInvalid));
        assert_eq!(make(513, KdfCost::FLOOR).err(), Some(VaultError::HardwareBlobInvalid));
        let cheap = KdfCost { passes: 1, ..KdfCost::FLOOR };
        assert_eq!(make(1, cheap).err(), Some(VaultError::Crypto(CryptoError::KdfUnavailable)));
        let (longest, _) = make(512, KdfCost::FLOOR).unwrap();
        assert_eq!(longest.encode().len(), MAX_BYTES);
        assert_eq!(Envelope::parse(&longest.encode()), Ok(longest));
    }

    #[test]
    fn debug_shows_no_identifier_and_no_secret() {
        let Fixture { binding, envelope, .. } = fixture();
        assert_eq!(
            format!("{envelope:?}"),
            "Envelope { cost: KdfCost { memory_kib: 19456, passes: 2, lanes: 1 }, .. }"
        );
        assert_eq!(format!("{binding:?}"), "EnvelopeBinding { app_id: \"vn.example.eid\", .. }");
    }

    proptest! {
        #[test]
        fn lengths_that_do_not_fit_are_refused_and_others_encode_to_themselves(
            tail in proptest::collection::vec(any::<u8>(), 0..600),
            declared in 0..600_u16,
            fits in any::<bool>(),
        ) {
            let declared = if fits { u16::try_from(tail.len().saturating_sub(SEALED)).unwrap() } else { declared };
            let cost = [KdfCost::FLOOR.memory_kib, 2, 1].map(u32::to_be_bytes).concat();
            let body = [cost.as_slice(), &[9; 16 + 32], &declared.to_be_bytes(), &tail].concat();
            let framed = frame(MAGIC, VERSION, &body);
            prop_assert!(Envelope::parse(&body).is_err());
            let length = usize::from(declared);
            match Envelope::parse(&framed) {
                Ok(envelope) => prop_assert_eq!(envelope.encode(), framed),
                Err(_) => prop_assert!(tail.len() != length + SEALED || length == 0 || length > MAX_BLOB),
            }
        }
    }
}
