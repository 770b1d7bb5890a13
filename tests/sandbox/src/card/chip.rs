//! The chip: its state between two commands, and secure messaging around them.

use std::{fmt, sync::Arc};

use eid_chip::{
    Command, Response,
    protocol::{BacChip, Channel, PaceChip},
};
use eid_crypto::Random;

use super::MadeCard;

/// What the card says when it is connected: contactless, T=1, without historical bytes.
pub const ATR: [u8; 5] = [0x3B, 0x80, 0x80, 0x01, 0x01];

/// Answers.
pub(super) mod status {
    pub(in crate::card) const OK: u16 = 0x9000;
    pub(in crate::card) const END_OF_FILE: u16 = 0x6282;
    pub(in crate::card) const NOT_VERIFIED: u16 = 0x6300;
    pub(in crate::card) const WRONG_LENGTH: u16 = 0x6700;
    pub(in crate::card) const NOT_ALLOWED: u16 = 0x6982;
    pub(in crate::card) const OUT_OF_ORDER: u16 = 0x6985;
    pub(in crate::card) const WRONG_CHECKSUM: u16 = 0x6988;
    pub(in crate::card) const WRONG_DATA: u16 = 0x6A80;
    pub(in crate::card) const NOT_FOUND: u16 = 0x6A82;
    pub(in crate::card) const WRONG_PARAMETERS: u16 = 0x6A86;
    pub(in crate::card) const NO_SUCH_KEY: u16 = 0x6A88;
    pub(in crate::card) const WRONG_OFFSET: u16 = 0x6B00;
    pub(in crate::card) const UNKNOWN: u16 = 0x6D00;
    pub(in crate::card) const EXACT_LENGTH: u16 = 0x6C00;
}

/// A card in a reader's field.
pub struct Card {
    pub(super) made: MadeCard,
    pub(super) rng: Arc<dyn Random>,
    pub(super) session: Session,
    exchanges: usize,
}

/// What the chip forgets when it loses power.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// The application is selected; otherwise the master file is.
    pub(super) application: bool,
    /// The current file.
    pub(super) current: Option<u16>,
    pub(super) channel: Option<Channel>,
    /// The channel that speaks from the next command on.
    pub(super) next_channel: Option<Channel>,
    pub(super) pace: Option<PaceChip>,
    pub(super) bac: Option<BacChip>,
    /// Chip Authentication was selected.
    pub(super) agreeing: bool,
    /// The rest of an answer that comes in parts.
    waiting: Vec<u8>,
}

/// What a command leads to.
pub(super) enum Outcome {
    Answer(Response),
    /// A status word outside secure messaging; the channel is gone.
    Close(u16),
}

impl From<u16> for Outcome {
    fn from(status: u16) -> Self {
        Self::Answer(Response::status(status))
    }
}

impl Card {
    /// A card that lies in the field. `rng` makes nonces and ephemeral keys.
    pub fn new(made: MadeCard, rng: Arc<dyn Random>) -> Self {
        let mut card = Self { made, rng, session: Session::default(), exchanges: 0 };
        card.reset();
        card
    }

    /// Takes the power away and gives it again.
    pub fn reset(&mut self) {
        self.session = Session { application: self.made.quirks.mf_6d00, ..Session::default() };
    }

    /// The exchanges so far, over all resets.
    pub fn exchanges(&self) -> usize {
        self.exchanges
    }

    /// Answers a command. None when the card has left the field; it is back at once, without power in between.
    pub fn transceive(&mut self, apdu: &[u8]) -> Option<Vec<u8>> {
        let at = self.exchanges;
        self.exchanges += 1;
        let lost = self.made.quirks.tag_loss_at.contains(&at);
        let answer = if lost && at.is_multiple_of(2) { None } else { Some(self.answer(apdu)) };
        if lost {
            self.reset();
            return None;
        }
        answer
    }

    fn answer(&mut self, apdu: &[u8]) -> Vec<u8> {
        let Ok(outer) = Command::parse(apdu) else { return self.close(status::WRONG_LENGTH) };
        if outer.ins == 0xC0 && outer.cla & 0x0C == 0 {
            return self.hand_out(outer.le);
        }
        self.session.waiting.clear();
        if self.made.quirks.short_le_only && outer.is_extended() {
            return self.close(status::WRONG_LENGTH);
        }
        let answer = if outer.cla & 0x0C == 0 { self.answer_plain(&outer) } else { self.answer_secured(&outer, apdu) };
        let most = self.made.quirks.extended.map_or(0x1_0000, usize::from);
        let most = if outer.is_extended() { most } else { 258 };
        if answer.len() > most {
            self.session.waiting = answer;
            return self.hand_out(Some(256));
        }
        answer
    }

    fn answer_plain(&mut self, command: &Command) -> Vec<u8> {
        self.session.channel = None;
        match self.process(command, false) {
            Outcome::Answer(response) => response.encode(),
            Outcome::Close(status) => self.close(status),
        }
    }

    fn answer_secured(&mut self, outer: &Command, apdu: &[u8]) -> Vec<u8> {
        let inner = match &mut self.session.channel {
            Some(channel) => channel.unwrap_command(apdu),
            None => return self.close(status::WRONG_CHECKSUM),
        };
        let Ok(command) = inner else { return self.close(status::WRONG_CHECKSUM) };
        let response = match self.process(&command, true) {
            Outcome::Answer(response) => response,
            Outcome::Close(status) => return self.close(status),
        };
        let wrapped = self.session.channel.as_mut().map(|channel| channel.wrap_response(outer.ins, &response));
        if let Some(next) = self.session.next_channel.take() {
            self.session.channel = Some(next);
        }
        match wrapped {
            Some(Ok(bytes)) => bytes,
            _ => self.close(status::WRONG_CHECKSUM),
        }
    }

    /// The channel is gone.
    fn close(&mut self, status: u16) -> Vec<u8> {
        self.session.channel = None;
        self.session.next_channel = None;
        status.to_be_bytes().to_vec()
    }

    /// The next part of an answer, and how much is left.
    fn hand_out(&mut self, le: Option<u32>) -> Vec<u8> {
        if self.session.waiting.is_empty() {
            return status::OUT_OF_ORDER.to_be_bytes().to_vec();
        }
        // The status word of the answer itself is its last two bytes.
        let content = self.session.waiting.len().saturating_sub(2);
        let wanted = usize::try_from(le.unwrap_or(256)).unwrap_or(256).min(256);
        if content <= wanted {
            return core::mem::take(&mut self.session.waiting);
        }
        let rest = self.session.waiting.split_off(wanted);
        let mut part = core::mem::replace(&mut self.session.waiting, rest);
        let left = u8::try_from(self.session.waiting.len().saturating_sub(2)).unwrap_or(0);
        part.extend([0x61, left]);
        part
    }

    fn process(&mut self, command: &Command, secured: bool) -> Outcome {
        match (command.ins, command.p1, command.p2) {
            (0xA4, 0x04, _) => self.select_application(&command.data),
            (0xA4, 0x00 | 0x02, _) => self.select_file(command),
            (0xB0 | 0xB1, _, _) => self.read_binary(command, secured),
            (0x22, 0xC1, 0xA4) => self.select_pace(&command.data),
            (0x22, 0x41, 0xA4) if secured => self.select_chip_authentication(&command.data),
            (0x86, 0, 0) if secured => self.agree(&command.data),
            (0x86, 0, 0) => self.step_pace(command),
            (0x84, 0, 0) if !secured => self.challenge(),
            (0x82, 0, 0) if !secured => self.authenticate_mutually(&command.data),
            (0x88, 0, 0) if secured => self.sign(&command.data),
            _ => status::UNKNOWN.into(),
        }
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card")
            .field("session", &self.session)
            .field("exchanges", &self.exchanges)
            .finish_non_exhaustive()
    }
}
