//! A sandbox with a clock that tests move, and a phone that makes its requests by hand.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Method, Request, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{SigningKey, SystemRandom, VerifyingKey, hash::sha256, hpke};
use eid_model::{PhoneNumber, Pid, UnixTime};
use eid_sandbox::{
    Clock, Sandbox, SandboxConfig, Storage,
    card::{CardFile, MadeCard, personalise},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const URL: &str = "https://sandbox.example";

/// 22 November 2026.
pub(crate) const START: i64 = 1_795_348_800;

/// Has level 2, a health card and a licence.
pub(crate) const HANH: (&str, &str) = ("000190000001", "0900000001");
/// Has level 2 and no licence.
pub(crate) const HOA: (&str, &str) = ("000196000003", "0900000003");
/// Has no level 2.
pub(crate) const MAU: (&str, &str) = ("000092000006", "0900000006");

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<AtomicI64>,
}

/// What the sandbox answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("{member} of {self:?}")).to_owned()
    }

    /// Status, reason code and OAuth error name of a refusal.
    pub(crate) fn refusal(&self) -> (u16, u64, Option<String>) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!((&body["type"], &body["status"]), (&json!("about:blank"), &json!(self.status)));
        (self.status, body["code"].as_u64().unwrap(), body["error"].as_str().map(str::to_owned))
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Storage::Memory, START)
    }

    pub(crate) fn with(storage: Storage, now: i64) -> Self {
        let clock = Arc::new(AtomicI64::new(now));
        let config = SandboxConfig { storage, clock: movable(&clock), ..SandboxConfig::default() };
        Self { sandbox: Sandbox::open(&config, URL).unwrap(), clock }
    }

    /// A world in which a second begins whenever somebody looks at the clock.
    pub(crate) fn hurrying() -> Self {
        let clock = Arc::new(AtomicI64::new(START));
        let looked_at = Arc::clone(&clock);
        let hurries = Clock::new(move || UnixTime::from_seconds(looked_at.fetch_add(1, Ordering::SeqCst)));
        let config = SandboxConfig { clock: hurries, ..SandboxConfig::default() };
        Self { sandbox: Sandbox::open(&config, URL).unwrap(), clock }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub(crate) fn time(&self) -> UnixTime {
        UnixTime::from_seconds(self.now())
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.sandbox.router().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, 8 << 20).await;
        Answer { status: parts.status.as_u16(), headers: parts.headers, body: body.unwrap_or_default() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.send(request(Method::POST, path, &headers, body.to_string())).await
    }

    pub(crate) async fn start(&self, person: (&str, &str), key: &str) -> Answer {
        self.start_for("activate", person, key).await
    }

    pub(crate) async fn start_for(&self, purpose: &str, (pid, phone): (&str, &str), key: &str) -> Answer {
        let body = json!({"pid": pid, "phone": phone, "purpose": purpose});
        self.post("/v1/activation", &[("idempotency-key", key)], &body).await
    }

    /// The newest code sent to a phone.
    pub(crate) fn code(&self, phone: &str) -> String {
        self.sandbox.messages(&PhoneNumber::parse(phone).unwrap()).unwrap().pop().unwrap().code
    }

    pub(crate) async fn confirm(&self, activation: &str, code: &str) -> Answer {
        self.post(&format!("/v1/activation/{activation}/code"), &[], &json!({"code": code})).await
    }

    /// Hands in a device binding, with a passcode key and a share that nobody keeps.
    pub(crate) async fn bind(&self, activation: &str, challenge: &str, binding: &str) -> Answer {
        let passcode = passcode_binding(&SigningKey::make().unwrap(), challenge, self.now());
        let share = URL_SAFE_NO_PAD.encode([7; 32]);
        let body = json!({"binding": binding, "passcode_binding": passcode, "recovery_share": share});
        self.post(&format!("/v1/activation/{activation}/device"), &[], &body).await
    }

    /// The description of a person's card.
    pub(crate) fn card_file(&self, pid: &str) -> CardFile {
        self.sandbox.card_file(&Pid::parse(pid).unwrap()).unwrap()
    }

    /// The card of a person with these quirks.
    pub(crate) fn card(&self, pid: &str, quirks: &Value) -> MadeCard {
        let quirks = serde_json::from_value(quirks.clone()).unwrap();
        self.made(&CardFile { quirks, ..self.card_file(pid) })
    }

    pub(crate) fn made(&self, file: &CardFile) -> MadeCard {
        personalise(file, self.time(), &SystemRandom::new()).unwrap()
    }

    pub(crate) async fn show(&self, activation: &str, evidence: &Value) -> Answer {
        self.post(&format!("/v1/activation/{activation}/card"), &[], evidence).await
    }

    /// An activation whose code was confirmed.
    pub(crate) async fn confirmed(&self, purpose: &str, person: (&str, &str)) -> Proving {
        let answer = self.start_for(purpose, person, &jti()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.text("activation_id");
        let answer = self.confirm(&id, &self.code(person.1)).await;
        let chip = URL_SAFE_NO_PAD.decode(answer.text("chip_challenge")).unwrap();
        Proving { id, device: answer.text("device_challenge"), chip }
    }

    /// An activation up to its last step, with the person's own card and face.
    pub(crate) async fn proven(&self, purpose: &str, person: (&str, &str)) -> Proving {
        let proving = self.confirmed(purpose, person).await;
        let shown = self.show(&proving.id, &evidence(&self.card(person.0, &json!({})), &proving.chip)).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        let matched = self.face(&proving.id, &self.sealed(&proving.id, 1, &self.portrait(person.0))).await;
        assert_eq!(matched.status, 200, "{matched:?}");
        proving
    }

    /// A person's portrait: JPEG.
    pub(crate) fn portrait(&self, pid: &str) -> Vec<u8> {
        let person = self.sandbox.people().iter().find(|person| person.pid.as_str() == pid);
        person.unwrap().large_portrait().to_vec()
    }

    /// A picture of this kind, sealed for the platform and one activation.
    pub(crate) fn sealed(&self, activation: &str, kind: u8, picture: &[u8]) -> Vec<u8> {
        let configuration = self.sandbox.configuration().unwrap();
        let claims = URL_SAFE_NO_PAD.decode(configuration.split('.').nth(1).unwrap()).unwrap();
        let key = &serde_json::from_slice::<Value>(&claims).unwrap()["face_key"];
        let part = |name: &str| -> [u8; 32] {
            URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap().try_into().unwrap()
        };
        let key = VerifyingKey::from_coordinates(&part("x"), &part("y"));
        let plain = [&[kind], picture].concat();
        hpke::seal(&SystemRandom::new(), &key, b"eid-face 1", activation.as_bytes(), &plain).unwrap()
    }

    pub(crate) async fn face(&self, activation: &str, sealed: &[u8]) -> Answer {
        let headers = [("content-type", "application/octet-stream")];
        let path = format!("/v1/activation/{activation}/face");
        self.send(request(Method::POST, &path, &headers, sealed.to_vec())).await
    }

    pub(crate) async fn hand_in(&self, activation: &str, voucher: &str) -> Answer {
        self.post(&format!("/v1/activation/{activation}/voucher"), &[], &json!({"voucher": voucher})).await
    }

    pub(crate) async fn device(&self, proving: &Proving, phone: &Phone, share: &[u8]) -> Answer {
        let body = json!({
            "binding": binding(&phone.key, &proving.device, self.now()),
            "passcode_binding": passcode_binding(&phone.passcode, &proving.device, self.now()),
            "recovery_share": URL_SAFE_NO_PAD.encode(share),
        });
        self.post(&format!("/v1/activation/{}/device", proving.id), &[], &body).await
    }

    pub(crate) async fn unlock(&self, proving: &Proving) -> Answer {
        self.post(&format!("/v1/activation/{}/unlock", proving.id), &[], &json!({})).await
    }

    pub(crate) async fn lock(&self, pid: &str, code: &str) -> Answer {
        self.post("/v1/lock", &[], &json!({"pid": pid, "lock_code": code})).await
    }

    pub(crate) async fn change(&self, pid: &str, change: &Value) {
        assert_eq!(self.post(&format!("/sandbox/register/{pid}"), &[], change).await.status, 204);
    }

    /// An activation up to its challenges: its id, and the one for the chip.
    pub(crate) async fn chip_challenge(&self, person: (&str, &str)) -> (String, Vec<u8>) {
        let id = self.start(person, &jti()).await.text("activation_id");
        let challenge = self.confirm(&id, &self.code(person.1)).await.text("chip_challenge");
        (id, URL_SAFE_NO_PAD.decode(challenge).unwrap())
    }

    /// An activation up to its last step, with a voucher and the person's face: its id and the device challenge.
    pub(crate) async fn challenge(&self, person: (&str, &str)) -> (String, String) {
        let proving = self.vouched(person).await;
        (proving.id, proving.device)
    }

    async fn vouched(&self, person: (&str, &str)) -> Proving {
        let proving = self.confirmed("activate", person).await;
        let voucher = self.sandbox.print_voucher(&Pid::parse(person.0).unwrap()).unwrap();
        assert_eq!(self.hand_in(&proving.id, &voucher).await.status, 200);
        let sealed = self.sealed(&proving.id, 1, &self.portrait(person.0));
        assert_eq!(self.face(&proving.id, &sealed).await.status, 200);
        proving
    }

    /// A phone that is bound to a person's account.
    pub(crate) async fn activated(&self, person: (&str, &str)) -> Phone {
        let mut phone = Phone::made();
        let answer = self.device(&self.vouched(person).await, &phone, &[7; 32]).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        phone.account = answer.text("account_id");
        phone
    }

    pub(crate) async fn token(&self, assertion: &str, dpop: &str) -> Answer {
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
        let body = format!("grant_type={grant}&assertion={assertion}");
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("dpop", dpop)];
        self.send(request(Method::POST, "/oauth2/token", &headers, body)).await
    }

    pub(crate) async fn signed_in(&self, phone: &Phone) -> String {
        let answer = self.token(&phone.assertion(self.now()), &phone.dpop("/oauth2/token", None, self.now())).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text("access_token")
    }

    pub(crate) async fn nonce(&self) -> String {
        self.post("/openid4vci/nonce", &[], &Value::Null).await.text("c_nonce")
    }

    pub(crate) async fn credential(&self, token: &str, dpop: &str, configuration: &str, proofs: &[String]) -> Answer {
        let body = json!({"credential_configuration_id": configuration, "proofs": {"jwt": proofs}});
        let authorization = format!("DPoP {token}");
        self.post("/openid4vci/credential", &[("authorization", &authorization), ("dpop", dpop)], &body).await
    }

    /// Tokens for new keys, by the whole exchange.
    pub(crate) async fn issued(&self, phone: &Phone, configuration: &str, keys: &[&SigningKey]) -> Vec<Vec<u8>> {
        let (token, nonce) = (self.signed_in(phone).await, self.nonce().await);
        let proofs: Vec<_> = keys.iter().map(|key| credential_proof(key, &nonce, self.now())).collect();
        let dpop = phone.dpop("/openid4vci/credential", Some(&token), self.now());
        let answer = self.credential(&token, &dpop, configuration, &proofs).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let credentials = answer.json()["credentials"].as_array().unwrap().clone();
        credentials.iter().map(|c| URL_SAFE_NO_PAD.decode(c["credential"].as_str().unwrap()).unwrap()).collect()
    }
}

/// An activation under way.
pub(crate) struct Proving {
    pub(crate) id: String,
    pub(crate) device: String,
    pub(crate) chip: Vec<u8>,
}

/// What a phone sends of a card, without looking at it.
pub(crate) fn evidence(card: &MadeCard, challenge: &[u8]) -> Value {
    let mut files = serde_json::Map::new();
    for (name, id) in
        [("sod", 0x011D), ("dg1", 0x0101), ("dg2", 0x0102), ("dg13", 0x010D), ("dg14", 0x010E), ("dg15", 0x010F)]
    {
        files.extend(card.file(id).map(|file| (name.to_owned(), URL_SAFE_NO_PAD.encode(file).into())));
    }
    let signature = card.sign(challenge, &SystemRandom::new()).unwrap();
    json!({"files": files, "active_signature": URL_SAFE_NO_PAD.encode(signature)})
}

/// A device key and the account it is bound to, with the key that its holder's passcode stands for.
pub(crate) struct Phone {
    pub(crate) key: SigningKey,
    pub(crate) passcode: SigningKey,
    pub(crate) account: String,
}

impl Phone {
    /// A new phone that no account knows.
    pub(crate) fn made() -> Self {
        Self::new(SigningKey::make().unwrap(), String::new())
    }

    /// A phone whose passcode nobody knows.
    pub(crate) fn new(key: SigningKey, account: String) -> Self {
        Self { key, passcode: SigningKey::make().unwrap(), account }
    }

    pub(crate) fn assertion_claims(&self, now: i64) -> Value {
        let audience = format!("{URL}/oauth2/token");
        json!({"iss": self.account, "sub": self.account, "aud": audience, "iat": now, "exp": now + 60, "jti": jti()})
    }

    pub(crate) fn assertion(&self, now: i64) -> String {
        jwt("JWT", &self.assertion_claims(now), &self.key)
    }

    pub(crate) fn dpop_claims(path: &str, token: Option<&str>, now: i64) -> Value {
        let mut claims = json!({"htm": "POST", "htu": format!("{URL}{path}"), "iat": now, "jti": jti()});
        if let Some(token) = token {
            claims["ath"] = json!(URL_SAFE_NO_PAD.encode(sha256(token.as_bytes())));
        }
        claims
    }

    pub(crate) fn dpop(&self, path: &str, token: Option<&str>, now: i64) -> String {
        jwt("dpop+jwt", &Self::dpop_claims(path, token, now), &self.key)
    }
}

pub(crate) fn movable(clock: &Arc<AtomicI64>) -> Clock {
    let clock = Arc::clone(clock);
    Clock::new(move || UnixTime::from_seconds(clock.load(Ordering::SeqCst)))
}

pub(crate) fn binding(key: &SigningKey, challenge: &str, now: i64) -> String {
    jwt("eid-device-binding+jwt", &json!({"aud": URL, "iat": now, "nonce": challenge}), key)
}

pub(crate) fn passcode_binding(key: &SigningKey, challenge: &str, now: i64) -> String {
    jwt("eid-passcode-binding+jwt", &json!({"aud": URL, "iat": now, "nonce": challenge}), key)
}

pub(crate) fn credential_proof(key: &SigningKey, nonce: &str, now: i64) -> String {
    jwt("openid4vci-proof+jwt", &json!({"aud": URL, "iat": now, "nonce": nonce}), key)
}

/// A JWT with its key in the header.
pub(crate) fn jwt(typ: &str, claims: &Value, key: &SigningKey) -> String {
    let header = json!({"typ": typ, "alg": "ES256", "jwk": jwk(key.public())});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

pub(crate) fn jwk(key: &VerifyingKey) -> Value {
    let (x, y) = (URL_SAFE_NO_PAD.encode(key.x()), URL_SAFE_NO_PAD.encode(key.y()));
    json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})
}

pub(crate) fn jti() -> String {
    URL_SAFE_NO_PAD.encode(eid_crypto::random::<16>(&SystemRandom::new()).unwrap())
}

pub(crate) fn request(method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}
