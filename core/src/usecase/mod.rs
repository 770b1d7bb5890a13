//! One file per act of the citizen.

pub(crate) mod act;
pub(crate) mod activate;
pub(crate) mod answer;
pub(crate) mod biometrics;
pub(crate) mod card;
pub(crate) mod configuration;
pub(crate) mod consent;
pub(crate) mod contact;
pub(crate) mod data_request;
pub(crate) mod face;
pub(crate) mod history;
mod lock_by_code;
pub(crate) mod passcode;
pub(crate) mod present;
pub(crate) mod record;
pub(crate) mod refill;
pub(crate) mod reset;
pub(crate) mod send;
pub(crate) mod settle;
pub(crate) mod sign_in;
pub(crate) mod unlock;
