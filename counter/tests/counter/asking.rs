//! A counter that asks: registered from the command line, through the running program and over its HTTP interface.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use eid_counter::{Application, CounterServer, Identity, ReplayStore, Rules, open_status_snapshot, open_trust_list};
use eid_proof::{Policy, QrSymbol};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    served::{Served, arguments, program},
    world::{COUNTER, Folder, SIGNED, World, base45, digits, time},
};

pub(crate) const NOW: i64 = SIGNED + 10;
const OTHER: &str = "rp/0101234567-002";

pub(crate) fn eid_counter(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_eid-counter")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn application(counter: &str) -> Application {
    let purposes = vec!["id".to_owned(), "age".to_owned()];
    Application {
        counter: counter.to_owned(), name: "Quầy 3 – Bệnh viện Mẫu".to_owned(), purposes, host: None
    }
}

/// What a counter is registered as, and its identity.
pub(crate) fn register(world: &World, home: &Path, application: &Application) -> Identity {
    let trust = open_trust_list(&world.trust_list("pilot", &world.root), &[*world.root.public()]).unwrap();
    let answer = world.register(&Identity::apply(home, application).unwrap());
    Identity::accept(home, answer.as_bytes(), &trust, time(NOW)).unwrap()
}

/// A registered counter in this process, with a clock that moves.
pub(crate) struct Office {
    pub(crate) world: Arc<World>,
    pub(crate) server: CounterServer,
    router: Router,
    clock: Arc<AtomicI64>,
    _folder: Folder,
}

impl Office {
    pub(crate) fn new() -> Self {
        Self::of(Arc::new(World::new(SIGNED)), COUNTER)
    }

    fn of(world: Arc<World>, counter: &str) -> Self {
        Self::registered(world, &application(counter))
    }

    /// One that takes answers over the network at this host.
    pub(crate) fn at(host: &str) -> Self {
        let application = Application { host: Some(host.to_owned()), ..application(COUNTER) };
        Self::registered(Arc::new(World::new(SIGNED)), &application)
    }

    fn registered(world: Arc<World>, application: &Application) -> Self {
        let folder = Folder::new();
        let record = ReplayStore::open(&folder.path("used")).unwrap();
        let trust = open_trust_list(&world.trust_list("pilot", &world.root), &[*world.root.public()]).unwrap();
        let status = Some(open_status_snapshot(&world.status_snapshot(), &trust).unwrap());
        let identity = register(&world, &folder.path("identity"), application);
        let policy = Policy { counter: Some(application.counter.clone()), ..Policy::default() };
        let clock = Arc::new(AtomicI64::new(NOW));
        let now = Arc::clone(&clock);
        let told = move || time(now.load(Ordering::SeqCst));
        let server = CounterServer::registered(identity, Rules { trust, status, policy }, record, told, |_| {});
        let router = server.router(SocketAddr::from(([127, 0, 0, 1], 8017)));
        Self { world, server, router, clock, _folder: folder }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = Request::post(path).header("host", "127.0.0.1:8017").header("content-type", "application/json");
        let response = self.router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap())
    }

    /// Asks for an identity and gives the question's name and code.
    pub(crate) async fn ask(&self, photo: bool) -> (String, String) {
        let (status, asked) =
            self.post("/requests", json!({"purpose": "id", "photo": photo, "reason": "Nhận thuốc"})).await;
        assert_eq!(status, 201, "{asked}");
        assert!(asked["svg"].as_str().unwrap().starts_with("<svg ") && asked["lives_s"] == 120);
        (asked["request"].as_str().unwrap().to_owned(), asked["text"].as_str().unwrap().to_owned())
    }

    /// The verdict on an answer to this question, or to none.
    pub(crate) async fn code(&self, proof: &[u8], request: Option<&str>) -> String {
        let mut body = json!({"proofs": [{"text": digits(proof)}]});
        if let Some(request) = request {
            body["request"] = request.into();
        }
        let (_, answer) = self.post("/verify", body).await;
        let code = answer["reports"][0]["code"].as_str().or(answer["code"].as_str());
        code.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    pub(crate) fn pass(&self, seconds: i64) -> i64 {
        self.clock.fetch_add(seconds, Ordering::SeqCst) + seconds
    }
}

#[tokio::test]
async fn answer_passes_once_for_the_question_that_it_answers() {
    let office = Office::new();
    let (first, code) = office.ask(false).await;
    let (second, _) = office.ask(false).await;
    let answer = office.world.answer(&code, false, NOW);
    assert_eq!(office.code(answer.as_bytes(), Some(&second)).await, "Q08", "another question");
    assert_eq!(office.code(answer.as_bytes(), None).await, "Q08", "nobody asked");
    assert_eq!(office.code(answer.as_bytes(), Some(&first)).await, "Q00");
    assert_eq!(office.code(answer.as_bytes(), Some(&first)).await, "Q18");
    // Another phone answers the same question.
    let late = office.world.answer(&code, false, NOW);
    assert_eq!(office.code(late.as_bytes(), Some(&first)).await, "Q08");
    // What was made for anybody answers nothing.
    let open = office.world.fresh_proof(0, true);
    assert_eq!(office.code(open.as_bytes(), Some(&second)).await, "Q07");
    assert_eq!(office.code(open.as_bytes(), None).await, "Q00");
}

#[tokio::test]
async fn question_is_over_after_two_minutes_and_the_clock_of_the_phone_does_not_matter() {
    let office = Office::new();
    let (request, code) = office.ask(false).await;
    let answer = office.world.answer(&code, false, NOW - 500);
    let later = office.world.answer(&code, false, NOW + 500);
    office.pass(120);
    assert_eq!(office.code(answer.as_bytes(), Some(&request)).await, "Q00", "a phone that is eight minutes slow");
    office.pass(1);
    assert_eq!(office.code(later.as_bytes(), Some(&request)).await, "E5042");
    assert_eq!(office.code(later.as_bytes(), Some("00")).await, "E5042");
    assert_eq!(office.code(later.as_bytes(), Some(&code)).await, "E5042");
}

#[tokio::test]
async fn answer_that_shows_less_than_was_asked_is_told_so() {
    let office = Office::new();
    let (request, code) = office.ask(true).await;
    assert_eq!(office.code(office.world.answer(&code, false, NOW).as_bytes(), Some(&request)).await, "Q17");
    assert_eq!(office.code(office.world.answer(&code, true, NOW).as_bytes(), Some(&request)).await, "Q00");
}

#[tokio::test]
async fn question_beyond_the_registration_or_out_of_form_is_refused() {
    let office = Office::new();
    let id = json!({"purpose": "id", "reason": "Nhận thuốc"});
    let with = |member: &str, value: Value| {
        let mut question = id.clone();
        question[member] = value;
        question
    };
    for (question, expected) in [
        (with("purpose", json!("health")), (403, "E5041")),
        (with("purpose", json!("flex")), (403, "E5041")),
        (with("reason", json!("")), (403, "E5041")),
        (with("reason", json!("a".repeat(201))), (403, "E5041")),
        (with("claims", json!(["pid"])), (403, "E5041")),
        (with("purpose", json!("everything")), (400, "E5037")),
        (with("claims", json!(["shoe_size"])), (400, "E5037")),
        (with("spelling", json!("morse")), (400, "E5037")),
        (with("more", json!(1)), (400, "E5037")),
        (json!([]), (400, "E5037")),
    ] {
        let (status, answer) = office.post("/requests", question.clone()).await;
        assert_eq!((status, answer["code"].as_str().unwrap()), expected, "{question}");
    }
}

#[tokio::test]
async fn answer_held_at_one_office_does_not_pass_at_another_nor_twice_at_one() {
    let office = Office::new();
    let (request, code) = office.ask(false).await;
    let held = office.world.answer(&code, false, NOW);
    // The other office asks, too, and gets what was meant for the first.
    let other = Office::of(Arc::clone(&office.world), OTHER);
    let (elsewhere, _) = other.ask(false).await;
    assert_eq!(other.code(held.as_bytes(), Some(&elsewhere)).await, "Q07");
    assert_eq!(other.code(held.as_bytes(), None).await, "Q07");
    // Two stations of the first office at once.
    let (one, two) =
        tokio::join!(office.code(held.as_bytes(), Some(&request)), office.code(held.as_bytes(), Some(&request)));
    assert_eq!(if one < two { [one, two] } else { [two, one] }, ["Q00", "Q18"]);
}

#[test]
fn counter_registers_asks_and_serves_from_the_command_line() {
    let (folder, world) = (Folder::new(), World::new(SIGNED));
    let mut serving = arguments(&folder, &world);
    let (home, at) = (folder.name("identity"), NOW.to_string());
    let apply = ["register", "apply", "--identity", &home, "--counter", COUNTER, "--name", "Quầy 3", "--purpose", "id"];
    let first = said(&eid_counter(&apply));
    assert_eq!(said(&eid_counter(&apply)), first, "asked again, the same key waits");
    let answer = folder.file("answer.json", world.register(&first));
    let accept = |answer: &str| {
        let lists = ["--trust", &folder.name("trust.cbor"), "--trust-root", &folder.name("root.bin"), "--at", &at];
        eid_counter(&[&["register", "accept", "--identity", &home], lists.as_slice(), &[answer]].concat())
    };
    assert!(said(&accept(&answer)).starts_with(&format!("{COUNTER} Quầy 3 2027-11-22T")));
    assert_eq!(accept(&answer).status.code(), Some(2), "it is accepted already");

    let ask = ["request", "--identity", &home, "--purpose", "id", "--reason", "Nhận thuốc", "--at", &at];
    let asked: Value = serde_json::from_str(&said(&eid_counter(&ask))).unwrap();
    let text = asked["text"].as_str().unwrap();
    let proof = digits(world.answer(text, false, NOW).as_bytes());
    let verify = |nonce: &str, proof: &str| {
        let named = ["verify", "--counter", COUNTER, "--nonce", nonce, "--at", &at, proof];
        let lists = ["--trust", &folder.name("trust.cbor"), "--trust-root", &folder.name("root.bin")];
        let status = ["--status", &folder.name("status.cbor")];
        eid_counter(&[named.as_slice(), &lists, &status].concat()).status.code()
    };
    assert_eq!(verify(asked["nonce"].as_str().unwrap(), &proof), Some(0));
    assert_eq!(verify("00112233445566778899aabbccddeeff", &proof), Some(1));
    assert_eq!(
        eid_counter(&[&ask[..4], &["age", "--reason", "x"]].concat()).status.code(),
        Some(2),
        "not registered for it"
    );

    let poster = folder.name("poster.svg");
    let drawn = eid_counter(&["poster", "--identity", &home, "--out", &poster]);
    assert!(drawn.status.success() && String::from_utf8(drawn.stderr).unwrap().contains("2027-11-22"));
    let page = fs::read_to_string(&poster).unwrap();
    let registration = Identity::open(&folder.path("identity")).unwrap().registration().clone();
    assert!(page.contains(">Quầy 3<") && page.contains(COUNTER) && page.contains(">Danh tính<"));
    // The code in it is the one that phones read, module for module.
    let code = QrSymbol::encode(&registration.text()).unwrap().to_svg();
    let modules = |svg: &str| svg.rsplit_once(" d=\"").unwrap().1.split('"').next().unwrap().to_owned();
    assert_eq!(modules(&page), modules(&code));
    let named = digits(world.answer(&registration.text(), true, NOW).as_bytes());

    serving.extend(["--identity", &home].map(str::to_owned));
    let server = Served::start(program(&serving));
    let station: Value = serde_json::from_str(&server.get("/station").1).unwrap();
    assert_eq!((&station["counter"], &station["asks"]["purposes"]), (&json!(COUNTER), &json!(["id"])));
    let (status, asked) = server.post("/requests", &json!({"purpose": "id", "reason": "Nhận thuốc"}));
    assert_eq!(status, 201);
    let answer = base45(world.answer(asked["text"].as_str().unwrap(), true, NOW).as_bytes());
    let (_, report) = server.post("/verify", &json!({"proofs": [{"text": answer}], "request": asked["request"]}));
    assert_eq!(report["reports"][0]["code"], "Q00");
    assert_eq!(server.code(&named), "Q00", "shown for the poster");
    let elsewhere = ["verify", "--counter", OTHER, "--at", &at, &named];
    let lists = ["--trust", &folder.name("trust.cbor"), "--trust-root", &folder.name("root.bin")];
    assert_eq!(eid_counter(&[elsewhere.as_slice(), &lists].concat()).status.code(), Some(1), "at another office");
    // The same key that its owner alone can read.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(folder.path("identity").join("identity.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[test]
fn registration_that_is_not_for_the_waiting_key_changes_nothing() {
    let (folder, world) = (Folder::new(), World::new(SIGNED));
    let home = folder.path("identity");
    let trust = open_trust_list(&world.trust_list("pilot", &world.root), &[*world.root.public()]).unwrap();
    let accept = |answer: &str| Identity::accept(&home, answer.as_bytes(), &trust, time(NOW)).is_ok();
    assert!(!accept("{}"), "nothing waits");
    let first = Identity::apply(&home, &application(COUNTER)).unwrap();
    let registered = world.register(&first);
    let elsewhere = Identity::apply(&folder.path("other"), &application(COUNTER)).unwrap();
    for (name, answer) in [
        ("nothing", String::new()),
        ("no registration", "{}".to_owned()),
        ("out of form", json!({"registration": "AAAA"}).to_string()),
        ("for another key", world.register(&elsewhere)),
        ("of a registrar that nobody knows", World::new(SIGNED).register(&first)),
    ] {
        assert!(!accept(&answer), "{name}");
    }
    assert!(Identity::open(&home).is_err());
    assert!(accept(&registered));
    let before = Identity::open(&home).unwrap().registration().clone();
    // A new key waits, and the old one is in use until the answer comes.
    let second = Identity::apply(&home, &application(COUNTER)).unwrap();
    assert_ne!(first, second);
    assert_eq!(*Identity::open(&home).unwrap().registration(), before);
    assert!(!accept(&registered), "the answer to the first application");
    assert!(accept(&world.register(&second)));
    assert_ne!(Identity::open(&home).unwrap().registration().key(), before.key());
    fs::write(home.join("identity.json"), "{}").unwrap();
    assert!(Identity::open(&home).is_err());
}
