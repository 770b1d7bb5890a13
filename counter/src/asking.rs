//! The questions that this office has open: each nonce is good for one answer within two minutes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use eid_crypto::{Random, random};
use eid_model::UnixTime;
use eid_proof::{Asked, Claim, CounterRequest, Policy};

use crate::{CounterError, Identity};

/// Most questions open at a time; the oldest gives way.
const MOST_OPEN: usize = 1_000;

/// The questions of a registered counter.
#[derive(Debug)]
pub(crate) struct Asking {
    identity: Identity,
    open: Mutex<BTreeMap<String, CounterRequest>>,
}

impl Asking {
    pub(crate) fn new(identity: Identity) -> Self {
        Self { identity, open: Mutex::default() }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Asks. The name of the question is its nonce in hexadecimal, which is no secret: the code on the screen has it.
    pub(crate) fn ask(
        &self,
        asked: &Asked,
        rng: &dyn Random,
        now: UnixTime,
    ) -> Result<(String, CounterRequest), CounterError> {
        let nonce = random(rng).map_err(|_| CounterError::IdentityUnusable)?;
        let request = self.identity.ask(asked, nonce, now)?;
        let name: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, request| now <= request.expires_at());
        while open.len() >= MOST_OPEN
            && let Some(oldest) =
                open.iter().min_by_key(|(_, request)| request.signed_at()).map(|(name, _)| name.clone())
        {
            open.remove(&oldest);
        }
        open.insert(name.clone(), request.clone());
        Ok((name, request))
    }

    /// The question of this name, while it may be answered.
    pub(crate) fn find(&self, name: &str, now: UnixTime) -> Option<CounterRequest> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(name).filter(|request| now <= request.expires_at()).cloned()
    }
}

/// What an answer is judged by: what the counter takes, that it is made for this counter, and that it is what was asked.
pub(crate) fn policy_for(policy: &Policy, request: &CounterRequest) -> Policy {
    let asked = request.asked();
    let mut required = policy.required.clone();
    required.extend(asked.claims.iter().copied().chain(asked.photo.then_some(Claim::Face)));
    Policy {
        counter: Some(request.registration().counter().to_owned()),
        accept_open: false,
        accepted: vec![asked.purpose],
        required,
        ..policy.clone()
    }
}
