use std::sync::Arc;

use async_trait::async_trait;
use eid_crypto::{Signature, VerifyingKey};
use eid_platform::{PlatformError, RequestSigner};

use crate::{Error, ports::SecureKey};

/// Alias of the key that signs requests and that the grant is bound to.
pub(crate) const DEVICE_KEY: &str = "device";

/// Alias of the hardware key that each passcode try needs.
pub(crate) const UNSEAL_KEY: &str = "vault";

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
        self.public.verify(message, &signature).map_err(|_| crate::ports::SecureKeyError::Malformed)?;
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
