//! `eid-counter serve`.

use std::{
    io::{self, Write as _},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use eid_counter::{AnswerLine, CounterError, CounterServer, Identity, LogLine, listen};
use eid_model::UnixTime;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    cli::Serve,
    lists::{Lists, Opened},
    open::{self, warn},
};

/// How often the lists are read again.
const RELOAD: Duration = Duration::from_secs(60);

/// Serves until it is interrupted.
pub(crate) fn run(options: Serve) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let Ok(runtime) = runtime else { return refuse(CounterError::NotServing) };
    match runtime.block_on(serve(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(error),
    }
}

pub(crate) fn refuse(error: CounterError) -> ExitCode {
    let info = error.code().info();
    warn(&format!("{error} (E{}): {} / {}", error.code(), info.en, info.vi));
    ExitCode::from(2)
}

async fn serve(options: Serve) -> Result<(), CounterError> {
    let listener = listen(options.listen)?;
    let address = listener.local_addr().map_err(|_| CounterError::NotServing)?;
    let Serve { rules: mut options, replay, identity, answers, .. } = options;
    let identity = identity.as_deref().map(Identity::open).transpose()?;
    if let Some(identity) = &identity {
        options.counter = Some(identity.registration().counter().to_owned());
    }
    open::warn_of_sandbox(&options);
    let mut lists = Lists::new(options);
    let Opened { rules, not_renewed } = lists.open()?;
    let record = open::record(&replay, lists.options(), &rules)?;
    let at = lists.options().at;
    let clock = move || UnixTime::from_seconds(at.map_or_else(open::clock, i64::from));
    let log = |line: &LogLine| {
        // With standard error closed there is nobody to tell.
        writeln!(io::stderr(), "{line}").ok();
    };
    let server = match identity {
        Some(identity) => CounterServer::registered(identity, rules, record, clock, log),
        None => CounterServer::new(rules, record, clock, log),
    };
    let line = answers.map(|address| open_line(&server, address)).transpose()?;
    tell_not_renewed(&server, not_renewed);
    let reloading = tokio::spawn(reload(server.clone(), lists, replay));
    say(&format!("http://{address}/"))?;
    let served = match line {
        Some((line, told)) => {
            say(&told)?;
            tokio::try_join!(server.serve(listener, interrupted()), line.serve(interrupted())).map(|_| ())
        }
        None => server.serve(listener, interrupted()).await,
    };
    reloading.abort();
    served
}

/// Opens the line for answers, and gives what to say of it.
fn open_line(server: &CounterServer, address: SocketAddr) -> Result<(AnswerLine, String), CounterError> {
    let listener = TcpListener::bind(address).map_err(|_| CounterError::NotServing)?;
    let address = listener.local_addr().map_err(|_| CounterError::NotServing)?;
    let line = server.open_line(listener)?;
    let told = format!("answers to https://{}/ at {address}", line.host());
    Ok((line, told))
}

fn say(text: &str) -> Result<(), CounterError> {
    let said = writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush());
    said.map_err(|_| CounterError::NotServing)
}

async fn interrupted() {
    // Without signals it serves until the machine stops it.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Reads the lists again and again; what cannot be used, or is older than what was used before, changes nothing.
async fn reload(server: CounterServer, mut lists: Lists, replay: PathBuf) {
    let mut ticks = interval(RELOAD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first comes at once.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let replay = replay.clone();
        let opening = tokio::task::spawn_blocking(move || {
            let opened = lists.open().and_then(|opened| {
                open::record(&replay, lists.options(), &opened.rules)?;
                Ok(opened)
            });
            (lists, opened)
        });
        // Only a defect of ours ends it here; the counter goes on by the lists it has, which tell their age.
        let Ok((same, opened)) = opening.await else { return };
        lists = same;
        match opened {
            Ok(Opened { rules, not_renewed }) => {
                server.reload(rules);
                tell_not_renewed(&server, not_renewed);
            }
            Err(error) => tell_not_renewed(&server, Some(error)),
        }
    }
}

fn tell_not_renewed(server: &CounterServer, error: Option<CounterError>) {
    if let Some(error) = error {
        open::warn_not_renewed(Some(error));
        server.not_renewed(error);
    }
}
