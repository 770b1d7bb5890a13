//! Each call once: what arrives at the platform, and what comes back typed.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use eid_crypto::{
    Passcode, PasscodeKey, SecretBytes, SecretKey, Signature, SigningKey, VerifyingKey, hash::sha256, kdf::KdfCost,
};
use eid_model::{AuthLevel, Code, PhoneNumber, Pid, UnixTime};
use eid_platform::{
    AccountId, ActAnswer, ActOrder, ActivationId, ActivationPurpose, BindRequest, CredentialConfiguration,
    CredentialRequest, Flaw, Instruction, OneTimeCode, PlatformError, RequestSigner, Timeouts, answer, jws,
};
use serde_json::{Value, json};

use crate::{
    server::{Certificate, Reply, Seen, Server},
    wire::{base64url, form},
};

pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_795_000_000);

/// A key in software that counts its signatures and may be slow, refuse, or both.
pub(crate) struct Key {
    key: SigningKey,
    slow: Duration,
    refuses: Option<Code>,
    signatures: Mutex<u32>,
}

impl Key {
    pub(crate) fn new() -> Self {
        Self { key: SigningKey::make().unwrap(), slow: Duration::ZERO, refuses: None, signatures: Mutex::new(0) }
    }
}

#[async_trait]
impl RequestSigner for Key {
    fn public_key(&self) -> VerifyingKey {
        *self.key.public()
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, PlatformError> {
        tokio::time::sleep(self.slow).await;
        *self.signatures.lock().unwrap() += 1;
        match self.refuses {
            Some(code) => Err(PlatformError::Signer(code)),
            None => Ok(self.key.sign(message)?),
        }
    }
}

/// The claims of a binding proof that the key made.
pub(crate) fn claims(token: &str, typ: &str, key: &Key) -> Value {
    let parsed = jws::parse(token).unwrap();
    assert_eq!(parsed.jwk(), Some(&key.public_key()));
    parsed.verify(typ, &key.public_key()).unwrap()
}

/// Calls can be moved between the threads of a runtime; this does not compile otherwise.
fn sendable<F: Future + Send>(call: F) -> F {
    call
}

pub(crate) fn id<T: TryFrom<String>>(text: &str) -> T {
    T::try_from(text.to_owned()).ok().unwrap()
}

pub(crate) async fn start(server: &Server) -> Result<answer::ActivationStarted, PlatformError> {
    let (pid, phone) = (Pid::parse("000199000123").unwrap(), PhoneNumber::parse("0900000123").unwrap());
    server.client().start_activation((&pid, &phone), ActivationPurpose::Activate, &[7; 16]).await
}

pub(crate) const STARTED: &str = r#"{"activation_id":"act-1","code_expires_at":1795000300}"#;
const TOKEN: &str = r#"{"access_token":"tok-1","token_type":"DPoP","expires_in":600}"#;

#[tokio::test]
async fn activation_started_sends_key_pid_and_phone_and_nothing_about_the_phone() {
    let server = Server::start([Reply::json(201, STARTED)]).await;
    let started = start(&server).await.unwrap();
    assert_eq!((started.activation_id.as_str(), started.code_expires_at.seconds()), ("act-1", 1_795_000_300));

    let seen = server.only();
    assert_eq!(seen.line(), "POST /v1/activation HTTP/1.1");
    assert_eq!(seen.json(), json!({"pid": "000199000123", "phone": "+84900000123", "purpose": "activate"}));
    assert_eq!(seen.header("idempotency-key"), Some("BwcHBwcHBwcHBwcHBwcHBw"));
    assert_eq!(seen.header("user-agent"), Some("eid-core"));
    let mut names: Vec<&str> = seen.head[1..].iter().map(|line| line.split(':').next().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-length", "content-type", "host", "idempotency-key", "user-agent"]);
}

#[tokio::test]
async fn one_time_code_confirmed_gives_the_challenge() {
    let challenge = format!(
        r#"{{"device_challenge":"{}","chip_challenge":"{}","expires_at":1795000600}}"#,
        base64url(&[9; 32]),
        base64url(&[8; 8])
    );
    let server = Server::start([Reply::json(200, &challenge)]).await;
    let code = OneTimeCode::parse("271828").unwrap();
    let answer = server.client().confirm_code(&id::<ActivationId>("act-1"), &code).await.unwrap();
    assert_eq!((answer.device_challenge, answer.chip_challenge), ([9; 32], [8; 8]));

    let seen = server.only();
    assert_eq!(seen.line(), "POST /v1/activation/act-1/code HTTP/1.1");
    assert_eq!(seen.json(), json!({"code": "271828"}));
}

#[tokio::test]
async fn device_bound_signs_the_challenge_for_this_platform() {
    let bound = format!(
        r#"{{"account_id":"acc-1","grant":"g.r.t","issuer":"https://issuer.example","lock_code":"0123456789ABCDEFGH","passcode_epoch":1,"recovery_share":"{}"}}"#,
        base64url(&[5; 32])
    );
    let server = Server::start([Reply::json(201, &bound)]).await;
    let (device, passcode) = (Key::new(), passcode_key("271828"));
    let id = id::<ActivationId>("act-1");
    let share = SecretKey::parse(&SecretBytes::new(vec![5; 32])).unwrap();
    let bind = BindRequest { challenge: &[9; 32], device: &device, passcode: &passcode, recovery_share: &share };
    let answer = server.client().bind_device(&id, bind, NOW).await.unwrap();
    assert_eq!((answer.account_id.as_str(), answer.grant.as_str()), ("acc-1", "g.r.t"));
    assert_eq!(answer.issuer, "https://issuer.example");

    let seen = server.only();
    assert_eq!(seen.line(), "POST /v1/activation/act-1/device HTTP/1.1");
    let body = seen.json();
    assert_eq!(
        claims(body["binding"].as_str().unwrap(), "eid-device-binding+jwt", &device),
        json!({"aud": server.url, "iat": NOW, "nonce": base64url(&[9; 32])})
    );
    assert_eq!(body["recovery_share"], base64url(&[5; 32]));
    let binding = jws::parse(body["passcode_binding"].as_str().unwrap()).unwrap();
    assert_eq!(binding.jwk(), Some(passcode.public()));
    let binding: Value = binding.verify("eid-passcode-binding+jwt", passcode.public()).unwrap();
    assert_eq!(binding, json!({"aud": server.url, "iat": NOW, "nonce": base64url(&[9; 32])}));
}

/// Checks a token request and gives the `jti`s of assertion and DPoP proof.
fn check_token_request(seen: &Seen, server: &Server, device: &Key) -> [String; 2] {
    let endpoint = format!("{}/oauth2/token", server.url);
    assert_eq!(seen.line(), "POST /oauth2/token HTTP/1.1");
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
    let form = form(&seen.body);
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let assertion = claims(&form["assertion"], "JWT", device);
    let jti = assertion["jti"].clone();
    let (iat, exp) = (NOW.seconds(), NOW.seconds() + 60);
    let wanted = json!({"iss": "acc-1", "sub": "acc-1", "aud": endpoint, "iat": iat, "exp": exp, "jti": jti});
    assert_eq!(assertion, wanted);
    let dpop = claims(seen.header("dpop").unwrap(), "dpop+jwt", device);
    assert_eq!(dpop, json!({"htm": "POST", "htu": endpoint, "iat": iat, "jti": dpop["jti"]}));
    [jti, dpop["jti"].clone()].map(|jti| jti.as_str().unwrap().to_owned())
}

#[tokio::test]
async fn token_asked_for_signs_assertion_and_dpop() {
    let server = Server::start([Reply::json(200, TOKEN)]).await;
    let device = Key::new();
    let token = sendable(server.client().token(&id::<AccountId>("acc-1"), &device, NOW)).await.unwrap();
    assert_eq!(token.expires_at().seconds(), NOW.seconds() + 600);
    let [a, b] = check_token_request(&server.only(), &server, &device);
    assert_ne!(a, b);
}

#[tokio::test]
async fn token_call_repeated_is_signed_anew() {
    let busy = Reply::problem(503, "{}");
    let server = Server::start([busy.clone(), busy, Reply::json(200, TOKEN)]).await;
    let device = Key::new();
    server.client().token(&id::<AccountId>("acc-1"), &device, NOW).await.unwrap();
    let mut jtis: Vec<String> =
        server.seen().iter().flat_map(|seen| check_token_request(seen, &server, &device)).collect();
    jtis.sort_unstable();
    jtis.dedup();
    assert_eq!(jtis.len(), 6, "three requests with two names each, none twice");
}

#[tokio::test]
async fn credentials_asked_for_prove_each_key_and_the_token() {
    let answer = format!(
        r#"{{"credentials":[{{"credential":"{}"}},{{"credential":"{}"}}]}}"#,
        base64url(b"first"),
        base64url(b"second")
    );
    let server = Server::start([Reply::problem(503, "{}"), Reply::json(200, &answer)]).await;
    let (device, keys) = (Key::new(), [Key::new(), Key::new()]);
    let token = answer::parse_access_token(TOKEN.as_bytes(), NOW).unwrap();
    let nonce = answer::parse_nonce(br#"{"c_nonce":"n-1"}"#).unwrap();
    let asked = CredentialRequest {
        configuration: &CredentialConfiguration { id: "vn.eid.age".to_owned(), vct: 65041 },
        nonce: &nonce,
        keys: &[&keys[0], &keys[1]],
    };
    let tokens = sendable(server.client().credentials(&token, asked, &device, NOW)).await.unwrap();
    assert_eq!(tokens, [b"first".to_vec(), b"second".to_vec()]);

    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    let mut jtis = Vec::new();
    for seen in &seen {
        jtis.push(check_token_use(seen, "POST", "/openid4vci/credential", &server, &device));
        let body = seen.json();
        assert_eq!(body["credential_configuration_id"], "vn.eid.age");
        let proofs = body["proofs"]["jwt"].as_array().unwrap();
        assert_eq!(proofs.len(), keys.len());
        for (proof, key) in proofs.iter().zip(&keys) {
            let wanted = json!({"aud": server.url, "iat": NOW, "nonce": "n-1"});
            assert_eq!(claims(proof.as_str().unwrap(), "openid4vci-proof+jwt", key), wanted);
        }
    }
    assert_ne!(jtis[0], jtis[1]);
    assert_eq!(*keys[0].signatures.lock().unwrap(), 1, "a credential key signs once, whatever is repeated");
}

#[tokio::test]
async fn grant_asked_for_proves_the_token_for_each_try() {
    let server = Server::start([Reply::problem(503, "{}"), Reply::json(200, r#"{"grant":"g.r.t"}"#)]).await;
    let device = Key::new();
    let token = answer::parse_access_token(TOKEN.as_bytes(), NOW).unwrap();
    assert_eq!(server.client().grant(&token, &device, NOW).await.unwrap(), "g.r.t");

    let jtis = server.seen().iter().map(|seen| check_token_use(seen, "GET", "/v1/grant", &server, &device)).collect();
    let [first, second]: [Value; 2] = Vec::try_into(jtis).unwrap();
    assert_ne!(first, second);
}

/// Checks a request that carries the access token and gives the `jti` of its DPoP proof.
pub(crate) fn check_token_use(seen: &Seen, method: &str, path: &str, server: &Server, device: &Key) -> Value {
    assert_eq!(seen.line(), format!("{method} {path} HTTP/1.1"));
    assert_eq!(seen.header("authorization"), Some("DPoP tok-1"));
    let dpop = claims(seen.header("dpop").unwrap(), "dpop+jwt", device);
    let (htu, ath) = (format!("{}{path}", server.url), base64url(&sha256(b"tok-1")));
    assert_eq!(dpop, json!({"htm": method, "htu": htu, "iat": NOW, "jti": dpop["jti"], "ath": ath}));
    dpop["jti"].clone()
}

#[tokio::test]
async fn plain_reads_give_what_the_platform_publishes() {
    let server = Server::start([
        Reply::json(200, r#"{"c_nonce":"n-1"}"#),
        Reply::new(200, "application/cose", [0xd2, 0x84]),
        Reply::new(200, "application/cbor", [0x80]),
    ])
    .await;
    let client = server.client();
    assert_eq!(client.nonce().await.unwrap().as_str(), "n-1");
    assert_eq!(client.trust_list().await.unwrap(), [0xd2, 0x84]);
    assert_eq!(client.status_lists().await.unwrap(), [0x80]);
    let seen = server.seen();
    let lines: Vec<&str> = seen.iter().map(Seen::line).collect();
    assert_eq!(
        lines,
        ["POST /openid4vci/nonce HTTP/1.1", "GET /v1/trust-list HTTP/1.1", "GET /v1/status-lists HTTP/1.1"]
    );
    assert!(seen[0].body.is_empty());
}

#[tokio::test]
async fn metadata_of_this_platform_is_read_and_of_another_refused() {
    let metadata = |issuer: &str| {
        let configurations = r#"{"vn.eid.age":{"format":"dc+sd-cwt","vct":65041}}"#;
        let batch = r#"{"batch_size":20}"#;
        Reply::json(
            200,
            &format!(
                r#"{{"credential_issuer":"{issuer}","credential_configurations_supported":{configurations},"batch_credential_issuance":{batch}}}"#
            ),
        )
    };
    let own_and_other = |url: &str| vec![metadata(url), metadata("https://rogue.example")];
    let server = Server::start_with(Certificate::Right, own_and_other).await;
    let client = server.client();
    let own = client.issuer_metadata().await.unwrap();
    assert_eq!((own.batch_size, own.configurations[0].vct), (20, 65041));
    assert_eq!(client.issuer_metadata().await, Err(PlatformError::Nonsense(Flaw::Issuer)));
    assert_eq!(server.seen()[0].line(), "GET /.well-known/openid-credential-issuer HTTP/1.1");
}

#[tokio::test]
async fn key_that_refuses_stops_the_call_with_its_own_reason() {
    let server = Server::start([Reply::json(200, TOKEN)]).await;
    let device = Key { refuses: Some(Code::USER_CANCELLED), ..Key::new() };
    let error = server.client().token(&id::<AccountId>("acc-1"), &device, NOW).await.unwrap_err();
    assert_eq!(error.code(), Code::USER_CANCELLED);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn slow_key_does_not_use_up_the_time_of_the_call() {
    let server = Server::start([Reply::problem(503, "{}"), Reply::json(200, TOKEN)]).await;
    let timeouts = Timeouts { total: Duration::from_secs(1), ..Timeouts::default() };
    let device = Key { slow: Duration::from_millis(600), ..Key::new() };
    let token = server.client_with(timeouts).token(&id::<AccountId>("acc-1"), &device, NOW).await.unwrap();
    // Four signatures took over two seconds, and the repeat carries the later time.
    assert!(token.expires_at().seconds() > NOW.seconds() + 600);
    assert_eq!(*device.signatures.lock().unwrap(), 4);
}

pub(crate) fn passcode_key(digits: &str) -> PasscodeKey {
    PasscodeKey::derive(&Passcode::parse(digits.into()).unwrap(), &[7; 16], KdfCost::FLOOR).unwrap()
}

/// The claims inside an instruction that these keys signed.
fn instructed(seen: &Seen, server: &Server, device: &Key, passcode: &PasscodeKey) -> Value {
    assert_eq!(seen.line(), "POST /v1/instructions HTTP/1.1");
    let body = seen.json();
    let outer = claims(body["instruction"].as_str().unwrap(), "eid-instruction+jwt", device);
    assert_eq!((&outer["aud"], &outer["iat"]), (&json!(server.url), &json!(NOW)));
    let inner = jws::parse(outer["inner"].as_str().unwrap()).unwrap();
    assert_eq!(inner.jwk(), Some(passcode.public()));
    inner.verify("eid-act+jwt", passcode.public()).unwrap()
}

#[tokio::test]
async fn instruction_is_signed_by_both_keys_and_repeated_as_the_same_bytes() {
    let result = r#"{"access_token":"tok-1","token_type":"DPoP","expires_in":600,"refresh_token":"ref-1","auth_level":2,"auth_time":1795000000}"#;
    let server = Server::start([
        Reply::json(200, r#"{"challenge":"c-1","expires_at":1795000060}"#),
        Reply::Cut(Vec::new()),
        Reply::problem(503, "{}"),
        Reply::json(200, &format!(r#"{{"act":"sign_in","seq":7,"result":{result}}}"#)),
    ])
    .await;
    let (client, device, passcode) = (server.client(), Key::new(), passcode_key("271828"));
    let challenge = client.challenge().await.unwrap();
    let account = id::<AccountId>("acc-1");
    let instruction = Instruction {
        account: &account,
        seq: 7,
        challenge: &challenge,
        device: &device,
        passcode: &passcode,
        biometric: None,
    };
    let session = sendable(client.sign_in(instruction, NOW)).await.unwrap();
    assert_eq!((session.auth_level, session.auth_time), (AuthLevel::L2, NOW));

    let seen = server.seen();
    assert_eq!((seen.len(), seen[0].line()), (4, "POST /v1/challenge HTTP/1.1"));
    assert!(seen[2].body == seen[1].body && seen[3].body == seen[1].body);
    let wanted =
        json!({"aud": server.url, "sub": "acc-1", "challenge": "c-1", "seq": 7, "act": "sign_in", "params": {}});
    assert_eq!(instructed(&seen[1], &server, &device, &passcode), wanted);
    assert_eq!(*device.signatures.lock().unwrap(), 1);
}

#[tokio::test]
async fn passcode_change_carries_the_new_key_and_is_signed_by_the_old_one() {
    let server = Server::start([
        Reply::json(200, r#"{"challenge":"c-1","expires_at":1795000060}"#),
        Reply::json(200, r#"{"act":"change_passcode","seq":8,"result":{"passcode_epoch":2}}"#),
        Reply::json(200, r#"{"act":"unlink","seq":9,"result":{}}"#),
    ])
    .await;
    let (client, device) = (server.client(), Key::new());
    let (old, new) = (passcode_key("271828"), passcode_key("314159"));
    let challenge = client.challenge().await.unwrap();
    let account = id::<AccountId>("acc-1");
    let instruction = Instruction {
        account: &account,
        seq: 8,
        challenge: &challenge,
        device: &device,
        passcode: &old,
        biometric: None,
    };
    assert_eq!(client.change_passcode(instruction, 2, &new, NOW).await, Ok(2));
    assert_eq!(client.unlink(Instruction { seq: 9, ..instruction }, NOW).await, Ok(()));

    let params = instructed(&server.seen()[1], &server, &device, &old)["params"].clone();
    assert_eq!(params["epoch"], 2);
    let binding = jws::parse(params["passcode_binding"].as_str().unwrap()).unwrap();
    assert_eq!(binding.jwk(), Some(new.public()));
    let binding: Value = binding.verify("eid-passcode-binding+jwt", new.public()).unwrap();
    assert_eq!(binding, json!({"aud": server.url, "iat": NOW, "nonce": "c-1"}));
}

#[tokio::test]
async fn session_is_refreshed_listed_and_ended_with_new_proofs() {
    let tokens = r#"{"access_token":"tok-1","token_type":"DPoP","expires_in":600,"refresh_token":"ref-1","auth_level":2,"auth_time":1795000000}"#;
    let devices = r#"{"devices":[{"name":"","bound_at":1,"last_seen_at":2,"active":true}]}"#;
    let server = Server::start([
        Reply::problem(503, "{}"),
        Reply::json(200, tokens),
        Reply::json(200, devices),
        Reply::json(200, "{}"),
    ])
    .await;
    let (client, device) = (server.client(), Key::new());
    let session = answer_session(tokens);
    let next = sendable(client.refresh(&session.refresh, &device, NOW)).await.unwrap();
    assert_eq!(sendable(client.devices(&next.access, &device, NOW)).await.unwrap().len(), 1);
    sendable(client.revoke(&next.refresh, &device, NOW)).await.unwrap();

    let seen = server.seen();
    let (asked, again) = (form(&seen[0].body), form(&seen[1].body));
    assert_eq!((asked["grant_type"].as_str(), asked["refresh_token"].as_str()), ("refresh_token", "ref-1"));
    assert_eq!(asked, again);
    assert_ne!(seen[0].header("dpop"), seen[1].header("dpop"));
    check_token_use(&seen[2], "GET", "/v1/devices", &server, &device);
    assert_eq!((seen[3].line(), form(&seen[3].body)["token"].as_str()), ("POST /oauth2/revoke HTTP/1.1", "ref-1"));
    let dpop = claims(seen[3].header("dpop").unwrap(), "dpop+jwt", &device);
    assert_eq!((&dpop["htm"], &dpop["htu"]), (&json!("POST"), &json!(format!("{}/oauth2/revoke", server.url))));
}

fn answer_session(body: &str) -> eid_platform::SignedIn {
    eid_platform::parse_signed_in(body.as_bytes(), NOW).unwrap()
}

#[tokio::test]
async fn biometric_key_signs_this_act_and_no_other() {
    let done = |act: &str, result: &str| Reply::json(200, &format!(r#"{{"act":"{act}","seq":8,"result":{result}}}"#));
    let server = Server::start([
        Reply::json(200, r#"{"challenge":"c-1","expires_at":1795000060}"#),
        done("lock_code", r#"{"lock_code":"0123456789ABCDEFGH"}"#),
        done("register_biometric_key", r#"{"usable_from":1795086400}"#),
        done("lock_code", r#"{"lock_code":"short"}"#),
    ])
    .await;
    let (client, device, finger, passcode) = (server.client(), Key::new(), Key::new(), passcode_key("271828"));
    let challenge = client.challenge().await.unwrap();
    let account = id::<AccountId>("acc-1");
    let instruction = Instruction {
        account: &account,
        seq: 8,
        challenge: &challenge,
        device: &device,
        passcode: &passcode,
        biometric: Some(&finger),
    };
    let code = sendable(client.carry_out(instruction, ActOrder::LockCode, NOW)).await.unwrap();
    assert_eq!(code, ActAnswer::LockCode("0123456789ABCDEFGH".to_owned()));
    let order = ActOrder::RegisterBiometricKey { key: &finger };
    let registered = client.carry_out(Instruction { biometric: None, ..instruction }, order, NOW).await.unwrap();
    let usable_from = UnixTime::from_seconds(1_795_086_400);
    assert_eq!(registered, ActAnswer::BiometricKey { usable_from });
    let nonsense = client.carry_out(instruction, ActOrder::LockCode, NOW).await;
    assert_eq!(nonsense, Err(PlatformError::Nonsense(Flaw::Shape)));

    let seen = server.seen();
    let outer = |at: usize| claims(seen[at].json()["instruction"].as_str().unwrap(), "eid-instruction+jwt", &device);
    let signed = outer(1);
    let hash = base64url(&sha256(signed["inner"].as_str().unwrap().as_bytes()));
    let shown = claims(signed["biometric"].as_str().unwrap(), "eid-biometric+jwt", &finger);
    assert_eq!(shown, json!({"aud": server.url, "challenge": "c-1", "act_hash": hash}));
    assert_eq!(outer(2).get("biometric"), None);
    let params = instructed(&seen[2], &server, &device, &passcode)["params"].clone();
    let binding = claims(params["biometric_binding"].as_str().unwrap(), "eid-biometric-binding+jwt", &finger);
    assert_eq!(binding, json!({"aud": server.url, "iat": NOW, "nonce": "c-1"}));
}
