//! The level-2 grant (cấp tài khoản định danh mức độ 2): what the platform vouches for, bound to this phone's key.

use eid_crypto::VerifyingKey;
use eid_model::{AccountLevel, PartialDate, PersonName, Pid, UnixTime};
use serde::Deserialize;

use crate::{
    AccountId, Flaw, PlatformError,
    jws::{self, Jwk},
};

/// `typ` of a grant.
const TYPE: &str = "eid-grant+jwt";

/// How far ahead of this phone's clock a grant may be issued, in seconds.
const SKEW: i64 = 300;

/// A verified grant. There is no other way to one than [`Grant::verify`]: the core never grants a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The account that the grant is about.
    pub account_id: AccountId,
    /// Personal identification number (số định danh cá nhân).
    pub pid: Pid,
    /// Full name.
    pub name: PersonName,
    /// Date of birth, as far as it is known.
    pub birth_date: PartialDate,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// From when on it is void.
    pub expires_at: UnixTime,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: AccountId,
    iat: UnixTime,
    exp: UnixTime,
    level: AccountLevel,
    pid: Pid,
    name: PersonName,
    birth_date: PartialDate,
    cnf: Confirmation,
}

#[derive(Deserialize)]
struct Confirmation {
    jwk: Jwk,
}

impl Grant {
    /// Checks a grant completely: type and signature with the issuer's grant key `key`, the issuer's name, the times
    /// against `now`, level 2, and that it is bound to this phone's `device_key`.
    ///
    /// `key` comes from the trust list, found by [`jws::Jws::kid`]; `issuer` is the name that the trust list has for it.
    ///
    /// # Errors
    /// [`PlatformError::GrantExpired`] if nothing but its age is wrong, else [`PlatformError::GrantInvalid`].
    pub fn verify(
        jwt: &str,
        key: &VerifyingKey,
        issuer: &str,
        device_key: &VerifyingKey,
        now: UnixTime,
    ) -> Result<Self, PlatformError> {
        let claims: Claims = jws::parse(jwt).and_then(|jws| jws.verify(TYPE, key)).map_err(|error| match error {
            PlatformError::Nonsense(flaw) => PlatformError::GrantInvalid(flaw),
            other => other,
        })?;
        let now = now.seconds();
        let from_the_future = claims.iat.seconds() > now.saturating_add(SKEW);
        for (wrong, flaw) in [
            (claims.iss != issuer, Flaw::Issuer),
            (claims.level != AccountLevel::Two, Flaw::Level),
            (claims.cnf.jwk.0 != *device_key, Flaw::DeviceKey),
            (from_the_future || claims.exp <= claims.iat, Flaw::Time),
        ] {
            if wrong {
                return Err(PlatformError::GrantInvalid(flaw));
            }
        }
        if now >= claims.exp.seconds() {
            return Err(PlatformError::GrantExpired);
        }
        Ok(Self {
            account_id: claims.sub,
            pid: claims.pid,
            name: claims.name,
            birth_date: claims.birth_date,
            issued_at: claims.iat,
            expires_at: claims.exp,
        })
    }
}

#[cfg(test)]
mod tests {
    use eid_crypto::SigningKey;
    use eid_model::Code;
    use serde_json::{Value, json};

    use super::*;

    const ISSUED: i64 = 1_795_000_000;
    const EXPIRES: i64 = ISSUED + 86_400;
    const ISSUER: &str = "https://issuer.example";

    struct Case {
        issuer: SigningKey,
        device: SigningKey,
        claims: Value,
    }

    impl Case {
        fn new() -> Self {
            let device = SigningKey::make().unwrap();
            let claims = json!({
                "iss": ISSUER, "sub": "acc-1", "iat": ISSUED, "exp": EXPIRES, "jti": "AA", "level": 2,
                "pid": "000199000123", "name": "Nguyễn Thị Minh Khai", "birth_date": "1999-12",
                "cnf": {"jwk": Jwk(*device.public())},
            });
            Self { issuer: SigningKey::make().unwrap(), device, claims }
        }

        /// The case with one claim changed; `null` takes it away.
        fn with(mut self, claim: &str, value: Value) -> Self {
            let claims = self.claims.as_object_mut().unwrap();
            if value.is_null() {
                claims.remove(claim)
            } else {
                claims.insert(claim.to_owned(), value)
            };
            self
        }

        fn token(&self, typ: &str) -> String {
            jws::sign_as_issuer(typ, "AAAAAAAAAAA", &self.claims, &self.issuer)
        }

        fn verify(&self, now: i64) -> Result<Grant, PlatformError> {
            self.verify_token(&self.token(TYPE), now)
        }

        fn verify_token(&self, token: &str, now: i64) -> Result<Grant, PlatformError> {
            let now = UnixTime::from_seconds(now);
            Grant::verify(token, self.issuer.public(), ISSUER, self.device.public(), now)
        }
    }

    #[test]
    fn good_grant_verified_gives_typed_fields() {
        let case = Case::new();
        let grant = case.verify(ISSUED).unwrap();
        assert_eq!((grant.pid.as_str(), grant.account_id.as_str()), ("000199000123", "acc-1"));
        assert_eq!(grant.name.as_str(), "Nguyễn Thị Minh Khai");
        assert_eq!((grant.birth_date.year(), grant.birth_date.month(), grant.birth_date.day()), (1999, Some(12), None));
        assert_eq!((grant.issued_at.seconds(), grant.expires_at.seconds()), (ISSUED, EXPIRES));
        assert_eq!(jws::parse(&case.token(TYPE)).unwrap().kid(), Some("AAAAAAAAAAA"));
    }

    #[test]
    fn verified_grant_shows_no_personal_data() {
        let shown = format!("{:?}", Case::new().verify(ISSUED).unwrap());
        for secret in ["000199000123", "Nguyễn", "Khai", "acc-1", "1999"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn grant_is_good_from_its_issue_with_skew_until_its_end() {
        let invalid = Err(PlatformError::GrantInvalid(Flaw::Time));
        for (now, expected) in [
            (ISSUED - 301, invalid),
            (ISSUED - 300, Ok(())),
            (EXPIRES - 1, Ok(())),
            (EXPIRES, Err(PlatformError::GrantExpired)),
            (i64::MAX, Err(PlatformError::GrantExpired)),
            (i64::MIN, invalid),
        ] {
            assert_eq!(Case::new().verify(now).map(|_| ()), expected, "{now}");
        }
        assert_eq!(PlatformError::GrantExpired.code(), Code::GRANT_EXPIRED);
    }

    #[test]
    fn grants_with_a_wrong_claim_are_refused_with_its_flaw() {
        let other_key = json!({"jwk": Jwk(*SigningKey::make().unwrap().public())});
        for (claim, value, flaw) in [
            ("iss", json!("https://rogue.example"), Flaw::Issuer),
            ("iss", json!(null), Flaw::Shape),
            ("level", json!(1), Flaw::Level),
            ("level", json!(3), Flaw::Shape),
            ("level", json!("2"), Flaw::Shape),
            ("level", json!(null), Flaw::Shape),
            ("cnf", other_key, Flaw::DeviceKey),
            ("cnf", json!({"jkt": "AA"}), Flaw::Shape),
            ("cnf", json!(null), Flaw::Shape),
            ("exp", json!(ISSUED), Flaw::Time),
            ("exp", json!(null), Flaw::Shape),
            ("iat", json!(EXPIRES + 1), Flaw::Time),
            ("iat", json!(1.5), Flaw::Shape),
            ("sub", json!("../x"), Flaw::Shape),
            ("pid", json!("123"), Flaw::Shape),
            ("name", json!("4dm1n"), Flaw::Shape),
            ("birth_date", json!("1999-13"), Flaw::Shape),
        ] {
            let result = Case::new().with(claim, value.clone()).verify(ISSUED);
            assert_eq!(result, Err(PlatformError::GrantInvalid(flaw)), "{claim} {value}");
        }
        assert_eq!(PlatformError::GrantInvalid(Flaw::Level).code(), Code::GRANT_INVALID);
    }

    #[test]
    fn grant_expired_and_bound_to_another_key_is_invalid() {
        let other_key = json!({"jwk": Jwk(*SigningKey::make().unwrap().public())});
        let result = Case::new().with("cnf", other_key).verify(EXPIRES);
        assert_eq!(result, Err(PlatformError::GrantInvalid(Flaw::DeviceKey)));
    }

    #[test]
    fn tokens_that_are_no_grant_of_this_issuer_are_refused() {
        let case = Case::new();
        let forged = Case { issuer: SigningKey::make().unwrap(), ..Case::new() };
        for (token, flaw) in [
            (forged.token(TYPE), Flaw::Signature),
            (case.token("JWT"), Flaw::TokenType),
            ("a.b.c".to_owned(), Flaw::TokenForm),
            ("a".repeat(jws::MAX_TOKEN + 1), Flaw::TooLarge),
        ] {
            assert_eq!(case.verify_token(&token, ISSUED), Err(PlatformError::GrantInvalid(flaw)));
        }
    }
}
