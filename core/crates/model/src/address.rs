//! Addresses: province and commune since 1 July 2025; the older ones had a district between them.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Code, CommuneCode, CommuneTable, Date, FormerProvinceCode, ModelError, ProvinceCode, ProvinceTable, line::Line,
    quiet::Quiet,
};

/// An address (địa chỉ) by the codes of today, with the period in which it holds. One from before July 2025 may keep the
/// words it had: former province, district and commune.
///
/// `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Quiet<Stored>")]
pub struct Address {
    province_code: ProvinceCode,
    commune_code: CommuneCode,
    detail: Line,
    effective_from: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_to: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legacy: Option<Legacy>,
}

/// What is odd about an address without making it wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressNotice {
    /// The province code is not in the table.
    UnknownProvince,
    /// The commune code is not in the table.
    UnknownCommune,
    /// By the table the commune lies in another province.
    CommuneOutsideProvince,
    /// The former province is unknown, or was merged into another province than the address names.
    FormerProvinceMismatch,
}

impl Address {
    /// An address in force since a day. `detail` is house, street, hamlet: one line, at most 200 characters, may be empty.
    ///
    /// # Errors
    /// [`ModelError::AddressText`].
    pub fn new(
        province_code: ProvinceCode,
        commune_code: CommuneCode,
        detail: &str,
        effective_from: Date,
    ) -> Result<Self, ModelError> {
        let detail = Line::parse(detail)?;
        Ok(Self { province_code, commune_code, detail, effective_from, effective_to: None, legacy: None })
    }

    /// The same address with its last day.
    ///
    /// # Errors
    /// [`ModelError::AddressPeriod`] if it ends before it begins.
    pub fn until(self, effective_to: Date) -> Result<Self, ModelError> {
        Self { effective_to: Some(effective_to), ..self }.checked()
    }

    /// The same address with the words it had before July 2025. Codes of communes were never given twice, so the commune
    /// code may be the former one when today's is not known. A district may have had no communes.
    ///
    /// # Errors
    /// [`ModelError::AddressDistrictAbolished`] if the address is in force only since July 2025 or later;
    /// [`ModelError::AddressText`].
    pub fn with_legacy(
        self,
        province_code: FormerProvinceCode,
        district: &str,
        commune: &str,
    ) -> Result<Self, ModelError> {
        let legacy = Legacy { province_code, district: Line::parse(district)?, commune: Line::parse(commune)? };
        Self { legacy: Some(legacy), ..self }.checked()
    }

    /// The province of today.
    pub fn province_code(&self) -> ProvinceCode {
        self.province_code
    }

    /// The commune.
    pub fn commune_code(&self) -> CommuneCode {
        self.commune_code
    }

    /// House, street, hamlet.
    pub fn detail(&self) -> &str {
        self.detail.as_str()
    }

    /// The first day.
    pub fn effective_from(&self) -> Date {
        self.effective_from
    }

    /// The last day, if it has one.
    pub fn effective_to(&self) -> Option<Date> {
        self.effective_to
    }

    /// The former province, of an address that keeps its old words.
    pub fn former_province_code(&self) -> Option<FormerProvinceCode> {
        self.legacy.as_ref().map(|legacy| legacy.province_code)
    }

    /// The district, of an address that keeps its old words; otherwise empty, which is the right answer for whoever
    /// still asks for one.
    pub fn district(&self) -> &str {
        self.legacy.as_ref().map_or("", |legacy| legacy.district.as_str())
    }

    /// The name of the former commune, of an address that keeps its old words; otherwise empty.
    pub fn former_commune(&self) -> &str {
        self.legacy.as_ref().map_or("", |legacy| legacy.commune.as_str())
    }

    /// The address for people and for attribute 10 (address) of claim 169: from detail to province, lines separated by
    /// LF. An address that keeps its old words is written with them. A code that has no name in the tables is written as
    /// the code.
    pub fn lines(&self, provinces: &ProvinceTable, communes: Option<&CommuneTable>) -> String {
        let code_or =
            |name: Option<&str>, code: &dyn fmt::Display| name.map_or_else(|| code.to_string(), str::to_owned);
        let places = match &self.legacy {
            Some(legacy) => {
                let province = provinces.find_former(legacy.province_code).map(|row| row.name());
                [
                    legacy.commune.as_str().to_owned(),
                    legacy.district.as_str().to_owned(),
                    code_or(province, &legacy.province_code),
                ]
            }
            None => {
                let commune = communes.and_then(|table| table.find(self.commune_code)).map(|row| row.name());
                let province = provinces.find(self.province_code).map(|row| row.name());
                [code_or(commune, &self.commune_code), String::new(), code_or(province, &self.province_code)]
            }
        };
        let [commune, district, province] = &places;
        let lines = [self.detail(), commune, district, province];
        lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// What is odd about the address, by the tables at hand. Never a reason to refuse it.
    pub fn notices(&self, provinces: &ProvinceTable, communes: Option<&CommuneTable>) -> Vec<AddressNotice> {
        let mut notices = Vec::new();
        if provinces.find(self.province_code).is_none() {
            notices.push(AddressNotice::UnknownProvince);
        }
        match (communes.map(|table| table.find(self.commune_code)), &self.legacy) {
            (Some(Some(commune)), _) if commune.province() != self.province_code => {
                notices.push(AddressNotice::CommuneOutsideProvince);
            }
            (Some(None), None) => notices.push(AddressNotice::UnknownCommune),
            _ => {}
        }
        if let Some(legacy) = &self.legacy {
            let now = provinces.find_former(legacy.province_code).map(|row| row.merged_into());
            if now != Some(self.province_code) {
                notices.push(AddressNotice::FormerProvinceMismatch);
            }
        }
        notices
    }

    fn checked(self) -> Result<Self, ModelError> {
        if self.effective_to.is_some_and(|last| last < self.effective_from) {
            return Err(ModelError::AddressPeriod);
        }
        if self.legacy.is_some() && self.effective_from >= Date::TWO_TIER_ADDRESSES {
            return Err(ModelError::AddressDistrictAbolished);
        }
        Ok(self)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(redacted)")
    }
}

impl AddressNotice {
    /// The stable code.
    pub const fn code(self) -> Code {
        match self {
            Self::UnknownProvince => Code::ADDRESS_PROVINCE_UNKNOWN,
            Self::UnknownCommune => Code::ADDRESS_COMMUNE_UNKNOWN,
            Self::CommuneOutsideProvince => Code::ADDRESS_COMMUNE_MISMATCH,
            Self::FormerProvinceMismatch => Code::ADDRESS_FORMER_MISMATCH,
        }
    }
}

/// The words of an address from before July 2025.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Legacy {
    province_code: FormerProvinceCode,
    district: Line,
    commune: Line,
}

/// What [`Address`] is read from, before the parts are compared with one another.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    province_code: ProvinceCode,
    commune_code: CommuneCode,
    detail: Line,
    effective_from: Date,
    effective_to: Option<Date>,
    legacy: Option<Quiet<Legacy>>,
}

impl TryFrom<Quiet<Stored>> for Address {
    type Error = ModelError;

    fn try_from(Quiet(stored): Quiet<Stored>) -> Result<Self, ModelError> {
        let Stored { province_code, commune_code, detail, effective_from, effective_to, legacy } = stored;
        let legacy = legacy.map(|Quiet(legacy)| legacy);
        Self { province_code, commune_code, detail, effective_from, effective_to, legacy }.checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn address(province: &str, commune: &str, from: &str) -> Address {
        let province = ProvinceCode::parse(province).unwrap();
        let commune = CommuneCode::parse(commune).unwrap();
        Address::new(province, commune, "Số 1 ngõ  Thử", date(from)).unwrap()
    }

    /// In Long An until 2025, which is in Tây Ninh now.
    fn old_address() -> Address {
        let former = FormerProvinceCode::parse("80").unwrap();
        address("80", "99001", "2010-05-05").with_legacy(former, "Huyện Thử", "Xã Cũ").unwrap()
    }

    fn communes() -> CommuneTable {
        CommuneTable::parse(
            r#"{"edition":{"version":1,"effective_from":"2025-07-01","source":"invented"},
                "communes":[{"code":"99001","name":"Xã Thử Một","province":"01"}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn new_address_written_has_two_tiers() {
        let (provinces, communes) = (ProvinceTable::embedded(), communes());
        let new = address("01", "99001", "2025-07-01");
        assert_eq!(new.lines(provinces, Some(&communes)), "Số 1 ngõ Thử\nXã Thử Một\nHà Nội");
        assert_eq!(new.lines(provinces, None), "Số 1 ngõ Thử\n99001\nHà Nội");
        assert_eq!(new.district(), "");
        let bare = Address::new(new.province_code(), new.commune_code(), "", date("2025-07-01")).unwrap();
        assert_eq!(bare.lines(provinces, Some(&communes)), "Xã Thử Một\nHà Nội");
    }

    #[test]
    fn old_address_written_keeps_its_words() {
        let old = old_address();
        assert_eq!(old.lines(ProvinceTable::embedded(), None), "Số 1 ngõ Thử\nXã Cũ\nHuyện Thử\nLong An");
        assert_eq!((old.district(), old.former_commune()), ("Huyện Thử", "Xã Cũ"));
        assert_eq!(old.notices(ProvinceTable::embedded(), None), []);
    }

    #[test]
    fn district_in_a_new_address_is_refused() {
        let former = FormerProvinceCode::parse("80").unwrap();
        for (from, allowed) in [("2025-06-30", true), ("2025-07-01", false), ("2026-01-01", false)] {
            let result = address("80", "99001", from).with_legacy(former, "Huyện Thử", "");
            assert_eq!(result.err(), (!allowed).then_some(ModelError::AddressDistrictAbolished), "{from}");
        }
    }

    #[test]
    fn period_that_ends_before_it_begins_is_refused() {
        let from = "2025-07-02";
        assert_eq!(address("01", "99001", from).until(date("2025-07-01")).err(), Some(ModelError::AddressPeriod));
        assert!(address("01", "99001", from).until(date(from)).is_ok());
    }

    #[test]
    fn odd_address_noticed_gives_every_warning() {
        let (provinces, communes) = (ProvinceTable::embedded(), communes());
        let mismatch = AddressNotice::FormerProvinceMismatch;
        let moved = |former| {
            let former = FormerProvinceCode::parse(former).unwrap();
            address("01", "99001", "2010-01-01").with_legacy(former, "Huyện Thử", "Xã Cũ").unwrap()
        };
        for (address, expected) in [
            (address("01", "99001", "2026-01-01"), vec![]),
            (
                address("02", "99001", "2026-01-01"),
                vec![AddressNotice::UnknownProvince, AddressNotice::CommuneOutsideProvince],
            ),
            (address("79", "99001", "2026-01-01"), vec![AddressNotice::CommuneOutsideProvince]),
            (address("01", "99009", "2026-01-01"), vec![AddressNotice::UnknownCommune]),
            (moved("01"), vec![]),
            (moved("80"), vec![mismatch]),
            (moved("99"), vec![mismatch]),
        ] {
            assert_eq!(address.notices(provinces, Some(&communes)), expected);
        }
        assert_eq!(mismatch.code(), Code::ADDRESS_FORMER_MISMATCH);
    }

    #[test]
    fn address_debugged_is_redacted() {
        assert_eq!(format!("{:?}", old_address()), "Address(redacted)");
    }

    #[test]
    fn address_stored_and_loaded_returns() {
        for address in [address("01", "99001", "2026-01-01"), old_address().until(date("2025-06-30")).unwrap()] {
            let json = serde_json::to_string(&address).unwrap();
            assert_eq!(serde_json::from_str::<Address>(&json).unwrap(), address, "{json}");
        }
    }
}
