//! A phone and a platform on the disk, put back to the same moment before each run.

use std::{
    fs, io,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use eid_core::ActivationStep;
use eid_model::UnixTime;
use eid_sandbox::{
    Clock, Conduct, Fault, LogLine, Person, RunningSandbox, Sandbox, SandboxConfig, SandboxError, Storage,
};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use super::{
    citizen::{CitizenApp, START, Step},
    link::{Link, Weather},
};
use crate::{
    Call, Keys, Snapshot,
    child::{SHIM, scratch},
    hardware, load_trace,
};

/// What happens to the child while it takes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// Nothing.
    None,
    /// It is killed before the storage call of this number.
    Storage(usize),
    /// It is killed when it has sent the request of this number, which the platform never sees.
    BeforeRequest(usize),
    /// It is killed when the platform has carried out the request of this number, before the answer leaves.
    AfterRequest(usize),
    /// The platform refuses the request of this number for now, and asks to come back later.
    Busy(usize),
    /// The platform carries the request of this number out, and its answer breaks off in the middle.
    HalfAnswer(usize),
    /// Nothing happens to it, but to what it sends or is sent.
    Network(Weather),
}

impl Hit {
    /// What the platform does at the request of a number.
    const fn fault(self) -> Option<(usize, Fault)> {
        match self {
            Self::BeforeRequest(at) | Self::Busy(at) => Some((at, Fault::Down)),
            Self::HalfAnswer(at) => Some((at, Fault::Truncated)),
            Self::None | Self::Storage(_) | Self::AfterRequest(_) | Self::Network(_) => None,
        }
    }
}

/// What a child did.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: ExitStatus,
    /// Storage calls before the step began.
    pub before: usize,
    /// Storage calls in all.
    pub calls: usize,
    /// Requests that reached the platform.
    pub requests: usize,
    /// Bytes that went to the platform, and that came from it.
    pub carried: (usize, usize),
    /// Bytes that the platform got when the child was gone.
    pub late: usize,
    /// What it said last.
    pub said: String,
}

/// A phone, a platform, and the moment that both are put back to.
#[derive(Debug)]
pub struct Stage {
    program: PathBuf,
    place: TempDir,
    phone: Snapshot,
    keys: Keys,
    platform: Snapshot,
    running: Option<Arc<RunningSandbox>>,
    watch: Arc<Watch>,
    now: Arc<AtomicI64>,
    link: Link,
    conduct: Conduct,
}

/// Counts requests, and kills at one of them.
#[derive(Debug, Default)]
struct Watch {
    platform: Mutex<Weak<RunningSandbox>>,
    seen: AtomicUsize,
    target: Mutex<Option<(Hit, Child)>>,
}

impl Stage {
    /// A new phone and a new platform. `program` is the child.
    ///
    /// # Errors
    /// What making them gives, as text.
    pub fn new(program: &str) -> Result<Self, String> {
        let place = scratch().map_err(text)?;
        for name in ["phone", "platform"] {
            fs::create_dir(place.path().join(name)).map_err(text)?;
        }
        let empty = Snapshot::load(&place.path().join("phone")).map_err(text)?;
        let mut stage = Self {
            program: program.into(),
            place,
            phone: empty.clone(),
            keys: Keys::new(),
            platform: empty,
            running: None,
            watch: Arc::default(),
            now: Arc::new(AtomicI64::new(START)),
            link: Link::new().map_err(text)?,
            conduct: Conduct::default(),
        };
        stage.restore()?;
        Ok(stage)
    }

    /// Takes this as the moment to go back to.
    ///
    /// # Errors
    /// Those of reading and restarting, as text.
    pub fn keep(&mut self) -> Result<(), String> {
        self.running = None;
        self.phone = Snapshot::load(&self.root()).map_err(text)?;
        self.keys = hardware::load(&self.root());
        self.platform = Snapshot::load(&self.place.path().join("platform")).map_err(text)?;
        self.restore()
    }

    /// Puts phone and platform back.
    ///
    /// # Errors
    /// Those of writing and starting, as text.
    pub fn restore(&mut self) -> Result<(), String> {
        self.running = None;
        self.now.store(START, Ordering::SeqCst);
        for (name, snapshot) in [("phone", &self.phone), ("platform", &self.platform)] {
            let folder = self.place.path().join(name);
            fs::remove_dir_all(&folder).map_err(text)?;
            snapshot.store(&folder).map_err(text)?;
        }
        hardware::store(&self.root(), &self.keys).map_err(text)?;
        let (now, watch) = (Arc::clone(&self.now), Arc::clone(&self.watch));
        let config = SandboxConfig {
            storage: Storage::File(self.place.path().join("platform").join("sandbox.db")),
            clock: Clock::new(move || UnixTime::from_seconds(now.load(Ordering::SeqCst))),
            listen: self.link.platform().into(),
            ..SandboxConfig::default()
        };
        let running = start(&config.with_log(move |line| watch.tell(line)))?;
        running.set_authority(None, self.conduct);
        fs::write(self.ca(), running.ca_der().map_err(text)?).map_err(text)?;
        let running = Arc::new(running);
        *self.watch.platform.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&running);
        self.running = Some(running);
        Ok(())
    }

    /// The platform.
    ///
    /// # Errors
    /// None while the stage is set.
    pub fn platform(&self) -> Result<&RunningSandbox, String> {
        self.running.as_deref().ok_or_else(|| "no platform".to_owned())
    }

    /// How authorities behave from now on, whatever is put back.
    ///
    /// # Errors
    /// None while the stage is set.
    pub fn set_authorities(&mut self, conduct: Conduct) -> Result<(), String> {
        self.conduct = conduct;
        self.platform()?.set_authority(None, conduct);
        Ok(())
    }

    /// Lets time pass for the platform and for apps opened from now on.
    pub fn pass(&self, seconds: u32) {
        self.now.fetch_add(i64::from(seconds), Ordering::SeqCst);
    }

    /// The app on this phone, in this process.
    ///
    /// # Errors
    /// Those of opening it, as text.
    pub fn app(&self) -> Result<CitizenApp, String> {
        let platform = self.platform()?;
        let ca_der = platform.ca_der().map_err(text)?;
        CitizenApp::open(&self.root(), platform.base_url(), &ca_der, self.seconds()).map_err(text)
    }

    /// Pieces of attachments in the store's file, whether the store still knows of them or not.
    ///
    /// # Errors
    /// Those of reading it, as text.
    pub fn attached(&self) -> Result<i64, String> {
        let store = Connection::open_with_flags(self.root().join("app/store"), OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(text)?;
        store.query_row("SELECT count(*) FROM chunk", [], |row| row.get(0)).map_err(text)
    }

    /// Takes a step in a child.
    ///
    /// # Errors
    /// Those of starting it and reading its trace, as text.
    pub fn run(&self, step: &Step, hit: Hit) -> Result<Outcome, String> {
        let platform = self.platform()?;
        let (trace, answers) = (self.place.path().join("trace"), self.place.path().join("answers"));
        drop(fs::remove_file(&trace));
        let (kind, at) = if let Hit::Storage(at) = hit { ("kill", at) } else { ("none", 0) };
        self.watch.seen.store(0, Ordering::SeqCst);
        let at_once = hit.fault().filter(|(at, _)| *at == 1).map_or(Fault::Off, |(_, fault)| fault);
        platform.set_fault(if step.is_offline() { Fault::Down } else { at_once });
        self.link.set(if let Hit::Network(weather) = hit { weather } else { Weather::Fine });
        // The child cannot send anything before it is known here whom to kill.
        let mut target = self.watch.target();
        let child = Command::new(&self.program)
            .args([self.root().as_os_str(), platform.base_url().as_ref(), self.ca().as_os_str()])
            .arg(self.seconds().to_string())
            .args(step.words())
            .env("LD_PRELOAD", if step.is_traced() { SHIM } else { "" })
            // What is free goes back at once: a figure is of what is used.
            .envs(["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"].map(|name| (name, "65536")))
            .env("EID_FAULT_ROOT", self.root())
            .env("EID_FAULT_TRACE", &trace)
            .env("EID_FAULT_KIND", kind)
            .env("EID_FAULT_AT", at.to_string())
            .stdin(Stdio::null())
            .stdout(if step.is_traced() { Stdio::null() } else { fs::File::create(&answers).map_err(text)?.into() })
            .spawn()
            .map_err(text)?;
        *target = Some((hit, child));
        drop(target);
        let status = self.watch.wait(if step.is_traced() { 60 } else { 900 })?;
        platform.set_fault(Fault::Off);
        let carried = self.link.counts();
        let late = self.link.deliver();
        let calls = if step.is_traced() {
            load_trace(&trace).map_err(text)?
        } else {
            vec![Call::Answer(fs::read_to_string(&answers).map_err(text)?)]
        };
        let begun = calls.iter().position(|call| matches!(call, Call::Answer(said) if said.contains("begin")));
        let count = |calls: &[Call]| calls.iter().filter(|call| call.is_numbered()).count();
        let said = calls.iter().rev().find_map(|call| if let Call::Answer(said) = call { Some(said) } else { None });
        Ok(Outcome {
            status,
            before: begun.and_then(|begun| calls.get(..begun)).map_or(0, count),
            calls: count(&calls),
            requests: self.watch.seen.load(Ordering::SeqCst),
            carried,
            late,
            said: said.cloned().unwrap_or_default(),
        })
    }

    /// What somebody does who can have every credential, when this is due; the code is that of the one message.
    ///
    /// # Errors
    /// What the register gives, as text; another number of messages than one.
    pub fn step(&self, due: ActivationStep, passcode: &str) -> Result<Step, String> {
        let platform = self.platform()?;
        let complete = |p: &&Person| p.level_two && p.licence.is_some() && p.health_card.is_some();
        let person = platform.people().iter().find(complete).ok_or("nobody")?;
        Ok(match due {
            ActivationStep::Start => Step::Start(person.pid.as_str().to_owned(), person.phone.as_str().to_owned()),
            ActivationStep::Code => match platform.messages(&person.phone).map_err(text)?.as_slice() {
                [only] => Step::Code(only.code.clone()),
                sent => return Err(format!("{} messages", sent.len())),
            },
            ActivationStep::Card => {
                let card = platform.card_file(&person.pid).map_err(text)?;
                Step::Card(serde_json::to_string(&card).map_err(text)?)
            }
            ActivationStep::Face => {
                let face = self.place.path().join("face.jpg");
                fs::write(&face, person.large_portrait()).map_err(text)?;
                Step::Face(face.display().to_string())
            }
            ActivationStep::Passcode => Step::Passcode(passcode.to_owned()),
            ActivationStep::Lock => return Err("nothing was locked".to_owned()),
        })
    }

    fn seconds(&self) -> u32 {
        u32::try_from(self.now.load(Ordering::SeqCst).saturating_sub(START)).unwrap_or(0)
    }

    fn root(&self) -> PathBuf {
        self.place.path().join("phone")
    }

    fn ca(&self) -> PathBuf {
        self.place.path().join("ca.der")
    }
}

impl Watch {
    /// Called with each request, when it was carried out and before its answer leaves.
    fn tell(&self, _line: &LogLine) {
        let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let mut target = self.target();
        let Some((hit, child)) = target.as_mut() else { return };
        if matches!(hit, Hit::BeforeRequest(at) | Hit::AfterRequest(at) if *at == seen) {
            // It may have ended by itself meanwhile.
            drop(child.kill());
            drop(child.wait());
        } else if let Some((at, fault)) = hit.fault() {
            if at == seen + 1 {
                self.set_fault(fault);
            } else if at == seen {
                self.set_fault(Fault::Off);
            }
        }
    }

    fn set_fault(&self, fault: Fault) {
        let platform = self.platform.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        if let Some(platform) = platform {
            platform.set_fault(fault);
        }
    }

    /// Waits for the child's end; one that hangs for so many seconds is killed.
    fn wait(&self, seconds: u32) -> Result<ExitStatus, String> {
        for _ in 0..seconds * 200 {
            if let Some((_, child)) = self.target().as_mut()
                && let Some(status) = child.try_wait().map_err(text)?
            {
                return Ok(status);
            }
            sleep(Duration::from_millis(5));
        }
        let Some((_, mut child)) = self.target().take() else { return Err("no child".to_owned()) };
        child.kill().map_err(text)?;
        Err("hangs".to_owned())
    }

    fn target(&self) -> MutexGuard<'_, Option<(Hit, Child)>> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The platform at an address where another was just now.
fn start(config: &SandboxConfig) -> Result<RunningSandbox, String> {
    let mut tries = 0;
    loop {
        match Sandbox::start(config) {
            Err(SandboxError::Io(error)) if error.kind() == io::ErrorKind::AddrInUse && tries < 100 => {
                tries += 1;
                sleep(Duration::from_millis(20));
            }
            started => return started.map_err(text),
        }
    }
}

fn text(error: impl core::fmt::Display) -> String {
    error.to_string()
}
