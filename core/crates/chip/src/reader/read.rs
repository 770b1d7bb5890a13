//! Reading files under secure messaging: by short identifier where the chip takes it, the largest chunks that it takes, from the
//! byte where the reading stopped.

use super::{Answer, FileId, Outgoing, Phase, Reader, read_binary, select_file};
use crate::{
    ChipError, Response,
    apdu::{END_OF_FILE, EXACT_LENGTH, NOT_FOUND, OK},
    tlv::{self, Tlv},
};

/// Enough for tag and length of every file.
const HEADER: usize = 6;
/// The longest tag and length around the answer to READ BINARY with a data object.
const OBJECT_HEAD: usize = 4;

/// The object around that answer.
const OBJECT: u32 = 0x53;

/// A command of the reading.
#[derive(Debug, Clone, Copy)]
pub(super) enum Task {
    Select { file: FileId },
    Data { file: FileId, offset: usize, asked: usize, short: bool },
}

impl Task {
    /// The byte that it wanted to read.
    pub(super) fn place(&self) -> Option<(FileId, usize)> {
        match *self {
            Self::Select { .. } => None,
            Self::Data { file, offset, .. } => Some((file, offset)),
        }
    }
}

impl Reader {
    /// Whether phone and chip take extended lengths, as far as is known.
    pub(super) fn is_extended(&self) -> bool {
        let profile = &self.config.profile;
        let chip = !profile.short_only && profile.max_response.is_none_or(|most| most > 258);
        chip && self.config.max_response > 258 && self.config.max_command > 261
    }

    /// The most file bytes that one answer brings now.
    pub(super) fn asked(&self) -> usize {
        let chip =
            self.config.profile.max_response.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let long = self.is_extended() && !self.config.profile.is_short();
        let phone = if long { self.config.max_response } else { self.config.max_response.min(258) };
        let capacity =
            self.session.channel.as_ref().map_or(0, |channel| channel.capacity(phone.min(chip).saturating_sub(2)));
        capacity.min(self.config.profile.most())
    }

    pub(super) fn plan_read(&mut self, file: FileId) -> Result<Outgoing, ChipError> {
        let (offset, total) = self.file(file).map_or((0, None), |partial| (partial.bytes.len(), partial.total));
        let outgoing = |task, command| Outgoing { task: super::Task::Read(task), command, phase: Phase::File(file) };
        let here = self.session.current == Some(file);
        let short = !here && offset == 0 && !self.config.profile.select_files && self.session.by_name != Some(file);
        if !here && !short {
            return Ok(outgoing(Task::Select { file }, select_file(file.id())));
        }
        let most = self.session.told.take().unwrap_or_else(|| self.asked());
        let odd = if offset > 0x7FFF { OBJECT_HEAD } else { 0 };
        let asked = match total {
            Some(total) => (total - offset).min(most.saturating_sub(odd)),
            None if self.config.profile.exact => HEADER,
            None => most,
        };
        if asked == 0 {
            return Err(ChipError::ReaderTooShort);
        }
        // Exactly what the object takes: a chip fills what it is asked for.
        let odd = if odd > 0 { tlv::encode(OBJECT, &[&vec![0; asked]]).len() - asked } else { 0 };
        let mut command = read_binary(offset, asked + odd);
        if short {
            command.p1 = 0x80 | file.short();
        }
        command.extended = self.grows_beyond_short(asked + odd);
        Ok(outgoing(Task::Data { file, offset, asked, short }, command))
    }

    /// Whether an answer of so many bytes, secured, needs an extended length.
    pub(super) fn grows_beyond_short(&self, bytes: usize) -> bool {
        self.is_extended() && self.session.channel.as_ref().is_some_and(|channel| channel.capacity(256) < bytes)
    }

    pub(super) fn feed_read(&mut self, task: Task, answer: Answer) -> Result<(), ChipError> {
        match (task, answer) {
            (_, Answer::Plain(_)) => Err(ChipError::OutOfOrder),
            (Task::Select { file }, Answer::Secured(response)) => {
                if response.is_ok() {
                    self.session.current = Some(file);
                    return Ok(());
                }
                self.refuse(file, response.status)
            }
            (Task::Select { file }, Answer::Closed(status)) => self.closed(file, status, None),
            (Task::Data { file, offset, asked, short }, Answer::Secured(response)) => match response.status {
                OK | END_OF_FILE if !response.data.is_empty() => self.take_data(file, offset, asked, &response),
                _ => self.feed_refusal(file, asked, short, response.status),
            },
            // Not every chip knows short identifiers.
            (Task::Data { file, short: true, .. }, Answer::Closed(NOT_FOUND)) if self.file(file).is_none() => {
                self.config.profile.select_files = true;
                self.reset()
            }
            (Task::Data { file, asked, .. }, Answer::Closed(status)) => self.closed(file, status, Some(asked)),
        }
    }

    fn take_data(&mut self, file: FileId, offset: usize, asked: usize, response: &Response) -> Result<(), ChipError> {
        let data = if offset > 0x7FFF { Tlv::expect(OBJECT, &response.data)? } else { &response.data };
        if data.is_empty() || data.len() > asked {
            return Err(ChipError::Malformed);
        }
        let taken = self.files.entry(file).or_default().extend(file, data);
        let elsewhere = file == FileId::CardSecurity || self.session.foreign;
        if elsewhere && taken.is_err() {
            // The application has one file of this name, the master file another.
            self.files.remove(&file);
            return self.refuse(file, NOT_FOUND);
        }
        let count = taken?;
        if let Some(entry) = self.trace.last_mut() {
            entry.content = Some((offset, count));
        }
        self.session.current = Some(file);
        if self.session.by_name == Some(file) {
            self.config.profile.select_files = true;
        }
        self.lost_at = None;
        Ok(())
    }

    /// A read was refused, under a right checksum: the channel lives on.
    fn feed_refusal(&mut self, file: FileId, asked: usize, short: bool, status: u16) -> Result<(), ChipError> {
        let [sw1, sw2] = status.to_be_bytes();
        let begun = self.file(file).is_some_and(|partial| !partial.bytes.is_empty());
        let told = if sw2 == 0 { 256 } else { usize::from(sw2) };
        match status {
            _ if sw1 == EXACT_LENGTH && told < asked => {
                self.session.told = Some(told);
                Ok(())
            }
            0x6700 | 0x6B00 | 0x6F00 => self.too_much(file, asked),
            _ if begun => self.too_much(file, asked),
            0x6982 => self.refuse(file, status),
            _ if short => {
                self.session.by_name = Some(file);
                Ok(())
            }
            _ => self.refuse(file, status),
        }
    }

    /// Asks for less: first not beyond the end, then for smaller chunks.
    fn too_much(&mut self, file: FileId, asked: usize) -> Result<(), ChipError> {
        let known = self.file(file).is_some_and(|partial| partial.total.is_some());
        let profile = &mut self.config.profile;
        if !known && !profile.exact {
            profile.exact = true;
            return Ok(());
        }
        profile.exact = false;
        if profile.lower(asked) { Ok(()) } else { Err(ChipError::FileRefused) }
    }

    /// The chip does not hand out a file.
    fn refuse(&mut self, file: FileId, status: u16) -> Result<(), ChipError> {
        let profile = &mut self.config.profile;
        if profile.keep_application && self.files.values().all(|partial| partial.bytes.is_empty()) {
            // What was learnt with another phone does not hold here: the application is not selected.
            profile.keep_application = false;
            return self.reset();
        }
        let partial = self.files.entry(file).or_default();
        if !self.whatever && is_needed(file) || !partial.bytes.is_empty() {
            return Err(ChipError::FileRefused);
        }
        partial.refused = Some(status);
        Ok(())
    }

    /// A bare status word: whatever it says, the channel is gone.
    fn closed(&mut self, file: FileId, status: u16, asked: Option<usize>) -> Result<(), ChipError> {
        let begun = self.file(file).is_some_and(|partial| !partial.bytes.is_empty());
        let optional = self.whatever || !is_needed(file);
        match (status, asked) {
            (NOT_FOUND | 0x6A83 | 0x6A88 | 0x6982, _) if optional && !begun => self.refuse(file, status)?,
            (_, Some(asked)) if status.to_be_bytes()[0] == EXACT_LENGTH && status & 0xFF != 0 => {
                let told = status & 0xFF;
                if usize::from(told) < asked {
                    self.config.profile.chunk = Some(told);
                } else {
                    self.too_much(file, asked)?;
                }
            }
            (_, Some(asked)) => self.too_much(file, asked)?,
            (_, None) => {}
        }
        self.reset()
    }
}

/// Whether every identity document has this file.
fn is_needed(file: FileId) -> bool {
    matches!(file, FileId::Sod | FileId::Dg1)
}
