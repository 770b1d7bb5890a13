//! Residence: addresses of two tiers and of three, and how long each form of it may last.

use eid_model::{Address, AddressNotice, Code, ModelError};

use crate::{
    Value,
    finding::Findings,
    view::{Fields, View},
};

pub(super) const TABLES: &[&str] = &[include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let residence = view.fields();
    match address(&residence, findings) {
        Ok(Some(address)) => check_notices(view, &residence, &address, findings),
        Ok(None) => {}
        Err(ModelError::AddressPeriod) => findings.error(residence.path("to"), Code::ADDRESS_PERIOD),
        Err(error) => findings.error(residence.path("district"), error.code()),
    }
    check_term(view, &residence, findings);
    check_single(view, &residence, findings);
}

/// The address of the model, which knows since when there are no districts; none while a part is missing.
fn address(fields: &Fields<'_>, findings: &mut Findings) -> Result<Option<Address>, ModelError> {
    let parts = (fields.value("province"), fields.value("commune"), fields.date("from"));
    let (Some(Value::Province(province)), Some(Value::Commune(commune)), Some(from)) = parts else { return Ok(None) };
    let mut address = Address::new(*province, *commune, &fields.text("detail").unwrap_or_default(), *from)?;
    if let Some(to) = fields.date("to") {
        address = address.until(*to)?;
    }
    let (district, commune) = (fields.text("district"), fields.text("former_commune"));
    match (fields.value("former_province"), district.is_some() || commune.is_some()) {
        (Some(Value::FormerProvince(province)), _) => address
            .with_legacy(*province, &district.unwrap_or_default(), &commune.unwrap_or_default())
            .map(Some),
        (_, true) => {
            findings.error(fields.path("former_province"), Code::FIELD_REQUIRED);
            Ok(Some(address))
        }
        _ => Ok(Some(address)),
    }
}

fn check_notices(view: &View<'_>, fields: &Fields<'_>, address: &Address, findings: &mut Findings) {
    let tables = view.context().tables;
    for notice in address.notices(tables.provinces(), tables.communes()) {
        let (field, code) = match notice {
            AddressNotice::UnknownProvince => ("province", Code::ADDRESS_PROVINCE_UNKNOWN),
            AddressNotice::UnknownCommune => ("commune", Code::ADDRESS_COMMUNE_UNKNOWN),
            AddressNotice::CommuneOutsideProvince => ("commune", Code::ADDRESS_COMMUNE_MISMATCH),
            AddressNotice::FormerProvinceMismatch => ("former_province", Code::ADDRESS_FORMER_MISMATCH),
        };
        findings.warn(fields.path(field), code);
    }
}

/// Some forms have a longest or a shortest term, and one is renewed some days before its end.
fn check_term(view: &View<'_>, fields: &Fields<'_>, findings: &mut Findings) {
    let (Some(row), Some(from), Some(to)) = (view.row(fields, "type"), fields.date("from"), fields.date("to")) else {
        return;
    };
    let days = from.days_until(*to);
    let number = |name| row.number::<i64>(name);
    let too_long = number("under_days").is_some_and(|under| days >= under)
        || row.number("years").and_then(|years| from.plus_years(years).ok()).is_some_and(|last| *to > last);
    let too_short = days >= 0 && number("from_days").is_some_and(|least| days < least);
    if too_long || too_short {
        findings.error(fields.path("to"), Code::RESIDENCE_TERM);
        return;
    }
    let left = view.context().today.days_until(*to);
    if number("renew_days").is_some_and(|days| (0..=days).contains(&left)) {
        findings.warn(fields.path("to"), Code::RESIDENCE_RENEW);
    }
}

/// A person lives permanently at one place.
fn check_single(view: &View<'_>, fields: &Fields<'_>, findings: &mut Findings) {
    let single = |fields: &Fields<'_>| view.row(fields, "type").is_some_and(|row| row.fact("single").is_some());
    let today = view.context().today;
    let holds = |fields: &Fields<'_>| fields.date("to").is_none_or(|to| *to >= today);
    if single(fields) && holds(fields) && view.others().any(|other| single(&other) && holds(&other)) {
        findings.error(fields.path("type"), Code::RESIDENCE_SECOND);
    }
}

#[cfg(test)]
mod tests {
    use eid_model::{CommuneTable, Date};

    use crate::{Context, Form, Path, RecordKind, Speaker, Tables};

    const COMMUNES: &str = r#"{"edition": {"version": 1, "effective_from": "2025-07-01", "source": "invented"},
        "communes": [{"code": "00004", "name": "Phường Thử", "province": "01"}]}"#;

    #[test]
    fn commune_is_looked_up_once_the_platform_supplied_the_list() {
        let mut tables = Tables::embedded().clone();
        let today = Date::new(2026, 7, 1).unwrap();
        let found = |tables: &Tables, province: &str, commune: &str| {
            let mut form = Form::new();
            let texts = [("type", "permanent"), ("province", province), ("commune", commune), ("from", "2026-01-01")];
            for (path, text) in texts.into_iter().chain([("detail", "Số 1")]) {
                form.set(Path::parse(path).unwrap(), text).unwrap();
            }
            let context = Context { today, holder: None, others: &[], tables, speaker: Speaker::Authority };
            let checked = RecordKind::Residence.validate(&form, &context);
            checked.findings().iter().map(|finding| finding.code().info().name).collect::<Vec<_>>()
        };
        assert_eq!(found(&tables, "01", "99999"), Vec::<&str>::new(), "nobody knows the communes yet");
        tables.set_communes(CommuneTable::parse(COMMUNES).unwrap());
        assert_eq!(found(&tables, "01", "00004"), Vec::<&str>::new());
        assert_eq!(found(&tables, "01", "99999"), ["ADDRESS_COMMUNE_UNKNOWN"]);
        assert_eq!(found(&tables, "79", "00004"), ["ADDRESS_COMMUNE_MISMATCH"]);
    }
}
