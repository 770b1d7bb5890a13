//! `eid-counter request`.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use eid_counter::{CounterError, Identity, Rfc3339};
use eid_crypto::{SystemRandom, random};
use eid_model::UnixTime;
use eid_proof::{Asked, QrSymbol};
use serde_json::json;

use crate::{cli::Request, open, serve::refuse};

pub(crate) fn run(options: Request) -> ExitCode {
    match ask(options).map(|text| writeln!(io::stdout(), "{text}")) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(_)) => ExitCode::from(2),
        Err(error) => refuse(error),
    }
}

fn ask(options: Request) -> Result<String, CounterError> {
    let Request { identity, purpose, photo, mut claim, reason, answer_to, at } = options;
    let identity = Identity::open(&identity)?;
    claim.sort_unstable();
    let asked = Asked { purpose, photo, claims: claim, reason, answer_to, spelling: None };
    let now = UnixTime::from_seconds(at.map_or_else(open::clock, i64::from));
    let nonce = random(&SystemRandom::new()).map_err(|_| CounterError::IdentityUnusable)?;
    let request = identity.ask(&asked, nonce, now)?;
    let text = request.text();
    if io::stderr().is_terminal()
        && let Ok(symbol) = QrSymbol::encode(&text)
    {
        // Whoever has no terminal has the text.
        writeln!(io::stderr(), "{}", symbol.to_terminal()).ok();
    }
    let nonce: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
    let expires_at = Rfc3339(request.expires_at());
    Ok(format!("{:#}", json!({"text": text, "nonce": nonce, "expires_at": expires_at})))
}
