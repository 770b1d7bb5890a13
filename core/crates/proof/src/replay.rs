use std::collections::BTreeMap;

use eid_model::UnixTime;

/// One use of a proof at a counter: hashes only, nothing personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayEntry {
    /// SHA-256 over the holder key's thumbprint, the time of signing and the challenge; not over the proof's bytes, because
    /// an ECDSA signature can be changed into another valid one.
    pub proof: [u8; 32],
    /// SHA-256 of the counter's challenge, which is good for one answer only.
    pub challenge: Option<[u8; 32]>,
    /// When it was seen.
    pub seen_at: UnixTime,
    /// Until when the entry must be kept.
    pub keep_until: UnixTime,
}

/// The answer of a replay cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Not seen before; now recorded.
    First,
    /// The same proof was seen.
    Again {
        /// When.
        at: UnixTime,
    },
    /// The challenge was answered by another proof.
    ChallengeSpent {
        /// When.
        at: UnixTime,
    },
}

/// The cache could not be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record of used codes is not usable")]
pub struct ReplayUnavailable;

/// What a counter remembers of the proofs that it took, until they could no longer pass anyway.
pub trait ReplayCache {
    /// Looks up and records in one atomic step. Called only after both signatures verified.
    ///
    /// # Errors
    /// [`ReplayUnavailable`]: the verdict is then "cannot tell".
    fn record(&mut self, entry: &ReplayEntry) -> Result<Seen, ReplayUnavailable>;
}

/// A cache for one process.
#[derive(Debug, Default)]
pub struct MemoryReplayCache {
    proofs: BTreeMap<[u8; 32], (UnixTime, UnixTime)>,
    challenges: BTreeMap<[u8; 32], (UnixTime, UnixTime)>,
}

impl ReplayCache for MemoryReplayCache {
    fn record(&mut self, entry: &ReplayEntry) -> Result<Seen, ReplayUnavailable> {
        for map in [&mut self.proofs, &mut self.challenges] {
            map.retain(|_, (_, keep_until)| *keep_until >= entry.seen_at);
        }
        if let Some((at, _)) = self.proofs.get(&entry.proof) {
            return Ok(Seen::Again { at: *at });
        }
        if let Some((at, _)) = entry.challenge.and_then(|challenge| self.challenges.get(&challenge)) {
            return Ok(Seen::ChallengeSpent { at: *at });
        }
        self.proofs.insert(entry.proof, (entry.seen_at, entry.keep_until));
        if let Some(challenge) = entry.challenge {
            self.challenges.insert(challenge, (entry.seen_at, entry.keep_until));
        }
        Ok(Seen::First)
    }
}
