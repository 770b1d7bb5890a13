//! The envelopes of the vault key: tier 1 of unlocking.
//!
//! Each is sealed under a key that nobody has without an answer of this phone's key hardware. For the passcode the question
//! itself depends on the passcode, so each guess takes an operation of this hardware. Nothing stores, compares or checks the
//! passcode but the tag of that seal.

use eid_crypto::{
    CryptoError, HardwareInput, Passcode, Random, SecretBytes, SecretKey,
    hash::sha256_parts,
    kdf::{KdfCost, derive_key, stretch_passcode},
    random,
    seal::{self, Context},
};

use crate::{
    VaultError,
    file::{frame, unframe},
};

const MAGIC: [u8; 4] = *b"EIDE";
const VERSION: u8 = 2;
/// The vault key's 32 bytes, sealed.
const SEALED: usize = 32 + seal::OVERHEAD;
/// Frame, kind, epoch, cost, salt, binding, seal.
pub(crate) const MAX_BYTES: usize = (4 + 1 + 32) + (1 + 4 + 12 + 16 + 32) + SEALED;

/// Aliases of all hardware keys that envelopes, the guard and the files sealed to the hardware ask. Starting over removes them.
pub const HARDWARE_ALIASES: [&str; 9] = [
    "vault-a",
    "vault-b",
    "vault-biometric",
    "vault-recovery",
    "guard-a",
    "guard-b",
    crate::PENDING_ALIAS,
    crate::PHRASE_ALIAS,
    crate::STANDING_ALIAS,
];

/// The vault key (khóa kho dữ liệu), sealed so that it takes this phone's key hardware and one [`Factor`] to open it.
///
/// Bytes, big-endian, in the frame `EIDE ‖ 2 ‖ … ‖ SHA-256`: `kind (1) ‖ epoch (4) ‖ cost (12, with a passcode only) ‖ salt
/// (16) ‖ binding digest (32) ‖ sealed vault key (62)`. All that stands before the sealed key is part of its associated data.
///
/// Opening goes in two steps, because the hardware is asked between them: [`Self::challenge`] gives the question and a
/// [`Pending`], which takes the answer of the key [`Self::hardware_alias`].
#[derive(PartialEq, Eq)]
pub struct Envelope {
    head: Head,
    sealed: [u8; SEALED],
}

/// What opens an envelope beside the key hardware.
#[derive(Debug, Clone, Copy)]
pub enum Factor<'a> {
    /// The citizen's six digits.
    Passcode(&'a Passcode),
    /// Nothing that the core holds: the hardware itself asks for the face or the finger before it answers.
    Biometrics,
    /// The recovery share that the platform keeps.
    Recovery(&'a SecretKey),
}

/// Which factor an envelope takes. The numbers are those of the byte form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EnvelopeKind {
    /// The passcode.
    Passcode = 1,
    /// The face or the finger.
    Biometric = 2,
    /// The recovery share.
    Recovery = 3,
}

/// Where an envelope belongs: it opens nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvelopeBinding {
    /// The app's identifier, such as its package name.
    pub app_id: String,
    /// 16 random bytes that each installation makes for itself.
    pub install_id: [u8; 16],
}

/// An envelope being opened, while the hardware is asked.
pub struct Pending {
    sealing: Sealing,
    sealed: [u8; SEALED],
}

/// An envelope being made, while the hardware is asked.
pub struct Sealing {
    head: Head,
    /// The stretched passcode or the recovery share.
    factor: Option<SecretKey>,
}

/// All of the body but the sealed key.
#[derive(Clone, PartialEq, Eq)]
struct Head {
    kind: EnvelopeKind,
    epoch: u32,
    /// Of a passcode try; the other kinds have none.
    cost: Option<KdfCost>,
    salt: [u8; 16],
    binding: [u8; 32],
}

impl Envelope {
    /// Begins an envelope: the question for the key hardware, and what seals the vault key with its answer.
    ///
    /// `cost` is that of a passcode try; the other factors have none. `epoch` counts the passcodes of this installation from 1;
    /// envelopes of other kinds carry the one they were made in. Whether a passcode is good enough is checked before, by
    /// [`Passcode::check_new`].
    ///
    /// # Errors
    /// [`VaultError::Crypto`] without randomness or memory, or for an unacceptable cost; [`VaultError::EnvelopeForeign`] for a
    /// cost where there is none, or none for a passcode.
    pub fn prepare(
        rng: &dyn Random,
        factor: Factor<'_>,
        cost: Option<KdfCost>,
        epoch: u32,
        binding: &EnvelopeBinding,
    ) -> Result<(HardwareInput, Sealing), VaultError> {
        let kind = match factor {
            Factor::Passcode(_) => EnvelopeKind::Passcode,
            Factor::Biometrics => EnvelopeKind::Biometric,
            Factor::Recovery(_) => EnvelopeKind::Recovery,
        };
        Head { kind, epoch, cost, salt: random(rng)?, binding: binding.digest() }.challenge(factor)
    }

    /// Begins opening: the question for the key hardware, and what opens the envelope with its answer. Costs an Argon2id for a
    /// passcode, and tells nothing about it yet.
    ///
    /// # Security
    /// The caller counts a passcode try before it asks the hardware ([`crate::GuardSession::count`]).
    ///
    /// # Errors
    /// [`VaultError::EnvelopeForeign`] for another binding or another kind of factor; [`VaultError::Crypto`] when memory for
    /// Argon2id is short.
    pub fn challenge(
        &self,
        factor: Factor<'_>,
        binding: &EnvelopeBinding,
    ) -> Result<(HardwareInput, Pending), VaultError> {
        if !self.belongs_to(binding) {
            return Err(VaultError::EnvelopeForeign);
        }
        let (input, sealing) = self.head.clone().challenge(factor)?;
        Ok((input, Pending { sealing, sealed: self.sealed }))
    }

    /// True if it was made for this app and installation.
    pub fn belongs_to(&self, binding: &EnvelopeBinding) -> bool {
        self.head.binding == binding.digest()
    }

    /// Which factor it takes.
    pub fn kind(&self) -> EnvelopeKind {
        self.head.kind
    }

    /// Number of the passcode, from 1, that is or was in force.
    pub fn epoch(&self) -> u32 {
        self.head.epoch
    }

    /// Cost of a passcode try; `None` for the other kinds.
    pub fn cost(&self) -> Option<KdfCost> {
        self.head.cost
    }

    /// Alias of the hardware key that is asked.
    pub fn hardware_alias(&self) -> &'static str {
        self.head.kind.hardware_alias(self.head.epoch)
    }

    /// The byte form.
    pub fn encode(&self) -> Vec<u8> {
        frame(MAGIC, VERSION, &[self.head.encode().as_slice(), &self.sealed].concat())
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
        let parsed = body.split_last_chunk().and_then(|(head, sealed)| Some((Head::parse(head)?, *sealed)));
        parsed.map(|(head, sealed)| Self { head, sealed }).ok_or(VaultError::EnvelopeDamaged)
    }
}

impl core::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Envelope")
            .field("kind", &self.head.kind)
            .field("epoch", &self.head.epoch)
            .finish_non_exhaustive()
    }
}

impl Pending {
    /// Opens the envelope with the hardware's answer: the vault key.
    ///
    /// # Errors
    /// [`VaultError::PasscodeWrong`], also if another hardware answered; for the other kinds
    /// [`VaultError::EnvelopeForeign`], because only another key or share can be the reason.
    pub fn open(&self, hardware: &SecretKey) -> Result<SecretKey, VaultError> {
        let head = &self.sealing.head;
        let unlock_key = self.sealing.derive_unlock_key(hardware)?;
        let mut opened = match seal::open(&unlock_key, &head.place(), &self.sealed) {
            Ok(opened) => opened,
            Err(CryptoError::Damaged) => {
                let passcode = head.kind == EnvelopeKind::Passcode;
                return Err(if passcode { VaultError::PasscodeWrong } else { VaultError::EnvelopeForeign });
            }
            Err(other) => return Err(other.into()),
        };
        Ok(SecretKey::parse(&SecretBytes::new(std::mem::take(&mut *opened)))?)
    }

    /// What seals the same envelope anew, under a hardware key that replaced the one before: without another Argon2id.
    pub fn sealing(&self) -> &Sealing {
        &self.sealing
    }
}

impl core::fmt::Debug for Pending {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Pending(…)")
    }
}

impl Sealing {
    /// Seals `vault_key` with the hardware's answer.
    ///
    /// # Errors
    /// [`VaultError::Crypto`] without randomness.
    pub fn seal(&self, rng: &dyn Random, hardware: &SecretKey, vault_key: &SecretKey) -> Result<Envelope, VaultError> {
        let unlock_key = self.derive_unlock_key(hardware)?;
        // EXPOSE: the vault key is what the envelope carries.
        let sealed = seal::seal(&unlock_key, rng, &self.head.place(), vault_key.expose())?;
        Ok(Envelope { head: self.head.clone(), sealed: sealed.try_into().map_err(|_| CryptoError::Damaged)? })
    }

    /// Alias of the hardware key that is asked.
    pub fn hardware_alias(&self) -> &'static str {
        self.head.kind.hardware_alias(self.head.epoch)
    }

    fn derive_unlock_key(&self, hardware: &SecretKey) -> Result<SecretKey, CryptoError> {
        let Head { salt, binding, .. } = &self.head;
        match &self.factor {
            Some(factor) => derive_key(&[hardware, factor], salt, "vault/unlock", binding),
            None => derive_key(&[hardware], salt, "vault/unlock", binding),
        }
    }
}

impl core::fmt::Debug for Sealing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sealing(…)")
    }
}

impl Head {
    fn challenge(self, factor: Factor<'_>) -> Result<(HardwareInput, Sealing), VaultError> {
        let factor = match (self.kind, self.cost, factor) {
            (EnvelopeKind::Passcode, Some(cost), Factor::Passcode(passcode)) => {
                Some(stretch_passcode(passcode, &self.salt, cost)?)
            }
            (EnvelopeKind::Biometric, None, Factor::Biometrics) => None,
            // EXPOSE: the share moves from one wiping container to another.
            (EnvelopeKind::Recovery, None, Factor::Recovery(share)) => {
                Some(SecretKey::parse(&SecretBytes::new(share.expose().to_vec()))?)
            }
            _ => return Err(VaultError::EnvelopeForeign),
        };
        let inputs = factor.as_ref().map_or_else(Vec::new, |factor| vec![factor]);
        let input = derive_key(&inputs, &self.salt, "vault/hardware-input", &self.binding)?;
        Ok((HardwareInput::new(input), Sealing { head: self, factor }))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (epoch, mut rest) = rest.split_first_chunk()?;
        let kind = EnvelopeKind::ALL.into_iter().find(|known| *known as u8 == *kind)?;
        let mut cost = None;
        if kind == EnvelopeKind::Passcode {
            let mut figure = || {
                let (figure, after) = rest.split_first_chunk()?;
                rest = after;
                Some(u32::from_be_bytes(*figure))
            };
            let named = KdfCost { memory_kib: figure()?, passes: figure()?, lanes: figure()? };
            cost = Some(named).filter(KdfCost::is_acceptable);
            cost?;
        }
        let (salt, binding) = rest.split_first_chunk()?;
        Some(Self { kind, epoch: u32::from_be_bytes(*epoch), cost, salt: *salt, binding: binding.try_into().ok()? })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.kind as u8];
        out.extend(self.epoch.to_be_bytes());
        if let Some(KdfCost { memory_kib, passes, lanes }) = self.cost {
            out.extend([memory_kib, passes, lanes].map(u32::to_be_bytes).as_flattened());
        }
        out.extend(self.salt);
        out.extend(self.binding);
        out
    }

    /// App id and install id are bound by their digest.
    fn place(&self) -> Context {
        Context::new("vault/envelope", &[VERSION]).with(&self.encode())
    }
}

impl EnvelopeKind {
    const ALL: [Self; 3] = [Self::Passcode, Self::Biometric, Self::Recovery];

    /// Alias of the hardware key that an envelope of this kind and epoch asks. Passcodes take turns between two keys: when the
    /// old key is removed, nothing opens what was sealed with the old passcode, also not from a copy.
    pub fn hardware_alias(self, epoch: u32) -> &'static str {
        match self {
            Self::Passcode if epoch % 2 == 1 => "vault-a",
            Self::Passcode => "vault-b",
            Self::Biometric => "vault-biometric",
            Self::Recovery => "vault-recovery",
        }
    }
}

impl EnvelopeBinding {
    /// Tells "another installation's envelope" from "wrong passcode" without Argon2id; the identifiers stay out of the file.
    pub(crate) fn digest(&self) -> [u8; 32] {
        sha256_parts(&[b"eid-vault/binding\0", &self.install_id, self.app_id.as_bytes()])
    }
}

impl core::fmt::Debug for EnvelopeBinding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EnvelopeBinding").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
