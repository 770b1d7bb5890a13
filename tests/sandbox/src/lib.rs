//! The sandbox e-ID platform: everything that [the platform's protocol][protocol] asks of a platform, on one machine, over
//! real HTTPS, for people who do not exist.
//!
//! [`Sandbox::start`] runs it inside a test or the demo; the program `eid-sandbox serve` runs it by itself. It keeps all
//! that must survive a restart in one SQLite file, or in memory.
//!
//! It must never hold data of a living person, and its keys are worth nothing: [`SANDBOX_ROOT_PKCS8`] is public on
//! purpose, and a counter that trusts [`SANDBOX_ROOT`] says so on its screen. It shares no code with the client for
//! checking signed requests, so that a mistake of the client cannot hide in both.
//!
//! [protocol]: https://eid-core.example/source/core/docs/platform-protocol.md
//!
//! ```
//! use eid_sandbox::{Fault, Sandbox, SandboxConfig};
//!
//! # fn main() -> Result<(), eid_sandbox::SandboxError> {
//! let sandbox = Sandbox::start(&SandboxConfig::default())?;
//! assert!(sandbox.base_url().starts_with("https://127.0.0.1:"));
//! sandbox.set_fault(Fault::Down);
//! sandbox.stop();
//! # Ok(())
//! # }
//! ```

mod authority;
mod calls;
pub mod card;
mod card_trust;
mod citizen;
mod clock;
mod crockford;
pub mod demo;
mod dpop;
mod error;
mod evidence;
mod evidence_store;
mod extract;
mod face;
mod fault;
mod held;
mod jwt;
mod keys;
mod message;
mod people;
mod platform;
mod portraits;
mod problem;
mod records;
mod router;
mod sandbox;
mod secrets;
mod server;
mod session;
mod shrink;
mod status;
mod store;
mod tls;
mod tries;

pub use authority::{Conduct, Plan};
pub use calls::{
    configuration::{ActSetting, Settings, UpdateSettings, Window},
    counter::CounterApplication,
    data_request::RequestPlan,
    record_control::ReceivedUpdate,
    sandbox::Message,
};
pub use citizen::{AccountState, CardState, RegisterChange};
pub use clock::Clock;
pub use error::SandboxError;
pub use face::{FaceMatcher, FacePicture, FaceVerdict, PictureKind, PictureMatcher};
pub use fault::{Answer, Fault, Tamper};
pub use keys::{SANDBOX_ROOT, SANDBOX_ROOT_PKCS8};
pub use people::{HealthCard, IdCard, Licence, Person};
pub use records::change::RecordChange;
pub use router::{LogLine, openapi_json};
pub use sandbox::{Sandbox, SandboxConfig, Storage};
pub use server::RunningSandbox;
pub use shrink::shrink_portrait;
