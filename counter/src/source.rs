//! Where a list is, as the command line names it.

use std::{ffi::OsString, path::PathBuf};

use reqwest::Url;

/// A file, a folder, or an address.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A file, or a folder whose newest list counts.
    Path(PathBuf),
    /// An address, `https` only.
    Url(Url),
}

impl Source {
    /// Lists are signed, but who watches the line should not learn which office asks, or hold them back unseen.
    pub(crate) fn parse(text: OsString) -> Result<Self, &'static str> {
        let address = text.to_str().filter(|text| text.contains("://")).map(Url::parse);
        match address {
            None => Ok(Self::Path(text.into())),
            Some(Ok(url)) if url.scheme() == "https" && url.host().is_some() => Ok(Self::Url(url)),
            Some(_) => Err("an address must begin with https:// (địa chỉ phải bắt đầu bằng https://)"),
        }
    }
}
