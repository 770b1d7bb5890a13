//! Proof of possession with each request (DPoP, RFC 9449).

use axum::http::{HeaderMap, StatusCode};
use eid_crypto::{VerifyingKey, hash::sha256};
use eid_model::Code;
use rusqlite::Transaction;
use serde::Deserialize;

use crate::{
    jwt::{self, encode},
    platform::Platform,
    problem::Refusal,
};

/// The call that a proof must be made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// From the slash after the authority.
    pub(crate) path: &'a str,
    /// The access token that is sent with it.
    pub(crate) access_token: Option<&'a str>,
}

#[derive(Deserialize)]
struct Claims {
    htm: String,
    htu: String,
    iat: i64,
    jti: String,
    ath: Option<String>,
}

/// Checks the one `DPoP` header of a request (RFC 9449 section 4.3) and gives its key.
pub(crate) fn check(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    call: Call<'_>,
) -> Result<VerifyingKey, Refusal> {
    let mut values = headers.get_all("dpop").iter();
    let (Some(proof), None) = (values.next(), values.next()) else { return Err(refusal()) };
    let proof = proof.to_str().map_err(|_| refusal())?;
    let proof = jwt::verify_self_signed::<Claims>(proof, "dpop+jwt").map_err(|_| refusal())?;
    let Claims { htm, htu, iat, jti, ath } = proof.claims;
    let is_for_call = htm == call.method && htu.strip_prefix(platform.base_url.as_str()) == Some(call.path);
    let is_for_token = match call.access_token {
        Some(token) => ath == Some(encode(&sha256(token.as_bytes()))),
        None => true,
    };
    if !is_for_call || !is_for_token || !platform.is_fresh(iat) || jti.is_empty() {
        return Err(refusal());
    }
    if platform.is_first_use(tx, "dpop+jwt", &jwt::thumbprint(&proof.key), &jti, iat)? {
        Ok(proof.key)
    } else {
        Err(refusal())
    }
}

/// The proof is not good for this request.
pub(crate) fn refusal() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, Code::REQUEST_INVALID).named("invalid_dpop_proof")
}
