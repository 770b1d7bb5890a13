use serde::{Deserialize, Serialize};

/// What a piece of evidence is, as its media type (RFC 2046). There are no others: a picture of any other kind is made a JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MediaType {
    /// A picture.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// A document.
    #[serde(rename = "application/pdf")]
    Pdf,
}

impl MediaType {
    /// Its name in headers and statements.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Pdf => "application/pdf",
        }
    }
}
