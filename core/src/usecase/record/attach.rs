//! Attaching evidence to a change: checked, stripped of what nobody needs, and sealed with the change in one step.

use eid_crypto::hash::sha256;
use eid_evidence::Prepared;
use eid_record::{
    RecordError,
    update::{Event, Evidence},
};
use eid_vault::{CHUNK, Vault};

use super::{
    desk::Desk,
    rows::{KeptUpdate, Piece, find_update},
    update::UpdateView,
};
use crate::{Error, Unlocked, task};

impl Unlocked {
    /// Attaches a picture or document to a change that is being written: at most 50. A picture is made smaller and encoded anew, so that
    /// nothing but the picture goes on; a document is kept as it is if nothing in it acts by itself. The same again changes nothing.
    /// Takes a second for a large picture.
    ///
    /// # Errors
    /// [`Error::Evidence`]; [`Error::Record`] for a change that is on its way, or for too many; [`Error::UpdateUnknown`],
    /// [`Error::Vault`], [`Error::Clock`], [`Error::Locked`].
    pub async fn attach_evidence(&self, id: &str, bytes: Vec<u8>) -> Result<UpdateView, Error> {
        let (desk, id) = (Desk::open(self.session()?).await?, id.to_owned());
        let prepared = task::blocking(move || Ok(eid_evidence::prepare(bytes)?)).await?;
        desk.work(move |desk, vault| desk.attach(vault, &id, &prepared)).await
    }

    /// Takes a piece of evidence off a change that is being written, and erases it. Not an error if it is not there.
    ///
    /// # Errors
    /// [`Error::Record`] for a change that is on its way; [`Error::UpdateUnknown`], [`Error::Vault`], [`Error::Clock`],
    /// [`Error::Locked`].
    pub async fn detach_evidence(&self, id: &str, sha256: [u8; 32]) -> Result<UpdateView, Error> {
        let (desk, id) = (Desk::open(self.session()?).await?, id.to_owned());
        desk.work(move |desk, vault| {
            let mut kept = find_update(vault, &id)?;
            let mut evidence = kept.update.evidence().to_vec();
            evidence.retain(|piece| piece.sha256 != sha256);
            kept.update.apply(Event::Attach(evidence), desk.now)?;
            kept.pieces.retain(|piece| piece.sha256 != sha256);
            let name = kept.evidence_name(&sha256);
            let view = desk.store(vault, kept)?;
            vault.erase_attachment(&name)?;
            Ok(view)
        })
        .await
    }
}

impl Desk {
    fn attach(&self, vault: &mut Vault, id: &str, prepared: &Prepared) -> Result<UpdateView, Error> {
        let mut kept = find_update(vault, id)?;
        if !kept.is_written() {
            return Err(RecordError::UpdateOutOfOrder.into());
        }
        let sha256 = sha256(&prepared.bytes);
        if kept.pieces.iter().any(|piece| piece.sha256 == sha256) {
            return self.update_view(vault, &kept);
        }
        let bytes = u64::try_from(prepared.bytes.len()).map_err(|_| Error::Internal)?;
        let mut evidence = kept.update.evidence().to_vec();
        evidence.push(Evidence { sha256, bytes });
        kept.update.apply(Event::Attach(evidence), self.now)?;
        kept.pieces.push(Piece { sha256, media: prepared.media_type, is_uploaded: false });
        kept.changed_at = self.now;
        let view = self.update_view(vault, &kept)?;
        vault.transaction(|vault| {
            kept.seal(vault, &sha256, prepared)?;
            kept.store(vault)
        })?;
        Ok(view)
    }
}

impl KeptUpdate {
    /// Seals a piece, chunk by chunk.
    fn seal(&self, vault: &Vault, sha256: &[u8; 32], prepared: &Prepared) -> Result<(), Error> {
        let name = self.evidence_name(sha256);
        vault.begin_attachment(&name, prepared.media_type.name())?;
        let whole = prepared.bytes.chunks_exact(CHUNK);
        let rest = whole.remainder();
        for chunk in whole {
            vault.append_attachment(&name, chunk)?;
        }
        vault.finish_attachment(&name, rest)?;
        Ok(())
    }
}
