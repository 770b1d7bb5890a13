use std::sync::Arc;

use eid_core::{
    AppConfig, AppVersion, AutoLock, CardAccess, EidApp, KdfChoice, PlatformConfig, PresentRequest, Timeouts, Unlocked,
    ports::{
        Ports,
        fake::{EventLog, SoftwareKey},
    },
};
use eid_crypto::{SystemRandom, VerifyingKey, kdf::KdfCost};
use eid_proof::{Audience, Proof, Purpose};
use tempfile::TempDir;

use super::{
    DemoError,
    stage::{Stage, SystemClock},
};
use crate::{
    Person, RunningSandbox, SANDBOX_ROOT,
    card::{Card, CardField, personalise},
};

const PASSCODE: &[u8] = b"271828";
const WRONG_PASSCODE: &[u8] = b"314159";

/// An invented citizen with a phone.
pub(super) struct Citizen {
    app: Unlocked,
    pub(super) account: String,
    /// The phone's storage; gone with the demo.
    _folder: TempDir,
}

impl Citizen {
    /// From nothing to an unlocked app with credentials, each step as a citizen takes it.
    pub(super) async fn activate(sandbox: &RunningSandbox, stage: &mut Stage) -> Result<Self, DemoError> {
        let folder = TempDir::new()?;
        let person = choose(sandbox.people()).ok_or(DemoError::NobodyToPlay)?;
        let field = Arc::new(CardField::default());
        let app = open_app(sandbox, &folder, &field)?;
        let (pid, phone) = (person.pid.as_str(), person.phone.as_str());
        let activation = app.start_activation(pid, phone).await?;
        let messages = sandbox.messages(&person.phone)?;
        let message = messages.last().ok_or(DemoError::NobodyToPlay)?;
        stage.step(&format!("{} asks for activation; an SMS arrives: “{}”", person.name.as_str(), message.text));
        activation.confirm_code(&message.code).await?;
        stage.step("The one-time code is right.");
        let made = personalise(&sandbox.card_file(&person.pid)?, stage.now(), &SystemRandom::new());
        field.lay(Card::new(made.map_err(eid_core::Error::from)?, Arc::new(SystemRandom::new())));
        activation.read_card(CardAccess::PersonalNumber).await?;
        stage.step("The phone read the chip of the ID card; phone and platform both believe it.");
        activation.submit_face(person.large_portrait().to_vec()).await?;
        stage.step("A picture of the face went to the platform, sealed; its stand-in for a matcher agrees.");
        let unlocked = activation.complete(PASSCODE.to_vec()).await?;
        if let Some(code) = activation.lock_code() {
            stage.say(&format!("       lock code, shown once: {}", code.groups().join("-")));
        }
        stage.step("The phone made its key, got the signed level-2 grant, took the passcode and sealed its store.");
        let report = unlocked.refill_credentials().await?;
        let counts: Vec<String> =
            report.fetched.iter().map(|(purpose, count)| format!("{count} × {}", purpose.name())).collect();
        stage.step(&format!("One-time credentials fetched: {}.", counts.join(", ")));
        for (purpose, code) in &report.refused {
            stage.say(&format!("       not issued: {} ({code:?})", purpose.name()));
        }
        unlocked.lock();
        if let Err(refusal) = app.unlock(WRONG_PASSCODE.to_vec()).await {
            stage.step(&format!("Locked. A wrong passcode: {}", refusal.info().en));
        }
        let unlocked = app.unlock(PASSCODE.to_vec()).await?;
        let account = unlocked.account().await?;
        stage.step(&format!("The right one opens it: account of {}.", account.name.as_str()));
        Ok(Self { app: unlocked, account: account.account_id, _folder: folder })
    }

    /// Shows who he is, with photo, to whoever asks.
    pub(super) async fn show(
        &self,
        audience: Audience,
        challenge: Option<Vec<u8>>,
        stage: &mut Stage,
    ) -> Result<Proof, DemoError> {
        let request = PresentRequest {
            purpose: Purpose::Id,
            audience,
            challenge,
            photo: true,
            claims: Vec::new(),
            allow_reuse: false,
        };
        let proof = self.app.present_identity(request).await?.sign().await?;
        stage.step("The phone, with no network, makes a proof that lives for one minute.");
        Ok(proof)
    }
}

/// Somebody with level 2, a licence and a health card: every purpose can be issued.
fn choose(people: &[Person]) -> Option<&Person> {
    people.iter().find(|person| person.level_two && person.licence.is_some() && person.health_card.is_some())
}

fn open_app(sandbox: &RunningSandbox, folder: &TempDir, field: &Arc<CardField>) -> Result<EidApp, DemoError> {
    let config = AppConfig {
        folder: folder.path().join("phone"),
        app_id: "example.eid.demo".to_owned(),
        platform: PlatformConfig {
            base_url: sandbox.base_url().to_owned(),
            ca_der: vec![sandbox.ca_der()?],
            timeouts: Timeouts::default(),
        },
        app_version: AppVersion::new(1, 0, 0),
        configuration: None,
        trust_roots: vec![VerifyingKey::parse(SANDBOX_ROOT).map_err(eid_core::Error::from)?],
        kdf_cost: KdfChoice::Target(KdfCost::TARGET),
        batch: 5,
        auto_lock: AutoLock::default(),
    };
    let ports = Ports {
        secure_key: Arc::new(SoftwareKey::default()),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SystemRandom::new()),
        events: Arc::new(EventLog::default()),
        chip: Some(Arc::<CardField>::clone(field)),
        integrity: None,
    };
    Ok(EidApp::open(config, ports)?)
}
