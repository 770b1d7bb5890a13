//! Instructions: what a citizen has the platform do, signed by the passcode key and then by the device key; and the sessions
//! that they open.

use core::fmt;

use eid_crypto::{PasscodeKey, SecretBytes};
use eid_model::{AccountState, AuthLevel, UnixTime};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    AccessToken, AccountId, Flaw, PlatformClient, PlatformError, RequestSigner, answer::is_visible_ascii, binding,
    client::JSON, http::Expected, json::parse_object, jws, make_passcode_binding,
};

const NONSENSE: PlatformError = PlatformError::Nonsense(Flaw::Shape);

/// Phones that are listed, at most.
const MOST_DEVICES: usize = 50;

/// The longest name of a phone, in characters.
const LONGEST_NAME: usize = 40;

/// What the platform wants to see signed in one instruction; good for a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    text: String,
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

#[derive(Serialize)]
struct Outer<'a> {
    aud: &'a str,
    iat: UnixTime,
    inner: &'a str,
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
struct Nothing {}

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

/// Parses the answer to an instruction of number `seq` for `act`, and its result.
fn parse_taken<T: DeserializeOwned>(body: &[u8], act: &str, seq: u64) -> Result<T, PlatformError> {
    let taken: Taken<T> = parse_object(body)?;
    if taken.act == act && taken.seq == seq { Ok(taken.result) } else { Err(NONSENSE) }
}

/// A session at the platform: what was shown, when, and the tokens that came of it. The phone keeps it in memory only.
#[derive(Debug)]
pub struct SignedIn {
    /// For calls, for ten minutes as a rule.
    pub access: AccessToken,
    /// For the next access token.
    pub refresh: RefreshToken,
    /// What the platform counts the session as.
    pub auth_level: AuthLevel,
    /// When the citizen showed it.
    pub auth_time: UnixTime,
}

/// A token that is good once, for new tokens of the same session; wiped on drop.
#[derive(Debug)]
pub struct RefreshToken(SecretBytes);

impl RefreshToken {
    fn expose(&self) -> &str {
        // EXPOSE: the token goes into the request's body. It is visible ASCII.
        core::str::from_utf8(self.0.expose()).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct SessionAnswer {
    access_token: String,
    token_type: String,
    expires_in: u32,
    refresh_token: String,
    auth_level: AuthLevel,
    auth_time: UnixTime,
}

impl SessionAnswer {
    fn accept(self, now: UnixTime) -> Result<SignedIn, PlatformError> {
        let Self { access_token, token_type, expires_in, refresh_token, auth_level, auth_time } = self;
        let access = AccessToken::parse(access_token, &token_type, expires_in, now)?;
        let refresh = SecretBytes::new(refresh_token.into_bytes());
        // EXPOSE: checked for characters that a form may hold.
        let fits = is_visible_ascii(refresh.expose(), 4096);
        if fits {
            Ok(SignedIn { access, refresh: RefreshToken(refresh), auth_level, auth_time })
        } else {
            Err(NONSENSE)
        }
    }
}

/// Parses the tokens of a session, asked for at `now`: the answer to a refresh, or the result of `sign_in`.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_signed_in(body: &[u8], now: UnixTime) -> Result<SignedIn, PlatformError> {
    parse_object::<SessionAnswer>(body)?.accept(now)
}

/// A phone that is or was bound to the account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeviceEntry {
    /// As its holder named it, up to 40 characters; may be empty.
    pub name: String,
    /// When it was bound.
    pub bound_at: UnixTime,
    /// When the platform last heard of it.
    pub last_seen_at: UnixTime,
    /// True for the one phone that is bound now.
    pub active: bool,
}

#[derive(Deserialize)]
struct DevicesAnswer {
    devices: Vec<DeviceEntry>,
}

/// Parses the answer to `GET /v1/devices`.
///
/// # Errors
/// [`PlatformError::Nonsense`], also for more than 50 phones, for more than one that is active, and for a name that is too long
/// or holds control characters.
pub fn parse_devices(body: &[u8]) -> Result<Vec<DeviceEntry>, PlatformError> {
    let DevicesAnswer { devices } = parse_object(body)?;
    let is_name = |name: &str| name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control);
    let fits = devices.len() <= MOST_DEVICES
        && devices.iter().filter(|device| device.active).count() <= 1
        && devices.iter().all(|device| is_name(&device.name));
    if fits { Ok(devices) } else { Err(NONSENSE) }
}

#[derive(Serialize)]
struct RefreshForm<'a> {
    grant_type: &'a str,
    refresh_token: &'a str,
}

#[derive(Serialize)]
struct RevokeForm<'a> {
    token: &'a str,
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
        let result: SessionAnswer = self.instruct(instruction, "sign_in", Nothing {}, now).await?;
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
        let changed: Changed = self.instruct(instruction, "change_passcode", params, now).await?;
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
        let locked: Locked = self.instruct(instruction, "lock", Nothing {}, now).await?;
        Ok(locked.account_state)
    }

    /// Gives the account up on this phone (hủy liên kết thiết bị).
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn unlink(&self, instruction: Instruction<'_>, now: UnixTime) -> Result<(), PlatformError> {
        self.instruct(instruction, "unlink", Nothing {}, now).await.map(|Nothing {}| ())
    }

    /// Signs the instruction once and sends it until an answer comes: the same bytes each time, so that it is done once.
    async fn instruct<P: Serialize + Sync, T: DeserializeOwned>(
        &self,
        instruction: Instruction<'_>,
        act: &str,
        params: P,
        now: UnixTime,
    ) -> Result<T, PlatformError> {
        let Instruction { account, seq, challenge, device, passcode } = instruction;
        let aud = self.http.origin();
        let inner = Act { aud, sub: account.as_str(), challenge: &challenge.text, seq, act, params };
        let inner = jws::sign("eid-act+jwt", &inner, passcode).await?;
        let signed = jws::sign("eid-instruction+jwt", &Outer { aud, iat: now, inner: &inner }, device).await?;
        let request = self.post("/v1/instructions").json(&Envelope { instruction: &signed });
        parse_taken(&self.repeat(request, 200, JSON).await?, act, seq)
    }

    /// Gets new tokens for a session. The old refresh token is spent with it.
    ///
    /// # Errors
    /// See the head of this block; [`eid_model::Code::SESSION_ENDED`] when the citizen has to sign in again.
    pub async fn refresh(
        &self,
        token: &RefreshToken,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<SignedIn, PlatformError> {
        let form = RefreshForm { grant_type: "refresh_token", refresh_token: token.expose() };
        let (body, iat) = self.repeat_form("/oauth2/token", &form, device, now).await?;
        parse_signed_in(&body, iat)
    }

    /// Ends a session at the platform, with all its tokens (đăng xuất).
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn revoke(
        &self,
        token: &RefreshToken,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<(), PlatformError> {
        let form = RevokeForm { token: token.expose() };
        let (body, _) = self.repeat_form("/oauth2/revoke", &form, device, now).await?;
        parse_object(&body).map(|Nothing {}| ())
    }

    /// The phones that are or were bound to the account, the newest first. Asks for a token of auth level 2.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn devices(
        &self,
        token: &AccessToken,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Vec<DeviceEntry>, PlatformError> {
        let request = self.http.client.get(self.http.url("/v1/devices"));
        parse_devices(&self.repeat_with_token(request, token, device, now).await?)
    }

    /// A form with a DPoP proof, which each repeat makes anew; also gives the time of the last one.
    async fn repeat_form<F: Serialize + Sync>(
        &self,
        path: &str,
        form: &F,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<(Vec<u8>, UnixTime), PlatformError> {
        let (url, rng) = (self.http.url(path), self.http.rng.as_ref());
        let mut call = self.http.begin(Expected { status: 200, media: JSON });
        loop {
            let iat = binding::later(now, call.age());
            let dpop = binding::make_dpop(device, ("POST", &url), None, rng, iat).await?;
            let request = self.http.client.post(&url).header("DPoP", dpop).form(form);
            if let Some(body) = call.attempt(request).await? {
                return Ok((body, iat));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_000_000);

    fn signed_in() -> Value {
        json!({"access_token": "a", "token_type": "DPoP", "expires_in": 600, "refresh_token": "r", "auth_level": 2,
               "auth_time": 1_795_000_000})
    }

    #[test]
    fn session_lacking_a_member_or_with_one_out_of_bounds_is_nonsense() {
        let good = parse_signed_in(signed_in().to_string().as_bytes(), NOW).unwrap();
        assert_eq!((good.auth_level, good.auth_time, good.refresh.expose()), (AuthLevel::L2, NOW, "r"));
        assert!(!format!("{good:?}").contains("\"r\""));
        for (member, value) in [
            ("access_token", json!("")),
            ("token_type", json!("Bearer")),
            ("refresh_token", json!("")),
            ("refresh_token", json!("a b")),
            ("refresh_token", json!("a".repeat(4097))),
            ("auth_level", json!(0)),
            ("auth_level", json!(5)),
            ("auth_level", json!("2")),
            ("auth_time", json!(1.5)),
        ] {
            let mut bad = signed_in();
            bad[member] = value;
            assert_eq!(parse_signed_in(bad.to_string().as_bytes(), NOW).err(), Some(NONSENSE), "{bad}");
        }
        for member in signed_in().as_object().unwrap().keys() {
            let mut less = signed_in();
            less.as_object_mut().unwrap().remove(member);
            assert_eq!(parse_signed_in(less.to_string().as_bytes(), NOW).err(), Some(NONSENSE), "{less}");
        }
    }

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

    #[test]
    fn endless_or_contradictory_list_of_phones_is_nonsense() {
        let phone =
            |name: &str, active: bool| json!({"name": name, "bound_at": 1, "last_seen_at": 2, "active": active});
        let parse = |devices: &[Value]| parse_devices(json!({"devices": devices}).to_string().as_bytes());
        let long = "Đ".repeat(40);
        let two = parse(&[phone(&long, true), phone("", false)]).unwrap();
        assert_eq!((two[0].name.as_str(), two[0].active, two[1].active), (long.as_str(), true, false));
        assert_eq!(parse(&vec![phone("", false); 50]).unwrap().len(), 50);
        assert_eq!(parse(&[]), Ok(Vec::new()));
        for bad in [
            vec![phone("", false); 51],
            vec![phone("", true); 2],
            vec![phone(&"a".repeat(41), true)],
            vec![phone("a\nb", true)],
        ] {
            assert_eq!(parse(&bad), Err(NONSENSE));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_parsed_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(parse_challenge(&body).is_err() && parse_devices(&body).is_err());
            prop_assert!(parse_signed_in(&body, NOW).is_err() && parse_taken::<Changed>(&body, "a", 1).is_err());
        }
    }
}
