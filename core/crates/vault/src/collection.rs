use eid_crypto::KeySlot;

/// Row numbers of a collection run over this many bits, below the collection's number.
const SERIAL_BITS: u32 = 48;

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
    /// Personal records of ordinary sensitivity, as the platform sent them.
    Record,
    /// Party membership (đảng viên): a compartment of its own.
    PartyRecord,
    /// Health data (sức khỏe): a compartment of its own.
    HealthRecord,
    /// What the holder is writing (bản nháp).
    Draft,
    /// What is to be sent when the network is there.
    Outbox,
    /// What the platform confirmed (biên nhận).
    Receipt,
    /// Attachments: what they are and the keys of their chunks. Stored by the attachment calls of [`crate::Vault`] only.
    Attachment,
    /// Aliases of hardware keys that no record names any more and that are to be removed.
    HardwareKey,
    /// Consents that the holder gave (sự đồng ý), each with its signature and, once withdrawn, that of the withdrawal.
    Consent,
    /// Requests under the data-protection law (yêu cầu của chủ thể dữ liệu): drafts, and those that were sent.
    DataRequest,
}

/// What is fixed about a collection.
struct Facts {
    number: u8,
    name: &'static str,
    slot: KeySlot,
    refetchable: bool,
    step: usize,
}

impl Collection {
    /// All collections.
    pub const ALL: [Self; 15] = [
        Self::Account,
        Self::Grant,
        Self::Credential,
        Self::TrustData,
        Self::Setting,
        Self::Record,
        Self::PartyRecord,
        Self::HealthRecord,
        Self::Draft,
        Self::Outbox,
        Self::Receipt,
        Self::Attachment,
        Self::HardwareKey,
        Self::Consent,
        Self::DataRequest,
    ];

    /// The name, which is part of what a record is sealed to: never changed.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// The compartment whose key seals the records.
    pub fn slot(self) -> KeySlot {
        self.facts().slot
    }

    /// True if the platform gives the records again when they are lost. All others are on the disk, and not only on their way
    /// there, when a call that writes them returns.
    pub fn is_refetchable(self) -> bool {
        self.facts().refetchable
    }

    /// The number in the file: never changed or reused. One more than the place in [`Self::ALL`].
    pub(crate) fn number(self) -> u8 {
        self.facts().number
    }

    /// Values are filled up to a multiple of this many bytes, so that their length tells less.
    pub(crate) fn step(self) -> usize {
        self.facts().step
    }

    /// The place in [`Self::ALL`].
    pub(crate) fn index(self) -> usize {
        usize::from(self.number()).saturating_sub(1)
    }

    /// The lowest row number: the collection's number and a serial number of zero, which no row has.
    pub(crate) fn first_id(self) -> i64 {
        i64::from(self.number()) << SERIAL_BITS
    }

    /// The highest row number.
    pub(crate) fn last_id(self) -> i64 {
        self.first_id() | ((1 << SERIAL_BITS) - 1)
    }

    /// Whose row this is, by its number.
    pub(crate) fn of_id(id: i64) -> Option<Self> {
        let index = usize::try_from(id >> SERIAL_BITS).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    fn facts(self) -> Facts {
        let facts = |number, name, slot, refetchable| Facts { number, name, slot, refetchable, step: 1 };
        match self {
            Self::Account => facts(1, "account", KeySlot::Identity, false),
            Self::Grant => facts(2, "grant", KeySlot::Identity, true),
            Self::Credential => facts(3, "credential", KeySlot::Identity, true),
            Self::TrustData => facts(4, "trust_data", KeySlot::Records, true),
            Self::Setting => facts(5, "setting", KeySlot::Records, false),
            Self::Record => facts(6, "record", KeySlot::Records, true),
            Self::PartyRecord => Facts { step: 256, ..facts(7, "party_record", KeySlot::Party, false) },
            Self::HealthRecord => Facts { step: 256, ..facts(8, "health_record", KeySlot::Health, false) },
            Self::Draft => facts(9, "draft", KeySlot::Outbox, false),
            Self::Outbox => facts(10, "outbox", KeySlot::Outbox, false),
            Self::Receipt => facts(11, "receipt", KeySlot::Outbox, false),
            Self::Attachment => facts(12, "attachment", KeySlot::Attachments, false),
            Self::HardwareKey => facts(13, "hardware_key", KeySlot::Identity, false),
            Self::Consent => facts(14, "consent", KeySlot::Records, false),
            Self::DataRequest => facts(15, "data_request", KeySlot::Outbox, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_count_up_and_names_are_each_used_once() {
        for (index, collection) in Collection::ALL.into_iter().enumerate() {
            assert_eq!((usize::from(collection.number()), collection.index()), (index + 1, index));
        }
        let names: BTreeSet<_> = Collection::ALL.map(Collection::name).into();
        assert_eq!(names.len(), Collection::ALL.len());
    }

    #[test]
    fn row_number_tells_its_collection() {
        for collection in Collection::ALL {
            assert_eq!(Collection::of_id(collection.first_id() + 1), Some(collection));
            assert_eq!(Collection::of_id(collection.last_id()), Some(collection));
        }
        for id in [i64::MIN, -1, 0, 7, Collection::Account.first_id() - 1, Collection::DataRequest.last_id() + 1] {
            assert_eq!(Collection::of_id(id), None, "{id}");
        }
    }
}
