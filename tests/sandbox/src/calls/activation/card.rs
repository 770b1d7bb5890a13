//! What a phone read of the card: checked again from the first byte.

use axum::{
    Json,
    extract::{DefaultBodyLimit, Path, State},
};
use eid_chip::reader::FileId;
use rusqlite::{Transaction, params};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Attempt, Next, OUT_OF_ORDER};
use crate::{
    citizen::Citizen,
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
    if let Some((attempt, citizen)) = begun {
        // Not in the database's turn: signatures take their time.
        let picture = Shared::clone(&platform).blocking(move |platform| {
            let now = platform.clock.now();
            evidence.check(attempt.chip_challenge, &platform.card_trust.list, &citizen, now)
        });
        let picture = picture.await?;
        platform.call(move |platform, tx| accept(platform, tx, &id, (card, picture))).await?;
    }
    Ok(Json(Next { next: "face" }))
}

/// The activation and its citizen, if this card has still to be looked at. Each look is counted before it is taken.
fn begin(
    platform: &Platform,
    tx: &Transaction<'_>,
    id: &str,
    card: &[u8; 32],
) -> Result<Option<(Attempt, Citizen)>, Refusal> {
    let attempt = Attempt::load(platform, tx, id)?;
    // A picture that was forgotten in a restart is taken again from the same evidence.
    if attempt.card.as_ref() == Some(card) && (attempt.is_matched || platform.faces.find(id).is_some()) {
        return Ok(None);
    }
    if attempt.is_matched || attempt.used {
        return Err(OUT_OF_ORDER);
    }
    let count = "UPDATE activations SET card_uploads = card_uploads + 1 WHERE id = ? AND card_uploads < ?";
    if tx.execute(count, params![id, UPLOADS])? == 0 {
        return Err(attempt.too_many(platform));
    }
    let citizen = attempt.person(platform, tx)?;
    Ok(Some((attempt, citizen)))
}

fn accept(
    platform: &Platform,
    tx: &Transaction<'_>,
    id: &str,
    (card, picture): ([u8; 32], Vec<u8>),
) -> Result<(), Refusal> {
    let attempt = Attempt::load(platform, tx, id)?;
    if attempt.is_matched || attempt.used {
        return Err(OUT_OF_ORDER);
    }
    tx.execute("UPDATE activations SET card = ? WHERE id = ?", params![card, id])?;
    platform.faces.hold(id, picture, attempt.expires_at, platform.clock.seconds());
    Ok(())
}
