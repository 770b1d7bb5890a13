//! Looking after the history in the background, once after each unlocking: walking its chain, and dropping what has passed its
//! term. Each time a bounded number of entries, in slices, so that nobody waits for it.

use std::sync::{Arc, Weak};

use eid_model::UnixTime;
use eid_proof::TrustList;
use eid_vault::{Collection, HistoryMark, Vault, VaultError};

use crate::{
    Error,
    ports::Event,
    record::{StoredTrustList, TRUST_LIST},
    session::Session,
    store::repair_history,
    usecase::history::load_history_days,
};

/// Entries that are walked before another call may have the store.
const SLICE: u64 = 256;

/// Slices after one unlocking: 8192 entries. A longer history is walked on after the next one.
const SLICES: u64 = 32;

/// Pages of entries that are looked at, and dropped if they are too old, after one unlocking.
const OLD_PAGES: usize = 40;

/// Key of the point up to which the chain was walked, in the settings.
const MARK: &str = "history-mark";

/// Begins it. What fails is tried again after the next unlocking; it ends when the app is locked.
pub(crate) fn spawn(session: &Arc<Session>) {
    let session = Arc::downgrade(session);
    tokio::spawn(async move {
        // Nobody waits for an answer: damage is reported as a repair.
        walk(&session).await.ok();
        drop_old(&session).await.ok();
    });
}

async fn walk(session: &Weak<Session>) -> Result<(), Error> {
    open(session)?.vault(|vault| resume(vault)).await?;
    for _ in 0..SLICES {
        match open(session)?.vault(|vault| Ok(vault.verify_history_part(SLICE))).await? {
            Ok(false) => tokio::task::yield_now().await,
            Ok(true) => return open(session)?.vault(|vault| forget_mark(vault)).await,
            Err(VaultError::HistoryBroken { .. }) => return repair(session).await,
            Err(other) => return Err(other.into()),
        }
    }
    open(session)?.vault(|vault| Ok(vault.put(Collection::Setting, MARK, &vault.history_mark())?)).await
}

/// The session, unless the app was locked. This does not count as use.
fn open(session: &Weak<Session>) -> Result<Arc<Session>, Error> {
    session.upgrade().ok_or(Error::Locked)
}

fn resume(vault: &Vault) -> Result<(), Error> {
    match vault.find::<HistoryMark>(Collection::Setting, MARK) {
        Ok(Some(mark)) => vault.resume_history(&mark),
        Ok(None) | Err(VaultError::Damaged(_)) => {}
        Err(other) => return Err(other.into()),
    }
    Ok(())
}

/// The walk came to the end: the next one begins anew. Writes nothing if there is no mark.
fn forget_mark(vault: &Vault) -> Result<(), Error> {
    if !matches!(vault.find::<HistoryMark>(Collection::Setting, MARK), Ok(None)) {
        vault.remove(Collection::Setting, MARK)?;
    }
    Ok(())
}

async fn repair(session: &Weak<Session>) -> Result<(), Error> {
    let session = open(session)?;
    let now = session.inner.now()?;
    let repairs = session.vault(move |vault| {
        forget_mark(vault)?;
        repair_history(vault, now)
    });
    let repairs = repairs.await?;
    if !repairs.is_empty() {
        session.repairs().extend(repairs);
        session.tell(&[Event::StoreRepaired, Event::HistoryChanged]);
    }
    Ok(())
}

/// Drops entries older than the holder keeps them.
pub(crate) async fn drop_old(session: &Weak<Session>) -> Result<(), Error> {
    let session = open(session)?;
    let (now, roots) = (session.inner.now()?, session.inner.config.trust_roots.clone());
    let dropped = session.vault(move |vault| {
        let before = |now: UnixTime, days: u32| now.seconds().saturating_sub(i64::from(days).saturating_mul(86_400));
        let days = load_history_days(vault)?;
        if !has_older(vault, before(now, days))? {
            return Ok(false);
        }
        // A clock that is set years ahead must not cost the history: the platform's word on the time counts as well.
        let list: Option<StoredTrustList> = vault.find(Collection::TrustData, TRUST_LIST)?;
        let list = list.and_then(|list| TrustList::parse(&list.0, &roots).ok());
        let Some(proven) = list.and_then(|list| list.issued_at()) else { return Ok(false) };
        drop_before(vault, before(now.min(proven), days))
    });
    if dropped.await? {
        session.tell(&[Event::HistoryChanged]);
    }
    Ok(())
}

fn has_older(vault: &Vault, time: i64) -> Result<bool, Error> {
    let first = vault.export_history(None).next().transpose()?;
    Ok(first.is_some_and(|page| page.items.first().is_some_and(|(_, entry)| entry.at < time)))
}

/// Drops the entries at the beginning that are from before `time`, up to the first that is not; true if there were any.
fn drop_before(vault: &mut Vault, time: i64) -> Result<bool, Error> {
    let mut last = None;
    'pages: for page in vault.export_history(None).take(OLD_PAGES) {
        for (seq, entry) in page?.items {
            if entry.at >= time {
                break 'pages;
            }
            last = Some(seq);
        }
    }
    let Some(last) = last else { return Ok(false) };
    vault.erase_history(last.saturating_add(1), None)?;
    Ok(true)
}
