//! The OpenAPI description of the interface.

use utoipa::openapi::{OpenApi, RefOr, Schema, schema::AdditionalProperties};

use super::calls;

/// The OpenAPI description, made from the handlers.
///
/// # Errors
/// [`serde_json::Error`], which is never seen.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    make().to_pretty_json()
}

/// As the handlers have it, and that what was scanned is one thing: the derived schema would let callers add more.
pub(super) fn make() -> OpenApi {
    let mut description = calls::documented().into_openapi();
    let scanned = description.components.as_mut().and_then(|components| components.schemas.get_mut("Scanned"));
    if let Some(RefOr::T(Schema::OneOf(kinds))) = scanned {
        for kind in &mut kinds.items {
            if let RefOr::T(Schema::Object(kind)) = kind {
                kind.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            }
        }
    }
    description
}
