//! What of a record leaves the phone, and in which form.

use std::collections::BTreeMap;

use crate::{Form, Path, Payload, RecordError, RecordKind, Sensitivity, Value};

/// A part of a record that a service asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    /// What is shared.
    pub form: Form,
    /// Whether any of it is sensitive: the holder is told so before agreeing.
    pub sensitivity: Sensitivity,
}

impl RecordKind {
    /// The part of a record that `wanted` names, each by the name of a group, of a field or list, or of one item of a list
    /// (`visits[…]`). What is not named stays.
    ///
    /// # Errors
    /// [`RecordError::NotShared`] for a kind that is only shown to its holder, or a name that the kind does not have.
    pub fn share(self, payload: &Payload, wanted: &[&str]) -> Result<Shared, RecordError> {
        let definition = self.definition();
        let known = |name: &str| {
            let field = name.split_once('[').map_or(name, |(list, _)| list);
            definition.groups().iter().any(|group| group.name() == name)
                || definition.fields().iter().any(|known| known.name() == field)
        };
        if !definition.share().services || !wanted.iter().all(|name| known(name)) {
            return Err(RecordError::NotShared);
        }
        let (mut form, mut sensitivity) = (Form::new(), Sensitivity::Basic);
        for (path, value) in payload.iter().filter(|(path, _)| self.is_wanted(path, wanted)) {
            if definition.find(path).is_some_and(|field| field.is_sensitive()) {
                sensitivity = Sensitivity::Sensitive;
            }
            form.insert(path.clone(), value.text());
        }
        Ok(Shared { form, sensitivity })
    }

    /// The claims of a QR proof that a record fills, by name, in the texts of the proof format: days as eight digits, sex as a
    /// number. A claim of a list has a value for each item. Empty for kinds that are never in a proof: their
    /// definitions name no claims.
    pub fn claims(self, payload: &Payload) -> BTreeMap<&'static str, Vec<String>> {
        let definition = self.definition();
        let mut claims: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for (path, value) in payload.iter() {
            if let Some(claim) = definition.find(path).and_then(|field| field.claim()) {
                claims.entry(claim).or_default().push(as_claim(value));
            }
        }
        claims
    }

    fn is_wanted(self, path: &Path, wanted: &[&str]) -> bool {
        let item = path.item().map(|item| format!("{}[{item}]", path.field()));
        let group = self.definition().group_of(path);
        wanted.iter().any(|name| *name == path.field() || Some(*name) == group || Some(*name) == item.as_deref())
    }
}

fn as_claim(value: &Value) -> String {
    match value {
        Value::Date(date) => eid_model::PartialDate::Day(*date).claim169_form(),
        Value::PartialDate(date) => date.claim169_form(),
        Value::Sex(sex) => sex.claim169_number().to_string(),
        _ => value.text(),
    }
}

#[cfg(test)]
mod tests {
    use eid_model::Date;

    use super::*;
    use crate::{Context, Speaker, Tables};

    fn payload(kind: RecordKind, texts: &[(&str, &str)]) -> Payload {
        let mut form = Form::new();
        for (path, text) in texts {
            form.set(Path::parse(path).unwrap(), text).unwrap();
        }
        let (today, tables) = (Date::new(2026, 7, 1).unwrap(), Tables::embedded());
        let context = Context { today, holder: None, others: &[], tables, speaker: Speaker::Authority };
        kind.validate(&form, &context).payload().clone()
    }

    fn paths(shared: &Shared) -> Vec<&str> {
        shared.form.iter().map(|(path, _)| path.as_str()).collect()
    }

    #[test]
    fn part_asked_for_is_shared_and_nothing_else() {
        let kind = RecordKind::HealthBook;
        let book = payload(
            kind,
            &[
                ("full_name", "Nguyễn Thị Thử"),
                ("blood_group", "O_pos"),
                ("visits[a].facility", "A"),
                ("visits[a].came_on", "2026-01-01"),
                ("visits[b].facility", "B"),
                ("visits[b].came_on", "2026-01-02"),
                ("medicines[m].name", "M"),
                ("medicines[m].from", "2026-01-02"),
            ],
        );
        let of_a = ["visits[A/2026-01-01].came_on", "visits[A/2026-01-01].facility"];
        assert_eq!(paths(&kind.share(&book, &["visits[A/2026-01-01]"]).unwrap()), of_a, "one visit");
        assert_eq!(paths(&kind.share(&book, &["visits"]).unwrap()).len(), 4);
        assert_eq!(paths(&kind.share(&book, &["history"]).unwrap()), ["blood_group"]);
        assert_eq!(paths(&kind.share(&book, &["full_name", "medicines"]).unwrap()).len(), 3);
        assert_eq!(kind.share(&book, &["history"]).unwrap().sensitivity, Sensitivity::Sensitive);
        assert_eq!(kind.share(&book, &[]).unwrap().form, Form::new());
        assert_eq!(kind.share(&book, &["visit"]), Err(RecordError::NotShared));
        assert!(kind.claims(&book).is_empty());
    }

    #[test]
    fn basic_fields_of_a_sensitive_kind_are_basic() {
        let kind = RecordKind::Identity;
        let person = payload(kind, &[("full_name", "Nguyễn Thị Thử"), ("ethnicity", "01")]);
        assert_eq!(kind.share(&person, &["core"]).unwrap().sensitivity, Sensitivity::Basic);
        assert_eq!(kind.share(&person, &["core", "ethnicity"]).unwrap().sensitivity, Sensitivity::Sensitive);
    }

    #[test]
    fn party_membership_is_never_shared() {
        let kind = RecordKind::PartyMembership;
        let member = payload(kind, &[("card_number", "00012345")]);
        assert_eq!(kind.share(&member, &["card_number"]), Err(RecordError::NotShared));
        assert_eq!(kind.share(&member, &[]), Err(RecordError::NotShared));
        assert!(kind.claims(&member).is_empty());
    }

    #[test]
    fn claims_have_the_texts_of_the_proof_format() {
        let person = payload(
            RecordKind::Identity,
            &[
                ("pid", "000190000001"),
                ("birth_date", "05/1990"),
                ("sex", "female"),
                ("nationalities[1].country", "VNM"),
            ],
        );
        let texts = |claims: &BTreeMap<&'static str, Vec<String>>| {
            claims.iter().map(|(name, values)| format!("{name}={}", values.join("+"))).collect::<Vec<_>>()
        };
        let claims = RecordKind::Identity.claims(&person);
        assert_eq!(texts(&claims), ["birth_date=19900500", "gender=2", "nationality=VNM", "pid=000190000001"]);
        let licence = payload(
            RecordKind::DrivingLicence,
            &[
                ("number", "000123456789"),
                ("classes[1].scheme", "2024"),
                ("classes[1].class", "B"),
                ("classes[2].scheme", "2024"),
                ("classes[2].class", "A1"),
            ],
        );
        let claims = RecordKind::DrivingLicence.claims(&licence);
        assert_eq!(texts(&claims), ["licence_class=A1+B", "licence_number=000123456789"]);
    }
}
