//! The signed configuration: what changes more often than the app, and must not be believed from anybody but the root.

use core::time::Duration;

use eid_crypto::VerifyingKey;
use eid_model::{AuthLevel, AuthPolicy, AuthRule, UnixTime};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    Flaw, PlatformError, UpdatePolicy, base64url,
    jws::{self, Jwk},
};

/// The longest configuration that is read, in bytes.
pub const MAX_CONFIGURATION: usize = 256 * 1024;

/// `typ` of a configuration.
const TYPE: &str = "eid-configuration+jwt";

/// How far ahead of this phone's clock a configuration may be signed, in seconds.
const SKEW: i64 = 300;

/// The most entries that any of its lists may have.
const MAX_ENTRIES: usize = 256;

/// A configuration whose signature was checked. There is no other way to one than [`Self::verify`] and [`Self::parse`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Configuration {
    /// Rises with each change; a lower one never replaces a higher.
    pub version: u32,
    /// Name of the platform that it is for, as in grants.
    pub issuer: String,
    /// When it was signed.
    pub issued_at: UnixTime,
    /// Until when it may be taken.
    pub expires_at: UnixTime,
    /// Certificates of the authorities that sign ID cards (CSCA), DER, not parsed yet.
    pub csca: Vec<Vec<u8>>,
    /// Their certificate revocation lists, DER, not parsed yet.
    pub crls: Vec<Vec<u8>>,
    /// The key that pictures of faces are encrypted to.
    pub face_key: VerifyingKey,
    /// The keys that source authorities sign with, each with the authority's code; two of one code while a key is replaced.
    pub authorities: Vec<AuthorityKey>,
    /// The keys that the platform signs receipts with.
    pub receipt_keys: Vec<VerifyingKey>,
    /// What acts ask for, where that differs from the built-in table.
    pub acts: Vec<ActRule>,
    /// When the platform will be, or is, under maintenance.
    pub maintenance: Option<Maintenance>,
    /// Which versions of the app are served.
    pub update: UpdatePolicy,
}

/// How strongly an act must be authenticated, and how long ago at most.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActRule {
    /// The act's name; one that this version does not know is of no use.
    pub act: String,
    /// The least level.
    pub level: AuthLevel,
    /// The greatest age of the evidence, in seconds.
    pub max_age_s: u32,
}

/// A key of a source authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityKey {
    /// The authority, a code of the table `authorities` of the records.
    pub code: String,
    /// Its key.
    pub key: VerifyingKey,
}

/// A maintenance window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Maintenance {
    /// Its first second.
    pub from: UnixTime,
    /// The first second after it.
    pub to: UnixTime,
}

impl Maintenance {
    /// How long it still lasts; `None` before and after it.
    pub fn wait_at(&self, now: UnixTime) -> Option<Duration> {
        let left = self.to.checked_since(now).filter(|_| self.from <= now)?;
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_secs)
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    iat: UnixTime,
    exp: UnixTime,
    version: u32,
    csca: Vec<Der>,
    #[serde(default)]
    crls: Vec<Der>,
    face_key: Jwk,
    // A configuration of before records were kept has none: then nothing that an authority says is believed.
    #[serde(default)]
    authorities: Vec<AuthorityEntry>,
    #[serde(default)]
    receipt_keys: Vec<Jwk>,
    acts: Vec<ActRule>,
    maintenance: Option<Maintenance>,
    update: UpdatePolicy,
}

#[derive(Deserialize)]
struct AuthorityEntry {
    code: String,
    key: Jwk,
}

struct Der(Vec<u8>);

impl<'de> Deserialize<'de> for Der {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = base64url::decode(&String::deserialize(deserializer)?).filter(|bytes| !bytes.is_empty());
        bytes.map(Self).ok_or_else(|| D::Error::custom("not base64url"))
    }
}

impl Configuration {
    /// Checks a configuration that was just received: as [`Self::parse`], and its times against `now`.
    ///
    /// # Errors
    /// [`PlatformError::ConfigurationExpired`] if nothing but its age is wrong, else [`PlatformError::ConfigurationInvalid`].
    pub fn verify(jwt: &str, roots: &[VerifyingKey], now: UnixTime) -> Result<Self, PlatformError> {
        let configuration = Self::parse(jwt, roots)?;
        if configuration.issued_at.seconds() > now.seconds().saturating_add(SKEW) {
            return Err(PlatformError::ConfigurationInvalid(Flaw::Time));
        }
        if configuration.is_expired(now) { Err(PlatformError::ConfigurationExpired) } else { Ok(configuration) }
    }

    /// Checks type, signature and form of one that is held, whatever its age: an old one is better than none while there is
    /// no newer. Each root is tried, as there are one or two.
    ///
    /// # Errors
    /// [`PlatformError::ConfigurationInvalid`].
    pub fn parse(jwt: &str, roots: &[VerifyingKey]) -> Result<Self, PlatformError> {
        let claims = verified_claims(jwt, roots).map_err(|error| match error {
            PlatformError::Nonsense(flaw) => PlatformError::ConfigurationInvalid(flaw),
            other => other,
        })?;
        claims.into_configuration().map_err(PlatformError::ConfigurationInvalid)
    }

    /// What each act asks for, the built-in table included.
    pub fn auth_policy(&self) -> AuthPolicy {
        let rule = |rule: &ActRule| AuthRule { level: rule.level, max_age_s: rule.max_age_s };
        AuthPolicy::with_changes(self.acts.iter().map(|changed| (changed.act.as_str(), rule(changed))))
    }

    /// The keys of a source authority.
    pub fn authority_keys(&self, code: &str) -> impl Iterator<Item = &VerifyingKey> {
        self.authorities.iter().filter(move |authority| authority.code == code).map(|authority| &authority.key)
    }

    /// True if it is too old to be taken from anybody.
    pub fn is_expired(&self, now: UnixTime) -> bool {
        now >= self.expires_at
    }

    /// True if this one may take the place of `old`: for the same platform, and not of a lower version.
    pub fn may_replace(&self, old: &Self) -> bool {
        self.issuer == old.issuer && self.version >= old.version
    }
}

fn verified_claims(jwt: &str, roots: &[VerifyingKey]) -> Result<Claims, PlatformError> {
    let jws = jws::parse_at_most(jwt, MAX_CONFIGURATION)?;
    let mut outcome = Err(PlatformError::Nonsense(Flaw::Signature));
    for root in roots {
        outcome = jws.verify(TYPE, root);
        if !matches!(outcome, Err(PlatformError::Nonsense(Flaw::Signature))) {
            break;
        }
    }
    outcome
}

impl Claims {
    fn into_configuration(self) -> Result<Configuration, Flaw> {
        let named = self.acts.iter().all(|rule| is_name(&rule.act))
            && self.authorities.iter().all(|authority| is_name(&authority.code));
        let counts = [
            self.csca.len(),
            self.crls.len(),
            self.acts.len(),
            self.update.blocked.len(),
            self.authorities.len(),
            self.receipt_keys.len(),
        ];
        let window = self.maintenance.is_none_or(|window| window.from < window.to);
        for (wrong, flaw) in [
            (!(1..=256).contains(&self.iss.len()) || !named, Flaw::Shape),
            (counts.into_iter().any(|count| count > MAX_ENTRIES), Flaw::Count),
            (self.exp <= self.iat || !window, Flaw::Time),
        ] {
            if wrong {
                return Err(flaw);
            }
        }
        let bytes = |list: Vec<Der>| list.into_iter().map(|der| der.0).collect();
        Ok(Configuration {
            version: self.version,
            issuer: self.iss,
            issued_at: self.iat,
            expires_at: self.exp,
            csca: bytes(self.csca),
            crls: bytes(self.crls),
            face_key: self.face_key.0,
            authorities: self
                .authorities
                .into_iter()
                .map(|AuthorityEntry { code, key }| AuthorityKey { code, key: key.0 })
                .collect(),
            receipt_keys: self.receipt_keys.into_iter().map(|key| key.0).collect(),
            acts: self.acts,
            maintenance: self.maintenance,
            update: self.update,
        })
    }
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
pub(crate) mod tests {
    use eid_crypto::SigningKey;
    use eid_model::{Code, GuardedAct};
    use serde_json::{Value, json};

    use super::*;
    use crate::{AppVersion, UpdateState};

    const ISSUED: i64 = 1_795_000_000;
    const EXPIRES: i64 = ISSUED + 30 * 86_400;

    struct Case {
        root: SigningKey,
        claims: Value,
    }

    impl Case {
        fn new() -> Self {
            let face = SigningKey::make().unwrap();
            let claims = json!({
                "iss": "e.example", "iat": ISSUED, "exp": EXPIRES, "version": 7,
                "csca": ["MAA", "MAE"], "crls": ["MAI"], "face_key": Jwk(*face.public()),
                "acts": [{"act": "change_phone", "level": 4, "max_age_s": 60}],
                "maintenance": {"from": ISSUED + 100, "to": ISSUED + 200},
                "update": {"blocked": ["1.2.3"], "required_below": "1.0.0", "urgent_below": "1.1.0",
                           "recommended_below": "1.3.0"},
                "something_newer": {"a": [1, 2]},
            });
            Self { root: SigningKey::make().unwrap(), claims }
        }

        /// The case with one claim changed, by its JSON pointer; `null` takes a claim at the top away.
        fn with(mut self, pointer: &str, value: Value) -> Self {
            match pointer.strip_prefix('/') {
                Some(_) => *self.claims.pointer_mut(pointer).unwrap() = value,
                None if value.is_null() => drop(self.claims.as_object_mut().unwrap().remove(pointer)),
                None => self.claims[pointer] = value,
            }
            self
        }

        fn token(&self, typ: &str) -> String {
            jws::sign_as_issuer(typ, "AAAAAAAAAAA", &self.claims, &self.root)
        }

        fn verify(&self, now: i64) -> Result<Configuration, PlatformError> {
            Configuration::verify(&self.token(TYPE), &[*self.root.public()], UnixTime::from_seconds(now))
        }
    }

    /// A configuration with these keys, for the tests of what they sign.
    pub(crate) fn configuration_with(authorities: &Value, receipt_keys: &Value) -> Configuration {
        let case = Case::new().with("authorities", authorities.clone()).with("receipt_keys", receipt_keys.clone());
        case.verify(ISSUED).unwrap()
    }

    #[test]
    fn authority_with_two_keys_gives_both_and_one_that_is_not_named_none() {
        let [old, new, receipts] = [(); 3].map(|()| Jwk(*SigningKey::make().unwrap().public()));
        let entry = |code: &str, key: Jwk| json!({"code": code, "key": key});
        let authorities = json!([entry("bank", old), entry("tax_office", new), entry("bank", new)]);
        let configuration = configuration_with(&authorities, &json!([receipts]));
        assert_eq!(configuration.authority_keys("bank").collect::<Vec<_>>(), [&old.0, &new.0]);
        assert_eq!(configuration.authority_keys("party").count(), 0);
        assert_eq!(configuration.receipt_keys, [receipts.0]);
        // One of before records were kept.
        let before = Case::new().verify(ISSUED).unwrap();
        assert!(before.authorities.is_empty() && before.receipt_keys.is_empty());
    }

    #[test]
    fn good_configuration_verified_gives_typed_fields() {
        let configuration = Case::new().verify(ISSUED).unwrap();
        assert_eq!((configuration.version, configuration.issuer.as_str()), (7, "e.example"));
        assert_eq!(configuration.csca, [vec![0x30, 0], vec![0x30, 1]]);
        assert_eq!(configuration.crls, [vec![0x30, 2]]);
        let [rule] = configuration.acts.as_slice() else { panic!("{:?}", configuration.acts) };
        assert_eq!((rule.act.as_str(), rule.level, rule.max_age_s), ("change_phone", AuthLevel::L4, 60));
        let changed = configuration.auth_policy().rule(GuardedAct::ChangePhone);
        assert_eq!(changed, AuthRule { level: AuthLevel::L4, max_age_s: 60 });
        assert_eq!(configuration.update.judge(AppVersion::new(1, 2, 3)), UpdateState::Blocked);
        let window = configuration.maintenance.unwrap();
        let wait = |seconds| window.wait_at(UnixTime::from_seconds(ISSUED + seconds)).map(|wait| wait.as_secs());
        assert_eq!([99, 100, 199, 200].map(wait), [None, Some(100), Some(1), None]);
    }

    #[test]
    fn claims_that_may_be_absent_are_empty() {
        let configuration =
            Case::new().with("crls", Value::Null).with("maintenance", Value::Null).verify(ISSUED).unwrap();
        assert_eq!((configuration.crls.len(), configuration.maintenance), (0, None));
    }

    #[test]
    fn either_root_of_two_may_sign_and_no_other() {
        let case = Case::new();
        let [other, stranger] = [(); 2].map(|()| *SigningKey::make().unwrap().public());
        let parse = |roots: &[VerifyingKey]| Configuration::parse(&case.token(TYPE), roots).map(|found| found.version);
        assert_eq!(parse(&[other, *case.root.public()]), Ok(7));
        assert_eq!(parse(&[*case.root.public(), other]), Ok(7));
        let unsigned = Err(PlatformError::ConfigurationInvalid(Flaw::Signature));
        assert_eq!(parse(&[other, stranger]), unsigned);
        assert_eq!(parse(&[]), unsigned);
    }

    #[test]
    fn configuration_is_good_from_its_issue_with_skew_until_its_end() {
        let invalid = Err(PlatformError::ConfigurationInvalid(Flaw::Time));
        for (now, expected) in [
            (0, invalid),
            (ISSUED - 301, invalid),
            (ISSUED - 300, Ok(7)),
            (EXPIRES - 1, Ok(7)),
            (EXPIRES, Err(PlatformError::ConfigurationExpired)),
            (i64::MAX, Err(PlatformError::ConfigurationExpired)),
            (i64::MIN, invalid),
        ] {
            assert_eq!(Case::new().verify(now).map(|found| found.version), expected, "{now}");
        }
        assert_eq!(PlatformError::ConfigurationExpired.code(), Code::CONFIGURATION_EXPIRED);
    }

    #[test]
    fn configuration_that_is_held_stays_readable_after_its_end() {
        let case = Case::new();
        let held = Configuration::parse(&case.token(TYPE), &[*case.root.public()]).unwrap();
        assert!(held.is_expired(UnixTime::from_seconds(EXPIRES)) && !held.is_expired(UnixTime::from_seconds(ISSUED)));
    }

    #[test]
    fn lower_version_or_another_platform_never_replaces() {
        let held = Case::new().verify(ISSUED).unwrap();
        for (claim, value, expected) in [
            ("version", json!(8), true),
            ("version", json!(7), true),
            ("version", json!(6), false),
            ("version", json!(0), false),
            ("iss", json!("rogue.example"), false),
        ] {
            let next = Case::new().with(claim, value.clone()).verify(ISSUED).unwrap();
            assert_eq!(next.may_replace(&held), expected, "{claim} {value}");
        }
    }

    #[test]
    fn configurations_with_a_wrong_claim_are_refused_with_its_flaw() {
        let many = |value: &str| json!(vec![value; MAX_ENTRIES + 1]);
        let rules = vec![json!({"act": "a", "level": 1, "max_age_s": 1}); MAX_ENTRIES + 1];
        for (claim, value, flaw) in [
            ("iss", json!(null), Flaw::Shape),
            ("iss", json!(""), Flaw::Shape),
            ("iss", json!("x".repeat(257)), Flaw::Shape),
            ("iat", json!(null), Flaw::Shape),
            ("iat", json!(1.5), Flaw::Shape),
            ("iat", json!(EXPIRES), Flaw::Time),
            ("exp", json!(null), Flaw::Shape),
            ("exp", json!(ISSUED), Flaw::Time),
            ("version", json!(null), Flaw::Shape),
            ("version", json!(-1), Flaw::Shape),
            ("version", json!(4_294_967_296_u64), Flaw::Shape),
            ("version", json!("7"), Flaw::Shape),
            ("csca", json!(null), Flaw::Shape),
            ("csca", json!("MAA"), Flaw::Shape),
            ("csca", json!([""]), Flaw::Shape),
            ("csca", json!(["MAA="]), Flaw::Shape),
            ("csca", json!(["M+A"]), Flaw::Shape),
            ("csca", many("MAA"), Flaw::Count),
            ("crls", json!([7]), Flaw::Shape),
            ("crls", many("MAA"), Flaw::Count),
            ("face_key", json!(null), Flaw::Shape),
            ("face_key", json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}), Flaw::Shape),
            ("/face_key/crv", json!("P-384"), Flaw::Shape),
            ("authorities", json!([{"code": "Bank", "key": Jwk(*SigningKey::make().unwrap().public())}]), Flaw::Shape),
            ("authorities", json!([{"code": "bank"}]), Flaw::Shape),
            ("authorities", json!({}), Flaw::Shape),
            ("receipt_keys", json!([{"kty": "EC"}]), Flaw::Shape),
            ("receipt_keys", json!(vec![Jwk(*SigningKey::make().unwrap().public()); MAX_ENTRIES + 1]), Flaw::Count),
            ("acts", json!(null), Flaw::Shape),
            ("/acts/0/act", json!(""), Flaw::Shape),
            ("/acts/0/act", json!("Change Phone"), Flaw::Shape),
            ("/acts/0/act", json!("a".repeat(65)), Flaw::Shape),
            ("/acts/0/level", json!(0), Flaw::Shape),
            ("/acts/0/level", json!(5), Flaw::Shape),
            ("/acts/0/max_age_s", json!(-1), Flaw::Shape),
            ("acts", json!(rules), Flaw::Count),
            ("maintenance", json!({"from": 7}), Flaw::Shape),
            ("/maintenance/to", json!(ISSUED + 100), Flaw::Time),
            ("update", json!(null), Flaw::Shape),
            ("/update/blocked", json!(["1.2"]), Flaw::Shape),
            ("/update/blocked", many("1.2.3"), Flaw::Count),
            ("/update/required_below", json!("1"), Flaw::Shape),
            ("/update/urgent_below", json!(1), Flaw::Shape),
            ("/update/recommended_below", json!(null), Flaw::Shape),
        ] {
            let result = Case::new().with(claim, value.clone()).verify(ISSUED);
            assert_eq!(result, Err(PlatformError::ConfigurationInvalid(flaw)), "{claim} {value}");
        }
        assert_eq!(PlatformError::ConfigurationInvalid(Flaw::Time).code(), Code::CONFIGURATION_INVALID);
    }

    #[test]
    fn tokens_that_are_no_configuration_are_refused() {
        let case = Case::new();
        for (token, flaw) in [
            (case.token("eid-grant+jwt"), Flaw::TokenType),
            ("a.b.c".to_owned(), Flaw::TokenForm),
            (String::new(), Flaw::TokenForm),
            ("a".repeat(MAX_CONFIGURATION + 1), Flaw::TooLarge),
        ] {
            let result = Configuration::parse(&token, &[*case.root.public()]);
            assert_eq!(result, Err(PlatformError::ConfigurationInvalid(flaw)));
        }
    }

    #[test]
    fn configuration_larger_than_other_tokens_is_read() {
        let certificate = base64url::encode(vec![0x30; 4096]);
        let case = Case::new().with("csca", json!(vec![certificate; 24]));
        assert!(case.token(TYPE).len() > jws::MAX_TOKEN);
        assert_eq!(case.verify(ISSUED).unwrap().csca.len(), 24);
    }
}
