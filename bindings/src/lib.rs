//! The border to Kotlin, Swift and Python: the only crate that knows UniFFI.
//!
//! It translates and nothing else. Foreign calls become calls of [`eid_core`]; what goes out are *views* (immutable records),
//! what comes in are *drafts* (unchecked records, which the core parses) and handles with an identity ([`EidApp`],
//! [`Activation`], [`Unlocked`], [`Presentation`]).
//!
//! - Work runs on a runtime of our own ([`EidApp`] holds it), never on the caller's thread. A call that is abandoned or
//!   cancelled stops, unless its documentation says *runs to its end*: then only the waiting ends.
//! - Errors are [`EidError`]: what a screen can do, and a number. No text of ours, of a foreign exception or of a panic
//!   crosses in either direction.
//! - Secrets come in as bytes and never go out. Freed memory is wiped ([`eid_native::WipingAllocator`]): the generator's
//!   buffers are ordinary vectors.

mod activation;
mod answer;
mod app;
mod call;
mod cancel;
mod consent;
mod contact;
mod contract;
mod data_request;
mod error;
mod events;
mod guard;
mod info;
mod own_data;
mod ports;
mod reader;
mod record;
mod record_form;
mod record_update;
mod runtime;
mod sign_in;
mod step_up;
mod unlocked;
mod views;

pub use activation::Activation;
pub use answer::{AnswerDraft, CounterAsk, CounterAskView, PaperView};
pub use app::{AppConfig, EidApp};
pub use cancel::CancelToken;
pub use consent::{ConsentDraft, ConsentFieldView, ConsentOffer, ConsentOfferView, ConsentStatus, ConsentView};
pub use contact::{AskedPhoneCodeView, ContactKind, ContactView, PhoneCodeDraft};
pub use contract::{
    ContractFinding, check_chip_link, check_clock, check_event_sink, check_integrity, check_secure_key,
};
pub use data_request::{DataRequestView, MissedTerm, RequestKind, RequestStatus};
pub use error::EidError;
pub use info::{BuildInfo, Language, build_info, error_text};
pub use own_data::{HistoryExportView, RecordsExportView};
pub use ports::{
    ChipLimits, ChipLink, ChipLinkError, Clock, ClockError, Event, EventSink, EventSinkError, HardwareInput, Integrity,
    IntegrityError, KeyAccess, Moment, Platform, SecureKey, SecureKeyError,
};
pub use record_form::{
    ChoiceInfo, FieldGroupInfo, FieldInfo, FieldInput, RecordChanges, RecordFormInfo, RecordKindInfo, RequiredWhen,
    record_form, record_kinds,
};
pub use record_update::FieldEdit;
pub use runtime::shutdown_all;
pub use sign_in::{DeviceView, SignInView};
pub use step_up::{ActDraft, ActProgress, FactorChoice, FactorKind, StepUpView};
pub use unlocked::{Presentation, Unlocked};
pub use views::{
    AccountState, AccountView, Act, ActivationPurpose, ActivationStep, ActivationView, AppStatusView, CardDraft,
    CardLinesDraft, CardProgressView, ConflictView, FieldText, FindingView, HistoryPage, HistoryView,
    HolderMismatchView, HomeView, LineView, LockCodeView, MismatchView, PasscodeOutcome, PendingView, PresentDraft,
    ProofView, Purpose, PurposeCount, PurposeRefusal, QrView, ReadinessView, RecordHitView, RecordUpdateView,
    RecordView, RefillView, RepairView, StatedView, StorePart, SyncView, UpdateEvidenceView, UpdateReason,
    UpdateReceiptView, UpdateState, UpdateStep,
};

uniffi::setup_scaffolding!("eid_core");

#[global_allocator]
static ALLOCATOR: eid_native::WipingAllocator = eid_native::WipingAllocator;
