//! The questions that this office has open: each nonce is good for one answer within two minutes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{Random, random};
use eid_model::UnixTime;
use eid_proof::{Asked, Claim, CounterRequest, Policy};

use crate::{CounterError, Identity, Report};

/// Most questions open at a time; the oldest gives way.
const MOST_OPEN: usize = 1_000;

/// The questions of a registered counter.
#[derive(Debug)]
pub(crate) struct Asking {
    identity: Identity,
    /// Phones can answer over the network.
    has_line: AtomicBool,
    open: Mutex<BTreeMap<String, Arc<Question>>>,
}

/// One question.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) request: CounterRequest,
    /// The last part of the address that takes its answer, if one does.
    ticket: Option<String>,
    /// What came over the network. Held while an answer is judged: answers to one question are judged one after the other.
    pub(crate) answer: tokio::sync::Mutex<Option<Taken>>,
}

/// An answer that was taken.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The SHA-256 of its bytes: who sends them again has missed that they were taken.
    pub(crate) hash: [u8; 32],
    /// For whoever asked, once.
    pub(crate) report: Option<Report>,
}

impl Asking {
    pub(crate) fn new(identity: Identity) -> Self {
        Self { identity, has_line: AtomicBool::default(), open: Mutex::default() }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// From now on questions say where answers may be sent.
    pub(crate) fn open_line(&self) {
        self.has_line.store(true, Ordering::Release);
    }

    /// Asks. The name of the question is its nonce in hexadecimal, which is no secret: the code on the screen has it.
    ///
    /// An answer over the network comes from a phone that nobody saw. So only questions for the photo have an address: the officer
    /// has a face to compare.
    pub(crate) fn ask(
        &self,
        asked: Asked,
        rng: &dyn Random,
        now: UnixTime,
    ) -> Result<(String, Arc<Question>), CounterError> {
        let unusable = |_| CounterError::IdentityUnusable;
        let nonce: [u8; 16] = random(rng).map_err(unusable)?;
        let host = self.identity.registration().host();
        let host = host.filter(|_| asked.photo && self.has_line.load(Ordering::Acquire));
        // Not the nonce: addresses end up in logs on the way, and the nonce is in the proof.
        let ticket = host.map(|_| random(rng).map(|bytes: [u8; 16]| URL_SAFE_NO_PAD.encode(bytes)));
        let ticket = ticket.transpose().map_err(unusable)?;
        let answer_to = host.zip(ticket.as_deref()).map(|(host, ticket)| format!("https://{host}/a/{ticket}"));
        let request = self.identity.ask(&Asked { answer_to, ..asked }, nonce, now)?;
        let name: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let question = Arc::new(Question { request, ticket, answer: tokio::sync::Mutex::default() });
        let mut open = self.open_at(now);
        while open.len() >= MOST_OPEN
            && let Some(oldest) =
                open.iter().min_by_key(|(_, question)| question.request.signed_at()).map(|(name, _)| name.clone())
        {
            open.remove(&oldest);
        }
        open.insert(name.clone(), Arc::clone(&question));
        Ok((name, question))
    }

    /// The question of this name, while it may be answered.
    pub(crate) fn find(&self, name: &str, now: UnixTime) -> Option<Arc<Question>> {
        self.open_at(now).get(name).cloned()
    }

    /// The question whose answer goes to this address, while it may be answered.
    pub(crate) fn find_by_ticket(&self, ticket: &str, now: UnixTime) -> Option<Arc<Question>> {
        let open = self.open_at(now);
        open.values().find(|question| question.ticket.as_deref() == Some(ticket)).cloned()
    }

    /// Ends a question; false if there is none of this name.
    pub(crate) fn give_up(&self, name: &str, now: UnixTime) -> bool {
        self.open_at(now).remove(name).is_some()
    }

    /// Those that may be answered; the others are forgotten, and with them what nobody collected.
    fn open_at(&self, now: UnixTime) -> MutexGuard<'_, BTreeMap<String, Arc<Question>>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, question| now <= question.request.expires_at());
        open
    }
}

impl Question {
    /// True if an answer may come over the network.
    pub(crate) fn has_line(&self) -> bool {
        self.ticket.is_some()
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
