//! Group `records`: checking a record of each kind beside the limit of the design and beside reading its JSON; searching ten
//! thousand records beside the limit and beside a bare search of bytes.

use std::collections::BTreeMap;

use eid_model::Date;
use eid_record::{Context, Findable, Form, Path, Query, RecordKind, Speaker, Tables};
use serde::Deserialize;

use crate::{
    Row,
    sample::{least_us, sink},
};

/// Microseconds that checking a record of any kind may take.
const VALIDATE_US: f64 = 50.0;

/// Microseconds that a search of so many records may take.
const SEARCH_US: f64 = 30_000.0;
const RECORDS: usize = 10_000;

/// What is looked for, as the bare search needs it typed.
const WORDS: [&str; 4] = ["Nguyễn", "Thúy", "Bệnh", "viện"];

/// The valid form that lies among the cases of each kind.
#[derive(Deserialize)]
struct Cases {
    today: Date,
    valid: BTreeMap<String, String>,
}

/// A valid record of each kind, written in every field.
struct Sample {
    kind: RecordKind,
    today: Date,
    form: Form,
    json: String,
}

pub(crate) fn rows(smoke: bool) -> Result<Vec<Row>, String> {
    let samples = RecordKind::ALL.iter().map(|kind| read(*kind)).collect::<Result<Vec<_>, _>>()?;
    let times = if smoke { 1 } else { 100 };
    let mut rows = Vec::new();
    for sample in &samples {
        let [ours, json] = least_us(
            times,
            [&mut || sink(sample.validate()), &mut || {
                sink(serde_json::from_str::<BTreeMap<String, String>>(&sample.json));
            }],
        );
        let figure = format!("records.validate.{}", sample.kind.name());
        rows.push(Row::new(&figure, (ours, VALIDATE_US), "µs", "the limit", 1.0));
        rows.push(Row::new(&figure, (ours, json), "µs", "serde_json: the form into a map of texts", 20.0));
    }
    rows.extend(search(&samples, if smoke { 1 } else { 10 })?);
    Ok(rows)
}

/// Ten thousand records of all kinds, of which the last holds what is looked for.
fn search(samples: &[Sample], times: u32) -> Result<Vec<Row>, String> {
    let payloads: Vec<_> =
        samples.iter().cycle().take(RECORDS).map(|sample| (sample.kind, sample.validate())).collect();
    let tables = Tables::embedded();
    let fold =
        || payloads.iter().map(|(kind, checked)| kind.findable(checked.payload(), tables)).collect::<Vec<Findable>>();
    let found = fold();
    let query = Query::parse("nguyen thúy benh vien").ok_or("no query")?;
    let bytes: Vec<String> = payloads.iter().map(|(_, checked)| texts(checked.form())).collect();
    let [ours, bare, folding, checking] = least_us(
        times,
        [
            &mut || sink(query.find(&found)),
            &mut || sink(bytes.iter().filter(|text| WORDS.iter().all(|word| text.contains(word))).count()),
            &mut || sink(fold()),
            &mut || sink(samples.iter().cycle().take(RECORDS).map(Sample::validate).filter(|c| c.is_valid()).count()),
        ],
    );
    Ok(vec![
        Row::new("records.search_10k", (ours, SEARCH_US), "µs", "the limit", 1.0),
        Row::new("records.search_10k", (ours, bare), "µs", "str::contains, accents as typed", 20.0),
        // Once for each time they are loaded, beside what loading them takes anyway.
        Row::new("records.fold_10k", (folding, checking), "µs", "checking the same records", 1.0),
    ])
}

impl Sample {
    fn validate(&self) -> eid_record::Checked {
        let (today, tables) = (self.today, Tables::embedded());
        let context = Context { today, holder: None, others: &[], tables, speaker: Speaker::Authority };
        self.kind.validate(&self.form, &context)
    }
}

fn read(kind: RecordKind) -> Result<Sample, String> {
    let name = kind.name();
    let at = format!("{}/../../core/crates/record/src/kinds/{name}/cases.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(at).map_err(|error| format!("{name}: {error}"))?;
    let Cases { today, valid } = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let mut form = Form::new();
    for (path, text) in &valid {
        let path = Path::parse(path).map_err(|error| format!("{name}: {error}"))?;
        form.set(path, text).map_err(|error| format!("{name}: {error}"))?;
    }
    let json = serde_json::to_string(&form).map_err(|error| format!("{name}: {error}"))?;
    Ok(Sample { kind, today, form, json })
}

fn texts(form: &Form) -> String {
    form.iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}
