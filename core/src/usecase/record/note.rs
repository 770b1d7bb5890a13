//! What the history says of changes. Of party membership and health it says that there was one, and not of what.

use eid_model::{Code, GuardedAct, UnixTime};
use eid_record::{Compartment, RecordKind, update::Says};
use eid_vault::{Act, HistoryEntry};

use crate::record::Account;

/// The citizen confirmed a change.
pub(super) fn confirmed(kind: RecordKind, account: &Account, now: UnixTime) -> HistoryEntry {
    entry((Act::Requested, None), kind, account, now)
}

/// What an authority decided, if it did.
pub(super) fn note(kind: RecordKind, account: &Account, says: &Says, now: UnixTime) -> Option<HistoryEntry> {
    let result = match says {
        Says::Checking { .. } => return None,
        Says::Accepted => None,
        Says::Supplement(asked) => Code::from_number(asked.reason.code),
        Says::Refused { reason, .. } => Some(Code::from_number(reason.code).unwrap_or(Code::PLATFORM_REFUSED)),
    };
    Some(entry((Act::Answered, result), kind, account, now))
}

fn entry((act, result): (Act, Option<Code>), kind: RecordKind, account: &Account, now: UnixTime) -> HistoryEntry {
    let fields = match kind.definition().compartment() {
        Compartment::General => vec![kind.name().to_owned()],
        Compartment::Party | Compartment::Health => Vec::new(),
    };
    let purpose = GuardedAct::UpdateRecord.name().to_owned();
    HistoryEntry { at: now.seconds(), act, counterpart: account.issuer.clone(), fields, purpose, result }
}
