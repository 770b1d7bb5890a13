//! Attachments (tệp đính kèm): up to 10 MB, in chunks that are each sealed under the attachment's own key.
//!
//! Key, length and number of chunks are in the attachment's sealed record. A chunk is sealed to its attachment, its number, and
//! whether it is the last (as STREAM does: Hoang, Reyhanitabar, Rogaway, Vizár 2015), so that chunks that are cut off, moved or
//! exchanged do not open. A chunk is written once and never changed.

use std::collections::BTreeSet;

use eid_crypto::{
    Sealer, SecretBytes, SecretKey, Wiping,
    hash::Sha256,
    random,
    seal::{Context, Mark},
};
use rusqlite::OptionalExtension as _;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Collection, Page, Vault, VaultError, check::Finding, write::Write};

/// The most that one chunk of an attachment holds, in bytes.
pub const CHUNK: usize = 64 * 1024;

/// The most that one attachment holds, in bytes.
pub const MAX_ATTACHMENT: u64 = 10 * 1024 * 1024;

/// Chunks are numbered over this many bits, below the attachment's serial number.
const CHUNK_BITS: u32 = 16;

/// What is known of an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its type, as the one who stored it said.
    pub media_type: String,
    /// Bytes stored so far.
    pub length: u64,
    /// Chunks stored so far.
    pub chunks: u32,
    /// SHA-256 of its content; `None` while it is not finished.
    pub digest: Option<[u8; 32]>,
}

/// The sealed record of an attachment.
#[derive(Serialize, Deserialize)]
struct Stored {
    serial: i64,
    key: ChunkKey,
    media_type: String,
    length: u64,
    chunks: u32,
    digest: Option<[u8; 32]>,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct ChunkKey([u8; 32]);

impl Vault {
    /// Begins an attachment without content, in place of what had this name.
    ///
    /// # Errors
    /// As for [`Self::put`].
    pub fn begin_attachment(&self, name: &str, media_type: &str) -> Result<(), VaultError> {
        let write = self.write(true)?;
        self.drop_attachment(name)?;
        // 46 bits: no two attachments meet, and row numbers stay positive.
        let serial = i64::from_be_bytes(random(&self.rng)?) & ((1 << 46) - 1);
        let key = ChunkKey(random(&self.rng)?);
        let stored = Stored { serial, key, media_type: media_type.to_owned(), length: 0, chunks: 0, digest: None };
        self.put(Collection::Attachment, name, &stored)?;
        write.map_or(Ok(()), Write::commit)
    }

    /// Adds a chunk of at most [`CHUNK`] bytes; gives the length so far, at which one goes on after a kill. All that is kept in
    /// memory is this chunk.
    ///
    /// # Errors
    /// [`VaultError::RecordMissing`] if no such attachment was begun, or it is finished; [`VaultError::TooLarge`] beyond
    /// [`CHUNK`] or [`MAX_ATTACHMENT`]; otherwise as for [`Self::put`].
    pub fn append_attachment(&self, name: &str, chunk: &[u8]) -> Result<u64, VaultError> {
        let write = self.write(true)?;
        let mut stored = self.find_begun(name)?;
        self.store_chunk(&mut stored, chunk, false)?;
        self.put(Collection::Attachment, name, &stored)?;
        write.map_or(Ok(()), Write::commit)?;
        Ok(stored.length)
    }

    /// Adds the last chunk, which may be empty, and finishes the attachment: reads it once, and stores the SHA-256 of it all.
    ///
    /// # Errors
    /// [`VaultError::AttachmentDamaged`] if an earlier chunk does not open; otherwise as for [`Self::append_attachment`].
    pub fn finish_attachment(&self, name: &str, last: &[u8]) -> Result<Attachment, VaultError> {
        let write = self.write(true)?;
        let mut stored = self.find_begun(name)?;
        let sealer = stored.sealer()?;
        let mut digest = Sha256::default();
        for number in 0..stored.chunks {
            digest.update(&self.open_chunk(&stored, &sealer, number, false)?);
        }
        digest.update(last);
        self.store_chunk(&mut stored, last, true)?;
        stored.digest = Some(digest.finish());
        self.put(Collection::Attachment, name, &stored)?;
        write.map_or(Ok(()), Write::commit)?;
        Ok(stored.into())
    }

    /// What is known of an attachment, finished or not.
    ///
    /// # Errors
    /// As for [`Self::find`].
    pub fn find_attachment(&self, name: &str) -> Result<Option<Attachment>, VaultError> {
        Ok(self.find::<Stored>(Collection::Attachment, name)?.map(Attachment::from))
    }

    /// Names of attachments and what is known of them, as [`Self::list`] does.
    ///
    /// # Errors
    /// As for [`Self::list`].
    pub fn list_attachments(&self, after: Option<u64>, limit: usize) -> Result<Page<(String, Attachment)>, VaultError> {
        let Page { items, damaged, next } = self.list::<Stored>(Collection::Attachment, after, limit)?;
        let items = items.into_iter().map(|(name, stored)| (name, stored.into())).collect();
        Ok(Page { items, damaged, next })
    }

    /// One chunk of a finished attachment, counted from 0; `None` after the last.
    ///
    /// # Errors
    /// [`VaultError::RecordMissing`] if there is no such attachment or it is not finished;
    /// [`VaultError::AttachmentDamaged`] if the chunk is missing or does not open; otherwise as for [`Self::find`].
    pub fn read_attachment(&self, name: &str, number: u32) -> Result<Option<Wiping>, VaultError> {
        let stored = self.find_finished(name)?;
        if number >= stored.chunks {
            return Ok(None);
        }
        self.open_chunk(&stored, &stored.sealer()?, number, stored.is_last(number)).map(Some)
    }

    /// Hands a finished attachment to `act`, chunk by chunk: faster than [`Self::read_attachment`] for each.
    ///
    /// # Errors
    /// As for [`Self::read_attachment`], and what `act` returns; it may have had the first chunks then.
    pub fn stream_attachment<E: From<VaultError>>(
        &self,
        name: &str,
        mut act: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let stored = self.find_finished(name)?;
        let sealer = stored.sealer()?;
        (0..stored.chunks)
            .try_for_each(|number| act(&self.open_chunk(&stored, &sealer, number, stored.is_last(number))?))
    }

    /// Removes an attachment, damaged or not; false if there is none.
    ///
    /// What was sealed there may stay in the journal for a while: [`Self::erase_attachment`] and [`Self::checkpoint`] leave nothing.
    ///
    /// # Errors
    /// As for [`Self::put`].
    pub fn remove_attachment(&self, name: &str) -> Result<bool, VaultError> {
        let write = self.write(true)?;
        let found = self.drop_attachment(name)?;
        write.map_or(Ok(()), Write::commit)?;
        Ok(found)
    }

    /// Deletes an attachment for good, key and chunks, so that no file holds them any more. False if there is none.
    ///
    /// # Errors
    /// [`VaultError::Busy`] if another connection reads: call again; otherwise as for [`Self::put`].
    pub fn erase_attachment(&mut self, name: &str) -> Result<bool, VaultError> {
        let found = self.remove_attachment(name)?;
        self.checkpoint()?;
        Ok(found)
    }

    /// Deletes attachments that were begun and not finished, and chunks that belong to none; gives how many attachments went.
    /// To be called when nothing is being written that might go on.
    ///
    /// # Errors
    /// As for [`Self::put`].
    pub fn clean_attachments(&mut self) -> Result<usize, VaultError> {
        let write = self.begin(true)?;
        let (mut begun, mut after) = (Vec::new(), None);
        loop {
            let page = self.list_attachments(after, usize::MAX)?;
            begun.extend(page.items.into_iter().filter(|(_, found)| found.digest.is_none()).map(|(name, _)| name));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        begun.iter().try_for_each(|name| self.drop_attachment(name).map(drop))?;
        self.drop_strays()?;
        write.commit()?;
        Ok(begun.len())
    }

    /// Reads all chunks; gives the attachments that lack some.
    pub(crate) fn check_attachments(&self) -> Result<Vec<Finding>, VaultError> {
        let mut findings = Vec::new();
        self.each_attachment(|position, stored| {
            let sealer = stored.sealer()?;
            for number in 0..stored.chunks {
                match self.open_chunk(stored, &sealer, number, stored.is_last(number)) {
                    Ok(_) => {}
                    Err(VaultError::AttachmentDamaged) => {
                        findings.push(Finding::AttachmentDamaged { position });
                        break;
                    }
                    Err(other) => return Err(other),
                }
            }
            Ok(())
        })?;
        Ok(findings)
    }

    /// Deletes chunks that belong to no attachment, inside a transaction.
    pub(crate) fn drop_strays(&self) -> Result<(), VaultError> {
        let mut known = BTreeSet::new();
        self.each_attachment(|_, stored| {
            known.insert(stored.serial);
            Ok(())
        })?;
        let mut after = i64::MIN;
        loop {
            let mut statement =
                self.connection.prepare_cached("SELECT id FROM chunk WHERE id > ?1 ORDER BY id LIMIT 1")?;
            let next: Option<i64> = statement.query_row([after], |row| row.get(0)).optional()?;
            let Some(id) = next else { return Ok(()) };
            let serial = id >> CHUNK_BITS;
            if !known.contains(&serial) {
                self.drop_chunks(serial)?;
            }
            after = last_of(serial);
        }
    }

    fn each_attachment(&self, mut act: impl FnMut(u64, &Stored) -> Result<(), VaultError>) -> Result<(), VaultError> {
        let collection = Collection::Attachment;
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, key, mark, sealed FROM record WHERE id > ?1 AND id <= ?2 ORDER BY id")?;
        let mut rows = statement.query((collection.first_id(), collection.last_id()))?;
        while let Some(row) = rows.next()? {
            let opened = self.open_record(collection, row);
            let parsed = opened.and_then(|plain| serde_json::from_slice::<(String, Stored)>(&plain).ok());
            if let Some((_, stored)) = parsed {
                act(u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default(), &stored)?;
            }
        }
        Ok(())
    }

    fn find_finished(&self, name: &str) -> Result<Stored, VaultError> {
        let found: Option<Stored> = self.find(Collection::Attachment, name)?;
        found.filter(|stored| stored.digest.is_some()).ok_or(VaultError::RecordMissing)
    }

    fn find_begun(&self, name: &str) -> Result<Stored, VaultError> {
        let found: Option<Stored> = self.find(Collection::Attachment, name)?;
        found.filter(|stored| stored.digest.is_none()).ok_or(VaultError::RecordMissing)
    }

    fn drop_attachment(&self, name: &str) -> Result<bool, VaultError> {
        match self.find::<Stored>(Collection::Attachment, name) {
            Ok(Some(stored)) => self.drop_chunks(stored.serial)?,
            Ok(None) => return Ok(false),
            // Its chunks belong to nobody now; cleaning takes them.
            Err(VaultError::Damaged(_)) => {}
            Err(other) => return Err(other),
        }
        self.remove(Collection::Attachment, name)
    }

    fn drop_chunks(&self, serial: i64) -> Result<(), VaultError> {
        self.check_writable()?;
        self.connection
            .prepare_cached("DELETE FROM chunk WHERE id BETWEEN ?1 AND ?2")?
            .execute((serial << CHUNK_BITS, last_of(serial)))?;
        self.edit(|_| {});
        Ok(())
    }

    fn store_chunk(&self, stored: &mut Stored, chunk: &[u8], last: bool) -> Result<(), VaultError> {
        self.check_writable()?;
        let length = stored.length.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if chunk.len() > CHUNK || length > MAX_ATTACHMENT || stored.chunks >> CHUNK_BITS != 0 {
            return Err(VaultError::TooLarge);
        }
        let mut body = Wiping::new(chunk.to_vec());
        let place = stored.place(stored.chunks, last);
        let mark = stored.sealer()?.seal_apart(&self.rng, &place, &mut body)?;
        // What a closure that swallowed an error left under this number was never part of the attachment.
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO chunk (id, mark, sealed) VALUES (?1, ?2, ?3)")?
            .execute((stored.id(stored.chunks), mark, body.into_sealed()))?;
        stored.length = length;
        stored.chunks += 1;
        Ok(())
    }

    fn open_chunk(&self, stored: &Stored, sealer: &Sealer, number: u32, last: bool) -> Result<Wiping, VaultError> {
        let mut statement = self.connection.prepare_cached("SELECT mark, sealed FROM chunk WHERE id = ?1")?;
        let opened = statement.query_row([stored.id(number)], |row| {
            let mark: Option<&Mark> = row.get_ref(0)?.as_blob()?.try_into().ok();
            let body = row.get_ref(1)?.as_blob()?;
            Ok(mark.and_then(|mark| sealer.open_apart(&stored.place(number, last), mark, body).ok()))
        });
        opened.optional()?.flatten().ok_or(VaultError::AttachmentDamaged)
    }
}

impl Stored {
    fn sealer(&self) -> Result<Sealer, VaultError> {
        let key = SecretKey::parse(&SecretBytes::new(self.key.0.to_vec()))?;
        Ok(Sealer::new(&key)?)
    }

    /// True for the last chunk of a finished attachment.
    fn is_last(&self, number: u32) -> bool {
        self.digest.is_some() && number + 1 == self.chunks
    }

    fn id(&self, number: u32) -> i64 {
        (self.serial << CHUNK_BITS) | i64::from(number)
    }

    fn place(&self, number: u32, last: bool) -> Context {
        Context::new("chunk", &self.serial.to_be_bytes()).with(&number.to_be_bytes()).with(&[u8::from(last)])
    }
}

impl From<Stored> for Attachment {
    fn from(stored: Stored) -> Self {
        Self { media_type: stored.media_type, length: stored.length, chunks: stored.chunks, digest: stored.digest }
    }
}

fn last_of(serial: i64) -> i64 {
    (serial << CHUNK_BITS) | ((1 << CHUNK_BITS) - 1)
}
