//! What this phone and the platform have to agree on: how new the store is, and which passcode is in force.

use std::sync::Arc;

use eid_model::Code;
use eid_platform::{DeviceReport, DeviceState};
use eid_vault::{EnvelopeKind, Vault};

use crate::{Error, app::Inner, ports::Event, record::Account, session::Session};

impl Session {
    /// Settles both, when the platform can be reached.
    pub(crate) async fn settle_with_platform(self: &Arc<Self>) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        let _entrance = inner.entrance.lock().await;
        let account = self.account().await?;
        self.settle_passcode(&account).await?;
        self.report(&account, None).await.map(drop)
    }

    /// Asks the platform to take up the new passcode, if a change is under way, and carries out what it says: true if the new
    /// passcode is in force, `None` if there was no change. The caller holds the entrance.
    ///
    /// The request is repeated until an answer comes: asking again for the same epoch changes nothing.
    pub(crate) async fn settle_passcode(self: &Arc<Self>, account: &Account) -> Result<Option<bool>, Error> {
        let envelopes = self.inner.blocking(|inner| Ok(inner.folder.load_envelopes()?)).await?;
        let envelopes = envelopes.ok_or(Error::NotActivated)?;
        let Some(next) = envelopes.next else { return Ok(None) };
        let (from, to) = (envelopes.current.epoch(), next.epoch());
        let answer = match self.report(account, Some(to)).await {
            Err(error) if error.code() == Code::PASSCODE_EPOCH_REFUSED => self.report(account, None).await?,
            answer => answer?,
        };
        // With any other epoch the platform knows nothing of the new passcode.
        let is_new = answer.passcode_epoch == to;
        let carry_out =
            move |inner: &Inner| Ok(if is_new { inner.folder.commit_next() } else { inner.folder.drop_next() }?);
        self.inner.blocking(carry_out).await?;
        let spent = if is_new { from } else { to };
        // If it fails now, the next unlocking removes it.
        self.inner.ports.secure_key.remove(EnvelopeKind::Passcode.hardware_alias(spent)).await.ok();
        Ok(Some(is_new))
    }

    /// Reports the store's generation. If the platform knows of a later one, the store is an older copy: it is gone on from.
    async fn report(self: &Arc<Self>, account: &Account, passcode_epoch: Option<u32>) -> Result<DeviceState, Error> {
        let now = self.inner.now()?;
        let store_generation = self.vault(|vault| Ok(vault.make_durable()?)).await?;
        let report = DeviceReport { store_generation, passcode_epoch };
        let access = self.access(account, now).await?;
        let device = self.device_key(account);
        let answer = self.inner.platform.report_device_state(&access, report, &device, now).await;
        drop(access);
        let state = self.accepted(answer).await?;
        let known = state.store_generation;
        let go_on = move |vault: &mut Vault| {
            // What was written since the report is no copy's.
            let older = store_generation < known;
            Ok(if older { crate::store::go_on_from_copy(vault, known, now)? } else { Vec::new() })
        };
        let repairs = self.vault(go_on).await?;
        if !repairs.is_empty() {
            self.repairs().extend(repairs);
            self.tell(&[Event::StoreRepaired, Event::CredentialsChanged, Event::HistoryChanged]);
            self.remove_discarded().await?;
        }
        Ok(state)
    }
}
