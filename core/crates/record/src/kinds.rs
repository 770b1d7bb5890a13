//! The kinds of records: one folder each, and one line here.

use std::sync::LazyLock;

use eid_model::embedded_table;

use crate::{Definition, RecordError, finding::Findings, view::View};

/// For each kind its variant, its folder and its documentation.
macro_rules! kinds {
    ($($(#[$doc:meta])+ $variant:ident = $folder:ident,)+) => {
        $(mod $folder;)+

        /// A kind of record (loại dữ liệu cá nhân).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum RecordKind {
            $($(#[$doc])+ $variant,)+
        }

        impl RecordKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in forms, tables and on the wire: never changed.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($folder),)+
                }
            }

            /// What the kind is and which fields it has.
            pub fn definition(self) -> &'static Definition {
                match self {
                    $(Self::$variant => {
                        static READ: LazyLock<Definition> = LazyLock::new(|| {
                            let json = include_str!(concat!("kinds/", stringify!($folder), "/kind.json"));
                            embedded_table(Definition::parse(json).map_err(|_| eid_model::ModelError::TableInvalid))
                        });
                        &READ
                    })+
                }
            }

            /// The code tables that came with the kind.
            pub(crate) fn tables(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => $folder::TABLES,)+
                }
            }

            /// The rules that the definition cannot say.
            pub(crate) fn check(self, view: &View<'_>, findings: &mut Findings) {
                match self {
                    $(Self::$variant => $folder::check(view, findings),)+
                }
            }

            /// Its cases: what is odd or wrong, and what is not.
            #[cfg(test)]
            pub(crate) fn cases(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("kinds/", stringify!($folder), "/cases.json")),)+
                }
            }
        }
    };
}

mod utility;

kinds! {
    /// What the population database says of a person (thông tin căn cước).
    Identity = identity,
    /// One registration of residence: permanent, temporary, stay or absence (cư trú).
    Residence = residence,
    /// A diploma or certificate (văn bằng, chứng chỉ).
    Education = education,
    /// A driving licence (giấy phép lái xe).
    DrivingLicence = driving_licence,
    /// A bank account, one for benefits among them (tài khoản ngân hàng, tài khoản an sinh xã hội).
    BankAccount = bank_account,
    /// A contract for electricity (điện).
    Electricity = electricity,
    /// A contract for water (nước).
    Water = water,
    /// A telephone subscription (thuê bao viễn thông).
    Telecom = telecom,
    /// One relation between two people (quan hệ gia đình).
    FamilyRelationship = family_relationship,
    /// A post as cadre, civil servant or public employee (cán bộ, công chức, viên chức).
    CivilServant = civil_servant,
    /// Membership of the Party (đảng viên).
    PartyMembership = party_membership,
    /// Social and health insurance (bảo hiểm xã hội, bảo hiểm y tế).
    Insurance = insurance,
    /// The electronic health book (sổ sức khỏe điện tử).
    HealthBook = health_book,
    /// Tax registration and dependants (thuế, người phụ thuộc).
    Tax = tax,
    /// A vehicle (phương tiện).
    Vehicle = vehicle,
}

pub use bank_account::vietqr;

impl RecordKind {
    /// The kind with a name.
    ///
    /// # Errors
    /// [`RecordError::KindUnknown`].
    pub fn from_name(name: &str) -> Result<Self, RecordError> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name).ok_or(RecordError::KindUnknown)
    }
}
