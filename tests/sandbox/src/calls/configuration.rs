//! The signed configuration, and a way to change what it says.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use eid_crypto::SigningKey;
use eid_model::{AuthLevel, AuthPolicy, AuthRule};
use eid_proof::key_id;
use eid_record::{CodeRow, CodeTable, Tables};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    SANDBOX_ROOT_PKCS8, SandboxError,
    extract::JsonBody,
    jwt::{self, Jwk, encode},
    keys::ISSUER,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    records::keys::{RECEIPTS, published},
};

/// How long a configuration is good, in seconds.
const LIFE: i64 = 30 * 86_400;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(configuration)).routes(routes!(set_settings))
}

/// What a test or a demonstration decides of the signed configuration. The default changes nothing: every version of the app
/// is served, there is no maintenance, and all acts ask for what the app has built in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What acts ask for.
    pub acts: Vec<ActSetting>,
    /// When the platform is under maintenance. The sandbox says so and goes on working.
    pub maintenance: Option<Window>,
    /// Which versions of the app are served.
    pub update: UpdateSettings,
    /// This version instead of the next one: a real platform never goes back.
    pub version: Option<u32>,
}

/// How strongly an act must be authenticated, and how long ago at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActSetting {
    /// The act's name.
    pub act: String,
    /// The least level, 1–4.
    pub level: u8,
    /// The greatest age of the evidence, in seconds.
    pub max_age_s: u32,
}

/// A span of time in Unix seconds; `to` is the first second after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Window {
    /// Its first second.
    pub from: i64,
    /// The first second after it.
    pub to: i64,
}

/// Versions of the app, each `x.y.z`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UpdateSettings {
    /// Versions that are not served at all.
    pub blocked: Vec<String>,
    /// Older ones are not served any more.
    pub required_below: String,
    /// Older ones will soon not be served.
    pub urgent_below: String,
    /// For older ones there is something better.
    pub recommended_below: String,
}

impl Default for UpdateSettings {
    fn default() -> Self {
        let none = || "0.0.0".to_owned();
        Self { blocked: Vec::new(), required_below: none(), urgent_below: none(), recommended_below: none() }
    }
}

/// What the app needs to know and must not believe from anybody else, signed by the root.
#[utoipa::path(
    get, path = "/v1/configuration", tag = "lists",
    responses((status = 200, body = String, content_type = "application/jwt"))
)]
async fn configuration(State(platform): State<Shared>) -> Result<impl IntoResponse, Refusal> {
    let signed = platform.call(|platform, tx| Ok(sign(platform, tx)?));
    Ok(([(header::CONTENT_TYPE, "application/jwt")], signed.await?))
}

/// Changes what the signed configuration says; its version rises.
#[utoipa::path(
    post, path = "/sandbox/configuration", tag = "sandbox", request_body = Settings,
    responses(
        (status = 204),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn set_settings(
    State(platform): State<Shared>,
    JsonBody(settings): JsonBody<Settings>,
) -> Result<StatusCode, Refusal> {
    platform.call(move |_, tx| Ok(store(tx, &settings)?)).await.map(|()| StatusCode::NO_CONTENT)
}

pub(crate) fn store(tx: &Transaction<'_>, settings: &Settings) -> Result<(), SandboxError> {
    let (version, _) = load(tx)?;
    let version = settings.version.unwrap_or(version.saturating_add(1));
    let text = serde_json::to_string(settings)?;
    tx.execute(
        "INSERT OR REPLACE INTO configuration (id, version, settings) VALUES (1, ?, ?)",
        params![version, text],
    )?;
    Ok(())
}

fn load(tx: &Transaction<'_>) -> Result<(u32, Settings), SandboxError> {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, String>(1)?));
    let stored = tx.query_row("SELECT version, settings FROM configuration", [], row).optional()?;
    stored.map_or_else(|| Ok((1, Settings::default())), |(version, text)| Ok((version, serde_json::from_str(&text)?)))
}

/// What each act asks for: what the app has built in, with the changes of the configuration.
pub(crate) fn auth_policy(tx: &Transaction<'_>) -> Result<AuthPolicy, SandboxError> {
    let (_, settings) = load(tx)?;
    let changes = settings.acts.iter().filter_map(|changed| {
        let rule = AuthRule { level: AuthLevel::try_from(changed.level).ok()?, max_age_s: changed.max_age_s };
        Some((changed.act.as_str(), rule))
    });
    Ok(AuthPolicy::with_changes(changes))
}

#[derive(Serialize)]
struct Claims {
    iss: &'static str,
    iat: i64,
    exp: i64,
    version: u32,
    csca: Vec<String>,
    crls: Vec<String>,
    face_key: Jwk,
    authorities: Vec<AuthorityKey>,
    receipt_keys: Vec<Jwk>,
    acts: Vec<ActSetting>,
    maintenance: Option<Window>,
    update: UpdateSettings,
}

/// Who may say something of records, and how it is known.
#[derive(Serialize)]
struct AuthorityKey {
    code: String,
    key: Jwk,
}

fn authorities(tx: &Transaction<'_>) -> Result<Vec<AuthorityKey>, SandboxError> {
    let mut keys = Vec::new();
    let table = Tables::embedded().find("authorities").map(CodeTable::list).unwrap_or_default();
    for code in table.iter().map(CodeRow::code) {
        let published = published(tx, code)?.into_iter();
        keys.extend(published.map(|key| AuthorityKey { code: code.to_owned(), key }));
    }
    Ok(keys)
}

/// The configuration of this moment.
pub(crate) fn sign(platform: &Platform, tx: &Transaction<'_>) -> Result<String, SandboxError> {
    let ((version, settings), now) = (load(tx)?, platform.clock.seconds());
    let claims = Claims {
        iss: ISSUER,
        iat: now,
        exp: now.saturating_add(LIFE),
        version,
        csca: platform.card_trust.csca.iter().map(|der| encode(der)).collect(),
        crls: platform.card_trust.crls.iter().map(|der| encode(der)).collect(),
        face_key: Jwk::new(platform.secrets.face.public()),
        authorities: authorities(tx)?,
        receipt_keys: published(tx, RECEIPTS)?,
        acts: settings.acts,
        maintenance: settings.maintenance,
        update: settings.update,
    };
    let root = SigningKey::parse_pkcs8(SANDBOX_ROOT_PKCS8)?;
    jwt::sign("eid-configuration+jwt", &encode(&key_id(root.public())), &claims, &root)
}
