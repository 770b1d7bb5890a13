//! What the options name: files, keys, the clock.

use std::{
    io::{self, Write as _},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use eid_counter::{CounterError, ReplayStore, Rules, open_status_snapshot, open_trust_list, parse_key_file, read_file};
use eid_crypto::VerifyingKey;
use eid_proof::{Policy, TrustList};

use crate::cli::RulesOptions;

/// Largest key file, trust list and status snapshot that are read, in bytes.
const MAX_KEY_FILE: u64 = 16 * 1024;
const MAX_TRUST_FILE: u64 = 1024 * 1024;
const MAX_STATUS_FILE: u64 = 64 * 1024 * 1024;

#[expect(clippy::disallowed_methods, reason = "the program is where the time comes from")]
pub(crate) fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Reads the lists.
pub(crate) fn rules(options: &RulesOptions) -> Result<Rules, CounterError> {
    let policy = Policy {
        skew_s: options.skew,
        counter: options.counter.clone(),
        allow_unknown_status: options.allow_unknown_status,
        ..Policy::default()
    };
    let mut rules = Rules::new(trust(options)?, policy);
    if let Some(path) = &options.status {
        let bytes = read_file(path, MAX_STATUS_FILE).map_err(|_| CounterError::StatusUnusable)?;
        rules.status = Some(open_status_snapshot(&bytes, &rules.trust)?);
    }
    Ok(rules)
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

fn trust(options: &RulesOptions) -> Result<TrustList, CounterError> {
    if let Some(path) = &options.issuer_key {
        return read_key(path).map(TrustList::single);
    }
    let path = options.trust.as_ref().ok_or(CounterError::TrustUnusable)?;
    let roots = options.trust_root.iter().map(|path| read_key(path)).collect::<Result<Vec<_>, _>>()?;
    let bytes = read_file(path, MAX_TRUST_FILE).map_err(|_| CounterError::TrustUnusable)?;
    open_trust_list(&bytes, &roots)
}

fn read_key(path: &Path) -> Result<VerifyingKey, CounterError> {
    let bytes = read_file(path, MAX_KEY_FILE).map_err(|_| CounterError::TrustUnusable)?;
    parse_key_file(&bytes)
}

/// One line for the person at the terminal; standard output is for the JSON alone.
pub(crate) fn warn(text: &str) {
    // There is nobody to tell when standard error is closed.
    drop(writeln!(io::stderr(), "eid-counter: {text}"));
}
