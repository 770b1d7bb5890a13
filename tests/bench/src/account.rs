//! Group `account`: signing in at the sandbox over TLS beside a bare TLS echo of the same bytes, and whether a count gets lost.
//!
//! Clients and server share this machine's cores, so that both figures hold the work of both sides: of a sign-in, four
//! signatures and four checks of them, and a transaction in a file. Wall time, for that is what a rate is made of.

mod client;
mod echo;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use eid_sandbox::{RunningSandbox, Sandbox, SandboxConfig, Storage};
use rusqlite::Connection;
use tokio::task::JoinSet;

use self::client::{Exchange, Phone};
use crate::Row;

/// Clients at once, each with a connection of its own that it keeps, and an account of its own.
const CLIENTS: usize = 8;

/// The goal: a thousand a second.
const MOST_US: f64 = 1_000.0;

/// What a sign-in may cost in echoes of its bytes. An echo is 13 µs on a quiet machine, with no signature in it; a sign-in is two
/// calls with four signatures checked, two made, and one commit to the disk.
const MOST_ECHOES: f64 = 25.0;

/// How long each figure is measured.
const SPAN: Duration = Duration::from_secs(4);

pub(crate) fn rows(smoke: bool) -> Result<Vec<Row>, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(measure(if smoke { SPAN / 20 } else { SPAN })).map_err(|error| error.to_string())
}

/// Why a measurement failed.
pub(crate) type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn measure(span: Duration) -> Result<Vec<Row>, Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sandbox");
    let mut rows = Vec::new();
    for (name, storage) in
        [("account.sign_in", Storage::File(file.clone())), ("account.sign_in_in_memory", Storage::Memory)]
    {
        let sandbox = Sandbox::start(&SandboxConfig { storage, ..SandboxConfig::default() })?;
        let (signed_in, sizes) = sign_in(&sandbox, span).await?;
        drop(sandbox);
        let echoed = echo(sizes, span).await?;
        rows.push(Row::new(name, (signed_in.us, echoed), "µs", "TLS echo of the same bytes", MOST_ECHOES));
        rows.push(Row::new(name, (signed_in.us, MOST_US), "µs", "a thousand a second", 1.0));
        if name == "account.sign_in" {
            let stored = count_stored(&file)?;
            rows.push(Row::new(
                "account.sign_ins_counted",
                (f64::from(stored), f64::from(signed_in.done)),
                "",
                "sign-ins answered",
                1.0,
            ));
            if stored != signed_in.done {
                return Err(format!("{} sign-ins were answered and {stored} are stored", signed_in.done).into());
            }
        }
    }
    Ok(rows)
}

/// Calls that were answered, and the wall time of one.
struct Rate {
    done: u32,
    us: f64,
}

/// Signs in as often as it goes; also gives what one sign-in sends and gets.
async fn sign_in(sandbox: &RunningSandbox, span: Duration) -> Result<(Rate, Vec<Exchange>), Failed> {
    let people = sandbox.people().iter().filter(|person| person.level_two).take(CLIENTS);
    let people: Vec<_> = people.cloned().collect();
    let mut phones = JoinSet::new();
    let start = Arc::new(tokio::sync::Barrier::new(people.len()));
    for person in people {
        let mut phone = Phone::activate(sandbox, &person).await?;
        let start = Arc::clone(&start);
        phones.spawn(async move {
            start.wait().await;
            let (began, mut done) = (now(), 0_u32);
            while began.elapsed() < span {
                phone.sign_in().await?;
                done = done.saturating_add(1);
            }
            Ok::<_, Failed>((done, began.elapsed(), phone.exchanges()))
        });
    }
    let (mut done, mut longest, mut sizes) = (0_u32, Duration::ZERO, Vec::new());
    while let Some(ended) = phones.join_next().await {
        let (of_one, took, exchanges) = ended??;
        done = done.saturating_add(of_one);
        longest = longest.max(took);
        sizes = exchanges;
    }
    Ok((Rate { done, us: longest.as_secs_f64() * 1e6 / f64::from(done.max(1)) }, sizes))
}

/// Bounces as many bytes, in as many exchanges, off a server that does nothing else; gives the wall time of one sign-in's worth.
async fn echo(sizes: Vec<Exchange>, span: Duration) -> Result<f64, Failed> {
    let server = echo::Server::start(sizes.clone()).await?;
    let mut clients = JoinSet::new();
    let start = Arc::new(tokio::sync::Barrier::new(CLIENTS));
    for _ in 0..CLIENTS {
        let (mut client, sizes, start) = (server.connect().await?, sizes.clone(), Arc::clone(&start));
        clients.spawn(async move {
            start.wait().await;
            let (began, mut done) = (now(), 0_u32);
            while began.elapsed() < span {
                client.bounce(&sizes).await?;
                done = done.saturating_add(1);
            }
            Ok::<_, Failed>((done, began.elapsed()))
        });
    }
    let (mut done, mut longest) = (0_u32, Duration::ZERO);
    while let Some(ended) = clients.join_next().await {
        let (of_one, took) = ended??;
        done = done.saturating_add(of_one);
        longest = longest.max(took);
    }
    Ok(longest.as_secs_f64() * 1e6 / f64::from(done.max(1)))
}

#[expect(clippy::disallowed_methods, reason = "a rate is made of wall time")]
fn now() -> Instant {
    Instant::now()
}

/// Sign-ins that the file holds: each one left a refresh token and took one number.
fn count_stored(file: &Path) -> Result<u32, Failed> {
    let store = Connection::open(file)?;
    let count = |sql| store.query_row(sql, [], |row| row.get::<_, u32>(0));
    let (tokens, numbers) = (count("SELECT count(*) FROM refresh_tokens")?, count("SELECT sum(seq) FROM passcodes")?);
    if tokens == numbers { Ok(tokens) } else { Err(format!("{tokens} tokens, {numbers} numbers").into()) }
}
