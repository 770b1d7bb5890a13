//! The whole store is an older copy of itself: found out by a generation that was kept elsewhere.

use eid_model::Code;

use crate::{Act, Collection, HistoryEntry, Repaired, Vault, VaultError};

impl Vault {
    /// Goes on from an older copy, after somebody outside knew of a later generation (`known`): the key hardware's record, or
    /// the platform.
    ///
    /// What can be fetched again goes, for it may have been used or withdrawn since. What the holder made stays and is marked
    /// ([`Self::is_marked`]). The history says so, and the generation goes beyond `known`, so that the same copy is not found
    /// twice. Nothing is done, and nothing reported, if the store is not older. Findings are repaired before. `now`: seconds since 1970, UTC.
    ///
    /// # Errors
    /// As for [`Self::put`]; the store is then as it was.
    pub fn go_on_from_copy(&mut self, known: u64, now: i64) -> Result<Vec<Repaired>, VaultError> {
        if self.generation() >= known {
            return Ok(Vec::new());
        }
        let code = Code::STORE_ROLLED_BACK;
        let write = self.begin(true)?;
        let rows = |vault: &Self, collection| vault.state.borrow().manifest.table(collection).sum.rows;
        let mut report = Vec::new();
        for collection in Collection::ALL {
            let before = rows(self, collection);
            if before == 0 {
                continue;
            }
            if collection.is_refetchable() {
                self.drop_rows(collection)?;
            } else {
                self.edit(|manifest| manifest.edit(collection, |table| table.marked = true));
            }
            let kept = rows(self, collection);
            report.push(Repaired { collection: Some(collection), kept, lost: before.saturating_sub(kept), code });
        }
        self.append_history(&HistoryEntry {
            at: now,
            act: Act::Repaired,
            counterpart: String::new(),
            fields: Vec::new(),
            purpose: String::new(),
            result: Some(code),
        })?;
        self.edit(|manifest| manifest.generation = known);
        write.commit()?;
        Ok(report)
    }
}
