use eid_model::{Code, Date};
use proptest::prelude::*;

use super::*;
use crate::{Context, Path, Record, Speaker, Tables};

const KIND: RecordKind = RecordKind::BankAccount;

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

fn form(bank: &str) -> Form {
    let mut form = Form::new();
    let texts = [
        ("purpose", "general"),
        ("type", "bank"),
        ("bank", bank),
        ("account_number", " 0011 001"),
        ("holder_name", "NGUYEN THI THUY"),
        ("currency", "vnd"),
    ];
    for (path, text) in texts {
        form.set(Path::parse(path).unwrap(), text).unwrap();
    }
    form
}

fn checked(form: &Form) -> Checked {
    let today = Date::new(2026, 7, 1).unwrap();
    KIND.validate(
        form,
        &Context { today, holder: None, others: &[], tables: Tables::embedded(), speaker: Speaker::Citizen },
    )
}

fn evidence() -> Vec<Evidence> {
    vec![Evidence { sha256: [7; 32], bytes: 1_000 }]
}

fn receipt(round: u32) -> Receipt {
    Receipt { dossier: "000.00.01".to_owned(), round, received_at: at(50), evidence: vec![[7; 32]] }
}

fn reason() -> Reason {
    let path = Some(Path::parse("account_number").unwrap());
    Reason { code: Code::HOLDER_MISMATCH.number(), path, note: Some("call 0900000001".to_owned()) }
}

fn asked() -> Says {
    Says::Supplement(Asked { reason: reason(), due_at: at(1_000) })
}

fn begin() -> Update {
    Update::begin("key-1", (KIND, "account-1"), Some(at(10)), form("970436")).unwrap()
}

/// The steps of the happy way, with a supplement on it, in order.
const STATES: [&str; 12] = [
    "draft",
    "validated",
    "evidenced",
    "signed",
    "queued",
    "received",
    "checking",
    "supplement",
    "supplied",
    "accepted",
    "refused",
    "withdrawn",
];

/// An update in each state; `supplied` is a supplement that is validated and waits for its signature.
fn in_state(state: &str) -> Update {
    let mut update = begin();
    let mut take = |event: Event<'_>| assert_eq!(update.apply(event, at(100)), Ok(Moved::On));
    let validated = checked(&form("970436"));
    let mut go = |events: Vec<Event<'_>>| events.into_iter().for_each(&mut take);
    let sent = || {
        vec![
            Event::Validate(&validated),
            Event::Attach(evidence()),
            Event::Sign { present: Some(at(10)) },
            Event::Enqueue,
        ]
    };
    let first = receipt(0);
    let says = |step, says| Event::Authority { step, says };
    match state {
        "draft" => {}
        "validated" | "evidenced" | "signed" | "queued" => {
            let steps = STATES.iter().position(|name| *name == state).unwrap();
            go(sent().into_iter().take(steps).collect());
        }
        "withdrawn" => go(vec![Event::Withdraw]),
        _ => {
            go(sent());
            go(vec![Event::Receive(&first)]);
            match state {
                "checking" => go(vec![says(1, Says::Checking { due_at: Some(at(900)) })]),
                "supplement" => go(vec![says(1, asked())]),
                "supplied" => go(vec![says(1, asked()), Event::Validate(&checked(&form("970415")))]),
                "accepted" => go(vec![says(1, Says::Accepted)]),
                "refused" => go(vec![says(1, Says::Refused { reason: reason(), appeal_until: Some(at(9_000)) })]),
                _ => {}
            }
        }
    }
    update
}

fn name(update: &Update) -> &'static str {
    match update.state() {
        State::Draft => "draft",
        State::Validated => "validated",
        State::Evidenced if update.asked().is_some() => "supplied",
        State::Evidenced => "evidenced",
        State::Signed => "signed",
        State::Queued => "queued",
        State::Received => "received",
        State::Checking { .. } => "checking",
        State::Supplement => "supplement",
        State::Accepted => "accepted",
        State::Refused { .. } => "refused",
        State::Withdrawn => "withdrawn",
    }
}

/// Every state by every event: the state it goes to, `.` if nothing happens, `!` if it is out of order. The columns: edit, validate,
/// attach, sign, enqueue, rebase, receive, checking, supplement, accepted, refused, withdraw, return.
#[rustfmt::skip]
const TABLE: [(&str, [&str; 13]); 12] = [
    ("draft",      ["draft", "validated", "draft", "!", "!", "draft", "!", "!", "!", "!", "!", "withdrawn", "."]),
    ("validated",  ["draft", "validated", "validated", "signed", "!", "draft", "!", "!", "!", "!", "!", "withdrawn", "!"]),
    ("evidenced",  ["draft", "evidenced", "evidenced", "signed", "!", "draft", "!", "!", "!", "!", "!", "withdrawn", "!"]),
    ("signed",     ["!", "!", "!", ".", "queued", "!", "!", "!", "!", "!", "!", "withdrawn", "draft"]),
    ("queued",     ["!", "!", "!", "!", ".", "!", "received", "checking", "supplement", "accepted", "refused", "!", "draft"]),
    ("received",   ["!", "!", "!", "!", "!", "!", ".", "checking", "supplement", "accepted", "refused", "!", "!"]),
    ("checking",   ["!", "!", "!", "!", "!", "!", ".", "checking", "supplement", "accepted", "refused", "!", "!"]),
    ("supplement", ["supplement", "supplied", "supplement", "!", "!", "supplement", ".", "checking", "supplement", "accepted", "refused", "!", "."]),
    ("supplied",   ["supplement", "supplied", "supplied", "signed", "!", "supplement", ".", "checking", "supplement", "accepted", "refused", "!", "!"]),
    ("accepted",   ["!", "!", "!", "!", "!", "!", ".", ".", ".", ".", ".", "!", "!"]),
    ("refused",    ["!", "!", "!", "!", "!", "!", ".", ".", ".", ".", ".", "!", "!"]),
    ("withdrawn",  ["!", "!", "!", "!", "!", "!", "!", "!", "!", "!", "!", ".", "!"]),
];

#[test]
fn every_state_given_every_event_goes_where_the_table_says() {
    assert_eq!(TABLE.map(|(state, _)| state), STATES);
    for (state, row) in TABLE {
        let (other, valid, first) = (form("970405"), checked(&form("970405")), receipt(0));
        let says = |says| Event::Authority { step: 9, says };
        let mut more = evidence();
        more.push(Evidence { sha256: [8; 32], bytes: 1 });
        // What evidence there is stays as much as there was, so that the column shows the step and not the amount.
        let attached = if in_state(state).evidence().is_empty() { Vec::new() } else { more };
        let events = [
            Event::Edit(&other),
            Event::Validate(&valid),
            Event::Attach(attached),
            Event::Sign { present: Some(at(10)) },
            Event::Enqueue,
            Event::Rebase { present: Some(at(20)) },
            Event::Receive(&first),
            says(Says::Checking { due_at: None }),
            says(asked()),
            says(Says::Accepted),
            says(Says::Refused { reason: reason(), appeal_until: None }),
            Event::Withdraw,
            Event::Return,
        ];
        for (event, wanted) in events.into_iter().zip(row) {
            let (mut update, before) = (in_state(state), in_state(state));
            let shown = format!("{state} · {event:?}");
            match (update.apply(event, at(100)), wanted) {
                (Ok(Moved::On), wanted) => assert_eq!(name(&update), wanted, "{shown}"),
                (Ok(Moved::Not), wanted) => {
                    assert!(wanted == "." || wanted == state, "{shown}: nothing happened");
                    assert_eq!(update, before, "{shown}");
                }
                (Err(error), wanted) => {
                    assert_eq!((error, wanted), (RecordError::UpdateOutOfOrder, "!"), "{shown}");
                    assert_eq!(update, before, "{shown}");
                }
            }
        }
    }
}

#[test]
fn update_in_every_state_written_and_read_returns_and_another_version_is_refused() {
    for state in STATES {
        let update = in_state(state);
        let json = serde_json::to_string(&update).unwrap();
        assert_eq!(serde_json::from_str::<Update>(&json).unwrap(), update, "{state}");
        for changed in [json.replace(r#""format":1"#, r#""format":2"#), json.replace(r#""key":"#, r#""more":1,"key":"#)]
        {
            assert!(serde_json::from_str::<Update>(&changed).is_err(), "{state}");
        }
        let debug = format!("{update:?}");
        assert!(!debug.contains("THUY") && !debug.contains("0900000001"), "{debug}");
    }
}

#[test]
fn form_with_an_error_is_not_validated() {
    let mut update = begin();
    let wrong = checked(&Form::new());
    assert_eq!(update.apply(Event::Validate(&wrong), at(1)), Err(RecordError::UpdateInvalid));
    assert_eq!(name(&update), "draft");
    update.apply(Event::Validate(&checked(&form("970436"))), at(1)).unwrap();
    assert_eq!(update.form().find("account_number"), Some("0011001"), "in the one way of writing it");
}

#[test]
fn record_that_changed_meanwhile_is_a_conflict_until_the_citizen_saw_both() {
    let mut update = in_state("evidenced");
    let newer = Some(at(20));
    assert_eq!(update.apply(Event::Sign { present: newer }, at(100)), Err(RecordError::UpdateConflict));
    assert_eq!(update.apply(Event::Rebase { present: newer }, at(100)), Ok(Moved::On));
    assert_eq!(name(&update), "draft", "it is checked again");
    let again = checked(update.form());
    update.apply(Event::Validate(&again), at(100)).unwrap();
    assert_eq!(update.apply(Event::Sign { present: newer }, at(100)), Ok(Moved::On));
}

#[test]
fn receipt_without_the_evidence_is_refused_and_the_update_stays_queued() {
    let mut update = in_state("queued");
    let before = update.clone();
    for of in [vec![], vec![[8; 32]], vec![[7; 32], [7; 32]]] {
        let empty = Receipt { evidence: of, ..receipt(0) };
        assert_eq!(update.apply(Event::Receive(&empty), at(100)), Err(RecordError::ReceiptMismatch));
    }
    assert_eq!(update, before);
    assert_eq!(RecordError::ReceiptMismatch.code(), Code::UPDATE_RECEIPT_MISMATCH);
}

#[test]
fn supplement_is_sent_as_a_round_of_its_own_within_its_time() {
    let mut update = in_state("supplied");
    assert_eq!(update.submission(), ("key-1", 1));
    assert_eq!(update.apply(Event::Sign { present: Some(at(10)) }, at(1_001)), Err(RecordError::UpdateOverdue));
    assert_eq!(update.apply(Event::Sign { present: Some(at(10)) }, at(1_000)), Ok(Moved::On));
    update.apply(Event::Enqueue, at(1_000)).unwrap();
    assert_eq!(update.apply(Event::Receive(&receipt(0)), at(1_001)), Ok(Moved::Not), "the first round's");
    assert_eq!(update.apply(Event::Receive(&receipt(2)), at(1_001)), Err(RecordError::UpdateOutOfOrder));
    assert_eq!(update.apply(Event::Receive(&receipt(1)), at(1_001)), Ok(Moved::On));
    assert_eq!((name(&update), update.asked()), ("received", None));
}

#[test]
fn step_that_comes_twice_asks_for_nothing_twice() {
    let mut update = in_state("supplied");
    let before = update.clone();
    assert_eq!(update.apply(Event::Authority { step: 1, says: asked() }, at(100)), Ok(Moved::Not));
    assert_eq!((update, before.submission()), (before.clone(), ("key-1", 1)));
}

#[test]
fn refusal_keeps_its_reason_field_and_term_of_appeal() {
    let update = in_state("refused");
    let State::Refused { reason, appeal_until } = update.state() else { panic!() };
    assert_eq!((Code::from_number(reason.code), *appeal_until), (Some(Code::HOLDER_MISMATCH), Some(at(9_000))));
    assert_eq!(reason.path.as_ref().unwrap().as_str(), "account_number");
    assert!(update.is_over());
}

#[test]
fn keys_that_cannot_be_sent_are_refused() {
    for (key, record) in [("", "a"), ("a", ""), ("a b", "a"), ("số", "a"), (&"a".repeat(65), "a")] {
        assert!(Update::begin(key, (KIND, record), None, Form::new()).is_err());
    }
    assert!(Record::new(KIND, "a").is_ok());
}

proptest! {
    /// The platform's messages, repeated, lost and in any order: the last step that was heard decides, once.
    #[test]
    fn messages_in_any_order_end_in_the_last_step(order in proptest::collection::vec(0_usize..5, 1..20)) {
        let receipt = receipt(0);
        let says = [
            Says::Checking { due_at: None },
            Says::Checking { due_at: Some(at(5)) },
            Says::Refused { reason: reason(), appeal_until: None },
        ];
        let mut update = in_state("queued");
        let (mut highest, mut received) = (0, false);
        for which in &order {
            let event = match which {
                0 | 4 => {
                    received = true;
                    Event::Receive(&receipt)
                }
                step => Event::Authority { step: u32::try_from(*step).unwrap(), says: says[step - 1].clone() },
            };
            highest = if highest == 3 { 3 } else { highest.max(if *which == 4 { 0 } else { *which }) };
            update.apply(event, at(100)).unwrap();
        }
        let wanted = match highest {
            0 => "received",
            1 | 2 => "checking",
            _ => "refused",
        };
        prop_assert_eq!(name(&update), wanted);
        prop_assert_eq!(update.receipt().is_some(), received);
    }

    /// A citizen who edits while nothing is sent never loses what was typed last.
    #[test]
    fn form_edited_is_the_form_kept(banks in proptest::collection::vec("[0-9]{6}", 1..6), state in 0_usize..3) {
        let mut update = in_state(STATES[state]);
        for bank in &banks {
            update.apply(Event::Edit(&form(bank)), at(100)).unwrap();
        }
        prop_assert_eq!(update.form().find("bank"), banks.last().map(String::as_str));
    }
}
