//! What the children do, in numbered steps. Each step is one call of the vault's, and all of it or nothing is stored.

mod store;

use std::path::Path;

use crate::{Failure, World};

/// Steps on a folder that was made ready before.
pub struct Scenario {
    /// Its name on the child's command line.
    pub name: &'static str,
    /// Makes the folder below the root ready; no fault happens here.
    pub prepare: fn(&Path) -> Result<(), Failure>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// One call.
pub struct Step {
    /// True if what it stored outlives a power cut as soon as it returns.
    pub lasts: bool,
    /// The call.
    pub run: Box<dyn Fn(&mut World) -> Result<(), Failure>>,
}

impl Scenario {
    /// The scenario of that name.
    pub fn find(name: &str) -> Option<Self> {
        all().into_iter().find(|scenario| scenario.name == name)
    }
}

impl core::fmt::Debug for Scenario {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Scenario({}, {} steps)", self.name, self.steps.len())
    }
}

impl core::fmt::Debug for Step {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Step(lasts: {})", self.lasts)
    }
}

/// All scenarios.
pub fn all() -> Vec<Scenario> {
    store::scenarios()
}

/// A step whose result outlives a power cut.
pub(crate) fn lasting(run: impl Fn(&mut World) -> Result<(), Failure> + 'static) -> Step {
    Step { lasts: true, run: Box::new(run) }
}
