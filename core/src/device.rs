use std::sync::Arc;

use async_trait::async_trait;
use eid_crypto::{HardwareInput, SecretKey, Signature, VerifyingKey};
use eid_platform::{PlatformError, RequestSigner};
use eid_vault::{GuardPort, GuardSlot};

use crate::{
    Error,
    app::Inner,
    ports::{KeyAccess, SecureKey, SecureKeyError},
};

/// Alias of the key that signs requests and that the grant is bound to.
pub(crate) const DEVICE_KEY: &str = "device";

/// Alias of the key that takes face or finger and signs acts.
pub(crate) const BIOMETRIC_ALIAS: &str = "biometric";

/// A key of the phone's hardware, with its public half.
#[derive(Clone)]
pub(crate) struct HardwareKey {
    port: Arc<dyn SecureKey>,
    pub(crate) alias: String,
    pub(crate) public: VerifyingKey,
}

impl HardwareKey {
    pub(crate) fn new(port: &Arc<dyn SecureKey>, alias: &str, public: VerifyingKey) -> Self {
        Self { port: Arc::clone(port), alias: alias.to_owned(), public }
    }

    /// Signs and checks the answer: a signature that does not verify would only be found out at a counter.
    pub(crate) async fn sign_checked(&self, message: &[u8]) -> Result<Signature, Error> {
        let signature = self.port.sign(&self.alias, message).await?;
        self.public.verify(message, &signature).map_err(|_| SecureKeyError::Malformed)?;
        Ok(signature)
    }
}

impl core::fmt::Debug for HardwareKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "HardwareKey({})", self.alias)
    }
}

#[async_trait]
impl RequestSigner for HardwareKey {
    fn public_key(&self) -> VerifyingKey {
        self.public
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, PlatformError> {
        self.sign_checked(message).await.map_err(|error| PlatformError::Signer(error.code()))
    }
}

impl Inner {
    /// The hardware's answer; 32 bytes or malformed.
    pub(crate) async fn derive(&self, alias: &str, input: &HardwareInput) -> Result<SecretKey, Error> {
        let answer = self.ports.secure_key.derive(alias, input).await?;
        SecretKey::parse(&answer).map_err(|_| SecureKeyError::Malformed.into())
    }
}

/// The hardware keys and the file that the guard of passcode tries works with.
#[derive(Debug, Clone)]
pub(crate) struct GuardKeys(pub(crate) Arc<Inner>);

impl GuardPort for GuardKeys {
    type Error = Error;

    fn is_gone(error: &Error) -> bool {
        *error == Error::Key(SecureKeyError::Invalidated)
    }

    async fn make_secret(&self, slot: GuardSlot) -> Result<(), Error> {
        Ok(self.0.ports.secure_key.make_secret(slot.alias(), KeyAccess::WhileUnlocked).await?)
    }

    async fn derive(&self, slot: GuardSlot, input: HardwareInput) -> Result<SecretKey, Error> {
        self.0.derive(slot.alias(), &input).await
    }

    async fn remove(&self, slot: GuardSlot) -> Result<(), Error> {
        Ok(self.0.ports.secure_key.remove(slot.alias()).await?)
    }

    async fn load(&self) -> Result<Option<Vec<u8>>, Error> {
        self.0.blocking(|inner| Ok(inner.folder.load_guard()?)).await
    }

    async fn store(&self, bytes: Vec<u8>) -> Result<(), Error> {
        self.0.blocking(move |inner| Ok(inner.folder.store_guard(&bytes)?)).await
    }
}
