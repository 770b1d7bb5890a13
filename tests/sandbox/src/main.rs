//! `eid-sandbox`: the sandbox e-ID platform as a program of its own.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use eid_sandbox::{Sandbox, SandboxConfig, SandboxError, Storage, openapi_json};

/// Sandbox e-ID platform with invented citizens. Without a command it plays the demo. Not affiliated with any authority.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the platform over HTTPS until interrupted.
    Serve {
        /// Where to listen; port 0 is any free one.
        #[arg(long, default_value = "127.0.0.1:8443")]
        listen: SocketAddr,
        /// A directory for the database and `ca.pem`; without it all is kept in memory.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Where to write the certificate that clients must trust.
        #[arg(long, value_name = "FILE", required_unless_present = "data")]
        ca: Option<PathBuf>,
    },
    /// Print the OpenAPI description.
    Openapi,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Some(Command::Serve { listen, data, ca }) => serve(listen, data.as_deref(), ca),
        Some(Command::Openapi) => openapi_json().and_then(|json| Ok(writeln!(io::stdout(), "{json}")?)),
        None => return play_demo(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard error closed there is nobody to tell.
            writeln!(io::stderr(), "eid-sandbox: {error} ({})", error.code()).ok();
            ExitCode::FAILURE
        }
    }
}

/// Without a subcommand: the demo, which is what `cargo run` does.
fn play_demo() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(eid_sandbox::demo::run(Path::new("target/demo"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    // With standard error closed there is nobody to tell.
    writeln!(io::stderr(), "eid-sandbox: {error}").ok();
    ExitCode::FAILURE
}

fn serve(listen: SocketAddr, data: Option<&Path>, ca: Option<PathBuf>) -> Result<(), SandboxError> {
    let mut storage = Storage::Memory;
    if let Some(directory) = data {
        std::fs::create_dir_all(directory)?;
        storage = Storage::File(directory.join("sandbox.db"));
    }
    let config = SandboxConfig { listen, storage, ..SandboxConfig::default() }.with_log(|line| {
        writeln!(io::stderr(), "{line}").ok();
    });
    let ca = ca.or_else(|| data.map(|directory| directory.join("ca.pem"))).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let interrupted = tokio::spawn(tokio::signal::ctrl_c());
        // Lets the task take hold of the signal before anybody can know that there is something to interrupt.
        tokio::task::yield_now().await;
        let sandbox = Sandbox::start(&config)?;
        std::fs::write(&ca, sandbox.ca_pem())?;
        writeln!(io::stdout(), "{}\ncertificate authority: {}", sandbox.base_url(), ca.display())?;
        interrupted.await.map_err(io::Error::other)??;
        sandbox.stop();
        Ok(())
    })
}
