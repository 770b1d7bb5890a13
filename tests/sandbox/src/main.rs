//! `eid-sandbox`: the sandbox e-ID platform as a program of its own.

use std::{
    error::Error as _,
    io::{self, Write as _},
    iter,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
use eid_chip::{Access, Can, pa::TrustList, reader::FileId};
use eid_crypto::{Random, SystemRandom};
use eid_sandbox::{
    Clock, Sandbox, SandboxConfig, SandboxError, Storage,
    card::{self, Card, CardFile, CardReader, SANDBOX_CSCA, Wanted, parse_mrz_key, personalise},
    openapi_json,
};

/// What is read of a card: EF.COM too, which says nothing that the signed files do not, but belongs to a document.
const FILES: [FileId; 7] =
    [FileId::Com, FileId::Sod, FileId::Dg14, FileId::Dg1, FileId::Dg13, FileId::Dg15, FileId::Dg2];

/// How long to wait for a card at first.
const PATIENCE: Duration = Duration::from_secs(120);

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
        /// Let the authorities behave by chance drawn from this number, the same in each run.
        #[arg(long, value_name = "NUMBER")]
        seed: Option<u64>,
    },
    /// Print the OpenAPI description.
    Openapi,
    /// Play a simulated identity card to a reader that speaks vpcd's wire protocol, until the reader goes.
    Chip {
        /// The reader, for instance PC/SC's vpcd or `read-chip`.
        #[arg(long, value_name = "HOST:PORT")]
        connect: String,
        /// The description of the card: JSON, as in `cards/` and with the quirks that the README lists.
        #[arg(long, value_name = "FILE")]
        card: PathBuf,
    },
    /// Wait for a card that speaks vpcd's wire protocol, and read it.
    ReadChip {
        /// Where to wait.
        #[arg(long, value_name = "HOST:PORT")]
        listen: SocketAddr,
        /// What opens the card.
        #[command(flatten)]
        key: CardKey,
        /// Open the card, exchange one secured command, and read no file.
        #[arg(long)]
        access_only: bool,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
        /// Certificates (DER) of states to believe besides the sandbox's own.
        #[arg(long, value_name = "FILE")]
        csca: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct CardKey {
    /// The card access number, six digits.
    #[arg(long, value_name = "N")]
    can: Option<String>,
    /// The machine-readable lines, with or without line breaks; or number, birth date and expiry date out of them, each with its
    /// check digit; or these without check digits: NUMBER,YYMMDD,YYMMDD.
    #[arg(long, value_name = "TEXT")]
    mrz: Option<String>,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Some(Command::Serve { listen, data, ca, seed }) => {
            serve(SandboxConfig { listen, seed, ..SandboxConfig::default() }, data.as_deref(), ca)
        }
        Some(Command::Openapi) => openapi_json().and_then(|json| Ok(writeln!(io::stdout(), "{json}")?)),
        Some(Command::Chip { connect, card }) => play_card(&connect, &card),
        Some(Command::ReadChip { listen, key, access_only, json, csca }) => {
            return match read_card(listen, &key, access_only, json, &csca) {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::FAILURE,
                Err(error) => report(&error),
            };
        }
        None => return play_demo(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

fn report(error: &SandboxError) -> ExitCode {
    let reasons = iter::successors(error.source(), |error| (*error).source()).map(|reason| format!(": {reason}"));
    // With standard error closed there is nobody to tell.
    writeln!(io::stderr(), "eid-sandbox: {error}{} ({})", reasons.collect::<String>(), error.code()).ok();
    ExitCode::FAILURE
}

fn play_card(reader: &str, card: &Path) -> Result<(), SandboxError> {
    let rng: Arc<dyn Random> = Arc::new(SystemRandom::new());
    let text = std::fs::read_to_string(card).map_err(|error| SandboxError::CardFile(serde_json::Error::io(error)))?;
    let file = CardFile::parse(&text)?;
    let made = personalise(&file, Clock::system().now(), &*rng)?;
    Ok(card::play(&mut Card::new(made, rng), reader)?)
}

/// True when all was read, and nothing that was checked is wrong.
fn read_card(
    listen: SocketAddr,
    key: &CardKey,
    access_only: bool,
    json: bool,
    csca: &[PathBuf],
) -> Result<bool, SandboxError> {
    let mut trust = TrustList::default();
    trust.pin(SANDBOX_CSCA)?;
    for file in csca {
        trust.pin(&std::fs::read(file)?)?;
    }
    let access = match (&key.can, key.mrz.as_deref().unwrap_or_default()) {
        (Some(can), _) => Access::Can(Can::parse(can)?),
        (None, lines) => Access::Mrz(parse_mrz_key(lines)?),
    };
    let files: &[FileId] = if access_only { &[] } else { &FILES };
    let reader = CardReader::bind(listen, PATIENCE)?;
    writeln!(io::stderr(), "waiting for a card at {}", reader.local_address()?)?;
    let wanted = Wanted { access, files, trust: &trust, now: Clock::system().now() };
    let report = reader.read(wanted, Arc::new(SystemRandom::new()))?;
    let text = if json { serde_json::to_string_pretty(&report)? } else { report.to_string() };
    writeln!(io::stdout(), "{text}")?;
    Ok(report.is_good())
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

fn serve(mut config: SandboxConfig, data: Option<&Path>, ca: Option<PathBuf>) -> Result<(), SandboxError> {
    if let Some(directory) = data {
        std::fs::create_dir_all(directory)?;
        config.storage = Storage::File(directory.join("sandbox.db"));
    }
    let config = config.with_log(|line| {
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
