//! What every call needs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use eid_crypto::{SystemRandom, hash::sha256_parts};
use eid_record::{CodeTable, Tables};
use rusqlite::{Transaction, params};

use crate::{
    Clock, Conduct, Fault, RequestPlan, card_trust::CardTrust, face::FaceMatcher, fault::Tampering, held::HeldPictures,
    people::Register, problem::Refusal, secrets::Secrets, store::Store,
};

/// How far the `iat` of a signed request may be from the sandbox's clock, in seconds.
const CLOCK_SKEW: i64 = 300;

/// The platform behind the calls.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) rng: SystemRandom,
    pub(crate) secrets: Secrets,
    pub(crate) register: Register,
    pub(crate) environment: String,
    /// Scheme and authority, without a slash at the end: the credential issuer's identifier and the base of each `htu`.
    pub(crate) base_url: String,
    /// What becomes of requests under the data-protection law; by their names if it is not said.
    pub(crate) request_plan: Mutex<Option<RequestPlan>>,
    /// How authorities behave, by their codes.
    pub(crate) conducts: Mutex<BTreeMap<String, Conduct>>,
    /// How they behave if it is not said.
    pub(crate) conduct: Conduct,
    /// How it misbehaves, and in the calls whose path begins so.
    pub(crate) fault: Mutex<(Fault, String)>,
    pub(crate) tampering: Tampering,
    pub(crate) card_trust: CardTrust,
    pub(crate) matcher: Arc<dyn FaceMatcher>,
    pub(crate) faces: HeldPictures,
}

pub(crate) type Shared = Arc<Platform>;

impl Platform {
    /// Runs a call's transaction off the threads that serve connections.
    pub(crate) async fn call<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Self, &Transaction<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.blocking(|platform| platform.store.call(|tx| work(platform, tx))).await
    }

    /// Runs work off the threads that serve connections.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let done = tokio::task::spawn_blocking(move || work(&self)).await;
        done.unwrap_or(Err(Refusal::fault()))
    }

    pub(crate) fn request_plan(&self) -> Option<RequestPlan> {
        *self.request_plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How an authority behaves.
    pub(crate) fn conduct(&self, authority: &str) -> Conduct {
        let conducts = self.conducts.lock().unwrap_or_else(PoisonError::into_inner);
        conducts.get(authority).copied().unwrap_or(self.conduct)
    }

    /// Says how an authority behaves from now on; without a code, all of them.
    pub(crate) fn set_conduct(&self, authority: Option<&str>, conduct: Conduct) {
        let mut conducts = self.conducts.lock().unwrap_or_else(PoisonError::into_inner);
        let all = Tables::embedded().find("authorities").map(CodeTable::list).unwrap_or_default();
        for row in all.iter().filter(|row| authority.is_none_or(|code| row.code() == code)) {
            conducts.insert(row.code().to_owned(), conduct);
        }
    }

    /// How a call of this path misbehaves.
    pub(crate) fn fault(&self, path: &str) -> Fault {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if path.starts_with(&fault.1) { fault.0 } else { Fault::Off }
    }

    pub(crate) fn set_fault(&self, fault: Fault, paths: &str) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = (fault, paths.to_owned());
    }

    /// True if a request signed at `iat` may be taken now.
    pub(crate) fn is_fresh(&self, iat: i64) -> bool {
        self.clock.seconds().abs_diff(iat) <= CLOCK_SKEW.unsigned_abs()
    }

    /// Notes that a JWT was used. False if it was used before, which matters as long as it would be fresh.
    pub(crate) fn is_first_use(
        &self,
        tx: &Transaction<'_>,
        typ: &str,
        key: &[u8; 32],
        jti: &str,
        iat: i64,
    ) -> Result<bool, Refusal> {
        let keep_until = iat.saturating_add(CLOCK_SKEW);
        tx.execute("DELETE FROM seen_jwts WHERE keep_until < ?", [self.clock.seconds()])?;
        let hash = sha256_parts(&[typ.as_bytes(), b"\0", key, jti.as_bytes()]);
        Ok(tx.execute("INSERT OR IGNORE INTO seen_jwts (hash, keep_until) VALUES (?, ?)", params![hash, keep_until])?
            == 1)
    }
}
