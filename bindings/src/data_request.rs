//! Requests under the data-protection law, with their terms.

use eid_core::DataRequestState;
use eid_model::{Missed, RequestDue};

use crate::{EidError, Unlocked, views::redacted};

redacted!(DataRequestView);

/// What a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RequestKind {
    /// To see what is kept (xem).
    Access,
    /// To have it corrected (chỉnh sửa); needs words.
    Correct,
    /// To have it deleted (xóa).
    Delete,
    /// To have its use restricted (hạn chế xử lý).
    Restrict,
    /// To object to its use (phản đối xử lý); needs words.
    Object,
    /// To withdraw a consent (rút lại sự đồng ý).
    Withdraw,
    /// To be given it (cung cấp).
    Export,
}

impl From<RequestKind> for eid_model::RequestKind {
    fn from(kind: RequestKind) -> Self {
        match kind {
            RequestKind::Access => Self::Access,
            RequestKind::Correct => Self::Correct,
            RequestKind::Delete => Self::Delete,
            RequestKind::Restrict => Self::Restrict,
            RequestKind::Object => Self::Object,
            RequestKind::Withdraw => Self::Withdraw,
            RequestKind::Export => Self::Export,
        }
    }
}

impl From<eid_model::RequestKind> for RequestKind {
    fn from(kind: eid_model::RequestKind) -> Self {
        use eid_model::RequestKind as K;
        match kind {
            K::Access => Self::Access,
            K::Correct => Self::Correct,
            K::Delete => Self::Delete,
            K::Restrict => Self::Restrict,
            K::Object => Self::Object,
            K::Withdraw => Self::Withdraw,
            K::Export => Self::Export,
        }
    }
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RequestStatus {
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

/// Which term was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum MissedTerm {
    /// No answer came in time.
    Answer,
    /// It was not done in time.
    Completion,
}

/// A request and how it stands. Days are days in Vietnam, `YYYY-MM-DD`.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct DataRequestView {
    /// Names it.
    pub id: String,
    /// What is asked for.
    pub kind: RequestKind,
    /// In words.
    pub text: String,
    /// How far it came.
    pub status: RequestStatus,
    /// When the citizen sent it: seconds since 1970.
    pub sent_at: Option<i64>,
    /// When the platform received it.
    pub received_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// The last day for the answer.
    pub answer_by: Option<String>,
    /// The last day for the request itself.
    pub done_by: Option<String>,
    /// False if the holidays of these days are not announced yet.
    pub is_certain: bool,
    /// The term that was missed.
    pub missed: Option<MissedTerm>,
    /// Days since a term passed without what was due.
    pub days_overdue: u32,
}

impl From<eid_core::DataRequest> for DataRequestView {
    fn from(request: eid_core::DataRequest) -> Self {
        let eid_core::DataRequest { id, kind, text, state, sent_at, received_at, ended_at, due, missed, days_overdue } =
            request;
        Self {
            id,
            kind: kind.into(),
            text: text.as_str().to_owned(),
            status: match state {
                DataRequestState::Draft => RequestStatus::Draft,
                DataRequestState::Queued => RequestStatus::Queued,
                DataRequestState::Received => RequestStatus::Received,
                DataRequestState::Answered => RequestStatus::Answered,
                DataRequestState::Extended => RequestStatus::Extended,
                DataRequestState::Done => RequestStatus::Done,
                DataRequestState::Refused => RequestStatus::Refused,
            },
            sent_at: sent_at.map(|at| at.seconds()),
            received_at: received_at.map(|at| at.seconds()),
            ended_at: ended_at.map(|at| at.seconds()),
            answer_by: due.map(|RequestDue { answer_by, .. }| answer_by.to_string()),
            done_by: due.map(|RequestDue { done_by, .. }| done_by.to_string()),
            is_certain: due.is_none_or(|due| due.is_certain),
            missed: missed.map(|missed| match missed {
                Missed::Answer => MissedTerm::Answer,
                Missed::Completion => MissedTerm::Completion,
            }),
            days_overdue,
        }
    }
}

#[uniffi::export]
impl Unlocked {
    /// Keeps a request that is being written: a new one, or the draft `id` in other words. Nothing is sent. Runs to its end.
    ///
    /// # Errors
    /// `Invalid` 9012 for words that are missing, longer than 1,000 characters, or hide something; `NotFound` 9010, `Conflict`
    /// 9011, `Rejected` 9014; `Locked`, `Storage`.
    #[uniffi::method(default(id = None))]
    pub async fn draft_data_request(
        &self,
        kind: RequestKind,
        text: String,
        id: Option<String>,
    ) -> Result<DataRequestView, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.draft_data_request(id, kind.into(), &text).await?.into()) };
        self.session.call().run_to_end(work).await
    }

    /// Throws a draft away. Runs to its end.
    ///
    /// # Errors
    /// `NotFound` 9010, `Conflict` 9011; `Locked`, `Storage`.
    pub async fn discard_data_request(&self, id: String) -> Result<(), EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.discard_data_request(&id).await?) }).await
    }

    /// Sends a draft; without a network it is queued for the next contact. Runs to its end.
    ///
    /// # Errors
    /// `NotFound` 9010; `Rejected`, `Locked`, `Storage`.
    pub async fn send_data_request(&self, id: String) -> Result<DataRequestView, EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.send_data_request(&id).await?.into()) }).await
    }

    /// The requests, in the order in which they were begun, with what is due and what was missed by today; 200 at most.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub async fn data_requests(&self) -> Result<Vec<DataRequestView>, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.data_requests().await?.into_iter().map(DataRequestView::from).collect()) };
        self.session.call().run(work).await
    }

    /// Sends what is queued and asks how the open requests stand, which asks for [`Unlocked::sign_in`] before. [`Unlocked::refill`]
    /// does it as well, for somebody who is signed in. Runs to its end.
    ///
    /// # Errors
    /// `AuthFailed` 2056 after all was sent; `Network`, `Rejected`, `Device`, `Locked`, `Storage`.
    pub async fn renew_data_requests(&self) -> Result<(), EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.renew_data_requests().await?) }).await
    }
}
