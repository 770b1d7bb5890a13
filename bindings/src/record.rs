//! Records: what the authorities say of the holder, pulled from the platform and shown without it.

use eid_record::RecordKind;

use crate::{EidError, Language, RecordHitView, RecordView, SyncView, Unlocked};

/// Most characters of a search that are looked at.
const MAX_SEARCH: usize = 200;

/// The kind that a shell names.
pub(crate) fn kind_named(name: &str) -> Result<RecordKind, EidError> {
    RecordKind::from_name(name).map_err(|error| EidError::of(error.code()))
}

#[uniffi::export]
impl Unlocked {
    /// The records that this phone has, of one kind or all, with what is pending of them. Asks nobody.
    ///
    /// # Errors
    /// `Rejected` 8180 for a kind that is not known; `Locked`, `Storage`, `Device`.
    #[uniffi::method(default(kind = None))]
    pub async fn records(&self, language: Language, kind: Option<String>) -> Result<Vec<RecordView>, EidError> {
        let kind = kind.as_deref().map(kind_named).transpose()?;
        let core = self.session.core()?;
        let work = async move {
            let views = core.records(kind, language.into()).await?;
            Ok(views.into_iter().map(|view| RecordView::new(view, language)).collect())
        };
        self.session.call().run(work).await
    }

    /// One record. Asks nobody.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Rejected` 8180, `Locked`, `Storage`, `Device`.
    pub async fn record(&self, kind: String, id: String, language: Language) -> Result<RecordView, EidError> {
        let kind = kind_named(&kind)?;
        let core = self.session.core()?;
        let work = async move { Ok(RecordView::new(core.record(kind, &id, language.into()).await?, language)) };
        self.session.call().run(work).await
    }

    /// The records that a text fits, best first: without accents, in either tone spelling, with or without the signs between digits.
    /// At most `limit`, and 100. Asks nobody.
    ///
    /// # Errors
    /// `Locked`, `Storage`, `Device`.
    pub async fn search_records(
        &self,
        text: String,
        limit: u32,
        language: Language,
    ) -> Result<Vec<RecordHitView>, EidError> {
        let text: String = text.chars().take(MAX_SEARCH).collect();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let core = self.session.core()?;
        let work = async move {
            let hits = core.search_records(&text, limit, language.into()).await?;
            Ok(hits.into_iter().map(RecordHitView::from).collect())
        };
        self.session.call().run(work).await
    }

    /// Sends what was confirmed, and pulls what the authorities say, which asks for [`Unlocked::sign_in`] before. Nothing is lost or done
    /// twice wherever it breaks off. Runs to its end.
    ///
    /// # Errors
    /// `AuthFailed` 2056 after all was sent; `Network`, `Rejected`, `Device`, `Locked`, `Storage`.
    pub async fn sync_records(&self) -> Result<SyncView, EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.sync_records().await?.into()) }).await
    }

    /// Has the authority of a kind asked anew, which asks for [`Unlocked::sign_in`] before; gives by when its answer should be there for
    /// `sync_records`, in seconds since 1970.
    ///
    /// # Errors
    /// `AuthFailed` 2056; `Rejected` 8180 for a kind that is not known; `Network`, `Device`, `Locked`, `Storage`.
    pub async fn refresh_records(&self, kind: String) -> Result<i64, EidError> {
        let kind = kind_named(&kind)?;
        let core = self.session.core()?;
        self.session.call().run(async move { Ok(core.refresh_records(kind).await?.seconds()) }).await
    }
}
