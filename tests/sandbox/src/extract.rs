//! Request bodies and queries, refused with a problem document when they do not fit.

use std::{fmt, marker::PhantomData};

use axum::{
    Form, Json,
    extract::{
        FromRequest, FromRequestParts, Query, Request,
        rejection::{FormRejection, JsonRejection},
    },
    http::{StatusCode, request::Parts},
};
use eid_model::Code;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::problem::Refusal;

/// A JSON body of at most 64 KiB.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let body = Json::<Object<T>>::from_request(request, state).await;
        body.map(|Json(Object(body))| Self(body)).map_err(|rejection: JsonRejection| unreadable(rejection.status()))
    }
}

/// A JSON object: serde alone would take an array of the values too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(Members(PhantomData)).map(Self)
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
