//! The feed of what authorities say: records, their end, and steps of updates, each signed by its authority.

use core::fmt;
use std::io::Read as _;

use eid_model::{Pid, UnixTime, bounded_line};
use eid_record::{
    Form, Path, RecordKind,
    update::{Asked, Reason, Says},
};
use flate2::read::GzDecoder;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    AccessToken, Configuration, Cursor, Flaw, MAX_ANSWER, PlatformClient, PlatformError, RequestSigner, client::JSON,
    detached::Detached, http::Expected, json::parse_object,
};

/// Changes that a page has at most.
const MOST_CHANGES: usize = 500;

/// The longest note of an authority, in characters.
const LONGEST_NOTE: usize = 500;

/// What the feed has beyond a cursor.
#[derive(Debug)]
pub enum Feed {
    /// Nothing.
    Unchanged,
    /// Something; the first part of it.
    Page(RecordPage),
}

/// A part of the feed, in the platform's order.
#[derive(Debug)]
pub struct RecordPage {
    /// What changed; nothing of it is verified yet.
    pub changes: Vec<SignedChange>,
    /// From where to go on: to be stored together with what the page says.
    pub next: Cursor,
    /// True if there is more beyond it now.
    pub more: bool,
}

/// What an authority says, not verified yet. `Debug` does not show it.
pub struct SignedChange {
    what: Option<(What, Box<RawValue>)>,
    signature: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Record,
    Gone,
    Step,
}

impl What {
    const fn typ(self) -> &'static str {
        match self {
            Self::Record => "eid-record+jwt",
            Self::Gone => "eid-record-gone+jwt",
            Self::Step => "eid-update-step+jwt",
        }
    }
}

/// What an authority said, of this person, by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A record as it is now.
    Record(RecordReport),
    /// A record that is no more.
    Gone(RecordGone),
    /// A step of an update.
    Step(UpdateStep),
}

/// A record as its authority has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordReport {
    /// The kind.
    pub kind: RecordKind,
    /// Which record: graphic ASCII, 1–64 characters.
    pub id: String,
    /// The authority's code: the one that keeps the kind.
    pub authority: String,
    /// Since when it is so. It rises with each change of the record; who keeps records refuses what is not newer.
    pub as_of: UnixTime,
    /// A code of the table `record_status`, or one that this version does not know.
    pub status: String,
    /// What it says.
    pub form: Form,
}

/// The end of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordGone {
    /// The kind.
    pub kind: RecordKind,
    /// Which record.
    pub id: String,
    /// The authority's code.
    pub authority: String,
    /// Since when.
    pub as_of: UnixTime,
}

/// What an authority says about an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateStep {
    /// The kind.
    pub kind: RecordKind,
    /// The record that the update is of.
    pub record: String,
    /// The update's key. Whether this phone has such an update is for the caller to see.
    pub update: String,
    /// Which round it answers.
    pub round: u32,
    /// Its number.
    pub step: u32,
    /// When it was said.
    pub at: UnixTime,
    /// What.
    pub says: Says,
    /// Of one that was accepted: why a part of it was not.
    pub left_out: Option<Reason>,
}

#[derive(Deserialize)]
struct PageAnswer {
    changes: Vec<ChangeEntry>,
    next: Cursor,
    more: bool,
}

#[derive(Deserialize)]
struct ChangeEntry {
    #[serde(default)]
    record: Option<Box<RawValue>>,
    #[serde(default)]
    gone: Option<Box<RawValue>>,
    #[serde(default)]
    step: Option<Box<RawValue>>,
    signature: String,
}

impl From<ChangeEntry> for SignedChange {
    fn from(entry: ChangeEntry) -> Self {
        let what = match (entry.record, entry.gone, entry.step) {
            (Some(json), None, None) => Some((What::Record, json)),
            (None, Some(json), None) => Some((What::Gone, json)),
            (None, None, Some(json)) => Some((What::Step, json)),
            // Something newer, or a mixture: not to be believed, but the rest of the page is.
            _ => None,
        };
        Self { what, signature: entry.signature }
    }
}

impl fmt::Debug for SignedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedChange(…)")
    }
}

/// What is read before the signature is checked: whose it would have to be.
#[derive(Deserialize)]
struct Head {
    pid: Pid,
    kind: RecordKind,
    authority: String,
}

#[derive(Deserialize)]
struct RecordClaims {
    id: String,
    as_of: UnixTime,
    status: String,
    form: Form,
}

#[derive(Deserialize)]
struct GoneClaims {
    id: String,
    as_of: UnixTime,
}

#[derive(Deserialize)]
struct StepClaims {
    record: String,
    update: String,
    round: u32,
    step: u32,
    at: UnixTime,
    says: Word,
    #[serde(default)]
    due_at: Option<UnixTime>,
    #[serde(default)]
    reason: Option<ReasonClaims>,
    #[serde(default)]
    appeal_until: Option<UnixTime>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Checking,
    Supplement,
    Accepted,
    Refused,
}

#[derive(Deserialize)]
struct ReasonClaims {
    code: u16,
    #[serde(default)]
    path: Option<Path>,
    #[serde(default)]
    note: Option<String>,
}

impl From<ReasonClaims> for Reason {
    fn from(ReasonClaims { code, path, note }: ReasonClaims) -> Self {
        // A note that hides something is left out: the reason stands without it.
        let note = note.and_then(|note| bounded_line(&note, LONGEST_NOTE)).filter(|note| !note.is_empty());
        Self { code, path, note }
    }
}

impl SignedChange {
    /// Checks that it is about this person, that its authority is the one that keeps the kind, and the authority's signature.
    ///
    /// # Errors
    /// What makes it unbelievable: [`Flaw::Shape`], [`Flaw::Subject`], [`Flaw::Authority`], [`Flaw::TokenForm`],
    /// [`Flaw::TokenType`] or [`Flaw::Signature`].
    pub fn verify(&self, configuration: &Configuration, pid: &Pid) -> Result<Change, Flaw> {
        let (what, json) = self.what.as_ref().ok_or(Flaw::Shape)?;
        let head: Head = read(json)?;
        if head.pid != *pid {
            return Err(Flaw::Subject);
        }
        let keeps = head.kind.definition().authority() == head.authority;
        if !keeps || configuration.authority_keys(&head.authority).next().is_none() {
            return Err(Flaw::Authority);
        }
        let keys = configuration.authority_keys(&head.authority);
        Detached::parse(&self.signature)?.verify(what.typ(), json.get().as_bytes(), keys)?;
        match what {
            What::Record => record(head, read(json)?).map(Change::Record),
            What::Gone => gone(head, read(json)?).map(Change::Gone),
            What::Step => step(&head, read(json)?).map(Change::Step),
        }
    }
}

fn record(Head { kind, authority, .. }: Head, claims: RecordClaims) -> Result<RecordReport, Flaw> {
    let RecordClaims { id, as_of, status, form } = claims;
    let is_status = (1..=40).contains(&status.len()) && status.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let fits = is_identifier(&id) && is_status;
    fits.then_some(RecordReport { kind, id, authority, as_of, status, form }).ok_or(Flaw::Shape)
}

fn gone(Head { kind, authority, .. }: Head, GoneClaims { id, as_of }: GoneClaims) -> Result<RecordGone, Flaw> {
    is_identifier(&id).then_some(RecordGone { kind, id, authority, as_of }).ok_or(Flaw::Shape)
}

fn step(head: &Head, claims: StepClaims) -> Result<UpdateStep, Flaw> {
    let StepClaims { record, update, round, step, at, says, due_at, reason, appeal_until } = claims;
    let reason = reason.map(Reason::from);
    let left_out = reason.clone().filter(|_| says == Word::Accepted);
    let says = match says {
        Word::Checking => Says::Checking { due_at },
        Word::Supplement => {
            Says::Supplement(Asked { reason: reason.ok_or(Flaw::Shape)?, due_at: due_at.ok_or(Flaw::Shape)? })
        }
        Word::Accepted => Says::Accepted,
        Word::Refused => Says::Refused { reason: reason.ok_or(Flaw::Shape)?, appeal_until },
    };
    let fits = is_identifier(&record) && is_identifier(&update);
    fits.then_some(UpdateStep { kind: head.kind, record, update, round, step, at, says, left_out }).ok_or(Flaw::Shape)
}

fn read<T: DeserializeOwned>(json: &RawValue) -> Result<T, Flaw> {
    parse_object(json.get().as_bytes()).map_err(|_| Flaw::Shape)
}

fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Reads a page of the feed, as it is or compressed with gzip (`encoding`, the header `Content-Encoding`); what comes out is
/// bounded like any answer.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_record_page(body: &[u8], encoding: Option<&str>) -> Result<RecordPage, PlatformError> {
    let inflated = match encoding {
        None | Some("identity") => None,
        Some("gzip") => Some(inflate(body)?),
        Some(_) => return Err(PlatformError::Nonsense(Flaw::MediaType)),
    };
    let PageAnswer { changes, next, more } = parse_object(inflated.as_deref().unwrap_or(body))?;
    // A page without a change that says there is more would be asked for for ever.
    if changes.len() > MOST_CHANGES || (more && changes.is_empty()) {
        return Err(PlatformError::Nonsense(Flaw::Count));
    }
    Ok(RecordPage { changes: changes.into_iter().map(SignedChange::from).collect(), next, more })
}

/// Decompresses, and stops as soon as it is more than any answer may be.
fn inflate(body: &[u8]) -> Result<Vec<u8>, PlatformError> {
    let mut out = Vec::new();
    let limit = u64::try_from(MAX_ANSWER).unwrap_or(u64::MAX).saturating_add(1);
    GzDecoder::new(body).take(limit).read_to_end(&mut out).map_err(|_| PlatformError::Nonsense(Flaw::Shape))?;
    if out.len() > MAX_ANSWER { Err(PlatformError::Nonsense(Flaw::TooLarge)) } else { Ok(out) }
}

#[derive(Deserialize)]
struct RefreshAnswer {
    due_at: UnixTime,
}

/// # Errors of every call
/// As of every call of [`PlatformClient`].
impl PlatformClient {
    /// What authorities said since the cursor, or all of it: one page. Asking again costs nothing while there is nothing new.
    ///
    /// # Errors
    /// See the head of this block; [`PlatformError::Refused`] with [`eid_model::Code::CURSOR_UNKNOWN`] if all has to be asked for
    /// anew.
    pub async fn records(
        &self,
        token: &AccessToken,
        after: Option<&Cursor>,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Feed, PlatformError> {
        // A cursor has no character that a query would have to escape.
        let path = after.map_or("/v1/records".to_owned(), |after| format!("/v1/records?after={}", after.as_str()));
        let mut request = self.http.client.get(self.http.url(&path)).header("Accept-Encoding", "gzip");
        if let Some(after) = after {
            request = request.header("If-None-Match", format!("\"{}\"", after.as_str()));
        }
        let expected = Expected::one(200, JSON).or(&[304]);
        let answer = self.repeat_in_session(request, expected, token, device, now).await?;
        if answer.status == 304 {
            return Ok(Feed::Unchanged);
        }
        let page = parse_record_page(&answer.body, answer.header("content-encoding"))?;
        let stands_still = page.more && Some(&page.next) == after;
        if stands_still { Err(PlatformError::Nonsense(Flaw::Count)) } else { Ok(Feed::Page(page)) }
    }

    /// Has the authority asked anew for a kind; gives by when its answer is due in the feed. Asked again soon after, it is the
    /// same time.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn refresh_records(
        &self,
        token: &AccessToken,
        kind: RecordKind,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<UnixTime, PlatformError> {
        let request = self.post(&format!("/v1/records/{}/refresh", kind.name()));
        let answer = self.repeat_in_session(request, Expected::one(202, JSON), token, device, now).await?;
        Ok(parse_object::<RefreshAnswer>(&answer.body)?.due_at)
    }
}

#[cfg(test)]
mod tests;
