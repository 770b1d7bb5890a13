//! Acts that ask for more than a session: what they carry, and what comes back; and the two calls that lead up to them.

use core::fmt;

use eid_model::{GuardedAct, PhoneNumber, SafetyPhrase, UnixTime};
use serde::{Deserialize, Serialize};

use crate::{
    AccessToken, Flaw, Instruction, OneTimeCode, PlatformClient, PlatformError, RequestSigner, answer::is_lock_code,
    binding::make_biometric_binding, client::JSON, http::Expected, instruction::Nothing, json::parse_object,
};

/// What the platform is to carry out.
#[derive(Clone, Copy)]
pub enum ActOrder<'a> {
    /// Another phone number for one-time codes (đổi số điện thoại), with the code that was sent to it.
    ChangePhone {
        /// The new number.
        phone: &'a PhoneNumber,
        /// The code.
        code: &'a OneTimeCode,
    },
    /// A second number beside the first (số điện thoại thứ hai), with the code that was sent to it.
    SetSecondPhone {
        /// The second number.
        phone: &'a PhoneNumber,
        /// The code.
        code: &'a OneTimeCode,
    },
    /// A number is still the holder's: with the code that was sent to it.
    ConfirmPhone {
        /// The code.
        code: &'a OneTimeCode,
    },
    /// The phrase that stands in each message from now on (câu nhận biết).
    SetPhrase {
        /// The phrase.
        phrase: &'a SafetyPhrase,
    },
    /// Another lock code; the one before is good no more.
    LockCode,
    /// A key that takes face or finger counts from now on, or after a day.
    RegisterBiometricKey {
        /// The key.
        key: &'a dyn RequestSigner,
    },
    /// Face or finger count no more.
    RemoveBiometricKey,
}

impl ActOrder<'_> {
    /// Which act it is.
    pub fn act(&self) -> GuardedAct {
        match self {
            Self::ChangePhone { .. } => GuardedAct::ChangePhone,
            Self::SetSecondPhone { .. } => GuardedAct::SetSecondPhone,
            Self::ConfirmPhone { .. } => GuardedAct::ConfirmPhone,
            Self::SetPhrase { .. } => GuardedAct::SetPhrase,
            Self::LockCode => GuardedAct::LockCode,
            Self::RegisterBiometricKey { .. } => GuardedAct::RegisterBiometricKey,
            Self::RemoveBiometricKey => GuardedAct::RemoveBiometricKey,
        }
    }
}

impl fmt::Debug for ActOrder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActOrder({})", self.act().name())
    }
}

/// What came of an act.
#[derive(Clone, PartialEq, Eq)]
pub enum ActAnswer {
    /// It is done.
    Done,
    /// The new lock code: 18 letters and digits, for the holder alone.
    LockCode(String),
    /// The biometric key is registered.
    BiometricKey {
        /// When it begins to count.
        usable_from: UnixTime,
    },
}

impl fmt::Debug for ActAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActAnswer(…)")
    }
}

/// What a one-time code to a phone number is for; its text says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneCodeUse<'a> {
    /// For [`ActOrder::ChangePhone`].
    Change(&'a PhoneNumber),
    /// For [`ActOrder::SetSecondPhone`].
    Second(&'a PhoneNumber),
    /// For [`ActOrder::ConfirmPhone`] of the first number.
    ConfirmFirst,
    /// For [`ActOrder::ConfirmPhone`] of the second number.
    ConfirmSecond,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Params<'a> {
    Phone { phone: &'a str, code: &'a str },
    Code { code: &'a str },
    Phrase { phrase: &'a str },
    Key { biometric_binding: String },
    None {},
}

#[derive(Deserialize)]
struct NewLockCode {
    lock_code: String,
}

#[derive(Deserialize)]
struct Registered {
    usable_from: UnixTime,
}

#[derive(Serialize)]
struct PhoneCode<'a> {
    #[serde(rename = "use")]
    what_for: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<&'a str>,
}

#[derive(Deserialize)]
struct PhoneCodeSent {
    expires_at: UnixTime,
}

/// Parses the answer to `POST /v1/phone-code`: until when the code is good.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_phone_code_sent(body: &[u8]) -> Result<UnixTime, PlatformError> {
    Ok(parse_object::<PhoneCodeSent>(body)?.expires_at)
}

#[derive(Deserialize)]
struct FaceTaken {
    at: UnixTime,
}

/// # Errors of every call
/// As of every call of [`PlatformClient`].
impl PlatformClient {
    /// Has the platform carry out an act. Done twice it does no harm, so that one whose answer was lost may be ordered again.
    ///
    /// # Errors
    /// What every instruction is refused with; [`eid_model::Code::AUTH_LEVEL_TOO_LOW`] when more has to be shown,
    /// [`eid_model::Code::COOLING_OFF`] on a phone that has the account since less than a day,
    /// [`eid_model::Code::BIOMETRIC_KEY_WRONG`], and for a code what activation gives.
    pub async fn carry_out(
        &self,
        instruction: Instruction<'_>,
        order: ActOrder<'_>,
        now: UnixTime,
    ) -> Result<ActAnswer, PlatformError> {
        let params = match order {
            ActOrder::ChangePhone { phone, code } | ActOrder::SetSecondPhone { phone, code } => {
                Params::Phone { phone: phone.as_str(), code: code.expose() }
            }
            ActOrder::ConfirmPhone { code } => Params::Code { code: code.expose() },
            ActOrder::SetPhrase { phrase } => Params::Phrase { phrase: phrase.as_str() },
            ActOrder::RegisterBiometricKey { key } => {
                let (origin, challenge) = (self.http.origin(), instruction.challenge.text.as_str());
                Params::Key { biometric_binding: make_biometric_binding(key, origin, challenge, now).await? }
            }
            ActOrder::LockCode | ActOrder::RemoveBiometricKey => Params::None {},
        };
        let act = order.act();
        match order {
            ActOrder::LockCode => {
                let NewLockCode { lock_code } = self.instruct(instruction, act, params, now).await?;
                let is_code = is_lock_code(&lock_code);
                is_code.then_some(ActAnswer::LockCode(lock_code)).ok_or(PlatformError::Nonsense(Flaw::Shape))
            }
            ActOrder::RegisterBiometricKey { .. } => {
                let Registered { usable_from } = self.instruct(instruction, act, params, now).await?;
                Ok(ActAnswer::BiometricKey { usable_from })
            }
            _ => self.instruct(instruction, act, params, now).await.map(|Nothing {}| ActAnswer::Done),
        }
    }

    /// Has a one-time code sent to a number; gives until when it is good. The same again within a minute sends no other.
    ///
    /// # Errors
    /// See the head of this block; [`eid_model::Code::AUTH_LEVEL_TOO_LOW`] without a session of two factors.
    pub async fn send_phone_code(
        &self,
        token: &AccessToken,
        what_for: PhoneCodeUse<'_>,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<UnixTime, PlatformError> {
        let (what_for, phone, contact) = match what_for {
            PhoneCodeUse::Change(phone) => ("change", Some(phone.as_str()), None),
            PhoneCodeUse::Second(phone) => ("second", Some(phone.as_str()), None),
            PhoneCodeUse::ConfirmFirst => ("confirm", None, Some("first")),
            PhoneCodeUse::ConfirmSecond => ("confirm", None, Some("second")),
        };
        let request = self.post("/v1/phone-code").json(&PhoneCode { what_for, phone, contact });
        parse_phone_code_sent(&self.repeat_with_token(request, token, device, now).await?)
    }

    /// Shows the holder's face in a session, sealed to the platform's face key; gives when it was taken for the right one. Never
    /// repeated by itself, for each try counts.
    ///
    /// # Errors
    /// See the head of this block; refused as a face is in an activation.
    pub async fn show_own_face(
        &self,
        token: &AccessToken,
        sealed: Vec<u8>,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<UnixTime, PlatformError> {
        let request = self.post("/v1/face").header("content-type", "application/octet-stream").body(sealed);
        let answer = self.once_in_session(request, Expected::one(200, JSON), token, device, now).await?;
        Ok(parse_object::<FaceTaken>(&answer.body)?.at)
    }
}
