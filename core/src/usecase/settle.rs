//! What this phone and the platform have to agree on: how new the store is, and which passcode is in force.

use core::time::Duration;
use std::sync::Arc;

use eid_model::{Code, UnixTime};
use eid_platform::{DeviceReport, DeviceState, PlatformError};
use eid_vault::{Collection, EnvelopeKind, PasscodeEnvelopes, Vault};

use crate::{
    Error,
    app::Inner,
    ports::Event,
    record::{Account, INSTRUCTIONS, Instructions},
    session::Session,
};

/// What became of a change of the passcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// There is one passcode.
    Done,
    /// The platform has not taken the new one, and may do so yet: what to tell somebody who cannot go on before.
    Unsure(Error),
}

impl Session {
    /// Settles both, when the platform can be reached.
    pub(crate) async fn settle_with_platform(self: &Arc<Self>) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        let _entrance = inner.entrance.lock().await;
        let account = self.account().await?;
        self.settle_passcode(&account).await?;
        self.report(&account).await.map(drop)
    }

    /// Asks the platform which passcode is in force, if a change is under way, and carries out what it says. The caller holds the
    /// entrance.
    ///
    /// That the platform has the old one still is the last word only when the instruction's challenge has run out by the
    /// platform's own clock: before that, the instruction may be on its way.
    pub(crate) async fn settle_passcode(self: &Arc<Self>, account: &Account) -> Result<Settled, Error> {
        let envelopes = self.inner.blocking(|inner| Ok(inner.folder.load_envelopes()?)).await?;
        let PasscodeEnvelopes { next: Some(next), .. } = envelopes.ok_or(Error::NotActivated)? else {
            return Ok(Settled::Done);
        };
        let state = self.report(account).await?;
        let taken: Option<Instructions> =
            self.vault(|vault| Ok(vault.find(Collection::Account, INSTRUCTIONS)?)).await?;
        let left = taken.and_then(|taken| taken.change_until).map_or(0, |until| {
            let left = until.seconds().saturating_sub(state.now.seconds()).saturating_add(1);
            u64::try_from(left).ok().filter(|left| *left <= MOST_LEFT).unwrap_or(0)
        });
        // With any other epoch the platform knows nothing of the new passcode.
        let is_new = state.passcode_epoch == next.epoch();
        if !is_new && left > 0 {
            let retry_after = Some(Duration::from_secs(left));
            return Ok(Settled::Unsure(PlatformError::Busy { code: Code::PLATFORM_BUSY, retry_after }.into()));
        }
        self.end_change(next.epoch(), is_new).await?;
        Ok(Settled::Done)
    }

    /// Puts the new passcode, whose epoch is `to`, in force, or drops it. The caller holds the entrance.
    pub(crate) async fn end_change(self: &Arc<Self>, to: u32, is_new: bool) -> Result<(), Error> {
        let carry_out =
            move |inner: &Inner| Ok(if is_new { inner.folder.commit_next() } else { inner.folder.drop_next() }?);
        self.inner.blocking(carry_out).await?;
        // Of two epochs in a row each has an alias of its own.
        let spent = if is_new { to.wrapping_sub(1) } else { to };
        // If it fails now, the next unlocking removes it.
        self.inner.ports.secure_key.remove(EnvelopeKind::Passcode.hardware_alias(spent)).await.ok();
        Ok(())
    }

    /// Reports the store's generation, and learns how the account stands. If the platform knows of a later one, the store is an
    /// older copy: it is gone on from.
    ///
    /// # Errors
    /// [`Error::AccountStopped`] unless the account is active.
    pub(crate) async fn report(self: &Arc<Self>, account: &Account) -> Result<DeviceState, Error> {
        let now = self.inner.now()?;
        let store_generation = self.vault(|vault| Ok(vault.make_durable()?)).await?;
        let report = DeviceReport { store_generation };
        let state = match self.report_once(account, report, now).await {
            // A token that was taken back: a new one is given, or the reason said.
            Err(Error::Platform(error)) if error.code() == Code::SESSION_REFUSED => {
                self.drop_token().await;
                self.report_once(account, report, now).await?
            }
            state => state?,
        };
        self.keep_told(&state).await?;
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
        self.learn(state.account_state).await?;
        Ok(state)
    }

    async fn report_once(
        self: &Arc<Self>,
        account: &Account,
        report: DeviceReport,
        now: UnixTime,
    ) -> Result<DeviceState, Error> {
        let access = self.access(account, now).await?;
        let answer = self.inner.platform.report_device_state(&access, report, &self.device_key(account), now).await;
        drop(access);
        self.heed(answer).await
    }
}

/// The longest that a change is taken to be on its way, in seconds. A platform whose clock was set back would otherwise leave it
/// open for good.
const MOST_LEFT: u64 = 300;
