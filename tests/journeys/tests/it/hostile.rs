//! A platform that lies over its own connection: each lie has a code, nothing is lost by it, and the next honest answer goes on.

use std::sync::Arc;

use eid_core::{Error, PasscodeOutcome};
use eid_model::{AuthLevel, Code};
use eid_proof::Purpose;
use eid_sandbox::Answer;
use serde_json::{Value, json};

use crate::phone::{PASSCODE, Phone, World, request, show};

/// A change of one answer.
type Lie = Box<dyn Fn(&mut Answer) + Send + Sync>;

/// Answers of calls whose path ends so are this lie from now on.
fn lie(world: &World, path: &'static str, lie: Lie) {
    world.sandbox.set_tampering(Some(Arc::new(move |called: &str, answer: &mut Answer| {
        if called.ends_with(path) {
            lie(answer);
        }
    })));
}

fn honest(world: &World) {
    world.sandbox.set_tampering(None);
}

/// Another member in the JSON that came.
fn member(name: &'static str, value: Value) -> Lie {
    Box::new(move |answer| {
        let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
        body.as_object_mut().unwrap().insert(name.to_owned(), value.clone());
        answer.body = body.to_string().into_bytes();
    })
}

/// Another member in the result of an instruction.
fn result(name: &'static str, value: Value) -> Lie {
    Box::new(move |answer| {
        let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
        let result = body.get_mut("result").and_then(Value::as_object_mut);
        result.unwrap().insert(name.to_owned(), value.clone());
        answer.body = body.to_string().into_bytes();
    })
}

fn body(body: Vec<u8>) -> Lie {
    Box::new(move |answer| answer.body.clone_from(&body))
}

/// What no call may fall for.
fn anywhere() -> Vec<(&'static str, Lie)> {
    vec![
        (
            "redirect",
            Box::new(|answer: &mut Answer| {
                (answer.status, answer.location) = (307, Some("https://127.0.0.1:9/".to_owned()));
            }),
        ),
        ("oversize", body(vec![b' '; 2 << 20])),
        ("captive portal", Box::new(|answer: &mut Answer| answer.media = "text/html".to_owned())),
        ("nothing in it", body(b"{}".to_vec())),
        ("deep", body([vec![b'['; 100_000], vec![b']'; 100_000]].concat())),
        (
            "refusal of no table",
            Box::new(|answer: &mut Answer| {
                (answer.status, answer.media) = (400, "application/problem+json".to_owned());
                answer.body = br#"{"code":65535,"tries_left":999}"#.to_vec();
            }),
        ),
    ]
}

fn is_of_the_platform(error: Error) -> bool {
    [Code::PLATFORM_NONSENSE, Code::PLATFORM_REFUSED].contains(&error.code())
}

/// A grant that is good, for somebody else's phone.
async fn foreign_grant(world: &World) -> String {
    let seen = Arc::new(std::sync::Mutex::new(String::new()));
    let keep = Arc::clone(&seen);
    lie(
        world,
        "/device",
        Box::new(move |answer| {
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            *keep.lock().unwrap() = body.get("grant").and_then(Value::as_str).unwrap().to_owned();
        }),
    );
    let other = world.sandbox.people().iter().rfind(|person| person.level_two).unwrap().clone();
    Phone::new(world).proven(world, &other).await.complete(PASSCODE.to_vec()).await.unwrap();
    honest(world);
    seen.lock().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_at_the_end_of_an_activation_have_their_codes_and_an_honest_answer_ends_it() {
    let world = World::new();
    let foreign = foreign_grant(&world).await;
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let activation = phone.proven(&world, &person).await;
    let unsigned = format!("{}.{}", foreign.rsplit_once('.').unwrap().0, "A".repeat(86));
    for (what, told, code) in [
        ("another phone's grant", member("grant", json!(foreign)), Code::GRANT_INVALID),
        ("a grant that nobody signed", member("grant", json!(unsigned)), Code::GRANT_INVALID),
        ("no grant at all", member("grant", json!("a.b.c")), Code::GRANT_INVALID),
        ("an endless grant", member("grant", json!("a".repeat(100_000))), Code::PLATFORM_NONSENSE),
        ("another account", member("account_id", json!("somebody-else")), Code::CREDENTIAL_INVALID),
        ("another issuer", member("issuer", json!("x.example")), Code::CREDENTIAL_INVALID),
        ("a lock code that is none", member("lock_code", json!("<script>")), Code::PLATFORM_NONSENSE),
    ] {
        lie(&world, "/device", told);
        let refused = activation.complete(PASSCODE.to_vec()).await.unwrap_err();
        assert_eq!(refused.code(), code, "{what}");
        assert_eq!(phone.app.is_activated().await, Ok(false), "{what}");
    }
    for (what, told) in anywhere() {
        lie(&world, "/device", told);
        let refused = activation.complete(PASSCODE.to_vec()).await.unwrap_err();
        assert!(is_of_the_platform(refused), "{what}: {refused:?}");
    }
    honest(&world);
    let unlocked = activation.complete(PASSCODE.to_vec()).await.unwrap();
    unlocked.refill_credentials().await.unwrap();
    assert_eq!(world.verdict(&show(&unlocked, request(Purpose::Age)).await.unwrap(), &phone), Code::Q00_VALID);
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_about_a_sign_in_give_no_session_and_the_next_one_works() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let mut lies = vec![
        ("another act", member("act", json!("unlink"))),
        ("another number", member("seq", json!(7_000))),
        ("a token for anybody", result("token_type", json!("Bearer"))),
        ("a token with a line break", result("access_token", json!("a\r\nb"))),
        ("an endless token", result("access_token", json!("a".repeat(5_000)))),
        ("a level that there is not", result("auth_level", json!(9))),
        ("a life below nothing", result("expires_in", json!(-1))),
        ("no refresh token", result("refresh_token", Value::Null)),
    ];
    lies.extend(anywhere());
    for (what, told) in lies {
        lie(&world, "/v1/instructions", told);
        let refused = unlocked.sign_in(PASSCODE.to_vec()).await.map(drop).unwrap_err();
        assert!(is_of_the_platform(refused), "{what}: {refused:?}");
        assert_eq!(unlocked.devices().await, Err(Error::SignInNeeded), "{what}");
    }
    honest(&world);
    assert_eq!(unlocked.sign_in(PASSCODE.to_vec()).await.map(|view| view.auth_level), Ok(AuthLevel::L2));
    let entry = json!({"name": "", "bound_at": 1, "last_seen_at": 1, "active": false});
    for (what, told) in [
        ("an endless list", member("devices", json!(vec![entry.clone(); 1_000]))),
        (
            "two phones active",
            member(
                "devices",
                json!([{"name": "", "bound_at": 1, "last_seen_at": 1, "active": true}, {"name": "", "bound_at": 1, "last_seen_at": 1, "active": true}]),
            ),
        ),
    ] {
        lie(&world, "/v1/devices", told);
        let refused = unlocked.devices().await.unwrap_err();
        assert_eq!(refused.code(), Code::PLATFORM_NONSENSE, "{what}");
    }
    // The name that a thief gave to his phone costs the list nothing.
    let turned = json!({"name": "a\u{202e}b", "bound_at": 1, "last_seen_at": 1, "active": true});
    lie(&world, "/v1/devices", member("devices", json!([turned])));
    assert_eq!(unlocked.devices().await.unwrap()[0].name, "");
    honest(&world);
    assert_eq!(unlocked.devices().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_about_what_the_platform_knows_of_the_phone_do_not_stick() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    // Numbers that would leave no room to count on.
    for (name, number) in [("store_generation", u64::MAX), ("store_generation", 1 << 48), ("instruction_seq", u64::MAX)]
    {
        lie(&world, "/v1/device/state", member(name, json!(number)));
        let refused = unlocked.refill_credentials().await.map(drop).unwrap_err();
        assert_eq!(refused.code(), Code::PLATFORM_NONSENSE, "{name} {number}");
    }
    // A number that the platform itself would not take any more, said when the phone asks for it.
    world.sandbox.set_tampering(Some(Arc::new(|path: &str, answer: &mut Answer| match path {
        "/v1/instructions" => {
            (answer.status, answer.media) = (409, "application/problem+json".to_owned());
            answer.body = br#"{"type":"about:blank","status":409,"code":2052}"#.to_vec();
        }
        "/v1/device/state" => member("instruction_seq", json!(1_u64 << 40))(answer),
        _ => {}
    })));
    for _ in 0..3 {
        let refused = unlocked.sign_in(PASSCODE.to_vec()).await.map(drop).unwrap_err();
        assert_eq!(refused.code(), Code::PLATFORM_NONSENSE);
    }
    // A later store than there ever was: the phone takes itself for an older copy, says so, and goes on.
    lie(&world, "/v1/device/state", member("store_generation", json!(1_u64 << 40)));
    unlocked.refill_credentials().await.unwrap();
    assert!(!unlocked.repairs().unwrap().is_empty());
    // Another epoch than any that this phone knows of.
    lie(&world, "/v1/device/state", member("passcode_epoch", json!(u32::MAX)));
    unlocked.refill_credentials().await.unwrap();
    honest(&world);
    unlocked.lock();
    phone.restart();
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    unlocked.refill_credentials().await.unwrap();
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    let changed = unlocked.change_passcode(PASSCODE.to_vec(), b"161803".to_vec()).await;
    assert_eq!(changed, Ok(PasscodeOutcome::Changed));
    assert!(show(&unlocked, request(Purpose::Age)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_about_a_passcode_change_leave_one_that_opens() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let (mut old, mut new) = (PASSCODE, b"161803".as_slice());
    for (what, told) in anywhere().into_iter().chain([("another epoch", result("passcode_epoch", json!(77)))]) {
        // The platform has taken it, and says something else.
        lie(&world, "/v1/instructions", told);
        let outcome = unlocked.change_passcode(old.to_vec(), new.to_vec()).await;
        assert!(!matches!(outcome, Ok(PasscodeOutcome::Changed)), "{what}: {outcome:?}");
        honest(&world);
        unlocked.refill_credentials().await.unwrap();
        let signed_in = unlocked.sign_in(new.to_vec()).await.map(|view| view.auth_level);
        assert_eq!(signed_in, Ok(AuthLevel::L2), "{what}");
        assert_eq!(phone.app.unlock(old.to_vec()).await.unwrap_err().code(), Code::PASSCODE_WRONG, "{what}");
        core::mem::swap(&mut old, &mut new);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_not_what_was_asked_for_are_refused_and_fetched_again() {
    let world = World::new();
    let phone = Phone::with_batch(&world, 1);
    let person = world.citizen().clone();
    let unlocked = phone.proven(&world, &person).await.complete(PASSCODE.to_vec()).await.unwrap();
    unlocked.refill_credentials().await.unwrap();
    show(&unlocked, request(Purpose::Age)).await.unwrap();
    for (what, told, code) in [
        ("none", member("credentials", json!([])), Code::PLATFORM_NONSENSE),
        ("one that is no token", member("credentials", json!([{"credential": "AAAA"}])), Code::CREDENTIAL_INVALID),
        (
            "an endless list",
            member("credentials", json!(vec![json!({"credential": "AAAA"}); 1_000])),
            Code::PLATFORM_NONSENSE,
        ),
    ] {
        lie(&world, "/openid4vci/credential", told);
        let told = match unlocked.refill_credentials().await {
            Ok(report) => report.refused.first().map(|(_, code)| *code),
            Err(error) => Some(error.code()),
        };
        assert_eq!(told, Some(code), "{what}");
    }
    honest(&world);
    let report = unlocked.refill_credentials().await.unwrap();
    assert!(report.refused.is_empty() && !report.fetched.is_empty(), "{report:?}");
    assert_eq!(world.verdict(&show(&unlocked, request(Purpose::Age)).await.unwrap(), &phone), Code::Q00_VALID);
}
