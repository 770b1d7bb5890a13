//! The feed of a person's records and updates, and asking an authority anew.

use std::io::Write as _;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use eid_model::{Code, GuardedAct};
use eid_record::RecordKind;
use flate2::{Compression, write::GzEncoder};
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{account, consent::is_identifier};
use crate::{
    extract::QueryPart,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    records::{
        feed::{self, Page},
        play,
    },
    session::check_session,
};

const PATH: &str = "/v1/records";

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(refresh))
}

#[derive(Deserialize)]
struct After {
    after: Option<String>,
}

/// What is newer than a cursor, or that nothing is.
enum News {
    Page(Page),
    None,
}

/// What changed in the person's records and updates since a cursor, in the platform's order.
#[utoipa::path(
    get, path = "/v1/records", tag = "records",
    params(
        ("after" = Option<String>, Query, description = "Where the last page ended: 1 to 64 characters of base64url"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the last answer"),
        ("Accept-Encoding" = Option<String>, Header, description = "With `gzip` the answer is compressed"),
        ("Authorization" = String, Header, description = "`DPoP` and an access token of auth level 2"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Page),
        (status = 304, description = "Nothing is newer"),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
            description = "2056, 7012, 7013, 7014, 7020, 7021, 7023, 7025, 7040"),
    )
)]
async fn list(
    State(platform): State<Shared>,
    headers: HeaderMap,
    query: Result<QueryPart<After>, Refusal>,
) -> Result<Response, Refusal> {
    let QueryPart(After { after }) = query?;
    let gzip = accepts_gzip(&headers);
    let (news, head) = platform.call(move |platform, tx| look(platform, tx, &headers, after.as_deref())).await?;
    let etag = (header::ETAG, format!("\"{head}\""));
    match news {
        News::None => Ok((StatusCode::NOT_MODIFIED, [etag]).into_response()),
        News::Page(page) => {
            let json = serde_json::to_vec(&page).map_err(|_| Refusal::fault())?;
            let common = [etag, (header::CONTENT_TYPE, "application/json".to_owned())];
            let mut response = if gzip {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(&json).map_err(|_| Refusal::fault())?;
                let packed = encoder.finish().map_err(|_| Refusal::fault())?;
                (common, [(header::CONTENT_ENCODING, "gzip")], packed).into_response()
            } else {
                (common, json).into_response()
            };
            response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
            Ok(response)
        }
    }
}

fn look(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    after: Option<&str>,
) -> Result<(News, String), Refusal> {
    let pid = reader(platform, tx, headers, "GET", PATH)?;
    let unknown = Refusal::new(StatusCode::GONE, Code::CURSOR_UNKNOWN);
    play::catch_up(platform, tx, &pid)?;
    let place = match after {
        Some(text) if !is_identifier(text) => return Err(Refusal::invalid_request()),
        Some(text) => feed::place(platform, tx, &pid, text)?.ok_or(unknown)?,
        None => 0,
    };
    let head = feed::cursor(platform, tx, &pid, feed::head(tx, &pid)?)?;
    if has_all(headers, &head) {
        return Ok((News::None, head));
    }
    Ok((News::Page(feed::page(platform, tx, &pid, place)?), head))
}

/// Who reads his records in this session: his number.
fn reader(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    method: &str,
    path: &str,
) -> Result<String, Refusal> {
    let (session, _) = check_session(platform, tx, headers, method, path)?;
    session.require(platform, tx, GuardedAct::ViewWallet)?;
    Ok(account::find_person(platform, tx, &session.account)?.pid.as_str().to_owned())
}

/// True if one of the entity tags that a client has is that of this head (RFC 9110 section 13.1.2).
fn has_all(headers: &HeaderMap, head: &str) -> bool {
    let mut tags = texts(headers, header::IF_NONE_MATCH);
    tags.any(|tag| tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"') == head)
}

/// True if the client says that it reads gzip (RFC 9110 section 12.5.3); `*` is not taken for it.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    texts(headers, header::ACCEPT_ENCODING).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn texts(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[derive(Serialize, ToSchema)]
struct Asked {
    /// When the answer will be in the feed.
    due_at: i64,
}

/// Asks the authority of a kind anew. Its answer comes by the feed.
#[utoipa::path(
    post, path = "/v1/records/{kind}/refresh", tag = "records",
    params(
        ("kind" = String, Path, description = "The name of a kind of records"),
        ("Authorization" = String, Header, description = "`DPoP` and an access token of auth level 2"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 202, body = Asked),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
            description = "2056, 7012, 7013, 7014, 7020, 7021, 7023, 7025"),
    )
)]
async fn refresh(
    State(platform): State<Shared>,
    Path(kind): Path<String>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Asked>), Refusal> {
    let asked = platform.call(move |platform, tx| {
        let pid = reader(platform, tx, &headers, "POST", &format!("{PATH}/{kind}/refresh"))?;
        let unknown = Refusal::new(StatusCode::NOT_FOUND, Code::REQUEST_INVALID);
        let kind = RecordKind::from_name(&kind).map_err(|_| unknown)?;
        Ok(Asked { due_at: play::refresh(platform, tx, (&pid, kind))? })
    });
    Ok((StatusCode::ACCEPTED, Json(asked.await?)))
}
