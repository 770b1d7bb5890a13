//! Whose record it is, and where a record says otherwise.

use core::fmt;

use eid_model::{PartialDate, PersonName, Pid, Sex};

use crate::{Likeness, Path, Payload, RecordKind, Value, field::HolderDatum};

/// The holder's own data, as the register has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Personal identification number.
    pub pid: Pid,
    /// Full name.
    pub name: PersonName,
    /// Date of birth.
    pub birth_date: PartialDate,
    /// Registered sex.
    pub sex: Sex,
}

/// A field in which a record and the register differ about its holder. `Debug` does not show the values.
#[derive(Clone, PartialEq, Eq)]
pub struct HolderMismatch {
    /// The field.
    pub path: Path,
    /// What the record says.
    pub stated: String,
    /// What the register says.
    pub registered: String,
    /// Whether it may be one thing said in two ways.
    pub likeness: Likeness,
}

impl RecordKind {
    /// Each field in which a record says something else of its holder than the register, with both values. Banks, operators and
    /// tax offices refuse people for less than a letter, so what is only spelt in another way is listed too.
    pub fn holder_mismatches(self, payload: &Payload, holder: &Holder) -> Vec<HolderMismatch> {
        let definition = self.definition();
        let differing = payload.iter().filter_map(|(path, value)| {
            let (datum, _) = definition.find(path)?.holder()?;
            let (likeness, registered) = (holder.likeness(datum, value), holder.datum(datum).text());
            let (path, stated) = (path.clone(), value.text());
            (likeness != Likeness::Same).then_some(HolderMismatch { path, stated, registered, likeness })
        });
        differing.collect()
    }
}

impl Holder {
    /// How a value compares with what the register says of the holder. A name written without accents, as banks and airlines do,
    /// is like the name it was made from.
    pub(crate) fn likeness(&self, datum: HolderDatum, value: &Value) -> Likeness {
        let unaccented = match (datum, value) {
            (HolderDatum::Name, Value::Name(name)) => {
                name.as_str().is_ascii() && name.as_str().eq_ignore_ascii_case(&self.name.ascii_form())
            }
            _ => false,
        };
        match self.datum(datum).likeness(value) {
            Likeness::Different if unaccented => Likeness::Alike,
            likeness => likeness,
        }
    }

    /// What the register says.
    pub(crate) fn datum(&self, datum: HolderDatum) -> Value {
        match datum {
            HolderDatum::Pid => Value::Pid(self.pid),
            HolderDatum::Name => Value::Name(self.name.clone()),
            HolderDatum::BirthDate => Value::PartialDate(self.birth_date),
            HolderDatum::Sex => Value::Sex(self.sex),
        }
    }
}

impl fmt::Debug for HolderMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HolderMismatch({:?}, {:?})", self.path, self.likeness)
    }
}

#[cfg(test)]
mod tests {
    use eid_model::Date;

    use super::*;
    use crate::{Context, Form, Speaker, Tables};

    #[test]
    fn record_that_differs_from_the_register_tells_the_field_and_both_values() {
        let holder = Holder {
            pid: Pid::parse("000190000001").unwrap(),
            name: PersonName::parse("Nguyễn Thị Thuý").unwrap(),
            birth_date: PartialDate::parse("1990-05-17").unwrap(),
            sex: Sex::Female,
        };
        let (today, tables) = (Date::new(2026, 7, 1).unwrap(), Tables::embedded());
        let context = Context { today, holder: None, others: &[], tables, speaker: Speaker::Authority };
        let kind = RecordKind::Telecom;
        let told = |name: &str, pid: &str, birth: &str| {
            let mut form = Form::new();
            for (path, text) in [("holder_name", name), ("holder_pid", pid), ("birth_date", birth)] {
                form.set(Path::parse(path).unwrap(), text).unwrap();
            }
            let mismatches = kind.holder_mismatches(kind.validate(&form, &context).payload(), &holder);
            let each = mismatches.into_iter().map(|m| (m.path.as_str().to_owned(), m.stated, m.registered, m.likeness));
            each.collect::<Vec<_>>()
        };
        let row = |path: &str, stated: &str, registered: &str, likeness| {
            (path.to_owned(), stated.to_owned(), registered.to_owned(), likeness)
        };
        assert_eq!(told("Nguyễn Thị Thuý", "000190000001", "1990-05-17"), []);
        assert_eq!(
            told("Nguyễn Thị Thúy", "000190000001", "1990"),
            [
                row("birth_date", "1990", "1990-05-17", Likeness::Alike),
                row("holder_name", "Nguyễn Thị Thúy", "Nguyễn Thị Thuý", Likeness::Alike),
            ]
        );
        assert_eq!(
            told("NGUYEN THI THUY", "000190000011", "1990-05-17"),
            [
                row("holder_name", "NGUYEN THI THUY", "Nguyễn Thị Thuý", Likeness::Alike),
                row("holder_pid", "000190000011", "000190000001", Likeness::Different),
            ]
        );
        assert_eq!(told("Nguyen Thi Thuý", "000190000001", "1990-05-17").len(), 1);
        let shown = format!(
            "{:?}",
            HolderMismatch {
                path: Path::parse("holder_name").unwrap(),
                stated: "A".to_owned(),
                registered: "B".to_owned(),
                likeness: Likeness::Different,
            }
        );
        assert_eq!(shown, "HolderMismatch(Path(holder_name), Different)");
    }
}
