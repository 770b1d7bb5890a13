//! Upload of evidence, piece by piece, on from where it stopped (IETF draft resumable uploads for HTTP).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eid_model::{MediaType, UnixTime};
use reqwest::RequestBuilder;

use crate::{
    AccessToken, Flaw, PlatformClient, PlatformError, RequestSigner, base64url,
    http::{Answer, Expected},
    parse_problem,
};

/// How many bytes to send at once as long as nothing is lost.
pub const EVIDENCE_CHUNK: usize = 256 * 1024;

/// How many to send at once after a loss, so that a poor link gets on.
pub const EVIDENCE_CHUNK_AFTER_LOSS: usize = 64 * 1024;

/// A piece of evidence, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidencePiece {
    /// SHA-256 of all of it.
    pub sha256: [u8; 32],
    /// How many bytes it has.
    pub bytes: u64,
    /// What it is.
    pub media: MediaType,
}

impl EvidencePiece {
    /// Content-addressed: the platform cannot send the rest anywhere else.
    fn path(&self) -> String {
        format!("/v1/evidence/{}", base64url::encode(self.sha256))
    }
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upload {
    /// The platform has so many bytes.
    At(u64),
    /// The platform has all of it, and it has the digest.
    Complete,
}

/// # Errors of every call
/// As of every call of [`PlatformClient`].
impl PlatformClient {
    /// Tells the platform of a piece; gives what it has of it already.
    ///
    /// # Errors
    /// See the head of this block; [`PlatformError::Refused`] with [`eid_model::Code::EVIDENCE_REFUSED`].
    pub async fn offer_evidence(
        &self,
        token: &AccessToken,
        piece: &EvidencePiece,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Upload, PlatformError> {
        let request = self
            .post("/v1/evidence")
            .header("Upload-Length", piece.bytes)
            .header("Upload-Complete", "?0")
            .header("Repr-Digest", format!("sha-256=:{}:", STANDARD.encode(piece.sha256)))
            .header("Content-Type", piece.media.name());
        let expected = Expected::head(201).or(&[200]);
        state(&self.repeat_in_session(request, expected, token, device, now).await?, piece)
    }

    /// What the platform has of a piece; `None` if it does not know it, or no more.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn find_evidence(
        &self,
        token: &AccessToken,
        piece: &EvidencePiece,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Option<Upload>, PlatformError> {
        let request = self.http.client.head(self.http.url(&piece.path()));
        // The answer to HEAD has no body that could say why.
        let expected = Expected::head(204).or(&[404]);
        let answer = self.repeat_in_session(request, expected, token, device, now).await?;
        if answer.status == 404 { Ok(None) } else { state(&answer, piece).map(Some) }
    }

    /// Sends bytes of a piece from `offset` on; gives how far it is then, which is somewhere else if something had arrived that
    /// this phone does not know of. Not repeated by itself: after an error, part of the bytes may have arrived, and
    /// [`Self::find_evidence`] says how many.
    ///
    /// # Errors
    /// See the head of this block; [`PlatformError::Refused`] with [`eid_model::Code::EVIDENCE_REFUSED`] if the whole does not have
    /// its digest or is not what it was said to be: the platform has dropped it.
    pub async fn append_evidence(
        &self,
        token: &AccessToken,
        piece: &EvidencePiece,
        (offset, bytes): (u64, Vec<u8>),
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Upload, PlatformError> {
        let end = u64::try_from(bytes.len()).ok().and_then(|length| offset.checked_add(length));
        let is_last = end == Some(piece.bytes);
        let request = self.patch(&piece.path(), offset, is_last).body(bytes);
        let expected = Expected::head(204).or_refusal();
        let answer = self.once_in_session(request, expected, token, device, now).await?;
        match answer.status {
            204 => state(&answer, piece),
            // Another offset: the platform says which.
            409 if answer.header("upload-offset").is_some() => state(&answer, piece),
            _ => Err(parse_problem(&answer.body)),
        }
    }

    fn patch(&self, path: &str, offset: u64, is_last: bool) -> RequestBuilder {
        self.http
            .client
            .patch(self.http.url(path))
            .header("Upload-Offset", offset)
            .header("Upload-Complete", if is_last { "?1" } else { "?0" })
            .header("Content-Type", "application/partial-upload")
    }
}

/// What the head of an answer says of an upload.
fn state(answer: &Answer, piece: &EvidencePiece) -> Result<Upload, PlatformError> {
    if answer.header("upload-complete") == Some("?1") {
        return Ok(Upload::Complete);
    }
    let digits = answer.header("upload-offset").filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let offset = digits.and_then(|digits| digits.parse().ok()).filter(|offset| *offset <= piece.bytes);
    offset.map(Upload::At).ok_or(PlatformError::Nonsense(Flaw::Shape))
}
