//! A citizen with a phone who reads records, sends updates and evidence, by hand.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{Signature, SigningKey, VerifyingKey, hash::sha256};
use serde_json::{Value, json, value::RawValue};

use crate::{
    session::signed_in,
    support::{Answer, Phone, URL, World, jti, jwt, request},
};

pub(crate) struct Citizen<'a> {
    pub(crate) world: &'a World,
    pub(crate) pid: &'a str,
    pub(crate) phone: Phone,
    seq: AtomicI64,
}

/// A change of the feed: its member, what it says, byte for byte, and the signature.
pub(crate) type Change = (String, Box<RawValue>, String);

impl<'a> Citizen<'a> {
    pub(crate) async fn new(world: &'a World, person: (&'a str, &str)) -> Self {
        let phone = world.activated(person).await;
        Self { world, pid: person.0, phone, seq: AtomicI64::new(0) }
    }

    /// An access token of two factors, given now.
    pub(crate) async fn token(&self) -> String {
        let seq = self.seq.fetch_add(1, Ordering::SeqCst) + 1;
        signed_in(self.world, &self.phone, seq).await.0
    }

    pub(crate) fn next_seq(&self) -> i64 {
        self.seq.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// A call in a session of its own.
    pub(crate) async fn call(&self, method: Method, target: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let token = self.token().await;
        self.call_with(&token, method, target, headers, body).await
    }

    pub(crate) async fn call_with(
        &self,
        token: &str,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let path = target.split('?').next().unwrap();
        let claims = json!({
            "htm": method.as_str(), "htu": format!("{URL}{path}"), "iat": self.world.now(), "jti": jti(),
            "ath": URL_SAFE_NO_PAD.encode(sha256(token.as_bytes())),
        });
        let (authorization, dpop) = (format!("DPoP {token}"), jwt("dpop+jwt", &claims, &self.phone.key));
        let own = [("authorization", authorization.as_str()), ("dpop", dpop.as_str())];
        self.world.send(request(method, target, &[own.as_slice(), headers].concat(), body)).await
    }

    /// One page of the feed.
    pub(crate) async fn page(&self, after: Option<&str>, headers: &[(&str, &str)]) -> Answer {
        let target = after.map_or("/v1/records".to_owned(), |after| format!("/v1/records?after={after}"));
        self.call(Method::GET, &target, headers, Vec::new()).await
    }

    /// All that is new since a cursor, page by page, with the signatures verified; and the cursor after it.
    pub(crate) async fn news(&self, after: Option<&str>) -> (Vec<(String, Value)>, String) {
        let (mut news, mut cursor) = (Vec::new(), after.map(str::to_owned));
        loop {
            let answer = self.page(cursor.as_deref(), &[]).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            for change in changes(&answer.body) {
                let said: Value = serde_json::from_str(change.1.get()).unwrap();
                assert!(is_signed(self.world, &change), "{said}");
                news.push((change.0, said));
            }
            let next = answer.text("next");
            cursor = Some(next.clone());
            if answer.json()["more"] == json!(false) {
                return (news, next);
            }
        }
    }

    /// What the authority has of a kind now: `(id, status, form)`.
    pub(crate) async fn records(&self, kind: &str) -> Vec<Value> {
        let mut known: Vec<Value> = Vec::new();
        for (member, said) in self.news(None).await.0.into_iter().filter(|(_, said)| said["kind"] == json!(kind)) {
            if member == "record" {
                known.push(said);
            }
        }
        known
    }

    /// The claims of a statement about a record that is good now.
    pub(crate) fn statement(&self, kind: &str, id: &str, base: &Value, form: &Value, evidence: &[Value]) -> Value {
        json!({
            "aud": URL, "sub": self.phone.account, "jti": jti(), "round": 0, "iat": self.world.now(),
            "subject": {"record": {"kind": kind, "id": id, "base": base}}, "form": form, "evidence": evidence,
        })
    }

    pub(crate) fn signed(&self, statement: &Value) -> String {
        jwt("eid-statement+jwt", statement, &self.phone.passcode)
    }

    pub(crate) async fn submit(&self, statement: &Value) -> Answer {
        self.send(&self.signed(statement), None).await
    }

    /// Sends a signed statement, with a finger if one is given.
    pub(crate) async fn send(&self, inner: &str, finger: Option<(&SigningKey, &str)>) -> Answer {
        let mut outer = json!({"aud": URL, "iat": self.world.now(), "inner": inner});
        if let Some((key, jti)) = finger {
            let hash = URL_SAFE_NO_PAD.encode(sha256(inner.as_bytes()));
            outer["biometric"] =
                json!(jwt("eid-biometric+jwt", &json!({"aud": URL, "challenge": jti, "act_hash": hash}), key));
        }
        self.send_outer(&jwt("eid-submission+jwt", &outer, &self.phone.key)).await
    }

    pub(crate) async fn send_outer(&self, submission: &str) -> Answer {
        let body = json!({"submission": submission}).to_string().into_bytes();
        self.call(Method::POST, "/v1/submissions", &[("content-type", "application/json")], body).await
    }

    /// Sends a piece of evidence whole; gives it as a statement names it.
    pub(crate) async fn upload(&self, bytes: &[u8], media: &str) -> Value {
        let digest = sha256(bytes);
        let answer = self.offer(bytes.len(), &digest, media).await;
        assert!([200, 201].contains(&answer.status), "{answer:?}");
        if answer.status == 201 {
            let answer = self.append(&digest, 0, bytes, true).await;
            assert_eq!(answer.status, 204, "{answer:?}");
        }
        json!({"sha256": URL_SAFE_NO_PAD.encode(digest), "bytes": bytes.len(), "type": media})
    }

    pub(crate) async fn offer(&self, length: usize, digest: &[u8; 32], media: &str) -> Answer {
        use base64::engine::general_purpose::STANDARD;
        let (length, digest) = (length.to_string(), format!("sha-256=:{}:", STANDARD.encode(digest)));
        let headers = [
            ("upload-length", length.as_str()),
            ("upload-complete", "?0"),
            ("repr-digest", digest.as_str()),
            ("content-type", media),
        ];
        self.call(Method::POST, "/v1/evidence", &headers, Vec::new()).await
    }

    pub(crate) async fn append(&self, digest: &[u8; 32], offset: usize, bytes: &[u8], last: bool) -> Answer {
        let (path, offset) = (format!("/v1/evidence/{}", URL_SAFE_NO_PAD.encode(digest)), offset.to_string());
        let headers = [
            ("upload-offset", offset.as_str()),
            ("upload-complete", if last { "?1" } else { "?0" }),
            ("content-type", "application/partial-upload"),
        ];
        self.call(Method::PATCH, &path, &headers, bytes.to_vec()).await
    }

    /// How far a piece is: `Upload-Offset` and `Upload-Complete`.
    pub(crate) async fn stand(&self, digest: &[u8; 32]) -> (u16, String, String) {
        let path = format!("/v1/evidence/{}", URL_SAFE_NO_PAD.encode(digest));
        stand(&self.call(Method::HEAD, &path, &[], Vec::new()).await)
    }
}

/// Status, `Upload-Offset` and `Upload-Complete` of an answer.
pub(crate) fn stand(answer: &Answer) -> (u16, String, String) {
    let header = |name: &str| answer.headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_owned();
    (answer.status, header("upload-offset"), header("upload-complete"))
}

/// The changes of a page, byte for byte.
pub(crate) fn changes(body: &[u8]) -> Vec<Change> {
    #[derive(serde::Deserialize)]
    struct Page {
        changes: Vec<serde_json::Map<String, Value>>,
    }
    #[derive(serde::Deserialize)]
    struct RawPage {
        changes: Vec<std::collections::BTreeMap<String, Box<RawValue>>>,
    }
    let (page, raw): (Page, RawPage) = (serde_json::from_slice(body).unwrap(), serde_json::from_slice(body).unwrap());
    let both = page.changes.iter().zip(raw.changes);
    both.map(|(change, mut raw)| {
        let member = change.keys().find(|name| *name != "signature").unwrap().clone();
        assert_eq!(change.len(), 2);
        (member.clone(), raw.remove(&member).unwrap(), change["signature"].as_str().unwrap().to_owned())
    })
    .collect()
}

/// Verifies a signature that stands beside its content, by a key of the authority that the content names.
pub(crate) fn is_signed(world: &World, (member, content, signature): &Change) -> bool {
    let said: Value = serde_json::from_str(content.get()).unwrap();
    let (head, signature) = signature.split_once("..").unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    let typ = match member.as_str() {
        "record" => "eid-record+jwt",
        "gone" => "eid-record-gone+jwt",
        _ => "eid-update-step+jwt",
    };
    let kid = header["kid"].clone();
    assert_eq!(header, json!({"alg": "ES256", "b64": false, "crit": ["b64"], "kid": kid, "typ": typ}));
    let signature = Signature::try_from(URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let signed = format!("{head}.{content}");
    let keys = configuration(world)["authorities"].as_array().unwrap().clone();
    let mut own = keys.iter().filter(|entry| entry["code"] == said["authority"]);
    own.any(|entry| key(&entry["key"]).verify(signed.as_bytes(), &signature).is_ok())
}

pub(crate) fn configuration(world: &World) -> Value {
    let signed = world.sandbox.configuration().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

pub(crate) fn key(jwk: &Value) -> VerifyingKey {
    let part =
        |name: &str| -> [u8; 32] { URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap().try_into().unwrap() };
    VerifyingKey::from_coordinates(&part("x"), &part("y"))
}
