//! Reading any card that speaks the wire protocol of vpcd.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use eid_chip::{
    Access, ChipError, Cipher, Mapping,
    judge::Subject,
    lds::DataGroup,
    pa::{Sod, TrustList},
    reader::{ChipEvidence, ChipProfile, Config, FileId, Opened, Reader, Step},
};
use eid_crypto::{Random, random};
use eid_model::UnixTime;
use serde::Serialize;

use super::{
    Check, Verdict, judge,
    vpcd::{self, Message},
};
use crate::SandboxError;

/// The longest message of the protocol.
const LONGEST: usize = 65_535;
const POLL: Duration = Duration::from_millis(10);
/// How long a card that was lost is waited for.
const BACK: Duration = Duration::from_secs(30);

/// A reader without a card yet.
#[derive(Debug)]
pub struct CardReader {
    listener: TcpListener,
    /// How long to wait for a card at first.
    patience: Duration,
}

/// What to read, and whom to believe.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// What opens the card.
    pub access: Access,
    /// The files in their order; none to open the card only.
    pub files: &'a [FileId],
    /// The states that may sign.
    pub trust: &'a TrustList,
    /// The time at which certificates have to be valid.
    pub now: UnixTime,
}

/// What was read.
#[derive(Debug, Clone, Serialize)]
pub struct CardReport {
    /// The protocol that opened the card: `BAC`, or `PACE-` with key agreement, mapping and cipher, then the curve or group.
    pub access: Option<String>,
    /// Its number among the standardised domain parameters; none for BAC.
    pub domain: Option<u8>,
    /// The code of what ended the reading before its end.
    pub error: Option<u16>,
    /// The files, in the order of reading.
    pub files: Vec<FileReport>,
    /// Files that the card does not hand out, with its status word in hexadecimal.
    pub refused: Vec<(String, String)>,
    /// The verdicts.
    pub checks: Vec<Check>,
    /// Commands sent.
    pub apdus: usize,
    /// Of these, answered under a right checksum.
    pub secured: usize,
    /// Bytes of all commands.
    pub bytes_sent: usize,
    /// Bytes of all answers.
    pub bytes_received: usize,
    /// How often the card was lost.
    pub losses: usize,
    /// From the first command to the last answer, in milliseconds.
    pub elapsed_ms: u64,
    /// Of these, waiting for answers.
    pub card_ms: u64,
}

/// A file that was read.
#[derive(Debug, Clone, Serialize)]
pub struct FileReport {
    /// Its name.
    pub file: String,
    /// Its length.
    pub bytes: usize,
}

impl CardReader {
    /// Listens for cards.
    ///
    /// # Errors
    /// [`SandboxError::Io`] when the address is taken.
    pub fn bind(address: impl ToSocketAddrs, patience: Duration) -> Result<Self, SandboxError> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, patience })
    }

    /// Where cards connect to.
    ///
    /// # Errors
    /// [`SandboxError::Io`].
    pub fn local_address(&self) -> Result<SocketAddr, SandboxError> {
        Ok(self.listener.local_addr()?)
    }

    /// Waits for a card and reads it. What is wrong with the card stands in the report.
    ///
    /// # Errors
    /// [`SandboxError::Io`] when no card comes.
    pub fn read(&self, wanted: Wanted<'_>, rng: Arc<dyn Random>) -> Result<CardReport, SandboxError> {
        let config = Config {
            access: wanted.access,
            challenge: random(&*rng)?,
            files: wanted.files.to_vec(),
            max_command: LONGEST,
            max_response: LONGEST,
            profile: ChipProfile::default(),
        };
        let mut reader = Reader::new(config, rng).reading_whatever_is_there();
        let mut link = Link { reader: self, stream: Some(self.wait(self.patience)?) };
        let started = monotonic();
        let outcome = link.run(&mut reader);
        let elapsed = milliseconds(started);
        let mut report = CardReport::new(&reader, elapsed);
        match outcome {
            Ok(evidence) => {
                let checks =
                    if wanted.files.is_empty() { Vec::new() } else { check(&evidence, wanted.trust, wanted.now) };
                report.add(&evidence, checks);
            }
            Err(error) => report.error = Some(error.code().number()),
        }
        Ok(report)
    }

    /// Waits for a card and asks for its ATR.
    fn wait(&self, patience: Duration) -> io::Result<TcpStream> {
        let started = monotonic();
        loop {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    stream.set_nonblocking(false)?;
                    stream.set_nodelay(true)?;
                    stream.set_read_timeout(Some(patience))?;
                    Message::PowerOn.send(&mut stream)?;
                    Message::Atr.send(&mut stream)?;
                    vpcd::receive(&mut stream)?;
                    return Ok(stream);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && started.elapsed() < patience => {
                    thread::sleep(POLL);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

struct Link<'a> {
    reader: &'a CardReader,
    stream: Option<TcpStream>,
}

impl Link<'_> {
    fn run(&mut self, reader: &mut Reader) -> Result<ChipEvidence, ChipError> {
        loop {
            match reader.next()? {
                Step::Send { apdu, timeout_ms } => {
                    let sent = monotonic();
                    match self.exchange(apdu, timeout_ms) {
                        Ok(answer) => reader.feed(&answer, u32::try_from(milliseconds(sent)).unwrap_or(u32::MAX))?,
                        Err(_) => {
                            // An answer that comes late would be taken for the next one's.
                            self.stream = None;
                            reader.link_lost();
                        }
                    }
                }
                Step::Wait { .. } => {
                    let again = match &mut self.stream {
                        Some(stream) => Message::Reset.send(stream),
                        None => {
                            self.reader.wait(BACK.min(self.reader.patience)).map(|stream| self.stream = Some(stream))
                        }
                    };
                    again.map_err(|_| ChipError::LinkLost)?;
                    reader.link_back();
                }
                Step::Progress(_) => {}
                Step::Done(evidence) => return Ok(*evidence),
            }
        }
    }

    fn exchange(&mut self, apdu: Vec<u8>, timeout_ms: u32) -> io::Result<Vec<u8>> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stream.set_read_timeout(Some(Duration::from_millis(timeout_ms.into())))?;
        Message::Command(apdu).send(stream)?;
        vpcd::receive(stream)
    }
}

impl CardReport {
    fn new(reader: &Reader, elapsed_ms: u64) -> Self {
        let trace = reader.trace();
        Self {
            access: reader.opened().map(name_of),
            domain: reader.opened().and_then(|opened| match opened {
                Opened::Pace(info) => Some(info.domain.id()),
                Opened::Bac => None,
            }),
            error: None,
            files: Vec::new(),
            refused: Vec::new(),
            checks: Vec::new(),
            apdus: trace.len(),
            secured: trace.iter().filter(|entry| entry.secured).count(),
            bytes_sent: trace.iter().map(|entry| entry.sent).sum(),
            bytes_received: trace.iter().map(|entry| entry.received).sum(),
            losses: trace.iter().filter(|entry| entry.status.is_none()).count(),
            elapsed_ms,
            card_ms: trace.iter().map(|entry| u64::from(entry.elapsed_ms)).sum(),
        }
    }

    fn add(&mut self, evidence: &ChipEvidence, checks: Vec<Check>) {
        self.files =
            evidence.files.iter().map(|(id, bytes)| FileReport { file: file_name(*id), bytes: bytes.len() }).collect();
        self.refused = evidence.refused.iter().map(|(id, status)| (file_name(*id), format!("{status:04X}"))).collect();
        let verdict = if self.secured > 0 { Verdict::Passed } else { Verdict::NotPossible };
        self.checks = [Check { check: "secure messaging", verdict }].into_iter().chain(checks).collect();
    }

    /// Whether all was read, and nothing that was checked is wrong.
    pub fn is_good(&self) -> bool {
        self.error.is_none() && !self.checks.iter().any(|check| matches!(check.verdict, Verdict::Failed { .. }))
    }
}

/// The verdicts. Files are compared with the SOD also where its signature is not believed: then this says that they belong to
/// each other, and no more.
fn check(evidence: &ChipEvidence, trust: &TrustList, now: UnixTime) -> Vec<Check> {
    let mut checks = judge(evidence, trust, now);
    let believed = checks.iter().any(|check| check.check == "signature" && check.verdict == Verdict::Passed);
    let failed = |error: ChipError| Verdict::Failed { code: error.code().number() };
    match evidence.file(FileId::Sod).map(Sod::parse) {
        None => checks.push(Check { check: "signature", verdict: failed(ChipError::FileRefused) }),
        Some(Ok(sod)) if !believed => {
            let object = sod.security_object();
            for (id, bytes) in &evidence.files {
                let Some(group) = DataGroup::from_tag(id.tag()) else { continue };
                let verdict = match object.find(group) {
                    Some(hash) if hash == object.algorithm.digest(&[bytes]) => Verdict::Passed,
                    Some(_) => failed(ChipError::FileChanged(group)),
                    None => failed(ChipError::FileNotSigned(group)),
                };
                checks.push(Check { check: Subject::File(group).name(), verdict });
            }
        }
        Some(_) => {}
    }
    checks
}

/// As the documents of ICAO name it: `SOD`, `DG1`.
fn file_name(id: FileId) -> String {
    match id {
        FileId::CardSecurity => "CardSecurity".to_owned(),
        _ => format!("{id:?}").to_uppercase(),
    }
}

fn name_of(opened: &Opened) -> String {
    match opened {
        Opened::Bac => "BAC".to_owned(),
        Opened::Pace(info) => {
            let mapping = match info.mapping {
                Mapping::Generic => "GM",
                Mapping::Integrated => "IM",
                Mapping::ChipAuthentication => "CAM",
            };
            let (kind, parameters) = match info.domain {
                eid_chip::Domain::Ec(curve) => ("ECDH", curve.name()),
                eid_chip::Domain::Dh(group) => ("DH", group.name()),
            };
            let cipher = match info.cipher {
                Cipher::Des3 => "3DES",
                Cipher::Aes128 => "AES-128",
                Cipher::Aes192 => "AES-192",
                Cipher::Aes256 => "AES-256",
            };
            format!("PACE-{kind}-{mapping}-{cipher}, {parameters}")
        }
    }
}

impl fmt::Display for CardReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "access: {}", self.access.as_deref().unwrap_or("none"))?;
        for FileReport { file, bytes } in &self.files {
            writeln!(f, "file: {file}, {bytes} bytes")?;
        }
        for (file, status) in &self.refused {
            writeln!(f, "file: {file}, refused with {status}")?;
        }
        for Check { check, verdict } in &self.checks {
            match verdict {
                Verdict::Passed => writeln!(f, "check: {check}, passed")?,
                Verdict::Failed { code } => writeln!(f, "check: {check}, FAILED ({code})")?,
                Verdict::NotPossible => writeln!(f, "check: {check}, not possible with this card")?,
            }
        }
        if let Some(code) = self.error {
            writeln!(f, "reading ended: FAILED ({code})")?;
        }
        write!(
            f,
            "exchanges: {} commands, {} answered under a right checksum, {} bytes sent, {} received, card lost {} times, {} ms, of these {} for the card",
            self.apdus, self.secured, self.bytes_sent, self.bytes_received, self.losses, self.elapsed_ms, self.card_ms
        )
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the reading side measures how long a card takes; nothing else depends on it"
)]
fn monotonic() -> Instant {
    Instant::now()
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
