//! What the children do, in numbered steps. Each step is one call of the vault's, and all of it or nothing is stored.

mod damage;
mod phone;
mod store;

use eid_vault::{Vault, VaultError};

use crate::{Failure, World};

/// Steps on a folder that was made ready before.
pub struct Scenario {
    /// Its name on the child's command line.
    pub name: &'static str,
    /// Makes the folder and the hardware ready; no fault happens here.
    pub prepare: fn(&mut World) -> Result<(), Failure>,
    /// The steps.
    pub steps: Vec<Step>,
    /// True if what is stored counts only when a passcode opens it.
    pub behind_envelope: bool,
}

/// What a step does.
pub type Act = Box<dyn Fn(&mut World) -> Result<(), Failure>>;

/// One call.
pub struct Step {
    /// True if what it stored outlives a power cut as soon as it returns.
    pub lasts: bool,
    /// The call.
    pub run: Act,
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
    [store::scenarios(), damage::scenarios(), phone::scenarios()].into_iter().flatten().collect()
}

/// A scenario of the store alone.
fn of_store(name: &'static str, prepare: fn(&mut World) -> Result<(), Failure>, steps: Vec<Step>) -> Scenario {
    Scenario { name, prepare, steps, behind_envelope: false }
}

/// A step of the app's whose result outlives a power cut.
fn lasting(run: impl Fn(&mut World) -> Result<(), Failure> + 'static) -> Step {
    Step { lasts: true, run: Box::new(run) }
}

/// A call of the store's whose result outlives a power cut.
fn stores(call: impl Fn(&mut Vault) -> Result<(), VaultError> + 'static) -> Step {
    lasting(move |world| Ok(call(world.vault()?)?))
}

/// A call of the store's whose result a power cut may take back: it can be fetched again.
fn fetches(call: impl Fn(&mut Vault) -> Result<(), VaultError> + 'static) -> Step {
    Step { lasts: false, ..stores(call) }
}
