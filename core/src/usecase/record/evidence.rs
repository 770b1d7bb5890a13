//! Evidence of a change (giấy tờ chứng minh): kept sealed, chunk by chunk, beside the update that it belongs to.

use std::sync::Arc;

use eid_model::MediaType;
use eid_platform::{EVIDENCE_CHUNK, EVIDENCE_CHUNK_AFTER_LOSS, EvidencePiece, PlatformError, Upload};
use eid_record::update::Evidence;
use eid_vault::{CHUNK, Vault, VaultError};

use super::rows::KeptUpdate;
use crate::{Error, record::Account, session::Session};

/// Losses that one sending of a piece takes; the next one goes on from there.
const MOST_LOSSES: u32 = 4;

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceView {
    /// SHA-256 of what is sent: names it.
    pub sha256: [u8; 32],
    /// How many bytes.
    pub bytes: u64,
    /// Its media type.
    pub media_type: String,
    /// True if the platform has it.
    pub is_uploaded: bool,
}

impl KeptUpdate {
    pub(super) fn evidence(&self, vault: &Vault) -> Result<Vec<EvidenceView>, Error> {
        let pieces = self.update.evidence().iter().map(|piece: &Evidence| {
            let stored = vault.find_attachment(&self.evidence_name(&piece.sha256))?;
            Ok(EvidenceView {
                sha256: piece.sha256,
                bytes: piece.bytes,
                media_type: stored.map(|stored| stored.media_type).unwrap_or_default(),
                is_uploaded: self.uploaded.contains(&piece.sha256),
            })
        });
        pieces.collect()
    }

    /// Deletes all of it for good.
    pub(super) fn erase_evidence(&self, vault: &mut Vault) -> Result<(), Error> {
        for piece in self.update.evidence() {
            vault.erase_attachment(&self.evidence_name(&piece.sha256))?;
        }
        Ok(())
    }

    /// The pieces with what they are.
    pub(super) fn evidence_types(&self, vault: &Vault) -> Result<Vec<(Evidence, MediaType)>, Error> {
        let pieces = self.update.evidence().iter().map(|piece| {
            let stored = vault.find_attachment(&self.evidence_name(&piece.sha256))?.ok_or(VaultError::RecordMissing)?;
            let of_name = [MediaType::Jpeg, MediaType::Pdf].into_iter().find(|media| media.name() == stored.media_type);
            Ok((piece.clone(), of_name.ok_or(VaultError::RecordMissing)?))
        });
        pieces.collect()
    }

    fn evidence_name(&self, sha256: &[u8; 32]) -> String {
        let hex: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("evidence/{}/{hex}", self.id())
    }
}

impl Session {
    /// Sends the pieces that the platform does not have, each on from where it stopped.
    pub(super) async fn upload_evidence(self: &Arc<Self>, account: &Account, kept: &KeptUpdate) -> Result<(), Error> {
        let types = kept.clone();
        let pieces = self.vault(move |vault| types.evidence_types(vault)).await?;
        for (Evidence { sha256, bytes }, media) in pieces {
            if kept.uploaded.contains(&sha256) {
                continue;
            }
            self.upload(account, &kept.evidence_name(&sha256), &EvidencePiece { sha256, bytes, media }).await?;
            let note = move |kept: &mut KeptUpdate| {
                kept.uploaded.insert(sha256);
                Ok(())
            };
            self.change_update(kept.id(), note).await?;
        }
        Ok(())
    }

    async fn upload(self: &Arc<Self>, account: &Account, name: &str, piece: &EvidencePiece) -> Result<(), Error> {
        let device = self.device_key(account);
        let (mut length, mut losses) = (EVIDENCE_CHUNK, 0);
        let mut state = self.offer(account, piece).await?;
        while let Upload::At(offset) = state {
            let name = name.to_owned();
            let part = self.vault(move |vault| read_part(vault, &name, offset, length)).await?;
            let now = self.inner.now()?;
            let access = self.access(account, now).await?;
            let sent = self.inner.platform.append_evidence(&access, piece, (offset, part), &device, now).await;
            drop(access);
            state = match sent {
                Err(PlatformError::Interrupted | PlatformError::Timeout | PlatformError::Unreachable)
                    if losses < MOST_LOSSES =>
                {
                    (length, losses) = (EVIDENCE_CHUNK_AFTER_LOSS, losses + 1);
                    self.offer(account, piece).await?
                }
                Err(error @ PlatformError::Refused { .. }) => return Err(error.into()),
                answer => self.accepted(answer).await?,
            };
        }
        Ok(())
    }

    /// Tells of a piece, and learns how much of it has arrived.
    async fn offer(self: &Arc<Self>, account: &Account, piece: &EvidencePiece) -> Result<Upload, Error> {
        let (device, now) = (self.device_key(account), self.inner.now()?);
        let access = self.access(account, now).await?;
        let offered = self.inner.platform.offer_evidence(&access, piece, &device, now).await;
        drop(access);
        self.accepted(offered).await
    }
}

/// At most `length` bytes of a piece from `offset` on.
fn read_part(vault: &Vault, name: &str, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
    let offset = usize::try_from(offset).map_err(|_| Error::Internal)?;
    let mut part = Vec::with_capacity(length);
    let mut number = offset / CHUNK;
    while part.len() < length {
        let Some(chunk) = vault.read_attachment(name, u32::try_from(number).map_err(|_| Error::Internal)?)? else {
            break;
        };
        let skipped = if part.is_empty() { offset % CHUNK } else { 0 };
        part.extend(chunk.iter().skip(skipped).take(length - part.len()));
        number += 1;
    }
    Ok(part)
}
