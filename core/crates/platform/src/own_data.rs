//! A citizen's own data: consents that the device key signs, and requests under the data-protection law.

use eid_crypto::hash::sha256;
use eid_model::{ConsentField, Language, Recipient, RequestKind, RequestText, UnixTime};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    AccessToken, AccountId, Flaw, PlatformClient, PlatformError, RequestSigner, base64url, client::JSON,
    json::parse_object, jws,
};

/// `typ` of a consent.
pub const CONSENT_TYPE: &str = "eid-consent+jwt";

/// `typ` of a withdrawal.
pub const WITHDRAWAL_TYPE: &str = "eid-consent-withdrawal+jwt";

/// Consents, and requests, that an answer has at most.
const MOST_LISTED: usize = 500;

const NONSENSE: PlatformError = PlatformError::Nonsense(Flaw::Shape);

/// What a citizen agrees to, as the device key signs it (Law 91/2025 Art. 9): evidence for both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentStatement {
    /// The platform's origin.
    pub aud: String,
    /// The account.
    pub sub: AccountId,
    /// Names the consent: 16 random bytes, base64url.
    pub jti: String,
    /// When it was given, by the phone's clock.
    pub iat: UnixTime,
    /// When it ends by itself.
    pub exp: UnixTime,
    /// The purpose's code.
    pub purpose: String,
    /// Who receives the data.
    pub recipient: Recipient,
    /// Which data, each with whether it is sensitive. The citizen was told so.
    pub fields: Vec<ConsentField>,
    /// The version of the purpose's text that was shown.
    pub text_version: u32,
    /// In which language.
    pub text_language: Language,
    /// SHA-256 of what was shown: the text, a line feed, and the words about sensitive data, if any; UTF-8.
    #[serde(with = "base64url")]
    pub text_sha256: [u8; 32],
}

impl ConsentStatement {
    /// The digest of a shown text.
    pub fn digest(text: &str, sensitive_text: Option<&str>) -> [u8; 32] {
        sha256(format!("{text}\n{}", sensitive_text.unwrap_or_default()).as_bytes())
    }
}

/// The end of a consent before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawalStatement {
    /// The platform's origin.
    pub aud: String,
    /// The account.
    pub sub: AccountId,
    /// The consent.
    pub jti: String,
    /// When it was withdrawn, by the phone's clock.
    pub iat: UnixTime,
}

/// A consent as the platform keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KeptConsent {
    /// The signed [`ConsentStatement`], to be verified by [`parse_consent`].
    pub consent: String,
    /// When it was withdrawn, if it was.
    pub withdrawn_at: Option<UnixTime>,
}

/// What the platform says of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestProgress {
    /// The request, as the phone named it.
    pub id: String,
    /// When it arrived.
    pub received_at: UnixTime,
    /// True if others hold the data as well and have to act.
    #[serde(default)]
    pub others_involved: bool,
    /// When it was answered how the request will be carried out.
    pub answered_at: Option<UnixTime>,
    /// When the one extension was announced.
    pub extended_at: Option<UnixTime>,
    /// When it was done or refused.
    pub ended_at: Option<UnixTime>,
    /// True if it was refused.
    #[serde(default)]
    pub refused: bool,
}

/// A request as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentRequest {
    /// Names it: 16 random bytes, base64url. The same one is taken once.
    pub id: String,
    /// What is asked for.
    pub kind: RequestKind,
    /// In words.
    pub text: RequestText,
}

#[derive(Deserialize)]
struct Received {
    received_at: UnixTime,
}

#[derive(Deserialize)]
struct Withdrawn {
    withdrawn_at: UnixTime,
}

#[derive(Deserialize)]
struct Consents {
    consents: Vec<KeptConsent>,
}

#[derive(Deserialize)]
struct Requests {
    requests: Vec<RequestProgress>,
}

/// Parses the answer to `GET /v1/consents`.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_consents(body: &[u8]) -> Result<Vec<KeptConsent>, PlatformError> {
    let Consents { consents } = parse_object(body)?;
    if consents.len() <= MOST_LISTED { Ok(consents) } else { Err(NONSENSE) }
}

/// Parses the answer to `GET /v1/data-requests`.
///
/// # Errors
/// [`PlatformError::Nonsense`], also for what happened before it was received.
pub fn parse_requests(body: &[u8]) -> Result<Vec<RequestProgress>, PlatformError> {
    let Requests { requests } = parse_object(body)?;
    let sound = |request: &RequestProgress| {
        let later = [request.answered_at, request.extended_at, request.ended_at];
        later.into_iter().flatten().all(|at| at >= request.received_at)
    };
    if requests.len() <= MOST_LISTED && requests.iter().all(sound) { Ok(requests) } else { Err(NONSENSE) }
}

/// Verifies a consent with the key in its own header, and that it is of this account.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_consent(token: &str, account: &AccountId) -> Result<ConsentStatement, PlatformError> {
    let parsed = jws::parse(token)?;
    let key = *parsed.jwk().ok_or(PlatformError::Nonsense(Flaw::TokenForm))?;
    let statement: ConsentStatement = parsed.verify(CONSENT_TYPE, &key)?;
    let sound = statement.sub == *account
        && statement.exp > statement.iat
        && (1..=64).contains(&statement.jti.len())
        && (1..=64).contains(&statement.purpose.len())
        && (1..=32).contains(&statement.fields.len());
    if sound { Ok(statement) } else { Err(NONSENSE) }
}

/// All repeated by themselves; the platform takes each of them more than once without harm.
impl PlatformClient {
    /// The platform's origin: what statements are addressed to.
    pub fn origin(&self) -> &str {
        self.http.origin()
    }

    /// Hands a signed consent over. The same one again gives the same answer.
    ///
    /// # Errors
    /// See the head of [`PlatformClient`]'s calls.
    pub async fn send_consent(
        &self,
        token: &AccessToken,
        consent: &str,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<UnixTime, PlatformError> {
        #[derive(Serialize)]
        struct Body<'a> {
            consent: &'a str,
        }
        let body = self.own("/v1/consents", Some(&Body { consent }), token, device, now).await?;
        Ok(parse::<Received>(&body)?.received_at)
    }

    /// Hands a signed withdrawal over; gives when the platform has it withdrawn.
    ///
    /// # Errors
    /// See the head of [`PlatformClient`]'s calls; [`PlatformError::Refused`] with [`eid_model::Code::CONSENT_UNKNOWN`].
    pub async fn send_withdrawal(
        &self,
        token: &AccessToken,
        (id, withdrawal): (&str, &str),
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<UnixTime, PlatformError> {
        #[derive(Serialize)]
        struct Body<'a> {
            withdrawal: &'a str,
        }
        let path = format!("/v1/consents/{}/withdrawal", path_part(id)?);
        let body = self.own(&path, Some(&Body { withdrawal }), token, device, now).await?;
        Ok(parse::<Withdrawn>(&body)?.withdrawn_at)
    }

    /// The consents that the platform keeps for the account.
    ///
    /// # Errors
    /// See the head of [`PlatformClient`]'s calls.
    pub async fn consents(
        &self,
        token: &AccessToken,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Vec<KeptConsent>, PlatformError> {
        parse_consents(&self.own("/v1/consents", None::<&()>, token, device, now).await?)
    }

    /// Sends a request under the data-protection law; gives when it arrived. The same one again gives the same answer.
    ///
    /// # Errors
    /// See the head of [`PlatformClient`]'s calls.
    pub async fn send_data_request(
        &self,
        token: &AccessToken,
        request: &SentRequest,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<UnixTime, PlatformError> {
        let body = self.own("/v1/data-requests", Some(request), token, device, now).await?;
        Ok(parse::<Received>(&body)?.received_at)
    }

    /// How the account's requests stand.
    ///
    /// # Errors
    /// See the head of [`PlatformClient`]'s calls.
    pub async fn data_requests(
        &self,
        token: &AccessToken,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Vec<RequestProgress>, PlatformError> {
        parse_requests(&self.own("/v1/data-requests", None::<&()>, token, device, now).await?)
    }

    /// A call with an access token: with a body as POST, without one as GET.
    async fn own<T: Serialize + Sync>(
        &self,
        path: &str,
        body: Option<&T>,
        token: &AccessToken,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Vec<u8>, PlatformError> {
        let request = match body {
            Some(body) => self.post(path).json(body),
            None => self.http.client.get(self.http.url(path)).header("Accept", JSON),
        };
        self.repeat_with_token(request, token, device, now).await
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, PlatformError> {
    parse_object(body)
}

/// An identifier that cannot bend a path.
fn path_part(id: &str) -> Result<&str, PlatformError> {
    AccountId::try_from(id.to_owned()).map_err(|_| PlatformError::Nonsense(Flaw::Shape))?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_another_shape_are_nonsense() {
        let good = br#"{"requests":[{"id":"r","received_at":10,"answered_at":null,"extended_at":null,"ended_at":11}]}"#;
        let parsed = parse_requests(good).unwrap();
        assert_eq!((parsed[0].ended_at, parsed[0].refused), (Some(UnixTime::from_seconds(11)), false));
        for bad in [
            r#"{"requests":[{"id":"r","received_at":10,"answered_at":9,"extended_at":null,"ended_at":null}]}"#,
            r#"{"requests":[{"id":"r","received_at":"10","answered_at":null,"extended_at":null,"ended_at":null}]}"#,
            r#"{"requests":{}}"#,
            r#"[]"#,
        ] {
            assert!(parse_requests(bad.as_bytes()).is_err(), "{bad}");
        }
        assert_eq!(parse_consents(br#"{"consents":[]}"#), Ok(vec![]));
        let long = format!(r#"{{"consents":[{}{{"consent":"x"}}]}}"#, r#"{"consent":"x"},"#.repeat(MOST_LISTED));
        assert!(parse_consents(long.as_bytes()).is_err());
        assert!(parse_consents(br#"{"consents":[{"withdrawn_at":1}]}"#).is_err());
    }

    #[test]
    fn digest_of_a_text_has_the_words_about_sensitive_data_in_it() {
        assert_ne!(ConsentStatement::digest("a", None), ConsentStatement::digest("a", Some("b")));
        assert_eq!(ConsentStatement::digest("a", Some("b")), sha256(b"a\nb"));
        assert_eq!(ConsentStatement::digest("a", None), sha256(b"a\n"));
    }

    #[test]
    fn identifier_that_bends_a_path_is_refused() {
        for id in ["", "../x", "a/b", "a?b", &"a".repeat(65)] {
            assert!(path_part(id).is_err(), "{id}");
        }
        assert_eq!(path_part("aZ-_9"), Ok("aZ-_9"));
    }
}
