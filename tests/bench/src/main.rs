//! One table of figures, each beside a named peer or limit, as ratios from one run.
//!
//! `eid-bench [--json] [--smoke] [--rows=FILE] [--sqlcipher=PROGRAM] [--zxing=PYTHON] [GROUP…]`; `cargo xtask bench` builds it in release and
//! runs it. Times are CPU time of the thread, the least of many samples, ours and the peer's taken in turns, because the
//! machines it runs on are shared; rates are wall time. FILE holds rows that were measured in another language: group `ffi`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its terminal")]

mod account;
mod chip;
mod counter;
mod proof;
mod records;
mod sample;
mod scan;
mod storage;

use std::{borrow::Cow, fs, path::Path, process::ExitCode};

use serde::{Deserialize, Serialize};

/// Groups that `--help` and the design name; those without rows yet are accepted and print nothing.
const GROUPS: [&str; 8] = ["proof", "vault", "chip", "account", "records", "counter", "scan", "ffi"];

/// One figure beside one peer or limit.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    figure: String,
    value: f64,
    unit: Cow<'static, str>,
    peer: Cow<'static, str>,
    peer_value: f64,
    /// `value / peer_value`, from one run.
    ratio: f64,
    /// The highest ratio that the project wants.
    goal: f64,
}

impl Row {
    fn new(figure: &str, (value, peer_value): (f64, f64), unit: &'static str, peer: &'static str, goal: f64) -> Self {
        let (unit, peer) = (unit.into(), peer.into());
        Self { figure: figure.to_owned(), value, unit, peer, peer_value, ratio: value / peer_value, goal }
    }
}

/// What a group measured, or what went wrong.
type Rows = Result<Vec<Row>, String>;

#[derive(Serialize)]
struct Report {
    machine: String,
    rows: Vec<Row>,
    /// What single frames of a camera give, by code, size and light.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scan: Vec<scan::Line>,
}

fn main() -> ExitCode {
    let (flags, groups): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let option = |name: &str| flags.iter().find_map(|flag| flag.strip_prefix(name)?.strip_prefix('='));
    if let Some(path) = option("--page-history") {
        return storage::page_history(Path::new(path));
    }
    if let Some(who) = option("--read-chip") {
        return chip::read_by_itself(who);
    }
    let options = ["--rows=", "--sqlcipher=", "--zxing="];
    let known = flags.iter().all(|flag| {
        ["--json", "--smoke"].contains(&flag.as_str()) || options.iter().any(|option| flag.starts_with(option))
    }) && groups.iter().all(|group| GROUPS.contains(&group.as_str()));
    if !known {
        eprintln!(
            "usage: eid-bench [--json] [--smoke] [--rows=FILE] [--sqlcipher=PROGRAM] [--zxing=PYTHON] [{}]…",
            GROUPS.join("|")
        );
        return ExitCode::from(2);
    }
    let smoke = flags.iter().any(|flag| flag == "--smoke");
    let wants = |group: &str| groups.is_empty() || groups.iter().any(|name| name == group);
    let (rows, frames) = match measure(smoke, &wants, &option) {
        Ok(measured) => measured,
        Err(error) => {
            eprintln!("eid-bench: {error}");
            return ExitCode::FAILURE;
        }
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let machine = format!("{} {}, {cores} cores", std::env::consts::OS, std::env::consts::ARCH);
    let report = Report { machine, rows, scan: frames };
    if flags.iter().any(|flag| flag == "--json") {
        println!("{}", serde_json::to_string_pretty(&report).unwrap_or_default());
    } else {
        print_table(&report);
        print!("{}", scan::print(&report.scan));
    }
    // A smoke run shows that all of it runs; its figures are too few to mean anything.
    for row in report.rows.iter().filter(|row| !smoke && row.ratio > row.goal) {
        eprintln!("eid-bench: {} misses its goal beside {}: {:.2} > {:.2}", row.figure, row.peer, row.ratio, row.goal);
    }
    ExitCode::SUCCESS
}

/// Runs the groups that are wanted.
fn measure<'a>(
    smoke: bool,
    wants: &dyn Fn(&str) -> bool,
    option: &dyn Fn(&str) -> Option<&'a str>,
) -> Result<(Vec<Row>, Vec<scan::Line>), String> {
    let samples = if smoke { 3 } else { 200 };
    let measure: [(&str, &dyn Fn() -> Rows); 6] = [
        ("proof", &|| proof::rows(samples).map_err(|error| error.to_string())),
        ("vault", &|| storage::rows(smoke, option("--sqlcipher").map(Path::new))),
        ("chip", &|| chip::rows(smoke)),
        ("account", &|| account::rows(smoke)),
        ("records", &|| records::rows(smoke)),
        ("counter", &|| counter::rows(smoke)),
    ];
    let mut rows = Vec::new();
    for (group, measure) in measure.iter().filter(|(group, _)| wants(group)) {
        rows.extend(measure().map_err(|error| format!("{group}: {error}"))?);
    }
    let mut frames = Vec::new();
    if wants("scan") {
        let python = option("--zxing").map(Path::new);
        let (measured, table) = scan::rows(smoke, python).map_err(|error| format!("scan: {error}"))?;
        rows.extend(measured);
        frames = table;
    }
    if let Some(file) = option("--rows") {
        rows.extend(read_rows(file).map_err(|reason| format!("{file}: {reason}"))?);
    }
    Ok((rows, frames))
}

/// Rows of another program; none is an error, as it would go unseen.
fn read_rows(file: &str) -> Result<Vec<Row>, String> {
    let text = fs::read_to_string(file).map_err(|e| e.to_string())?;
    let rows: Vec<Row> = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    if rows.is_empty() { Err("no rows".to_owned()) } else { Ok(rows) }
}

fn print_table(report: &Report) {
    println!("Machine: {}\n", report.machine);
    println!("| figure | value | peer or limit | its value | ratio | goal |");
    println!("| --- | ---: | --- | ---: | ---: | ---: |");
    for row in &report.rows {
        let Row { figure, value, unit, peer, peer_value, ratio, goal } = row;
        println!("| {figure} | {value:.1} {unit} | {peer} | {peer_value:.1} {unit} | {ratio:.2} | ≤ {goal:.2} |");
    }
}
