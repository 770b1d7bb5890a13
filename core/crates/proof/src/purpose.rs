use crate::Claim;

/// What an issuer token is for: one token per purpose, so that a counter sees no more than it needs.
///
/// The numbers are `vct` values of the experimental range (65000 and above) until numbers are registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Age over 18, and nothing else.
    Age,
    /// Full identity (danh tính).
    Id,
    /// Health insurance (bảo hiểm y tế).
    Health,
    /// Every claim, each redactable: for requests that no other purpose fits.
    Flex,
    /// Residence (nơi cư trú).
    Residence,
    /// Driving licence (giấy phép lái xe).
    DrivingLicence,
    /// Check-in at a hospital.
    HospitalCheckIn,
    /// Check-in for a domestic flight.
    FlightCheckIn,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 8] = [
        Self::Age,
        Self::Id,
        Self::Health,
        Self::Flex,
        Self::Residence,
        Self::DrivingLicence,
        Self::HospitalCheckIn,
        Self::FlightCheckIn,
    ];

    /// The `vct` number on the wire.
    pub const fn vct(self) -> u16 {
        match self {
            Self::Age => 65041,
            Self::Id => 65042,
            Self::Health => 65043,
            Self::Flex => 65044,
            Self::Residence => 65045,
            Self::DrivingLicence => 65046,
            Self::HospitalCheckIn => 65047,
            Self::FlightCheckIn => 65048,
        }
    }

    /// The purpose with this `vct` number.
    pub fn from_vct(vct: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.vct() == vct)
    }

    /// A short name for options, JSON and credential configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Id => "id",
            Self::Health => "health",
            Self::Flex => "flex",
            Self::Residence => "residence",
            Self::DrivingLicence => "driving-licence",
            Self::HospitalCheckIn => "hospital-check-in",
            Self::FlightCheckIn => "flight-check-in",
        }
    }

    /// The purpose with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// The claims that each token of this purpose carries in clear; a photo may come with them. A flex token carries
    /// whatever the issuer knows, all redacted, so nothing is required of it.
    pub const fn claims(self) -> &'static [Claim] {
        use Claim::{
            AgeOver18, BirthDate, FullName, Gender, HealthCardNumber, HealthCardValidTo, HealthFacility, LicenceClass,
            LicenceNumber, Nationality, Pid, Residence,
        };
        match self {
            Self::Age => &[AgeOver18],
            Self::Id => &[Pid, FullName, BirthDate, Gender, Residence, Nationality],
            Self::Health => &[FullName, BirthDate, HealthCardNumber, HealthCardValidTo, HealthFacility],
            Self::Flex => &[],
            Self::Residence => &[Pid, FullName, BirthDate, Residence],
            Self::DrivingLicence => &[FullName, BirthDate, LicenceNumber, LicenceClass],
            Self::HospitalCheckIn => &[Pid, FullName, BirthDate, Gender, HealthCardNumber, HealthFacility],
            Self::FlightCheckIn => &[Pid, FullName, BirthDate, Nationality],
        }
    }
}
