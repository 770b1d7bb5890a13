//! The one error type of this crate.

use crate::Code;

/// Why a text or number could not become a value of this crate. Carries no data, so it can be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ModelError {
    /// A personal identification number is exactly twelve ASCII digits.
    #[error("the identification number is not 12 digits")]
    PidFormat,
    /// A name has at least one letter.
    #[error("the name has no letter")]
    NameEmpty,
    /// A name has at most 100 characters.
    #[error("the name is too long")]
    NameTooLong,
    /// A name has letters, spaces, hyphens and apostrophes only.
    #[error("the name holds a character that names do not have")]
    NameCharacter,
    /// None of the legal ways to write a date.
    #[error("the date is not in a known form")]
    DateFormat,
    /// The form is right, but the calendar has no such day or month.
    #[error("there is no such day")]
    DateInvalid,
    /// The year is outside 1800–2299.
    #[error("the date is out of range")]
    DateOutOfRange,
    /// Not ten digits from 0, nor +84 and nine digits.
    #[error("the phone number is not in a known form")]
    PhoneFormat,
    /// A province code is two digits, 01–99.
    #[error("the province code is not two digits")]
    ProvinceCodeFormat,
    /// A commune code is five digits, 00001–99999.
    #[error("the commune code is not five digits")]
    CommuneCodeFormat,
    /// A line of an address is too long or holds an invisible character.
    #[error("a line of the address is too long or holds an invisible character")]
    AddressText,
    /// An address in force since 1 July 2025 or later has no district.
    #[error("a new address has no district")]
    AddressDistrictAbolished,
    /// An address ends before it begins.
    #[error("the address ends before it begins")]
    AddressPeriod,
    /// Neither male nor female.
    #[error("the sex is not one of the registered ones")]
    SexInvalid,
    /// There are account levels 1 and 2.
    #[error("there is no such account level")]
    AccountLevelInvalid,
    /// There are authentication levels 1 to 4.
    #[error("there is no such authentication level")]
    AuthLevelInvalid,
    /// A data table is too large, has an unknown field, is out of order or contradicts itself.
    #[error("the data table is not valid")]
    TableInvalid,
    /// A recipient has no identifier or no name.
    #[error("the recipient is not stated properly")]
    RecipientInvalid,
    /// What a request asks for is missing, too long, or has an invisible character.
    #[error("the text of the request is missing, too long or holds an invisible character")]
    RequestText,
    /// A safety phrase is 3 to 40 letters and spaces.
    #[error("the safety phrase is not in a known form")]
    SafetyPhraseFormat,
}

impl ModelError {
    /// The stable code.
    pub const fn code(self) -> Code {
        match self {
            Self::PidFormat => Code::PID_FORMAT,
            Self::NameEmpty => Code::NAME_EMPTY,
            Self::NameTooLong => Code::NAME_TOO_LONG,
            Self::NameCharacter => Code::NAME_CHARACTER,
            Self::DateFormat => Code::DATE_FORMAT,
            Self::DateInvalid => Code::DATE_INVALID,
            Self::DateOutOfRange => Code::DATE_OUT_OF_RANGE,
            Self::PhoneFormat => Code::PHONE_FORMAT,
            Self::ProvinceCodeFormat => Code::PROVINCE_CODE_FORMAT,
            Self::CommuneCodeFormat => Code::COMMUNE_CODE_FORMAT,
            Self::AddressText => Code::ADDRESS_TEXT,
            Self::AddressDistrictAbolished => Code::ADDRESS_DISTRICT_ABOLISHED,
            Self::AddressPeriod => Code::ADDRESS_PERIOD,
            Self::SexInvalid => Code::SEX_INVALID,
            Self::AccountLevelInvalid => Code::ACCOUNT_LEVEL_INVALID,
            Self::AuthLevelInvalid => Code::AUTH_LEVEL_INVALID,
            Self::TableInvalid => Code::TABLE_INVALID,
            Self::RecipientInvalid => Code::RECIPIENT_INVALID,
            Self::RequestText => Code::DATA_REQUEST_TEXT,
            Self::SafetyPhraseFormat => Code::SAFETY_PHRASE_FORMAT,
        }
    }
}
