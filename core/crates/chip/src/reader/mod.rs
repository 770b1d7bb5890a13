//! The reader: a state machine that says what to send to a chip and takes what comes back.
//!
//! ```text
//! loop {
//!     match reader.next()? {
//!         Step::Send { apdu, timeout_ms } => match link.transceive(apdu, timeout_ms) {
//!             Ok(answer) => reader.feed(&answer, elapsed)?,
//!             Err(_) => reader.link_lost(),
//!         },
//!         Step::Wait { .. } => { /* reconnect */ reader.link_back() }
//!         Step::Progress(progress) => show(progress),
//!         Step::Done(evidence) => break evidence,
//!     }
//! }
//! ```
//!
//! After a lost link the chip is opened again and the reading goes on at the byte where it stopped; no byte of a file is read
//! twice. That it is still the same chip is proven without files: by Chip Authentication against the key of the DG14 that was
//! read before, or by Active Authentication against DG15's key where there is no such key. A link that was lost before either
//! file was there proves nothing yet, and need not: pieces of two chips would fit neither the SOD's signature nor its hashes.

mod commands;
mod config;
mod door;
mod evidence;
mod file;
mod profile;
mod prove;
mod read;
mod trace;

use std::{collections::BTreeMap, sync::Arc};

use eid_crypto::Random;

use crate::{
    ChipError, Command, Response,
    apdu::{MORE, NOT_FOUND},
    sm::Channel,
};
use commands::{read_binary, select_application, select_file};
pub use config::{Config, Step};
use door::Door;
pub use evidence::{ActiveProof, ChipEvidence, ChipProof, Opened};
pub use file::FileId;
use file::Partial;
pub use profile::ChipProfile;
use prove::Proofs;
use trace::MOST_ENTRIES;
pub use trace::{Phase, Progress, TraceEntry};

/// Phones answer "tag lost" to what takes longer than their own default, which is too short for chips.
const TIMEOUT_MS: u32 = 5_000;
/// For commands in which the chip computes with its keys.
const TIMEOUT_OF_KEYS_MS: u32 = 15_000;
/// How often the chip may refuse a channel before the reading ends.
const MOST_RESETS: u32 = 24;
/// How often the link may be lost.
const MOST_LOSSES: u32 = 500;

/// One reading of one chip.
pub struct Reader {
    config: Config,
    rng: Arc<dyn Random>,
    trace: Vec<TraceEntry>,
    // What stays when the link is lost:
    door: Door,
    files: BTreeMap<FileId, Partial>,
    proofs: Proofs,
    resets: u32,
    losses: u32,
    lost_at: Option<(FileId, usize)>,
    outcome: Option<ChipError>,
    progress: Option<Phase>,
    /// A document without SOD or DG1 is read on.
    whatever: bool,
    // What does not:
    session: Session,
    waiting: Option<bool>,
}

/// State of one connection.
#[derive(Debug, Default)]
struct Session {
    channel: Option<Channel>,
    /// The application is selected, or was refused and goes on unselected.
    selected: bool,
    /// The chip says, under a right checksum, that it has no such application.
    foreign: bool,
    /// An answer came under a right checksum: the channel works.
    secured: bool,
    current: Option<FileId>,
    /// The bytes to ask for at the next read, as the chip told them.
    told: Option<usize>,
    /// The file that this chip did not hand out by its short identifier.
    by_name: Option<FileId>,
    proof: prove::Session,
    door: door::Session,
    next: Option<Outgoing>,
    sent: Option<Sent>,
}

/// A command to send.
#[derive(Debug)]
struct Outgoing {
    task: Task,
    command: Command,
    phase: Phase,
}

/// A command that was sent.
#[derive(Debug)]
struct Sent {
    task: Task,
    ins: u8,
    phase: Phase,
    secured: bool,
    wire: Vec<u8>,
    /// Parts of an answer that comes in several.
    answer: Vec<u8>,
    elapsed_ms: u32,
}

/// What a command is for.
#[derive(Debug)]
enum Task {
    Door(door::Task),
    Application,
    /// Only to see whether the channel works.
    Confirm,
    Read(read::Task),
    Prove(prove::Task),
}

/// An answer.
#[derive(Debug)]
enum Answer {
    /// Without secure messaging, as expected.
    Plain(Response),
    /// Under a right checksum.
    Secured(Response),
    /// A bare status word where a checksum was due: the chip has closed the channel.
    Closed(u16),
}

impl Reader {
    /// A reading that has not begun.
    pub fn new(config: Config, rng: Arc<dyn Random>) -> Self {
        let door = Door::new(&config);
        Self {
            config,
            rng,
            trace: Vec::new(),
            door,
            files: BTreeMap::new(),
            proofs: Proofs::default(),
            resets: 0,
            losses: 0,
            lost_at: None,
            outcome: None,
            progress: None,
            whatever: false,
            session: Session::default(),
            waiting: None,
        }
    }

    /// For tools that look at chips of any kind: reads on where a file is missing that every identity document has, and takes
    /// the status word of a chip that leaves it out of its checksums. Without this the reading ends there, before the citizen
    /// has waited for the rest.
    #[must_use]
    pub fn reading_whatever_is_there(mut self) -> Self {
        self.whatever = true;
        self
    }

    /// What to do now. Asked again without an answer in between, it says the same.
    ///
    /// # Errors
    /// What ended the reading; it stays ended.
    #[expect(
        clippy::should_implement_trait,
        reason = "steps depend on what is fed in between; an iterator's would not"
    )]
    pub fn next(&mut self) -> Result<Step, ChipError> {
        if let Some(error) = self.outcome {
            return Err(error);
        }
        if let Some(phase) = self.progress.take() {
            return Ok(Step::Progress(self.progress_at(phase)));
        }
        if let Some(reset) = self.waiting {
            return Ok(Step::Wait { reset });
        }
        let step = self.step();
        self.outcome = step.as_ref().err().copied();
        step
    }

    fn step(&mut self) -> Result<Step, ChipError> {
        if self.session.sent.is_none() {
            let next = match self.session.next.take() {
                Some(next) => Some(next),
                None => self.plan()?,
            };
            match next {
                Some(next) => self.send(next)?,
                None => return self.evidence().map(|evidence| Step::Done(Box::new(evidence))),
            }
        }
        let sent = self.session.sent.as_ref().ok_or(ChipError::OutOfOrder)?;
        let keys = matches!(sent.phase, Phase::Access | Phase::ChipAuthentication | Phase::ActiveAuthentication);
        Ok(Step::Send { apdu: sent.wire.clone(), timeout_ms: if keys { TIMEOUT_OF_KEYS_MS } else { TIMEOUT_MS } })
    }

    /// The next command when nothing is under way; none when all is done.
    fn plan(&mut self) -> Result<Option<Outgoing>, ChipError> {
        if self.session.channel.is_none() {
            return self.plan_door().map(Some);
        }
        if let Some(outgoing) = self.plan_card_security()? {
            return Ok(Some(outgoing));
        }
        if !self.session.selected {
            self.session.selected = true;
            if !self.config.profile.keep_application {
                return Ok(Some(Outgoing {
                    task: Task::Application,
                    command: select_application(),
                    phase: Phase::Selection,
                }));
            }
        }
        if let Some(outgoing) = self.plan_proof()? {
            return Ok(Some(outgoing));
        }
        let next = self.config.files.iter().copied().find(|file| !self.file(*file).is_some_and(Partial::is_over));
        match next {
            Some(file) => self.plan_read(file).map(Some),
            // Opened only: that the keys are right has to be seen once.
            None if !self.session.secured => Ok(Some(Outgoing {
                task: Task::Confirm,
                command: select_file(FileId::Com.id()),
                phase: Phase::Selection,
            })),
            None => Ok(None),
        }
    }

    fn send(&mut self, outgoing: Outgoing) -> Result<(), ChipError> {
        let Outgoing { task, command, phase } = outgoing;
        let wire = match &mut self.session.channel {
            Some(channel) => channel.wrap_command(&command)?,
            None => command.encode()?,
        };
        if wire.len() > self.config.max_command {
            return Err(ChipError::ReaderTooShort);
        }
        let secured = self.session.channel.is_some();
        self.session.sent =
            Some(Sent { task, ins: command.ins, phase, secured, wire, answer: Vec::new(), elapsed_ms: 0 });
        Ok(())
    }

    /// Takes the chip's answer to the last command. `elapsed_ms` goes into the trace.
    ///
    /// # Errors
    /// What ended the reading, or [`ChipError::OutOfOrder`] when nothing was sent.
    pub fn feed(&mut self, answer: &[u8], elapsed_ms: u32) -> Result<(), ChipError> {
        if let Some(error) = self.outcome {
            return Err(error);
        }
        let sent = self.session.sent.take().ok_or(ChipError::OutOfOrder)?;
        let fed = self.take(sent, answer, elapsed_ms);
        self.outcome = fed.err();
        fed
    }

    fn take(&mut self, mut sent: Sent, bytes: &[u8], elapsed_ms: u32) -> Result<(), ChipError> {
        let part = Response::parse(bytes)?;
        sent.answer.extend_from_slice(&part.data);
        sent.elapsed_ms = sent.elapsed_ms.saturating_add(elapsed_ms);
        if sent.answer.len() > Response::MAX {
            return Err(ChipError::Malformed);
        }
        if part.sw1() == MORE {
            if part.data.is_empty() && !sent.answer.is_empty() {
                return Err(ChipError::Malformed);
            }
            let le = if part.sw2() == 0 { 256 } else { u32::from(part.sw2()) };
            self.note(&sent, Some(part.status), bytes.len(), elapsed_ms);
            sent.wire = Command::new(0xC0, 0, 0).le(le).encode()?;
            self.session.sent = Some(sent);
            return Ok(());
        }
        let response = Response { data: core::mem::take(&mut sent.answer), status: part.status };
        let answer = match (&mut self.session.channel, sent.secured) {
            (Some(_), true) if response.data.is_empty() => Answer::Closed(response.status),
            (Some(channel), true) => {
                if self.whatever {
                    channel.accept_bare_status();
                }
                match channel.unwrap_response(sent.ins, &response) {
                    Ok(inner) => Answer::Secured(inner),
                    Err(error) => return Err(self.broken(error)),
                }
            }
            _ => Answer::Plain(response),
        };
        let status = match &answer {
            Answer::Plain(response) | Answer::Secured(response) => response.status,
            Answer::Closed(status) => *status,
        };
        self.note(&sent, Some(status), bytes.len(), elapsed_ms);
        if let (Answer::Secured(_), Some(entry)) = (&answer, self.trace.last_mut()) {
            entry.secured = true;
            self.session.secured = true;
        }
        if !self.proven(&sent.task, &answer)? {
            return Ok(());
        }
        let phase = sent.phase;
        match sent.task {
            Task::Door(task) => self.feed_door(task, answer)?,
            Task::Application => self.feed_application(&answer)?,
            Task::Confirm if matches!(answer, Answer::Secured(_)) => {}
            Task::Confirm => return Err(ChipError::ChannelBroken),
            Task::Read(task) => self.feed_read(task, answer)?,
            Task::Prove(task) => self.feed_proof(task, answer)?,
        }
        self.progress = Some(phase);
        Ok(())
    }

    fn feed_application(&mut self, answer: &Answer) -> Result<(), ChipError> {
        match answer {
            // Where the system has selected the application already, a chip may refuse to do it again.
            Answer::Plain(_) => Ok(()),
            Answer::Secured(response) => {
                self.session.foreign = response.status == NOT_FOUND;
                Ok(())
            }
            Answer::Closed(_) => {
                self.config.profile.keep_application = true;
                self.reset()
            }
        }
    }

    /// The link to the chip is gone; what was sent last may or may not have arrived.
    pub fn link_lost(&mut self) {
        let at = match &self.session.sent {
            Some(Sent { task: Task::Read(task), .. }) => task.place(),
            _ => None,
        };
        if at.is_some() && at == self.lost_at {
            // Twice at the same place: long answers may need more power than there is.
            let asked = self.asked();
            self.config.profile.lower(asked);
        }
        self.lost_at = at;
        self.losses += 1;
        if let Some(sent) = self.session.sent.take() {
            self.note(&sent, None, 0, sent.elapsed_ms);
        }
        if self.losses > MOST_LOSSES {
            self.outcome.get_or_insert(ChipError::LinkLost);
        }
        self.session = Session::default();
        self.waiting = Some(false);
    }

    /// A chip is there again, freshly connected.
    pub fn link_back(&mut self) {
        self.session = Session::default();
        self.waiting = None;
    }

    /// The chip has closed the channel: connect afresh.
    fn reset(&mut self) -> Result<(), ChipError> {
        self.resets += 1;
        if self.resets > MOST_RESETS {
            return Err(ChipError::ChannelBroken);
        }
        self.session = Session::default();
        self.waiting = Some(true);
        Ok(())
    }

    /// The exchanges so far.
    pub fn trace(&self) -> &[TraceEntry] {
        &self.trace
    }

    /// How the chip was opened, once it was; also where the reading ended early.
    pub fn opened(&self) -> Option<&Opened> {
        self.door.opened.as_ref()
    }

    /// What was learnt about this kind of chip, to be kept for the next reading.
    pub fn profile(&self) -> &ChipProfile {
        &self.config.profile
    }

    fn note(&mut self, sent: &Sent, status: Option<u16>, received: usize, elapsed_ms: u32) {
        if self.trace.len() < MOST_ENTRIES {
            let (phase, ins) = (sent.phase, sent.ins);
            self.trace.push(TraceEntry {
                phase,
                ins,
                status,
                sent: sent.wire.len(),
                received,
                elapsed_ms,
                secured: false,
                content: None,
            });
        }
    }

    fn file(&self, file: FileId) -> Option<&Partial> {
        self.files.get(&file)
    }

    fn progress_at(&self, phase: Phase) -> Progress {
        let mut progress = Progress { phase, done: 0, expected: 0 };
        for id in &self.config.files {
            let file = self.file(*id);
            let here = file.map_or(0, |file| file.bytes.len());
            progress.done += here;
            progress.expected += match file {
                Some(file) if file.refused.is_some() => here,
                Some(Partial { total: Some(total), .. }) => *total,
                _ => id.typical(),
            };
        }
        progress
    }
}

impl core::fmt::Debug for Reader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reader")
            .field("files", &self.files)
            .field("exchanges", &self.trace.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
