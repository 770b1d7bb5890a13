//! Personal records (dữ liệu cá nhân): what the authorities say, and changes that the citizen has authenticated.
//!
//! What an authority says is kept as it said it, and pulled from the platform's feed ([`Unlocked::sync_records`]). What the citizen says
//! is an update with a state of its own, in the store before each step's call returns; a record that is shown has both side by side.
//! Both lie in the compartment of their kind.

mod attach;
mod confirm;
mod desk;
mod evidence;
mod export;
mod note;
mod outbox;
mod pull;
mod rows;
mod update;
mod view;

pub(crate) use desk::Shelf;
pub use evidence::EvidenceView;
pub use export::RecordsExport;
pub use pull::SyncReport;
pub(crate) use rows::{forget_progress, update_kind};
pub use update::{Conflict, UpdateView};
pub use view::{RecordHit, RecordView};
