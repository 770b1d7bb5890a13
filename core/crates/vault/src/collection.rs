use eid_crypto::KeySlot;

/// What kind of record; each kind is sealed with the key of its compartment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// The holder's account: Pid, phone, state of activation.
    Account,
    /// Signed grants of an account level (giấy cấp mức độ).
    Grant,
    /// Proof credentials, one for each presentation.
    Credential,
    /// Trust lists, status lists and other public data that is fetched again when lost.
    TrustData,
    /// The holder's choices in the app.
    Setting,
}

impl Collection {
    /// All collections.
    pub const ALL: [Self; 5] = [Self::Account, Self::Grant, Self::Credential, Self::TrustData, Self::Setting];

    /// The name, which is part of what a record is sealed to: never changed.
    pub fn name(self) -> &'static str {
        self.facts().1
    }

    /// The compartment whose key seals the records.
    pub fn slot(self) -> KeySlot {
        self.facts().2
    }

    /// The number in the file: never changed or reused.
    pub(crate) fn number(self) -> u8 {
        self.facts().0
    }

    fn facts(self) -> (u8, &'static str, KeySlot) {
        match self {
            Self::Account => (1, "account", KeySlot::Identity),
            Self::Grant => (2, "grant", KeySlot::Identity),
            Self::Credential => (3, "credential", KeySlot::Identity),
            Self::TrustData => (4, "trust_data", KeySlot::Records),
            Self::Setting => (5, "setting", KeySlot::Records),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_and_names_are_each_used_once() {
        let distinct =
            |of: fn(Collection) -> String| Collection::ALL.into_iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|c| c.number().to_string()), Collection::ALL.len());
        assert_eq!(distinct(|c| c.name().to_owned()), Collection::ALL.len());
    }
}
