//! Challenges for instructions: what the platform signed itself, so that it need not remember them.

use axum::{Json, extract::State};
use eid_crypto::{Hasher, Random, random};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::JsonBody,
    jwt::{decode, encode},
    platform::Shared,
    problem::{Problem, Refusal},
};

/// Life of a challenge, in seconds.
const LIFE: i64 = 60;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(challenge))
}

#[derive(Deserialize, ToSchema)]
struct ChallengeRequest {}

#[derive(Serialize, ToSchema)]
struct Challenge {
    /// Visible ASCII.
    challenge: String,
    expires_at: i64,
}

/// Gives a challenge for one instruction.
#[utoipa::path(
    post, path = "/v1/challenge", tag = "instructions", request_body = ChallengeRequest,
    responses(
        (status = 200, body = Challenge, headers(("Cache-Control" = String, description = "no-store"))),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn challenge(
    State(platform): State<Shared>,
    JsonBody(ChallengeRequest {}): JsonBody<ChallengeRequest>,
) -> Result<Json<Challenge>, Refusal> {
    let now = platform.clock.seconds();
    let challenge = make(&platform.secrets.challenges, &platform.rng, now)?;
    Ok(Json(Challenge { challenge, expires_at: now.saturating_add(LIFE) }))
}

/// The time, a random number, and a keyed hash of both.
fn make(key: &Hasher, rng: &dyn Random, now: i64) -> Result<String, Refusal> {
    let mut bytes = now.to_be_bytes().to_vec();
    bytes.extend(random::<16>(rng)?);
    let tag = key.keyed_hash(&[&bytes]);
    bytes.extend(tag);
    Ok(encode(&bytes))
}

/// True for a challenge of ours that is not older than [`LIFE`].
pub(crate) fn is_good(key: &Hasher, challenge: &str, now: i64) -> bool {
    let Ok(bytes) = decode(challenge) else { return false };
    let Some((signed, tag)) = bytes.split_last_chunk::<32>() else { return false };
    let Some((time, nonce)) = signed.split_first_chunk::<8>() else { return false };
    let made = i64::from_be_bytes(*time);
    let is_ours = bool::from(key.keyed_hash(&[signed]).ct_eq(tag));
    is_ours && nonce.len() == 16 && (0..=LIFE).contains(&now.saturating_sub(made))
}

#[cfg(test)]
mod tests {
    use eid_crypto::{SecretKey, SystemRandom};

    use super::*;

    #[test]
    fn challenge_is_good_for_its_key_and_time_only() {
        let rng = SystemRandom::new();
        let [key, other] = [0, 1].map(|_| Hasher::new(&SecretKey::make(&rng).unwrap()));
        let challenge = make(&key, &rng, 1_000).unwrap();
        assert!(challenge.len() <= 256 && challenge.bytes().all(|byte| byte.is_ascii_graphic()));
        for (now, good) in [(999, false), (1_000, true), (1_060, true), (1_061, false), (i64::MIN, false)] {
            assert_eq!(is_good(&key, &challenge, now), good, "{now}");
        }
        assert!(!is_good(&other, &challenge, 1_000));
        let bytes = decode(&challenge).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(!is_good(&key, &encode(&changed), 1_000), "byte {at}");
        }
        for bad in ["", "x", "AAAA", &format!("{challenge}AA"), &encode(&[0; 56])] {
            assert!(!is_good(&key, bad, 1_000), "{bad}");
        }
    }
}
