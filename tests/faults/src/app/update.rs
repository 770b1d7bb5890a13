//! A change of a record with evidence, from the first letter to the authority's decision.

use std::fs;

use eid_core::{ActOrder, ActProgress, Unlocked, UpdateView};
use eid_record::{RecordKind, update::State};

use super::citizen::{CitizenApp, bytes, text};
use crate::Dice;

/// How far a change is to be brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// It is written.
    Written,
    /// Its evidence is attached.
    Evidenced,
    /// It is confirmed, without a network.
    Confirmed,
    /// The authority has decided, or asks for more.
    Decided,
    /// It has what it asked for, and has decided.
    Supplied,
}

impl Goal {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [Self::Written, Self::Evidenced, Self::Confirmed, Self::Decided, Self::Supplied];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Evidenced => "evidenced",
            Self::Confirmed => "confirmed",
            Self::Decided => "decided",
            Self::Supplied => "supplied",
        }
    }
}

/// The kind that is changed: a new record of a person of whom the register knows no other.
pub const CHANGED: RecordKind = RecordKind::Residence;

/// How long a piece of evidence is: it goes up in two parts, and lies on the phone in five.
pub const PIECE: usize = 280 * 1024;

/// What is typed.
pub const TYPED: [(&str, &str); 6] = [
    ("type", "temporary"),
    ("province", "79"),
    ("commune", "99003"),
    ("detail", "Số 8, đường Mẫu"),
    ("from", "2026-01-01"),
    ("to", "2027-12-30"),
];

impl CitizenApp {
    /// Brings the one change to a goal, or goes on with it.
    pub(super) async fn bring(&self, goal: Goal, passcode: &str, before: impl FnOnce() + Send) -> Result<(), String> {
        let unlocked = self.app.unlock(bytes(passcode)).await.map_err(text)?;
        before();
        loop {
            let update = write(&unlocked).await?;
            if is_written(&update) {
                prepare(&unlocked, &update, goal, passcode).await?;
            }
            if goal < Goal::Decided {
                return Ok(());
            }
            unlocked.sign_in(bytes(passcode)).await.map_err(text)?;
            unlocked.sync_records().await.map_err(text)?;
            let update = unlocked.update(&update.id).await.map_err(text)?;
            match (update.state, update.problem) {
                (State::Accepted, None) => return Ok(()),
                (State::Supplement, None) if goal == Goal::Decided => return Ok(()),
                (State::Supplement, None) => {}
                other => return Err(text(other)),
            }
        }
    }

    /// Attaches documents to a change and confirms it, without a network.
    pub(super) async fn heap(
        &self,
        passcode: &str,
        (pieces, length): (usize, usize),
        before: impl FnOnce() + Send,
    ) -> Result<(), String> {
        let unlocked = self.app.unlock(bytes(passcode)).await.map_err(text)?;
        before();
        let update = write(&unlocked).await?;
        for piece in update.evidence.len()..pieces {
            unlocked.attach_evidence(&update.id, document(piece, length)).await.map_err(text)?;
        }
        confirm(&unlocked, &update.id, passcode).await
    }

    /// Sends what waits; says by how many KiB this process's memory grew at its highest.
    pub(super) async fn measure(&self, passcode: &str, before: impl FnOnce() + Send) -> Result<String, String> {
        let unlocked = self.app.unlock(bytes(passcode)).await.map_err(text)?;
        before();
        unlocked.sign_in(bytes(passcode)).await.map_err(text)?;
        // From here on the kernel's mark counts anew.
        fs::write("/proc/self/clear_refs", "5").map_err(text)?;
        let used = memory("VmRSS:")?;
        let report = unlocked.sync_records().await.map_err(text)?;
        let grew = memory("VmHWM:")?.saturating_sub(used);
        Ok(format!("grew {grew} KiB from {used}; sent {} waiting {}", report.sent, report.waiting))
    }
}

/// A line of the kernel's about this process, in KiB.
fn memory(line: &str) -> Result<u64, String> {
    let status = fs::read_to_string("/proc/self/status").map_err(text)?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)).and_then(|rest| rest.split_whitespace().next());
    value.and_then(|number| number.parse().ok()).ok_or_else(|| format!("no {line}"))
}

/// A document of at least 400 bytes that is like no other, and does nothing.
pub fn document(number: usize, length: usize) -> Vec<u8> {
    let end = "trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n";
    let mut document = format!("%PDF-1.4\n% {number}\n").into_bytes();
    let mut dice = Dice::new(u64::try_from(number).unwrap_or(0));
    while document.len() + 40 + end.len() < length {
        document.extend(format!("% {:014x}{:014x}\n", dice.number(), dice.number()).bytes());
    }
    document.resize(length.saturating_sub(end.len()), b'\n');
    document.extend(end.bytes());
    document
}

/// The change, with all that is to be typed.
async fn write(unlocked: &Unlocked) -> Result<UpdateView, String> {
    let begun = unlocked.updates().await.map_err(text)?.into_iter().find(|update| update.kind == CHANGED);
    let update = match begun {
        Some(update) => update,
        None => unlocked.begin_update(CHANGED, None).await.map_err(text)?,
    };
    if !is_written(&update) {
        return Ok(update);
    }
    let typed = TYPED.iter().map(|(path, typed)| ((*path).to_owned(), Some((*typed).to_owned()))).collect();
    unlocked.edit_update(&update.id, typed).await.map_err(text)
}

/// Attaches what the authority wants to see, and confirms; as far as the goal goes.
async fn prepare(unlocked: &Unlocked, update: &UpdateView, goal: Goal, passcode: &str) -> Result<(), String> {
    let is_asked = update.asked.is_some();
    if is_asked && goal < Goal::Supplied {
        return Ok(());
    }
    if goal >= Goal::Evidenced {
        for piece in update.evidence.len()..1 + usize::from(is_asked) {
            let document = document(piece, PIECE);
            unlocked.attach_evidence(&update.id, document).await.map_err(text)?;
        }
    }
    if goal >= Goal::Confirmed { confirm(unlocked, &update.id, passcode).await } else { Ok(()) }
}

async fn confirm(unlocked: &Unlocked, id: &str, passcode: &str) -> Result<(), String> {
    let step = match unlocked.pending_act().await.map_err(text)? {
        Some(step) => step,
        None => unlocked.order_act(ActOrder::SubmitUpdate { update: id.to_owned() }).await.map_err(text)?,
    };
    match unlocked.answer_with_passcode(&step.id, bytes(passcode)).await.map_err(text)? {
        ActProgress::Done(_) => Ok(()),
        ActProgress::Missing(step) => Err(text(step.missing)),
    }
}

const fn is_written(update: &UpdateView) -> bool {
    matches!(update.state, State::Draft | State::Validated | State::Evidenced | State::Supplement)
}
