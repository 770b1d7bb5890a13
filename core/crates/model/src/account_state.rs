//! Whether an account may be used.

use serde::{Deserialize, Serialize};

/// How an account stands for one phone (trạng thái tài khoản), by the platform's last word. In every state but the first no new
/// proof is made and what the phone holds stays sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// It may be used.
    #[default]
    Active,
    /// Its holder locked it; card and face lift that, from any phone.
    SelfLocked,
    /// The holder's identity card has expired.
    CardExpired,
    /// The holder has died, or gave it up.
    Closed,
    /// It is bound to another phone now.
    Superseded,
    /// It is locked: by an authority, or the platform did not say by whom. Also any state that this version does not know.
    #[serde(other)]
    Locked,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_that_a_newer_platform_has_counts_as_locked() {
        for (name, state) in [
            ("active", AccountState::Active),
            ("self_locked", AccountState::SelfLocked),
            ("locked", AccountState::Locked),
            ("card_expired", AccountState::CardExpired),
            ("closed", AccountState::Closed),
            ("superseded", AccountState::Superseded),
            ("under_review", AccountState::Locked),
        ] {
            assert_eq!(serde_json::from_str::<AccountState>(&format!("\"{name}\"")).unwrap(), state, "{name}");
        }
        assert_eq!(serde_json::to_string(&AccountState::CardExpired).unwrap(), "\"card_expired\"");
    }
}
