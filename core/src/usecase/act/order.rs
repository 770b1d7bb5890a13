//! What the citizen wants done, as it is typed and as it is kept.

use eid_model::{GuardedAct, PhoneNumber, SafetyPhrase, UnixTime};
use eid_platform::OneTimeCode;
use eid_record::RecordKind;
use eid_vault::{Collection, Vault};
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    record::StoredKey,
    usecase::{
        contact::{AskedCode, CodeFor, PHONE_CODE},
        record::update_kind,
    },
};

/// Key of the order that stands, in the account's collection.
pub(crate) const ORDERED: &str = "ordered-act";

/// Key of [`BiometricRecord`], in the account's collection.
pub(crate) const BIOMETRIC_KEY: &str = "biometric-key";

/// How long an order stands, in seconds: a day. Whether a code in it is still good, the platform knows.
const LIFE_S: i64 = 86_400;

/// What the citizen wants done.
#[derive(Clone, PartialEq, Eq)]
pub enum ActOrder {
    /// The number that a code was sent to becomes the account's (đổi số điện thoại): [`crate::PhoneCode::Change`].
    ChangePhone {
        /// The code from the text message.
        code: String,
    },
    /// The number that a code was sent to becomes the second one (số điện thoại thứ hai): [`crate::PhoneCode::Second`].
    SetSecondPhone {
        /// The code from the text message.
        code: String,
    },
    /// The number is still the holder's: [`crate::PhoneCode::Confirm`].
    ConfirmPhone {
        /// The code from the text message.
        code: String,
    },
    /// The phrase that stands in the platform's messages, and on this phone before the passcode is typed (câu nhận biết).
    SetPhrase {
        /// 3–40 letters and spaces.
        phrase: String,
    },
    /// Another lock code; the one before is good no more.
    NewLockCode,
    /// Face or finger count for acts from now on: after a day, or at once if the holder's face is shown.
    CountBiometrics {
        /// Ask for the face, so that they count at once.
        at_once: bool,
    },
    /// Face or finger count no more.
    StopBiometrics,
    /// A change of a record goes to the authority that keeps it (gửi hồ sơ cập nhật). It is signed on this phone, without a network if
    /// there is none, and sent when there is one.
    SubmitUpdate {
        /// The change: [`crate::UpdateView::id`].
        update: String,
    },
}

impl core::fmt::Debug for ActOrder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ActOrder(…)")
    }
}

/// An order as it was typed, checked for form.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Order {
    ChangePhone { phone: PhoneNumber, code: String },
    SetSecondPhone { phone: PhoneNumber, code: String },
    ConfirmPhone { code: String },
    SetPhrase { phrase: SafetyPhrase },
    NewLockCode,
    CountBiometrics { at_once: bool },
    StopBiometrics,
    SubmitUpdate { update: String, kind: RecordKind },
}

/// An order in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Ordered {
    pub(super) id: String,
    pub(super) order: Order,
    /// Until when it stands.
    pub(super) expires_at: UnixTime,
}

/// The key that takes face or finger, as the platform knows it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct BiometricRecord {
    pub(crate) key: StoredKey,
    pub(crate) usable_from: UnixTime,
}

impl ActOrder {
    /// Checks the form; the number comes from the store, where it has been since its code was asked for.
    pub(super) fn parse(self, vault: &Vault) -> Result<Order, Error> {
        let asked = |wanted: CodeFor, code: &str| {
            OneTimeCode::parse(code)?;
            let asked: Option<AskedCode> = vault.find(Collection::Account, PHONE_CODE)?;
            let asked = asked.filter(|asked| asked.what_for == wanted).ok_or(Error::StepNotDue)?;
            asked.expires_at.map(|_| asked.phone).ok_or(Error::StepNotDue)
        };
        Ok(match self {
            Self::ChangePhone { code } => {
                let phone = asked(CodeFor::Change, &code)?.ok_or(Error::StepNotDue)?;
                Order::ChangePhone { phone, code }
            }
            Self::SetSecondPhone { code } => {
                let phone = asked(CodeFor::Second, &code)?.ok_or(Error::StepNotDue)?;
                Order::SetSecondPhone { phone, code }
            }
            Self::ConfirmPhone { code } => {
                asked(CodeFor::Confirm, &code)?;
                Order::ConfirmPhone { code }
            }
            Self::SetPhrase { phrase } => Order::SetPhrase { phrase: SafetyPhrase::parse(&phrase)? },
            Self::NewLockCode => Order::NewLockCode,
            Self::CountBiometrics { at_once } => Order::CountBiometrics { at_once },
            Self::StopBiometrics => Order::StopBiometrics,
            Self::SubmitUpdate { update } => {
                let kind = update_kind(vault, &update)?;
                Order::SubmitUpdate { update, kind }
            }
        })
    }
}

impl Order {
    pub(super) fn ordered(self, id: String, now: UnixTime) -> Ordered {
        let expires_at = UnixTime::from_seconds(now.seconds().saturating_add(LIFE_S));
        Ordered { id, order: self, expires_at }
    }

    pub(super) fn act(&self) -> GuardedAct {
        match self {
            Self::ChangePhone { .. } => GuardedAct::ChangePhone,
            Self::SetSecondPhone { .. } => GuardedAct::SetSecondPhone,
            Self::ConfirmPhone { .. } => GuardedAct::ConfirmPhone,
            Self::SetPhrase { .. } => GuardedAct::SetPhrase,
            Self::NewLockCode => GuardedAct::LockCode,
            Self::CountBiometrics { .. } => GuardedAct::RegisterBiometricKey,
            Self::StopBiometrics => GuardedAct::RemoveBiometricKey,
            Self::SubmitUpdate { kind, .. } => kind.definition().act(),
        }
    }

    /// True if the face has to be shown whatever the rule of the act says.
    pub(super) fn needs_face(&self) -> bool {
        matches!(self, Self::CountBiometrics { at_once: true })
    }
}
