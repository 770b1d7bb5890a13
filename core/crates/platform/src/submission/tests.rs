use eid_crypto::{Passcode, SigningKey, kdf::KdfCost};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    configuration::tests::configuration_with,
    jws::{Jwk, sign_as_issuer},
};

const NOW: UnixTime = UnixTime::from_seconds(1_795_000_000);

async fn signed() -> (SignedStatement, PasscodeKey) {
    let passcode = PasscodeKey::derive(&Passcode::parse("271828".into()).unwrap(), &[7; 16], KdfCost::FLOOR).unwrap();
    let mut form = Form::new();
    form.set(Path::parse("bank").unwrap(), "970436").unwrap();
    let account = AccountId::try_from("acc-1".to_owned()).unwrap();
    let statement = Statement {
        account: &account,
        submission: ("u-1", 2),
        record: (RecordKind::BankAccount, "rec-1"),
        base: Some(UnixTime::from_seconds(5)),
        form: &form,
        evidence: &[(Evidence { sha256: [3; 32], bytes: 9 }, MediaType::Pdf)],
    };
    (SignedStatement::sign(statement, "https://p.example", &passcode, NOW).await.unwrap(), passcode)
}

#[tokio::test]
async fn statement_signed_says_all_that_is_confirmed() {
    let (statement, passcode) = signed().await;
    let inner = jws::parse(&statement.inner).unwrap();
    assert_eq!(inner.jwk(), Some(passcode.public()));
    let claims: Value = inner.verify("eid-statement+jwt", passcode.public()).unwrap();
    let digest = base64url::encode([3; 32]);
    assert_eq!(
        claims,
        json!({"aud": "https://p.example", "sub": "acc-1", "jti": "u-1", "round": 2, "iat": NOW,
               "subject": {"record": {"kind": "bank_account", "id": "rec-1", "base": 5}}, "form": {"bank": "970436"},
               "evidence": [{"sha256": digest, "bytes": 9, "type": "application/pdf"}]})
    );
    let stored = serde_json::to_string(&statement).unwrap();
    assert_eq!(serde_json::from_str::<SignedStatement>(&stored).unwrap(), statement);
    assert_eq!(format!("{statement:?}"), "SignedStatement(bank_account)");
}

#[tokio::test]
async fn receipt_is_believed_for_this_change_and_key_only() {
    let (statement, _) = signed().await;
    let [key, other] = [(); 2].map(|()| SigningKey::make().unwrap());
    let configuration = configuration_with(&json!([]), &json!([Jwk(*other.public()), Jwk(*key.public())]));
    let good = json!({"iss": configuration.issuer, "sub": "acc-1", "jti": "u-1", "round": 2, "dossier": "H-7",
        "kind": "bank_account", "record": "rec-1", "received_at": 8, "inner": base64url::encode(statement.digest()),
        "evidence": [base64url::encode([3; 32])]});
    let parse = |typ: &str, claims: &Value, key: &SigningKey| {
        let body = json!({"receipt": sign_as_issuer(typ, "AAAAAAAAAAA", claims, key)}).to_string();
        statement.parse_receipt(body.as_bytes(), &configuration)
    };
    let Submitted::Received { receipt, token } = parse("eid-receipt+jwt", &good, &key).unwrap() else { panic!() };
    assert_eq!((receipt.dossier.as_str(), receipt.round, receipt.received_at.seconds()), ("H-7", 2, 8));
    assert_eq!((receipt.evidence, token.split('.').count()), (vec![[3; 32]], 3));

    let nonsense = |flaw| Err(PlatformError::Nonsense(flaw));
    assert_eq!(parse("eid-receipt+jwt", &good, &SigningKey::make().unwrap()), nonsense(Flaw::Signature));
    assert_eq!(parse("eid-grant+jwt", &good, &key), nonsense(Flaw::TokenType));
    for (member, value, flaw) in [
        ("iss", json!("other.example"), Flaw::Subject),
        ("sub", json!("acc-2"), Flaw::Subject),
        ("jti", json!("u-2"), Flaw::Subject),
        ("round", json!(1), Flaw::Subject),
        ("kind", json!("tax"), Flaw::Subject),
        ("record", json!("rec-2"), Flaw::Subject),
        ("inner", json!(base64url::encode([4; 32])), Flaw::Subject),
        ("inner", json!("AA"), Flaw::Shape),
        ("kind", json!("horoscope"), Flaw::Shape),
        ("dossier", json!(""), Flaw::Shape),
        ("dossier", json!("a\nb"), Flaw::Shape),
        ("dossier", json!("a".repeat(65)), Flaw::Shape),
        ("received_at", json!("8"), Flaw::Shape),
        ("evidence", json!(["AA"]), Flaw::Shape),
        ("evidence", json!(vec![base64url::encode([3; 32]); 51]), Flaw::Shape),
    ] {
        let mut claims = good.clone();
        claims[member] = value;
        assert_eq!(parse("eid-receipt+jwt", &claims, &key), nonsense(flaw), "{claims}");
    }
    let none = configuration_with(&json!([]), &json!([]));
    let body = json!({"receipt": token}).to_string();
    assert_eq!(statement.parse_receipt(body.as_bytes(), &none), nonsense(Flaw::Signature));
}

#[test]
fn refusals_say_which_fields_and_which_evidence() {
    let digest = base64url::encode([3; 32]);
    let refuse = |body: Value| parse_refusal(body.to_string().as_bytes());
    let (form, missing) = (Code::FORM_INVALID.number(), Code::EVIDENCE_MISSING.number());
    let field = RefusedField { path: Path::parse("bank").unwrap(), code: 8101 };
    assert_eq!(
        refuse(json!({"code": form, "findings": [{"path": "bank", "code": 8101}]})),
        Ok(Submitted::FormInvalid(vec![field]))
    );
    assert_eq!(refuse(json!({"code": missing, "missing": [digest]})), Ok(Submitted::EvidenceMissing(vec![[3; 32]])));
    for (body, flaw) in [
        (json!({"code": form}), Flaw::Shape),
        (json!({"code": form, "findings": [{"path": "B", "code": 1}]}), Flaw::Shape),
        (json!({"code": form, "findings": vec![json!({"path": "b", "code": 1}); MOST_FINDINGS + 1]}), Flaw::Count),
        (json!({"code": missing, "missing": ["x"]}), Flaw::Shape),
        (json!({"code": missing, "missing": vec![digest; 51]}), Flaw::Count),
        (json!([]), Flaw::Shape),
    ] {
        assert_eq!(refuse(body), Err(PlatformError::Nonsense(flaw)));
    }
    let changed = refuse(json!({"code": Code::RECORD_CHANGED.number()}));
    assert!(matches!(changed, Err(PlatformError::Refused { code, .. }) if code == Code::RECORD_CHANGED));
}

proptest! {
    #[test]
    fn any_bytes_parsed_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(parse_refusal(&body).is_err());
    }
}
