//! What a phone read of the card: checked again from the first byte.

use axum::{
    Json,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
};
use eid_chip::reader::FileId;
use eid_model::Code;
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Attempt, OUT_OF_ORDER};
use crate::{
    evidence::CardEvidence,
    extract::JsonBody,
    jwt::decode,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

/// Largest body of this call, in bytes.
const BODY_LIMIT: usize = 256 * 1024;

/// Cards that may be sent in one activation.
const UPLOADS: u32 = 10;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(show_card)).layer(DefaultBodyLimit::max(BODY_LIMIT))
}

#[derive(Deserialize, ToSchema)]
struct CardRequest {
    files: CardFiles,
    /// The chip's answer to this activation's `chip_challenge` (Active Authentication), base64url.
    active_signature: String,
}

/// Files of the chip as they were read, each base64url.
#[derive(Deserialize, ToSchema)]
struct CardFiles {
    sod: Option<String>,
    dg1: Option<String>,
    dg2: Option<String>,
    dg13: Option<String>,
    dg14: Option<String>,
    dg15: Option<String>,
    /// Unsigned; taken and not looked at.
    com: Option<String>,
    /// Unsigned; taken and not looked at.
    card_access: Option<String>,
    /// Taken and not looked at.
    card_security: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Next {
    /// The step that is due.
    #[schema(example = "face")]
    pub(super) next: &'static str,
}

impl CardRequest {
    fn read(&self) -> Result<CardEvidence, Refusal> {
        let bytes = |text: &str| decode(text).map_err(|_| Refusal::invalid_request());
        let CardFiles { sod, dg1, dg2, dg13, dg14, dg15, com, card_access, card_security } = &self.files;
        for unused in [com, card_access, card_security].into_iter().flatten() {
            bytes(unused)?;
        }
        let named = [
            (FileId::Sod, sod),
            (FileId::Dg1, dg1),
            (FileId::Dg2, dg2),
            (FileId::Dg13, dg13),
            (FileId::Dg14, dg14),
            (FileId::Dg15, dg15),
        ];
        let mut files = Vec::new();
        for (id, text) in named {
            if let Some(text) = text {
                files.push((id, bytes(text)?));
            }
        }
        Ok(CardEvidence { files, signature: bytes(&self.active_signature)? })
    }
}

/// Takes what was read of the card. The same again gives the same answer.
#[utoipa::path(
    post, path = "/v1/activation/{id}/card", tag = "activation", request_body = CardRequest,
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Next),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
            description = "6006 to 6067 except those of the link, 7010, 7011, 7013, 7015, 7018, 7022, 7023, 7024"),
    )
)]
async fn show_card(
    State(platform): State<Shared>,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<CardRequest>,
) -> Result<Json<Next>, Refusal> {
    let evidence = request.read()?;
    let card = evidence.fingerprint();
    let activation = id.clone();
    let begun = Shared::clone(&platform).call(move |platform, tx| begin(platform, tx, &activation, &card)).await?;
    if let Some(attempt) = begun {
        // Not in the database's turn: signatures take their time.
        Shared::clone(&platform).work(move |platform| check(platform, &attempt, &evidence)).await?;
        platform.call(move |_, tx| accept(tx, &id, &card)).await?;
    }
    Ok(Json(Next { next: "face" }))
}

/// The activation, if this card has still to be looked at. Each look is counted before it is taken.
fn begin(platform: &Platform, tx: &Transaction<'_>, id: &str, card: &[u8; 32]) -> Result<Option<Attempt>, Refusal> {
    let attempt = Attempt::load(platform, tx, id)?;
    if attempt.card.as_ref() == Some(card) {
        return Ok(None);
    }
    if attempt.used {
        return Err(OUT_OF_ORDER);
    }
    let count = "UPDATE activations SET card_uploads = card_uploads + 1 WHERE id = ? AND card_uploads < ?";
    if tx.execute(count, params![id, UPLOADS])? == 0 {
        let wait = attempt.expires_at.saturating_sub(platform.clock.seconds());
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, Code::TOO_MANY_REQUESTS).retry_after(wait));
    }
    Ok(Some(attempt))
}

fn check(platform: &Platform, attempt: &Attempt, evidence: &CardEvidence) -> Result<(), Refusal> {
    let person = attempt.person(platform)?;
    evidence.check(attempt.chip_challenge, &platform.card_trust, person, platform.clock.now())
}

fn accept(tx: &Transaction<'_>, id: &str, card: &[u8; 32]) -> Result<(), Refusal> {
    let taken = tx.execute("UPDATE activations SET card = ? WHERE id = ? AND used = 0", params![card, id])?;
    if taken == 1 { Ok(()) } else { Err(OUT_OF_ORDER) }
}
