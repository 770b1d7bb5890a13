//! Locking an account with its lock code (khóa tài khoản bằng mã khóa), from any phone.

use eid_model::Pid;
use eid_platform::LockCode;

use crate::{EidApp, Error};

impl EidApp {
    /// Locks the account of a personal number with the lock code that its holder got at the activation: for a phone that is lost,
    /// from any other one, activated or not. Spaces, hyphens and case do not count. A phone that has the account learns of it at
    /// its next contact.
    ///
    /// # Errors
    /// [`Error::Model`] for a malformed number; [`Error::Platform`]: wrong code with the tries left, a wait, or no connection.
    pub async fn lock_account_by_code(&self, pid: &str, code: &str) -> Result<(), Error> {
        let (pid, code) = (Pid::parse(pid)?, LockCode::parse(code)?);
        Ok(self.inner.platform.lock_by_code(&pid, &code).await?)
    }
}
