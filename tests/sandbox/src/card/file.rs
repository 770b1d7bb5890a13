//! What a simulated card is made from.

use eid_model::{Date, PartialDate, PersonName, Pid, Sex};
use serde::{Deserialize, Serialize};

use crate::SandboxError;

/// A simulated card as its JSON document describes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardFile {
    /// Whose card it is.
    pub holder: Holder,
    /// Which of the sandbox's drawn portraits is the face: 1 to 16, the second if none is named.
    #[serde(default)]
    pub portrait: Option<u8>,
    /// Length of the face's picture, made longer by comments inside it; none leaves it at its 15 KB.
    #[serde(default)]
    pub face_bytes: Option<usize>,
    /// Bad manners and forgery.
    #[serde(default)]
    pub quirks: Quirks,
}

impl CardFile {
    /// Reads the document.
    ///
    /// # Errors
    /// [`SandboxError::CardFile`].
    pub fn parse(json: &str) -> Result<Self, SandboxError> {
        serde_json::from_str(json).map_err(SandboxError::CardFile)
    }
}

/// An invented holder, with all that the chip of a Vietnamese card says about one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// The personal number, one that cannot be issued; its last six digits are the card access number.
    pub number: Pid,
    /// The full name.
    pub name: PersonName,
    /// The birth date; day and month may be unknown.
    pub birth: PartialDate,
    /// The sex.
    pub sex: Sex,
    /// The ethnic group (dân tộc).
    pub ethnicity: String,
    /// The religion (tôn giáo).
    pub religion: String,
    /// The place of origin (quê quán).
    pub origin: String,
    /// The residence (nơi thường trú).
    pub residence: String,
    /// Identifying marks (đặc điểm nhận dạng).
    pub marks: String,
    /// The day of issue.
    pub issued: Date,
    /// The day of expiry; none on cards of the elderly.
    #[serde(default)]
    pub expires: Option<Date>,
    /// The father's name.
    pub father: String,
    /// The mother's name.
    pub mother: String,
    /// The spouse's name, if there is one.
    #[serde(default)]
    pub spouse: Option<String>,
    /// The nine digits of the card before, if there was one.
    #[serde(default)]
    pub old_number: Option<String>,
    /// The sixteen characters of the last field, whose meaning is not known for sure.
    pub chip_number: String,
}

/// How a card differs from a well-behaved, genuine one. All off by default.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// The application is selected from the start, and selecting the master file is answered with `6D00`.
    pub mf_6d00: bool,
    /// EF.CardAccess is not handed out.
    pub no_card_access: bool,
    /// PACE is refused.
    pub pace_refused: Option<PaceRefusal>,
    /// Commands with extended lengths are answered with `6700` and end the secured channel.
    pub short_le_only: bool,
    /// The longest answer in bytes; EF.ATR/INFO says so. Longer ones come in parts.
    pub extended: Option<u16>,
    /// Milliseconds that each answer takes.
    pub slow_ms: u32,
    /// The exchanges, counted from 0 over the card's life, at which the card leaves the field. Even ones leave before the
    /// command arrives, odd ones after.
    pub tag_loss_at: Vec<usize>,
    /// What asking beyond the end of a file leads to.
    pub beyond_end: BeyondEnd,
    /// The most bytes that READ BINARY gives at once.
    pub most: Option<MostBytes>,
    /// Files are not found by short identifier.
    pub no_short_names: bool,
    /// A copy of a genuine card's files.
    pub cloned: Option<Cloned>,
    /// The document signer's certificate ended yesterday.
    pub expired_dsc: bool,
    /// The state took the document signer's certificate back; its revocation list says so.
    pub revoked_dsc: bool,
    /// The document signer's certificate is from a state of the same name with another key.
    pub wrong_csca: bool,
    /// The number of a data group that is not the one that was signed.
    pub wrong_hash: Option<u8>,
    /// Active Authentication answers with a signature over an earlier challenge.
    pub replayed_aa: bool,
}

/// Where PACE ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaceRefusal {
    /// The protocol is refused with `6A80`.
    Select,
    /// The protocol is accepted, its first step refused with `6982`.
    Nonce,
}

/// What asking for bytes beyond the end of a file leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BeyondEnd {
    /// The bytes that are there, and success.
    #[default]
    #[serde(rename = "9000")]
    Success,
    /// The bytes that are there, and a warning.
    #[serde(rename = "6282")]
    Warning,
    /// The number of bytes that are there, where it fits a byte; otherwise `6700`.
    #[serde(rename = "6c")]
    ExactLength,
    /// Wrong length.
    #[serde(rename = "6700")]
    WrongLength,
    /// Wrong offset.
    #[serde(rename = "6b00")]
    WrongOffset,
}

impl BeyondEnd {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Success, Self::Warning, Self::ExactLength, Self::WrongLength, Self::WrongOffset];
}

/// What asking READ BINARY for too many bytes leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MostBytes {
    /// The most bytes.
    pub bytes: u16,
    /// `6Cxx` with this number; otherwise `6700`.
    #[serde(default)]
    pub exact: bool,
    /// The answer is not secured, and the channel is gone.
    #[serde(default)]
    pub closes: bool,
}

/// How a copied card hides that it has no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cloned {
    /// It answers with keys of its own.
    OtherKeys,
    /// It refuses Chip Authentication, and signs with a key of its own.
    RefusesChipAuthentication,
    /// It says that it has no DG14 and no DG15.
    HidesKeys,
}
