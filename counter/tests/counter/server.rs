//! The HTTP interface in one process: its answers, its limits, and whom it answers.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use eid_counter::{
    CounterError, CounterServer, LogLine, ReplayStore, Rules, open_status_snapshot, open_trust_list, openapi_json,
};
use eid_proof::Policy;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::world::{Folder, SIGNED, World, base45, digits, time};

const HOST: &str = "127.0.0.1:8017";

/// A server in this process, what it logged, and the world that it believes in.
struct Desk {
    world: World,
    server: CounterServer,
    router: Router,
    log: Arc<Mutex<Vec<LogLine>>>,
    _folder: Folder,
}

fn rules(world: &World) -> Rules {
    let trust = open_trust_list(&world.trust_list("pilot", &world.root), &[*world.root.public()]).unwrap();
    let status = Some(open_status_snapshot(&world.status_snapshot(), &trust).unwrap());
    Rules { trust, status, policy: Policy::default() }
}

impl Desk {
    fn new() -> Self {
        let (world, folder) = (World::new(SIGNED), Folder::new());
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let record = ReplayStore::open(&folder.path("used")).unwrap();
        let server = CounterServer::new(
            rules(&world),
            record,
            || time(SIGNED + 10),
            move |line| lines.lock().unwrap().push(line.clone()),
        );
        let router = server.router(SocketAddr::from(([127, 0, 0, 1], 8017)));
        Self { world, server, router, log, _folder: folder }
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn answer(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.send(request).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), 10_000_000).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// The codes of a good call.
    async fn codes(&self, proofs: Value) -> Vec<String> {
        let (status, answer) = self.answer(post(&json!({"proofs": proofs}))).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let reports = answer["reports"].as_array().unwrap();
        reports.iter().map(|report| report["code"].as_str().unwrap().to_owned()).collect()
    }

    fn proof(&self, index: u32) -> String {
        digits(self.world.fresh_proof(index, false).as_bytes())
    }
}

fn post(body: &Value) -> Request<Body> {
    with(&[("host", HOST), ("content-type", "application/json")], "POST", "/verify", body.to_string())
}

fn with(headers: &[(&str, &str)], method: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
    let builder = headers.iter().fold(Request::builder(), |builder, (name, value)| builder.header(*name, *value));
    builder.method(method).uri(path).body(body.into()).unwrap()
}

#[tokio::test]
async fn batch_gets_a_report_for_each_in_order() {
    let desk = Desk::new();
    let good = desk.proof(0);
    let bytes = STANDARD.encode(desk.world.fresh_proof(3, true).as_bytes());
    let codes = desk
        .codes(json!([
            {"text": good},
            {"text": desk.proof(1)},
            {"bytes": bytes},
            {"text": good},
            {"text": "https://e.example/menu"},
            {"text": " \r\n"},
            {"bytes": "not base64"},
            {"text": desk.proof(99)},
        ]))
        .await;
    assert_eq!(codes, ["Q00", "Q14", "Q00", "Q18", "Q01", "E5030", "E5030", "W16"]);
    let line = desk.log.lock().unwrap().pop().unwrap();
    assert_eq!((line.method.as_str(), line.route.as_str(), line.status), ("POST", "/verify", 200));
    let counted = line.verdicts.iter().map(|(code, count)| (code.as_str(), *count)).collect::<Vec<_>>();
    assert_eq!(counted, [("E5030", 2), ("Q00", 2), ("Q01", 1), ("Q14", 1), ("Q18", 1), ("W16", 1)]);
}

#[tokio::test]
async fn requests_of_wrong_form_are_refused_and_use_nothing_up() {
    let desk = Desk::new();
    let good = desk.proof(0);
    let many: Vec<_> = (0..101).map(|_| json!({"text": good})).collect();
    for body in [
        json!({}),
        json!([]),
        json!({"proofs": []}),
        json!({"proofs": {"text": good}}),
        json!({"proofs": [{"text": good}], "also": 1}),
        json!({"proofs": [{"text": good, "bytes": ""}]}),
        json!({"proofs": [{"picture": good}]}),
        json!({"proofs": [{"film": good}]}),
        json!({"proofs": [{"typed": {"text": good}}]}),
        json!({"proofs": [{"text": 7041}]}),
        json!({"proofs": [null]}),
        json!({"proofs": many}),
    ] {
        let (status, answer) = desk.answer(post(&body)).await;
        assert_eq!((status, &answer["code"]), (StatusCode::BAD_REQUEST, &json!("E5037")), "{body}");
        assert!(answer["reason"]["vi"].as_str().unwrap().contains("quét lại"));
    }
    let json = ("content-type", "application/json");
    let large = format!(r#"{{"proofs":[{{"text":"{}"}}]}}"#, "7".repeat(1_300_000));
    let deep = format!(r#"{{"proofs":{}"#, "[".repeat(100_000));
    for (request, expected) in [
        (with(&[("host", HOST), json], "POST", "/verify", large), 413),
        (with(&[("host", HOST), json], "POST", "/verify", deep), 400),
        (with(&[("host", HOST), json], "POST", "/verify", vec![0xff; 100]), 400),
        (with(&[("host", HOST)], "POST", "/verify", format!(r#"{{"proofs":[{{"text":"{good}"}}]}}"#)), 415),
        (with(&[("host", HOST), ("content-type", "text/plain")], "POST", "/verify", "x"), 415),
        (with(&[("host", HOST)], "GET", "/verify", ""), 405),
        (with(&[("host", HOST)], "GET", "/nothing", ""), 404),
    ] {
        let (status, answer) = desk.answer(request).await;
        assert_eq!((status.as_u16(), &answer["code"]), (expected, &json!("E5037")));
    }
    assert_eq!(desk.codes(json!([{"text": good}])).await, ["Q00"]);
}

#[tokio::test]
async fn keyboard_that_took_characters_back_is_named() {
    let desk = Desk::new();
    let good = desk.proof(0);
    let half = &good[..200];
    for (proof, code, detail) in [
        (json!({"typed": {"text": half, "corrected": true}}), "Q02", "keyboard"),
        (json!({"typed": {"text": half, "corrected": false}}), "Q02", ""),
        (json!({"typed": {"text": "VN1:ƯBC", "corrected": false}}), "Q02", "keyboard"),
        (json!({"typed": {"text": "https://e.example", "corrected": true}}), "Q01", "other_code"),
        (json!({"typed": {"text": good, "corrected": true}}), "Q00", ""),
    ] {
        let (_, answer) = desk.answer(post(&json!({"proofs": [proof]}))).await;
        let report = &answer["reports"][0];
        assert_eq!(
            (report["code"].as_str(), report["detail"]["kind"].as_str().unwrap_or_default()),
            (Some(code), detail)
        );
    }
}

#[tokio::test]
async fn of_the_codes_in_a_picture_the_proof_is_taken() {
    let desk = Desk::new();
    let (one, other, link) = (desk.proof(0), desk.proof(0), "https://e.example/menu");
    for (picture, code) in [
        (json!([]), "E5030"),
        (json!([link]), "Q01"),
        (json!([link, "00020101021138570010A000000727"]), "Q01"),
        (json!([one, other]), "E5034"),
        (json!([link, one, one]), "Q00"),
    ] {
        assert_eq!(desk.codes(json!([{"picture": picture}])).await, [code]);
    }
}

#[tokio::test]
async fn four_kilobytes_are_the_limit_for_each_proof() {
    let desk = Desk::new();
    let fits = vec![0; 4_096];
    let beyond = vec![0; 4_097];
    let endless = "7".repeat(200_000);
    let codes = desk
        .codes(json!([
            {"text": digits(&fits)}, {"text": base45(&fits)}, {"bytes": STANDARD.encode(&fits)},
            {"text": digits(&beyond)}, {"text": base45(&beyond)}, {"bytes": STANDARD.encode(&beyond)},
            {"text": format!("7041{endless}")},
        ]))
        .await;
    assert_eq!(codes, ["Q04", "Q04", "Q04", "Q03", "Q03", "Q03", "Q03"]);
    // A hundred of the longest that can still be proofs go into one call.
    let many: Vec<_> = (0..100).map(|_| json!({"text": digits(&fits)})).collect();
    assert_eq!(desk.codes(json!(many)).await, vec!["Q04"; 100]);
}

#[tokio::test]
async fn other_web_pages_and_other_names_are_refused() {
    let desk = Desk::new();
    let body = json!({"proofs": [{"text": desk.proof(0)}]}).to_string();
    let json = ("content-type", "application/json");
    let foreign: [&[(&str, &str)]; 14] = [
        &[json],
        &[json, ("host", "evil.example")],
        &[json, ("host", "evil.example:8017")],
        &[json, ("host", "127.0.0.1")],
        &[json, ("host", "127.0.0.1:8018")],
        &[json, ("host", "127.0.0.1:8017.evil.example")],
        &[json, ("host", HOST), ("host", "evil.example")],
        &[json, ("host", HOST), ("origin", "https://evil.example")],
        &[json, ("host", HOST), ("origin", "null")],
        &[json, ("host", HOST), ("origin", "https://127.0.0.1:8017")],
        &[json, ("host", HOST), ("origin", "http://127.0.0.1:9999")],
        &[json, ("host", HOST), ("sec-fetch-site", "cross-site")],
        &[json, ("host", HOST), ("sec-fetch-site", "same-site")],
        &[
            json,
            ("host", HOST),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ],
    ];
    for headers in foreign {
        let (status, answer) = desk.answer(with(headers, "POST", "/verify", body.clone())).await;
        assert_eq!((status, &answer["code"]), (StatusCode::FORBIDDEN, &json!("E5038")), "{headers:?}");
    }
    let absolute = with(&[json, ("host", HOST)], "POST", "http://evil.example/verify", body.clone());
    assert_eq!(desk.answer(absolute).await.0, StatusCode::FORBIDDEN);
    let framed = [
        ("host", HOST),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "iframe"),
    ];
    assert_eq!(desk.answer(with(&framed, "GET", "/", "")).await.0, StatusCode::FORBIDDEN);
    let link = [
        ("host", HOST),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    assert_eq!(desk.answer(with(&link, "GET", "/", "")).await.0, StatusCode::OK);

    // None of them used the proof up, and our own page may use it, under each name.
    let own =
        [json, ("host", "localhost:8017"), ("origin", "http://localhost:8017"), ("sec-fetch-site", "same-origin")];
    let (status, answer) = desk.answer(with(&own, "POST", "/verify", body.clone())).await;
    assert_eq!((status, &answer["reports"][0]["code"]), (StatusCode::OK, &json!("Q00")));
    assert_eq!(desk.answer(with(&[json, ("host", "[::1]:8017")], "POST", "/verify", body)).await.0, StatusCode::OK);
}

#[tokio::test]
async fn every_answer_forbids_frames_foreign_sources_and_caches() {
    let desk = Desk::new();
    for (path, expected) in [("/", 200), ("/station", 200), ("/nothing", 404), ("/metrics", 200)] {
        let response = desk.send(with(&[("host", HOST)], "GET", path, "")).await;
        assert_eq!(response.status().as_u16(), expected);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("http"), "{policy}");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn lists_that_cannot_be_renewed_leave_the_old_ones_in_force() {
    let desk = Desk::new();
    desk.server.not_renewed(CounterError::TrustUnusable);
    let station = desk.answer(with(&[("host", HOST)], "GET", "/station", "")).await.1;
    assert_eq!(station["not_renewed"]["code"], "E5031");
    assert!(station["not_renewed"]["reason"]["en"].as_str().unwrap().contains("Fetch it again"));
    assert_eq!(desk.codes(json!([{"text": desk.proof(0)}])).await, ["Q00"]);
    let metrics = desk.send(with(&[("host", HOST)], "GET", "/metrics", "")).await;
    let text = to_bytes(metrics.into_body(), 100_000).await.unwrap();
    assert!(String::from_utf8(text.to_vec()).unwrap().contains("\neid_counter_list_reload_failures_total 1\n"));
    desk.server.reload(Rules { status: None, ..rules(&desk.world) });
    assert_eq!(desk.codes(json!([{"text": desk.proof(0)}])).await, ["W16"]);
    let station = desk.answer(with(&[("host", HOST)], "GET", "/station", "")).await.1;
    assert!(station.get("status_age_s").is_none() && station.get("not_renewed").is_none(), "{station}");
}

#[test]
fn committed_description_is_the_one_that_is_served() {
    let committed = include_str!("../../openapi.json");
    assert_eq!(committed.trim_end(), openapi_json().unwrap(), "run `eid-counter openapi > counter/openapi.json`");
}
