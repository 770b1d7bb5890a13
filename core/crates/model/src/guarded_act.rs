//! The acts that ask for a level, each with what it asks for by itself (Decree 69/2024 Art. 20; domain g.3).

use crate::{AuthLevel, AuthRule};

/// An act that asks for a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardedAct {
    /// Reading what the platform holds about the account.
    ViewWallet,
    /// Showing a proof of identity.
    ShowProof,
    /// Opening a session at the platform.
    SignIn,
    /// Seeing which phones have the account.
    ListDevices,
    /// Setting another passcode.
    ChangePasscode,
    /// Locking one's own account.
    Lock,
    /// Giving the account up on this phone.
    Unlink,
    /// Changing the phone number.
    ChangePhone,
    /// Changing the bank account.
    ChangeBankAccount,
    /// Letting somebody else act.
    Delegate,
    /// Signing a document.
    Sign,
    /// Moving the account to a new phone, or getting back what a forgotten passcode locks.
    NewDevice,
    /// Unlocking the account.
    UnlockAccount,
    /// Having a second phone number.
    SetSecondPhone,
    /// Confirming that a phone number is still one's own.
    ConfirmPhone,
    /// Having a phrase that stands in each message of the platform.
    SetPhrase,
    /// Getting another lock code.
    LockCode,
    /// Having face or finger count.
    RegisterBiometricKey,
    /// Having it count no more.
    RemoveBiometricKey,
    /// Sending a change of a record to the authority that keeps it.
    UpdateRecord,
}

impl GuardedAct {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::ViewWallet,
        Self::ShowProof,
        Self::SignIn,
        Self::ListDevices,
        Self::ChangePasscode,
        Self::Lock,
        Self::Unlink,
        Self::ChangePhone,
        Self::ChangeBankAccount,
        Self::Delegate,
        Self::Sign,
        Self::NewDevice,
        Self::UnlockAccount,
        Self::SetSecondPhone,
        Self::ConfirmPhone,
        Self::SetPhrase,
        Self::LockCode,
        Self::RegisterBiometricKey,
        Self::RemoveBiometricKey,
        Self::UpdateRecord,
    ];

    /// Its name in the signed configuration, and in instructions.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ViewWallet => "view_wallet",
            Self::ShowProof => "show_proof",
            Self::SignIn => "sign_in",
            Self::ListDevices => "list_devices",
            Self::ChangePasscode => "change_passcode",
            Self::Lock => "lock",
            Self::Unlink => "unlink",
            Self::ChangePhone => "change_phone",
            Self::ChangeBankAccount => "change_bank_account",
            Self::Delegate => "delegate",
            Self::Sign => "sign",
            Self::NewDevice => "new_device",
            Self::UnlockAccount => "unlock_account",
            Self::SetSecondPhone => "set_second_phone",
            Self::ConfirmPhone => "confirm_phone",
            Self::SetPhrase => "set_phrase",
            Self::LockCode => "lock_code",
            Self::RegisterBiometricKey => "register_biometric_key",
            Self::RemoveBiometricKey => "remove_biometric_key",
            Self::UpdateRecord => "update_record",
        }
    }

    /// The act of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.name() == name)
    }

    /// True for what is refused for a day after the account came to another phone: what somebody who took it over would do
    /// first (domain F9).
    pub const fn cools_off(self) -> bool {
        matches!(
            self,
            Self::ChangePhone
                | Self::SetSecondPhone
                | Self::ChangeBankAccount
                | Self::Delegate
                | Self::Sign
                | Self::RegisterBiometricKey
        )
    }

    /// What it asks for unless the configuration says otherwise.
    pub const fn default_rule(self) -> AuthRule {
        const MINUTE: u32 = 60;
        const MONTH: u32 = 30 * 86_400;
        let (level, max_age_s) = match self {
            // As long as a session can be refreshed.
            Self::ViewWallet | Self::ListDevices => (AuthLevel::L2, MONTH),
            Self::ShowProof => (AuthLevel::L2, 15 * MINUTE),
            // As long as the challenge that they sign.
            Self::SignIn
            | Self::ChangePasscode
            | Self::Lock
            | Self::Unlink
            | Self::ConfirmPhone
            | Self::SetPhrase
            | Self::RegisterBiometricKey
            | Self::RemoveBiometricKey => (AuthLevel::L2, MINUTE),
            Self::UpdateRecord => (AuthLevel::L2, 5 * MINUTE),
            Self::ChangePhone
            | Self::SetSecondPhone
            | Self::LockCode
            | Self::ChangeBankAccount
            | Self::Delegate
            | Self::Sign => (AuthLevel::L3, 5 * MINUTE),
            // As long as the steps of proving oneself may take.
            Self::NewDevice | Self::UnlockAccount => (AuthLevel::L4, 15 * MINUTE),
        };
        AuthRule { level, max_age_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_table_is_that_of_the_design() {
        for (act, level) in [
            (GuardedAct::ViewWallet, 2),
            (GuardedAct::ShowProof, 2),
            (GuardedAct::ChangeBankAccount, 3),
            (GuardedAct::ChangePhone, 3),
            (GuardedAct::Delegate, 3),
            (GuardedAct::Sign, 3),
            (GuardedAct::NewDevice, 4),
            (GuardedAct::UnlockAccount, 4),
            (GuardedAct::SetSecondPhone, 3),
            (GuardedAct::LockCode, 3),
            (GuardedAct::ConfirmPhone, 2),
            (GuardedAct::SetPhrase, 2),
            (GuardedAct::UpdateRecord, 2),
        ] {
            assert_eq!(act.default_rule().level.number(), level, "{act:?}");
        }
        for act in GuardedAct::ALL {
            assert_eq!(GuardedAct::from_name(act.name()), Some(act));
        }
    }
}
