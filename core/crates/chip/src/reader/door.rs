//! Finding out how a chip is opened, and opening it.
//!
//! EF.CardAccess is read in place first: where the phone's system has selected the application already, some chips know no
//! master file any more. Then through the master file, then the one of the Vietnamese card is assumed, then BAC is tried. No
//! refusal on this way ends the reading but that of the password itself.

use super::{Answer, Config, Opened, Outgoing, Phase, Reader, read_binary, select_application, select_file};
use crate::{
    CCCD_CARD_ACCESS, ChipError, Command, Response,
    access::{PaceInfo, SecurityInfos},
    agreement::Domain,
    apdu::{END_OF_FILE, EXACT_LENGTH},
    bac::BacTerminal,
    kdf::Access,
    pace::{PaceStep, PaceTerminal},
    tlv::Header,
};

const CARD_ACCESS: u16 = 0x011C;
const CARD_ACCESS_SHORT: u8 = 0x1C;
const CARD_ACCESS_TAG: u32 = 0x31;
const MOST_CARD_ACCESS: usize = 4096;
const LIMITS: u16 = 0x2F01;

/// What is known about the way in. Stays when the link is lost.
#[derive(Debug)]
pub(super) struct Door {
    /// EF.CardAccess as the chip handed it out.
    pub(super) card_access: Option<Vec<u8>>,
    /// The way that led in once.
    pub(super) opened: Option<Opened>,
    infos: Option<SecurityInfos>,
    /// PACE variants that may still work, the best first.
    variants: Vec<PaceInfo>,
    bac: bool,
    /// The form of SELECT that led to the master file, where that was needed.
    master_file: Option<Stage>,
}

/// The same for one connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    stage: Stage,
    /// What came of EF.CardAccess so far.
    card_access: Vec<u8>,
    in_master_file: bool,
    challenge: Option<Vec<u8>>,
}

/// Steps of the discovery, in their order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    ReadInPlace,
    SelectInPlace,
    MasterFile,
    MasterFileById,
    ReadBelowMasterFile,
    SelectBelowMasterFile,
    Over,
}

impl Stage {
    fn next(self) -> Self {
        match self {
            Self::ReadInPlace => Self::SelectInPlace,
            Self::SelectInPlace => Self::MasterFile,
            Self::MasterFile => Self::MasterFileById,
            Self::ReadBelowMasterFile => Self::SelectBelowMasterFile,
            Self::MasterFileById | Self::SelectBelowMasterFile | Self::Over => Self::Over,
        }
    }

    fn command(self) -> Command {
        match self {
            Self::ReadInPlace | Self::ReadBelowMasterFile => read_card_access(256),
            Self::MasterFile => Command::new(0xA4, 0, 0x0C),
            Self::MasterFileById => Command::new(0xA4, 0, 0x0C).data(&[0x3F, 0]),
            Self::SelectInPlace | Self::SelectBelowMasterFile | Self::Over => select_file(CARD_ACCESS),
        }
    }
}

fn read_card_access(le: u32) -> Command {
    Command::new(0xB0, 0x80 | CARD_ACCESS_SHORT, 0).le(le)
}

/// Commands outside secure messaging.
#[derive(Debug)]
pub(super) enum Task {
    Stage(Stage),
    /// Reads EF.CardAccess, selected before or by this very command.
    CardAccess {
        stage: Stage,
        told: bool,
    },
    MasterFile,
    SelectLimits,
    ReadLimits,
    Pace(Box<PaceTerminal>),
    BacApplication,
    BacChallenge,
    Bac(Box<BacTerminal>),
}

impl Door {
    pub(super) fn new(config: &Config) -> Self {
        let mut door =
            Self { card_access: None, opened: None, infos: None, variants: Vec::new(), bac: false, master_file: None };
        if config.profile.built_in_card_access {
            door.assume(config);
        }
        door
    }

    /// Takes the built-in EF.CardAccess.
    fn assume(&mut self, config: &Config) {
        self.infos = SecurityInfos::parse(CCCD_CARD_ACCESS).ok();
        self.list(config);
    }

    fn list(&mut self, config: &Config) {
        // Keys of 2048 bits need extended lengths.
        let sendable =
            |info: &PaceInfo| config.max_command > 600 || info.domain.id() == 0 || matches!(info.domain, Domain::Ec(_));
        self.variants = self.infos.iter().flat_map(SecurityInfos::pace_by_preference).filter(sendable).collect();
    }
}

impl Reader {
    /// The next command while there is no secured channel.
    pub(super) fn plan_door(&mut self) -> Result<Outgoing, ChipError> {
        if self.door.infos.is_none() {
            return Ok(self.discover());
        }
        let door = |task, command, phase| Ok(Outgoing { task: super::Task::Door(task), command, phase });
        if let Some(stage) = self.door.master_file.filter(|_| !self.session.door.in_master_file) {
            self.session.door.in_master_file = true;
            return door(Task::MasterFile, stage.command(), Phase::Discovery);
        }
        let profile = &mut self.config.profile;
        if self.config.max_response > 258 && profile.max_response.is_none() && !profile.looked_for_limits {
            profile.looked_for_limits = true;
            return door(Task::SelectLimits, select_file(LIMITS), Phase::Discovery);
        }
        if !self.door.bac {
            let Some(info) = self.door.variants.first().cloned() else {
                self.fall_back(ChipError::Unsupported)?;
                return self.plan_door();
            };
            let ambiguous = self.door.infos.as_ref().is_some_and(|infos| infos.is_ambiguous(&info));
            let (terminal, command) = PaceTerminal::start(info, &self.config.access, ambiguous);
            return door(Task::Pace(Box::new(terminal)), command, Phase::Access);
        }
        match self.session.door.challenge.take() {
            None if self.session.selected => door(Task::BacChallenge, BacTerminal::challenge(), Phase::Access),
            None => {
                self.session.selected = true;
                door(Task::BacApplication, select_application(), Phase::Selection)
            }
            Some(challenge) => {
                let keys = self.config.access.bac_keys().ok_or(ChipError::AccessRefused)?;
                let (terminal, command) = BacTerminal::start(keys, &challenge, &*self.rng)?;
                door(Task::Bac(Box::new(terminal)), command, Phase::Access)
            }
        }
    }

    fn discover(&mut self) -> Outgoing {
        let stage = self.session.door.stage;
        let task = match stage {
            Stage::ReadInPlace | Stage::ReadBelowMasterFile => Task::CardAccess { stage, told: false },
            _ => Task::Stage(stage),
        };
        Outgoing { task: super::Task::Door(task), command: stage.command(), phase: Phase::Discovery }
    }

    pub(super) fn feed_door(&mut self, task: Task, answer: Answer) -> Result<(), ChipError> {
        let Answer::Plain(response) = answer else { return Err(ChipError::OutOfOrder) };
        match task {
            Task::Stage(stage) => self.feed_stage(stage, &response),
            Task::CardAccess { stage, told } => self.feed_card_access(stage, told, &response),
            Task::MasterFile | Task::BacApplication => {}
            Task::SelectLimits => {
                if response.is_ok() {
                    self.follow(Task::ReadLimits, read_binary(0, 256), Phase::Discovery);
                }
            }
            Task::ReadLimits => {
                if matches!(response.status, crate::apdu::OK | END_OF_FILE) {
                    self.config.profile.read_limits(&response.data);
                }
            }
            Task::Pace(terminal) => return self.feed_pace(terminal, &response),
            Task::BacChallenge => match response.success() {
                Some(challenge) => self.session.door.challenge = Some(challenge.to_vec()),
                None => return self.refused(ChipError::AccessRefused),
            },
            Task::Bac(terminal) => match response.success() {
                Some(data) => {
                    self.session.channel = Some(terminal.finish(data)?);
                    self.door.opened = Some(Opened::Bac);
                }
                None => return self.refused(self.config.access.refused()),
            },
        }
        Ok(())
    }

    fn follow(&mut self, task: Task, command: Command, phase: Phase) {
        self.session.next = Some(Outgoing { task: super::Task::Door(task), command, phase });
    }

    fn feed_stage(&mut self, stage: Stage, response: &Response) {
        match stage {
            Stage::MasterFile | Stage::MasterFileById if response.is_ok() => {
                self.door.master_file = Some(stage);
                self.session.door.in_master_file = true;
                self.session.door.stage = Stage::ReadBelowMasterFile;
            }
            Stage::SelectInPlace | Stage::SelectBelowMasterFile if response.is_ok() => {
                self.session.door.card_access.clear();
                self.follow(Task::CardAccess { stage, told: false }, read_binary(0, 256), Phase::Discovery);
            }
            _ => self.next_stage(stage),
        }
    }

    fn next_stage(&mut self, stage: Stage) {
        self.session.door.stage = stage.next();
        self.session.door.card_access.clear();
        if self.session.door.stage == Stage::Over {
            self.door.master_file = None;
            self.config.profile.built_in_card_access = true;
            self.door.assume(&self.config);
        }
    }

    fn feed_card_access(&mut self, stage: Stage, told: bool, response: &Response) {
        let begun = self.session.door.card_access.len();
        if response.sw1() == EXACT_LENGTH && response.sw2() != 0 && !told {
            let le = u32::from(response.sw2());
            let again = if stage == Stage::ReadInPlace || stage == Stage::ReadBelowMasterFile {
                read_card_access(le)
            } else {
                Command { le: Some(le), ..read_binary(begun, 256) }
            };
            self.follow(Task::CardAccess { stage, told: true }, again, Phase::Discovery);
            return;
        }
        let good = matches!(response.status, crate::apdu::OK | END_OF_FILE) && !response.data.is_empty();
        self.session.door.card_access.extend_from_slice(&response.data);
        let header = Header::parse(&self.session.door.card_access).ok();
        let header = header.filter(|header| header.tag == CARD_ACCESS_TAG && header.total() <= MOST_CARD_ACCESS);
        let Some(header) = header.filter(|_| good) else {
            self.next_stage(stage);
            return;
        };
        let here = self.session.door.card_access.len();
        if here < header.total() {
            let rest = read_binary(here, (header.total() - here).min(256));
            // From here on the file is selected, whichever way it was read first.
            let stage = if stage == Stage::ReadInPlace { Stage::SelectInPlace } else { stage };
            self.follow(Task::CardAccess { stage, told: false }, rest, Phase::Discovery);
            return;
        }
        let mut bytes = core::mem::take(&mut self.session.door.card_access);
        bytes.truncate(header.total());
        match SecurityInfos::parse(&bytes) {
            Ok(infos) => {
                self.door.infos = Some(infos);
                self.door.card_access = Some(bytes);
                self.door.list(&self.config);
            }
            Err(_) => self.next_stage(stage),
        }
    }

    fn feed_pace(&mut self, mut terminal: Box<PaceTerminal>, response: &Response) -> Result<(), ChipError> {
        match terminal.feed(response, &*self.rng) {
            Ok(PaceStep::Send(command)) => {
                self.follow(Task::Pace(terminal), command, Phase::Access);
                Ok(())
            }
            Ok(PaceStep::Done(outcome)) => {
                self.session.channel = Some(outcome.channel);
                self.door.opened = self.door.variants.first().cloned().map(Opened::Pace);
                self.proofs.mapping = outcome.cam;
                Ok(())
            }
            Err(ChipError::AccessRefused) if terminal.is_confirming() && is_wrong_password(response.status) => {
                self.refused(self.config.access.refused())
            }
            Err(ChipError::AccessRefused) if self.door.opened.is_some() => self.reset(),
            Err(ChipError::AccessRefused) => {
                self.door.variants.remove(0);
                // A chip may want its directory selected again after a refusal.
                self.session.door.in_master_file = false;
                if self.door.variants.is_empty() { self.fall_back(ChipError::AccessRefused) } else { Ok(()) }
            }
            Err(error) => Err(error),
        }
    }

    /// No PACE variant is left.
    fn fall_back(&mut self, otherwise: ChipError) -> Result<(), ChipError> {
        if matches!(self.config.access, Access::Can(_)) {
            return Err(otherwise);
        }
        self.door.bac = true;
        self.door.master_file = None;
        Ok(())
    }

    /// The chip refuses what opened it before: it is another one.
    fn refused(&self, error: ChipError) -> Result<(), ChipError> {
        Err(if self.door.opened.is_some() { ChipError::ChipChanged } else { error })
    }

    /// Whether DG14, which is signed, names what EF.CardAccess, which is not, names.
    pub(super) fn card_access_confirmed(&self) -> Option<bool> {
        let signed = self.proofs.infos.as_ref()?;
        let infos = self.door.infos.as_ref().filter(|_| self.door.card_access.is_some())?;
        (!signed.pace.is_empty()).then(|| infos.pace.iter().all(|info| signed.pace.contains(info)))
    }
}

/// How chips refuse a token made from a wrong password.
fn is_wrong_password(status: u16) -> bool {
    status & 0xFF00 == 0x6300 || matches!(status, 0x6982..=0x6985 | 0x6A80 | 0x6A88)
}
