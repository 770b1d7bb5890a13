//! Group `vault`: the store beside plain SQLite and SQLCipher, and what opening and paging cost.
//!
//! Only one SQLite can be linked into a program, so SQLCipher is measured by a program of its own (`sqlcipher/`), which
//! does the same work when it is told to, in turns with the two here.

mod remote;
mod sql;
mod vault;
pub(crate) mod work;

use std::{ffi::OsString, path::Path, process::ExitCode};

pub(crate) use self::work::Failed;
use self::{
    remote::Remote,
    sql::Sql,
    work::{Job, Took, Work},
};
use crate::{Row, sample::ask_again};

/// Records of the large insert; in a smoke run a tenth.
const RECORDS: usize = 10_000;
/// History entries that are paged; in a smoke run a fiftieth.
const ENTRIES: u32 = 100_000;

const PLAIN: &str = "plain SQLite";
const SQLCIPHER: &str = "SQLCipher 4.19";

const CPU: fn(&Took) -> f64 = |took| took.cpu;
const WALL: fn(&Took) -> f64 = |took| took.wall;

/// Ours, plain SQLite's, SQLCipher's.
type Times = [Vec<Took>; 3];

pub(crate) fn rows(smoke: bool, sqlcipher: Option<&Path>) -> Result<Vec<Row>, String> {
    measure(smoke, sqlcipher).map_err(|Failed(reason)| reason)
}

fn measure(smoke: bool, sqlcipher: Option<&Path>) -> Result<Vec<Row>, Failed> {
    let records = if smoke { RECORDS / 10 } else { RECORDS };
    let mut ours = Work::<vault::Ours>::new(records)?;
    let mut plain = Work::<Sql<false>>::new(records)?;
    let mut cipher = sqlcipher.map(|program| Remote::start(program, records)).transpose()?;
    let mut rows = Vec::new();
    for (job, _) in Job::ALL {
        let mut times: Times = Default::default();
        for _ in 0..if smoke { 1 } else { samples(job) } {
            let [of_ours, of_plain, of_cipher] = &mut times;
            of_ours.push(ours.run(job)?);
            of_plain.push(plain.run(job)?);
            if let Some(cipher) = &mut cipher {
                of_cipher.push(cipher.run(job)?);
            }
        }
        add_rows(&mut rows, job, records, &times);
    }
    let entries = if smoke { ENTRIES / 50 } else { ENTRIES };
    let growth = history_growth(entries)?;
    rows.push(Row::new(&format!("vault.history-{entries}.memory"), (growth, 8.0), "MiB", "limit 8 MiB", 1.0));
    Ok(rows)
}

/// The other half of [`history_growth`]: pages through the history of the store at `path` and says what that took.
pub(crate) fn page_history(path: &Path) -> ExitCode {
    match vault::page_history(path) {
        Ok((entries, growth)) => {
            println!("{entries} {growth}");
            ExitCode::SUCCESS
        }
        Err(Failed(reason)) => {
            eprintln!("eid-bench: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// By how many MiB a process grows that opens a store and pages through its whole history.
fn history_growth(entries: u32) -> Result<f64, Failed> {
    let place = tempfile::tempdir()?;
    let path = place.path().join("history");
    vault::write_history(&path, entries)?;
    let mut option = OsString::from("--page-history=");
    option.push(&path);
    let text = ask_again(option)?;
    match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [found, growth] if *found == entries.to_string() => Ok(growth.parse()?),
        _ => Err(Failed(format!("history: {text}"))),
    }
}

fn samples(job: Job) -> u32 {
    match job {
        Job::InsertBulk | Job::InsertEachNormal | Job::InsertEachFull => 9,
        Job::Read | Job::Scan | Job::BlobWrite | Job::BlobRead | Job::OpenPage => 30,
    }
}

/// CPU time beside both peers; for what waits for the disk, the clock's as well. The least of all samples, as everywhere.
fn add_rows(rows: &mut Vec<Row>, job: Job, records: usize, times: &Times) {
    let writes = matches!(job, Job::InsertBulk | Job::InsertEachNormal | Job::InsertEachFull | Job::BlobWrite);
    let each = f64::from(u32::try_from(records / 10).unwrap_or(u32::MAX));
    let (unit, scale) = match job {
        Job::InsertEachNormal | Job::InsertEachFull | Job::Read => ("µs", each),
        _ => ("ms", 1000.0),
    };
    let [ours, plain, cipher] = times;
    let figure = format!("vault.{}", name(job));
    // Opening, we compare every row with the manifest, and the peers nothing: the goal there is the limit on the clock.
    let (beside_plain, beside_cipher) = match job {
        Job::OpenPage => (10.0, 10.0),
        _ if writes => (1.5, 1.0),
        _ => (2.0, 1.0),
    };
    for (peer, its, goal) in [(PLAIN, plain, beside_plain), (SQLCIPHER, cipher, beside_cipher)] {
        if !its.is_empty() {
            rows.push(Row::new(&figure, (least(ours, CPU) / scale, least(its, CPU) / scale), unit, peer, goal));
        }
        if !its.is_empty() && matches!(job, Job::InsertEachNormal | Job::InsertEachFull) {
            let clock = (least(ours, WALL) / scale, least(its, WALL) / scale);
            rows.push(Row::new(&format!("{figure}.wall"), clock, unit, peer, goal));
        }
    }
    if job == Job::OpenPage {
        rows.push(Row::new(&format!("{figure}.wall"), (least(ours, WALL) / scale, 60.0), unit, "limit 60 ms", 1.0));
    }
}

/// The name of a job, in a figure and for the other program.
fn name(job: Job) -> &'static str {
    Job::ALL.iter().find(|(known, _)| *known == job).map_or("", |(_, name)| name)
}

fn least(times: &[Took], of: fn(&Took) -> f64) -> f64 {
    times.iter().map(of).fold(f64::INFINITY, f64::min)
}
