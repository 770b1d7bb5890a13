//! The manifest: what the store says about itself, sealed. It is written in the same transaction as the rows it speaks of.
//!
//! For each collection it keeps the number of rows and a sum over them: the XOR of one keyed hash for each row, over the
//! collection's number, the row's key and its mark (nonce and tag of the sealed value). XOR is enough here because rows are a
//! set – a row key is there once, so no two terms are equal and none cancels another –, the terms cannot be computed without
//! the key, and the sum itself is sealed: who has the file and not the key sees neither terms nor sum, and would have to find
//! rows whose unknown terms cancel.
//!
//! ```text
//! generation (8) ‖ sealings (8) ‖ history floor (8) ‖ base: number (8), link (32) ‖ head: number (8), link (32)
//!   ‖ history broken at (8; all ones: nowhere) ‖ lost (1) ‖ for each collection: rows (8) ‖ sum (32) ‖ flags (1)
//! ```

use crate::{Collection, VaultError, history::Head};

const COLLECTIONS: usize = Collection::ALL.len();
/// Version 2 had so many.
const COLLECTIONS_OF_2: usize = 13;
const NOWHERE: u64 = u64::MAX;
const MISSING: u8 = 1;
const CHANGED: u8 = 2;
const MARKED: u8 = 4;

/// The manifest, open.
#[derive(Clone)]
pub(crate) struct Manifest {
    /// One more with each transaction that wrote.
    pub(crate) generation: u64,
    /// How many values were sealed under the keys of this `store_id`.
    pub(crate) seals: u64,
    /// The last entry of the history that its holder erased.
    pub(crate) floor: u64,
    /// The entry of the history after which the chain begins.
    pub(crate) base: Head,
    /// The end of the chain.
    pub(crate) head: Head,
    /// Where the history was found broken and not yet repaired.
    pub(crate) broken_at: Option<u64>,
    /// True from the loss of a manifest to the repair.
    pub(crate) lost: bool,
    pub(crate) tables: [Table; COLLECTIONS],
}

/// What the manifest says of one collection.
#[derive(Clone, Copy, Default)]
pub(crate) struct Table {
    pub(crate) sum: Sum,
    /// Rows were found missing and that was not yet repaired.
    pub(crate) missing: bool,
    /// Other rows were found than were written, and that was not yet repaired.
    pub(crate) changed: bool,
    /// A repair kept what it could; somebody has still to be told.
    pub(crate) marked: bool,
}

/// Number of rows and XOR of their terms.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) rows: u64,
    hash: [u8; 32],
}

impl Manifest {
    /// Of a store without rows.
    pub(crate) const EMPTY: Self = Self {
        generation: 0,
        seals: 0,
        floor: 0,
        base: Head::EMPTY,
        head: Head::EMPTY,
        broken_at: None,
        lost: false,
        tables: [Table { sum: Sum { rows: 0, hash: [0; 32] }, missing: false, changed: false, marked: false };
            COLLECTIONS],
    };

    pub(crate) fn table(&self, collection: Collection) -> Table {
        self.tables.get(collection.index()).copied().unwrap_or_default()
    }

    pub(crate) fn edit(&mut self, collection: Collection, edit: impl FnOnce(&mut Table)) {
        if let Some(table) = self.tables.get_mut(collection.index()) {
            edit(table);
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(&self.generation.to_be_bytes());
        out.extend_from_slice(&self.seals.to_be_bytes());
        out.extend_from_slice(&self.floor.to_be_bytes());
        for head in [self.base, self.head] {
            out.extend_from_slice(&head.seq.to_be_bytes());
            out.extend_from_slice(&head.link);
        }
        out.extend_from_slice(&self.broken_at.unwrap_or(NOWHERE).to_be_bytes());
        out.push(u8::from(self.lost));
        for table in &self.tables {
            out.extend_from_slice(&table.sum.rows.to_be_bytes());
            out.extend_from_slice(&table.sum.hash);
            let flag = |set, bit| if set { bit } else { 0 };
            out.push(flag(table.missing, MISSING) | flag(table.changed, CHANGED) | flag(table.marked, MARKED));
        }
        out
    }

    /// Reads a manifest of this version, or of version 2, which speaks of fewer collections: the others have no rows.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        let mut reader = Reader(bytes);
        let mut manifest = Self::EMPTY;
        manifest.generation = reader.number()?;
        manifest.seals = reader.number()?;
        manifest.floor = reader.number()?;
        manifest.base = Head { seq: reader.number()?, link: reader.take()? };
        manifest.head = Head { seq: reader.number()?, link: reader.take()? };
        manifest.broken_at = Some(reader.number()?).filter(|at| *at != NOWHERE);
        manifest.lost = reader.take::<1>()? != [0];
        for (index, table) in manifest.tables.iter_mut().enumerate() {
            if index == COLLECTIONS_OF_2 && reader.0.is_empty() {
                break;
            }
            table.sum = Sum { rows: reader.number()?, hash: reader.take()? };
            let [flags] = reader.take()?;
            table.missing = flags & MISSING != 0;
            table.changed = flags & CHANGED != 0;
            table.marked = flags & MARKED != 0;
        }
        if reader.0.is_empty() { Ok(manifest) } else { Err(VaultError::FileDamaged) }
    }
}

impl Sum {
    pub(crate) fn add(&mut self, term: &[u8; 32]) {
        self.rows = self.rows.saturating_add(1);
        self.mix(term);
    }

    pub(crate) fn remove(&mut self, term: &[u8; 32]) {
        self.rows = self.rows.saturating_sub(1);
        self.mix(term);
    }

    fn mix(&mut self, term: &[u8; 32]) {
        self.hash.iter_mut().zip(term).for_each(|(byte, other)| *byte ^= other);
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], VaultError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(VaultError::FileDamaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<u64, VaultError> {
        self.take().map(u64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_comes_back_and_other_lengths_are_refused() {
        let mut manifest = Manifest { generation: 7, seals: 9, broken_at: Some(3), lost: true, ..Manifest::EMPTY };
        manifest.head = Head { seq: 5, link: [4; 32] };
        manifest.edit(Collection::Draft, |table| {
            table.sum.add(&[1; 32]);
            table.sum.add(&[2; 32]);
            table.marked = true;
        });
        let bytes = manifest.encode();
        let again = Manifest::parse(&bytes).unwrap();
        assert_eq!(again.encode(), bytes);
        assert_eq!(again.table(Collection::Draft).sum.rows, 2);
        assert!(again.table(Collection::Draft).marked && !again.table(Collection::Draft).changed);
        let of_2 = bytes.len() - (COLLECTIONS - COLLECTIONS_OF_2) * 41;
        for length in 0..bytes.len() {
            assert_eq!(Manifest::parse(&bytes[..length]).is_ok(), length == of_2, "{length}");
        }
        assert_eq!(Manifest::parse(&bytes[..of_2]).unwrap().encode(), bytes);
        assert!(Manifest::parse(&[bytes, vec![0]].concat()).is_err());
    }

    #[test]
    fn sum_is_free_of_order_and_undone_by_removing() {
        let (mut one, mut other) = (Sum::default(), Sum::default());
        one.add(&[1; 32]);
        one.add(&[2; 32]);
        other.add(&[2; 32]);
        other.add(&[3; 32]);
        other.add(&[1; 32]);
        assert!(one != other);
        other.remove(&[3; 32]);
        assert!(one == other);
    }
}
