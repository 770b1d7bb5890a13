use eid_crypto::SecretBytes;

/// The lock code (mã khóa): with it and the personal number the holder locks the account from any phone. Shown once, never stored
/// by the phone; wiped on drop.
pub struct LockCode(SecretBytes);

impl LockCode {
    pub(crate) fn new(code: String) -> Self {
        Self(SecretBytes::new(code.into_bytes()))
    }

    /// The 18 letters and digits as they are shown: three groups of six.
    ///
    /// # Security
    /// Whoever has them can lock the account, and do nothing else.
    pub fn groups(&self) -> [String; 3] {
        // EXPOSE: for the holder's screen.
        let mut groups = self.0.expose().chunks(6).map(|group| String::from_utf8_lossy(group).into_owned());
        core::array::from_fn(|_| groups.next().unwrap_or_default())
    }
}

impl core::fmt::Debug for LockCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("LockCode(…)")
    }
}
