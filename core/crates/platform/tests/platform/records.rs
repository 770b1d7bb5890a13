//! Records, evidence and submissions on the wire.

use eid_crypto::hash::sha256;
use eid_model::{Code, MediaType};
use eid_platform::{
    AccessToken, AccountId, Cursor, EvidencePiece, Feed, Flaw, PlatformError, RequestSigner as _, SignedStatement,
    Statement, Upload, answer,
};
use eid_record::{Form, RecordKind};
use serde_json::json;

use crate::{
    calls::{Key, NOW, check_token_use, claims, id, passcode_key},
    server::{Reply, Server},
};

fn token() -> AccessToken {
    let body = br#"{"access_token":"tok-1","token_type":"DPoP","expires_in":600}"#;
    answer::parse_access_token(body, NOW).unwrap()
}

fn piece() -> EvidencePiece {
    EvidencePiece { sha256: sha256(b"12345678"), bytes: 8, media: MediaType::Jpeg }
}

const PIECE_PATH: &str = "/v1/evidence/73l8gRjwLftklgfdXT-MdiMEjJwGPVMsyVxe16iYpk8";

fn head(status: u16, headers: &str) -> Reply {
    Reply::raw(&format!("HTTP/1.1 {status} X\r\n{headers}\r\n"), b"")
}

const PAGE: &str = r#"{"changes":[{"record":{},"signature":"x"}],"next":"c-2","more":true}"#;

#[tokio::test]
async fn feed_asked_for_names_its_cursor_and_signs_the_url_without_it() {
    let server =
        Server::start([Reply::json(200, PAGE), Reply::problem(503, "{}"), head(304, "ETag: \"c-2\"\r\n")]).await;
    let (client, device, token) = (server.client(), Key::new(), token());
    let Feed::Page(page) = client.records(&token, None, &device, NOW).await.unwrap() else { panic!("unchanged") };
    assert_eq!((page.changes.len(), page.next.as_str(), page.more), (1, "c-2", true));
    assert!(matches!(client.records(&token, Some(&page.next), &device, NOW).await, Ok(Feed::Unchanged)));

    let seen = server.seen();
    check_token_use(&seen[0], "GET", "/v1/records", &server, &device);
    assert_eq!((seen[0].header("accept-encoding"), seen[0].header("if-none-match")), (Some("gzip"), None));
    for again in &seen[1..] {
        assert_eq!(again.line(), "GET /v1/records?after=c-2 HTTP/1.1");
        assert_eq!(again.header("if-none-match"), Some("\"c-2\""));
        let dpop = claims(again.header("dpop").unwrap(), "dpop+jwt", &device);
        assert_eq!(dpop["htu"], format!("{}/v1/records", server.url));
    }
}

#[tokio::test]
async fn feed_that_answers_badly_has_its_code() {
    let unknown = json!({"code": Code::CURSOR_UNKNOWN.number()}).to_string();
    let nonsense = PlatformError::Nonsense;
    let cursor: Cursor = id("c-2");
    for (reply, error) in [
        (Reply::problem(410, &unknown), None),
        // The same cursor again with more to come would be asked for for ever.
        (Reply::json(200, PAGE), Some(nonsense(Flaw::Count))),
        (Reply::new(200, "text/html", "<h1>Sign in</h1>"), Some(nonsense(Flaw::MediaType))),
        (head(302, "Location: https://127.0.0.1:9/\r\nContent-Length: 0\r\n"), Some(nonsense(Flaw::Redirect))),
        (head(204, ""), Some(nonsense(Flaw::Status))),
    ] {
        let server = Server::start([reply]).await;
        let failed = server.client().records(&token(), Some(&cursor), &Key::new(), NOW).await.unwrap_err();
        match error {
            Some(error) => assert_eq!(failed, error),
            None => assert_eq!(failed.code(), Code::CURSOR_UNKNOWN),
        }
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn refresh_gives_when_the_answer_is_due() {
    let server = Server::start([Reply::json(202, r#"{"due_at":1795000060}"#)]).await;
    let device = Key::new();
    let due = server.client().refresh_records(&token(), RecordKind::Tax, &device, NOW).await.unwrap();
    assert_eq!(due.seconds(), 1_795_000_060);
    check_token_use(&server.only(), "POST", "/v1/records/tax/refresh", &server, &device);
}

#[tokio::test]
async fn evidence_offered_says_what_it_is_and_goes_on_where_the_platform_is() {
    let server = Server::start([
        head(201, "Upload-Offset: 3\r\nUpload-Complete: ?0\r\nContent-Length: 0\r\n"),
        head(204, "Upload-Offset: 5\r\nUpload-Complete: ?0\r\n"),
        Reply::raw(
            "HTTP/1.1 409 X\r\nContent-Type: application/problem+json\r\nUpload-Offset: 4\r\nContent-Length: 13\r\n\r\n",
            br#"{"code":7047}"#,
        ),
        head(204, "Upload-Offset: 4\r\nUpload-Complete: ?0\r\n"),
        head(204, "Upload-Complete: ?1\r\n"),
        head(200, "Upload-Complete: ?1\r\nContent-Length: 0\r\n"),
    ])
    .await;
    let (client, device, token, piece) = (server.client(), Key::new(), token(), piece());
    assert_eq!(client.offer_evidence(&token, &piece, &device, NOW).await, Ok(Upload::At(3)));
    let part = |at: usize, to: usize| (u64::try_from(at).unwrap(), b"12345678"[at..to].to_vec());
    let append = async |part| client.append_evidence(&token, &piece, part, &device, NOW).await;
    assert_eq!(append(part(3, 5)).await, Ok(Upload::At(5)));
    // The platform knows better: not an error.
    assert_eq!(append(part(5, 8)).await, Ok(Upload::At(4)));
    assert_eq!(client.find_evidence(&token, &piece, &device, NOW).await, Ok(Some(Upload::At(4))));
    assert_eq!(append(part(4, 8)).await, Ok(Upload::Complete));
    assert_eq!(client.offer_evidence(&token, &piece, &device, NOW).await, Ok(Upload::Complete));

    let seen = server.seen();
    check_token_use(&seen[0], "POST", "/v1/evidence", &server, &device);
    for (name, value) in [
        ("upload-length", "8"),
        ("upload-complete", "?0"),
        ("repr-digest", "sha-256=:73l8gRjwLftklgfdXT+MdiMEjJwGPVMsyVxe16iYpk8=:"),
        ("content-type", "image/jpeg"),
    ] {
        assert_eq!(seen[0].header(name), Some(value), "{name}");
    }
    for (seen, offset, last, body) in
        [(&seen[1], "3", "?0", "45"), (&seen[2], "5", "?1", "678"), (&seen[4], "4", "?1", "5678")]
    {
        check_token_use(seen, "PATCH", PIECE_PATH, &server, &device);
        assert_eq!((seen.header("upload-offset"), seen.header("upload-complete")), (Some(offset), Some(last)));
        assert_eq!(seen.header("content-type"), Some("application/partial-upload"));
        assert_eq!(seen.body, body.as_bytes());
    }
    check_token_use(&seen[3], "HEAD", PIECE_PATH, &server, &device);
}

#[tokio::test]
async fn piece_of_which_bytes_were_lost_is_not_sent_again_by_itself() {
    let server = Server::start([Reply::Cut(Vec::new())]).await;
    let sent = server.client().append_evidence(&token(), &piece(), (0, b"12".to_vec()), &Key::new(), NOW).await;
    assert_eq!((sent, server.seen().len()), (Err(PlatformError::Interrupted), 1));
}

#[tokio::test]
async fn evidence_answered_badly_has_its_code() {
    let refused = json!({"code": Code::EVIDENCE_REFUSED.number()}).to_string();
    let (shape, status) = (Code::PLATFORM_NONSENSE, Code::PLATFORM_NONSENSE);
    for (reply, code) in [
        (Reply::problem(400, &refused), Code::EVIDENCE_REFUSED),
        // Beyond the end, no number, none at all.
        (head(204, "Upload-Offset: 9\r\n"), shape),
        (head(204, "Upload-Offset: +1\r\n"), shape),
        (head(204, "Upload-Offset: \r\n"), shape),
        (head(204, ""), shape),
        (head(200, "Upload-Offset: 2\r\nContent-Length: 0\r\n"), status),
    ] {
        let server = Server::start([reply]).await;
        let sent = server.client().append_evidence(&token(), &piece(), (0, b"12".to_vec()), &Key::new(), NOW).await;
        assert_eq!(sent.unwrap_err().code(), code);
    }
    let server = Server::start([head(404, "Content-Type: application/problem+json\r\n")]).await;
    assert_eq!(server.client().find_evidence(&token(), &piece(), &Key::new(), NOW).await, Ok(None));
}

#[tokio::test]
async fn confirmed_change_is_sent_in_a_new_envelope_with_the_same_inside() {
    let passcode = passcode_key("271828");
    let account = id::<AccountId>("acc-1");
    let statement = Statement {
        account: &account,
        submission: ("u-1", 0),
        record: (RecordKind::Tax, "rec-1"),
        base: None,
        form: &Form::new(),
        evidence: &[],
    };
    let again = json!({"code": Code::CONFIRM_AGAIN.number()}).to_string();
    let server = Server::start([Reply::problem(503, "{}"), Reply::problem(403, &again)]).await;
    let mut signed = SignedStatement::sign(statement, &server.url, &passcode, NOW).await.unwrap();
    let (device, finger) = (Key::new(), Key::new());
    signed.confirm(&server.url, &finger).await.unwrap();
    let trust = configuration();
    let sent = server.client().submit(&token(), &signed, &trust, &device, NOW).await;
    assert_eq!(sent.unwrap_err().code(), Code::CONFIRM_AGAIN);

    let seen = server.seen();
    assert_eq!((seen.len(), seen[0].body == seen[1].body), (2, true));
    check_token_use(&seen[0], "POST", "/v1/submissions", &server, &device);
    let outer = claims(seen[0].json()["submission"].as_str().unwrap(), "eid-submission+jwt", &device);
    assert_eq!((&outer["aud"], &outer["iat"]), (&json!(server.url), &json!(NOW)));
    let inner = outer["inner"].as_str().unwrap();
    assert_eq!(sha256(inner.as_bytes()), signed.digest());
    let shown = claims(outer["biometric"].as_str().unwrap(), "eid-biometric+jwt", &finger);
    let act_hash = crate::wire::base64url(&signed.digest());
    assert_eq!(shown, json!({"aud": server.url, "challenge": "u-1", "act_hash": act_hash}));
    assert_ne!(finger.public_key(), device.public_key());
}

/// One that trusts nobody's records.
fn configuration() -> eid_platform::Configuration {
    use eid_platform::jws::Jwk;
    let root = eid_crypto::SigningKey::make().unwrap();
    let claims = json!({"iss": "e.example", "iat": 1, "exp": 2, "version": 1, "csca": [], "face_key": Jwk(*root.public()),
        "acts": [], "maintenance": null, "update": {"blocked": [], "required_below": "0.0.0", "urgent_below": "0.0.0",
        "recommended_below": "0.0.0"}});
    let part = |json: &serde_json::Value| crate::wire::base64url(json.to_string().as_bytes());
    let signed = format!("{}.{}", part(&json!({"alg": "ES256", "typ": "eid-configuration+jwt"})), part(&claims));
    let token = format!("{signed}.{}", crate::wire::base64url(&root.sign(signed.as_bytes()).unwrap()));
    eid_platform::Configuration::parse(&token, &[*root.public()]).unwrap()
}
