//! Credentials: OpenID for Verifiable Credential Issuance 1.0 (metadata, nonce and credential endpoints, batches).

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use eid_crypto::{VerifyingKey, random};
use eid_model::{Code, UnixTime};
use eid_proof::{Purpose, TokenDraft, issue_token};
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::account::find_person;
use crate::{
    extract::JsonBody,
    jwt::{self, encode},
    keys::{self, ISSUER, Role},
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    session::{Session, check_session},
    status,
};

/// Tokens given out in one answer, at most.
const BATCH_SIZE: usize = 20;

/// Life of a c_nonce, in seconds.
const NONCE_LIFE: i64 = 300;

/// Life of a token, in days.
const TOKEN_DAYS: u16 = 14;

const NONCE_PATH: &str = "/openid4vci/nonce";
const CREDENTIAL_PATH: &str = "/openid4vci/credential";

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(metadata)).routes(routes!(nonce)).routes(routes!(credential))
}

#[derive(Serialize, ToSchema)]
struct Metadata {
    credential_issuer: String,
    nonce_endpoint: String,
    credential_endpoint: String,
    /// By `vn.eid.<purpose>`.
    credential_configurations_supported: BTreeMap<String, Configuration>,
    batch_credential_issuance: Batch,
}

#[derive(Serialize, ToSchema)]
struct Configuration {
    #[schema(example = "dc+sd-cwt")]
    format: &'static str,
    vct: u16,
    cryptographic_binding_methods_supported: [&'static str; 1],
    proof_types_supported: ProofTypes,
}

#[derive(Serialize, ToSchema)]
struct ProofTypes {
    jwt: ProofAlgorithms,
}

#[derive(Serialize, ToSchema)]
struct ProofAlgorithms {
    proof_signing_alg_values_supported: [&'static str; 1],
}

#[derive(Serialize, ToSchema)]
struct Batch {
    batch_size: usize,
}

/// What can be issued, and where.
#[utoipa::path(
    get, path = "/.well-known/openid-credential-issuer", tag = "credentials",
    responses((status = 200, body = Metadata))
)]
async fn metadata(State(platform): State<Shared>) -> Json<Metadata> {
    let configuration = |purpose: Purpose| Configuration {
        format: "dc+sd-cwt",
        vct: purpose.vct(),
        cryptographic_binding_methods_supported: ["jwk"],
        proof_types_supported: ProofTypes { jwt: ProofAlgorithms { proof_signing_alg_values_supported: ["ES256"] } },
    };
    Json(Metadata {
        credential_issuer: platform.base_url.clone(),
        nonce_endpoint: format!("{}{NONCE_PATH}", platform.base_url),
        credential_endpoint: format!("{}{CREDENTIAL_PATH}", platform.base_url),
        credential_configurations_supported: Purpose::ALL
            .into_iter()
            .map(|purpose| (format!("vn.eid.{}", purpose.name()), configuration(purpose)))
            .collect(),
        batch_credential_issuance: Batch { batch_size: BATCH_SIZE },
    })
}

#[derive(Serialize, ToSchema)]
struct Nonce {
    c_nonce: String,
}

/// Gives a nonce for one batch of proofs.
#[utoipa::path(
    post, path = "/openid4vci/nonce", tag = "credentials",
    responses((status = 200, body = Nonce, headers(("Cache-Control" = String, description = "no-store"))))
)]
async fn nonce(State(platform): State<Shared>) -> Result<Json<Nonce>, Refusal> {
    let made = platform.call(|platform, tx| {
        let (now, c_nonce) = (platform.clock.seconds(), encode(&random::<32>(&platform.rng)?));
        tx.execute("DELETE FROM nonces WHERE expires_at <= ?", [now])?;
        tx.execute(
            "INSERT INTO nonces (nonce, expires_at) VALUES (?, ?)",
            params![c_nonce, now.saturating_add(NONCE_LIFE)],
        )?;
        Ok(Nonce { c_nonce })
    });
    made.await.map(Json)
}

#[derive(Deserialize, ToSchema)]
struct CredentialRequest {
    #[schema(example = "vn.eid.id")]
    credential_configuration_id: String,
    proofs: Proofs,
}

#[derive(Deserialize, ToSchema)]
struct Proofs {
    /// JWTs of type `openid4vci-proof+jwt`, 1 to 20, each signed by a new key of its own.
    jwt: Vec<String>,
}

#[derive(Deserialize)]
struct ProofClaims {
    aud: String,
    iat: i64,
    nonce: String,
}

#[derive(Serialize, ToSchema)]
struct Credentials {
    /// In the order of the proofs.
    credentials: Vec<Credential>,
}

#[derive(Serialize, ToSchema)]
struct Credential {
    /// The issuer token, base64url.
    credential: String,
}

/// Issues one one-time token for each proof.
#[utoipa::path(
    post, path = "/openid4vci/credential", tag = "credentials", request_body = CredentialRequest,
    params(
        ("Authorization" = String, Header, description = "`DPoP` and the access token"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Credentials),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "5104, 7012, 7013, 7014, 7020, 7021, 7023, 7025"),
    )
)]
async fn credential(
    State(platform): State<Shared>,
    headers: HeaderMap,
    body: Result<JsonBody<CredentialRequest>, Refusal>,
) -> Result<Json<Credentials>, Refusal> {
    let JsonBody(request) = body.map_err(|refusal| refusal.named("invalid_credential_request"))?;
    let issued = platform.call(move |platform, tx| {
        let (session, _) = check_session(platform, tx, &headers, "POST", CREDENTIAL_PATH)?;
        let purpose = request.credential_configuration_id.strip_prefix("vn.eid.").and_then(Purpose::from_name);
        let purpose = purpose.ok_or(no_such_purpose("unknown_credential_configuration"))?;
        let keys = check_proofs(platform, tx, &request.proofs.jwt)?;
        issue(platform, tx, &session, purpose, &keys)
    });
    issued.await.map(Json)
}

fn no_such_purpose(error: &'static str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, Code::PURPOSE_UNKNOWN).named(error)
}

/// The keys of the proofs, once all proofs are good and their nonce is used up.
fn check_proofs(platform: &Platform, tx: &Transaction<'_>, proofs: &[String]) -> Result<Vec<VerifyingKey>, Refusal> {
    let bad_proof = Refusal::invalid_request().named("invalid_proof");
    if !(1..=BATCH_SIZE).contains(&proofs.len()) {
        return Err(bad_proof);
    }
    let mut keys = Vec::with_capacity(proofs.len());
    let mut nonces = BTreeSet::new();
    for proof in proofs {
        let proof = jwt::verify_self_signed::<ProofClaims>(proof, "openid4vci-proof+jwt").map_err(|_| bad_proof)?;
        let ProofClaims { aud, iat, nonce } = proof.claims;
        if aud != platform.base_url || !platform.is_fresh(iat) {
            return Err(bad_proof);
        }
        nonces.insert(nonce);
        keys.push(proof.key);
    }
    let now = platform.clock.seconds();
    let use_up = "DELETE FROM nonces WHERE nonce = ? AND expires_at > ?";
    let is_good = match (nonces.pop_first(), nonces.is_empty()) {
        (Some(nonce), true) => tx.execute(use_up, params![nonce, now])? == 1,
        _ => false,
    };
    if is_good {
        Ok(keys)
    } else {
        Err(Refusal::new(StatusCode::BAD_REQUEST, Code::NONCE_STALE).named("invalid_nonce"))
    }
}

fn issue(
    platform: &Platform,
    tx: &Transaction<'_>,
    session: &Session,
    purpose: Purpose,
    keys: &[VerifyingKey],
) -> Result<Credentials, Refusal> {
    let person = find_person(platform, tx, &session.account)?;
    let now = platform.clock.seconds();
    let claims = platform.register.claims(&person, now)?;
    if purpose.claims().iter().any(|claim| claims.get(*claim).is_none()) {
        return Err(no_such_purpose("credential_request_denied"));
    }
    refuse_used_keys(tx, keys)?;
    let issuer_key = keys::active(tx, Role::Proof)?;
    let mut credentials = Vec::with_capacity(keys.len());
    for key in keys {
        let (list, place) = status::find_place(tx, &platform.rng)?;
        let draft = TokenDraft {
            purpose,
            issuer: ISSUER,
            claims: &claims,
            holder_key: key,
            issued_at: UnixTime::from_seconds(now),
            valid_days: TOKEN_DAYS,
            status: Some(status::reference((list, place))),
        };
        let token = issue_token(&draft, &issuer_key, &platform.rng).map_err(|_| Refusal::fault())?;
        tx.execute(
            "INSERT INTO tokens (key, account, device, list, place) VALUES (?, ?, ?, ?, ?)",
            params![jwt::thumbprint(key), session.account, session.device, list, place],
        )?;
        credentials.push(Credential { credential: encode(&token) });
    }
    Ok(Credentials { credentials })
}

/// Each token has a key of its own, so that two counters cannot tell that they saw the same person.
fn refuse_used_keys(tx: &Transaction<'_>, keys: &[VerifyingKey]) -> Result<(), Refusal> {
    let mut known = tx.prepare("SELECT 1 FROM tokens WHERE key = ?1 UNION SELECT 1 FROM devices WHERE key = ?1")?;
    let mut batch = BTreeSet::new();
    for key in keys {
        if !batch.insert(key) || known.exists([jwt::thumbprint(key)])? {
            return Err(Refusal::invalid_request().named("invalid_proof"));
        }
    }
    Ok(())
}
