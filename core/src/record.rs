//! What the façade keeps in the vault. Every type is versioned by the vault's layout; fields are only ever added.

use eid_crypto::{Passcode, PasscodeKey, Random, VerifyingKey, kdf::KdfCost, random};
use eid_model::{AccountLevel, PartialDate, PersonName, Pid, UnixTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// Key of the one account, in its collection.
pub(crate) const ACCOUNT: &str = "account";

/// Key of how the account stands, in the account's collection; absent while it never was but active.
pub(crate) const STANDING: &str = "standing";

/// Key of what was learnt about the chip of the citizen's card, among the settings.
pub(crate) const CHIP_PROFILE: &str = "chip-profile";
/// Key of the count of instructions, in the account's collection.
pub(crate) const INSTRUCTIONS: &str = "instructions";

/// Key of the trust list, in its collection.
pub(crate) const TRUST_LIST: &str = "trust-list";

/// Key of the registrars' status lists, beside the trust list.
pub(crate) const COUNTER_LISTS: &str = "counter-lists";

/// Key of the configuration, in its collection.
pub(crate) const CONFIGURATION: &str = "configuration";

/// The account that this phone was activated for: what the verified grant said.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) account_id: eid_platform::AccountId,
    pub(crate) pid: Pid,
    pub(crate) name: PersonName,
    pub(crate) birth_date: PartialDate,
    pub(crate) level: AccountLevel,
    pub(crate) issuer: String,
    pub(crate) granted_at: UnixTime,
    pub(crate) grant_expires_at: UnixTime,
    /// The signed grant itself.
    pub(crate) grant: String,
    #[serde(with = "public_key")]
    pub(crate) device_key: VerifyingKey,
    /// What the passcode key is derived from; absent where the phone was activated before there was one.
    #[serde(default)]
    pub(crate) passcode_key: Option<PasscodeKeySource>,
}

/// What turns a passcode into its key. It never leaves the sealed store: with it, whoever has the key's public half could test
/// passcodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PasscodeKeySource {
    salt: [u8; 16],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PasscodeKeySource {
    pub(crate) fn make(rng: &dyn Random, cost: KdfCost) -> Result<Self, Error> {
        let KdfCost { memory_kib, passes, lanes } = cost;
        Ok(Self { salt: random(rng)?, memory_kib, passes, lanes })
    }

    /// Takes as long as one Argon2id: only where blocking is allowed.
    pub(crate) fn derive(&self, passcode: &Passcode) -> Result<PasscodeKey, Error> {
        let Self { salt, memory_kib, passes, lanes } = *self;
        Ok(PasscodeKey::derive(passcode, &salt, KdfCost { memory_kib, passes, lanes })?)
    }
}

/// The numbers of instructions.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Instructions {
    /// The last one that was taken; the platform may have seen it or not.
    pub(crate) seq: u64,
    /// Until when, by the platform's clock, an instruction that changes the passcode may yet be carried out there.
    #[serde(default)]
    pub(crate) change_until: Option<UnixTime>,
}

/// One one-time credential.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Credential {
    pub(crate) vct: u16,
    /// The issuer token.
    #[serde(with = "bytes")]
    pub(crate) token: Vec<u8>,
    /// Its key's alias in the phone's hardware.
    pub(crate) key_alias: String,
    pub(crate) expires_at: UnixTime,
    /// When it was first shown.
    pub(crate) used_at: Option<UnixTime>,
}

/// The signed trust list, as received.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredTrustList(#[serde(with = "bytes")] pub(crate) Vec<u8>);

/// The registrars' status lists, as received.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredCounterLists(#[serde(with = "bytes")] pub(crate) Vec<u8>);

/// A public key in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredKey(#[serde(with = "public_key")] pub(crate) VerifyingKey);

/// The signed configuration, as received.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredConfiguration {
    pub(crate) jwt: String,
    pub(crate) fetched_at: UnixTime,
}

mod bytes {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(|_| serde::de::Error::custom("not base64"))
    }
}

mod public_key {
    use super::{Deserializer, Serializer, VerifyingKey, bytes};

    pub(super) fn serialize<S: Serializer>(key: &VerifyingKey, serializer: S) -> Result<S::Ok, S::Error> {
        bytes::serialize(key.sec1(), serializer)
    }

    pub(super) fn deserialize<'de, T: Deserializer<'de>>(deserializer: T) -> Result<VerifyingKey, T::Error> {
        VerifyingKey::parse(&bytes::deserialize(deserializer)?).map_err(|_| serde::de::Error::custom("not a key"))
    }
}
