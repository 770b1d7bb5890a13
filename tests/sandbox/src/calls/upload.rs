//! Evidence on its way to the authorities: resumable uploads (draft-ietf-httpbis-resumable-upload-12), each piece by its content.

use std::{future::poll_fn, pin::Pin};

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use eid_model::Code;
use rusqlite::Transaction;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    evidence_store::{self as store, Offer, Upload},
    jwt::{decode, encode},
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    session::check_session,
};

const PATH: &str = "/v1/evidence";

/// Most bytes of one request.
const MOST_AT_ONCE: usize = 1 << 20;

/// What arrived is put down in pieces of this size, so that a link that dies loses less than one of them.
const PIECE: usize = 16 * 1024;

const COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const DIGEST: HeaderName = HeaderName::from_static("repr-digest");

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(offer)).routes(routes!(stand, append))
}

/// Offers a piece of evidence. One that was offered before goes on where it was.
#[utoipa::path(
    post, path = "/v1/evidence", tag = "records",
    params(
        ("Upload-Length" = u64, Header, description = "Of the whole piece: at most 8 MiB"),
        ("Upload-Complete" = String, Header, description = "`?0`"),
        ("Repr-Digest" = String, Header, description = "`sha-256=:…:` of the whole piece (RFC 9530)"),
        ("Content-Type" = String, Header, description = "`image/jpeg` or `application/pdf`"),
        ("Authorization" = String, Header, description = "`DPoP` and the access token"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 201, description = "It is to be sent", headers(("Location" = String), ("Upload-Offset" = u64), ("Upload-Complete" = String))),
        (status = 200, description = "It is here", headers(("Location" = String), ("Upload-Offset" = u64), ("Upload-Complete" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
            description = "7012, 7013, 7014, 7020, 7021, 7023, 7025, 7045"),
    )
)]
async fn offer(State(platform): State<Shared>, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    // The content comes by PATCH alone.
    to_bytes(body, 0).await.map_err(|_| Refusal::invalid_request())?;
    let offered = platform.call(move |platform, tx| {
        let (session, _) = check_session(platform, tx, &headers, "POST", PATH)?;
        let digest = digest(&headers)?;
        let length = number(&headers, LENGTH)?;
        if is_complete(&headers)? {
            return Err(Refusal::invalid_request());
        }
        let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let now = platform.clock.seconds();
        let upload = store::offer(tx, (&session.account, &digest), &Offer { length, media }, now)?;
        Ok((upload, digest))
    });
    let (upload, digest) = offered.await?;
    let status = if upload.is_complete { StatusCode::OK } else { StatusCode::CREATED };
    let location = (header::LOCATION, format!("{PATH}/{}", encode(&digest)));
    Ok((status, [location], head(&upload)).into_response())
}

/// How far a piece is.
#[utoipa::path(
    head, path = "/v1/evidence/{digest}", tag = "records",
    params(
        ("digest" = String, Path, description = "SHA-256 of the piece: base64url"),
        ("Authorization" = String, Header, description = "`DPoP` and the access token"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 204, headers(("Upload-Offset" = u64), ("Upload-Complete" = String), ("Upload-Length" = u64))),
        (status = "4XX", description = "7012, 7013, 7014, 7020, 7021, 7023, 7025"),
    )
)]
async fn stand(
    State(platform): State<Shared>,
    Path(digest): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let known = platform.call(move |platform, tx| find(platform, tx, &headers, "HEAD", &digest));
    let (_, _, upload) = known.await?;
    Ok((StatusCode::NO_CONTENT, head(&upload), [(LENGTH, upload.length.to_string())]).into_response())
}

/// Sends bytes of a piece. What arrived before a link died is kept.
#[utoipa::path(
    patch, path = "/v1/evidence/{digest}", tag = "records",
    request_body(content = Vec<u8>, content_type = "application/partial-upload", description = "At most 1 MiB"),
    params(
        ("digest" = String, Path, description = "SHA-256 of the piece: base64url"),
        ("Upload-Offset" = u64, Header, description = "Where these bytes begin"),
        ("Upload-Complete" = String, Header, description = "`?1` with the last ones, otherwise `?0`"),
        ("Authorization" = String, Header, description = "`DPoP` and the access token"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 204, headers(("Upload-Offset" = u64), ("Upload-Complete" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
            description = "7012, 7013, 7014, 7020, 7021, 7023, 7025, 7045, 7047"),
    )
)]
async fn append(
    State(platform): State<Shared>,
    Path(digest): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    // On a task of its own: whoever hangs up takes this call down, and not what has arrived.
    let taken = tokio::spawn(take(platform, digest, headers, body));
    taken.await.unwrap_or(Err(Refusal::fault()))
}

async fn take(platform: Shared, digest: String, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let opened = Shared::clone(&platform).call(move |platform, tx| {
        let (account, digest, upload) = find(platform, tx, &headers, "PATCH", &digest)?;
        if headers.get(header::CONTENT_TYPE).is_none_or(|media| media != "application/partial-upload") {
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::REQUEST_INVALID));
        }
        Ok((account, digest, upload, number(&headers, OFFSET)?, is_complete(&headers)?))
    });
    let (account, digest, upload, offset, is_last) = opened.await?;
    if upload.is_complete || offset != upload.offset {
        let elsewhere = Refusal::new(StatusCode::CONFLICT, Code::UPLOAD_OFFSET);
        return Ok((head(&upload), elsewhere).into_response());
    }
    let mut taking = Taking { platform, account, digest, offset };
    taking.read(body).await?;
    taking.finish(is_last).await
}

/// Bytes that are being put down.
struct Taking {
    platform: Shared,
    account: String,
    digest: [u8; 32],
    offset: i64,
}

impl Taking {
    async fn read(&mut self, mut body: Body) -> Result<(), Refusal> {
        let (mut held, mut total) = (Vec::new(), 0_usize);
        let done = loop {
            match poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
                None => break Ok(()),
                Some(Ok(frame)) => {
                    let Ok(bytes) = frame.into_data() else { continue };
                    total = total.saturating_add(bytes.len());
                    if total > MOST_AT_ONCE {
                        break Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, Code::EVIDENCE_REFUSED));
                    }
                    held.extend_from_slice(&bytes);
                    if held.len() >= PIECE {
                        self.put_down(std::mem::take(&mut held)).await?;
                    }
                }
                Some(Err(_)) => break Err(Refusal::invalid_request()),
            }
        };
        if !held.is_empty() {
            self.put_down(held).await?;
        }
        done
    }

    async fn put_down(&mut self, bytes: Vec<u8>) -> Result<(), Refusal> {
        let (account, digest, offset) = (self.account.clone(), self.digest, self.offset);
        let put =
            Shared::clone(&self.platform).call(move |_, tx| store::append(tx, (&account, &digest), offset, &bytes));
        self.offset = put.await?;
        Ok(())
    }

    async fn finish(self, is_last: bool) -> Result<Response, Refusal> {
        let Self { platform, account, digest, offset } = self;
        let finished = platform.call(move |_, tx| match is_last {
            true => store::finish(tx, (&account, &digest)),
            false => Ok(()),
        });
        finished.await?;
        let upload = Upload { offset, length: offset, is_complete: is_last };
        Ok((StatusCode::NO_CONTENT, head(&upload)).into_response())
    }
}

/// The piece of a call, of the session's own account.
fn find(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    method: &str,
    digest: &str,
) -> Result<(String, [u8; 32], Upload), Refusal> {
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, Code::REQUEST_INVALID);
    let (session, _) = check_session(platform, tx, headers, method, &format!("{PATH}/{digest}"))?;
    let sha256: [u8; 32] = decode(digest).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(unknown)?;
    let upload = store::find(tx, (&session.account, &sha256))?.ok_or_else(unknown)?;
    Ok((session.account, sha256, upload))
}

fn head(upload: &Upload) -> [(HeaderName, String); 2] {
    let complete = if upload.is_complete { "?1" } else { "?0" };
    [(COMPLETE, complete.to_owned()), (OFFSET, upload.offset.to_string())]
}

/// SHA-256 of the whole piece (RFC 9530; a dictionary of byte sequences, RFC 9651).
fn digest(headers: &HeaderMap) -> Result<[u8; 32], Refusal> {
    let value = headers.get(DIGEST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut members = value.split(',').map(str::trim);
    let digest = members.find_map(|member| member.strip_prefix("sha-256=:")?.strip_suffix(':'));
    let bytes = digest.and_then(|digest| STANDARD.decode(digest).ok());
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(Refusal::invalid_request())
}

fn number(headers: &HeaderMap, name: HeaderName) -> Result<i64, Refusal> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    let digits = value.filter(|value| value.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).ok_or(Refusal::invalid_request())
}

fn is_complete(headers: &HeaderMap) -> Result<bool, Refusal> {
    match headers.get(COMPLETE).map(|value| value.as_bytes()) {
        Some(b"?1") => Ok(true),
        Some(b"?0") => Ok(false),
        _ => Err(Refusal::invalid_request()),
    }
}
