use std::{
    any::Any,
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use eid_crypto::{HardwareInput, SecretBytes, Signature, VerifyingKey};

use crate::ports::{
    ChipLimits, ChipLink, ChipLinkError, Integrity, IntegrityError, KeyAccess, MAX_RESPONSE, SecureKey, SecureKeyError,
};

/// What a port does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// Answers so late that nobody waits for it.
    Late,
    /// Gives the answer of the call before a second time.
    Twice,
    /// Gives more or less than agreed.
    WrongLength,
}

/// A port that does one thing wrong.
#[derive(Debug)]
pub struct Misbehaving<P> {
    port: P,
    mishap: Mishap,
    /// The last answer of each kind of call.
    last: Mutex<BTreeMap<&'static str, Box<dyn Any + Send>>>,
}

impl<P> Misbehaving<P> {
    /// Makes `port` do this wrong, in each call.
    pub fn new(port: P, mishap: Mishap) -> Self {
        Self { port, mishap, last: Mutex::default() }
    }

    async fn spoil<T: Clone + Send + 'static>(&self, call: &'static str, answer: T, wrong_length: T) -> T {
        match self.mishap {
            Mishap::Late => std::future::pending().await,
            Mishap::Twice => {
                let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                let before = last.insert(call, Box::new(answer.clone()));
                before.and_then(|before| before.downcast().ok()).map_or(answer, |before| *before)
            }
            Mishap::WrongLength => wrong_length,
        }
    }
}

#[async_trait]
impl<P: SecureKey> SecureKey for Misbehaving<P> {
    async fn generate(&self, alias: &str, access: KeyAccess) -> Result<VerifyingKey, SecureKeyError> {
        let answer = self.port.generate(alias, access).await;
        self.spoil("generate", answer, Err(SecureKeyError::Malformed)).await
    }

    async fn sign(&self, alias: &str, message: &[u8]) -> Result<Signature, SecureKeyError> {
        let answer = self.port.sign(alias, message).await;
        self.spoil("sign", answer, Err(SecureKeyError::Malformed)).await
    }

    async fn make_secret(&self, alias: &str, access: KeyAccess) -> Result<(), SecureKeyError> {
        let answer = self.port.make_secret(alias, access).await;
        self.spoil("make_secret", answer, answer).await
    }

    async fn derive(&self, alias: &str, input: &HardwareInput) -> Result<SecretBytes, SecureKeyError> {
        // EXPOSE: this object plays the hardware that the answer comes out of.
        let answer = self.port.derive(alias, input).await.map(|answer| answer.expose().to_vec());
        self.spoil("derive", answer, Ok(vec![0; 31])).await.map(SecretBytes::new)
    }

    async fn remove(&self, alias: &str) -> Result<(), SecureKeyError> {
        let answer = self.port.remove(alias).await;
        self.spoil("remove", answer, answer).await
    }
}

#[async_trait]
impl<P: ChipLink> ChipLink for Misbehaving<P> {
    async fn connect(&self, wait_ms: u32) -> Result<ChipLimits, ChipLinkError> {
        let answer = self.port.connect(wait_ms).await;
        self.spoil("connect", answer, Ok(ChipLimits { max_command: 0, max_response: 0 })).await
    }

    async fn transceive(&self, command: &[u8], timeout_ms: u32) -> Result<Vec<u8>, ChipLinkError> {
        let answer = self.port.transceive(command, timeout_ms).await;
        self.spoil("transceive", answer, Ok(vec![0; MAX_RESPONSE + 1])).await
    }

    async fn end_session(&self, success: bool) -> Result<(), ChipLinkError> {
        let answer = self.port.end_session(success).await;
        self.spoil("end_session", answer, answer).await
    }
}

#[async_trait]
impl<P: Integrity> Integrity for Misbehaving<P> {
    async fn attest(&self, nonce: &[u8]) -> Result<Vec<u8>, IntegrityError> {
        let answer = self.port.attest(nonce).await;
        self.spoil("attest", answer, Ok(Vec::new())).await
    }
}
