//! The face: opened, compared with the card's picture, and forgotten.

use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse as _,
};
use eid_crypto::{hash::sha256, hpke};
use eid_model::Code;
use rusqlite::{OptionalExtension as _, Transaction, params};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Attempt, Next, OUT_OF_ORDER};
use crate::{
    face::{FacePicture, FaceVerdict},
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

/// Largest body of this call, in bytes.
pub(crate) const BODY_LIMIT: usize = 3 << 20;

/// What pictures are sealed for.
const INFO: &[u8] = b"eid-face 1";

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(show_face)).layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// Compares the holder's face with the picture on the card, or after a voucher with the register's portrait.
#[utoipa::path(
    post, path = "/v1/activation/{id}/face", tag = "activation",
    request_body(content = Vec<u8>, content_type = "application/octet-stream",
        description = "65 bytes of encapsulated key and the ciphertext (RFC 9180) of a byte that names the kind, and the picture or clip"),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Next),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
            description = "2043, 2044, 2045, 7011, 7013, 7018"),
    )
)]
async fn show_face(
    State(platform): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Next>, Refusal> {
    let sealed = read_body(&headers, body)?;
    let fingerprint = sha256(&sealed);
    let activation = id.clone();
    let due = Shared::clone(&platform).call(move |platform, tx| begin(platform, tx, &activation, &fingerprint)).await?;
    let reference = match due {
        Due::Face { reference } => reference,
        Due::Answered(next) => return Ok(Json(next)),
    };
    let aad = id.clone();
    // Not in the database's turn: pictures take their time.
    let compared =
        Shared::clone(&platform).blocking(move |platform| compare(platform, &aad, &sealed, &reference)).await;
    platform.call(move |platform, tx| finish(platform, tx, &id, &fingerprint, compared)).await.map(Json)
}

/// The sealed picture in a request.
pub(crate) fn read_body(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    let sealed = body.map_err(|rejection| unreadable(rejection.into_response().status()))?;
    match headers.get(header::CONTENT_TYPE) {
        Some(kind) if kind == "application/octet-stream" => Ok(sealed),
        _ => Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::REQUEST_INVALID)),
    }
}

/// Opens a picture that was sealed for what `aad` names, and compares it.
pub(crate) fn compare(platform: &Platform, aad: &str, sealed: &[u8], reference: &[u8]) -> Result<FaceVerdict, Refusal> {
    let opened = hpke::open(&platform.secrets.face, INFO, aad.as_bytes(), sealed);
    let taken = opened.ok().and_then(FacePicture::parse).ok_or(Refusal::invalid_request())?;
    Ok(platform.matcher.compare(reference, &taken))
}

fn unreadable(status: StatusCode) -> Refusal {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(status, Code::REQUEST_INVALID),
        _ => Refusal::invalid_request(),
    }
}

enum Due {
    /// A picture to compare with this one.
    Face { reference: Vec<u8> },
    /// Nothing: it was done before.
    Answered(Next),
}

/// Takes the try that this picture may cost, so that pictures sent at once cost one each.
fn begin(platform: &Platform, tx: &Transaction<'_>, id: &str, fingerprint: &[u8; 32]) -> Result<Due, Refusal> {
    let attempt = Attempt::load(platform, tx, id)?;
    if attempt.is_matched {
        return Ok(Due::Answered(attempt.after_face()));
    }
    if !attempt.is_shown() || attempt.used {
        return Err(OUT_OF_ORDER);
    }
    let last = "SELECT face FROM activations WHERE id = ?";
    let last = tx.query_row(last, [id], |row| row.get::<_, Option<[u8; 32]>>(0)).optional()?.flatten();
    if last == Some(*fingerprint) {
        return Err(not_matched(attempt.face_tries));
    }
    let take = "UPDATE activations SET face_tries = face_tries - 1 WHERE id = ? AND face_tries > 0";
    if tx.execute(take, [id])? == 0 {
        return Err(not_matched(0));
    }
    let held = platform.faces.find(id).filter(|_| attempt.card.is_some());
    let portrait = || attempt.person(platform, tx).map(|citizen| citizen.person.large_portrait().to_vec());
    Ok(Due::Face { reference: held.map_or_else(portrait, Ok)? })
}

fn finish(
    platform: &Platform,
    tx: &Transaction<'_>,
    id: &str,
    fingerprint: &[u8; 32],
    compared: Result<FaceVerdict, Refusal>,
) -> Result<Next, Refusal> {
    let give_back = "UPDATE activations SET face_tries = face_tries + 1 WHERE id = ?";
    match compared {
        Ok(FaceVerdict::Same) => {
            tx.execute("UPDATE activations SET face_matched = 1 WHERE id = ?", [id])?;
            platform.faces.forget(id);
            Ok(Attempt::load(platform, tx, id)?.after_face())
        }
        Ok(FaceVerdict::Other) => {
            tx.execute("UPDATE activations SET face = ? WHERE id = ?", params![fingerprint, id])?;
            let left = Attempt::load(platform, tx, id)?.face_tries;
            if left == 0 {
                platform.faces.forget(id);
            }
            Err(not_matched(left))
        }
        Ok(FaceVerdict::Unusable) => {
            tx.execute(give_back, [id])?;
            Err(Refusal::new(StatusCode::BAD_REQUEST, Code::FACE_UNUSABLE))
        }
        Err(refusal) => {
            tx.execute(give_back, [id])?;
            Err(refusal)
        }
    }
}

pub(crate) fn not_matched(left: u8) -> Refusal {
    match left {
        0 => Refusal::new(StatusCode::FORBIDDEN, Code::FACE_TRIES_SPENT),
        left => Refusal::new(StatusCode::BAD_REQUEST, Code::FACE_NOT_MATCHED).tries_left(left),
    }
}
