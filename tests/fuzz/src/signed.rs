//! Bodies that sign what the fuzzer makes, so that the parsers behind the signatures are reached.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{Signature, SigningKey};
use eid_model::{Pid, UnixTime};
use eid_platform::{Change, Configuration, Flaw, PlatformError, SignedStatement, Submitted, parse_record_page};
use eid_proof::{
    HeldToken, KeyUse, MemoryReplayCache, Policy, ProofError, Scan, StatusSnapshot, TrustList, TrustListDraft,
    TrustedKey, Verdict, Verifier, key_id,
};
use serde_json::json;

/// The moment of the corpus's seeds.
pub(crate) const NOW: i64 = 1_795_348_800;

pub(crate) static KEY: LazyLock<SigningKey> = LazyLock::new(|| match SigningKey::make() {
    Ok(key) => key,
    Err(error) => panic!("{error}"),
});

/// Three parts – identity data, `sd_claims`, and the body of the key-binding token – in an otherwise good and signed proof.
///
/// Input: two lengths of two bytes, then the parts.
pub fn signed_proof(data: &[u8]) {
    if let Some(proven) = verify_signed(data).and_then(|verdict| verdict.proof) {
        assert!(proven.signed_at() <= proven.expires_at(), "a proof that was taken holds together");
    }
}

fn verify_signed(data: &[u8]) -> Option<Verdict> {
    let (identity, rest) = part(data)?;
    let (disclosures, binding) = part(rest)?;
    let x = KEY.public().x();
    let y = KEY.public().y();
    let payload = [
        &[0xa7, 0x01, 0x69][..],
        b"e.example",
        &[0x02, 0x68],
        b"abcdefgh",
        &[0x04, 0x1a],
        &seconds(NOW + 86_400),
        &[0x06, 0x1a],
        &seconds(NOW - NOW % 86_400),
        &[0x08, 0xa1, 0x01, 0xa4, 0x01, 0x02, 0x20, 0x01, 0x21, 0x58, 0x20],
        &x,
        &[0x22, 0x58, 0x20],
        &y,
        &[0x0b, 0x19, 0xfe, 0x14, 0x18, 0xa9],
        identity,
    ]
    .concat();
    let protected = [&[0xa3, 0x01, 0x26, 0x04, 0x48][..], &key_id(KEY.public()), &[0x10, 0x19, 0x01, 0x25]].concat();
    let token = sign1(&protected, disclosures, &payload);
    drop(HeldToken::parse(token.clone()));
    let outer = [&[0xa3, 0x01, 0x26, 0x0d][..], &token, &[0x10, 0x19, 0x01, 0x26]].concat();
    let proof = sign1(&outer, &[0xa0], binding);
    let (trust, policy) = (TrustList::single(*KEY.public()), Policy::default());
    let verifier = Verifier { trust: &trust, status: None, policy: &policy };
    let scan = Scan { now: UnixTime::from_seconds(NOW), challenge: None };
    Some(verifier.verify_bytes(&proof, &scan, &mut MemoryReplayCache::default()))
}

/// A signed payload as trust list, and as the one status list of a snapshot.
pub fn signed_trust_list(data: &[u8]) {
    drop(parse_trust_list(data));
    if let Ok(lists) = parse_status_list(data) {
        for index in [0, 1, 1 << 16, u32::MAX] {
            let _entry = lists.find("e.example", "https://e.example/t/1", index);
        }
    }
}

fn parse_trust_list(payload: &[u8]) -> Result<TrustList, ProofError> {
    TrustList::parse(&sign_named("application/vnd.eid-trust-list+cbor", payload), &[*KEY.public()])
}

fn parse_status_list(payload: &[u8]) -> Result<StatusSnapshot, ProofError> {
    let listed = |usage| TrustedKey {
        key: *KEY.public(),
        issuer: "e.example".to_owned(),
        usage,
        not_before: UnixTime::from_seconds(0),
        not_after: UnixTime::from_seconds(i64::from(u32::MAX)),
    };
    let draft = TrustListDraft {
        version: 1,
        environment: "sandbox".to_owned(),
        issued_at: UnixTime::from_seconds(NOW),
        next_update: UnixTime::from_seconds(NOW),
        keys: vec![listed(KeyUse::Status)],
    };
    let trust = TrustList::parse(&draft.sign(&KEY)?, &[*KEY.public()])?;
    let snapshot = [&[0x81][..], &bstr(&sign_named("application/statuslist+cwt", payload))].concat();
    StatusSnapshot::parse(&snapshot, &trust)
}

fn sign_named(typ: &str, payload: &[u8]) -> Vec<u8> {
    // A text of 24 to 255 bytes, or of less.
    let length = u8::try_from(typ.len()).unwrap_or_default();
    let typ_head = if length < 24 { vec![0x60 | length] } else { vec![0x78, length] };
    let head = [&[0xa3, 0x01, 0x26, 0x04, 0x48][..], &key_id(KEY.public()), &[0x10], &typ_head].concat();
    sign1(&[&head, typ.as_bytes()].concat(), &[0xa0], payload)
}

/// A signed configuration: as it stands, and as the claims of one that is signed.
pub fn configuration(data: &[u8]) {
    if let Ok(token) = core::str::from_utf8(data) {
        assert!(Configuration::parse(token, &[*KEY.public()]).is_err(), "nobody can sign for this root");
    }
    if let Ok(taken) = parse_configuration(data) {
        assert!(taken.issued_at < taken.expires_at && taken.may_replace(&taken), "what was taken holds together");
    }
}

fn parse_configuration(claims: &[u8]) -> Result<Configuration, PlatformError> {
    Configuration::parse(&token("eid-configuration+jwt", claims), &[*KEY.public()])
}

fn token(typ: &str, claims: &[u8]) -> String {
    let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"ES256","typ":"{typ}","kid":"AAAAAAAAAAA"}}"#));
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let signature: Signature = KEY.sign(signed.as_bytes()).unwrap_or([0; 64]);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A page of the feed of records as it stands and compressed; and what an authority and the platform sign: a record, its end, a
/// step, a receipt.
pub fn record_feed(data: &[u8]) {
    for encoding in [None, Some("gzip")] {
        if let (Ok(page), Some(trust)) = (parse_record_page(data, encoding), trust()) {
            let own = Pid::parse("000199000123").ok();
            let signed =
                page.changes.iter().filter(|change| own.is_some_and(|own| change.verify(&trust, &own).is_ok()));
            assert_eq!(signed.count(), 0, "nobody can sign for this authority");
        }
    }
    for (member, typ) in
        [("record", "eid-record+jwt"), ("gone", "eid-record-gone+jwt"), ("step", "eid-update-step+jwt")]
    {
        if let Some(Ok(Change::Record(record))) = signed_change(member, typ, data) {
            assert_eq!(record.kind.definition().authority(), record.authority, "said by its own authority");
        }
    }
    drop(receipt(&token("eid-receipt+jwt", data)));
    let unsigned = core::str::from_utf8(data).ok().and_then(receipt);
    assert_eq!(unsigned, None, "nobody can sign for this platform");
}

/// A receipt for a change that is always the same.
fn receipt(token: &str) -> Option<Submitted> {
    let statement = r#"{"account":"a","key":"u","round":1,"kind":"tax","record":"r","inner":"i","biometric":null}"#;
    let statement: SignedStatement = serde_json::from_str(statement).ok()?;
    statement.parse_receipt(&serde_json::to_vec(&json!({"receipt": token})).ok()?, &trust()?).ok()
}

fn signed_change(member: &str, typ: &str, payload: &[u8]) -> Option<Result<Change, Flaw>> {
    let payload = payload.trim_ascii();
    let header = format!(r#"{{"alg":"ES256","b64":false,"crit":["b64"],"kid":"AAAAAAAAAAA","typ":"{typ}"}}"#);
    let header = URL_SAFE_NO_PAD.encode(header);
    let signature: Signature = KEY.sign(&[header.as_bytes(), b".", payload].concat()).unwrap_or([0; 64]);
    let tail =
        format!(r#","signature":"{header}..{}"}}],"next":"c","more":false}}"#, URL_SAFE_NO_PAD.encode(signature));
    let page = [format!(r#"{{"changes":[{{"{member}":"#).as_bytes(), payload, tail.as_bytes()].concat();
    let page = parse_record_page(&page, None).ok()?;
    let own = Pid::parse("000199000123").ok()?;
    Some(page.changes.first()?.verify(&trust()?, &own))
}

/// A configuration in which every key is this one.
fn trust() -> Option<Configuration> {
    static TRUST: LazyLock<Option<Configuration>> = LazyLock::new(|| {
        let jwk = serde_json::to_string(&eid_platform::jws::Jwk(*KEY.public())).ok()?;
        let claims = format!(
            r#"{{"iss":"e.example","iat":1,"exp":2,"version":1,"csca":[],"face_key":{jwk},"receipt_keys":[{jwk}],
            "authorities":[{{"code":"bank","key":{jwk}}},{{"code":"tax_office","key":{jwk}}}],"acts":[],"maintenance":null,
            "update":{{"blocked":[],"required_below":"0.0.0","urgent_below":"0.0.0","recommended_below":"0.0.0"}}}}"#
        );
        parse_configuration(claims.as_bytes()).ok()
    });
    TRUST.clone()
}

pub(crate) fn part(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

pub(crate) fn seconds(value: i64) -> [u8; 4] {
    u32::try_from(value).unwrap_or_default().to_be_bytes()
}

/// A COSE_Sign1, put together by hand so that nothing of it depends on the code under test.
pub(crate) fn sign1(protected: &[u8], unprotected: &[u8], payload: &[u8]) -> Vec<u8> {
    let message = [&[0x84, 0x6a][..], b"Signature1", &bstr(protected), &[0x40], &bstr(payload)].concat();
    let signature: Signature = KEY.sign(&message).unwrap_or([0; 64]);
    [&[0xd2, 0x84][..], &bstr(protected), unprotected, &bstr(payload), &bstr(&signature)].concat()
}

fn bstr(bytes: &[u8]) -> Vec<u8> {
    let head = match (bytes.len(), u8::try_from(bytes.len()), u16::try_from(bytes.len())) {
        (0..24, Ok(short), _) => vec![0x40 | short],
        (_, Ok(one), _) => vec![0x58, one],
        (_, _, Ok(two)) => [&[0x59][..], &two.to_be_bytes()].concat(),
        (long, ..) => [&[0x5a][..], &u32::try_from(long).unwrap_or(u32::MAX).to_be_bytes()].concat(),
    };
    [head.as_slice(), bytes].concat()
}

#[cfg(test)]
mod tests {
    use eid_model::Code;

    use super::*;

    fn seed(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// A body that refuses everything at the first check would find nothing.
    #[test]
    fn good_seeds_pass_all_checks_behind_the_signatures() {
        let code = |name: &str| verify_signed(&seed(name)).map(|verdict| verdict.code);
        assert_eq!(code("signed_proof/age"), Some(Code::Q00_VALID));
        assert_eq!(code("signed_proof/unsigned-disclosure"), Some(Code::Q13_DISCLOSURE));
        assert_eq!(parse_trust_list(&seed("signed_trust_list/list")).map(|list| list.keys().len()), Ok(3));
        let lists = parse_status_list(&seed("signed_trust_list/status")).unwrap();
        let status = |index| lists.find("e.example", "https://e.example/t/1", index).map(|entry| entry.status);
        assert_eq!(status(1), Some(eid_proof::Status::Revoked));
        assert_eq!(parse_configuration(&seed("configuration/full")).map(|taken| taken.csca.len()), Ok(1));
        for (member, typ, name) in [
            ("record", "eid-record+jwt", "record"),
            ("gone", "eid-record-gone+jwt", "gone"),
            ("step", "eid-update-step+jwt", "refused"),
        ] {
            let change = signed_change(member, typ, &seed(&format!("record_feed/{name}")));
            assert!(matches!(change, Some(Ok(_))), "{name}");
        }
        assert!(receipt(&token("eid-receipt+jwt", &seed("record_feed/receipt"))).is_some());
        assert_eq!(parse_configuration(&seed("configuration/least")).map(|taken| taken.version), Ok(1));
    }
}
