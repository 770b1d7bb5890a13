//! `eid-counter register`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use eid_counter::{Application, CounterError, Identity, read_file};
use eid_model::UnixTime;
use eid_proof::Purpose;

use crate::{
    cli::{Accept, Apply, Register},
    lists::Lists,
    open,
    serve::refuse,
};

/// Largest answer of a registrar, in bytes.
const MAX_ANSWER: u64 = 32 * 1024;

pub(crate) fn run(step: Register) -> ExitCode {
    let done = match step {
        Register::Apply(options) => apply(options),
        Register::Accept(options) => accept(*options),
    };
    match done.map(|text| writeln!(io::stdout(), "{text}")) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(_)) => ExitCode::from(2),
        Err(error) => refuse(error),
    }
}

fn apply(options: Apply) -> Result<String, CounterError> {
    let Apply { identity, counter, name, purpose, host } = options;
    let purposes = purpose.into_iter().map(|purpose| Purpose::name(purpose).to_owned()).collect();
    Identity::apply(&identity, &Application { counter, name, purposes, host })
}

fn accept(options: Accept) -> Result<String, CounterError> {
    let Accept { identity, rules, answer } = options;
    let at = rules.at;
    let trust = Lists::new(rules).open()?.rules.trust;
    let answer = read_file(&answer, MAX_ANSWER).map_err(|_| CounterError::IdentityUnusable)?;
    let now = UnixTime::from_seconds(at.map_or_else(open::clock, i64::from));
    let identity = Identity::accept(&identity, &answer, &trust, now)?;
    let registration = identity.registration();
    let until = eid_counter::Rfc3339(registration.expires_at());
    Ok(format!("{} {} {until}", registration.counter(), registration.name()))
}
