//! Rows of a damaged store, read page by page without the tree that leads to them.
//!
//! Follows SQLite's file format (sqlite.org/fileformat2.html: 1.5 and 1.6 pages and cells, 2.1 records, 4 the journal). Every
//! length is checked against what is there; what does not add up is skipped, for each value tells by its seal whether it is one.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{ErrorKind, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use crate::{MAX_VALUE, VaultError};

/// Bytes of a page; stores never have others.
const PAGE: usize = 4096;
const PAGE_LENGTH: u64 = 4096;

const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// A row that has the shape of one of the tables.
pub(crate) enum Carved {
    Meta { name: String, value: Vec<u8> },
    Record { id: i64, key: Vec<u8>, mark: Vec<u8>, sealed: Vec<u8> },
    History { seq: i64, sealed: Vec<u8> },
    Chunk { id: i64, mark: Vec<u8>, sealed: Vec<u8> },
}

/// The pages of a store: those in its journal that were committed, and the others in the file itself.
pub(crate) struct Pages {
    file: File,
    journal: Option<(File, BTreeMap<u32, u64>)>,
    count: u32,
}

enum Value {
    Null,
    Text(Vec<u8>),
    Blob(Vec<u8>),
    Other,
}

impl Pages {
    pub(crate) fn open(path: &Path, journal: &Path) -> Result<Self, VaultError> {
        let file = open_file(path)?.ok_or(VaultError::StoreMissing)?;
        let length = file.metadata().map_err(|_| VaultError::Failed)?.len();
        let mut count = u32::try_from(length.div_ceil(PAGE_LENGTH)).unwrap_or(u32::MAX);
        let journal = match open_file(journal)? {
            Some(mut file) => {
                let frames = committed(&mut file)?;
                count = count.max(frames.last_key_value().map_or(0, |(last, _)| *last));
                Some((file, frames))
            }
            None => None,
        };
        Ok(Self { file, journal, count })
    }

    /// Calls `act` with each row on any page.
    pub(crate) fn each_row(&mut self, mut act: impl FnMut(Carved) -> Result<(), VaultError>) -> Result<(), VaultError> {
        for number in 1..=self.count {
            let page = self.load(number)?;
            for row in self.rows_of(number, &page)? {
                act(row)?;
            }
        }
        Ok(())
    }

    /// Calls `act` with the bytes of each page.
    pub(crate) fn each_page(&mut self, mut act: impl FnMut(&[u8])) -> Result<(), VaultError> {
        for number in 1..=self.count {
            act(&self.load(number)?);
        }
        Ok(())
    }

    /// A page, filled up with zeros if the file ends before.
    fn load(&mut self, number: u32) -> Result<Vec<u8>, VaultError> {
        let framed = self.journal.as_mut().and_then(|(file, frames)| Some((file, *frames.get(&number)?)));
        let at = u64::from(number).saturating_sub(1).saturating_mul(PAGE_LENGTH);
        let (file, at) = framed.unwrap_or((&mut self.file, at));
        let mut page = Vec::with_capacity(PAGE);
        file.seek(SeekFrom::Start(at)).map_err(|_| VaultError::Failed)?;
        file.take(PAGE_LENGTH).read_to_end(&mut page).map_err(|_| VaultError::Failed)?;
        page.resize(PAGE, 0);
        Ok(page)
    }

    fn rows_of(&mut self, number: u32, page: &[u8]) -> Result<Vec<Carved>, VaultError> {
        let header = page.get(if number == 1 { 100 } else { 0 }..).unwrap_or_default();
        // Each page is taken for a leaf of a table and for one of an index, which `meta` is: the byte that tells may be the damage.
        let cells = header.get(3..5).and_then(short).unwrap_or(0).min(PAGE / 4);
        let mut rows = Vec::new();
        for pointer in header.get(8..).unwrap_or_default().chunks_exact(2).take(cells) {
            let cell = short(pointer).and_then(|at| page.get(at..)).unwrap_or_default();
            rows.extend(self.row_of(cell, true)?);
            rows.extend(self.row_of(cell, false)?);
        }
        Ok(rows)
    }

    fn row_of(&mut self, cell: &[u8], is_table: bool) -> Result<Option<Carved>, VaultError> {
        let Some((length, rest)) = varint(cell) else { return Ok(None) };
        let (id, rest) = if is_table {
            let Some(found) = varint(rest) else { return Ok(None) };
            found
        } else {
            (0, rest)
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(payload) = self.payload(length, rest, is_table)? else { return Ok(None) };
        // Row numbers are signed and stored as they are.
        Ok(values(&payload).and_then(|values| shape(i64::from_be_bytes(id.to_be_bytes()), values)))
    }

    /// The content of a cell, with the pages that it runs over to.
    fn payload(&mut self, length: usize, local: &[u8], is_table: bool) -> Result<Option<Vec<u8>>, VaultError> {
        if length > MAX_VALUE + PAGE {
            return Ok(None);
        }
        let most = if is_table { PAGE - 35 } else { (PAGE - 12) * 64 / 255 - 23 };
        if length <= most {
            return Ok(local.get(..length).map(<[u8]>::to_vec));
        }
        let least = (PAGE - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (PAGE - 4);
        let here = if fitting <= most { fitting } else { least };
        let (Some(first), Some(mut next)) = (local.get(..here), local.get(here..).and_then(number)) else {
            return Ok(None);
        };
        let mut payload = Vec::with_capacity(length);
        payload.extend_from_slice(first);
        while payload.len() < length {
            if next == 0 || next > self.count {
                return Ok(None);
            }
            let page = self.load(next)?;
            let content = page.get(4..).unwrap_or_default();
            payload.extend_from_slice(content.get(..content.len().min(length - payload.len())).unwrap_or_default());
            next = number(&page).unwrap_or(0);
        }
        Ok(Some(payload))
    }
}

/// Where the journal has the last committed form of each page.
fn committed(file: &mut File) -> Result<BTreeMap<u32, u64>, VaultError> {
    let mut frames = BTreeMap::new();
    let mut header = [0; WAL_HEADER];
    if !fill(file, &mut header)? {
        return Ok(frames);
    }
    let is_big = match number(&header) {
        Some(0x377f_0682) => false,
        Some(0x377f_0683) => true,
        _ => return Ok(frames),
    };
    let (to_check, salts) = (header.get(..24).unwrap_or_default(), header.get(16..24).unwrap_or_default());
    let mut sum = checksum(is_big, (0, 0), to_check);
    if header.get(24..).and_then(pair) != Some(sum) {
        return Ok(frames);
    }
    let (mut pending, mut at) = (BTreeMap::new(), 0);
    let mut frame = [0; FRAME_HEADER + PAGE];
    at += u64::try_from(WAL_HEADER).unwrap_or_default();
    while fill(file, &mut frame)? {
        let (head, page) = frame.split_at(FRAME_HEADER);
        sum = checksum(is_big, sum, head.get(..8).unwrap_or_default());
        sum = checksum(is_big, sum, page);
        if head.get(8..16) != Some(salts) || head.get(16..).and_then(pair) != Some(sum) {
            break;
        }
        let (Some(number), Some(commits)) = (number(head), head.get(4..).and_then(number)) else { break };
        pending.insert(number, at + u64::try_from(FRAME_HEADER).unwrap_or_default());
        if commits != 0 {
            frames.append(&mut pending);
        }
        at += u64::try_from(FRAME_HEADER + PAGE).unwrap_or_default();
    }
    Ok(frames)
}

/// The journal's running sum.
fn checksum(is_big: bool, (mut first, mut second): (u32, u32), bytes: &[u8]) -> (u32, u32) {
    let word = |bytes: &[u8]| {
        let bytes = bytes.first_chunk().copied().unwrap_or_default();
        if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    for words in bytes.chunks_exact(8) {
        first = first.wrapping_add(word(words)).wrapping_add(second);
        second = second.wrapping_add(word(words.get(4..).unwrap_or_default())).wrapping_add(first);
    }
    (first, second)
}

/// The values of a record; `None` if its header does not add up.
fn values(payload: &[u8]) -> Option<Vec<Value>> {
    let (length, types) = varint(payload)?;
    let before = payload.len() - types.len();
    let mut types = types.get(..usize::try_from(length).ok()?.checked_sub(before)?)?;
    let mut content = payload.get(usize::try_from(length).ok()?..)?;
    let mut values = Vec::new();
    while !types.is_empty() && values.len() < 8 {
        let (kind, rest) = varint(types)?;
        types = rest;
        let size = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => (kind - 12) / 2,
        };
        let (value, rest) = content.split_at_checked(usize::try_from(size).ok()?)?;
        content = rest;
        values.push(match kind {
            0 => Value::Null,
            12.. if kind % 2 == 0 => Value::Blob(value.to_vec()),
            12.. => Value::Text(value.to_vec()),
            _ => Value::Other,
        });
    }
    Some(values)
}

/// Which table has rows of these values. The row number stands for the first column, which is then null.
fn shape(id: i64, values: Vec<Value>) -> Option<Carved> {
    let mut values = values.into_iter();
    match (values.next()?, values.next(), values.next(), values.next(), values.next()) {
        (Value::Text(name), Some(Value::Blob(value)), None, None, None) => {
            Some(Carved::Meta { name: String::from_utf8(name).ok()?, value })
        }
        (Value::Null, Some(Value::Blob(sealed)), None, None, None) => Some(Carved::History { seq: id, sealed }),
        (Value::Null, Some(Value::Blob(mark)), Some(Value::Blob(sealed)), None, None) => {
            Some(Carved::Chunk { id, mark, sealed })
        }
        (Value::Null, Some(Value::Blob(key)), Some(Value::Blob(mark)), Some(Value::Blob(sealed)), None) => {
            Some(Carved::Record { id, key, mark, sealed })
        }
        _ => None,
    }
}

/// SQLite's integer of one to nine bytes, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        if index == 8 {
            return Some((value << 8 | u64::from(*byte), bytes.get(9..)?));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

fn short(bytes: &[u8]) -> Option<usize> {
    bytes.first_chunk().map(|bytes| usize::from(u16::from_be_bytes(*bytes)))
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

fn pair(bytes: &[u8]) -> Option<(u32, u32)> {
    Some((number(bytes)?, number(bytes.get(4..)?)?))
}

fn open_file(path: &Path) -> Result<Option<File>, VaultError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(_) => Err(VaultError::Failed),
    }
}

/// Fills `bytes` from the file; false at its end.
fn fill(file: &mut File, bytes: &mut [u8]) -> Result<bool, VaultError> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(_) => Err(VaultError::Failed),
    }
}
