//! The options of the program.

use std::{
    ffi::{OsStr, OsString},
    net::SocketAddr,
    path::PathBuf,
};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{OsStringValueParser, TypedValueParser as _, ValueParser},
};
use eid_proof::{Claim, Policy, Purpose};

use crate::source::Source;

/// Verifier for service counters: reads QR identity proofs and says valid, not valid, or cannot tell.
#[derive(Debug, Parser)]
#[command(name = "eid-counter", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify one proof and print the verdict as JSON
    ///
    /// Exit code: 0 valid, 1 not valid, 2 cannot tell (also when the input, the trust list or another file cannot be
    /// used, and when an option is wrong).
    Verify(Verify),
    /// Serve a page for scanning, and an HTTP interface for other programs, on this machine alone
    ///
    /// The first line printed is the address of the page. Trust list and status snapshot are read again every minute, so
    /// that new ones only need to be put in place of the old.
    Serve(Serve),
    /// Register this counter, so that it can ask citizens and be named by their phones
    #[command(subcommand)]
    Register(Register),
    /// Ask a citizen: print a signed request as JSON, and draw its code on the terminal
    ///
    /// The answer is verified with the printed nonce: eid-counter verify --counter … --nonce …
    Request(Request),
    /// Draw a code: in the terminal, or as a PNG or SVG picture
    Draw(Draw),
    /// Draw the printed code of a registered counter: an A4 page as SVG, for any browser to print or save as PDF
    Poster(Poster),
    /// Print the OpenAPI description of the HTTP interface
    Openapi,
}

/// Steps of registering.
#[derive(Debug, Subcommand)]
pub(crate) enum Register {
    /// Make a key and print the application for a registrar as JSON
    ///
    /// A counter that is registered already asks for a new key; the old one stays in use until the answer is accepted.
    Apply(Apply),
    /// Take the registrar's answer and use the new key from now on
    Accept(Box<Accept>),
}

/// Options of `register apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Where key and registration are kept; only its owner should read it
    #[arg(long, value_name = "FOLDER")]
    pub(crate) identity: PathBuf,

    /// The counter's identifier, rp/…
    #[arg(long, value_name = "ID", value_parser = parse_counter)]
    pub(crate) counter: String,

    /// Its name for citizens, at most 120 bytes
    #[arg(long)]
    pub(crate) name: String,

    /// What it wants to ask for, such as age or id; may be repeated
    #[arg(long, required = true, value_parser = parse_purpose)]
    pub(crate) purpose: Vec<Purpose>,

    /// Where answers may be sent over the network: host or host:port
    #[arg(long)]
    pub(crate) host: Option<String>,
}

/// Options of `register accept`.
#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// Where key and registration are kept
    #[arg(long, value_name = "FOLDER")]
    pub(crate) identity: PathBuf,

    /// What the counter goes by; its trust list names the registrars.
    #[command(flatten)]
    pub(crate) rules: RulesOptions,

    /// The registrar's answer
    pub(crate) answer: PathBuf,
}

/// Options of `poster`.
#[derive(Debug, Args)]
pub(crate) struct Poster {
    /// Where key and registration are kept
    #[arg(long, value_name = "FOLDER")]
    pub(crate) identity: PathBuf,

    /// The page to write: a .pdf, which prints as it is, or an .svg
    #[arg(long, value_name = "FILE", value_parser = parse_sheet)]
    pub(crate) out: Sheet,
}

/// The poster's file, by the ending of its name.
#[derive(Debug, Clone)]
pub(crate) enum Sheet {
    Pdf(PathBuf),
    Svg(PathBuf),
}

/// Options of `request`.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// Where key and registration are kept
    #[arg(long, value_name = "FOLDER")]
    pub(crate) identity: PathBuf,

    /// Which kind of proof, such as age or id
    #[arg(long, value_parser = parse_purpose)]
    pub(crate) purpose: Purpose,

    /// Ask for the photo
    #[arg(long)]
    pub(crate) photo: bool,

    /// Ask for this claim, for flex only; may be repeated
    #[arg(long, value_parser = parse_claim)]
    pub(crate) claim: Vec<Claim>,

    /// What for, in words for the citizen
    #[arg(long)]
    pub(crate) reason: String,

    /// Where the phone may send its answer: https:// at the registered host
    #[arg(long, value_name = "URL")]
    pub(crate) answer_to: Option<String>,

    /// Ask as of this time, in seconds since 1970 [default: the clock]
    #[arg(long, value_name = "UNIX")]
    pub(crate) at: Option<u32>,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A file (text, PNG picture or raw proof), the text of a code itself, or - for standard input
    pub(crate) input: OsString,

    /// What the counter goes by.
    #[command(flatten)]
    pub(crate) rules: RulesOptions,

    /// The challenge that this counter showed: 8 to 32 bytes in hexadecimal; the proof must answer it
    #[arg(long, value_name = "HEX", value_parser = parse_nonce)]
    pub(crate) nonce: Option<Nonce>,

    /// Record of used proofs, kept between runs and shared between processes [default: none, this run only]
    ///
    /// It also remembers the trust list's version: an older list is refused from then on.
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,

    /// Write the portrait (WebP) to this file, and its path instead of its bytes into the JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) portrait_out: Option<PathBuf>,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to serve: an address of this machine alone; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8017")]
    pub(crate) listen: SocketAddr,

    /// What the counter goes by.
    #[command(flatten)]
    pub(crate) rules: RulesOptions,

    /// Record of used proofs, shared by all who use this server and kept over restarts
    ///
    /// It also remembers the trust list's version: an older list is refused from then on.
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: PathBuf,

    /// Key and registration of this counter: the page can ask then, and --counter is the registered name
    #[arg(long, value_name = "FOLDER", conflicts_with = "counter")]
    pub(crate) identity: Option<PathBuf>,

    /// Take answers of phones over the network at this address, which others may reach, too: 0.0.0.0:8443, say
    ///
    /// Phones send to the host that the counter is registered with; it must lead here. The counter's key vouches for the line, so that
    /// no certificate is needed. Only questions for the photo can be answered so.
    #[arg(long, value_name = "ADDRESS", requires = "identity")]
    pub(crate) answers: Option<SocketAddr>,
}

/// Options of `draw`.
#[derive(Debug, Args)]
pub(crate) struct Draw {
    /// A file (text, PNG picture or raw proof), the text of a code itself, or - for standard input
    pub(crate) input: OsString,

    /// Write a picture whose name ends in .png or .svg [default: draw in the terminal]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Pixels a module in a PNG picture
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=32))]
    pub(crate) pixels: u32,
}

/// What a counter goes by.
#[derive(Debug, Clone, Args)]
pub(crate) struct RulesOptions {
    /// Signed trust list: whose proofs are accepted
    ///
    /// A file; a folder, such as a USB stick's, whose newest list counts (files that end in .cbor); or an https address, which is
    /// asked every quarter of an hour.
    #[arg(long, value_name = "SOURCE", conflicts_with = "issuer_key", value_parser = source())]
    pub(crate) trust: Option<Source>,

    /// Public key that must have signed the trust list, in place of the built-in sandbox root; may be repeated
    ///
    /// 65 bytes SEC1, or PEM.
    #[arg(long, value_name = "FILE", requires = "trust")]
    pub(crate) trust_root: Vec<PathBuf>,

    /// Trust this one public key and no list (for integration tests)
    ///
    /// 65 bytes SEC1, or PEM.
    #[arg(long, value_name = "FILE")]
    pub(crate) issuer_key: Option<PathBuf>,

    /// Signed status snapshot: what was revoked or suspended
    ///
    /// A file, a folder or an https address, as for the trust list.
    #[arg(long, value_name = "SOURCE", value_parser = source())]
    pub(crate) status: Option<Source>,

    /// Keep the newest good lists in this folder, and go by them while a source is missing, damaged or older
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keep: Option<PathBuf>,

    /// Believe only these authorities when lists are fetched, in place of the system's (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Which kind of counter this is; it decides how old lists may be
    #[arg(long, value_enum, default_value_t = Class::Commune)]
    pub(crate) class: Class,

    /// Take only proofs made for this counter, none made for anybody
    #[arg(long, requires = "counter")]
    pub(crate) named_only: bool,

    /// Take only proofs that show the photo
    #[arg(long)]
    pub(crate) require_photo: bool,

    /// Take only proofs of this purpose, such as age or id; may be repeated [default: all]
    #[arg(long, value_name = "PURPOSE", value_parser = parse_purpose)]
    pub(crate) accept: Vec<Purpose>,

    /// Accept proofs whose status is unknown
    #[arg(long)]
    pub(crate) allow_unknown_status: bool,

    /// Verify as of this time, in seconds since 1970 [default: the clock]
    #[arg(long, value_name = "UNIX")]
    pub(crate) at: Option<u32>,

    /// How far the phone's clock may be off, in seconds
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=90))]
    pub(crate) skew: u32,

    /// This counter's identifier, rp/…; proofs made for another counter are refused
    #[arg(long, value_name = "ID", value_parser = parse_counter)]
    pub(crate) counter: Option<String>,
}

/// The kind of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Class {
    /// Status lists up to 7 days old, trust lists up to 30: an office that has a network now and then
    Commune,
    /// Status lists up to 24 hours old, trust lists up to 7 days: where money or a patient depends on it
    Bank,
}

impl RulesOptions {
    /// What the counter takes.
    pub(crate) fn policy(&self) -> Policy {
        let (status_hours, trust_days) = match self.class {
            Class::Commune => (7 * 24, 30),
            Class::Bank => (24, 7),
        };
        Policy {
            skew_s: self.skew,
            counter: self.counter.clone(),
            accept_open: !self.named_only,
            accepted: self.accept.clone(),
            required: if self.require_photo { vec![Claim::Face] } else { Vec::new() },
            allow_unknown_status: self.allow_unknown_status,
            status_max_age_s: status_hours * 3_600,
            trust_max_age_s: trust_days * 86_400,
        }
    }
}

fn source() -> ValueParser {
    OsStringValueParser::new().try_map(Source::parse).into()
}

fn parse_purpose(text: &str) -> Result<Purpose, String> {
    Purpose::ALL.into_iter().find(|purpose| purpose.name() == text).ok_or_else(|| {
        let names: Vec<_> = Purpose::ALL.into_iter().map(Purpose::name).collect();
        format!("not one of {}", names.join(", "))
    })
}

fn parse_sheet(name: &str) -> Result<Sheet, &'static str> {
    let path = PathBuf::from(name);
    match path.extension().map(OsStr::to_ascii_lowercase).as_deref().and_then(OsStr::to_str) {
        Some("pdf") => Ok(Sheet::Pdf(path)),
        Some("svg") => Ok(Sheet::Svg(path)),
        _ => Err("the file's name must end in .pdf or .svg"),
    }
}

fn parse_claim(text: &str) -> Result<Claim, &'static str> {
    Claim::from_name(text).filter(|claim| *claim != Claim::Face).ok_or("no such claim")
}

/// A challenge given in hexadecimal.
#[derive(Debug, Clone)]
pub(crate) struct Nonce(pub(crate) Vec<u8>);

fn parse_nonce(text: &str) -> Result<Nonce, &'static str> {
    const REFUSED: &str = "not 8 to 32 bytes in hexadecimal";
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect::<Option<_>>()
        .ok_or(REFUSED)?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() || !(8..=32).contains(&pairs.len()) {
        return Err(REFUSED);
    }
    Ok(Nonce(pairs.iter().map(|[high, low]| high << 4 | low).collect()))
}

/// Proofs name their counter `rp/` and 1–40 characters of `[0-9A-Za-z._-]`.
fn parse_counter(text: &str) -> Result<String, &'static str> {
    if eid_proof::is_counter(text) {
        Ok(text.to_owned())
    } else {
        Err("not rp/ and 1 to 40 letters, digits, dots, dashes or underscores")
    }
}
