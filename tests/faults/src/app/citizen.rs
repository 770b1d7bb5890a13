//! What a citizen does with the app, one step for each process, as somebody does whose phone dies all the time.

use std::{fs, io, path::Path, sync::Arc, time::Duration};

use eid_core::{
    ActOrder, ActProgress, Activation, ActivationStep, AppConfig, AppVersion, AutoLock, CardAccess, EidApp, Error,
    KdfChoice, PasscodeOutcome, PlatformConfig, Timeouts,
    ports::{
        Ports,
        fake::{EventLog, SetClock},
    },
};
use eid_crypto::{SystemRandom, VerifyingKey, kdf::KdfCost};
use eid_sandbox::{
    SANDBOX_ROOT,
    card::{Card, CardField, CardFile, personalise},
};

use super::{keys::StoredKeys, update::Goal};
use crate::world::app_folder;

/// Seconds since 1970 at which all of it happens: 22 November 2026.
pub(super) const START: i64 = 1_795_348_800;

/// One step, as the command line of the child says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Asks for a one-time code, for this personal number and phone.
    Start(String, String),
    /// Types the code.
    Code(String),
    /// Holds the card to the phone: its description.
    Card(String),
    /// Shows the face: the file of a picture.
    Face(String),
    /// Chooses a passcode.
    Passcode(String),
    /// Changes the passcode.
    Change(String, String),
    /// Chooses a safety phrase, for which the passcode is asked.
    Phrase(String, String),
    /// Brings a change of a record to a goal, with the passcode.
    Update(Goal, String),
    /// Attaches so many documents of so many bytes to a change, and confirms it.
    Heap(String, usize, usize),
    /// Sends what waits, and says by how much its memory grew.
    Measure(String),
}

/// The app on a phone whose folder and keys lie on the disk.
#[derive(Debug)]
pub struct CitizenApp {
    /// The app.
    pub app: EidApp,
    /// The phone's clock.
    pub clock: Arc<SetClock>,
    field: Arc<CardField>,
}

impl Step {
    /// Its words on the command line.
    pub fn words(&self) -> Vec<String> {
        if let Self::Heap(passcode, pieces, bytes) = self {
            return vec!["heap".to_owned(), passcode.clone(), pieces.to_string(), bytes.to_string()];
        }
        let words = match self {
            Self::Start(pid, phone) => vec!["start", pid, phone],
            Self::Code(code) => vec!["code", code],
            Self::Card(card) => vec!["card", card],
            Self::Face(file) => vec!["face", file],
            Self::Passcode(passcode) => vec!["passcode", passcode],
            Self::Change(old, new) => vec!["change", old, new],
            Self::Phrase(passcode, phrase) => vec!["phrase", passcode, phrase],
            Self::Update(goal, passcode) => vec!["update", goal.word(), passcode],
            Self::Measure(passcode) => vec!["measure", passcode],
            Self::Heap(..) => vec![],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// True if it needs no network, and gets none.
    pub const fn is_offline(&self) -> bool {
        matches!(self, Self::Update(Goal::Written | Goal::Evidenced | Goal::Confirmed, ..) | Self::Heap(..))
    }

    /// True if its storage calls are numbered and can be killed at; others are too large for that.
    pub const fn is_traced(&self) -> bool {
        !matches!(self, Self::Heap(..) | Self::Measure(_))
    }

    /// The step of these words.
    pub fn parse(words: &[String]) -> Option<Self> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Some(match *words.as_slice() {
            ["start", pid, phone] => Self::Start(pid.to_owned(), phone.to_owned()),
            ["code", code] => Self::Code(code.to_owned()),
            ["card", card] => Self::Card(card.to_owned()),
            ["face", file] => Self::Face(file.to_owned()),
            ["passcode", passcode] => Self::Passcode(passcode.to_owned()),
            ["change", old, new] => Self::Change(old.to_owned(), new.to_owned()),
            ["phrase", passcode, phrase] => Self::Phrase(passcode.to_owned(), phrase.to_owned()),
            ["measure", passcode] => Self::Measure(passcode.to_owned()),
            ["heap", passcode, pieces, bytes] => {
                Self::Heap(passcode.to_owned(), pieces.parse().ok()?, bytes.parse().ok()?)
            }
            ["update", word, passcode] => {
                let goal = Goal::ALL.into_iter().find(|goal| goal.word() == word)?;
                Self::Update(goal, passcode.to_owned())
            }
            _ => return None,
        })
    }

    /// What is due in an activation when this step is done.
    pub const fn next(&self) -> Option<ActivationStep> {
        match self {
            Self::Start(..) => Some(ActivationStep::Code),
            Self::Code(_) => Some(ActivationStep::Card),
            Self::Card(_) => Some(ActivationStep::Face),
            Self::Face(_) => Some(ActivationStep::Passcode),
            Self::Passcode(_)
            | Self::Change(..)
            | Self::Phrase(..)
            | Self::Update(..)
            | Self::Heap(..)
            | Self::Measure(_) => None,
        }
    }
}

impl CitizenApp {
    /// Opens the app on the phone at `root`, so many seconds after the beginning.
    ///
    /// # Errors
    /// Those of [`EidApp::open`].
    pub fn open(root: &Path, platform: &str, ca_der: &[u8], seconds: u32) -> Result<Self, Error> {
        let config = AppConfig {
            folder: app_folder(root),
            app_id: "example.eid.faults".to_owned(),
            platform: PlatformConfig {
                base_url: platform.to_owned(),
                ca_der: vec![ca_der.to_vec()],
                timeouts: Timeouts {
                    connect: Duration::from_secs(10),
                    attempt: Duration::from_secs(20),
                    total: Duration::from_secs(30),
                },
            },
            app_version: AppVersion::new(1, 2, 3),
            configuration: None,
            trust_roots: vec![VerifyingKey::parse(SANDBOX_ROOT)?],
            kdf_cost: KdfChoice::Fixed(KdfCost::FLOOR),
            batch: 1,
            auto_lock: AutoLock { idle: Duration::MAX, ..AutoLock::default() },
        };
        let (clock, field) = (Arc::new(SetClock::at(START)), Arc::new(CardField::default()));
        clock.pass(seconds);
        let ports = Ports {
            secure_key: Arc::new(StoredKeys::load(root)),
            clock: Arc::<SetClock>::clone(&clock),
            random: Arc::new(SystemRandom::new()),
            events: Arc::new(EventLog::default()),
            chip: Some(Arc::<CardField>::clone(&field)),
            integrity: None,
        };
        Ok(Self { app: EidApp::open(config, ports)?, clock, field })
    }

    /// Does a step, or goes on with it: what an earlier process has stored is not done again. `before` is called when the app has
    /// nothing left to do before the step. Gives what there is to say.
    ///
    /// # Errors
    /// Those of the step; [`io::Error`]s and a change whose outcome is not known as text.
    pub async fn take(&self, step: &Step, before: impl FnOnce() + Send) -> Result<String, String> {
        if let Step::Measure(passcode) = step {
            return self.measure(passcode, before).await;
        }
        self.carry_out(step, before).await.map(|()| "done".to_owned())
    }

    async fn carry_out(&self, step: &Step, before: impl FnOnce() + Send) -> Result<(), String> {
        if let Step::Change(old, new) = step {
            let unlocked = self.app.unlock(bytes(old)).await.map_err(text)?;
            before();
            return match unlocked.change_passcode(bytes(old), bytes(new)).await.map_err(text)? {
                PasscodeOutcome::Changed => Ok(()),
                PasscodeOutcome::Unsure => Err("not known".to_owned()),
            };
        }
        if let Step::Phrase(passcode, phrase) = step {
            return self.choose_phrase(passcode, phrase, before).await;
        }
        match step {
            Step::Update(goal, passcode) => return self.bring(*goal, passcode, before).await,
            Step::Heap(passcode, pieces, bytes) => return self.heap(passcode, (*pieces, *bytes), before).await,
            _ => {}
        }
        let pending = self.app.resume_activation().await.map_err(text)?;
        before();
        match (pending, step) {
            (None, Step::Start(pid, phone)) => self.app.start_activation(pid, phone).await.map(drop).map_err(text),
            // It was killed when all was done.
            (None, Step::Passcode(passcode)) => self.app.unlock(bytes(passcode)).await.map(drop).map_err(text),
            (None, _) => Err("no activation".to_owned()),
            (Some(activation), step) => self.go_on(&activation, step).await,
        }
    }

    /// Goes on with the order that stands, or types the phrase.
    async fn choose_phrase(&self, passcode: &str, phrase: &str, before: impl FnOnce() + Send) -> Result<(), String> {
        let unlocked = self.app.unlock(bytes(passcode)).await.map_err(text)?;
        before();
        let step = match unlocked.pending_act().await.map_err(text)? {
            Some(step) => step,
            None => unlocked.order_act(ActOrder::SetPhrase { phrase: phrase.to_owned() }).await.map_err(text)?,
        };
        match unlocked.answer_with_passcode(&step.id, bytes(passcode)).await.map_err(text)? {
            ActProgress::Done(_) => Ok(()),
            ActProgress::Missing(step) => Err(text(step.missing)),
        }
    }

    async fn go_on(&self, activation: &Activation, step: &Step) -> Result<(), String> {
        match step {
            Step::Start(..) if activation.state().is_some_and(|state| state.step > ActivationStep::Start) => Ok(()),
            Step::Start(..) => activation.send_code().await.map_err(text),
            Step::Code(code) => activation.confirm_code(code).await.map_err(text),
            Step::Card(card) => {
                let card = CardFile::parse(card).map_err(text)?;
                let now = eid_model::UnixTime::from_seconds(START);
                let made = personalise(&card, now, &SystemRandom::new()).map_err(text)?;
                self.field.lay(Card::new(made, Arc::new(SystemRandom::new())));
                activation.read_card(CardAccess::PersonalNumber).await.map_err(text)
            }
            Step::Face(file) => {
                let picture = fs::read(file).map_err(text::<io::Error>)?;
                activation.submit_face(picture).await.map_err(text)
            }
            Step::Passcode(passcode) => activation.complete(bytes(passcode)).await.map(drop).map_err(text),
            _ => Err("no step of an activation".to_owned()),
        }
    }
}

pub(super) fn bytes(passcode: &str) -> Vec<u8> {
    passcode.as_bytes().to_vec()
}

pub(super) fn text<E: std::fmt::Debug>(error: E) -> String {
    format!("{error:?}")
}
