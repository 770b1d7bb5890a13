use std::{
    fmt,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use axum::Router;
use eid_crypto::{SystemRandom, VerifyingKey};
use eid_model::{PhoneNumber, Pid};
use eid_proof::{Registration, Status};

use crate::{
    Clock, Conduct, Fault, Message, Person, ReceivedUpdate, RecordChange, RequestPlan, RunningSandbox, SandboxError,
    calls::{
        activation::print_voucher,
        configuration::{self, Settings},
        counter::{CounterApplication, register_counter, set_counter_status},
        record_control::list_received,
        sandbox::{list_messages, set_account_status},
    },
    card::{CardFile, SANDBOX_CSCA},
    card_trust::CardTrust,
    citizen::RegisterChange,
    evidence_store,
    face::{FaceMatcher, PictureMatcher},
    fault::{Tamper, Tampering},
    held::HeldPictures,
    keys::{self, Role},
    people::Register,
    platform::{Platform, Shared},
    records::{feed, keys as record_keys},
    router::{Log, LogLine, router},
    secrets::Secrets,
    status,
    store::Store,
    tls::Identity,
};

/// How a sandbox is set up. The default listens on any free port of this machine, keeps everything in memory, uses the
/// machine's clock and logs nothing.
#[derive(Clone)]
pub struct SandboxConfig {
    /// Where to listen; port 0 is any free one. Certificates are for `127.0.0.1` and `localhost`.
    pub listen: SocketAddr,
    /// Where to keep what must survive a restart.
    pub storage: Storage,
    /// The clock that all decisions are made by.
    pub clock: Clock,
    /// The environment that the trust list names.
    pub environment: String,
    /// Told of each call, if set.
    pub log: Option<Log>,
    /// States whose cards are believed: certificates in DER.
    pub csca: Vec<Vec<u8>>,
    /// Who compares faces.
    pub matcher: Arc<dyn FaceMatcher>,
    /// Draws how authorities behave that were not told: [`Conduct::seed`].
    pub seed: Option<u64>,
}

/// Where a sandbox keeps what must survive a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// Nowhere: all is gone when it stops.
    Memory,
    /// In a SQLite file, made if it does not exist.
    File(PathBuf),
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            storage: Storage::Memory,
            clock: Clock::system(),
            environment: "sandbox".to_owned(),
            log: None,
            csca: vec![SANDBOX_CSCA.to_vec()],
            matcher: Arc::new(PictureMatcher),
            seed: None,
        }
    }
}

impl SandboxConfig {
    /// The same set-up with a log.
    #[must_use]
    pub fn with_log(self, log: impl Fn(&LogLine) + Send + Sync + 'static) -> Self {
        Self { log: Some(Arc::new(log)), ..self }
    }
}

impl fmt::Debug for SandboxConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxConfig")
            .field("listen", &self.listen)
            .field("storage", &self.storage)
            .finish_non_exhaustive()
    }
}

/// A sandbox platform without a socket: its calls as a [`Router`], and handles for tests and demonstrations.
pub struct Sandbox {
    platform: Shared,
    identity: Identity,
    log: Option<Log>,
}

impl Sandbox {
    /// Opens a sandbox that takes itself to be reachable at `base_url` (scheme and authority, no slash at the end).
    ///
    /// # Errors
    /// [`SandboxError::Store`] or [`SandboxError::StoreVersion`] if the file cannot be used; [`SandboxError::Crypto`]
    /// or [`SandboxError::Certificate`] if keys cannot be made;
    /// [`SandboxError::Chip`] for a state's certificate that is none.
    pub fn open(config: &SandboxConfig, base_url: &str) -> Result<Self, SandboxError> {
        let (store, rng) = (Store::open(&config.storage)?, SystemRandom::new());
        let secrets = store.run(|tx| Secrets::load_or_make(tx, &rng))?;
        let platform = Platform {
            store,
            clock: config.clock.clone(),
            rng,
            secrets,
            register: Register::embedded()?,
            environment: config.environment.clone(),
            base_url: base_url.to_owned(),
            fault: Mutex::default(),
            request_plan: Mutex::default(),
            conducts: Mutex::default(),
            conduct: Conduct { seed: config.seed, ..Conduct::default() },
            tampering: Tampering::default(),
            card_trust: CardTrust::new(&config.csca)?,
            matcher: Arc::clone(&config.matcher),
            faces: HeldPictures::default(),
        };
        let now = platform.clock.seconds();
        let identity = platform.store.run(|tx| {
            keys::make_missing(tx, now)?;
            Identity::load_or_make(tx)
        })?;
        Ok(Self { platform: Arc::new(platform), identity, log: config.log.clone() })
    }

    /// Opens a sandbox and serves it over HTTPS, on threads of its own, until it is stopped or dropped. Can be called
    /// inside and outside a Tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError::Io`] if the address cannot be had; otherwise as [`open`](Self::open).
    pub fn start(config: &SandboxConfig) -> Result<RunningSandbox, SandboxError> {
        RunningSandbox::start(config)
    }

    /// The calls, for use without a socket.
    pub fn router(&self) -> Router {
        router(&self.platform, self.log.clone())
    }

    /// Scheme and authority: what clients are told, and the identifier of the credential issuer.
    pub fn base_url(&self) -> &str {
        &self.platform.base_url
    }

    /// The certificate of the authority that clients must trust: DER.
    ///
    /// # Errors
    /// [`SandboxError::Certificate`] if the stored one is damaged.
    pub fn ca_der(&self) -> Result<Vec<u8>, SandboxError> {
        self.identity.authority_der()
    }

    /// The same certificate: PEM.
    pub fn ca_pem(&self) -> &str {
        &self.identity.authority_pem
    }

    /// The invented citizens.
    pub fn people(&self) -> &[Person] {
        self.platform.register.people()
    }

    /// The description of a citizen's identity card, as the register knows it.
    ///
    /// # Errors
    /// [`SandboxError::PersonUnknown`].
    pub fn card_file(&self, pid: &Pid) -> Result<CardFile, SandboxError> {
        self.platform.register.card_file(pid).ok_or(SandboxError::PersonUnknown)
    }

    /// Prints a voucher that stands in for a citizen's card once, within seven days: 12 letters and digits.
    ///
    /// # Errors
    /// [`SandboxError::PersonUnknown`], [`SandboxError::Store`], [`SandboxError::Crypto`].
    pub fn print_voucher(&self, pid: &Pid) -> Result<String, SandboxError> {
        self.platform.store.run(|tx| Ok(print_voucher(&self.platform, tx, pid)?.0))
    }

    /// Changes what the register says of a citizen.
    ///
    /// # Errors
    /// [`SandboxError::PersonUnknown`], [`SandboxError::Store`].
    pub fn change_register(&self, pid: &Pid, change: &RegisterChange) -> Result<(), SandboxError> {
        self.platform.store.run(|tx| change.store(&self.platform, tx, pid.as_str()))
    }

    /// Every recovery share that is kept becomes another one.
    ///
    /// # Errors
    /// [`SandboxError::Store`].
    pub fn spoil_recovery_shares(&self) -> Result<(), SandboxError> {
        self.platform
            .store
            .run(|tx| Ok(tx.execute("UPDATE devices SET recovery_share = randomblob(32)", []).map(drop)?))
    }

    /// The text messages sent to a phone, newest last.
    ///
    /// # Errors
    /// [`SandboxError::Store`].
    pub fn messages(&self, phone: &PhoneNumber) -> Result<Vec<Message>, SandboxError> {
        self.platform.store.run(|tx| list_messages(tx, phone))
    }

    /// Sets the status of every token of an account, also of those it will get.
    ///
    /// # Errors
    /// [`SandboxError::AccountUnknown`], [`SandboxError::Store`].
    pub fn set_account_status(&self, account: &str, status: Status) -> Result<(), SandboxError> {
        self.platform.store.run(|tx| set_account_status(tx, account, status))
    }

    /// Registers a counter, or gives it a new key: the registration that it had before is withdrawn.
    ///
    /// # Errors
    /// [`SandboxError::Proof`] for an application out of form, [`SandboxError::Store`].
    pub fn register_counter(&self, application: &CounterApplication) -> Result<Registration, SandboxError> {
        self.platform.store.run(|tx| register_counter(&self.platform, tx, application))
    }

    /// Sets the status of the newest registration of a counter, `rp/…`.
    ///
    /// # Errors
    /// [`SandboxError::CounterUnknown`], [`SandboxError::Store`].
    pub fn set_counter_status(&self, counter: &str, status: Status) -> Result<(), SandboxError> {
        self.platform.store.run(|tx| set_counter_status(tx, counter, status))
    }

    /// Makes every call outside `/sandbox` misbehave.
    pub fn set_fault(&self, fault: Fault) {
        self.platform.set_fault(fault, "");
    }

    /// Makes the calls misbehave whose path begins with `paths`, and no others.
    pub fn set_fault_on(&self, paths: &str, fault: Fault) {
        self.platform.set_fault(fault, paths);
    }

    /// Changes answers from now on; `None` ends it. The calls are carried out as ever.
    pub fn set_tampering(&self, tamper: Option<Tamper>) {
        self.platform.tampering.set(tamper);
    }

    /// The signed consents of a person's account, the oldest first.
    ///
    /// # Errors
    /// [`SandboxError::Store`].
    pub fn consents(&self, pid: &str) -> Result<Vec<String>, SandboxError> {
        self.platform.store.run(|tx| {
            let query = "SELECT token FROM consents JOIN accounts ON account = accounts.id WHERE pid = ?
                         ORDER BY consents.rowid";
            let mut rows = tx.prepare(query)?;
            Ok(rows.query_map([pid], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }

    /// Says what becomes of requests under the data-protection law that arrive from now on; `None` goes by their names.
    pub fn set_request_plan(&self, plan: Option<RequestPlan>) {
        *self.platform.request_plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    /// Says how an authority behaves from now on, by its code in the table `authorities`; without one, all of them.
    pub fn set_authority(&self, authority: Option<&str>, conduct: Conduct) {
        self.platform.set_conduct(authority, conduct);
    }

    /// Makes an authority change its records of a person by itself, and gives their names.
    ///
    /// # Errors
    /// [`SandboxError::PersonUnknown`], [`SandboxError::RecordUnknown`], [`SandboxError::Store`], [`SandboxError::Crypto`].
    pub fn change_record(&self, change: &RecordChange) -> Result<Vec<String>, SandboxError> {
        self.platform.store.run(|tx| change.make(&self.platform, tx))
    }

    /// The platform no longer knows where anybody was in the feed of records, as after it was restored from a copy.
    ///
    /// # Errors
    /// [`SandboxError::Store`].
    pub fn forget_cursors(&self) -> Result<(), SandboxError> {
        self.platform.store.run(feed::forget_cursors)
    }

    /// The updates that a person has sent, each round once, the oldest first.
    ///
    /// # Errors
    /// [`SandboxError::Store`].
    pub fn submissions(&self, pid: &Pid) -> Result<Vec<ReceivedUpdate>, SandboxError> {
        self.platform.store.run(|tx| list_received(tx, pid.as_str()))
    }

    /// A piece of evidence as it arrived, by its SHA-256.
    ///
    /// # Errors
    /// [`SandboxError::Store`].
    pub fn evidence(&self, pid: &Pid, sha256: &[u8; 32]) -> Result<Option<Vec<u8>>, SandboxError> {
        self.platform.store.run(|tx| evidence_store::bytes(tx, pid.as_str(), sha256))
    }

    /// Makes a new key for an authority, or with `receipts` for the platform's receipts. What the old one signed stays good.
    ///
    /// # Errors
    /// [`SandboxError::Store`], [`SandboxError::Crypto`].
    pub fn rotate_authority_key(&self, authority: &str) -> Result<(), SandboxError> {
        self.platform.store.run(|tx| record_keys::make(tx, authority).map(drop))
    }

    /// The signed trust list.
    ///
    /// # Errors
    /// [`SandboxError::Store`], [`SandboxError::Crypto`], [`SandboxError::Proof`].
    pub fn trust_list(&self) -> Result<Vec<u8>, SandboxError> {
        let now = self.platform.clock.seconds();
        self.platform.store.run(|tx| keys::trust_list(tx, now, &self.platform.environment))
    }

    /// The signed configuration: a JWT. An app can have it built in.
    ///
    /// # Errors
    /// As [`trust_list`](Self::trust_list).
    pub fn configuration(&self) -> Result<String, SandboxError> {
        self.platform.store.run(|tx| configuration::sign(&self.platform, tx))
    }

    /// Changes what the signed configuration says; its version rises.
    ///
    /// # Errors
    /// [`SandboxError::Store`], [`SandboxError::Json`].
    pub fn set_settings(&self, settings: &Settings) -> Result<(), SandboxError> {
        self.platform.store.run(|tx| configuration::store(tx, settings))
    }

    /// All signed status lists as one snapshot.
    ///
    /// # Errors
    /// As [`trust_list`](Self::trust_list).
    pub fn status_lists(&self) -> Result<Vec<u8>, SandboxError> {
        self.platform.store.run(|tx| status::sign_all(&self.platform, tx))
    }

    /// The key that signs tokens today.
    ///
    /// # Errors
    /// [`SandboxError::Store`], [`SandboxError::Crypto`].
    pub fn issuer_public_key(&self) -> Result<VerifyingKey, SandboxError> {
        self.platform.store.run(|tx| keys::public(tx, Role::Proof))
    }

    /// Makes a new key for tokens. The old one stays in the trust list until 31 days after this.
    ///
    /// # Errors
    /// [`SandboxError::Store`], [`SandboxError::Crypto`].
    pub fn rotate_issuer_key(&self) -> Result<(), SandboxError> {
        let now = self.platform.clock.seconds();
        self.platform.store.run(|tx| keys::rotate(tx, now))
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}
