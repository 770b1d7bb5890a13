//! Identifiers that the platform makes. They are opaque to the core, safe in a URL path, and never shown in `Debug`.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Length and alphabet of an identifier: 1–64 characters of base64url, so that it cannot bend a path.
fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as it goes over the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if is_identifier(&text) { Ok(Self(text)) } else { Err("not an identifier") }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

identifier! {
    /// One attempt to activate a phone, from the one-time code to the bound key.
    ActivationId
}

identifier! {
    /// An account on the platform (tài khoản định danh điện tử).
    AccountId
}

identifier! {
    /// A place in the feed of what authorities say.
    Cursor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_that_could_bend_a_path_are_refused() {
        for text in ["", "..", "a/b", "a%2fb", "a?b", "a#b", "a b", "a.b", "é", &"a".repeat(65)] {
            assert!(AccountId::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        for text in ["a", "-_9Zz", &"a".repeat(64)] {
            let id = ActivationId::try_from(text.to_owned()).unwrap();
            assert_eq!((id.as_str(), format!("{id:?}").as_str()), (text, "ActivationId(…)"));
        }
    }
}
