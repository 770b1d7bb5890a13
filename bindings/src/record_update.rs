//! Changes of records: written offline, in the store before each call returns, and confirmed as an act
//! ([`crate::ActDraft::SubmitUpdate`]).

use eid_record::{Form, RecordError};

use crate::{EidError, RecordUpdateView, Unlocked, record::kind_named, views::redacted};

redacted!(FieldEdit);

/// What the citizen typed, or took out.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct FieldEdit {
    /// The field, as [`crate::FieldInfo`] says.
    pub path: String,
    /// What stands there from now on; none for nothing.
    pub text: Option<String>,
}

#[uniffi::export]
impl Unlocked {
    /// Begins a change of a record, or of a new one. The form holds what the record says now, or what an authority refused last; a
    /// change of the same record that is being written is given back instead. Sends nothing. Runs to its end.
    ///
    /// # Errors
    /// `Rejected` 8180 for a kind that is not known; `NotFound` if there is no such record; `Storage` if there is no room; `Locked`,
    /// `Device`.
    #[uniffi::method(default(record = None))]
    pub async fn begin_update(&self, kind: String, record: Option<String>) -> Result<RecordUpdateView, EidError> {
        let kind = kind_named(&kind)?;
        let core = self.session.core()?;
        let work = async move { Ok(core.begin_update(kind, record.as_deref()).await?.into()) };
        self.session.call().run_to_end(work).await
    }

    /// Changes texts of the form. Whatever is typed is kept, and what is wrong is among the findings. Runs to its end.
    ///
    /// # Errors
    /// `Invalid` for a path that is none, or texts that are too large together; `Conflict` once it is on its way; `NotFound`, `Locked`,
    /// `Storage`, `Device`.
    pub async fn edit_update(&self, id: String, edits: Vec<FieldEdit>) -> Result<RecordUpdateView, EidError> {
        // A form has no room for more, and nothing of it is looked at.
        if edits.len() > Form::MAX_FIELDS {
            return Err(EidError::of(RecordError::TooLarge.code()));
        }
        let edits = edits.into_iter().map(|FieldEdit { path, text }| (path, text)).collect();
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.edit_update(&id, edits).await?.into()) }).await
    }

    /// Attaches a picture (JPEG, PNG) or a document (PDF) to a change that is being written: at most 50, of 32 MiB each. A picture is made
    /// smaller and encoded anew, so that nothing but the picture goes on: no place and no time of taking it. The same again changes
    /// nothing. Runs to its end.
    ///
    /// # Errors
    /// `Invalid` for what is neither, or cannot be read, or acts by itself; `Conflict` once the change is on its way; `NotFound`,
    /// `Locked`, `Storage`, `Device`.
    pub async fn attach_evidence(&self, id: String, file: Vec<u8>) -> Result<RecordUpdateView, EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.attach_evidence(&id, file).await?.into()) }).await
    }

    /// Takes a piece of evidence off a change that is being written, and erases it. Not an error if it is not there. Runs to its end.
    ///
    /// # Errors
    /// `Conflict` once the change is on its way; `NotFound`, `Locked`, `Storage`, `Device`.
    pub async fn detach_evidence(&self, id: String, sha256: Vec<u8>) -> Result<RecordUpdateView, EidError> {
        let Ok(sha256) = <[u8; 32]>::try_from(sha256) else { return self.record_update(id).await };
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.detach_evidence(&id, sha256).await?.into()) }).await
    }

    /// A change, and how far it is. Asks nobody.
    ///
    /// # Errors
    /// `NotFound`, `Locked`, `Storage`, `Device`.
    pub async fn record_update(&self, id: String) -> Result<RecordUpdateView, EidError> {
        let core = self.session.core()?;
        self.session.call().run(async move { Ok(core.update(&id).await?.into()) }).await
    }

    /// All changes, in the order in which they were begun; 500 are kept. Asks nobody.
    ///
    /// # Errors
    /// `Locked`, `Storage`, `Device`.
    pub async fn record_updates(&self) -> Result<Vec<RecordUpdateView>, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.updates().await?.into_iter().map(RecordUpdateView::from).collect()) };
        self.session.call().run(work).await
    }

    /// Gives a change up that the platform has not had, and erases it with its evidence. Not an error if there is none. Runs to its
    /// end.
    ///
    /// # Errors
    /// `Conflict` once it is on its way: only the authority ends it then. `Locked`, `Storage`, `Device`.
    pub async fn withdraw_update(&self, id: String) -> Result<(), EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.withdraw_update(&id).await?) }).await
    }

    /// Goes on from the record as it is now. Fields that only the authority changed follow it; of those that both changed, the paths
    /// in `keep` stay as the citizen typed them. Runs to its end.
    ///
    /// # Errors
    /// `Conflict` once it is on its way; `NotFound`, `Locked`, `Storage`, `Device`.
    pub async fn rebase_update(&self, id: String, mut keep: Vec<String>) -> Result<RecordUpdateView, EidError> {
        keep.truncate(Form::MAX_FIELDS);
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.rebase_update(&id, &keep).await?.into()) }).await
    }
}
