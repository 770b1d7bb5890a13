//! Runs the cases that lie beside each kind as data, and checks what all kinds promise.

use std::collections::{BTreeMap, BTreeSet};

use eid_model::{Code, Date, PartialDate, PersonName, Pid, Sex};
use serde::Deserialize;

use crate::{
    Cardinality, Checked, Compartment, Context, Definition, Field, Form, Holder, Path, Payload, RecordKind,
    Sensitivity, Severity, Speaker, Tables,
};

/// `cases.json` of a kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    today: Date,
    holder: Option<Person>,
    speaker: Says,
    valid: BTreeMap<String, String>,
    #[serde(default)]
    others: Vec<BTreeMap<String, String>>,
    /// What is found when a field is left out of the valid form. Where nothing is named, only that a required one is missing.
    #[serde(default)]
    without: BTreeMap<String, Found>,
    /// What it shows, what is different from the valid form, and what is found: a code with `?` before it is a warning.
    cases: Vec<(String, Change, Found)>,
    /// One other record, and what is found in the valid form beside it.
    #[serde(default)]
    cases_with_others: Vec<(BTreeMap<String, String>, Found)>,
    /// As `cases`, from the citizen.
    #[serde(default)]
    cases_of_citizen: Vec<(String, Change, Found)>,
}

#[derive(Deserialize)]
struct Person {
    pid: Pid,
    name: PersonName,
    birth_date: PartialDate,
    sex: Sex,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Says {
    Citizen,
    Authority,
}

type Change = BTreeMap<String, Option<String>>;
type Found = BTreeMap<String, Names>;

#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

impl Cases {
    fn of(kind: RecordKind) -> Self {
        serde_json::from_str(kind.cases()).unwrap_or_else(|e| panic!("{}: {e}", kind.name()))
    }

    fn validate(&self, kind: RecordKind, form: &Form, others: &[BTreeMap<String, String>], says: Says) -> Checked {
        let holder = self.holder.as_ref().map(|person| Holder {
            pid: person.pid,
            name: person.name.clone(),
            birth_date: person.birth_date,
            sex: person.sex,
        });
        let speaker = match says {
            Says::Citizen => Speaker::Citizen,
            Says::Authority => Speaker::Authority,
        };
        let (today, tables) = (self.today, Tables::embedded());
        let context = Context { today, holder: holder.as_ref(), others: &[], tables, speaker };
        let others: Vec<Payload> =
            others.iter().map(|texts| kind.validate(&form_of(texts), &context).payload().clone()).collect();
        let others: Vec<&Payload> = others.iter().collect();
        kind.validate(form, &Context { others: &others, ..context })
    }
}

fn form_of(texts: &BTreeMap<String, String>) -> Form {
    let mut form = Form::new();
    for (path, text) in texts {
        form.set(Path::parse(path).unwrap(), text).unwrap();
    }
    form
}

fn changed(valid: &BTreeMap<String, String>, change: &Change) -> Form {
    let mut texts = valid.clone();
    for (path, text) in change {
        match text {
            Some(text) => texts.insert(path.clone(), text.clone()),
            None => texts.remove(path),
        };
    }
    form_of(&texts)
}

fn found(checked: &Checked, form: &Form) -> BTreeSet<(String, String)> {
    // Invented people have numbers that no place of registration gives.
    let invented = |path: &Path| form.text(path).is_some_and(|pid| pid.starts_with("000") || pid.starts_with("999"));
    let real = checked.findings().iter().filter(|f| f.code() != Code::PID_REGISTRATION_UNKNOWN || !invented(f.path()));
    let mark = |severity| if severity == Severity::Warning { "?" } else { "" };
    real.map(|f| (f.path().as_str().to_owned(), format!("{}{}", mark(f.severity()), f.code().info().name))).collect()
}

fn wanted(found: &Found) -> BTreeSet<(String, String)> {
    let names = |names: &Names| match names {
        Names::One(name) => vec![name.clone()],
        Names::Several(names) => names.clone(),
    };
    let every = found.iter().flat_map(|(path, of)| names(of).into_iter().map(move |name| (path.clone(), name)));
    let every = every.inspect(|(_, name)| {
        let known = Code::all().any(|code| code.info().name == name.trim_start_matches('?'));
        assert!(known, "no code {name}");
    });
    every.collect()
}

#[test]
fn every_case_of_every_kind_validated_gives_its_findings() {
    let mut wrong = Vec::new();
    for &kind in RecordKind::ALL {
        let cases = Cases::of(kind);
        let mut compare = |name: &str, form: &Form, checked: &Checked, expected: &Found| {
            let (found, wanted) = (found(checked, form), wanted(expected));
            if found != wanted {
                wrong.push(format!("{}: {name}\n  found  {found:?}\n  wanted {wanted:?}", kind.name()));
            }
        };
        let valid = form_of(&cases.valid);
        compare("the valid form", &valid, &cases.validate(kind, &valid, &cases.others, cases.speaker), &Found::new());
        for (says, list) in [(cases.speaker, &cases.cases), (Says::Citizen, &cases.cases_of_citizen)] {
            for (name, change, expected) in list {
                let form = changed(&cases.valid, change);
                compare(name, &form, &cases.validate(kind, &form, &cases.others, says), expected);
            }
        }
        for (other, expected) in &cases.cases_with_others {
            let checked = cases.validate(kind, &valid, core::slice::from_ref(other), cases.speaker);
            compare("beside another record", &valid, &checked, expected);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Validating what validation wrote changes nothing and finds the same.
#[test]
fn form_written_by_validation_validated_again_is_the_same() {
    for &kind in RecordKind::ALL {
        let cases = Cases::of(kind);
        for (name, change, _) in &cases.cases {
            let once = cases.validate(kind, &changed(&cases.valid, change), &cases.others, cases.speaker);
            let twice = cases.validate(kind, once.form(), &cases.others, cases.speaker);
            assert_eq!(
                twice.form().iter().collect::<Vec<_>>(),
                once.form().iter().collect::<Vec<_>>(),
                "{}: {name}",
                kind.name()
            );
            let codes =
                |checked: &Checked| checked.findings().iter().map(crate::Finding::code).collect::<BTreeSet<_>>();
            if once.is_valid() {
                assert_eq!(codes(&twice), codes(&once), "{}: {name}", kind.name());
            }
        }
    }
}

/// Each field is in the valid form or a case, so that no field is without a test.
#[test]
fn every_field_occurs_in_a_case() {
    for &kind in RecordKind::ALL {
        let cases = Cases::of(kind);
        let of_changes = cases.cases.iter().flat_map(|(_, change, _)| change.keys());
        let used: BTreeSet<(String, Option<String>)> = cases
            .valid
            .keys()
            .chain(of_changes)
            .map(|path| Path::parse(path).unwrap())
            .map(|path| (path.field().to_owned(), path.leaf().map(str::to_owned)))
            .collect();
        for (field, leaf) in every_name(kind.definition()) {
            assert!(used.contains(&(field.clone(), leaf.clone())), "{}: {field} {leaf:?} is in no case", kind.name());
        }
    }
}

fn every_name(definition: &Definition) -> Vec<(String, Option<String>)> {
    let leaves = |field: &Field| match field.items() {
        None => vec![None],
        Some(items) => items.iter().map(|item| Some(item.name().to_owned())).collect(),
    };
    let pairs = definition.fields().iter().map(|field| (field.name().to_owned(), leaves(field)));
    pairs.flat_map(|(name, leaves)| leaves.into_iter().map(move |leaf| (name.clone(), leaf))).collect()
}

/// Long, hidden and turned texts in every field of every kind: told as wrong, kept as they were, and never a panic.
#[test]
fn hostile_text_in_any_field_is_told_and_never_taken() {
    let long = "Ễ".repeat(64 * 1024 / 3);
    for &kind in RecordKind::ALL {
        let cases = Cases::of(kind);
        for path in cases.valid.keys() {
            for text in
                [long.as_str(), "a\u{202e}b", "a\u{200b}b", "\u{feff}a", "a\nb", "a\u{0}b", "\u{2066}", "1\u{661}"]
            {
                let change = Change::from([(path.clone(), Some(text.to_owned()))]);
                let checked = cases.validate(kind, &changed(&cases.valid, &change), &[], cases.speaker);
                // A digit of another script is a character like others where any text is legal.
                let legal = text == "1\u{661}"
                    && checked.findings().iter().all(|finding| finding.severity() == Severity::Warning);
                assert!(legal || !checked.is_valid(), "{}: {path} takes {text:.9?}", kind.name());
                assert!(!format!("{checked:?}").contains(text), "{}: {path}", kind.name());
            }
        }
    }
}

/// Leaving a field out is told where it is needed, and nowhere else.
#[test]
fn field_left_out_is_told_where_it_is_needed() {
    let mut wrong = Vec::new();
    for &kind in RecordKind::ALL {
        let cases = Cases::of(kind);
        for path in cases.valid.keys() {
            let form = changed(&cases.valid, &Change::from([(path.clone(), None)]));
            let checked = cases.validate(kind, &form, &cases.others, cases.speaker);
            let required = kind.definition().find(&Path::parse(path).unwrap()).is_some_and(Field::is_required);
            let usual = required.then(|| (path.clone(), Names::One("FIELD_REQUIRED".to_owned())));
            let expected = cases.without.get(path).cloned().unwrap_or_else(|| usual.into_iter().collect());
            let (found, wanted) = (found(&checked, &form), wanted(&expected));
            if found != wanted {
                wrong.push(format!("{} {path} {found:?} {wanted:?}", kind.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A list without end, and records without end.
#[test]
fn more_than_a_kind_has_room_for_is_told() {
    for &kind in RecordKind::ALL {
        let (cases, definition) = (Cases::of(kind), kind.definition());
        let tells = |checked: &Checked, path: &str, code| {
            checked.findings().iter().any(|finding| (finding.path().as_str(), finding.code()) == (path, code))
        };
        for field in definition.fields() {
            let Some(list) = field.list() else { continue };
            for (count, told) in [(list.max, false), (list.max + 1, true)] {
                let mut form = Form::new();
                for item in 0..count {
                    let leaf = &list.key[0];
                    form.set(Path::parse(&format!("{}[{item}].{leaf}", field.name())).unwrap(), "\u{0}").unwrap();
                }
                let checked = cases.validate(kind, &form, &[], cases.speaker);
                assert_eq!(tells(&checked, field.name(), Code::ITEMS_TOO_MANY), told, "{}: {count}", kind.name());
            }
        }
        let most = match definition.cardinality() {
            Cardinality::One => 1,
            Cardinality::UpTo(most) => usize::from(most),
        };
        let title = definition.title().next().unwrap();
        for (count, told) in [(most - 1, false), (most, true)] {
            let others = vec![BTreeMap::new(); count];
            let checked = cases.validate(kind, &form_of(&cases.valid), &others, cases.speaker);
            assert_eq!(tells(&checked, title, Code::RECORDS_TOO_MANY), told, "{}: {count} others", kind.name());
        }
    }
}

/// What the definitions promise to each other and to the tables.
#[test]
fn every_definition_names_tables_and_authorities_that_exist() {
    let tables = Tables::embedded();
    for &kind in RecordKind::ALL {
        let definition = kind.definition();
        assert!(tables.row("authorities", definition.authority()).is_some(), "{}", kind.name());
        for field in definition.every_field() {
            if let Some(table) = field.table() {
                assert!(tables.find(table).is_some(), "{}: {table}", kind.name());
            }
            assert!(field.claim().is_none() || !field.is_sensitive(), "{}: a sensitive claim", kind.name());
        }
        if definition.compartment() != Compartment::General {
            assert_eq!(definition.sensitivity(), Sensitivity::Sensitive, "{}", kind.name());
            assert!(!definition.share().proof, "{}: never in a proof", kind.name());
        }
        assert_eq!(RecordKind::from_name(kind.name()), Ok(kind));
    }
    for table in tables.all() {
        assert!(!table.edition().source().is_empty(), "{} has no source", table.name());
    }
}

/// The page that shows how a kind is added shows the files as they are.
/// What a record fills into a QR proof is taken by the proof's own format, value by value.
#[test]
fn claims_of_every_valid_form_fit_the_proof_format() {
    let mut seen = BTreeSet::new();
    for kind in RecordKind::ALL {
        let cases = Cases::of(*kind);
        let checked = cases.validate(*kind, &form_of(&cases.valid), &[], cases.speaker);
        for (name, values) in kind.claims(checked.payload()) {
            let claim = eid_proof::Claim::from_name(name).unwrap_or_else(|| panic!("{}: no claim {name}", kind.name()));
            for text in values {
                let value = match claim {
                    eid_proof::Claim::Gender => eid_proof::ClaimValue::Number(text.parse().unwrap()),
                    _ => eid_proof::ClaimValue::Text(text),
                };
                eid_proof::Claims::new().insert(claim, value).unwrap_or_else(|e| panic!("{} {name}: {e}", kind.name()));
            }
            seen.insert(claim);
        }
    }
    // All but the picture, the ages and the address, which are made of several fields.
    assert!(seen.len() >= 12, "{seen:?}");
}

#[test]
fn page_about_adding_a_kind_shows_the_last_one() {
    let page = include_str!("../../../docs/adding-a-record-kind.md");
    let files = [
        include_str!("kinds.rs"),
        include_str!("kinds/vehicle/kind.json"),
        include_str!("kinds/vehicle/choices.json"),
        include_str!("kinds/vehicle/mod.rs"),
        include_str!("kinds/vehicle/cases.json"),
    ];
    let added = page.lines().filter(|line| !line.starts_with("+++")).filter_map(|line| line.strip_prefix('+'));
    let mut count = 0;
    for line in added {
        assert!(files.iter().any(|file| file.lines().any(|of_file| of_file == line)), "{line}");
        count += 1;
    }
    assert!(count > 60 && RecordKind::ALL.last() == Some(&RecordKind::Vehicle), "the page shows another kind");
}
