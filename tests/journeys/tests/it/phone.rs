//! A phone, a platform and a counter for tests.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use eid_core::{
    Activation, AppConfig, AppVersion, AutoLock, CardAccess, EidApp, Error, KdfChoice, PlatformConfig, PresentRequest,
    Timeouts, Unlocked,
    ports::{
        ChipLink, Ports, SecureKey,
        fake::{EventLog, SetClock, SoftwareKey},
    },
};
use eid_counter::{Input, Rules, Station, open_status_snapshot, open_trust_list};
use eid_crypto::{SystemRandom, VerifyingKey, kdf::KdfCost};
use eid_model::{Code, UnixTime};
use eid_proof::{Audience, Policy, Proof, Purpose, Scan, Spelling};
use eid_sandbox::{
    Clock, LogLine, Person, RunningSandbox, SANDBOX_ROOT, Sandbox, SandboxConfig,
    card::{Card, CardField, CardFile, personalise},
};
use tempfile::TempDir;

pub(crate) const START: i64 = 1_795_348_800;
pub(crate) const PASSCODE: &[u8] = b"271828";

/// A platform and the time that everybody shares.
pub(crate) struct World {
    pub(crate) sandbox: RunningSandbox,
    platform_time: Arc<AtomicI64>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_log(|_| {})
    }

    /// A platform that tells of each call.
    pub(crate) fn with_log(log: impl Fn(&LogLine) + Send + Sync + 'static) -> Self {
        let platform_time = Arc::new(AtomicI64::new(START));
        let time = Arc::clone(&platform_time);
        let clock = Clock::new(move || UnixTime::from_seconds(time.load(Ordering::SeqCst)));
        let config = SandboxConfig { clock, ..SandboxConfig::default() }.with_log(log);
        let sandbox = Sandbox::start(&config).unwrap();
        Self { sandbox, platform_time }
    }

    /// Lets time pass for the platform and a phone.
    pub(crate) fn pass(&self, phone: &Phone, seconds: u32) {
        self.platform_time.fetch_add(i64::from(seconds), Ordering::SeqCst);
        phone.clock.pass(seconds);
    }

    /// Somebody who can have every credential.
    pub(crate) fn citizen(&self) -> &Person {
        let complete = |p: &&Person| p.level_two && p.licence.is_some() && p.health_card.is_some();
        self.sandbox.people().iter().find(complete).unwrap()
    }

    /// A person's identity card, with these quirks as JSON.
    pub(crate) fn card(&self, person: &Person, quirks: &str) -> Card {
        let file = self.sandbox.card_file(&person.pid).unwrap();
        self.make(&CardFile { quirks: serde_json::from_str(quirks).unwrap(), ..file })
    }

    /// A card as described.
    pub(crate) fn make(&self, file: &CardFile) -> Card {
        let (now, rng) = (UnixTime::from_seconds(self.platform_time.load(Ordering::SeqCst)), SystemRandom::new());
        Card::new(personalise(file, now, &rng).unwrap(), Arc::new(SystemRandom::new()))
    }

    /// A counter with today's lists.
    pub(crate) fn station(&self, policy: Policy) -> Station {
        let trust = open_trust_list(&self.sandbox.trust_list().unwrap(), &[]).unwrap();
        let status = open_status_snapshot(&self.sandbox.status_lists().unwrap(), &trust).unwrap();
        Station::new(Rules { trust, status: Some(status), policy })
    }

    /// The verdict of a fresh counter on an open proof.
    pub(crate) fn verdict(&self, proof: &Proof, phone: &Phone) -> Code {
        let scan = Scan { now: phone.now(), challenge: None };
        let input = Input::from_text(&proof.text(Spelling::Digits)).unwrap();
        self.station(Policy::default()).verify(&input, &scan).code
    }
}

/// A phone with an empty store.
pub(crate) struct Phone {
    pub(crate) app: EidApp,
    pub(crate) key: Arc<SoftwareKey>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) events: Arc<EventLog>,
    pub(crate) field: Arc<CardField>,
    chip: Option<Arc<dyn ChipLink>>,
    pub(crate) folder: TempDir,
    config: AppConfig,
}

impl Phone {
    pub(crate) fn new(world: &World) -> Self {
        Self::with_batch(world, 3)
    }

    pub(crate) fn with_batch(world: &World, batch: u16) -> Self {
        Self::make(world, world.sandbox.base_url(), batch, SoftwareKey::default())
    }

    /// A phone whose key hardware knows P-256 only.
    pub(crate) fn with_enclave(world: &World) -> Self {
        Self::make(world, world.sandbox.base_url(), 3, SoftwareKey::enclave())
    }

    /// A phone that trusts `world`'s CA but is sent to another address.
    pub(crate) fn with_platform(world: &World, base_url: &str) -> Self {
        Self::make(world, base_url, 3, SoftwareKey::default())
    }

    fn make(world: &World, base_url: &str, batch: u16, key: SoftwareKey) -> Self {
        let folder = TempDir::new().unwrap();
        let config = AppConfig {
            folder: folder.path().join("app"),
            app_id: "example.eid.journey".to_owned(),
            platform: PlatformConfig {
                base_url: base_url.to_owned(),
                ca_der: vec![world.sandbox.ca_der().unwrap()],
                timeouts: Timeouts {
                    connect: Duration::from_secs(2),
                    attempt: Duration::from_secs(3),
                    total: Duration::from_secs(4),
                },
            },
            app_version: AppVersion::new(1, 2, 3),
            configuration: None,
            trust_roots: vec![VerifyingKey::parse(SANDBOX_ROOT).unwrap()],
            kdf_cost: KdfChoice::Fixed(KdfCost::FLOOR),
            batch,
            // Days pass between two lines of a test.
            auto_lock: AutoLock { idle: Duration::MAX, ..AutoLock::default() },
        };
        let (key, clock) = (Arc::new(key), Arc::new(SetClock::at(world.platform_time.load(Ordering::SeqCst))));
        let events = Arc::new(EventLog::default());
        let field = Arc::new(CardField::default());
        let chip: Option<Arc<dyn ChipLink>> = Some(Arc::<CardField>::clone(&field));
        let app = open(&config, Arc::<SoftwareKey>::clone(&key), &clock, &events, chip.clone());
        Self { app, key, clock, events, field, chip, folder, config }
    }

    /// The app started anew on a phone with another reader, or none.
    pub(crate) fn restart_with_reader(&mut self, chip: Option<Arc<dyn ChipLink>>) {
        self.chip = chip;
        self.restart();
    }

    /// The app started anew with another time to lock.
    pub(crate) fn restart_locking(&mut self, auto_lock: AutoLock) {
        self.config.auto_lock = auto_lock;
        self.restart();
    }

    /// The app started anew on the same phone.
    pub(crate) fn restart(&mut self) {
        self.app = self.app_with(Arc::<SoftwareKey>::clone(&self.key));
    }

    /// The app started anew with another choice of cost.
    pub(crate) fn choose_cost(&mut self, kdf_cost: KdfChoice) {
        self.config.kdf_cost = kdf_cost;
        self.restart();
    }

    /// The app started anew with a configuration built in.
    pub(crate) fn build_in(&mut self, jwt: &str) -> Result<(), Error> {
        let config = AppConfig { configuration: Some(jwt.as_bytes().to_vec()), ..self.config.clone() };
        let key = Arc::<SoftwareKey>::clone(&self.key);
        self.app = try_open(&config, key, &self.clock, &self.events, self.chip.clone())?;
        self.config = config;
        Ok(())
    }

    /// The app on the same files, over other key hardware.
    pub(crate) fn app_with(&self, key: Arc<dyn SecureKey>) -> EidApp {
        open(&self.config, key, &self.clock, &self.events, self.chip.clone())
    }

    /// A file of the app.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("app").join(name)
    }

    /// The app's small files, as somebody who copies them has them.
    pub(crate) fn small_files(&self) -> BTreeMap<&'static str, Vec<u8>> {
        let names = ["install", "activation", "standing", "guard", "envelope", "envelope-next", "envelope-biometric"];
        names.into_iter().filter_map(|name| Some((name, fs::read(self.file(name)).ok()?))).collect()
    }

    /// Puts such a copy back, and nothing beside it.
    pub(crate) fn put_small_files(&self, files: &BTreeMap<&'static str, Vec<u8>>) {
        for name in self.small_files().keys() {
            fs::remove_file(self.file(name)).unwrap();
        }
        for (name, bytes) in files {
            fs::write(self.file(name), bytes).unwrap();
        }
    }

    pub(crate) fn now(&self) -> UnixTime {
        let clock: &dyn eid_core::ports::Clock = &*self.clock;
        UnixTime::from_seconds(clock.now().unwrap().unix_seconds)
    }

    pub(crate) async fn start(&self, person: &Person) -> Result<Activation, Error> {
        self.app.start_activation(person.pid.as_str(), person.phone.as_str()).await
    }

    /// Activation with the code from the SMS.
    pub(crate) async fn confirmed(&self, world: &World, person: &Person) -> Activation {
        let activation = self.start(person).await.unwrap();
        activation.confirm_code(&code_sent(world, person)).await.unwrap();
        activation
    }

    /// Activation up to the passcode: with the code, the person's card and face.
    pub(crate) async fn proven(&self, world: &World, person: &Person) -> Activation {
        let activation = self.confirmed(world, person).await;
        self.field.lay(world.card(person, "{}"));
        activation.read_card(CardAccess::PersonalNumber).await.unwrap();
        activation.submit_face(person.large_portrait().to_vec()).await.unwrap();
        activation
    }

    /// What was begun, with the code, the person's card and face.
    pub(crate) async fn prove(&self, world: &World, person: &Person, activation: &Activation) {
        activation.confirm_code(&code_sent(world, person)).await.unwrap();
        self.field.lay(world.card(person, "{}"));
        activation.read_card(CardAccess::PersonalNumber).await.unwrap();
        activation.submit_face(person.large_portrait().to_vec()).await.unwrap();
        self.field.take();
    }

    /// A recovery up to the new passcode.
    pub(crate) async fn recovering(&self, world: &World, person: &Person) -> Activation {
        let recovery = self.app.start_recovery(person.pid.as_str(), person.phone.as_str()).await.unwrap();
        self.prove(world, person, &recovery).await;
        recovery
    }

    /// Activated, unlocked, with credentials.
    pub(crate) async fn ready(&self, world: &World) -> Unlocked {
        let person = world.citizen().clone();
        let unlocked = self.proven(world, &person).await.complete(PASSCODE.to_vec()).await.unwrap();
        unlocked.refill_credentials().await.unwrap();
        unlocked
    }
}

fn open(
    config: &AppConfig,
    secure_key: Arc<dyn SecureKey>,
    clock: &Arc<SetClock>,
    events: &Arc<EventLog>,
    chip: Option<Arc<dyn ChipLink>>,
) -> EidApp {
    try_open(config, secure_key, clock, events, chip).unwrap()
}

fn try_open(
    config: &AppConfig,
    secure_key: Arc<dyn SecureKey>,
    clock: &Arc<SetClock>,
    events: &Arc<EventLog>,
    chip: Option<Arc<dyn ChipLink>>,
) -> Result<EidApp, Error> {
    let clock: Arc<dyn eid_core::ports::Clock> = Arc::<SetClock>::clone(clock);
    let ports = Ports {
        secure_key,
        clock,
        random: Arc::new(SystemRandom::new()),
        events: Arc::<EventLog>::clone(events),
        chip,
        integrity: None,
    };
    EidApp::open(config.clone(), ports)
}

pub(crate) fn code_sent(world: &World, person: &Person) -> String {
    world.sandbox.messages(&person.phone).unwrap().last().unwrap().code.clone()
}

/// An open showing.
pub(crate) fn request(purpose: Purpose) -> PresentRequest {
    PresentRequest {
        purpose,
        audience: Audience::Anyone,
        challenge: None,
        photo: true,
        claims: Vec::new(),
        allow_reuse: false,
    }
}

/// Shows once and signs.
pub(crate) async fn show(unlocked: &Unlocked, request: PresentRequest) -> Result<Proof, Error> {
    unlocked.present_identity(request).await?.sign().await
}
