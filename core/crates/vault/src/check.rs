//! Comparing the file with its manifest: at opening, and record by record when asked.

use std::hash::{DefaultHasher, Hasher as _};

use eid_crypto::{KeySlot, random};
use eid_model::Code;

use crate::{
    Collection, Vault, VaultError,
    history::Head,
    manifest::{Manifest, Sum},
    schema::{check_structure, check_tables},
    store::RENEW_AT,
};

/// Something in the store that is not as it was written. It stays with the store until [`Vault::repair`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Rows of the collection are gone.
    RowsMissing {
        /// Whose rows.
        collection: Collection,
    },
    /// The collection has other rows than were written: older values, or rows of another copy.
    RowsChanged {
        /// Whose rows.
        collection: Collection,
    },
    /// A record does not open.
    RecordDamaged {
        /// Whose record.
        collection: Collection,
        /// Its position, as in [`crate::Page::damaged`].
        position: u64,
    },
    /// An attachment lacks content, or has other content than was written.
    AttachmentDamaged {
        /// The position of its record.
        position: u64,
    },
    /// The history's chain does not hold at this entry.
    HistoryBroken {
        /// Number of the entry.
        seq: u64,
    },
    /// The manifest is gone or does not open: nobody can tell whether rows are missing or older than they should be.
    ManifestLost,
    /// The key of a compartment is gone or does not open, and with it all records there.
    CompartmentLost {
        /// The compartment.
        slot: KeySlot,
    },
}

impl Finding {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::RowsMissing { .. } => Code::RECORDS_MISSING,
            Self::RowsChanged { .. } => Code::RECORDS_EXCHANGED,
            Self::RecordDamaged { .. } => Code::RECORD_DAMAGED,
            Self::AttachmentDamaged { .. } => Code::ATTACHMENT_DAMAGED,
            Self::HistoryBroken { .. } => Code::HISTORY_BROKEN,
            Self::ManifestLost => Code::MANIFEST_LOST,
            Self::CompartmentLost { .. } => Code::COMPARTMENT_LOST,
        }
    }
}

impl Vault {
    /// What opening found that is not as it was written, and what an earlier opening found that was not repaired since.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Opens every record, walks the history and checks the file's structure; gives [`Self::findings`] and all that does not
    /// open. Takes as long as reading everything.
    ///
    /// # Errors
    /// [`VaultError::FileDamaged`] if SQLite cannot read the structure, [`VaultError::Failed`].
    pub fn check_all(&self) -> Result<Vec<Finding>, VaultError> {
        let answer: String = self.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if answer != "ok" {
            return Err(VaultError::FileDamaged);
        }
        let mut findings = self.findings.clone();
        self.each_record(|collection, id, opened| {
            if !opened {
                let position = u64::try_from(id).unwrap_or_default();
                findings.push(Finding::RecordDamaged { collection, position });
            }
        })?;
        findings.extend(self.check_attachments()?);
        match self.verify_history() {
            Err(VaultError::HistoryBroken { seq }) => {
                let finding = Finding::HistoryBroken { seq };
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
            other => drop(other?),
        }
        Ok(findings)
    }

    /// True if a repair could not keep all of the collection, and nobody has yet said so to the holder.
    pub fn is_marked(&self, collection: Collection) -> bool {
        self.state.borrow().manifest.table(collection).marked
    }

    /// Takes the mark away.
    ///
    /// # Errors
    /// As for [`Self::put`].
    pub fn clear_mark(&self, collection: Collection) -> Result<(), VaultError> {
        let write = self.write(true)?;
        self.edit(|manifest| manifest.edit(collection, |table| table.marked = false));
        write.map_or(Ok(()), crate::write::Write::commit)
    }

    /// Compares the file with its manifest. What does not fit becomes a finding; the manifest in memory then speaks of the rows
    /// that are there, so that writing goes on, and remembers the finding.
    pub(crate) fn take_stock(&mut self) -> Result<(), VaultError> {
        let reading = self.connection.unchecked_transaction()?;
        check_tables(&self.connection)?;
        check_structure(&self.connection)?;
        let lost = self.load_compartments()?;
        let sums = self.sum_rows()?;
        let manifest = match self.load_manifest()? {
            Some(mut manifest) => {
                compare(&mut manifest, &sums);
                self.compare_history(manifest)?
            }
            None => self.guess_manifest(&sums)?,
        };
        self.note_data_version()?;
        reading.finish()?;
        self.findings = list_findings(&manifest);
        self.findings.extend(lost.into_iter().map(|slot| Finding::CompartmentLost { slot }));
        let mut state = self.state.borrow_mut();
        state.verified = manifest.base;
        state.manifest = manifest;
        Ok(())
    }

    /// Calls `act` with collection and row number of each record, and whether it opens.
    fn each_record(&self, mut act: impl FnMut(Collection, i64, bool)) -> Result<(), VaultError> {
        let mut statement = self.connection.prepare_cached("SELECT id, key, mark, sealed FROM record ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            if let Some(collection) = Collection::of_id(id) {
                act(collection, id, self.open_record(collection, row).is_some());
            }
        }
        Ok(())
    }

    /// Number and sum of the rows of each collection, as they are. The index of keys must have the same rows, in order.
    pub(crate) fn sum_rows(&self) -> Result<[Sum; Collection::ALL.len()], VaultError> {
        let mut sums = [Sum::default(); Collection::ALL.len()];
        let mut balance = Balance { salt: random(&self.rng)?, sum: 0 };
        let mut statement = self.connection.prepare_cached("SELECT id, key, mark FROM record ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, key) = (row.get(0)?, row.get_ref(1)?.as_blob().unwrap_or_default());
            balance.sum = balance.sum.wrapping_add(balance.term(id, key));
            if let Some(collection) = Collection::of_id(id)
                && let Some(sum) = sums.get_mut(collection.index())
            {
                sum.add(&self.term(collection, key, row.get_ref(2)?.as_blob().unwrap_or_default())?);
            }
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT key, id FROM record INDEXED BY sqlite_autoindex_record_1 ORDER BY key")?;
        let mut rows = statement.query([])?;
        let mut last = Vec::new();
        while let Some(row) = rows.next()? {
            let key = row.get_ref(0)?.as_blob().unwrap_or_default();
            if key <= last.as_slice() {
                return Err(VaultError::FileDamaged);
            }
            balance.sum = balance.sum.wrapping_sub(balance.term(row.get(1)?, key));
            last.clear();
            last.extend_from_slice(key);
        }
        if balance.sum == 0 { Ok(sums) } else { Err(VaultError::FileDamaged) }
    }

    /// Looks at both ends of the history; only if they do not fit, at all of it.
    fn compare_history(&self, mut manifest: Manifest) -> Result<Manifest, VaultError> {
        let (first, last) = self.numbers_of_history()?;
        let ends_fit = if manifest.head.seq == manifest.base.seq {
            last <= manifest.base.seq
        } else {
            last == manifest.head.seq && self.last_link()? == Some(manifest.head)
        };
        if manifest.broken_at.is_some() {
        } else if first.is_some_and(|first| first <= manifest.floor) {
            manifest.broken_at = first;
        } else if !ends_fit {
            let mut state = self.state.borrow_mut();
            state.manifest = manifest.clone();
            state.verified = manifest.base;
            drop(state);
            manifest.broken_at = match self.verify_history() {
                Err(VaultError::HistoryBroken { seq }) => Some(seq),
                other => other.map(|_| None)?,
            };
        }
        // New entries come after whatever is there.
        manifest.head.seq = manifest.head.seq.max(last);
        Ok(manifest)
    }

    /// A manifest of what is there, for a file that lost its own.
    fn guess_manifest(&self, sums: &[Sum; Collection::ALL.len()]) -> Result<Manifest, VaultError> {
        let (first, last) = self.numbers_of_history()?;
        // How much was sealed is lost, too: a repaired store is sealed anew.
        let mut manifest = Manifest { lost: true, seals: RENEW_AT, ..Manifest::EMPTY };
        for collection in Collection::ALL {
            let sum = sums.get(collection.index()).copied().unwrap_or_default();
            manifest.edit(collection, |table| table.sum = sum);
        }
        manifest.base.seq = first.unwrap_or(1).saturating_sub(1);
        manifest.head = self.last_link()?.unwrap_or(Head { seq: last, ..Head::EMPTY });
        Ok(manifest)
    }

    /// The first number in the history, 0 for all that cannot be, and the last.
    fn numbers_of_history(&self) -> Result<(Option<u64>, u64), VaultError> {
        let end = |query| self.connection.query_row(query, [], |row| row.get::<_, Option<i64>>(0));
        let number = |seq: i64| u64::try_from(seq).unwrap_or(0);
        let first = end("SELECT min(seq) FROM history")?.map(number);
        Ok((first, end("SELECT max(seq) FROM history")?.map_or(0, number)))
    }
}

/// Sum over `(row number, key)` of the table, less the same of its index. Salted, so that nobody can prepare a file in which
/// two differences cancel.
struct Balance {
    salt: [u8; 16],
    sum: u64,
}

impl Balance {
    fn term(&self, id: i64, key: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.salt);
        hasher.write_i64(id);
        hasher.write(key);
        hasher.finish()
    }
}

fn compare(manifest: &mut Manifest, sums: &[Sum; Collection::ALL.len()]) {
    for collection in Collection::ALL {
        let found = sums.get(collection.index()).copied().unwrap_or_default();
        manifest.edit(collection, |table| {
            table.missing |= found.rows < table.sum.rows;
            table.changed |= found.rows >= table.sum.rows && found != table.sum;
            table.sum = found;
        });
    }
}

fn list_findings(manifest: &Manifest) -> Vec<Finding> {
    let lost = manifest.lost.then_some(Finding::ManifestLost);
    let rows = Collection::ALL.into_iter().flat_map(|collection| {
        let table = manifest.table(collection);
        let missing = table.missing.then_some(Finding::RowsMissing { collection });
        missing.into_iter().chain(table.changed.then_some(Finding::RowsChanged { collection }))
    });
    let history = manifest.broken_at.map(|seq| Finding::HistoryBroken { seq });
    lost.into_iter().chain(rows).chain(history).collect()
}
