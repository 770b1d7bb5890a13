//! Requests under the data-protection law (yêu cầu của chủ thể dữ liệu): written, sent, and watched until they are answered or
//! their terms are missed.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::random;
use eid_model::{
    Code, Date, HolidayTable, Missed, RequestCourse, RequestDue, RequestKind, RequestTermTable, RequestText, UnixTime,
};
use eid_platform::{PlatformError, RequestProgress, SentRequest};
use eid_vault::{Act, Collection, HistoryEntry, Vault};
use serde::{Deserialize, Serialize};

use crate::{Error, Unlocked, ports::Event, record::Account, session::Session};

/// Requests that are kept at most; ended ones make room.
const MOST_REQUESTS: usize = 200;

/// A request and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRequest {
    /// Names it.
    pub id: String,
    /// What is asked for.
    pub kind: RequestKind,
    /// In words.
    pub text: RequestText,
    /// How far it came.
    pub state: DataRequestState,
    /// When the citizen sent it; it may still wait for the network.
    pub sent_at: Option<UnixTime>,
    /// When the platform received it: the terms run from here.
    pub received_at: Option<UnixTime>,
    /// When it ended.
    pub ended_at: Option<UnixTime>,
    /// Until when answer and completion are due.
    pub due: Option<RequestDue>,
    /// The term that was missed.
    pub missed: Option<Missed>,
    /// Days since a term passed without what was due.
    pub days_overdue: u32,
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataRequestState {
    /// Being written (bản nháp); nothing was sent.
    Draft,
    /// To be sent at the next contact.
    Queued,
    /// Received, not answered yet.
    Received,
    /// Answered: it says how the request will be carried out.
    Answered,
    /// Its term was extended.
    Extended,
    /// Done.
    Done,
    /// Refused.
    Refused,
}

/// What the store keeps of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    id: String,
    kind: RequestKind,
    text: RequestText,
    #[serde(default)]
    sent_at: Option<UnixTime>,
    #[serde(default)]
    progress: Option<RequestProgress>,
}

impl Unlocked {
    /// Keeps a request that is being written: a new one, or the draft `id` in other words. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::Model`] for words that are missing, too long, or hide something; [`Error::DataRequestUnknown`],
    /// [`Error::DataRequestSent`], [`Error::ListFull`]; [`Error::Vault`], [`Error::Locked`].
    pub async fn draft_data_request(
        &self,
        id: Option<String>,
        kind: RequestKind,
        text: &str,
    ) -> Result<DataRequest, Error> {
        let text = RequestText::parse_for(kind, text)?;
        let session = self.session()?;
        let now = session.inner.now()?;
        let new = URL_SAFE_NO_PAD.encode(random::<16>(&*session.inner.ports.random)?);
        let write = move |vault: &mut Vault| {
            match &id {
                Some(id) => find_draft(vault, id).map(drop)?,
                None => make_room(vault)?,
            }
            let stored = Stored { id: id.unwrap_or(new), kind, text, sent_at: None, progress: None };
            vault.put(Collection::DataRequest, &stored.id, &stored)?;
            stored.view(now)
        };
        session.vault(write).await
    }

    /// Throws a draft away.
    ///
    /// # Errors
    /// [`Error::DataRequestUnknown`], [`Error::DataRequestSent`]; [`Error::Vault`], [`Error::Locked`].
    pub async fn discard_data_request(&self, id: &str) -> Result<(), Error> {
        let id = id.to_owned();
        let discard = move |vault: &mut Vault| {
            find_draft(vault, &id)?;
            vault.erase(Collection::DataRequest, &id)?;
            Ok(())
        };
        self.session()?.vault(discard).await
    }

    /// Sends a draft. Without a network it waits for the next contact: what is given back says which. Sending again changes
    /// nothing.
    ///
    /// # Errors
    /// [`Error::DataRequestUnknown`]; [`Error::Platform`] if the platform refuses it, [`Error::Vault`], [`Error::Locked`].
    pub async fn send_data_request(&self, id: &str) -> Result<DataRequest, Error> {
        let session = self.session()?;
        let (account, now) = (session.account().await?, session.inner.now()?);
        let (wanted, counterpart) = (id.to_owned(), account.issuer.clone());
        let queue = move |vault: &mut Vault| {
            let mut stored = find(vault, &wanted)?;
            if stored.sent_at.is_none() {
                stored.sent_at = Some(now);
                let entry = stored.entry(Act::Requested, counterpart, None, now);
                vault.transaction(|vault| {
                    vault.put(Collection::DataRequest, &stored.id, &stored)?;
                    vault.append_history(&entry).map(drop)
                })?;
            }
            Ok(())
        };
        session.vault(queue).await?;
        session.tell(&[Event::HistoryChanged]);
        match session.send_data_requests(&account).await {
            Err(error @ Error::Platform(PlatformError::Refused { .. })) => return Err(error),
            // It waits.
            Err(Error::Platform(_)) => {}
            other => other?,
        }
        let wanted = id.to_owned();
        session.vault(move |vault| find(vault, &wanted)?.view(now)).await
    }

    /// The requests, in the order in which they were begun, with what is due and what was missed by today.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Locked`].
    pub async fn data_requests(&self) -> Result<Vec<DataRequest>, Error> {
        let session = self.session()?;
        let now = session.inner.now()?;
        session.vault(move |vault| load(vault)?.iter().map(|stored| stored.view(now)).collect()).await
    }

    /// Sends what waits and asks the platform how the open requests stand, which asks for [`Self::sign_in`] before. Also a part of
    /// [`Self::refill_credentials`], which only sends unless the citizen is signed in.
    ///
    /// # Errors
    /// [`Error::SignInNeeded`] after all was sent; [`Error::Platform`], [`Error::Vault`], [`Error::Locked`].
    pub async fn renew_data_requests(&self) -> Result<(), Error> {
        let session = self.session()?;
        let account = session.account().await?;
        session.renew_data_requests(&account).await
    }
}

impl Session {
    /// Sends what waits and learns how open requests stand; makes no request if there is none.
    pub(crate) async fn renew_data_requests(self: &Arc<Self>, account: &Account) -> Result<(), Error> {
        self.send_data_requests(account).await?;
        if !self.vault(|vault| Ok(load(vault)?.iter().any(Stored::is_open))).await? {
            return Ok(());
        }
        let now = self.inner.now()?;
        let access = self.access_signed_in(account, now).await?;
        let progress = self.inner.platform.data_requests(&access, &self.device_key(account), now).await;
        drop(access);
        let progress = self.accepted_signed_in(progress).await?;
        let counterpart = account.issuer.clone();
        let changed = self.vault(move |vault| take_progress(vault, progress, &counterpart, now));
        if changed.await? {
            self.tell(&[Event::HistoryChanged]);
        }
        Ok(())
    }

    async fn send_data_requests(self: &Arc<Self>, account: &Account) -> Result<(), Error> {
        let waiting = self.vault(|vault| Ok(load(vault)?.into_iter().filter(Stored::is_queued).collect::<Vec<_>>()));
        for stored in waiting.await? {
            let now = self.inner.now()?;
            let request = SentRequest { id: stored.id.clone(), kind: stored.kind, text: stored.text };
            let access = self.access(account, now).await?;
            let device = self.device_key(account);
            let sent = self.inner.platform.send_data_request(&access, &request, &device, now).await;
            drop(access);
            let received_at = self.accepted(sent).await?;
            self.vault(move |vault| {
                let mut stored = find(vault, &request.id)?;
                stored.progress.get_or_insert(RequestProgress {
                    id: request.id.clone(),
                    received_at,
                    others_involved: false,
                    answered_at: None,
                    extended_at: None,
                    ended_at: None,
                    refused: false,
                });
                Ok(vault.put(Collection::DataRequest, &request.id, &stored)?)
            })
            .await?;
        }
        Ok(())
    }
}

/// Stores what is new; an end leaves an entry. True if there was one.
fn take_progress(
    vault: &mut Vault,
    progress: Vec<RequestProgress>,
    counterpart: &str,
    now: UnixTime,
) -> Result<bool, Error> {
    let mut noted = false;
    for progress in progress {
        let Some(mut stored) = vault.find::<Stored>(Collection::DataRequest, &progress.id)? else { continue };
        if stored.is_ended() || stored.progress.as_ref() == Some(&progress) {
            continue;
        }
        let result = progress.refused.then_some(Code::DATA_REQUEST_REFUSED);
        stored.progress = Some(progress);
        let entry = stored.entry(Act::Answered, counterpart.to_owned(), result, now);
        let ended = stored.is_ended();
        vault.transaction(|vault| -> Result<(), Error> {
            vault.put(Collection::DataRequest, &stored.id, &stored)?;
            if ended {
                vault.append_history(&entry)?;
            }
            Ok(())
        })?;
        noted |= ended;
    }
    Ok(noted)
}

impl Stored {
    fn is_queued(&self) -> bool {
        self.sent_at.is_some() && self.progress.is_none()
    }

    fn is_open(&self) -> bool {
        self.progress.as_ref().is_some_and(|progress| progress.ended_at.is_none())
    }

    fn is_ended(&self) -> bool {
        self.progress.as_ref().is_some_and(|progress| progress.ended_at.is_some())
    }

    fn state(&self) -> DataRequestState {
        match &self.progress {
            None if self.sent_at.is_none() => DataRequestState::Draft,
            None => DataRequestState::Queued,
            Some(RequestProgress { ended_at: Some(_), refused: true, .. }) => DataRequestState::Refused,
            Some(RequestProgress { ended_at: Some(_), .. }) => DataRequestState::Done,
            Some(RequestProgress { extended_at: Some(_), .. }) => DataRequestState::Extended,
            Some(RequestProgress { answered_at: Some(_), .. }) => DataRequestState::Answered,
            Some(_) => DataRequestState::Received,
        }
    }

    fn view(&self, now: UnixTime) -> Result<DataRequest, Error> {
        let today = now.date_in_vietnam()?;
        let course = self.progress.as_ref().map(|progress| course(self.kind, progress)).transpose()?;
        let due =
            course.map(|course| course.due(RequestTermTable::embedded(), HolidayTable::embedded())).transpose()?;
        let terms = course.zip(due);
        Ok(DataRequest {
            id: self.id.clone(),
            kind: self.kind,
            text: self.text.clone(),
            state: self.state(),
            sent_at: self.sent_at,
            received_at: self.progress.as_ref().map(|progress| progress.received_at),
            ended_at: self.progress.as_ref().and_then(|progress| progress.ended_at),
            due,
            missed: terms.and_then(|(course, due)| course.missed(&due, today)),
            days_overdue: terms.map_or(0, |(course, due)| course.days_overdue(&due, today)),
        })
    }

    fn entry(&self, act: Act, counterpart: String, result: Option<Code>, now: UnixTime) -> HistoryEntry {
        let purpose = self.kind.name().to_owned();
        HistoryEntry { at: now.seconds(), act, counterpart, fields: Vec::new(), purpose, result }
    }
}

/// The same by days in Vietnam.
fn course(kind: RequestKind, progress: &RequestProgress) -> Result<RequestCourse, Error> {
    let day =
        |at: Option<UnixTime>| -> Result<Option<Date>, Error> { Ok(at.map(UnixTime::date_in_vietnam).transpose()?) };
    Ok(RequestCourse {
        kind,
        others_involved: progress.others_involved,
        received: progress.received_at.date_in_vietnam()?,
        answered: day(progress.answered_at)?,
        extended: day(progress.extended_at)?,
        ended: day(progress.ended_at)?,
    })
}

fn make_room(vault: &Vault) -> Result<(), Error> {
    let all = load(vault)?;
    if all.len() >= MOST_REQUESTS {
        let oldest = all.iter().find(|stored| stored.is_ended()).ok_or(Error::ListFull)?;
        vault.remove(Collection::DataRequest, &oldest.id)?;
    }
    Ok(())
}

fn find(vault: &Vault, id: &str) -> Result<Stored, Error> {
    vault.find(Collection::DataRequest, id)?.ok_or(Error::DataRequestUnknown)
}

fn find_draft(vault: &Vault, id: &str) -> Result<Stored, Error> {
    let stored = find(vault, id)?;
    if stored.sent_at.is_some() { Err(Error::DataRequestSent) } else { Ok(stored) }
}

fn load(vault: &Vault) -> Result<Vec<Stored>, Error> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = vault.list::<Stored>(Collection::DataRequest, after, 50)?;
        all.extend(page.items.into_iter().map(|(_, stored)| stored));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}
