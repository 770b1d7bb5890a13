//! Changing a record and having the change authenticated, as a pure state machine.

mod event;

use eid_model::UnixTime;
use serde::{Deserialize, Serialize};

pub use self::event::{Asked, Event, Evidence, Moved, Reason, Receipt, Says, State};
use crate::{Checked, Form, RecordError, RecordKind, record::Format};

/// A change on its way from a draft to the authority's decision (hồ sơ cập nhật).
///
/// Each step is an [`Event`] that [`apply`](Self::apply) takes or refuses; nothing is sent or stored here, and what is here is all
/// that has to be stored before a step's call returns. Messages may come twice, late and in any order: the authority numbers
/// its steps, and one that is not newer changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Update {
    format: Format,
    key: String,
    kind: RecordKind,
    record: String,
    base: Option<UnixTime>,
    form: Form,
    evidence: Vec<Evidence>,
    /// How often the authority asked for more.
    round: u32,
    /// The number of the authority's last step.
    step: u32,
    receipt: Option<Receipt>,
    asked: Option<Asked>,
    state: State,
}

impl Update {
    const MAX_EVIDENCE: usize = 50;
    const MAX_KEY: usize = 64;

    /// A draft of a change to a record, as it is shown now. `key` is the idempotency key of everything that is sent for it: made
    /// once, of randomness, ASCII, at most 64 characters. `base` is the record's "as of".
    ///
    /// # Errors
    /// [`RecordError::Unreadable`].
    pub fn begin(
        key: &str,
        (kind, record): (RecordKind, &str),
        base: Option<UnixTime>,
        form: Form,
    ) -> Result<Self, RecordError> {
        let formed =
            |text: &str| !text.is_empty() && text.len() <= Self::MAX_KEY && text.bytes().all(|b| b.is_ascii_graphic());
        if !formed(key) || !formed(record) {
            return Err(RecordError::Unreadable);
        }
        let (key, record, state) = (key.to_owned(), record.to_owned(), State::Draft);
        let (evidence, receipt, asked) = (Vec::new(), None, None);
        Ok(Self { format: Format, key, kind, record, base, form, evidence, round: 0, step: 0, receipt, asked, state })
    }

    /// Takes a step, or says why it cannot be taken and stays as it was.
    ///
    /// # Errors
    /// [`RecordError::UpdateOutOfOrder`]; [`RecordError::UpdateInvalid`] if the form has errors; [`RecordError::UpdateConflict`] if the
    /// record changed since; [`RecordError::UpdateOverdue`]; [`RecordError::ReceiptMismatch`] if evidence did not arrive: it is sent
    /// again; [`RecordError::TooLarge`].
    pub fn apply(&mut self, event: Event<'_>, now: UnixTime) -> Result<Moved, RecordError> {
        match event {
            Event::Edit(form) => self.edit(form),
            Event::Validate(checked) => self.validate(checked),
            Event::Attach(evidence) => self.attach(evidence),
            Event::Sign { present } => self.sign(present, now),
            Event::Enqueue => match self.state {
                State::Signed => Ok(self.go(State::Queued)),
                State::Queued => Ok(Moved::Not),
                _ => Err(RecordError::UpdateOutOfOrder),
            },
            Event::Rebase { present } => {
                self.only_while_written()?;
                if present == self.base {
                    return Ok(Moved::Not);
                }
                self.base = present;
                Ok(self.reopen())
            }
            Event::Receive(receipt) => self.receive(receipt),
            Event::Authority { step, says } => self.hear(step, says),
            Event::Return => match self.state {
                State::Signed | State::Queued => Ok(self.reopen()),
                State::Draft | State::Supplement => Ok(Moved::Not),
                _ => Err(RecordError::UpdateOutOfOrder),
            },
            Event::Withdraw => match self.state {
                State::Withdrawn => Ok(Moved::Not),
                // Once the platform may have it, only the authority can end it. A supplement is of a dossier that it has.
                State::Draft | State::Validated | State::Evidenced | State::Signed if self.round == 0 => {
                    Ok(self.go(State::Withdrawn))
                }
                _ => Err(RecordError::UpdateOutOfOrder),
            },
        }
    }

    /// The idempotency key with the round: the same for every repetition of one sending.
    pub fn submission(&self) -> (&str, u32) {
        (&self.key, self.round)
    }

    /// The kind and the record that it changes.
    pub fn record(&self) -> (RecordKind, &str) {
        (self.kind, &self.record)
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the record shall say.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// The evidence.
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// The last confirmation of the platform.
    pub fn receipt(&self) -> Option<&Receipt> {
        self.receipt.as_ref()
    }

    /// The record's "as of" that the change was begun on.
    pub fn base(&self) -> Option<UnixTime> {
        self.base
    }

    /// What the authority asked for and has not been sent.
    pub fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }

    /// True if nothing more will happen to it.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Accepted | State::Refused { .. } | State::Withdrawn)
    }

    fn edit(&mut self, form: &Form) -> Result<Moved, RecordError> {
        self.only_while_written()?;
        if *form == self.form {
            return Ok(Moved::Not);
        }
        self.form = form.clone();
        Ok(self.reopen())
    }

    fn validate(&mut self, checked: &Checked) -> Result<Moved, RecordError> {
        self.only_while_written()?;
        if !checked.is_valid() {
            return Err(RecordError::UpdateInvalid);
        }
        // From here on the form is in the one way of writing it; evidence that was attached stays attached.
        let next = if self.evidence.is_empty() { State::Validated } else { State::Evidenced };
        if (&self.form, &self.state) == (checked.form(), &next) {
            return Ok(Moved::Not);
        }
        self.form = checked.form().clone();
        Ok(self.go(next))
    }

    fn attach(&mut self, evidence: Vec<Evidence>) -> Result<Moved, RecordError> {
        self.only_while_written()?;
        if evidence.len() > Self::MAX_EVIDENCE {
            return Err(RecordError::TooLarge);
        }
        if evidence == self.evidence {
            return Ok(Moved::Not);
        }
        self.evidence = evidence;
        // In a draft it waits for the form.
        if matches!(self.state, State::Validated | State::Evidenced) {
            self.state = if self.evidence.is_empty() { State::Validated } else { State::Evidenced };
        }
        Ok(Moved::On)
    }

    fn sign(&mut self, present: Option<UnixTime>, now: UnixTime) -> Result<Moved, RecordError> {
        match self.state {
            State::Validated | State::Evidenced => {}
            State::Signed => return Ok(Moved::Not),
            _ => return Err(RecordError::UpdateOutOfOrder),
        }
        if self.asked.as_ref().is_some_and(|asked| asked.due_at < now) {
            return Err(RecordError::UpdateOverdue);
        }
        if present != self.base {
            return Err(RecordError::UpdateConflict);
        }
        Ok(self.go(State::Signed))
    }

    fn receive(&mut self, receipt: &Receipt) -> Result<Moved, RecordError> {
        if receipt.round < self.round || self.receipt.as_ref().is_some_and(|known| known.round >= receipt.round) {
            return Ok(Moved::Not);
        }
        // The authority's first step may overtake the receipt.
        let sent = matches!(self.state, State::Queued | State::Checking { .. }) || self.is_decided();
        if !sent || receipt.round > self.round {
            return Err(RecordError::UpdateOutOfOrder);
        }
        if !self.evidence.iter().map(|evidence| evidence.sha256).eq(receipt.evidence.iter().copied()) {
            return Err(RecordError::ReceiptMismatch);
        }
        self.receipt = Some(receipt.clone());
        if self.state == State::Queued {
            self.asked = None;
            self.state = State::Received;
        }
        Ok(Moved::On)
    }

    fn hear(&mut self, step: u32, says: Says) -> Result<Moved, RecordError> {
        // Nobody decides on what was never sent.
        let sent = self.receipt.is_some() || self.step > 0 || self.state == State::Queued;
        if !sent {
            return Err(RecordError::UpdateOutOfOrder);
        }
        if step <= self.step || self.is_over() {
            return Ok(Moved::Not);
        }
        self.step = step;
        self.asked = None;
        self.state = match says {
            Says::Checking { due_at } => State::Checking { due_at },
            Says::Supplement(asked) => {
                self.round = self.round.saturating_add(1);
                self.asked = Some(asked);
                State::Supplement
            }
            Says::Accepted => State::Accepted,
            Says::Refused { reason, appeal_until } => State::Refused { reason, appeal_until },
        };
        Ok(Moved::On)
    }

    fn is_decided(&self) -> bool {
        matches!(self.state, State::Accepted | State::Refused { .. })
    }

    fn go(&mut self, state: State) -> Moved {
        self.state = state;
        Moved::On
    }

    /// Back to writing.
    fn reopen(&mut self) -> Moved {
        self.go(if self.asked.is_some() { State::Supplement } else { State::Draft })
    }

    fn only_while_written(&self) -> Result<(), RecordError> {
        match self.state {
            State::Draft | State::Validated | State::Evidenced | State::Supplement => Ok(()),
            _ => Err(RecordError::UpdateOutOfOrder),
        }
    }
}

#[cfg(test)]
mod tests;
