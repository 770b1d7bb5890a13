//! The core of a national e-ID citizen app: what a shell calls, and what it must provide.
//!
//! [`EidApp`] is the locked app: it can be activated ([`EidApp::start_activation`]) and unlocked ([`EidApp::unlock`]).
//! With the passcode or, once [`EidApp::enable_biometrics`] was called, with face or finger.
//! [`Unlocked`] is what the citizen can do then: see the account, show a proof of identity with no network at all, fetch new
//! credentials, read the history. Dropping it, [`Unlocked::lock`], or time ([`AutoLock`]) wipes the keys.
//!
//! The core never draws, never reads a clock, a setting of the system or a file outside the folder that it is given, and
//! never lets a secret or personal data into an error. The phone's powers come in through [`ports`].
//!
//! `core/docs/` holds the threat model, the storage format, the proof format, the platform's protocol and the decisions.

mod app;
mod autolock;
mod care;
mod device;
mod error;
mod export;
pub mod ports;
mod record;
mod session;
mod standing;
mod store;
mod task;
mod usecase;

pub use app::{AppConfig, EidApp, KdfChoice};
pub use autolock::AutoLock;
pub use eid_platform::{
    ActivationPurpose, AppVersion, ContactKind, DeviceEntry, MAX_CONFIGURATION, Maintenance, PlatformConfig,
    PlatformError, Timeouts, UpdateState,
};
pub use eid_vault::{Act, Collection, HistoryEntry, Page, Repaired, VaultError};
pub use error::Error;
pub use session::{AccountView, Unlocked};
pub use usecase::{
    act::{ActOrder, ActOutcome, ActProgress, Choice, StepUp},
    activate::{Activation, ActivationState, ActivationStep, LockCode},
    answer::{CounterAnswer, CounterAsk},
    card::{CardAccess, CardProgress},
    configuration::AppStatus,
    consent::{Consent, ConsentAsk, ConsentOffer, ConsentState},
    contact::{AskedPhoneCode, ContactView, PhoneCode},
    data_request::{DataRequest, DataRequestState},
    history::{HistoryExport, MAX_EXPORT, MAX_HISTORY_DAYS, MIN_HISTORY_DAYS},
    passcode::PasscodeOutcome,
    present::{PresentRequest, Presentation, Readiness},
    record::{Conflict, EvidenceView, RecordHit, RecordView, RecordsExport, SyncReport, UpdateView},
    refill::RefillReport,
    sign_in::{Authorization, SignInView},
};
