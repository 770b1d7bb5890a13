//! What records are read and judged by: whose they are, which day it is, and what else the person has.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use eid_model::{Date, UnixTime};
use eid_record::{Checked, Context, Findable, Form, Holder, Payload, RecordKind, Speaker, Tables};
use eid_vault::Vault;

use super::rows::{each_record, find_record};
use crate::{Error, record::Account, session::Session};

/// What every record can be found by, by kind and identifier. In memory from the first look until the app locks.
pub(crate) type Shelf = BTreeMap<(RecordKind, String), Findable>;

/// For one call.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) session: Arc<Session>,
    pub(super) account: Account,
    pub(super) now: UnixTime,
    holder: Holder,
    today: Date,
    pub(super) tables: &'static Tables,
}

impl Desk {
    pub(super) async fn open(session: Arc<Session>) -> Result<Self, Error> {
        let (account, now) = (session.account().await?, session.inner.now()?);
        let holder = Holder {
            pid: account.pid,
            name: account.name.clone(),
            birth_date: account.birth_date,
            sex: account.pid.sex(),
        };
        let today = now.date_in_vietnam()?;
        Ok(Self { session, account, now, holder, today, tables: Tables::embedded() })
    }

    /// Works with the store.
    pub(super) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce(&Self, &mut Vault) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let session = Arc::clone(&self.session);
        session.vault(move |vault| work(&self, vault)).await
    }

    pub(super) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Looks at a form of a record, beside the others that the person has of the kind.
    pub(super) fn check(
        &self,
        of_kind: &[(String, Payload)],
        (kind, id): (RecordKind, &str),
        form: &Form,
        speaker: Speaker,
    ) -> Checked {
        let others = of_kind.iter().filter(|(other, _)| other != id);
        let others: Vec<&Payload> = others.map(|(_, payload)| payload).collect();
        kind.validate(form, &self.context(&others, speaker))
    }

    /// The same of an authority's record alone, which nobody refuses.
    pub(super) fn read(&self, kind: RecordKind, form: &Form) -> Payload {
        kind.validate(form, &self.context(&[], Speaker::Authority)).payload().clone()
    }

    pub(super) fn context<'a>(&'a self, others: &'a [&'a Payload], speaker: Speaker) -> Context<'a> {
        Context { today: self.today, holder: Some(&self.holder), others, tables: self.tables, speaker }
    }

    /// The records that the person has of a kind.
    pub(super) fn of_kind(&self, vault: &Vault, kind: RecordKind) -> Result<Vec<(String, Payload)>, Error> {
        let mut all = Vec::new();
        for id in self.shelf(vault, |shelf| ids(shelf, kind))? {
            let form = find_record(vault, kind, &id)?.map(|kept| kept.record.form());
            // "No data found" is none that the person has.
            if let Some(form) = form.filter(|form| !form.is_empty()) {
                all.push((id, self.read(kind, &form)));
            }
        }
        Ok(all)
    }

    /// What can be found, read once for each session.
    pub(super) fn shelf<R>(&self, vault: &Vault, act: impl FnOnce(&mut Shelf) -> R) -> Result<R, Error> {
        let mut shelf = self.session.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.is_none() {
            let mut read = Shelf::new();
            each_record(vault, |kept| {
                if !kept.record.is_gone() {
                    read.insert((kept.record.kind(), kept.record.id().to_owned()), kept.findable);
                }
            })?;
            *shelf = Some(read);
        }
        Ok(act(shelf.get_or_insert_default()))
    }
}

/// The identifiers of the records of a kind.
pub(super) fn ids(shelf: &Shelf, kind: RecordKind) -> Vec<String> {
    let of_kind = shelf.range((kind, String::new())..).take_while(|((of, _), _)| *of == kind);
    of_kind.map(|((_, id), _)| id.clone()).collect()
}
