//! Evidence of a change (giấy tờ chứng minh): kept sealed, chunk by chunk, beside the update that it belongs to.

use std::sync::Arc;

use eid_platform::{EVIDENCE_CHUNK, EVIDENCE_CHUNK_AFTER_LOSS, EvidencePiece, PlatformError, Upload};
use eid_record::update::Evidence;
use eid_vault::{CHUNK, Vault};

use super::rows::{KeptUpdate, Piece};
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
    pub(super) fn evidence(&self) -> Vec<EvidenceView> {
        let views = self.pieces().map(|(evidence, piece)| EvidenceView {
            sha256: evidence.sha256,
            bytes: evidence.bytes,
            media_type: piece.media.name().to_owned(),
            is_uploaded: piece.is_uploaded,
        });
        views.collect()
    }

    /// The evidence, in its order.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (&Evidence, &Piece)> {
        let piece = |of: &Evidence| self.pieces.iter().find(|piece| piece.sha256 == of.sha256);
        self.update.evidence().iter().filter_map(move |evidence| Some((evidence, piece(evidence)?)))
    }

    /// The platform does not have these after all.
    pub(super) fn send_again(&mut self, which: impl Fn(&[u8; 32]) -> bool) {
        self.pieces.iter_mut().filter(|piece| which(&piece.sha256)).for_each(|piece| piece.is_uploaded = false);
    }

    /// Removes all of it, in the transaction that ends the need for it: a kill leaves both or none. Gives whether there was any.
    pub(super) fn remove_evidence(&self, vault: &Vault) -> Result<bool, Error> {
        let mut is_any = false;
        for piece in self.update.evidence() {
            is_any |= vault.remove_attachment(&self.evidence_name(&piece.sha256))?;
        }
        Ok(is_any)
    }

    pub(super) fn evidence_name(&self, sha256: &[u8; 32]) -> String {
        let hex: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("evidence/{}/{hex}", self.id())
    }
}

impl Session {
    /// Sends the pieces that the platform does not have, each on from where it stopped.
    pub(super) async fn upload_evidence(self: &Arc<Self>, account: &Account, kept: &KeptUpdate) -> Result<(), Error> {
        for (Evidence { sha256, bytes }, Piece { media, .. }) in kept.pieces().filter(|(_, piece)| !piece.is_uploaded) {
            let (sha256, bytes, media) = (*sha256, *bytes, *media);
            self.upload(account, &kept.evidence_name(&sha256), &EvidencePiece { sha256, bytes, media }).await?;
            let note = move |kept: &mut KeptUpdate| {
                kept.pieces
                    .iter_mut()
                    .filter(|piece| piece.sha256 == sha256)
                    .for_each(|piece| piece.is_uploaded = true);
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

#[cfg(test)]
mod tests {
    use eid_crypto::{SecretKey, SystemRandom};

    use super::*;

    #[test]
    fn part_read_from_any_offset_is_that_part_of_the_whole() {
        let (folder, rng) = (tempfile::tempdir().unwrap(), Arc::new(SystemRandom::new()));
        let key = SecretKey::make(&*rng).unwrap();
        let vault = Vault::create(&folder.path().join("store"), &key, [1; 16], rng).unwrap();
        let whole: Vec<u8> = (0..=250_u8).cycle().take(2 * CHUNK + 1000).collect();
        vault.begin_attachment("a", "image/jpeg").unwrap();
        let chunks = whole.chunks_exact(CHUNK);
        let rest = chunks.remainder();
        for chunk in chunks {
            vault.append_attachment("a", chunk).unwrap();
        }
        vault.finish_attachment("a", rest).unwrap();
        for (offset, length) in [
            (0, 10),
            (0, CHUNK),
            (1, CHUNK),
            (CHUNK - 1, 2),
            (CHUNK, CHUNK),
            (100_000, EVIDENCE_CHUNK),
            (2 * CHUNK, 5_000),
            (2 * CHUNK + 999, 10),
            (2 * CHUNK + 1000, 10),
        ] {
            let part = read_part(&vault, "a", u64::try_from(offset).unwrap(), length).unwrap();
            let wanted: Vec<u8> = whole.iter().copied().skip(offset).take(length).collect();
            assert!(part == wanted, "{offset} {length}");
        }
    }
}
