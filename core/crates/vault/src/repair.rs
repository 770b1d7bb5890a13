//! After damage: what can be fetched again goes, what the holder made is kept as far as it opens, and the history goes on.

use eid_model::Code;

use crate::{
    Act, Collection, Finding, HistoryEntry, Vault, VaultError,
    compartments::COMPARTMENTS,
    history::{Head, MAX_ENTRY, column},
    json::encode,
};

/// What [`Vault::repair`] or [`Vault::salvage`] did to one collection, or to the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repaired {
    /// Which collection; `None` for the history.
    pub collection: Option<Collection>,
    /// Records, or entries of the history, that are there now.
    pub kept: u64,
    /// Those that were there and are not any more, and those that were known to be missing.
    pub lost: u64,
    /// What was found.
    pub code: Code,
}

impl Vault {
    /// Brings the store to a state without findings, in one transaction; says what happened to each collection that was
    /// touched. `now` is the time for the history: seconds since 1970, UTC.
    ///
    /// Of collections that can be fetched again all records go if rows are missing or were exchanged, for nobody can tell the
    /// old from the new; a record that merely does not open goes alone. Of the others what opens is kept, and the collection is
    /// marked ([`Self::is_marked`]) until somebody told the holder. A history that does not hold is continued by an entry that
    /// says so. The manifest is made anew.
    ///
    /// # Errors
    /// As for [`Self::put`]; the findings then stay.
    pub fn repair(&mut self, now: i64) -> Result<Vec<Repaired>, VaultError> {
        let findings = self.check_all()?;
        let write = self.begin(true)?;
        let mut report = Vec::new();
        for collection in Collection::ALL {
            if let Some(code) = worst(&findings, collection) {
                report.push(self.repair_collection(collection, code, &findings)?);
            }
        }
        let mut made = Vec::new();
        for (slot, _) in COMPARTMENTS {
            if findings.contains(&Finding::CompartmentLost { slot }) {
                made.push((slot, self.make_compartment(slot)?));
            }
        }
        self.drop_strays()?;
        let broken =
            findings.iter().find(|found| matches!(found, Finding::HistoryBroken { .. } | Finding::ManifestLost));
        if let Some(finding) = broken {
            report.push(self.count_history(finding.code())?);
            self.restart_history(now, finding.code())?;
        }
        self.edit(|manifest| {
            manifest.broken_at = None;
            manifest.lost = false;
        });
        write.commit()?;
        made.into_iter().for_each(|(slot, key)| self.put_compartment(slot, key));
        self.findings.clear();
        Ok(report)
    }

    /// What is left of a history that does not hold.
    fn count_history(&self, code: Code) -> Result<Repaired, VaultError> {
        let (floor, head) = {
            let state = self.state.borrow();
            (state.manifest.floor, state.manifest.head.seq)
        };
        let count = "SELECT count(*) FROM history WHERE seq > ?1";
        let kept = self.connection.query_row(count, [column(floor)?], |row| row.get::<_, i64>(0))?;
        let kept = u64::try_from(kept).unwrap_or_default();
        Ok(Repaired { collection: None, kept, lost: head.saturating_sub(floor).saturating_sub(kept), code })
    }

    /// Begins the chain anew after the last entry, with one that says why; inside a transaction.
    pub(crate) fn restart_history(&self, now: i64, code: Code) -> Result<(), VaultError> {
        let last: Option<i64> = self.connection.query_row("SELECT max(seq) FROM history", [], |row| row.get(0))?;
        let head = self.state.borrow().manifest.head.seq;
        let last = last.and_then(|last| u64::try_from(last).ok()).unwrap_or(0).max(head);
        let base = Head { seq: last, ..Head::EMPTY };
        let entry = HistoryEntry {
            at: now,
            act: Act::Repaired,
            counterpart: String::new(),
            fields: Vec::new(),
            purpose: String::new(),
            result: Some(code),
        };
        let head = self.append_after(&base, &encode(&base.link, &entry, MAX_ENTRY)?)?;
        self.state.borrow_mut().verified = base;
        self.edit(|manifest| (manifest.base, manifest.head) = (base, head));
        Ok(())
    }

    fn repair_collection(
        &self,
        collection: Collection,
        code: Code,
        findings: &[Finding],
    ) -> Result<Repaired, VaultError> {
        let all = code != Code::RECORD_DAMAGED && collection.is_refetchable();
        let before = self.state.borrow().manifest.table(collection).sum.rows;
        if all {
            self.drop_rows(collection)?;
        } else {
            let damaged = findings.iter().filter_map(|finding| match finding {
                Finding::RecordDamaged { collection: of, position } if *of == collection => Some(position),
                Finding::AttachmentDamaged { position } if collection == Collection::Attachment => Some(position),
                _ => None,
            });
            damaged.copied().try_for_each(|position| self.drop_position(position))?;
        }
        self.edit(|manifest| {
            manifest.edit(collection, |table| {
                (table.missing, table.changed) = (false, false);
                table.marked |= !collection.is_refetchable();
            });
        });
        let kept = self.state.borrow().manifest.table(collection).sum.rows;
        Ok(Repaired { collection: Some(collection), kept, lost: before.saturating_sub(kept), code })
    }

    /// Deletes attachments that lack chunks, inside a transaction.
    pub(crate) fn drop_damaged_attachments(&self) -> Result<Option<Repaired>, VaultError> {
        let findings = self.check_attachments()?;
        let code = findings.first().map(Finding::code);
        code.map(|code| self.repair_collection(Collection::Attachment, code, &findings)).transpose()
    }

    fn drop_position(&self, position: u64) -> Result<(), VaultError> {
        let id = i64::try_from(position).map_err(|_| VaultError::FileDamaged)?;
        let mut statement = self.connection.prepare_cached("SELECT key, mark FROM record WHERE id = ?1")?;
        let (key, mark): (Vec<u8>, Vec<u8>) = statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.drop_row(id, &key, &mark)
    }
}

/// The gravest thing that was found about a collection.
fn worst(findings: &[Finding], collection: Collection) -> Option<Code> {
    let about = |finding: &&Finding| match finding {
        Finding::RowsMissing { collection: of }
        | Finding::RowsChanged { collection: of }
        | Finding::RecordDamaged { collection: of, .. } => *of == collection,
        Finding::CompartmentLost { slot } => *slot == collection.slot(),
        Finding::AttachmentDamaged { .. } => collection == Collection::Attachment,
        Finding::ManifestLost => true,
        Finding::HistoryBroken { .. } => false,
    };
    let grave = |finding: &&Finding| match finding {
        Finding::RecordDamaged { .. } | Finding::AttachmentDamaged { .. } => 0,
        Finding::ManifestLost => 1,
        _ => 2,
    };
    findings.iter().filter(about).max_by_key(grave).map(Finding::code)
}
