//! What the data tables share: an edition, strict and bounded reading, and copies compiled into the library.

use serde::{Deserialize, de::DeserializeOwned};

use crate::{Date, ModelError, line::Line};

/// Which edition of a data table this is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    version: u32,
    effective_from: Date,
    source: Line,
}

impl Edition {
    /// The version; a higher one replaces a lower one.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The first day on which the table holds.
    pub fn effective_from(&self) -> Date {
        self.effective_from
    }

    /// Where the data come from, in words.
    pub fn source(&self) -> &str {
        self.source.as_str()
    }
}

/// Reads a data table of at most `max_bytes` of JSON.
///
/// # Errors
/// [`ModelError::TableInvalid`].
pub fn read<T: DeserializeOwned>(json: &str, max_bytes: usize) -> Result<T, ModelError> {
    if json.len() > max_bytes {
        return Err(ModelError::TableInvalid);
    }
    serde_json::from_str(json).map_err(|_| ModelError::TableInvalid)
}

/// True if `code` rises from row to row of a data table, which also excludes doubles.
pub fn rises<R, C: Ord>(rows: &[R], code: impl Fn(&R) -> C) -> bool {
    rows.is_sorted_by(|a, b| code(a) < code(b))
}

/// A data table that was compiled in.
///
/// # Panics
/// If it is not valid; each owner's tests read its own.
#[expect(clippy::expect_used, reason = "the text is a constant of the build, and a test reads each such table")]
pub fn embedded<T>(read: Result<T, ModelError>) -> T {
    read.expect("the embedded table is valid")
}
