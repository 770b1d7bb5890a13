//! Answers to service counters (gửi câu trả lời cho quầy). A counter is no platform: what vouches for the line to it is its
//! registration, by the key that the registrar signed. No authority of the web, no root of the phone and no exception is needed
//! for that, and none of them is asked.

use core::time::Duration;

use eid_crypto::VerifyingKey;
use reqwest::header::CONTENT_TYPE;
use rustls::{
    RootCertStore,
    pki_types::{Der, TrustAnchor},
};
use tokio::time::Instant;

use crate::{
    PlatformError,
    http::{Expected, answer, client, tls},
};

/// The name under which a registered key signs the certificate of its counter's line, "eID Core counter": the content of an X.501
/// name of one attribute, `commonName`, in UTF-8.
const AUTHORITY_NAME: &[u8] = b"\x31\x19\x30\x17\x06\x03\x55\x04\x03\x0c\x10eID Core counter";

/// What comes before a P-256 point in the content of a `SubjectPublicKeyInfo` (RFC 5480).
const P256_KEY: &[u8] =
    b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

/// The media type of a proof (draft-ietf-spice-sd-cwt).
const PROOF: &str = "application/kb+cwt";

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);

/// In all: the holder stands at the counter, and the code on his screen is the other way.
const TOTAL: Duration = Duration::from_secs(10);

/// Sends a proof to the address of a counter's request, whose host `eid-proof` found to be the registered one. Done once the counter
/// says that it took it; whether it liked it is between officer and holder.
///
/// The other side must show a certificate for the address's host that `counter`, the registered key, signed as
/// authority (`core/docs/proof-format.md`). Nothing is followed elsewhere. If the connection breaks off the same bytes are sent once more: counters
/// take the same answer twice. At most ten seconds in all; a dropped future abandons it, and the counter may have it.
///
/// # Errors
/// [`PlatformError::Untrusted`] for another key or host; [`PlatformError::Refused`] or [`PlatformError::Nonsense`] if it was not
/// taken; [`PlatformError::Unreachable`], [`PlatformError::Interrupted`], [`PlatformError::Timeout`], [`PlatformError::Busy`].
pub async fn send_answer(address: &str, counter: &VerifyingKey, proof: &[u8]) -> Result<(), PlatformError> {
    let client = client(tls(roots(counter))?, CONNECT)?;
    let began = Instant::now();
    let send = || {
        let left = TOTAL.saturating_sub(began.elapsed());
        let request = client.post(address).header(CONTENT_TYPE, PROOF).body(proof.to_vec()).timeout(left);
        async move { answer(request, &Expected::head(204)).await.map(drop) }
    };
    match send().await {
        Err(PlatformError::Interrupted) => send().await,
        done => done,
    }
}

/// The registered key as the one authority.
fn roots(counter: &VerifyingKey) -> RootCertStore {
    let key: Vec<u8> = P256_KEY.iter().chain(counter.sec1()).copied().collect();
    let anchor = TrustAnchor {
        subject: Der::from_slice(AUTHORITY_NAME),
        subject_public_key_info: Der::from(key),
        name_constraints: None,
    };
    RootCertStore { roots: vec![anchor] }
}
