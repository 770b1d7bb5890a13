//! Evidence: pieces by their content, on from where they stopped, and nothing that is not what it was said to be.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::Method,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::hash::sha256;
use eid_model::Pid;
use http_body::Frame;
use serde_json::json;

use crate::{
    citizen::{Citizen, stand},
    support::{HANH, HOA, URL, World, jti, jwt, request},
};

/// A JPEG by its first bytes, of this length.
fn picture(length: usize) -> Vec<u8> {
    let noise = (0..=250_u8).cycle();
    b"\xff\xd8\xff\xe0".iter().copied().chain(noise).take(length).collect()
}

/// A body of which so much arrives, and then the link dies.
struct Dying(vec::IntoIter<Bytes>);

impl HttpBody for Dying {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let next = self.0.next().map(Frame::data);
        Poll::Ready(Some(next.ok_or_else(|| io::ErrorKind::ConnectionReset.into())))
    }
}

fn standing(status: u16, offset: usize, complete: &str) -> (u16, String, String) {
    (status, offset.to_string(), complete.to_owned())
}

#[tokio::test]
async fn piece_arrives_in_parts_and_goes_on_from_where_it_stopped() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let bytes = picture(100_000);
    let digest = sha256(&bytes);
    let offered = citizen.offer(bytes.len(), &digest, "image/jpeg").await;
    assert_eq!(stand(&offered), standing(201, 0, "?0"));
    let location = format!("/v1/evidence/{}", URL_SAFE_NO_PAD.encode(digest));
    assert_eq!(offered.headers["location"], location.as_str());
    assert_eq!(stand(&citizen.append(&digest, 0, &bytes[..40_000], false).await), standing(204, 40_000, "?0"));
    assert_eq!(citizen.stand(&digest).await, standing(204, 40_000, "?0"));
    assert_eq!(stand(&citizen.offer(bytes.len(), &digest, "image/jpeg").await), standing(201, 40_000, "?0"), "again");
    for wrong in [0, 39_999, 40_001] {
        let answer = citizen.append(&digest, wrong, &bytes[40_000..], true).await;
        assert_eq!((answer.refusal().1, stand(&answer)), (7047, standing(409, 40_000, "?0")), "{wrong}");
    }
    assert_eq!(stand(&citizen.append(&digest, 40_000, &bytes[40_000..], true).await), standing(204, 100_000, "?1"));
    assert_eq!(stand(&citizen.append(&digest, 40_000, &bytes[40_000..], true).await), standing(409, 100_000, "?1"));
    assert_eq!(stand(&citizen.offer(bytes.len(), &digest, "image/jpeg").await), standing(200, 100_000, "?1"));
    let kept = world.sandbox.evidence(&Pid::parse(HANH.0).unwrap(), &digest).unwrap();
    assert_eq!(kept, Some(bytes));
}

#[tokio::test]
async fn bytes_of_a_link_that_died_are_kept() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let bytes = picture(200_000);
    let digest = sha256(&bytes);
    citizen.offer(bytes.len(), &digest, "image/jpeg").await;
    let path = format!("/v1/evidence/{}", URL_SAFE_NO_PAD.encode(digest));
    let token = citizen.token().await;
    let claims = json!({
        "htm": "PATCH", "htu": format!("{URL}{path}"), "iat": world.now(), "jti": jti(),
        "ath": URL_SAFE_NO_PAD.encode(sha256(token.as_bytes())),
    });
    let (authorization, dpop) = (format!("DPoP {token}"), jwt("dpop+jwt", &claims, &citizen.phone.key));
    let headers = [
        ("authorization", authorization.as_str()),
        ("dpop", dpop.as_str()),
        ("upload-offset", "0"),
        ("upload-complete", "?1"),
        ("content-type", "application/partial-upload"),
    ];
    let arrived = vec![Bytes::from(bytes[..70_000].to_vec()), Bytes::from(bytes[70_000..70_001].to_vec())];
    let body = Body::new(Dying(arrived.into_iter()));
    assert_eq!(world.send(request(Method::PATCH, &path, &headers, body)).await.status, 400);
    assert_eq!(citizen.stand(&digest).await, standing(204, 70_001, "?0"));
    // Whoever hangs up while the last bytes are under way loses nothing either.
    let rest = citizen.append(&digest, 70_001, &bytes[70_001..], true);
    tokio::time::timeout(Duration::from_millis(30), rest).await.ok();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (_, offset, complete) = citizen.stand(&digest).await;
    assert!([("70001", "?0"), ("200000", "?1")].contains(&(offset.as_str(), complete.as_str())), "{offset} {complete}");
}

#[tokio::test]
async fn piece_that_is_not_what_it_was_said_to_be_is_dropped() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let (good, program) = (picture(1_000), b"MZ this is no picture".to_vec());
    for (bytes, digest, media) in [
        (&good, sha256(b"another"), "image/jpeg"),
        (&good, sha256(&good), "application/pdf"),
        (&program, sha256(&program), "image/jpeg"),
    ] {
        assert_eq!(citizen.offer(bytes.len(), &digest, media).await.status, 201);
        let answer = citizen.append(&digest, 0, bytes, true).await;
        assert_eq!(answer.refusal(), (400, 7045, None));
        assert_eq!(citizen.stand(&digest).await.0, 404, "dropped");
    }
    let pdf = b"%PDF-1.7 of nothing";
    citizen.upload(pdf, "application/pdf").await;
    // A part that begins well does not make the whole good, and one byte too many is not taken.
    let digest = sha256(&good);
    citizen.offer(good.len() - 1, &digest, "image/jpeg").await;
    assert_eq!(citizen.append(&digest, 0, &good, false).await.refusal(), (400, 7045, None));
    assert_eq!(citizen.append(&digest, 0, &good[..10], true).await.refusal(), (400, 7013, None), "too few");
    assert_eq!(citizen.stand(&digest).await, standing(204, 10, "?0"));
}

#[tokio::test]
async fn offer_beyond_the_bounds_or_without_sense_is_refused() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let refused = (400, 7045, None);
    for (length, media) in [(0, "image/jpeg"), ((8 << 20) + 1, "image/jpeg"), (5, "image/png"), (5, "text/html")] {
        assert_eq!(citizen.offer(length, &[1; 32], media).await.refusal(), refused, "{length} {media}");
    }
    assert_eq!(citizen.offer(8 << 20, &[1; 32], "image/jpeg").await.status, 201);
    assert_eq!(citizen.offer(7, &[1; 32], "image/jpeg").await.refusal(), refused, "another length of the same content");
    for byte in 2..=64 {
        assert_eq!(citizen.offer(8 << 20, &[byte; 32], "image/jpeg").await.status, 201);
    }
    assert_eq!(citizen.offer(1, &[99; 32], "image/jpeg").await.refusal(), (413, 7045, None), "512 MiB are held");
    world.wait(61 * 86_400);
    assert_eq!(citizen.offer(1, &[99; 32], "image/jpeg").await.status, 201, "what was never sent is forgotten");
    let too_much = citizen.offer(2 << 20, &[100; 32], "image/jpeg").await;
    assert_eq!(too_much.status, 201);
    let answer = citizen.append(&[100; 32], 0, &picture((1 << 20) + 1), false).await;
    assert_eq!(answer.refusal(), (413, 7045, None));
    let digest = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    let good =
        [("upload-length", "5"), ("upload-complete", "?0"), ("repr-digest", digest), ("content-type", "image/jpeg")];
    for (at, value) in [(0, "-1"), (0, "5.0"), (1, "?1"), (1, "0"), (2, "sha-256=AA"), (2, "sha-512=:AA==:")] {
        let mut headers = good;
        headers[at].1 = value;
        let answer = citizen.call(Method::POST, "/v1/evidence", &headers, Vec::new()).await;
        assert_eq!(answer.refusal(), (400, 7013, None), "{value}");
    }
    let with_content = citizen.call(Method::POST, "/v1/evidence", &good, vec![1]).await;
    assert_eq!(with_content.refusal(), (400, 7013, None));
    assert_eq!(citizen.call(Method::POST, "/v1/evidence", &good, Vec::new()).await.status, 201);
}

#[tokio::test]
async fn piece_of_another_account_is_not_there() {
    let world = World::new();
    let (citizen, other) = (Citizen::new(&world, HANH).await, Citizen::new(&world, HOA).await);
    let bytes = picture(500);
    citizen.upload(&bytes, "image/jpeg").await;
    let digest = sha256(&bytes);
    assert_eq!(other.stand(&digest).await.0, 404);
    assert_eq!(other.append(&digest, 0, &bytes, true).await.refusal(), (404, 7013, None));
    assert_eq!(stand(&other.offer(500, &digest, "image/jpeg").await), standing(201, 0, "?0"));
    let path = format!("/v1/evidence/{}", URL_SAFE_NO_PAD.encode(digest));
    assert_eq!(world.send(request(Method::PATCH, &path, &[], bytes)).await.refusal().0, 401);
}
