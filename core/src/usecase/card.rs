//! Reading the identity card (đọc thẻ căn cước) over the phone's reader, and judging it: early, and with a reason for each thing
//! that can be wrong. The platform judges again.

use core::{fmt, future::Future, time::Duration};
use std::sync::Arc;

use eid_chip::{
    Access, Can, ChipError, MrzKey,
    cross_check::Declared,
    judge::Presented,
    pa::{Strength, TrustList},
    reader::{ChipEvidence, ChipProfile, Config, FileId, Reader, Step},
};
use eid_crypto::SecretBytes;
use eid_model::{PartialDate, Pid};
use eid_platform::{CardUpload, Configuration};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

use crate::{
    Error,
    app::Inner,
    ports::{ChipLimits, ChipLink, ChipLinkError, Event, MAX_RESPONSE},
    task::to_end,
};

/// What opens the card's chip. What is printed on a card stays out of logs.
#[derive(Clone, PartialEq, Eq)]
pub enum CardAccess {
    /// The personal number that the activation began with: its last six digits are the access number of a Vietnamese card.
    PersonalNumber,
    /// The card access number: six digits.
    Can(String),
    /// The machine-readable lines: document number (nine characters of a Vietnamese card), birth date and day of expiry, as
    /// `YYMMDD`.
    Mrz {
        /// Document number.
        number: String,
        /// Birth date.
        birth: String,
        /// Day of expiry.
        expiry: String,
    },
}

/// How far the reading of a card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardProgress {
    /// File bytes that are here.
    pub done: usize,
    /// File bytes in all; an estimate at first.
    pub expected: usize,
    /// The card has to be held against the phone, at first or again.
    pub waiting: bool,
}

/// What a reading gave.
pub(crate) struct CardRead {
    pub(crate) outcome: Result<(CardUpload, Option<PartialDate>), Error>,
    /// What was learnt about the chip, also when it came to nothing.
    pub(crate) profile: ChipProfile,
}

/// How long a card is waited for, at first and when it was lost, in milliseconds.
const FIRST_WAIT_MS: u32 = 45_000;
const LOST_WAIT_MS: u32 = 20_000;
/// How long a reading may take in all.
const READING: Duration = Duration::from_secs(180);
/// How much longer than it was told to the port may take before the link counts as lost.
const GRACE: Duration = Duration::from_secs(6);
/// Between two tries to connect to a card that does not lie still.
const PAUSE: Duration = Duration::from_millis(50);

/// What the chip is opened and asked with.
pub(crate) struct CardTask {
    pub(crate) access: CardAccess,
    pub(crate) challenge: [u8; 8],
    pub(crate) profile: ChipProfile,
    pub(crate) pid: Pid,
    pub(crate) trust: TrustList,
}

impl fmt::Debug for CardAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PersonalNumber => "PersonalNumber",
            Self::Can(_) => "Can(…)",
            Self::Mrz { .. } => "Mrz(…)",
        })
    }
}

impl CardAccess {
    fn to_access(&self, pid: &Pid) -> Result<Access, ChipError> {
        Ok(match self {
            Self::PersonalNumber => Access::Can(Can::parse(pid.last_six())?),
            Self::Can(digits) => Access::Can(Can::parse(digits)?),
            Self::Mrz { number, birth, expiry } => Access::Mrz(MrzKey::new(number, birth, expiry)?),
        })
    }
}

impl Inner {
    /// The states whose cards are believed, by the platform's signed configuration.
    pub(crate) fn chip_trust(&self, configuration: &Configuration) -> Result<TrustList, Error> {
        let now = self.now()?;
        let mut trust = TrustList::default();
        for certificate in &configuration.csca {
            trust.pin(certificate)?;
        }
        for list in &configuration.crls {
            trust.add_revocation_list(list, now, Strength::Present)?;
        }
        Ok(trust)
    }

    /// Reads a card and judges it. Runs by itself: when the caller goes away the reading ends, and so does the reader's session.
    pub(crate) async fn read_card(self: &Arc<Self>, task: CardTask) -> Result<CardRead, Error> {
        let link = self.ports.chip.clone().ok_or(ChipLinkError::Unavailable)?;
        let inner = Arc::clone(self);
        // Dropped with the caller.
        let (_caller, gone) = oneshot::channel::<()>();
        let work = async move {
            let mut reading = Reading {
                inner: &inner,
                link: &*link,
                began: Instant::now(),
                last: None,
                profile: task.profile.clone(),
            };
            let outcome = tokio::select! {
                biased;
                _ = gone => Err(ChipLinkError::UserCancelled.into()),
                outcome = reading.run(&task) => outcome,
            };
            let profile = reading.profile;
            inner.front.set_progress(None);
            // A session that does not end is the phone's to close.
            timeout(GRACE, link.end_session(outcome.is_ok())).await.ok();
            Ok(CardRead { outcome, profile })
        };
        to_end(work).await
    }
}

/// One reading.
struct Reading<'a> {
    inner: &'a Arc<Inner>,
    link: &'a dyn ChipLink,
    began: Instant,
    /// What was told last.
    last: Option<CardProgress>,
    profile: ChipProfile,
}

impl Reading<'_> {
    async fn run(&mut self, task: &CardTask) -> Result<(CardUpload, Option<PartialDate>), Error> {
        let access = task.access.to_access(&task.pid)?;
        let limits = self.connect(FIRST_WAIT_MS).await?;
        let config = Config {
            access,
            challenge: task.challenge,
            files: FileId::IDENTITY.to_vec(),
            max_command: length(limits.max_command),
            max_response: length(limits.max_response),
            profile: self.profile.clone(),
        };
        let mut reader = Reader::new(config, Arc::clone(&self.inner.ports.random));
        let evidence = self.exchange(&mut reader).await;
        self.profile = reader.profile().clone();
        self.judge(&evidence?, task)
    }

    async fn exchange(&mut self, reader: &mut Reader) -> Result<ChipEvidence, Error> {
        loop {
            match reader.next()? {
                Step::Send { apdu, timeout_ms } => {
                    let sent = Instant::now();
                    match in_time(self.link.transceive(&apdu, timeout_ms), timeout_ms).await {
                        Ok(answer) => {
                            reader.feed(&answer, milliseconds(sent.elapsed()))?;
                        }
                        Err(ended @ (ChipLinkError::UserCancelled | ChipLinkError::Unavailable)) => {
                            return Err(ended.into());
                        }
                        Err(ChipLinkError::TagLost | ChipLinkError::Timeout | ChipLinkError::Malformed) => {
                            reader.link_lost();
                        }
                    }
                }
                Step::Wait { .. } => {
                    match self.connect(LOST_WAIT_MS).await {
                        Err(Error::ChipLink(ChipLinkError::Timeout)) => Err(ChipError::LinkLost.into()),
                        connected => connected,
                    }?;
                    reader.link_back();
                }
                Step::Progress(progress) => self.tell(progress.done, progress.expected, false),
                Step::Done(evidence) => return Ok(*evidence),
            }
        }
    }

    /// Waits for the card and connects to it, within the time that a reading may take.
    async fn connect(&mut self, wait_ms: u32) -> Result<ChipLimits, Error> {
        let (done, expected) = self.last.map_or((0, 0), |last| (last.done, last.expected));
        self.tell(done, expected, true);
        let (begun, most) = (Instant::now(), READING.saturating_sub(self.began.elapsed()));
        let wait = Duration::from_millis(wait_ms.into()).min(most);
        loop {
            let left = milliseconds(wait.saturating_sub(begun.elapsed()));
            if left == 0 {
                return Err(ChipLinkError::Timeout.into());
            }
            match in_time(self.link.connect(left), left).await {
                Ok(limits) => {
                    self.tell(done, expected, false);
                    return Ok(limits);
                }
                Err(ChipLinkError::TagLost | ChipLinkError::Malformed) => tokio::time::sleep(PAUSE).await,
                Err(ended) => return Err(ended.into()),
            }
        }
    }

    fn judge(&self, evidence: &ChipEvidence, task: &CardTask) -> Result<(CardUpload, Option<PartialDate>), Error> {
        let now = self.inner.now()?;
        let card = Presented::read(evidence);
        card.judge(&task.trust, now).accept()?;
        let asked = Declared { pid: task.pid, name: None, birth: None, sex: None };
        let holder = card.identify(&asked, now.date_in_vietnam()?)?;
        let birth = holder.data.birth();
        let file = |id| Ok(SecretBytes::new(evidence.file(id).ok_or(ChipError::FileRefused)?.to_vec()));
        let files: Result<Vec<_>, Error> =
            [FileId::Sod, FileId::Dg1, FileId::Dg2, FileId::Dg13, FileId::Dg14, FileId::Dg15]
                .into_iter()
                .map(file)
                .collect();
        let files = files?.try_into().map_err(|_| Error::Internal)?;
        let proof = evidence.active_proof.as_ref().ok_or(ChipError::ActiveAuthenticationFailed)?;
        Ok((CardUpload { files, active_signature: proof.signature.clone() }, birth))
    }

    /// Says how far it is, if that is news.
    fn tell(&mut self, done: usize, expected: usize, waiting: bool) {
        let progress = CardProgress { done, expected, waiting };
        self.last = Some(progress);
        if self.inner.front.set_progress(Some(progress)) {
            self.inner.tell(&[Event::CardProgress]);
        }
    }
}

/// The port's answer, or that it took too long.
async fn in_time<T>(answer: impl Future<Output = Result<T, ChipLinkError>>, limit_ms: u32) -> Result<T, ChipLinkError> {
    let limit = Duration::from_millis(limit_ms.into()).saturating_add(GRACE);
    timeout(limit, answer).await.unwrap_or(Err(ChipLinkError::Timeout))
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

fn length(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(MAX_RESPONSE).min(MAX_RESPONSE)
}
