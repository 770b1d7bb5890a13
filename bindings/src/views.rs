//! What goes out (views) and comes in (drafts). Every source is taken apart completely, so that a new field of the core does
//! not compile until somebody decided about it.

mod activation;
mod home;
mod present;
mod record;
mod record_update;
mod store;

pub use activation::{
    ActivationPurpose, ActivationStep, ActivationView, CardDraft, CardLinesDraft, CardProgressView, LockCodeView,
};
pub use home::{
    AccountState, AccountView, AppStatusView, HomeView, PurposeCount, PurposeRefusal, ReadinessView, RefillView,
    UpdateState,
};
pub(crate) use present::claims_named;
pub use present::{PresentDraft, ProofView, Purpose, QrView};
pub(crate) use record::word;
pub use record::{
    FindingView, HolderMismatchView, LineView, MismatchView, PendingView, RecordHitView, RecordView, StatedView,
    SyncView,
};
pub use record_update::{
    ConflictView, FieldText, RecordUpdateView, UpdateEvidenceView, UpdateReason, UpdateReceiptView, UpdateStep,
};
pub use store::{Act, HistoryPage, HistoryView, PasscodeOutcome, RepairView, StorePart};

/// Records that hold personal data say their name and nothing else: here, and in each language of the shells, which take
/// their text from [`core::fmt::Display`].
macro_rules! redacted {
    ($($record:ident),+) => {$(
        impl core::fmt::Display for $record {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($record), "(…)"))
            }
        }

        impl core::fmt::Debug for $record {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }
    )+};
}
pub(crate) use redacted;

/// A count for the border; what a phone holds is far below its limit.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
