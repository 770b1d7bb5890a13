//! Request bodies and queries, refused with a problem document when they do not fit.

use axum::{
    Form, Json,
    extract::{
        FromRequest, FromRequestParts, Query, Request,
        rejection::{FormRejection, JsonRejection},
    },
    http::{StatusCode, request::Parts},
};
use eid_model::Code;
use serde::de::DeserializeOwned;

use crate::problem::Refusal;

/// A JSON body of at most 64 KiB.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let body = Json::from_request(request, state).await;
        body.map(|Json(body)| Self(body)).map_err(|rejection: JsonRejection| unreadable(rejection.status()))
    }
}

/// A form of at most 64 KiB.
pub(crate) struct FormBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for FormBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let body = Form::from_request(request, state).await;
        body.map(|Form(body)| Self(body)).map_err(|rejection: FormRejection| unreadable(rejection.status()))
    }
}

/// A query string.
pub(crate) struct QueryPart<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryPart<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|_| Refusal::invalid_request())
    }
}

/// The framework tells malformed JSON (400) from JSON of another shape (422); the protocol does not.
fn unreadable(status: StatusCode) -> Refusal {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Refusal::new(status, Code::REQUEST_INVALID)
        }
        _ => Refusal::invalid_request(),
    }
}
