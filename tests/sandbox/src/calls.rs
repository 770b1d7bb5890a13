//! The calls of the protocol, one file for each part of it.

pub(crate) mod account;
pub(crate) mod act;
pub(crate) mod activation;
pub(crate) mod biometric;
pub(crate) mod challenge;
pub(crate) mod configuration;
pub(crate) mod consent;
pub(crate) mod contact;
pub(crate) mod counter;
pub(crate) mod credential;
pub(crate) mod data_request;
pub(crate) mod device;
pub(crate) mod instruction;
pub(crate) mod lists;
pub(crate) mod lock;
pub(crate) mod own_face;
pub(crate) mod passcode;
pub(crate) mod record;
pub(crate) mod record_control;
pub(crate) mod sandbox;
pub(crate) mod submission;
pub(crate) mod token;
pub(crate) mod upload;
