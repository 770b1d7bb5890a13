//! Answers over the network: what the line takes, from whom, and what it says to whom.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use eid_counter::{Application, CounterError};
use eid_crypto::{SigningKey, VerifyingKey};
use eid_proof::{Audience, CounterCode, Showing};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{Der, ServerName, TrustAnchor},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    asking::{NOW, Office, eid_counter, register},
    served::{Served, arguments, program},
    world::{COUNTER, Folder, SIGNED, World, digits, time},
};

const PROOF: &str = "application/kb+cwt";

/// What a phone knows of a counter's line: the registered key, as an authority for the registered host.
struct Caller {
    address: SocketAddr,
    key: VerifyingKey,
    name: String,
}

impl Caller {
    /// The one for this code, whose address leads to `address`.
    fn of(code: &str, address: SocketAddr) -> (Self, String) {
        let CounterCode::Request(request) = CounterCode::read(code).unwrap() else { panic!("a request") };
        let url = request.asked().answer_to.clone().unwrap();
        let (host, path) = url.strip_prefix("https://").unwrap().split_once('/').unwrap();
        let name = host.split(':').next().unwrap().to_owned();
        (Self { address, key: *request.registration().key(), name }, format!("/{path}"))
    }

    async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let spki: Vec<u8> = [
            b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"
                .as_slice(),
            self.key.sec1(),
        ]
        .concat();
        let anchor = TrustAnchor {
            subject: Der::from_slice(b"\x31\x19\x30\x17\x06\x03\x55\x04\x03\x0c\x10eID Core counter"),
            subject_public_key_info: Der::from(spki),
            name_constraints: None,
        };
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore { roots: vec![anchor] })
            .with_no_client_auth();
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from(self.name.clone()).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// Status, media type and body of one call.
    async fn call(&self, head: &str, body: &[u8]) -> (u16, String, String) {
        let mut stream = self.connect().await.unwrap();
        let head = format!("{head}\r\nHost: {}\r\nContent-Length: {}\r\n\r\n", self.name, body.len());
        stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("cache-control: no-store") && head.contains("connection: close"), "{head}");
        let media = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), media.to_owned(), body.to_owned())
    }

    /// Status and code of sending this as an answer.
    async fn send(&self, path: &str, media: &str, body: &[u8]) -> (u16, u64) {
        let (status, kind, body) = self.call(&format!("POST {path} HTTP/1.1\r\nContent-Type: {media}"), body).await;
        if status == 204 {
            assert_eq!((kind.as_str(), body.as_str()), ("", ""));
            return (204, 0);
        }
        let problem: Value = serde_json::from_str(&body).unwrap();
        let told: Vec<&str> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((kind.as_str(), told), ("application/problem+json", vec!["code", "status", "title", "type"]));
        assert_eq!(problem["status"], status);
        (status, problem["code"].as_u64().unwrap())
    }
}

/// A counter with a line, and where it is.
struct Online {
    office: Office,
    address: SocketAddr,
}

impl Online {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let office = Office::at(&address.to_string());
        let line = office.server.open_line(listener).unwrap();
        tokio::spawn(line.serve(std::future::pending()));
        Self { office, address }
    }

    /// A question for the photo: its name, its code, and how to answer it.
    async fn ask(&self) -> (String, String, Caller, String) {
        let (request, code) = self.office.ask(true).await;
        let (caller, path) = Caller::of(&code, self.address);
        (request, code, caller, path)
    }

    async fn collect(&self, request: &str) -> (u16, Value) {
        self.office.post(&format!("/requests/{request}/collect"), json!({})).await
    }

    fn answer(&self, code: &str) -> Vec<u8> {
        self.office.world.answer(code, true, NOW).as_bytes().to_vec()
    }
}

#[tokio::test]
async fn answer_sent_is_taken_and_collected_once_and_sent_again_it_is_the_same() {
    let online = Online::new();
    let (request, code, caller, path) = online.ask().await;
    assert_eq!(online.collect(&request).await, (200, json!({})), "not yet");
    let answer = online.answer(&code);
    assert_eq!(caller.send(&path, PROOF, &answer).await, (204, 0));
    // The phone missed that.
    assert_eq!(caller.send(&path, PROOF, &answer).await, (204, 0));
    let (_, collected) = online.collect(&request).await;
    assert_eq!((&collected["report"]["verdict"], &collected["report"]["code"]), (&json!("valid"), &json!("Q00")));
    assert_eq!(collected["report"]["claims"]["full_name"], "NGUYỄN THỊ MINH KHAI");
    assert!(collected["report"]["portrait"].is_object());
    assert!(collected["report"]["must_do"]["en"].as_str().unwrap().contains("no scanner saw the phone"));
    assert_eq!(online.collect(&request).await, (200, json!({})), "forgotten");
    assert_eq!(caller.send(&path, "Application/KB+CWT; v=1", &answer).await, (204, 0));
    assert_eq!(online.collect(&request).await, (200, json!({})), "one verdict");
    // Neither another phone, nor the same by its code.
    assert_eq!(caller.send(&path, PROOF, &online.answer(&code)).await, (409, 5042));
    assert_eq!(online.office.code(&answer, Some(&request)).await, "Q18");
    assert_eq!(online.office.code(&online.answer(&code), Some(&request)).await, "Q08");
}

/// Judged or not: never used up without the officer's seeing it.
#[tokio::test]
async fn answer_of_a_phone_that_hangs_up_is_not_lost_whenever_it_does() {
    let online = Online::new();
    for wait in 0..30 {
        let (request, code, caller, path) = online.ask().await;
        let answer = online.answer(&code);
        let mut stream = caller.connect().await.unwrap();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {PROOF}\r\nContent-Length: {}", answer.len());
        stream.write_all(&[head.as_bytes(), b"\r\n\r\n", &answer].concat()).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(wait / 2)).await;
        drop(stream);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(caller.send(&path, PROOF, &answer).await, (204, 0), "hung up after {} ms", wait / 2);
        assert_eq!(online.collect(&request).await.1["report"]["code"], "Q00");
    }
}

#[tokio::test]
async fn what_answers_something_else_or_nothing_is_not_taken_and_shown_to_nobody() {
    let online = Online::new();
    let (request, code, caller, path) = online.ask().await;
    let (_, other, _, other_path) = online.ask().await;
    let world = &online.office.world;
    let good = online.answer(&code);
    let mut altered = good.clone();
    *altered.last_mut().unwrap() ^= 1;
    let CounterCode::Request(asked) = CounterCode::read(&code).unwrap() else { panic!("a request") };
    let revoked = {
        let phone = SigningKey::make().unwrap();
        let audience = Audience::Counter(COUNTER.to_owned());
        let challenge = Some(asked.nonce().to_vec());
        let showing = Showing { audience, challenge, photo: true, claims: vec![], now: time(NOW) };
        world.show(&world.token(&phone, 1), &phone, &showing).as_bytes().to_vec()
    };
    let hex: String = asked.nonce().iter().map(|byte| format!("{byte:02x}")).collect();
    let (wrong, over) = (5037, 5042);
    for (name, path, media, body, expected) in [
        ("another question's answer", &path, PROOF, online.answer(&other), (422, wrong)),
        ("made for anybody", &path, PROOF, world.fresh_proof(0, true).as_bytes().to_vec(), (422, wrong)),
        ("without the photo", &path, PROOF, world.answer(&code, false, NOW).as_bytes().to_vec(), (422, wrong)),
        ("altered", &path, PROOF, altered, (422, wrong)),
        (
            "of a world of its own",
            &path,
            PROOF,
            World::new(SIGNED).fresh_proof(0, true).as_bytes().to_vec(),
            (422, wrong),
        ),
        ("revoked", &path, PROOF, revoked, (422, wrong)),
        ("the text of a code", &path, PROOF, digits(&good).into_bytes(), (422, wrong)),
        ("nothing", &path, PROOF, Vec::new(), (422, wrong)),
        ("noise", &path, PROOF, vec![0xd2; 4096], (422, wrong)),
        ("too long", &path, PROOF, vec![0xd2; 4097], (413, wrong)),
        ("labelled as something else", &path, "application/json", good.clone(), (415, wrong)),
        ("not labelled", &path, "", good.clone(), (415, wrong)),
        ("to the other question", &other_path, PROOF, good.clone(), (422, wrong)),
        ("to the nonce", &format!("/a/{hex}"), PROOF, good.clone(), (404, over)),
        ("to nowhere", &"/a/".to_owned(), PROOF, good.clone(), (404, wrong)),
        ("to the interface", &"/verify".to_owned(), PROOF, good.clone(), (404, wrong)),
        ("to the page", &"/requests".to_owned(), PROOF, good.clone(), (404, wrong)),
    ] {
        assert_eq!(caller.send(path, media, &body).await, expected, "{name}");
        assert_eq!(online.collect(&request).await, (200, json!({})), "{name}");
    }
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let (status, _, _) = caller.call(&format!("{method} {path} HTTP/1.1"), b"").await;
        assert_eq!(status, 405, "{method}");
    }
    assert_eq!(caller.call("GET /metrics HTTP/1.1", b"").await.0, 404);
    assert_eq!(caller.send(&path, PROOF, &good).await, (204, 0), "none of it used the question up");
    assert_eq!(online.collect(&request).await.1["report"]["code"], "Q00");
}

#[tokio::test]
async fn question_that_is_over_or_given_up_takes_no_answer() {
    let online = Online::new();
    let (request, code, caller, path) = online.ask().await;
    let delete = |request: String| {
        let router = online.office.server.router(SocketAddr::from(([127, 0, 0, 1], 8017)));
        async move {
            use tower::ServiceExt as _;
            let call = axum::http::Request::delete(format!("/requests/{request}")).header("host", "127.0.0.1:8017");
            router.oneshot(call.body(axum::body::Body::empty()).unwrap()).await.unwrap().status().as_u16()
        }
    };
    assert_eq!(delete(request.clone()).await, 204);
    assert_eq!(delete(request.clone()).await, 404);
    assert_eq!(caller.send(&path, PROOF, &online.answer(&code)).await, (404, 5042));
    assert_eq!(online.collect(&request).await.0, 404);

    let (request, code, caller, path) = online.ask().await;
    let answer = online.answer(&code);
    online.office.pass(121);
    assert_eq!(caller.send(&path, PROOF, &answer).await, (404, 5042));
    assert_eq!(online.collect(&request).await.0, 404);
}

#[tokio::test]
async fn of_two_phones_and_a_scanner_at_once_one_is_taken() {
    let online = Online::new();
    let (request, code, caller, path) = online.ask().await;
    let (one, two, shown) = (online.answer(&code), online.answer(&code), online.answer(&code));
    let (first, again, second, scanned) = tokio::join!(
        caller.send(&path, PROOF, &one),
        caller.send(&path, PROOF, &one),
        caller.send(&path, PROOF, &two),
        online.office.code(&shown, Some(&request)),
    );
    let taken = [first, second].iter().filter(|sent| **sent == (204, 0)).count() + usize::from(scanned == "Q00");
    assert_eq!(taken, 1, "{first:?} {second:?} {scanned}");
    assert_eq!(first, again, "the same bytes, the same outcome");
    let came = online.collect(&request).await.1["report"].is_object();
    assert_eq!(came, scanned != "Q00");
}

#[tokio::test]
async fn only_a_question_for_the_photo_at_a_counter_with_a_line_says_where_to_send() {
    let address_in = |code: &str| match CounterCode::read(code).unwrap() {
        CounterCode::Request(request) => request.asked().answer_to.clone(),
        CounterCode::Poster(_) => panic!("a request"),
    };
    let online = Online::new();
    let (_, plain) = online.office.ask(false).await;
    assert_eq!(address_in(&plain), None, "nobody sees whose phone sends it");
    let (_, with_photo, _, path) = online.ask().await;
    assert_eq!(address_in(&with_photo), Some(format!("https://{}{path}", online.address)));
    let (_, another, _, other_path) = online.ask().await;
    assert_ne!(path, other_path);
    assert_eq!(path.len(), "/a/".len() + 22, "128 bits");
    assert_ne!(another, with_photo);
    // Registered with a host, but with no line open.
    let office = Office::at("counter.example");
    assert_eq!(address_in(&office.ask(true).await.1), None);
    let without_host = Office::new();
    assert_eq!(
        without_host.server.open_line(TcpListener::bind("127.0.0.1:0").unwrap()).err(),
        Some(CounterError::NoAnswerHost)
    );
}

#[tokio::test]
async fn line_of_another_key_or_for_another_host_is_refused_by_the_phone() {
    let online = Online::new();
    let (_, _, caller, _) = online.ask().await;
    caller.connect().await.unwrap();
    let other_key = Caller { key: *SigningKey::make().unwrap().public(), name: caller.name.clone(), ..caller };
    let refused = other_key.connect().await.unwrap_err().to_string();
    assert!(refused.contains("certificate"), "{refused}");
    let other_host = Caller { name: "counter.example".to_owned(), ..caller };
    let refused = other_host.connect().await.unwrap_err().to_string();
    assert!(refused.contains("not valid for name"), "{refused}");
}

/// Ten seconds pass here.
#[tokio::test]
async fn slow_callers_are_hung_up_on_and_hold_up_nobody() {
    let online = Online::new();
    let (_, code, caller, path) = online.ask().await;
    let began = Instant::now();
    let silent = TcpStream::connect(online.address).await.unwrap();
    let greeted = caller.connect().await.unwrap();
    let mut half = caller.connect().await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {PROOF}\r\n");
    half.write_all(head.as_bytes()).await.unwrap();
    let mut body = caller.connect().await.unwrap();
    body.write_all(format!("{head}Content-Length: 1000\r\n\r\nabc").as_bytes()).await.unwrap();
    assert_eq!(caller.send(&path, PROOF, &online.answer(&code)).await, (204, 0));
    assert!(began.elapsed() < Duration::from_secs(5));

    async fn ends(mut stream: impl tokio::io::AsyncRead + Unpin) {
        let mut rest = Vec::new();
        let ended = timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "still open after {} bytes", rest.len());
    }
    tokio::join!(ends(silent), ends(greeted), ends(half), ends(body));
    assert!((9..15).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn address_with_too_many_connections_gets_no_more() {
    let online = Online::new();
    let (_, code, caller, path) = online.ask().await;
    let mut held = Vec::new();
    for _ in 0..16 {
        held.push(caller.connect().await.unwrap());
    }
    assert!(caller.connect().await.is_err());
    held.pop();
    // Its end is noticed a moment later.
    for _ in 0..50 {
        if caller.connect().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(held);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(caller.send(&path, PROOF, &online.answer(&code)).await, (204, 0));
}

#[test]
fn program_takes_answers_at_its_registered_host_and_logs_nothing_of_them() {
    let (folder, world) = (Folder::new(), World::new(SIGNED));
    let mut serving = arguments(&folder, &world);
    let home = folder.name("identity");
    let refused = |more: &[&str]| {
        let words: Vec<&str> = serving.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let output = eid_counter(&words);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let line = ["--answers", "127.0.0.1:0"];
    assert_eq!(refused(&line).0, Some(2), "a line needs an identity");
    let application = |host: Option<&str>| Application {
        counter: COUNTER.to_owned(),
        name: "Quầy 3".to_owned(),
        purposes: vec!["id".to_owned()],
        host: host.map(str::to_owned),
    };
    register(&world, &folder.path("identity"), &application(None));
    let (status, said) = refused(&["--identity", &home, line[0], line[1]]);
    assert!(status == Some(2) && said.contains("E5040"), "{said}");

    register(&world, &folder.path("identity"), &application(Some("localhost:8443")));
    serving.extend(["--identity", &home, line[0], line[1]].map(str::to_owned));
    let mut server = Served::start(program(&serving));
    let told = server.line();
    let address: SocketAddr = told
        .strip_prefix("answers to https://localhost:8443/ at ")
        .unwrap_or_else(|| panic!("{told}"))
        .parse()
        .unwrap();
    let (_, asked) = server.post("/requests", &json!({"purpose": "id", "photo": true, "reason": "Nhận thuốc"}));
    assert_eq!(asked["has_line"], true);
    let code = asked["text"].as_str().unwrap();
    let (caller, path) = Caller::of(code, address);
    let answer = world.answer(code, true, NOW);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    assert_eq!(runtime.block_on(caller.send(&path, PROOF, answer.as_bytes())), (204, 0));
    let collect = format!("/requests/{}/collect", asked["request"].as_str().unwrap());
    assert_eq!(server.post(&collect, &json!({})).1["report"]["code"], "Q00");
    let (_, metrics) = server.get("/metrics");
    assert!(metrics.contains(r#"eid_counter_verdicts_total{code="Q00"} 1"#), "{metrics}");
    let said = server.stop();
    assert!(said.contains(" POST /a/{ticket} 204 ") && said.contains(" Q00×1"), "{said}");
    for secret in [path.strip_prefix("/a/").unwrap(), "127.0.0.1", "MINH KHAI", asked["request"].as_str().unwrap()] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
}
