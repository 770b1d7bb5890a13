//! Sessions that signing in opens, and what is asked in them.

use eid_crypto::SecretBytes;
use eid_model::{AuthLevel, UnixTime, bounded_line};
use serde::{Deserialize, Serialize};

use crate::{
    AccessToken, Flaw, PlatformClient, PlatformError, RequestSigner, answer::is_visible_ascii, binding, client::JSON,
    http::Expected, instruction::Nothing, json::parse_object,
};

const NONSENSE: PlatformError = PlatformError::Nonsense(Flaw::Shape);

/// Phones that are listed, at most.
const MOST_DEVICES: usize = 50;

/// The longest name of a phone, in characters.
const LONGEST_NAME: usize = 40;

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
pub(crate) struct SessionAnswer {
    access_token: String,
    token_type: String,
    expires_in: u32,
    refresh_token: String,
    auth_level: AuthLevel,
    auth_time: UnixTime,
}

impl SessionAnswer {
    pub(crate) fn accept(self, now: UnixTime) -> Result<SignedIn, PlatformError> {
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
/// or holds control characters. A name that hides something is left out: a thief's phone must not hide the list, or itself.
pub fn parse_devices(body: &[u8]) -> Result<Vec<DeviceEntry>, PlatformError> {
    let DevicesAnswer { mut devices } = parse_object(body)?;
    let is_name = |name: &str| name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control);
    let fits = devices.len() <= MOST_DEVICES
        && devices.iter().filter(|device| device.active).count() <= 1
        && devices.iter().all(|device| is_name(&device.name));
    for device in &mut devices {
        device.name = bounded_line(&device.name, LONGEST_NAME).unwrap_or_default();
    }
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
/// As of every call of [`PlatformClient`].
impl PlatformClient {
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
        let mut call = self.http.begin(Expected::one(200, JSON));
        loop {
            let iat = binding::later(now, call.age());
            let dpop = binding::make_dpop(device, ("POST", &url), None, rng, iat).await?;
            let request = self.http.client.post(&url).header("DPoP", dpop).form(form);
            if let Some(answer) = call.attempt(request).await? {
                return Ok((answer.body, iat));
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
    fn endless_or_contradictory_list_of_phones_is_nonsense() {
        let phone =
            |name: &str, active: bool| json!({"name": name, "bound_at": 1, "last_seen_at": 2, "active": active});
        let parse = |devices: &[Value]| parse_devices(json!({"devices": devices}).to_string().as_bytes());
        let long = "Đ".repeat(40);
        let two = parse(&[phone(&long, true), phone("", false)]).unwrap();
        assert_eq!((two[0].name.as_str(), two[0].active, two[1].active), (long.as_str(), true, false));
        assert_eq!(parse(&vec![phone("", false); 50]).unwrap().len(), 50);
        assert_eq!(parse(&[]), Ok(Vec::new()));
        for hidden in ["a\u{202e}b", "\u{200b}", "\u{2066}x"] {
            let shown = parse(&[phone(hidden, true), phone("Nhà", false)]).unwrap();
            assert_eq!((shown[0].name.as_str(), shown[1].name.as_str()), ("", "Nhà"), "{hidden:?}");
        }
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
            prop_assert!(parse_devices(&body).is_err() && parse_signed_in(&body, NOW).is_err());
        }
    }
}
