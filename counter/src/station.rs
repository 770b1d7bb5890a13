use eid_proof::{MemoryReplayCache, ReplayCache, Scan};

use crate::{Input, Report, Rules};

/// One service counter (quầy): the rules it goes by, and which proofs it has seen.
pub struct Station {
    /// What it goes by.
    pub rules: Rules,
    /// Which proofs were used.
    pub replay: Box<dyn ReplayCache + Send>,
}

impl Station {
    /// A counter whose record of used proofs lives as long as it does.
    pub fn new(rules: Rules) -> Self {
        Self { rules, replay: Box::<MemoryReplayCache>::default() }
    }

    /// Verifies one input. `scan` tells the time and the challenge that was shown.
    pub fn verify(&mut self, input: &Input, scan: &Scan<'_>) -> Report {
        let verdict = self.rules.judge(input, scan).settle(&mut *self.replay);
        self.rules.report(&verdict, scan.now)
    }
}

impl core::fmt::Debug for Station {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Station").field("rules", &self.rules).finish_non_exhaustive()
    }
}
