//! Instructions: what a citizen has the platform do, signed by the passcode key and then by the device key, and where an act asks
//! for it by the biometric key too.

use core::fmt;

use eid_crypto::{PasscodeKey, hash::sha256};
use eid_model::{AccountState, GuardedAct, UnixTime};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    AccountId, Flaw, PlatformClient, PlatformError, RequestSigner, SignedIn, answer::is_visible_ascii, base64url,
    client::JSON, json::parse_object, jws, make_passcode_binding, session::SessionAnswer,
};

const NONSENSE: PlatformError = PlatformError::Nonsense(Flaw::Shape);

/// What the platform wants to see signed in one instruction; good for a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub(crate) text: String,
    expires_at: UnixTime,
}

impl Challenge {
    /// When the platform stops taking it, by its own clock.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

#[derive(Deserialize)]
struct ChallengeAnswer {
    challenge: String,
    expires_at: UnixTime,
}

/// Parses the answer to `POST /v1/challenge`.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_challenge(body: &[u8]) -> Result<Challenge, PlatformError> {
    let ChallengeAnswer { challenge: text, expires_at } = parse_object(body)?;
    if is_visible_ascii(text.as_bytes(), 256) { Ok(Challenge { text, expires_at }) } else { Err(NONSENSE) }
}

/// Who instructs, and what makes this instruction pass once.
#[derive(Clone, Copy)]
pub struct Instruction<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// Its number: greater than every one before, and stored before the instruction is sent.
    pub seq: u64,
    /// A fresh one of [`PlatformClient::challenge`].
    pub challenge: &'a Challenge,
    /// The phone's key.
    pub device: &'a dyn RequestSigner,
    /// The key of the passcode in force.
    pub passcode: &'a PasscodeKey,
    /// The key that takes face or finger, where the act asks for it and it is what is shown.
    pub biometric: Option<&'a dyn RequestSigner>,
}

impl fmt::Debug for Instruction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instruction({})", self.seq)
    }
}

#[derive(Serialize)]
struct Act<'a, P> {
    aud: &'a str,
    sub: &'a str,
    challenge: &'a str,
    seq: u64,
    act: &'a str,
    params: P,
}

/// What the device key signs around what the passcode key signed.
#[derive(Serialize)]
pub(crate) struct Outer<'a> {
    pub(crate) aud: &'a str,
    pub(crate) iat: UnixTime,
    pub(crate) inner: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) biometric: Option<&'a str>,
}

/// Face or finger, for one act and no other.
#[derive(Serialize)]
struct Biometric<'a> {
    aud: &'a str,
    challenge: &'a str,
    /// SHA-256 of the act's JWT.
    #[serde(with = "base64url")]
    act_hash: [u8; 32],
}

#[derive(Serialize)]
struct Envelope<'a> {
    instruction: &'a str,
}

#[derive(Deserialize)]
struct Taken<T> {
    act: String,
    seq: u64,
    result: T,
}

/// No parameters, and no result.
#[derive(Serialize, Deserialize)]
pub(crate) struct Nothing {}

#[derive(Serialize)]
struct ChangeParams<'a> {
    epoch: u32,
    passcode_binding: &'a str,
}

#[derive(Deserialize)]
struct Changed {
    passcode_epoch: u32,
}

#[derive(Deserialize)]
struct Locked {
    account_state: AccountState,
}

/// Face or finger confirm what the passcode key signed.
pub(crate) async fn sign_biometric(
    (aud, challenge): (&str, &str),
    inner: &str,
    key: &dyn RequestSigner,
) -> Result<String, PlatformError> {
    let claims = Biometric { aud, challenge, act_hash: sha256(inner.as_bytes()) };
    jws::sign("eid-biometric+jwt", &claims, key).await
}

/// Parses the answer to an instruction of number `seq` for `act`, and its result.
fn parse_taken<T: DeserializeOwned>(body: &[u8], act: &str, seq: u64) -> Result<T, PlatformError> {
    let taken: Taken<T> = parse_object(body)?;
    if taken.act == act && taken.seq == seq { Ok(taken.result) } else { Err(NONSENSE) }
}

/// # Errors of every call
/// As for the other calls of the client. An instruction is also refused, with [`PlatformError::Refused`], for a passcode that is
/// wrong ([`eid_model::Code::PASSCODE_KEY_WRONG`] with the tries left), that has to wait, or is blocked; for a stale challenge
/// and for a number that was taken.
impl PlatformClient {
    /// A fresh challenge for one instruction.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn challenge(&self) -> Result<Challenge, PlatformError> {
        parse_challenge(&self.repeat(self.post("/v1/challenge").json(&Nothing {}), 200, JSON).await?)
    }

    /// Signs the citizen in with two factors (đăng nhập).
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn sign_in(&self, instruction: Instruction<'_>, now: UnixTime) -> Result<SignedIn, PlatformError> {
        let result: SessionAnswer = self.instruct(instruction, GuardedAct::SignIn, Nothing {}, now).await?;
        result.accept(now)
    }

    /// Has the platform take up the key of a new passcode (đổi mật mã); gives the passcode's epoch.
    ///
    /// # Errors
    /// See the head of this block; [`eid_model::Code::PASSCODE_EPOCH_REFUSED`] unless `epoch` follows the present one.
    pub async fn change_passcode(
        &self,
        instruction: Instruction<'_>,
        epoch: u32,
        new: &PasscodeKey,
        now: UnixTime,
    ) -> Result<u32, PlatformError> {
        let binding = make_passcode_binding(new, self.http.origin(), &instruction.challenge.text, now).await?;
        let params = ChangeParams { epoch, passcode_binding: &binding };
        let changed: Changed = self.instruct(instruction, GuardedAct::ChangePasscode, params, now).await?;
        Ok(changed.passcode_epoch)
    }

    /// Locks the account until card and face lift it (khóa tài khoản); gives the account's state.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn lock_account(
        &self,
        instruction: Instruction<'_>,
        now: UnixTime,
    ) -> Result<AccountState, PlatformError> {
        let locked: Locked = self.instruct(instruction, GuardedAct::Lock, Nothing {}, now).await?;
        Ok(locked.account_state)
    }

    /// Gives the account up on this phone (hủy liên kết thiết bị).
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn unlink(&self, instruction: Instruction<'_>, now: UnixTime) -> Result<(), PlatformError> {
        self.instruct(instruction, GuardedAct::Unlink, Nothing {}, now).await.map(|Nothing {}| ())
    }

    /// Signs the instruction once and sends it until an answer comes: the same bytes each time, so that it is done once.
    pub(crate) async fn instruct<P: Serialize + Sync, T: DeserializeOwned>(
        &self,
        instruction: Instruction<'_>,
        act: GuardedAct,
        params: P,
        now: UnixTime,
    ) -> Result<T, PlatformError> {
        let Instruction { account, seq, challenge, device, passcode, biometric } = instruction;
        let (aud, act, challenge) = (self.http.origin(), act.name(), challenge.text.as_str());
        let inner = Act { aud, sub: account.as_str(), challenge, seq, act, params };
        let inner = jws::sign("eid-act+jwt", &inner, passcode).await?;
        let biometric = match biometric {
            Some(key) => Some(sign_biometric((aud, challenge), &inner, key).await?),
            None => None,
        };
        let outer = Outer { aud, iat: now, inner: &inner, biometric: biometric.as_deref() };
        let signed = jws::sign("eid-instruction+jwt", &outer, device).await?;
        let request = self.post("/v1/instructions").json(&Envelope { instruction: &signed });
        parse_taken(&self.repeat(request, 200, JSON).await?, act, seq)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn answer_to_another_instruction_is_nonsense() {
        let body = |act: &str, seq: u64| json!({"act": act, "seq": seq, "result": {}}).to_string();
        assert!(parse_taken::<Nothing>(body("unlink", 7).as_bytes(), "unlink", 7).is_ok());
        for other in [body("sign_in", 7), body("unlink", 6), body("unlink", 8), "{}".to_owned()] {
            assert_eq!(parse_taken::<Nothing>(other.as_bytes(), "unlink", 7).err(), Some(NONSENSE), "{other}");
        }
    }

    #[test]
    fn challenge_of_other_characters_is_nonsense() {
        let body = |challenge: &str| json!({"challenge": challenge, "expires_at": 7}).to_string();
        assert_eq!(parse_challenge(body("c!~").as_bytes()).unwrap().expires_at().seconds(), 7);
        for bad in ["", "a b", "a\n", "é", &"a".repeat(257)] {
            assert_eq!(parse_challenge(body(bad).as_bytes()), Err(NONSENSE), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_parsed_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(parse_challenge(&body).is_err() && parse_taken::<Changed>(&body, "a", 1).is_err());
        }
    }
}
