//! The population register of the sandbox: invented citizens and their drawn portraits.

use eid_model::{Address, CommuneTable, Date, PartialDate, PersonName, PhoneNumber, Pid, ProvinceTable, Sex, UnixTime};
use eid_proof::{Claim, ClaimValue, Claims, ProofError};
use serde::Deserialize;

use crate::{
    SandboxError,
    card::{CardFile, Holder, Quirks},
    portraits,
};

/// An invented citizen. No such person exists: the number cannot be issued, the phone rings nowhere, the commune is on no
/// map and the portrait is a drawing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Personal identification number.
    pub pid: Pid,
    /// Full name as the register spells it.
    pub name: PersonName,
    /// Date of birth; the day or the month may be unknown.
    pub birth_date: PartialDate,
    /// Registered sex.
    pub sex: Sex,
    /// The phone number that the register has; one-time codes go there.
    pub phone: PhoneNumber,
    /// Nationality, three letters (ISO 3166).
    pub nationality: String,
    /// True if the account's second level was approved in person.
    pub level_two: bool,
    /// The portrait's number.
    pub portrait: u8,
    /// Permanent residence.
    pub residence: Address,
    /// Place of origin (quê quán).
    pub origin: String,
    /// Where the birth was registered.
    pub birth_registration: String,
    /// The ID card.
    pub card: IdCard,
    /// Health insurance, if any.
    pub health_card: Option<HealthCard>,
    /// The driving licence, if any.
    pub licence: Option<Licence>,
}

/// The dates on an ID card.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdCard {
    /// First day.
    pub issued: Date,
    /// Last day; none on cards issued from the age of 60.
    pub expires: Option<Date>,
}

/// A health-insurance card (thẻ BHYT).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCard {
    /// 15 characters.
    pub number: String,
    /// Last day.
    pub valid_to: Date,
    /// Where treatment was registered.
    pub facility: String,
}

/// A driving licence (giấy phép lái xe).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// 12 digits.
    pub number: String,
    /// Classes of Law 36/2024, separated by commas.
    pub class: String,
}

impl Person {
    /// The portrait: WebP, 72×96, at most 600 bytes. Empty if the register names one that was not drawn.
    pub fn portrait(&self) -> &'static [u8] {
        portraits::small(self.portrait)
    }

    /// The portrait that the register keeps and the card has: JPEG, 360×480.
    pub fn large_portrait(&self) -> &'static [u8] {
        portraits::large(self.portrait)
    }
}

/// The register, read once.
#[derive(Debug)]
pub(crate) struct Register {
    people: Vec<Person>,
    communes: CommuneTable,
}

impl Register {
    /// Reads the register that is compiled in.
    pub(crate) fn embedded() -> Result<Self, SandboxError> {
        let people = serde_json::from_str(include_str!("../data/people.json"));
        let communes = CommuneTable::parse(include_str!("../data/communes.json"));
        match (people, communes) {
            (Ok(people), Ok(communes)) => Ok(Self { people, communes }),
            _ => Err(SandboxError::Register),
        }
    }

    pub(crate) fn people(&self) -> &[Person] {
        &self.people
    }

    pub(crate) fn find(&self, pid: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.pid.as_str() == pid)
    }

    /// The description of a person's card. What the register does not know is invented.
    pub(crate) fn card_file(&self, pid: &Pid) -> Option<CardFile> {
        let person = self.find(pid.as_str())?;
        let residence = person.residence.lines(ProvinceTable::embedded(), Some(&self.communes));
        let holder = Holder {
            number: person.pid,
            name: person.name.clone(),
            birth: person.birth_date,
            sex: person.sex,
            ethnicity: "Kinh".to_owned(),
            religion: "Không".to_owned(),
            origin: person.origin.clone(),
            residence: residence.replace('\n', ", "),
            marks: "Không".to_owned(),
            issued: person.card.issued,
            expires: person.card.expires,
            father: "Nguyễn Văn Cha".to_owned(),
            mother: "Trần Thị Mẹ".to_owned(),
            spouse: None,
            old_number: None,
            chip_number: "0123456789ABCDEF".to_owned(),
        };
        Some(CardFile { holder, portrait: Some(person.portrait), face_bytes: None, quirks: Quirks::default() })
    }

    /// Everything that an issuer token can say of a person on the day of `now`.
    pub(crate) fn claims(&self, person: &Person, now: i64) -> Result<Claims, SandboxError> {
        let today = UnixTime::from_seconds(now).date_in_vietnam().map_err(|_| SandboxError::Register)?;
        let mut claims = Claims::new();
        let mut text = |claim, value: String| claims.insert(claim, ClaimValue::Text(value));
        text(Claim::Pid, person.pid.as_str().to_owned())?;
        text(Claim::FullName, person.name.card_form())?;
        text(Claim::BirthDate, person.birth_date.claim169_form())?;
        text(Claim::Residence, person.residence.lines(ProvinceTable::embedded(), Some(&self.communes)))?;
        text(Claim::Phone, person.phone.national_form())?;
        text(Claim::Nationality, person.nationality.clone())?;
        text(Claim::Origin, person.origin.clone())?;
        text(Claim::BirthRegistration, person.birth_registration.clone())?;
        text(Claim::CardIssued, day(person.card.issued))?;
        if let Some(expires) = person.card.expires {
            text(Claim::CardExpires, day(expires))?;
        }
        if let Some(card) = &person.health_card {
            text(Claim::HealthCardNumber, card.number.clone())?;
            text(Claim::HealthCardValidTo, day(card.valid_to))?;
            text(Claim::HealthFacility, card.facility.clone())?;
        }
        if let Some(licence) = &person.licence {
            text(Claim::LicenceNumber, licence.number.clone())?;
            text(Claim::LicenceClass, licence.class.clone())?;
        }
        insert_rest(&mut claims, person, today)?;
        Ok(claims)
    }
}

/// The claims that are no text.
fn insert_rest(claims: &mut Claims, person: &Person, today: Date) -> Result<(), ProofError> {
    claims.insert(Claim::Gender, ClaimValue::Number(person.sex.claim169_number()))?;
    claims.insert(Claim::Face, ClaimValue::Face(person.portrait().to_vec()))?;
    claims.insert(Claim::AgeOver16, ClaimValue::Flag(person.birth_date.is_at_least(16, today)))?;
    claims.insert(Claim::AgeOver18, ClaimValue::Flag(person.birth_date.is_at_least(18, today)))
}

/// `YYYYMMDD`.
fn day(date: Date) -> String {
    PartialDate::from(date).claim169_form()
}
