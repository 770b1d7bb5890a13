//! What holds for every call: errors, limits, faults, the log, and the description made from the handlers.

use std::{
    collections::BTreeSet,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    http::Method,
};
use eid_sandbox::{Fault, Sandbox, SandboxConfig, openapi_json};
use http_body::Frame;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{HANH, START, URL, World, request};

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn request_that_no_call_takes_is_refused_with_a_problem() {
    let world = World::new();
    let oversize = format!(r#"{{"code": "{}"}}"#, "1".repeat(65 * 1024));
    let code = "/v1/activation/x/code";
    for (what, method, path, headers, body, status) in [
        ("malformed", Method::POST, code, vec![JSON], "{", 400),
        ("not UTF-8", Method::POST, code, vec![JSON], "\u{0}", 400),
        ("other shape", Method::POST, code, vec![JSON], "[]", 400),
        ("other type", Method::POST, code, vec![JSON], r#"{"code": 123456}"#, 400),
        ("missing", Method::POST, code, vec![JSON], "{}", 400),
        ("twice", Method::POST, code, vec![JSON], r#"{"code": "123456", "code": "123456"}"#, 400),
        ("trailing", Method::POST, code, vec![JSON], r#"{"code": "123456"} x"#, 400),
        ("deep", Method::POST, code, vec![JSON], &"[".repeat(1000), 400),
        ("no type", Method::POST, code, vec![], r#"{"code": "123456"}"#, 415),
        ("other media", Method::POST, code, vec![("content-type", "text/plain")], r#"{"code": "123456"}"#, 415),
        ("oversize", Method::POST, code, vec![JSON], &oversize, 413),
        ("no route", Method::GET, "/v1/nothing", vec![], "", 404),
        ("root", Method::GET, "/", vec![], "", 404),
        ("method", Method::GET, "/v1/activation", vec![], "", 405),
        ("method", Method::DELETE, "/v1/trust-list", vec![], "", 405),
        ("query", Method::GET, "/sandbox/messages", vec![], "", 400),
        ("phone", Method::GET, "/sandbox/messages?phone=1", vec![], "", 400),
        ("mode", Method::POST, "/sandbox/faults", vec![JSON], r#"{"mode": "no"}"#, 400),
        ("account", Method::POST, "/sandbox/accounts/x/status", vec![JSON], r#"{"status": "valid"}"#, 404),
    ] {
        let answer = world.send(request(method, path, &headers, body.to_owned())).await;
        assert_eq!(answer.refusal(), (status, 7013, None), "{what}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.headers.contains_key("allow"), status == 405, "{what}");
    }
    let answer = world.send(request(Method::POST, "/openid4vci/credential", &[JSON], "{")).await;
    assert_eq!(answer.refusal(), (400, 7013, Some("invalid_credential_request".to_owned())));
    let fits = format!(r#"{{"code": "{}"}}"#, "1".repeat(63 * 1024));
    assert_eq!(world.send(request(Method::POST, code, &[JSON], fits)).await.status, 400);
}

/// A body that never comes.
struct Never;

impl http_body::Body for Never {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn body_that_never_comes_is_not_waited_for() {
    let world = World::new();
    let start = tokio::time::Instant::now();
    let answer = world.send(request(Method::POST, "/v1/activation/x/code", &[JSON], Body::new(Never))).await;
    assert_eq!((answer.refusal(), start.elapsed().as_secs()), ((503, 7004, None), 30));
}

#[tokio::test]
async fn people_and_messages_fetched_are_those_of_the_register() {
    let world = World::new();
    world.start(HANH, "k").await;
    let people = world.get("/sandbox/people").await.json();
    let expected = json!({
        "pid": "000190000001", "name": "Nguyễn Thị Minh Hạnh", "birth_date": "1990-03-15", "phone": "+84900000001",
        "level_two": true,
    });
    assert_eq!((people.as_array().unwrap().len(), &people[0]), (16, &expected));
    for phone in ["0900000001", "%2B84900000001"] {
        let messages = world.get(&format!("/sandbox/messages?phone={phone}")).await.json();
        assert_eq!(messages.as_array().unwrap().len(), 1);
        assert_eq!((&messages[0]["code"], &messages[0]["sent_at"]), (&json!(world.code(HANH.1)), &json!(START)));
    }
    assert_eq!(world.get("/sandbox/messages?phone=0900000002").await.json(), json!([]));
}

#[tokio::test]
async fn account_status_set_by_call_answers_nothing() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let path = format!("/sandbox/accounts/{}/status", phone.account);
    for status in ["suspended", "revoked", "valid"] {
        assert_eq!(world.post(&path, &[], &json!({"status": status})).await.status, 204);
    }
}

#[tokio::test(start_paused = true)]
async fn fault_set_applies_to_all_calls_but_the_sandbox_ones() {
    let world = World::new();
    let whole = world.get("/.well-known/openid-credential-issuer").await;
    let set = async |mode: &str| {
        assert_eq!(world.post("/sandbox/faults", &[], &json!({"mode": mode})).await.status, 204);
        assert_eq!(world.get("/sandbox/people").await.status, 200);
        let start = tokio::time::Instant::now();
        (world.get("/.well-known/openid-credential-issuer").await, start.elapsed().as_secs())
    };
    let (down, _) = set("down").await;
    assert_eq!((down.refusal(), &down.headers["retry-after"]), ((503, 7004, None), &"30".parse().unwrap()));
    let (nonsense, _) = set("nonsense").await;
    assert_eq!((nonsense.status, serde_json::from_slice::<Value>(&nonsense.body).is_ok()), (200, false));
    let (slow, seconds) = set("slow").await;
    assert_eq!((slow.body, seconds), (whole.body.clone(), 10));
    let (truncated, _) = set("truncated").await;
    assert_eq!(truncated.headers["content-length"], whole.body.len().to_string());
    assert_eq!(truncated.body, "", "it breaks off");
    let (oversize, _) = set("oversize").await;
    assert_eq!((oversize.status, oversize.body.len()), (200, 2 << 20));
    let (off, _) = set("off").await;
    assert_eq!(off.body, whole.body);
}

#[tokio::test]
async fn truncated_call_is_done_and_one_that_is_down_is_not() {
    let world = World::new();
    let phone = eid_model::PhoneNumber::parse(HANH.1).unwrap();
    for (fault, sent) in [(Fault::Down, 0), (Fault::Nonsense, 0), (Fault::Oversize, 0), (Fault::Truncated, 1)] {
        world.sandbox.set_fault(fault);
        world.start(HANH, "k").await;
        assert_eq!(world.sandbox.messages(&phone).unwrap().len(), sent, "{fault:?}");
    }
}

#[tokio::test]
async fn calls_logged_name_no_person_account_or_activation() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let config = SandboxConfig::default().with_log(move |line| sink.lock().unwrap().push(line.clone()));
    let sandbox = Sandbox::open(&config, URL).unwrap();
    for (method, path) in [
        (Method::POST, "/v1/activation/secret-id/code"),
        (Method::GET, "/sandbox/messages?phone=0900000001"),
        (Method::GET, "/v1/nothing/000190000001"),
        (Method::GET, "/v1/trust-list"),
    ] {
        sandbox.router().oneshot(request(method, path, &[], Body::empty())).await.unwrap();
    }
    let lines = lines.lock().unwrap();
    let seen: Vec<_> = lines.iter().map(|line| (line.method.as_str(), line.route.as_str(), line.status)).collect();
    let expected = [
        ("POST", "/v1/activation/{id}/code", 415),
        ("GET", "/sandbox/messages", 200),
        ("GET", "-", 404),
        ("GET", "/v1/trust-list", 200),
    ];
    assert_eq!(seen, expected);
    assert!(lines[0].to_string().starts_with("POST /v1/activation/{id}/code 415 "));
}

/// The calls in the tables of the protocol's page.
fn documented() -> BTreeSet<(String, String)> {
    let page = include_str!("../../../../core/docs/platform-protocol.md");
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(cell, _)| cell);
    let calls = cells.filter_map(|cell| cell.split_once(" /"));
    calls.map(|(method, path)| (method.to_lowercase(), format!("/{}", path.split('?').next().unwrap()))).collect()
}

#[tokio::test]
async fn description_made_from_handlers_lists_the_calls_of_the_protocol() {
    let world = World::new();
    let description: Value = serde_json::from_str(&openapi_json().unwrap()).unwrap();
    assert_eq!(world.get("/openapi.json").await.json(), description);
    let mut described = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path}");
            described.insert((method.clone(), path.clone()));
        }
    }
    assert_eq!(described, documented());
    for (method, path) in described {
        let path = path.replace("{id}", "x").replace("{n}", "1").replace("{kind}", "tax").replace("{name}", "x");
        let path = path.replace("{digest}", &"A".repeat(43));
        let answer = world.send(request(method.to_uppercase().parse().unwrap(), &path, &[], Body::empty())).await;
        assert!(![404, 405].contains(&answer.status) || answer.json()["code"] == 7011, "{method} {path}");
    }
}
