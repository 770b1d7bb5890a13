//! Encodings as the platform's side reads them, written apart from the client's own.

use std::collections::HashMap;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

pub(crate) fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes a form whose values need no more than `%3A`, as those of the protocol do.
pub(crate) fn form(body: &[u8]) -> HashMap<String, String> {
    let pairs = std::str::from_utf8(body).unwrap().split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.replace("%3A", ":"))).collect()
}
