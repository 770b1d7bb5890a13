//! The calls that prove who the citizen is: card, voucher, face; and the two about the account's lock.

use core::fmt;

use eid_crypto::SecretBytes;
use eid_model::{AccountState, Pid};
use serde::{Deserialize, Serialize, Serializer};

use crate::{ActivationId, PlatformClient, PlatformError, base64url, client::JSON, json::parse_object};

/// What somebody proves for who he is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActivationPurpose {
    /// To have this phone as the active one (kích hoạt).
    #[default]
    Activate,
    /// To have another passcode on the phone that is active (đặt lại mật mã).
    Recover,
    /// To lift his own lock of the account, from any phone (mở khóa tài khoản).
    Unlock,
}

/// What a phone read of a card, as the platform takes it. Wiped on drop.
pub struct CardUpload {
    /// EF.SOD, DG1, DG2, DG13, DG14 and DG15.
    pub files: [SecretBytes; 6],
    /// The chip's signature over the chip challenge.
    pub active_signature: Vec<u8>,
}

impl fmt::Debug for CardUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardUpload(…)")
    }
}

/// Twelve characters that an office printed after it saw the citizen in person (mã xác nhận); wiped on drop.
#[derive(Debug)]
pub struct Voucher(SecretBytes);

impl Voucher {
    /// Parses twelve characters of Crockford's base32, in either case; spaces and hyphens do not count, and what is easily
    /// mistaken is taken for what was meant (O for 0, I and L for 1).
    ///
    /// # Errors
    /// [`PlatformError::VoucherFormat`].
    pub fn parse(text: &str) -> Result<Self, PlatformError> {
        parse_typed(text, 12).map(Self).ok_or(PlatformError::VoucherFormat)
    }
}

/// The lock code (mã khóa) as its holder typed it: 18 characters, written down at the activation; wiped on drop.
#[derive(Debug)]
pub struct LockCode(SecretBytes);

impl LockCode {
    /// Parses 18 characters, as forgivingly as [`Voucher::parse`].
    ///
    /// # Errors
    /// [`PlatformError::LockCodeFormat`].
    pub fn parse(text: &str) -> Result<Self, PlatformError> {
        parse_typed(text, 18).map(Self).ok_or(PlatformError::LockCodeFormat)
    }
}

/// So many characters of Crockford's base32, as they were meant.
fn parse_typed(text: &str, length: usize) -> Option<SecretBytes> {
    let typed = text.bytes().filter(|byte| !matches!(byte, b' ' | b'-'));
    let meant = typed.map(|byte| match byte.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    });
    // One too many is enough to know.
    let characters = SecretBytes::new(meant.take(length.saturating_add(1)).collect());
    let known = |byte: &u8| byte.is_ascii_digit() || (byte.is_ascii_uppercase() && *byte != b'U');
    // EXPOSE: checked for form.
    let fits = characters.expose().len() == length && characters.expose().iter().all(known);
    fits.then_some(characters)
}

#[derive(Serialize)]
struct Card<'a> {
    files: Files<'a>,
    active_signature: Base64<'a>,
}

#[derive(Serialize)]
struct Files<'a> {
    sod: Base64<'a>,
    dg1: Base64<'a>,
    dg2: Base64<'a>,
    dg13: Base64<'a>,
    dg14: Base64<'a>,
    dg15: Base64<'a>,
}

struct Base64<'a>(&'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64url::encode(self.0))
    }
}

#[derive(Serialize)]
struct VoucherCode<'a> {
    voucher: &'a str,
}

#[derive(Serialize)]
struct Lock<'a> {
    pid: &'a str,
    lock_code: &'a str,
}

/// Neither parameters nor an answer.
#[derive(Serialize, Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Lifted {
    account_state: AccountState,
}

/// The answer of each step that proves something. What is due next the phone knows itself.
#[derive(Deserialize)]
struct Next {
    #[serde(rename = "next")]
    _next: String,
}

/// # Errors of every call
/// As of every call of [`PlatformClient`].
impl PlatformClient {
    /// Sends what was read of the card. Repeated by itself: the same again gives the same answer.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn show_card(&self, id: &ActivationId, card: &CardUpload) -> Result<(), PlatformError> {
        // EXPOSE: the files go into the request's body.
        let [sod, dg1, dg2, dg13, dg14, dg15] = card.files.each_ref().map(|file| Base64(file.expose()));
        let files = Files { sod, dg1, dg2, dg13, dg14, dg15 };
        let body = Card { files, active_signature: Base64(&card.active_signature) };
        let request = self.post(&format!("/v1/activation/{}/card", id.as_str())).json(&body);
        parse_next(&self.repeat(request, 200, JSON).await?)
    }

    /// Sends a voucher in place of the card. Never repeated by itself, for each try counts.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn use_voucher(&self, id: &ActivationId, voucher: &Voucher) -> Result<(), PlatformError> {
        // EXPOSE: the characters go into the request's body.
        let voucher = core::str::from_utf8(voucher.0.expose()).unwrap_or_default();
        let request = self.post(&format!("/v1/activation/{}/voucher", id.as_str())).json(&VoucherCode { voucher });
        parse_next(&self.once(request, 200, JSON).await?)
    }

    /// Sends a picture of the face, sealed to the platform's face key. Never repeated by itself, for each try counts.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn show_face(&self, id: &ActivationId, sealed: Vec<u8>) -> Result<(), PlatformError> {
        let request = self
            .post(&format!("/v1/activation/{}/face", id.as_str()))
            .header("content-type", "application/octet-stream")
            .body(sealed);
        parse_next(&self.once(request, 200, JSON).await?)
    }

    /// Lifts the holder's own lock, the last step of [`ActivationPurpose::Unlock`]; gives the account's state. Repeated by itself.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn lift_lock(&self, id: &ActivationId) -> Result<AccountState, PlatformError> {
        let request = self.post(&format!("/v1/activation/{}/unlock", id.as_str())).json(&Nothing {});
        parse_lifted(&self.repeat(request, 200, JSON).await?)
    }

    /// Locks an account with its lock code, from any phone and without a session. Never repeated by itself, for each wrong code
    /// counts.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn lock_by_code(&self, pid: &Pid, code: &LockCode) -> Result<(), PlatformError> {
        // EXPOSE: the characters go into the request's body.
        let lock_code = core::str::from_utf8(code.0.expose()).unwrap_or_default();
        let request = self.post("/v1/lock").json(&Lock { pid: pid.as_str(), lock_code });
        parse_object(&self.once(request, 200, JSON).await?).map(|Nothing {}| ())
    }
}

/// Parses the answer to `POST /v1/activation/{id}/unlock`.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_lifted(body: &[u8]) -> Result<AccountState, PlatformError> {
    parse_object(body).map(|Lifted { account_state }| account_state)
}

/// Parses the answer to a step of proving who the citizen is.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_next(body: &[u8]) -> Result<(), PlatformError> {
    parse_object::<Next>(body).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voucher_is_twelve_characters_however_they_are_written() {
        for (text, meant) in [
            ("0123456789AB", Some("0123456789AB")),
            (" o123-4567-89ab ", Some("0123456789AB")),
            ("Il0-000-000-00z", Some("11000000000Z")),
            ("0123456789A", None),
            ("0123456789AU", None),
            ("0123456789ABC", None),
            ("0123456789Á", None),
            ("", None),
        ] {
            let parsed = Voucher::parse(text).ok();
            let found = parsed.as_ref().map(|voucher| core::str::from_utf8(voucher.0.expose()).unwrap());
            assert_eq!(found, meant, "{text:?}");
        }
        assert_eq!(Voucher::parse("1").err().map(|e| e.code()), Some(eid_model::Code::VOUCHER_WRONG));
        assert!(!format!("{:?}", Voucher::parse("0123456789AB").unwrap()).contains("0123"));
    }

    #[test]
    fn lock_code_is_eighteen_characters_however_they_are_written() {
        let code = LockCode::parse("o1l3-45 6789ab CDEFGH").unwrap();
        assert_eq!(core::str::from_utf8(code.0.expose()), Ok("0113456789ABCDEFGH"));
        for bad in ["", "0123456789AB", "0123456789ABCDEFG", "0123456789ABCDEFGHJ", "0123456789ABCDEFGU"] {
            assert_eq!(LockCode::parse(bad).err(), Some(PlatformError::LockCodeFormat), "{bad}");
        }
        assert_eq!(PlatformError::LockCodeFormat.code(), eid_model::Code::LOCK_CODE_WRONG);
        assert!(!format!("{code:?}").contains("0113"));
    }

    #[test]
    fn lifted_lock_says_the_state() {
        assert_eq!(parse_lifted(br#"{"account_state":"active","more":1}"#), Ok(AccountState::Active));
        for bad in ["{}", r#"{"account_state":1}"#, "[]", ""] {
            assert!(parse_lifted(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn answer_without_the_next_step_is_nonsense() {
        assert_eq!(parse_next(br#"{"next":"face","more":1}"#), Ok(()));
        for bad in [r#"{"next":1}"#, "{}", "[]", ""] {
            assert!(parse_next(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
