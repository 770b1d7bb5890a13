//! Faults injected into the vault: a child that is killed at every call that changes a file, a disk that is full, fails
//! once, is slow, loses its power, or says "synced" and does nothing.
//!
//! A library that is loaded into the child (`shim/shim.c`) numbers the calls and writes them into a trace. Kills, full and
//! failing disks happen inside the child. A power cut needs none: [`Snapshot::after`] makes from the trace what a disk may
//! hold at any moment. What a scenario does, and what must be there after each of its steps, is in [`scenario`].
//!
//! The same for the whole app against a sandbox: a citizen's [`Step`] is killed at every such call, and at every request before
//! the platform has seen it and before its answer arrives ([`Stage`]); or the network between them cuts, or delivers late
//! ([`Weather`]), or the platform is busy.
//!
//! Only Linux can load such a library; elsewhere this package has no tests.

mod app;
mod child;
mod disk;
mod hardware;
mod phone;
mod read;
pub mod scenario;
mod trace;
mod world;

pub use app::{CHANGED, CitizenApp, Goal, Hit, Outcome, PIECE, Stage, Step, TYPED, Weather, document};
pub use child::{Case, Fault, Run, scratch};
pub use disk::{PowerCut, Snapshot, Survives};
pub use hardware::{Hardware, Keys};
pub use read::{Content, digest};
pub use trace::{Call, load as load_trace};
pub use world::{Failure, World};

/// Dice that fall the same way in every run (xorshift64*).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1)
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.number() % bound).unwrap_or(0)
    }

    /// 64 bits.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
    }
}
