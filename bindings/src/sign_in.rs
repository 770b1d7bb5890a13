//! Acts that count: signing in at the platform, and what that opens.

use eid_core::DeviceEntry;

use crate::{EidError, Unlocked, views::redacted};

redacted!(DeviceView);

/// A session at the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SignInView {
    /// What the platform counts it as: 1 to 4 (Decree 69/2024 Art. 20).
    pub auth_level: u32,
    /// When the citizen signed in: seconds since 1970.
    pub auth_time: i64,
}

impl From<eid_core::SignInView> for SignInView {
    fn from(view: eid_core::SignInView) -> Self {
        let eid_core::SignInView { auth_level, auth_time } = view;
        Self { auth_level: auth_level.number().into(), auth_time: auth_time.seconds() }
    }
}

/// A phone that is or was bound to the account.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct DeviceView {
    /// As its holder named it; may be empty.
    pub name: String,
    /// When it was bound: seconds since 1970.
    pub bound_at: i64,
    /// When the platform last heard of it: seconds since 1970.
    pub last_seen_at: i64,
    /// True for the one phone that is bound now.
    pub active: bool,
}

impl From<DeviceEntry> for DeviceView {
    fn from(device: DeviceEntry) -> Self {
        let DeviceEntry { name, bound_at, last_seen_at, active } = device;
        Self { name, bound_at: bound_at.seconds(), last_seen_at: last_seen_at.seconds(), active }
    }
}

#[uniffi::export]
impl Unlocked {
    /// Signs in at the platform (đăng nhập) with this phone's key and the passcode: six ASCII digits, which are consumed and
    /// wiped. The session lasts until `sign_out`, or until the app locks. The passcode is checked on this phone first and counts
    /// as a try, like any other. Runs to its end.
    ///
    /// # Errors
    /// What [`crate::EidApp::unlock`] gives for the passcode; `AuthFailed` 2053 or 2054 and `Rejected` 2055 by the platform's own
    /// count; `Conflict` 2058: activate again; `Rejected` 7025 once another phone has the account. `Locked`, `Network`, `Device`,
    /// `Storage`.
    pub async fn sign_in(&self, passcode: Vec<u8>) -> Result<SignInView, EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.sign_in(passcode).await?.into()) }).await
    }

    /// Ends the session at the platform (đăng xuất); this phone forgets it in any case. Runs to its end.
    ///
    /// # Errors
    /// `Network` if the platform could not be told; `Locked`, `Rejected`, `Device`, `Storage`.
    pub async fn sign_out(&self) -> Result<(), EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.sign_out().await?) }).await
    }

    /// The phones that are or were bound to the account, the newest first.
    ///
    /// # Errors
    /// `AuthFailed` 2056: sign in first; `Expired` 2057: sign in anew. `Locked`, `Rejected`, `Network`, `Device`, `Storage`.
    pub async fn devices(&self) -> Result<Vec<DeviceView>, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.devices().await?.into_iter().map(DeviceView::from).collect()) };
        self.session.call().run(work).await
    }

    /// Locks the account (khóa tài khoản) until card and face lift it; asks the passcode, which is consumed and wiped. The app is
    /// locked then, and stays sealed. Runs to its end.
    ///
    /// # Errors
    /// As for [`Self::sign_in`].
    pub async fn lock_account(&self, passcode: Vec<u8>) -> Result<(), EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.lock_account(passcode).await?) }).await
    }

    /// Gives the account up on this phone (hủy liên kết thiết bị), at the platform and then here, where all that was stored is
    /// deleted. Ask twice. Runs to its end.
    ///
    /// # Errors
    /// As for `sign_in`; nothing is deleted before the platform has agreed. Afterwards [`crate::EidApp::reset`] goes on where this
    /// stopped.
    pub async fn unlink(&self, passcode: Vec<u8>) -> Result<(), EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.unlink(passcode).await?) }).await?;
        self.session.lock();
        Ok(())
    }
}
