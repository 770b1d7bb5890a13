//! A citizen answers a counter over the network: sent, taken, shown to the officer once; and everything that comes between.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_core::{Act, CounterAnswer, CounterAsk, Error, Presentation, Unlocked};
use eid_counter::{AnswerLine, CounterServer, Identity, ReplayStore, Rules};
use eid_crypto::SigningKey;
use eid_model::Code;
use eid_proof::{Policy, Purpose, Spelling, Status};
use eid_sandbox::CounterApplication;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::phone::{Phone, World};

const NAME: &str = "rp/0101234567-001";

/// A registered counter that serves its page and interface, and has a port for answers.
struct Counter {
    page: SocketAddr,
    /// Where phones send to.
    host: SocketAddr,
    server: CounterServer,
    _folder: TempDir,
}

impl Counter {
    /// A counter whose line is open at its registered host.
    fn online(world: &World, phone: &Phone) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let counter = Self::registered(world, phone, listener.local_addr().unwrap());
        counter.open(listener);
        counter
    }

    fn registered(world: &World, phone: &Phone, host: SocketAddr) -> Self {
        let pkcs8 = SigningKey::make_pkcs8().unwrap();
        let application = CounterApplication {
            counter: NAME.to_owned(),
            name: "Quầy 3 – Bệnh viện Mẫu".to_owned(),
            purposes: vec!["id".to_owned()],
            host: Some(host.to_string()),
            key: URL_SAFE_NO_PAD.encode(SigningKey::parse_pkcs8(&pkcs8).unwrap().public().sec1()),
        };
        let registration = world.sandbox.register_counter(&application).unwrap();
        let Rules { trust, status, policy } = world.station(Policy::default()).rules;
        let folder = TempDir::new().unwrap();
        let record = ReplayStore::open(&folder.path().join("used")).unwrap();
        let clock = Arc::clone(&phone.clock);
        let now = move || {
            let clock: &dyn eid_core::ports::Clock = &*clock;
            eid_model::UnixTime::from_seconds(clock.now().unwrap().unix_seconds)
        };
        let identity = Identity::of(&pkcs8, registration).unwrap();
        let server = CounterServer::registered(identity, Rules { trust, status, policy }, record, now, |_| {});
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let page = listener.local_addr().unwrap();
        tokio::spawn(server.clone().serve(listener, std::future::pending()));
        Self { page, host, server, _folder: folder }
    }

    /// Takes answers at this port from now on.
    fn open(&self, listener: TcpListener) {
        tokio::spawn(self.line(listener).serve(std::future::pending()));
    }

    /// Says in its questions that answers may be sent; they arrive once the line is served.
    fn line(&self, listener: TcpListener) -> AnswerLine {
        self.server.open_line(listener).unwrap()
    }

    /// What a program of the office does.
    async fn post(&self, path: &str, body: Value) -> Value {
        let body = body.to_string();
        let head = format!("Host: {}\r\nContent-Type: application/json\r\nConnection: close", self.page);
        let request = format!("POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let mut stream = TcpStream::connect(self.page).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// A question for the photo: its name and its code.
    async fn ask(&self) -> (String, String) {
        let asked = self.post("/requests", json!({"purpose": "id", "photo": true, "reason": "Nhận thuốc"})).await;
        (told(&asked, "/request"), told(&asked, "/text"))
    }

    /// What the page shows of an answer that came over the network.
    async fn collect(&self, request: &str) -> Option<String> {
        let collected = self.post(&format!("/requests/{request}/collect"), json!({})).await;
        collected.pointer("/report/code").map(|_| told(&collected, "/report/code"))
    }

    /// The verdict on the code that the phone shows.
    async fn scan(&self, shown: &Presentation, request: &str) -> String {
        let text = shown.sign().await.unwrap().text(Spelling::Digits);
        let answer = self.post("/verify", json!({"proofs": [{"text": text}], "request": request})).await;
        told(&answer, "/reports/0/code")
    }
}

fn told(answer: &Value, pointer: &str) -> String {
    answer.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn read(unlocked: &Unlocked, code: &str) -> CounterAsk {
    unlocked.read_counter_code(code).await.unwrap()
}

/// What the citizen agreed to show.
async fn answered(unlocked: &Unlocked, code: &str) -> Presentation {
    let answer = CounterAnswer { purpose: Purpose::Id, photo: true, claims: Vec::new(), allow_reuse: false };
    unlocked.answer_counter(&read(unlocked, code).await, answer).await.unwrap()
}

fn code(sent: Result<(), Error>) -> Code {
    sent.err().unwrap().code()
}

/// The newest entries of the history, newest first.
async fn noted(unlocked: &Unlocked, count: usize) -> Vec<(Act, Option<Code>)> {
    let page = unlocked.history(None, count).await.unwrap();
    page.items.into_iter().map(|(_, entry)| (entry.act, entry.result)).collect()
}

#[tokio::test]
async fn answer_sent_reaches_the_officer_once_and_the_history_says_so() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let counter = Counter::online(&world, &phone);
    let (request, text) = counter.ask().await;
    assert_eq!(read(&unlocked, &text).await.answer_host(), Some(counter.host.to_string().as_str()));
    let shown = answered(&unlocked, &text).await;
    assert_eq!(counter.collect(&request).await, None, "consent alone sends nothing");
    shown.send().await.unwrap();
    assert_eq!(counter.collect(&request).await.as_deref(), Some("Q00"));
    // A second tap.
    shown.send().await.unwrap();
    assert_eq!(counter.collect(&request).await, None);
    assert_eq!(noted(&unlocked, 2).await, [(Act::Sent, None), (Act::Presented, None)]);
    let sent = unlocked.history(None, 1).await.unwrap().items.remove(0).1;
    assert_eq!(
        (sent.counterpart.as_str(), sent.purpose.as_str()),
        ("Quầy 3 – Bệnh viện Mẫu (rp/0101234567-001)", "id")
    );
    assert!(sent.fields.contains(&"face".to_owned()), "{:?}", sent.fields);
    assert_eq!(counter.scan(&shown, &request).await, "Q18", "of the same second");
    world.pass(&phone, 20);
    assert_eq!(counter.scan(&shown, &request).await, "Q08", "answered is answered");
}

#[tokio::test]
async fn answer_that_does_not_arrive_is_shown_as_a_code_without_confirming_again() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let unserved = TcpListener::bind("127.0.0.1:0").unwrap();
    let counter = Counter::registered(&world, &phone, unserved.local_addr().unwrap());
    // The questions say where to send, and there is nobody.
    drop(counter.line(unserved));
    let (request, text) = counter.ask().await;
    let shown = answered(&unlocked, &text).await;
    let before = unlocked.readiness().await.unwrap();
    assert_eq!(code(shown.send().await), Code::ANSWER_NOT_DELIVERED);
    assert_eq!(code(shown.send().await), Code::ANSWER_NOT_DELIVERED);
    assert_eq!(noted(&unlocked, 2).await, [(Act::Sent, Some(Code::ANSWER_NOT_DELIVERED)), (Act::Presented, None)]);
    assert_eq!(counter.scan(&shown, &request).await, "Q00");
    assert_eq!(unlocked.readiness().await.unwrap(), before, "no second credential");
    assert_eq!(counter.collect(&request).await, None);
}

#[tokio::test]
async fn answer_sent_again_after_its_minute_is_signed_anew_for_the_same_question() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let counter = Counter::registered(&world, &phone, listener.local_addr().unwrap());
    let line = counter.line(listener.try_clone().unwrap());
    let (request, text) = counter.ask().await;
    let shown = answered(&unlocked, &text).await;
    // The citizen gives up waiting.
    assert!(timeout(Duration::from_millis(300), shown.send()).await.is_err());
    drop(listener);
    world.pass(&phone, 61);
    tokio::spawn(line.serve(std::future::pending()));
    shown.send().await.unwrap();
    assert_eq!(counter.collect(&request).await.as_deref(), Some("Q00"));
}

/// Loses what the counter says on the first connections, after the phone has said everything.
async fn lossy(to: SocketAddr, losses: Arc<AtomicUsize>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut phone, _) = listener.accept().await.unwrap();
            let mut counter = TcpStream::connect(to).await.unwrap();
            let losses = Arc::clone(&losses);
            tokio::spawn(async move {
                let lose = losses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
                if !lose {
                    tokio::io::copy_bidirectional(&mut phone, &mut counter).await.ok();
                    return;
                }
                let (mut up, mut down) = (Vec::with_capacity(4096), Vec::with_capacity(4096));
                let mut said = 0;
                // A proof with photo is longer than any handshake.
                while said < 1_500 {
                    tokio::select! {
                        Ok(1..) = phone.read_buf(&mut up) => counter.write_all(&up).await.unwrap(),
                        Ok(1..) = counter.read_buf(&mut down) => phone.write_all(&down).await.unwrap(),
                        else => return,
                    }
                    said += up.len();
                    up.clear();
                    down.clear();
                }
                // The counter answers and hangs up, for nobody.
                let ((mut phone, _), (mut answers, mut hears)) = (phone.split(), counter.split());
                let mut lost = Vec::new();
                tokio::select! {
                    _ = tokio::io::copy(&mut phone, &mut hears) => panic!("the phone waits"),
                    _ = answers.read_to_end(&mut lost) => assert!(!lost.is_empty()),
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn answer_whose_receipt_was_lost_is_taken_once_however_it_comes_again() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let losses = Arc::new(AtomicUsize::new(1));
    let host = lossy(listener.local_addr().unwrap(), Arc::clone(&losses)).await;
    let counter = Counter::registered(&world, &phone, host);
    counter.open(listener);

    // Lost once: the phone asks again by itself.
    let (request, text) = counter.ask().await;
    answered(&unlocked, &text).await.send().await.unwrap();
    assert_eq!(losses.load(Ordering::SeqCst), 0);
    assert_eq!(counter.collect(&request).await.as_deref(), Some("Q00"));
    assert_eq!(counter.collect(&request).await, None);

    // Lost each time: the citizen sends again.
    let (request, text) = counter.ask().await;
    let shown = answered(&unlocked, &text).await;
    losses.store(2, Ordering::SeqCst);
    assert_eq!(code(shown.send().await), Code::ANSWER_NOT_DELIVERED);
    shown.send().await.unwrap();
    assert_eq!(counter.collect(&request).await.as_deref(), Some("Q00"));
    assert_eq!(counter.collect(&request).await, None);

    // Or shows the code, where the officer has the result already.
    let (request, text) = counter.ask().await;
    let shown = answered(&unlocked, &text).await;
    losses.store(2, Ordering::SeqCst);
    assert_eq!(code(shown.send().await), Code::ANSWER_NOT_DELIVERED);
    assert_eq!(counter.collect(&request).await.as_deref(), Some("Q00"));
    assert_eq!(counter.scan(&shown, &request).await, "Q18", "one verdict");
}

#[tokio::test]
async fn line_that_another_counter_stands_at_gets_nothing() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let other = Counter::online(&world, &phone);
    // Registered for the same address, under a key of its own: the address leads to the other one.
    let counter = Counter::registered(&world, &phone, other.host);
    drop(counter.line(TcpListener::bind("127.0.0.1:0").unwrap()));
    world.pass(&phone, 1);
    let (request, text) = counter.ask().await;
    let shown = answered(&unlocked, &text).await;
    assert_eq!(code(shown.send().await), Code::ANSWER_NOT_DELIVERED);
    assert_eq!(counter.scan(&shown, &request).await, "Q00");
}

#[tokio::test]
async fn answer_is_not_sent_once_the_counter_is_withdrawn_the_request_old_or_the_app_locked() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let counter = Counter::online(&world, &phone);
    // Over at the counter, which its clock says.
    let (request, text) = counter.ask().await;
    let shown = answered(&unlocked, &text).await;
    world.pass(&phone, 121);
    assert_eq!(code(shown.send().await), Code::ANSWER_NOT_DELIVERED);
    world.pass(&phone, 600);
    assert_eq!(code(shown.send().await), Code::REQUEST_STALE);
    assert_eq!(counter.collect(&request).await, None);

    let (request, text) = counter.ask().await;
    let shown = answered(&unlocked, &text).await;
    world.sandbox.set_counter_status(NAME, Status::Suspended).unwrap();
    unlocked.refill_credentials().await.unwrap();
    assert_eq!(code(shown.send().await), Code::COUNTER_WITHDRAWN);
    world.sandbox.set_counter_status(NAME, Status::Valid).unwrap();
    unlocked.refill_credentials().await.unwrap();
    unlocked.lock();
    assert_eq!(code(shown.send().await), Code::KEY_SLOT_EMPTY);
    assert_eq!(counter.collect(&request).await, None);
}

#[tokio::test]
async fn what_was_not_asked_over_the_network_is_not_sent() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let counter = Counter::online(&world, &phone);
    let asked = counter.post("/requests", json!({"purpose": "id", "reason": "Nhận thuốc"})).await;
    let ask = read(&unlocked, asked["text"].as_str().unwrap()).await;
    assert_eq!(
        (ask.answer_host(), &asked["has_line"]),
        (None, &json!(false)),
        "without the photo nobody could compare"
    );
    let answer = CounterAnswer { purpose: Purpose::Id, photo: false, claims: Vec::new(), allow_reuse: false };
    let shown = unlocked.answer_counter(&ask, answer).await.unwrap();
    assert_eq!(code(shown.send().await), Code::ANSWER_NOT_DELIVERED);
    assert_eq!(counter.scan(&shown, &told(&asked, "/request")).await, "Q00");
    assert_eq!(noted(&unlocked, 1).await, [(Act::Presented, None)]);
}
