use eid_core::{Error, PlatformError};
use eid_model::{Code, Kind};

/// Why a call did not do what was asked: what a screen can do about it, and the stable code whose table says it in words
/// ([`crate::error_text`]). Holds no text and no personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum EidError {
    /// The app is locked or closed: ask for the passcode.
    #[error("locked ({code})")]
    Locked {
        /// The stable code.
        code: u32,
    },
    /// A secret was wrong: ask again, show tries or the wait.
    #[error("a secret was wrong ({code})")]
    AuthFailed {
        /// The stable code.
        code: u32,
        /// Wrong passcodes in a row; 0 where they are not counted here.
        wrong_tries: u32,
        /// Seconds until the next try is taken.
        wait_s: u64,
        /// Tries that are left, where the platform counts them.
        tries_left: Option<u32>,
    },
    /// The citizen, or the shell for him, cancelled: go back.
    #[error("cancelled ({code})")]
    UserCancelled {
        /// The stable code.
        code: u32,
    },
    /// What was given does not fit: point at the field.
    #[error("not in form ({code})")]
    Invalid {
        /// The stable code.
        code: u32,
    },
    /// The thing asked for is not there.
    #[error("not there ({code})")]
    NotFound {
        /// The stable code.
        code: u32,
    },
    /// The thing exists already, or changed meanwhile.
    #[error("there already ({code})")]
    Conflict {
        /// The stable code.
        code: u32,
    },
    /// The thing was good once and must be renewed.
    #[error("expired ({code})")]
    Expired {
        /// The stable code.
        code: u32,
    },
    /// Somebody refused.
    #[error("refused ({code})")]
    Rejected {
        /// The stable code.
        code: u32,
    },
    /// The network or the platform is away: offer to try later.
    #[error("platform is away ({code})")]
    Network {
        /// The stable code.
        code: u32,
        /// Seconds to wait, if the platform said so.
        retry_after_s: Option<u64>,
    },
    /// The phone lacks a power, or it failed.
    #[error("the phone did not do it ({code})")]
    Device {
        /// The stable code.
        code: u32,
    },
    /// The phone's storage is full, read-only or damaged.
    #[error("storage ({code})")]
    Storage {
        /// The stable code.
        code: u32,
    },
    /// A defect of ours.
    #[error("internal fault ({code})")]
    Internal {
        /// The stable code.
        code: u32,
    },
}

impl EidError {
    /// The error of a code that needs no more than its number.
    pub(crate) fn of(code: Code) -> Self {
        Self::with(code, &Details::default())
    }

    fn with(code: Code, details: &Details) -> Self {
        let Details { wrong_tries, wait_s, tries_left, retry_after_s } = *details;
        let kind = code.info().kind;
        let code = u32::from(code.number());
        match kind {
            Kind::Locked => Self::Locked { code },
            Kind::AuthFailed => Self::AuthFailed { code, wrong_tries, wait_s, tries_left },
            Kind::UserCancelled => Self::UserCancelled { code },
            Kind::Invalid => Self::Invalid { code },
            Kind::NotFound => Self::NotFound { code },
            Kind::Conflict => Self::Conflict { code },
            Kind::Expired => Self::Expired { code },
            // A counter's verdicts are no errors of this app.
            Kind::Rejected | Kind::Verdict => Self::Rejected { code },
            Kind::Network => Self::Network { code, retry_after_s },
            Kind::Device => Self::Device { code },
            Kind::Storage => Self::Storage { code },
            Kind::Internal => Self::Internal { code },
        }
    }
}

/// What some errors say beside their code.
#[derive(Default)]
struct Details {
    wrong_tries: u32,
    wait_s: u64,
    tries_left: Option<u32>,
    retry_after_s: Option<u64>,
}

impl From<Error> for EidError {
    fn from(error: Error) -> Self {
        let details = match error {
            Error::PasscodeWrong { wrong_tries, wait_s } => {
                Details { wrong_tries: wrong_tries.into(), wait_s, ..Details::default() }
            }
            Error::PasscodeWait { wait_s } | Error::TriesLost { wait_s } => Details { wait_s, ..Details::default() },
            Error::Platform(PlatformError::Busy { code: _, retry_after }) => {
                Details { retry_after_s: retry_after.map(|wait| wait.as_secs()), ..Details::default() }
            }
            Error::Platform(PlatformError::Refused { code: _, tries_left, retry_after }) => Details {
                tries_left: tries_left.map(u32::from),
                wait_s: retry_after.map_or(0, |wait| wait.as_secs()),
                retry_after_s: retry_after.map(|wait| wait.as_secs()),
                ..Details::default()
            },
            Error::NotActivated
            | Error::AlreadyActivated
            | Error::AccountStopped(_)
            | Error::RecoveryShareWrong
            | Error::RecoveryMissing
            | Error::Locked
            | Error::PasscodeDestroyed
            | Error::BiometricsChanged
            | Error::BiometricsOff
            | Error::ConfigInvalid
            | Error::CredentialsUsedUp
            | Error::CredentialsExpired
            | Error::PurposeUnknown
            | Error::GrantExpired
            | Error::ActivationLost
            | Error::ActivationReplaced
            | Error::StepNotDue
            | Error::FaceUnusable
            | Error::TermInvalid
            | Error::ConsentNotAsShown
            | Error::ConsentSensitiveUnconfirmed
            | Error::ConsentTextChanged
            | Error::ConsentUnknown
            | Error::ConsentPurposeUnknown
            | Error::DataRequestUnknown
            | Error::DataRequestSent
            | Error::ListFull
            | Error::AnswerBeyondRequest
            | Error::AnswerNotDelivered
            | Error::RecordUnknown
            | Error::UpdateUnknown
            | Error::Record(_)
            | Error::Evidence(_)
            | Error::Internal
            | Error::Model(_)
            | Error::Vault(_)
            | Error::Platform(_)
            | Error::Proof(_)
            | Error::Key(_)
            | Error::Chip(_)
            | Error::Card(_)
            | Error::ChipLink(_)
            | Error::Clock(_)
            | Error::ActOver
            | Error::SignInNeeded
            | Error::PasscodeKeyMissing
            | Error::Crypto(_) => Details::default(),
        };
        Self::with(error.code(), &details)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn waits_and_tries_reach_the_screen() {
        let wait = Some(Duration::from_secs(30));
        for (error, wanted) in [
            (
                Error::PasscodeWrong { wrong_tries: 4, wait_s: 60 },
                EidError::AuthFailed { code: 2001, wrong_tries: 4, wait_s: 60, tries_left: None },
            ),
            (
                Error::PasscodeWait { wait_s: 59 },
                EidError::AuthFailed { code: 2002, wrong_tries: 0, wait_s: 59, tries_left: None },
            ),
            (
                PlatformError::Refused { code: Code::CODE_WRONG, tries_left: Some(3), retry_after: None }.into(),
                EidError::AuthFailed { code: 2010, wrong_tries: 0, wait_s: 0, tries_left: Some(3) },
            ),
            (
                PlatformError::Busy { code: Code::PLATFORM_BUSY, retry_after: wait }.into(),
                EidError::Network { code: 7004, retry_after_s: Some(30) },
            ),
            (Error::Internal, EidError::Internal { code: 1099 }),
        ] {
            assert_eq!(EidError::from(error), wanted);
        }
    }

    #[test]
    fn every_code_of_the_table_has_its_error_and_says_its_number_only() {
        for code in Code::all() {
            let text = EidError::of(code).to_string();
            assert!(text.ends_with(&format!("({code})")), "{text}");
        }
    }
}
