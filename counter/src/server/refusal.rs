//! Calls that get no report: wrong form, wrong caller.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use eid_model::Code;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{CounterError, Words, report::label};

/// Why a call is refused. Handlers return it; the caller sees [`Refused`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    status: StatusCode,
    code: Code,
}

impl Refusal {
    /// The request has the wrong form (5037).
    pub(super) const fn request(status: StatusCode) -> Self {
        Self { status, code: Code::COUNTER_REQUEST_INVALID }
    }

    /// The counter cannot do it.
    pub(super) fn fault(status: StatusCode, error: CounterError) -> Self {
        Self { status, code: error.code() }
    }

    /// The question is over, answered or was never asked (5042).
    pub(super) const fn no_question() -> Self {
        Self { status: StatusCode::NOT_FOUND, code: Code::COUNTER_REQUEST_UNKNOWN }
    }

    /// The caller is no program or page of this machine (5038).
    pub(super) const fn caller() -> Self {
        Self { status: StatusCode::FORBIDDEN, code: Code::COUNTER_CALLER_REFUSED }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(Refused::of(self.code))).into_response()
    }
}

/// A reason with its words. For a call that was refused: nothing was verified and nothing was used up.
#[derive(Serialize, ToSchema)]
pub(super) struct Refused {
    /// `E5037` wrong form, `E5038` refused caller, `E5031`, `E5032`, `E5036` lists that are missing, damaged or older.
    #[serde(serialize_with = "label")]
    #[schema(value_type = String, pattern = "^E[0-9]{4}$")]
    code: Code,
    /// What it means and what to do about it.
    reason: Words,
}

impl Refused {
    pub(super) fn of(code: Code) -> Self {
        Self { code, reason: Words::of(code) }
    }
}
