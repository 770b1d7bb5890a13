//! Reads names of jobs, does each once, and answers with its CPU time and wall time in microseconds.

#[path = "../../src/storage/sql.rs"]
mod sql;
#[path = "../../src/storage/work.rs"]
mod work;

use crate::{
    sql::Sql,
    work::{Failed, Job, Work},
};

fn main() -> Result<(), String> {
    work().map_err(|Failed(reason)| reason)
}

fn work() -> Result<(), Failed> {
    let records = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1000);
    let mut work = Work::<Sql<true>>::new(records)?;
    for line in std::io::stdin().lines() {
        let line = line?;
        let known = Job::ALL.iter().find(|(_, name)| *name == line);
        let (job, _) = known.ok_or_else(|| Failed(format!("no job {line}")))?;
        let took = work.run(*job)?;
        println!("{} {}", took.cpu, took.wall);
    }
    Ok(())
}
