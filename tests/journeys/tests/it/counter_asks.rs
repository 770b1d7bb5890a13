//! A counter asks, a citizen answers: who asks is checked offline, the answer is good for this question alone.

use core::cell::Cell;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_core::{CounterAnswer, CounterAsk, Error, Unlocked};
use eid_counter::Input;
use eid_crypto::SigningKey;
use eid_model::{Code, FactorKind};
use eid_proof::{
    Asked, Claim, CounterCode, CounterRequest, NONCE_BYTES, Policy, Proof, Purpose, Registration, RequestDraft, Scan,
    Spelling, Status,
};
use eid_sandbox::{ActSetting, CounterApplication, Settings};

use crate::phone::{PASSCODE, Phone, World};

const NAME: &str = "Quầy 3 – Bệnh viện Mẫu";

/// A registered counter.
struct Counter {
    name: &'static str,
    key: SigningKey,
    registration: Registration,
    nonces: Cell<u8>,
}

impl Counter {
    fn registered(world: &World, name: &'static str) -> Self {
        let key = SigningKey::make().unwrap();
        let application = CounterApplication {
            counter: name.to_owned(),
            name: NAME.to_owned(),
            purposes: vec!["age".to_owned(), "id".to_owned(), "flex".to_owned()],
            host: None,
            key: URL_SAFE_NO_PAD.encode(key.public().sec1()),
        };
        let registration = world.sandbox.register_counter(&application).unwrap();
        Self { name, key, registration, nonces: Cell::new(0) }
    }

    fn ask(&self, phone: &Phone, purpose: Purpose) -> CounterRequest {
        self.nonces.set(self.nonces.get() + 1);
        let claims = if purpose == Purpose::Flex { vec![Claim::FullName, Claim::AgeOver18] } else { Vec::new() };
        let (reason, answer_to) = ("Nhận thuốc".to_owned(), None);
        let asked = Asked { purpose, photo: false, claims, reason, answer_to, spelling: Some(Spelling::Base45) };
        let nonce = [self.nonces.get(); NONCE_BYTES];
        let draft =
            RequestDraft { registration: &self.registration, asked: &asked, nonce, now: phone.now(), life_s: 120 };
        draft.sign(&self.key).unwrap()
    }

    /// The verdict here, for an answer to a request or to no request.
    fn verdict(&self, world: &World, phone: &Phone, proof: &Proof, request: Option<&CounterRequest>) -> Code {
        let policy = Policy { counter: Some(self.name.to_owned()), accept_open: false, ..Policy::default() };
        let input = Input::from_text(&proof.text(Spelling::Digits)).unwrap();
        let scan = Scan { now: phone.now(), challenge: request.map(|request| request.nonce().as_slice()) };
        world.station(policy).verify(&input, &scan).code
    }
}

fn answer(purpose: Purpose) -> CounterAnswer {
    CounterAnswer { purpose, photo: false, claims: Vec::new(), allow_reuse: false }
}

async fn answered(unlocked: &Unlocked, request: &CounterRequest) -> Result<Proof, Error> {
    let ask = unlocked.read_counter_code(&request.text()).await?;
    let shown = unlocked.answer_counter(&ask, answer(request.asked().purpose)).await?;
    assert_eq!(shown.spelling(), Spelling::Base45);
    shown.sign().await
}

fn code<T>(refused: Result<T, Error>) -> Code {
    refused.err().unwrap().code()
}

#[tokio::test]
async fn citizen_sees_who_asks_and_the_answer_passes_there_alone() {
    let world = World::new();
    let (phone, counter) = (Phone::new(&world), Counter::registered(&world, "rp/0101234567-001"));
    let unlocked = phone.ready(&world).await;
    let request = counter.ask(&phone, Purpose::Id);
    let ask = unlocked.read_counter_code(&request.text()).await.unwrap();
    let CounterCode::Request(read) = ask.code() else { panic!("a request") };
    assert_eq!((read.registration().name(), read.asked().reason.as_str()), (NAME, "Nhận thuốc"));
    assert_eq!(ask.checked_as_of(), Some(phone.now()), "the list of this morning's contact");

    let proof = answered(&unlocked, &request).await.unwrap();
    assert_eq!(counter.verdict(&world, &phone, &proof, Some(&request)), Code::Q00_VALID);
    // Held, and shown at another office; for an older question; where nobody asked.
    let other = Counter::registered(&world, "rp/0101234567-002");
    assert_eq!(other.verdict(&world, &phone, &proof, Some(&request)), Code::Q07_AUDIENCE);
    let next = counter.ask(&phone, Purpose::Id);
    assert_eq!(counter.verdict(&world, &phone, &proof, Some(&next)), Code::Q08_CHALLENGE);
    assert_eq!(counter.verdict(&world, &phone, &proof, None), Code::Q08_CHALLENGE);
    // The same open door at an office that goes by no request.
    assert_eq!(world.verdict(&proof, &phone), Code::Q07_AUDIENCE);

    let entry = unlocked.history(None, 1).await.unwrap().items.remove(0).1;
    assert_eq!(entry.counterpart, format!("{NAME} (rp/0101234567-001)"));
    assert_eq!((entry.purpose.as_str(), entry.result), ("id", None));
}

#[tokio::test]
async fn poster_names_the_counter_and_the_proof_is_for_it_alone() {
    let world = World::new();
    let (phone, counter) = (Phone::new(&world), Counter::registered(&world, "rp/0101234567-001"));
    let unlocked = phone.ready(&world).await;
    let ask = unlocked.read_counter_code(&counter.registration.text()).await.unwrap();
    assert!(matches!(ask.code(), CounterCode::Poster(_)));
    let refused = unlocked.answer_counter(&ask, answer(Purpose::Residence)).await;
    assert_eq!(code(refused), Code::ANSWER_BEYOND_REQUEST, "it may not ask for that");
    let proof = unlocked.answer_counter(&ask, answer(Purpose::Age)).await.unwrap().sign().await.unwrap();
    assert_eq!(counter.verdict(&world, &phone, &proof, None), Code::Q00_VALID);
    let other = Counter::registered(&world, "rp/0101234567-002");
    assert_eq!(other.verdict(&world, &phone, &proof, None), Code::Q07_AUDIENCE);
}

#[tokio::test]
async fn citizen_shows_less_than_was_asked_and_never_more() {
    let world = World::new();
    let (phone, counter) = (Phone::new(&world), Counter::registered(&world, "rp/0101234567-001"));
    let unlocked = phone.ready(&world).await;
    let request = counter.ask(&phone, Purpose::Flex);
    let ask = unlocked.read_counter_code(&request.text()).await.unwrap();
    let flex = |claims: &[Claim]| CounterAnswer { claims: claims.to_vec(), ..answer(Purpose::Flex) };
    for beyond in [
        CounterAnswer { photo: true, ..flex(&[Claim::FullName]) },
        flex(&[Claim::FullName, Claim::Pid]),
        answer(Purpose::Id),
    ] {
        assert_eq!(code(unlocked.answer_counter(&ask, beyond).await), Code::ANSWER_BEYOND_REQUEST);
    }
    let unused = |all: &[eid_core::Readiness]| all.iter().map(|one| one.unused).sum::<usize>();
    let before = unused(&unlocked.readiness().await.unwrap());
    let shown = unlocked.answer_counter(&ask, flex(&[Claim::AgeOver18])).await.unwrap();
    assert_eq!(unused(&unlocked.readiness().await.unwrap()), before - 1, "what was refused used nothing up");
    let proof = shown.sign().await.unwrap();
    assert_eq!(counter.verdict(&world, &phone, &proof, Some(&request)), Code::Q00_VALID);
    let entry = unlocked.history(None, 1).await.unwrap().items.remove(0).1;
    assert_eq!(entry.fields, ["age_over_18"]);
}

#[tokio::test]
async fn counter_that_is_not_to_be_answered_is_refused_and_noted() {
    let world = World::new();
    let (phone, counter) = (Phone::new(&world), Counter::registered(&world, "rp/0101234567-001"));
    let unlocked = phone.ready(&world).await;
    let good = counter.ask(&phone, Purpose::Age);
    let read = async |text: &str| code(unlocked.read_counter_code(text).await);

    assert_eq!(read("00020101021138").await, Code::COUNTER_CODE_UNREADABLE);
    // Of another world, with names of this one.
    let strange = Counter::registered(&World::new(), "rp/0101234567-001").ask(&phone, Purpose::Age);
    assert_eq!(read(&strange.text()).await, Code::COUNTER_NOT_REGISTERED);
    // The name of the hospital under the key of somebody else.
    let thief = SigningKey::make().unwrap();
    let mut bytes = good.as_bytes().to_vec();
    let end = bytes.len() - 64;
    bytes.splice(end.., thief.sign(b"its own question").unwrap());
    assert_eq!(read(&CounterRequest::parse(bytes).unwrap().text()).await, Code::REQUEST_FORGED);
    world.pass(&phone, 721);
    assert_eq!(read(&good.text()).await, Code::REQUEST_STALE);

    let fresh = counter.ask(&phone, Purpose::Age);
    world.sandbox.set_counter_status("rp/0101234567-001", Status::Suspended).unwrap();
    let ask = unlocked.read_counter_code(&fresh.text()).await.unwrap();
    assert_eq!(ask.checked_as_of().map(|at| phone.now().seconds() - at.seconds()), Some(721), "as the list says");
    unlocked.refill_credentials().await.unwrap();
    assert_eq!(read(&fresh.text()).await, Code::COUNTER_WITHDRAWN);
    assert_eq!(code(unlocked.answer_counter(&ask, answer(Purpose::Age)).await), Code::COUNTER_WITHDRAWN);

    let page = unlocked.history(None, 50).await.unwrap();
    let refused: Vec<_> = page.items.iter().filter_map(|(_, entry)| entry.result).collect();
    let noted = [Code::COUNTER_WITHDRAWN, Code::REQUEST_STALE, Code::REQUEST_FORGED, Code::COUNTER_NOT_REGISTERED];
    assert_eq!(refused, noted);
}

#[tokio::test]
async fn policy_says_how_lately_the_holder_must_have_shown_himself() {
    let world = World::new();
    let (phone, counter) = (Phone::new(&world), Counter::registered(&world, "rp/0101234567-001"));
    let unlocked = phone.ready(&world).await;
    assert_eq!(unlocked.missing_for_answer().unwrap(), []);
    world.pass(&phone, 16 * 60);
    assert_eq!(unlocked.missing_for_answer().unwrap(), [FactorKind::Known]);
    let request = counter.ask(&phone, Purpose::Age);
    assert_eq!(code(answered(&unlocked, &request).await), Code::AUTH_LEVEL_TOO_LOW);
    assert_eq!(code(unlocked.confirm_passcode(b"314159".to_vec()).await), Code::PASSCODE_WRONG);
    unlocked.confirm_passcode(PASSCODE.to_vec()).await.unwrap();
    let proof = answered(&unlocked, &request).await.unwrap();
    assert_eq!(counter.verdict(&world, &phone, &proof, Some(&request)), Code::Q00_VALID);

    let act = ActSetting { act: "show_proof".to_owned(), level: 3, max_age_s: 600 };
    world.sandbox.set_settings(&Settings { acts: vec![act], ..Settings::default() }).unwrap();
    phone.app.renew_configuration().await.unwrap();
    assert_eq!(unlocked.missing_for_answer().unwrap(), [FactorKind::Biometric]);
    phone.app.enable_biometrics(PASSCODE.to_vec()).await.unwrap();
    phone.app.unlock_with_biometrics().await.unwrap();
    assert_eq!(unlocked.missing_for_answer().unwrap(), []);
    answered(&unlocked, &counter.ask(&phone, Purpose::Age)).await.unwrap();
}

#[tokio::test]
async fn ask_outlives_neither_its_minutes_nor_the_session() {
    let world = World::new();
    let (phone, counter) = (Phone::new(&world), Counter::registered(&world, "rp/0101234567-001"));
    let unlocked = phone.ready(&world).await;
    let ask: CounterAsk = unlocked.read_counter_code(&counter.ask(&phone, Purpose::Age).text()).await.unwrap();
    world.pass(&phone, 721);
    assert_eq!(code(unlocked.answer_counter(&ask, answer(Purpose::Age)).await), Code::REQUEST_STALE);
    let ask = unlocked.read_counter_code(&counter.ask(&phone, Purpose::Age).text()).await.unwrap();
    unlocked.lock();
    assert_eq!(code(unlocked.answer_counter(&ask, answer(Purpose::Age)).await), Code::KEY_SLOT_EMPTY);
}
