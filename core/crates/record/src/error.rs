use eid_model::Code;

/// Why something about a record cannot be done. What is wrong *in* a record is a [`Finding`](crate::Finding).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// This version of the app knows no such kind.
    #[error("the kind of record is unknown")]
    KindUnknown,
    /// A path does not have the form `field` or `list[item].field`.
    #[error("a field's path is malformed")]
    PathInvalid,
    /// A form has too many fields, or a text in it is too long to be kept.
    #[error("the record is too large")]
    TooLarge,
    /// What was stored or sent is no form, record or update of this version.
    #[error("the record cannot be read")]
    Unreadable,
    /// A table or definition is not valid, or not newer than the one in use.
    #[error("the data table is not valid")]
    TableInvalid,
    /// The kind is only shown to its holder, or has no such field or group.
    #[error("this is not shared")]
    NotShared,
    /// The text is no VietQR code.
    #[error("the text is no VietQR code")]
    VietQrInvalid,
    /// The checksum of a VietQR code does not fit.
    #[error("the VietQR code's checksum is wrong")]
    VietQrChecksum,
    /// An update cannot take this step from where it stands.
    #[error("the update is not at this step")]
    UpdateOutOfOrder,
    /// The form has errors.
    #[error("the update's form has errors")]
    UpdateInvalid,
    /// The platform's receipt does not list the evidence that was sent.
    #[error("the receipt does not list what was sent")]
    ReceiptMismatch,
    /// The record changed since the update was begun.
    #[error("the record changed since the update was begun")]
    UpdateConflict,
    /// The time to answer is over.
    #[error("the deadline of the update is over")]
    UpdateOverdue,
}

impl RecordError {
    /// The stable code.
    pub const fn code(self) -> Code {
        match self {
            Self::KindUnknown => Code::RECORD_KIND_UNKNOWN,
            Self::PathInvalid | Self::Unreadable => Code::RECORD_UNREADABLE,
            Self::TooLarge => Code::FORM_TOO_LARGE,
            Self::NotShared => Code::RECORD_NOT_SHARED,
            Self::TableInvalid => Code::TABLE_INVALID,
            Self::VietQrInvalid => Code::VIETQR_INVALID,
            Self::VietQrChecksum => Code::VIETQR_CHECKSUM,
            Self::UpdateOutOfOrder => Code::UPDATE_OUT_OF_ORDER,
            Self::UpdateInvalid => Code::UPDATE_INVALID,
            Self::ReceiptMismatch => Code::UPDATE_RECEIPT_MISMATCH,
            Self::UpdateConflict => Code::UPDATE_CONFLICT,
            Self::UpdateOverdue => Code::UPDATE_OVERDUE,
        }
    }
}
