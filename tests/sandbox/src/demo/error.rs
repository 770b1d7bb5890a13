use eid_model::Code;

use crate::SandboxError;

/// Why the demo stopped.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The app refused; its table says what the citizen would be told.
    #[error("the app: {}", .0.info().en)]
    App(#[from] eid_core::Error),
    /// The platform failed.
    #[error("the platform: {0}")]
    Platform(#[from] SandboxError),
    /// The counter could not read something.
    #[error("the counter: {0}")]
    Counter(#[from] eid_counter::CounterError),
    /// A proof could not be made or drawn.
    #[error("the proof: {0}")]
    Proof(#[from] eid_proof::ProofError),
    /// A file could not be written.
    #[error("a file: {0}")]
    Io(#[from] std::io::Error),
    /// The invented citizens lack the one that the demo needs.
    #[error("no citizen for the demo")]
    NobodyToPlay,
    /// The counter's verdict is not the right one.
    #[error("wanted {wanted:?}, got {got:?}")]
    Unexpected {
        /// The verdict that the demo is about.
        wanted: Code,
        /// What came.
        got: Code,
    },
}
