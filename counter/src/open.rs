//! What the options name: keys, the record, the clock.

use std::{
    io::{self, Write as _},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use eid_counter::{CounterError, ReplayStore, Rules, parse_key_file, read_file};
use eid_crypto::VerifyingKey;

use crate::cli::RulesOptions;

/// Largest key file, in bytes.
const MAX_KEY_FILE: u64 = 16 * 1024;

#[expect(clippy::disallowed_methods, reason = "the program is where the time comes from")]
pub(crate) fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Opens the record of used proofs and lets it remember the trust list. A key given by hand has no version.
pub(crate) fn record(path: &Path, options: &RulesOptions, rules: &Rules) -> Result<ReplayStore, CounterError> {
    let mut record = ReplayStore::open(path)?;
    if options.issuer_key.is_none() {
        record.remember_list(&rules.trust)?;
    }
    Ok(record)
}

/// Tells whoever sits at the terminal that nobody real is behind the proofs that this list makes valid.
pub(crate) fn warn_of_sandbox(options: &RulesOptions) {
    if options.trust.is_some() && options.trust_root.is_empty() {
        warn("SANDBOX trust list: every person is invented (danh sách thử nghiệm, không có người thật)");
    }
}

/// Tells that what was kept is in force.
pub(crate) fn warn_not_renewed(error: Option<CounterError>) {
    if let Some(error) = error {
        warn(&format!("the lists were not renewed, the ones kept are in force: {error} (E{})", error.code()));
    }
}

/// Reads a public key.
pub(crate) fn key(path: &Path) -> Result<VerifyingKey, CounterError> {
    let bytes = read_file(path, MAX_KEY_FILE).map_err(|_| CounterError::TrustUnusable)?;
    parse_key_file(&bytes)
}

/// One line for the person at the terminal; standard output is for the JSON alone.
pub(crate) fn warn(text: &str) {
    // There is nobody to tell when standard error is closed.
    drop(writeln!(io::stderr(), "eid-counter: {text}"));
}
