use eid_model::Date;
use proptest::prelude::*;

use super::*;
use crate::{Context, Speaker};

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn form(texts: &[(&str, &str)]) -> Form {
    let mut form = Form::new();
    for (at, text) in texts {
        form.set(path(at), text).unwrap();
    }
    form
}

fn context(speaker: Speaker) -> Context<'static> {
    let today = Date::new(2026, 7, 1).unwrap();
    Context { today, holder: None, others: &[], tables: Tables::embedded(), speaker }
}

fn layer(kind: RecordKind, as_of: i64, texts: &[(&str, &str)]) -> Layer {
    let times = (UnixTime::from_seconds(as_of), UnixTime::from_seconds(as_of + 5));
    Layer::new(kind, &form(texts), times, Verification::Signed, "ok", &context(Speaker::Authority)).0
}

fn declare(record: &mut Record, at: i64, texts: &[(&str, &str)]) {
    let checked = record.kind().validate(&form(texts), &context(Speaker::Citizen));
    record.declare(&checked, UnixTime::from_seconds(at));
}

const BANK: RecordKind = RecordKind::BankAccount;
const LICENCE: RecordKind = RecordKind::DrivingLicence;

fn account() -> Record {
    let mut record = Record::new(BANK, "account-1").unwrap();
    record.report("bank", layer(BANK, 100, &[("bank", "970436"), ("holder_name", "NGUYEN THI THUY")])).unwrap();
    record
}

fn text(record: &Record, at: &str) -> Option<String> {
    record.find(&path(at)).map(|(text, _)| text.to_owned())
}

#[test]
fn authority_reported_is_shown_with_its_source_and_time() {
    let record = account();
    let (text, from) = record.find(&path("bank")).unwrap();
    assert_eq!((text, from.authority.as_deref(), from.as_of.seconds()), ("970436", Some("bank"), 100));
    assert_eq!((from.verification, record.as_of()), (Some(Verification::Signed), Some(UnixTime::from_seconds(100))));
    assert_eq!(record.value(&path("bank")), Some(Value::Code("970436".to_owned())));
    assert_eq!((record.status(), record.mismatches()), (Some("ok"), vec![]));
}

#[test]
fn record_retracted_is_gone_until_the_authority_says_something_newer() {
    let times = |as_of| (UnixTime::from_seconds(as_of), UnixTime::from_seconds(900));
    let mut record = account();
    record.retract("bank", times(99), Verification::Signed).unwrap();
    assert!(!record.is_gone(), "what the authority said last is newer");
    record.retract("bank", times(200), Verification::Signed).unwrap();
    assert!(record.is_gone() && record.form().is_empty());
    record.report("bank", layer(BANK, 150, &[("bank", "970436")])).unwrap();
    assert!(record.is_gone() && record.form().is_empty(), "an older copy does not bring it back");
    record.report("bank", layer(BANK, 201, &[("bank", "970436")])).unwrap();
    assert_eq!((record.is_gone(), text(&record, "bank").as_deref()), (false, Some("970436")));
}

#[test]
fn declared_value_never_overwrites_and_is_pending_with_both_values() {
    let mut record = account();
    declare(&mut record, 200, &[("bank", "970415"), ("holder_name", "Nguyễn Thị Thuý"), ("purpose", "general")]);
    assert_eq!(text(&record, "bank").as_deref(), Some("970436"));
    assert_eq!(text(&record, "purpose").as_deref(), Some("general"), "nobody else says it");
    let (_, from) = record.find(&path("purpose")).unwrap();
    assert_eq!((from.authority, from.verification), (None, None));
    let pending: Vec<_> = record.pending().map(|(path, wish)| (path.as_str().to_owned(), wish.clone())).collect();
    let wish = |at: &str, text: &str| (at.to_owned(), Wish::Text(text.to_owned()));
    assert_eq!(pending, [wish("bank", "970415"), wish("holder_name", "Nguyễn Thị Thuý"), wish("purpose", "general")]);
    let mismatches = record.mismatches();
    let both = |m: &Mismatch| (m.path.as_str().to_owned(), m.shown.0.clone(), m.other.0.clone(), m.likeness);
    assert_eq!(
        mismatches.iter().map(both).collect::<Vec<_>>(),
        [
            ("bank".into(), "970436".into(), Some("970415".into()), Likeness::Different),
            ("holder_name".into(), "NGUYEN THI THUY".into(), Some("Nguyễn Thị Thuý".into()), Likeness::Different),
        ]
    );
    assert_eq!(format!("{:?}", mismatches[0]), "Mismatch(Path(bank), Different)");
    assert!(!format!("{record:?}").contains("THUY") && !format!("{record:?}").contains("970415"));
}

#[test]
fn change_taken_over_by_the_authority_is_no_longer_pending() {
    let mut record = account();
    declare(&mut record, 200, &[("bank", "970415"), ("holder_name", "NGUYEN THI THUY")]);
    assert_eq!(record.pending().count(), 1);
    record.report("bank", layer(BANK, 300, &[("bank", "970415"), ("holder_name", "NGUYEN THI THUY")])).unwrap();
    assert_eq!((record.pending().count(), text(&record, "bank").as_deref()), (0, Some("970415")));
    // What was sent before the change and comes after it changes nothing.
    record.report("bank", layer(BANK, 250, &[("bank", "970436")])).unwrap();
    assert_eq!((record.pending().count(), text(&record, "bank").as_deref()), (0, Some("970415")));
}

#[test]
fn change_taken_over_is_settled_also_when_the_clock_went_back_meanwhile() {
    let mut record = account();
    declare(&mut record, 9_000, &[("bank", "970415"), ("holder_name", "NGUYEN THI THUY")]);
    record.report("bank", layer(BANK, 300, &[("bank", "970415"), ("holder_name", "NGUYEN THI THUY")])).unwrap();
    assert_eq!(record.pending().count(), 0);
}

#[test]
fn change_refused_stays_until_it_is_withdrawn() {
    let mut record = account();
    declare(&mut record, 200, &[("bank", "970415")]);
    record.report("bank", layer(BANK, 300, &[("bank", "970436"), ("holder_name", "NGUYEN THI THUY")])).unwrap();
    let wishes: Vec<_> = record.pending().map(|(path, wish)| (path.as_str(), wish.clone())).collect();
    assert_eq!(wishes, [("bank", Wish::Text("970415".to_owned())), ("holder_name", Wish::Empty)]);
    assert_eq!(record.mismatches().iter().find(|m| m.path.as_str() == "holder_name").unwrap().other.0, None);
    record.withdraw(UnixTime::from_seconds(400));
    assert_eq!((record.pending().count(), record.mismatches().len()), (0, 0));
}

#[test]
fn kind_that_can_only_be_asked_for_shows_no_declared_value() {
    let mut record = Record::new(LICENCE, "licence-1").unwrap();
    declare(&mut record, 200, &[("number", "000123456789")]);
    assert_eq!((text(&record, "number"), record.form().is_empty()), (None, true));
    assert_eq!(record.pending().count(), 1);
}

#[test]
fn field_that_the_authority_no_longer_states_is_gone() {
    let mut record = account();
    record.report("bank", layer(BANK, 150, &[("bank", "970436")])).unwrap();
    assert_eq!(text(&record, "holder_name"), None);
}

#[test]
fn two_authorities_that_differ_are_told_and_the_kinds_own_leads() {
    let mut record = account();
    record.report("tax_office", layer(BANK, 900, &[("holder_name", "NGUYEN THI THU"), ("bank", "970436")])).unwrap();
    assert_eq!(text(&record, "holder_name").as_deref(), Some("NGUYEN THI THUY"));
    let mismatches = record.mismatches();
    let [only] = mismatches.as_slice() else { panic!("{mismatches:?}") };
    assert_eq!(only.other.0.as_deref(), Some("NGUYEN THI THU"));
    assert_eq!(only.other.1.authority.as_deref(), Some("tax_office"));
}

#[test]
fn items_listed_in_another_order_are_the_same_items() {
    let mut record = Record::new(LICENCE, "licence-1").unwrap();
    let classes = |b: &'static str, a: &'static str| {
        [("classes[1].scheme", "2024"), ("classes[1].class", b), ("classes[2].scheme", "2024"), ("classes[2].class", a)]
    };
    record.report("traffic_police", layer(LICENCE, 100, &classes("B", "A1"))).unwrap();
    declare(&mut record, 200, &classes("A1", "B"));
    assert_eq!((record.pending().count(), record.mismatches().len()), (0, 0));
    declare(&mut record, 300, &classes("A1", "BE"));
    let wishes: Vec<_> = record.pending().map(|(path, wish)| (path.as_str(), wish.clone())).collect();
    let wish = |text: &str| Wish::Text(text.to_owned());
    assert_eq!(
        wishes,
        [
            ("classes[2024/BE].class", wish("BE")),
            ("classes[2024/BE].scheme", wish("2024")),
            ("classes[2024/B].class", Wish::Empty),
            ("classes[2024/B].scheme", Wish::Empty),
        ]
    );
}

#[test]
fn record_is_due_by_its_kind_and_by_what_the_authority_answered() {
    let tables = Tables::embedded();
    let due = |status: &str, enforcing| {
        let mut record = Record::new(LICENCE, "licence-1").unwrap();
        let answer = Layer { status: status.to_owned(), ..layer(LICENCE, 1_000, &[("number", "000123456789")]) };
        record.report("traffic_police", answer).unwrap();
        record.due_at(enforcing, tables).seconds() - 1_005
    };
    assert_eq!((due("ok", false), due("ok", true)), (3_600, 60));
    assert_eq!((due("not_found", false), due("updating", false)), (3_600, 900));
    assert_eq!(due("x-new", true), 60, "an unknown status is an answer");
    assert_eq!(Record::new(LICENCE, "a").unwrap().due_at(false, tables).seconds(), i64::MIN);
}

#[test]
fn record_written_and_read_returns_and_another_version_is_refused() {
    let mut record = account();
    declare(&mut record, 200, &[("bank", "970415")]);
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
    for (from, to) in [
        (r#""format":1"#, r#""format":2"#),
        (r#""kind":"bank_account""#, r#""kind":"x""#),
        (r#""id":"#, r#""more":1,"id":"#),
    ] {
        let changed = json.replace(from, to);
        assert_ne!(changed, json);
        assert!(serde_json::from_str::<Record>(&changed).is_err(), "{to}");
    }
    for id in ["", "a b", "số", &"a".repeat(65)] {
        assert_eq!(Record::new(BANK, id).err(), Some(RecordError::Unreadable));
    }
}

#[test]
fn sixth_authority_of_one_record_is_refused() {
    let mut record = account();
    for authority in ["a", "b", "c", "d"] {
        record.report(authority, layer(BANK, 1, &[])).unwrap();
    }
    assert_eq!(record.report("e", layer(BANK, 1, &[])), Err(RecordError::TooLarge));
    record.report("a", layer(BANK, 2, &[])).unwrap();
}

/// What can happen to a record, in small numbers so that things meet.
#[derive(Debug, Clone)]
enum Happening {
    Reported { by: usize, at: i64, bank: Option<usize>, name: Option<usize> },
    Declared { at: i64, bank: Option<usize>, name: Option<usize> },
    Withdrawn { at: i64 },
}

const AUTHORITIES: [&str; 3] = ["bank", "tax_office", "social_insurance"];
const BANKS: [&str; 3] = ["970436", "970415", "970405"];
const NAMES: [&str; 3] = ["NGUYEN THI THUY", "Nguyễn Thị Thuý", "Nguyễn Thị Thúy"];

fn happening() -> impl Strategy<Value = Happening> {
    let value = || proptest::option::of(0_usize..3);
    prop_oneof![
        (0_usize..3, 0_i64..6, value(), value()).prop_map(|(by, at, bank, name)| Happening::Reported {
            by,
            at,
            bank,
            name
        }),
        (0_i64..6, value(), value()).prop_map(|(at, bank, name)| Happening::Declared { at, bank, name }),
        (0_i64..6).prop_map(|at| Happening::Withdrawn { at }),
    ]
}

fn after(happenings: &[Happening]) -> Record {
    let mut record = Record::new(BANK, "account-1").unwrap();
    let texts = |bank: &Option<usize>, name: &Option<usize>| {
        let bank = bank.map(|at| ("bank", BANKS[at]));
        bank.into_iter().chain(name.map(|at| ("holder_name", NAMES[at]))).collect::<Vec<_>>()
    };
    for happening in happenings {
        match happening {
            Happening::Reported { by, at, bank, name } => {
                record.report(AUTHORITIES[*by], layer(BANK, *at, &texts(bank, name))).unwrap();
            }
            Happening::Declared { at, bank, name } => declare(&mut record, *at, &texts(bank, name)),
            Happening::Withdrawn { at } => record.withdraw(UnixTime::from_seconds(*at)),
        }
    }
    record
}

fn merged(one: &Record, other: &Record) -> Record {
    let mut merged = one.clone();
    merged.merge(other).unwrap();
    merged
}

proptest! {
    #[test]
    fn copies_merged_in_any_order_agree(
        a in proptest::collection::vec(happening(), 0..8), b in proptest::collection::vec(happening(), 0..8),
        c in proptest::collection::vec(happening(), 0..8),
    ) {
        let (a, b, c) = (after(&a), after(&b), after(&c));
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&merged(&a, &b), &b), merged(&a, &b));
        prop_assert_eq!(merged(&a, &a), a);
    }

    #[test]
    fn whatever_happens_an_authority_is_never_overwritten(happenings in proptest::collection::vec(happening(), 0..12)) {
        let record = after(&happenings);
        let only_authorities: Vec<Happening> =
            happenings.into_iter().filter(|h| matches!(h, Happening::Reported { .. })).collect();
        let official = after(&only_authorities).form();
        for (path, text) in official.iter() {
            let (shown, from) = record.find(path).unwrap();
            prop_assert_eq!(shown, text);
            prop_assert!(from.authority.is_some());
        }
        // And what is pending differs from what is shown, or nobody else says it.
        for (path, wish) in record.pending() {
            if let Wish::Text(text) = wish {
                prop_assert!(official.text(path) != Some(text.as_str()));
            }
        }
    }

    #[test]
    fn what_the_citizen_said_last_is_shown_or_pending(happenings in proptest::collection::vec(happening(), 0..8), bank in 0_usize..3, at in 0_i64..8) {
        let mut record = after(&happenings);
        declare(&mut record, at, &[("bank", BANKS[bank])]);
        let place = path("bank");
        let pending = record.pending().any(|(path, wish)| *path == place && *wish == Wish::Text(BANKS[bank].to_owned()));
        prop_assert!(pending || text(&record, "bank").as_deref() == Some(BANKS[bank]));
    }
}
