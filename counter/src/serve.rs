//! `eid-counter serve`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use eid_counter::{CounterError, CounterServer, listen};
use eid_model::UnixTime;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    cli::Serve,
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

fn refuse(error: CounterError) -> ExitCode {
    let info = error.code().info();
    warn(&format!("{error} (E{}): {} / {}", error.code(), info.en, info.vi));
    ExitCode::from(2)
}

async fn serve(options: Serve) -> Result<(), CounterError> {
    let listener = listen(options.listen)?;
    let address = listener.local_addr().map_err(|_| CounterError::NotServing)?;
    let rules = open::rules(&options.rules)?;
    open::warn_of_sandbox(&options.rules);
    let record = open::record(&options.replay, &options.rules, &rules)?;
    let at = options.rules.at;
    let clock = move || UnixTime::from_seconds(at.map_or_else(open::clock, i64::from));
    let server = CounterServer::new(rules, record, clock, |line| {
        // With standard error closed there is nobody to tell.
        writeln!(io::stderr(), "{line}").ok();
    });
    let reloading = tokio::spawn(reload(server.clone(), options));
    let said = writeln!(io::stdout(), "http://{address}/").and_then(|()| io::stdout().flush());
    said.map_err(|_| CounterError::NotServing)?;
    let served = server.serve(listener, interrupted()).await;
    reloading.abort();
    served
}

async fn interrupted() {
    // Without signals it serves until the machine stops it.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Reads the lists again and again; one that cannot be used, or is older than one before, changes nothing.
async fn reload(server: CounterServer, options: Serve) {
    let mut ticks = interval(RELOAD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let options = std::sync::Arc::new(options);
    // The first comes at once.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let options = std::sync::Arc::clone(&options);
        let opened = tokio::task::spawn_blocking(move || {
            let rules = open::rules(&options.rules)?;
            open::record(&options.replay, &options.rules, &rules).map(|_| rules)
        });
        let rules = opened.await.unwrap_or(Err(CounterError::TrustUnusable));
        if let Err(error) = &rules {
            warn(&format!("the lists were not renewed: {error} (E{})", error.code()));
        }
        server.reload(rules);
    }
}
