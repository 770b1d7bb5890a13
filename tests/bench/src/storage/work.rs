//! The work that is measured, the same for each store. This file and `sql.rs` are also part of the SQLCipher program, which
//! is linked against another SQLite.

use std::{path::Path, time::Instant};

use cpu_time::ThreadTime;
use tempfile::TempDir;

/// Bytes of a record's value.
const RECORD: usize = 1024;
/// Bytes of the large value.
pub(crate) const BLOB: usize = 1_000_000;
/// Records of a page, as the app shows them.
pub(crate) const PAGE: usize = 50;

/// A store under measurement.
pub(crate) trait Store: Sized {
    /// A new store. `full`: each write outlives a power cut as soon as it returns.
    fn create(path: &Path, full: bool) -> Result<Self, Failed>;
    /// A store that is there.
    fn open(path: &Path) -> Result<Self, Failed>;
    /// One record, by itself.
    fn put(&mut self, key: &str, value: &str) -> Result<(), Failed>;
    /// Records in one transaction.
    fn put_all(&mut self, records: &[(String, String)]) -> Result<(), Failed>;
    /// Length of the value under a key.
    fn find(&mut self, key: &str) -> Result<usize, Failed>;
    /// Lengths of so many values behind the first `skip`, page by page, added up.
    fn scan(&mut self, skip: usize, records: usize) -> Result<usize, Failed>;
    /// The large value, in place of what was there.
    fn put_blob(&mut self, bytes: &[u8]) -> Result<(), Failed>;
    /// Length of the large value, read whole.
    fn find_blob(&mut self) -> Result<usize, Failed>;
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// Records in one transaction.
    InsertBulk,
    /// Records, each in its own transaction, `synchronous=NORMAL`.
    InsertEachNormal,
    /// The same, `synchronous=FULL`.
    InsertEachFull,
    /// Records by key.
    Read,
    /// Records in order.
    Scan,
    /// The large value.
    BlobWrite,
    /// The large value.
    BlobRead,
    /// Opening, and the first page.
    OpenPage,
}

impl Job {
    pub(crate) const ALL: [(Self, &'static str); 8] = [
        (Self::InsertBulk, "insert-bulk"),
        (Self::InsertEachNormal, "insert-each-normal"),
        (Self::InsertEachFull, "insert-each-full"),
        (Self::Read, "read"),
        (Self::Scan, "scan"),
        (Self::BlobWrite, "blob-write"),
        (Self::BlobRead, "blob-read"),
        (Self::OpenPage, "open-page"),
    ];
}

/// How long a job took, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    /// Of this thread, the kernel's part included.
    pub(crate) cpu: f64,
    /// On the clock.
    pub(crate) wall: f64,
}

/// Something did not do what it is measured at; the figure would be worthless.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) String);

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// A folder with what the jobs need.
pub(crate) struct Work<S> {
    place: TempDir,
    records: Vec<(String, String)>,
    each: usize,
    /// Where the next list begins.
    skip: usize,
    filled: S,
    /// The large value: other bytes each time, for SQLite writes no page that stays as it is.
    blob: Vec<u8>,
}

impl<S: Store> Work<S> {
    /// `records`: how many are inserted in one transaction; a tenth of them each alone, read and listed.
    pub(crate) fn new(records: usize) -> Result<Self, Failed> {
        let place = tempfile::tempdir()?;
        let each = records / 10;
        let records: Vec<_> = (0..records).map(|number| (format!("record {number}"), text(number))).collect();
        let mut filled = S::create(&place.path().join("filled"), false)?;
        filled.put_all(&records)?;
        let mut small = S::create(&place.path().join("small"), false)?;
        small.put_all(records.get(..each).unwrap_or(&records))?;
        let blob = vec![0; BLOB];
        S::create(&place.path().join("blob"), true)?.put_blob(&blob)?;
        Ok(Self { place, records, each, skip: 0, filled, blob })
    }

    /// Does a job once. Times of records are those of one record, except for lists.
    pub(crate) fn run(&mut self, job: Job) -> Result<Took, Failed> {
        let some = self.records.get(..self.each).unwrap_or(&self.records);
        match job {
            Job::InsertBulk => {
                let fresh = self.place.path().join("fresh");
                let mut store = S::create(&fresh, false)?;
                let took = timed(|| store.put_all(&self.records))?;
                drop(store);
                clear(&fresh)?;
                Ok(took)
            }
            Job::InsertEachNormal | Job::InsertEachFull => {
                let fresh = self.place.path().join("fresh");
                let mut store = S::create(&fresh, job == Job::InsertEachFull)?;
                let took = timed(|| some.iter().try_for_each(|(key, value)| store.put(key, value)))?;
                drop(store);
                clear(&fresh)?;
                Ok(took)
            }
            Job::Read => {
                // A step that shares no factor with the number of records: each is read from somewhere else.
                let steps = (0..self.each).map(|number| number * 7919 % self.records.len());
                let keys: Vec<&str> =
                    steps.filter_map(|at| self.records.get(at)).map(|(key, _)| key.as_str()).collect();
                let filled = &mut self.filled;
                timed(|| keys.into_iter().try_for_each(|key| expect(filled.find(key)?, RECORD)))
            }
            Job::Scan => {
                // Elsewhere than the last one: read from the file, as after opening, and not from SQLite's memory.
                self.skip = (self.skip + 3 * self.each) % self.records.len();
                timed(|| expect(self.filled.scan(self.skip, self.each)?, RECORD * self.each))
            }
            Job::BlobWrite => {
                self.blob.iter_mut().for_each(|byte| *byte = byte.wrapping_add(1));
                let mut store = S::open(&self.place.path().join("blob"))?;
                timed(|| store.put_blob(&self.blob))
            }
            Job::BlobRead => {
                // Opened anew: from the file, as a list is.
                let mut store = S::open(&self.place.path().join("blob"))?;
                timed(|| expect(store.find_blob()?, BLOB))
            }
            Job::OpenPage => {
                let small = self.place.path().join("small");
                timed(|| expect(S::open(&small)?.scan(0, PAGE)?, RECORD * PAGE))
            }
        }
    }
}

/// Letters and digits, other ones for each record.
fn text(number: usize) -> String {
    let mut state = u64::try_from(number).unwrap_or(0).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut text = String::with_capacity(RECORD);
    while text.len() < RECORD {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        text.push_str(&format!("{state:016x}"));
    }
    text
}

fn expect(found: usize, expected: usize) -> Result<(), Failed> {
    if found == expected { Ok(()) } else { Err(Failed(format!("{found} bytes instead of {expected}"))) }
}

fn clear(path: &Path) -> Result<(), Failed> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&*name.to_string_lossy()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measuring is what this program is for")]
fn timed(work: impl FnOnce() -> Result<(), Failed>) -> Result<Took, Failed> {
    let (wall, cpu) = (Instant::now(), ThreadTime::now());
    work()?;
    Ok(Took { cpu: cpu.elapsed().as_secs_f64() * 1e6, wall: wall.elapsed().as_secs_f64() * 1e6 })
}
