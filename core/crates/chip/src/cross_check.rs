//! Compares what the card says in print, on the chip and in its QR code, and what the citizen typed.
//!
//! A disagreement is shown with the field's name and the two sources, so that the citizen can correct a typing error or
//! take the card to an office. It is never resolved silently, and values stay with the caller.

use eid_model::{PartialDate, PersonName, Pid, Sex};

use crate::{
    card_qr::CardQr,
    lds::{Dg13, Dg13Field},
    mrz::{Mrz, MrzDate},
};

/// Where a statement about the holder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The machine-readable lines in print, as scanned or typed.
    Lines,
    /// DG1 of the chip; signed.
    Dg1,
    /// DG13 of the chip; signed.
    Dg13,
    /// The QR code in print.
    CardQr,
    /// What the citizen typed or the account says.
    Declared,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The personal number.
    Pid,
    /// The card's number, which is the last nine digits of the personal number.
    DocumentNumber,
    /// The name; the lines have it without accents and may cut it short.
    Name,
    /// The birth date.
    BirthDate,
    /// The sex.
    Sex,
    /// The day of issue.
    IssueDate,
    /// The day of expiry.
    ExpiryDate,
    /// The number of the card before.
    OldNumber,
}

/// Two sources that do not say the same about a field; one source twice where it contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Disagreement {
    /// The field.
    pub field: Field,
    /// The two sources.
    pub between: (Source, Source),
}

/// What the comparison found. Empty when all that could be compared agrees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CrossCheck {
    /// By field, then by source.
    pub disagreements: Vec<Disagreement>,
    /// Fields that are there but not in a form that can be compared.
    pub unreadable: Vec<(Field, Source)>,
}

/// What the citizen typed, or what an account holds.
#[derive(Debug, Clone)]
pub struct Declared {
    /// The personal number.
    pub pid: Pid,
    /// The full name.
    pub name: Option<PersonName>,
    /// The birth date.
    pub birth: Option<PartialDate>,
    /// The sex.
    pub sex: Option<Sex>,
}

/// The sources at hand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// The machine-readable lines in print.
    pub lines: Option<&'a Mrz>,
    /// The machine-readable zone of DG1.
    pub dg1: Option<&'a Mrz>,
    /// DG13.
    pub dg13: Option<&'a Dg13>,
    /// The QR code in print.
    pub card_qr: Option<&'a CardQr>,
    /// What the citizen typed.
    pub declared: Option<&'a Declared>,
}

impl Sources<'_> {
    /// Compares every pair of sources that speak about the same field.
    pub fn compare(&self) -> CrossCheck {
        let mut report = CrossCheck::default();
        let mut statements = Vec::new();
        statements.extend(self.lines.map(|mrz| Statement::of_mrz(Source::Lines, mrz, &mut report)));
        statements.extend(self.dg1.map(|mrz| Statement::of_mrz(Source::Dg1, mrz, &mut report)));
        statements.extend(self.dg13.map(|dg13| Statement::of_dg13(dg13, &mut report)));
        statements.extend(self.card_qr.map(Statement::of_card_qr));
        statements.extend(self.declared.map(Statement::of_declared));
        for (at, one) in statements.iter().enumerate() {
            if !one.agrees_with_itself() {
                report.note(Field::DocumentNumber, one, one);
            }
            for other in statements.iter().skip(at + 1) {
                for field in one.disagreements(other) {
                    report.note(field, one, other);
                }
            }
        }
        report.disagreements.sort_unstable();
        report
    }
}

impl CrossCheck {
    /// True when nothing disagrees and everything could be compared.
    pub fn is_clean(&self) -> bool {
        self.disagreements.is_empty() && self.unreadable.is_empty()
    }

    fn note(&mut self, field: Field, one: &Statement, other: &Statement) {
        self.disagreements.push(Disagreement { field, between: (one.source, other.source) });
    }
}

/// One source in comparable form.
struct Statement {
    source: Source,
    pid: Option<Pid>,
    /// Nine digits.
    number: Option<String>,
    name: Option<Name>,
    birth: Option<Day>,
    sex: Option<Sex>,
    issued: Option<PartialDate>,
    expires: Option<Day>,
    old_number: Option<String>,
}

/// A name with accents, or the lines' letters and whether they are cut short.
enum Name {
    Full(PersonName),
    Letters(String, bool),
}

/// A date with or without its century.
#[derive(Clone, Copy)]
enum Day {
    Full(PartialDate),
    Short(MrzDate),
}

impl Statement {
    fn of_mrz(source: Source, mrz: &Mrz, report: &mut CrossCheck) -> Self {
        if mrz.pid().is_none() && mrz.issuing_state() == "VNM" {
            report.unreadable.push((Field::Pid, source));
        }
        let (letters, cut_short) = mrz.letters();
        Self {
            source,
            pid: mrz.pid(),
            number: mrz.pid().map(|_| mrz.document_number().to_owned()),
            name: Some(Name::Letters(letters, cut_short)),
            birth: mrz.birth().map(Day::Short),
            sex: mrz.sex(),
            issued: None,
            expires: mrz.expiry().map(Day::Short),
            old_number: None,
        }
    }

    fn of_dg13(dg13: &Dg13, report: &mut CrossCheck) -> Self {
        let statement = Self {
            source: Source::Dg13,
            pid: dg13.pid(),
            number: dg13.pid().map(|pid| last_nine(&pid)),
            name: dg13.name().map(Name::Full),
            birth: dg13.birth().map(Day::Full),
            sex: dg13.sex(),
            issued: dg13.issued().map(PartialDate::Day),
            // Words instead of a day mean a card without expiry, for which the lines have a day far away.
            expires: dg13.expires().map(|day| Day::Full(PartialDate::Day(day))),
            old_number: dg13.old_number().map(str::to_owned),
        };
        for (field, there, read) in [
            (Field::Pid, Dg13Field::PersonalNumber, statement.pid.is_some()),
            (Field::Name, Dg13Field::FullName, statement.name.is_some()),
            (Field::BirthDate, Dg13Field::BirthDate, statement.birth.is_some()),
            (Field::Sex, Dg13Field::Sex, statement.sex.is_some()),
            (Field::IssueDate, Dg13Field::IssueDate, statement.issued.is_some()),
        ] {
            if dg13.value(there).is_some() && !read {
                report.unreadable.push((field, Source::Dg13));
            }
        }
        statement
    }

    fn of_card_qr(card: &CardQr) -> Self {
        Self {
            source: Source::CardQr,
            pid: Some(card.pid),
            number: Some(last_nine(&card.pid)),
            name: Some(Name::Full(card.name.clone())),
            birth: Some(Day::Full(card.birth)),
            sex: Some(card.sex),
            issued: card.issued.map(PartialDate::Day),
            expires: None,
            old_number: card.old_number.clone().filter(|number| number.len() == 9),
        }
    }

    fn of_declared(declared: &Declared) -> Self {
        Self {
            source: Source::Declared,
            pid: Some(declared.pid),
            number: Some(last_nine(&declared.pid)),
            name: declared.name.clone().map(Name::Full),
            birth: declared.birth.map(Day::Full),
            sex: declared.sex,
            issued: None,
            expires: None,
            old_number: None,
        }
    }

    fn agrees_with_itself(&self) -> bool {
        agree(self.pid.as_ref(), self.number.as_ref(), |pid, number| last_nine(pid) == *number)
    }

    fn disagreements(&self, other: &Self) -> Vec<Field> {
        let fields = [
            (Field::Pid, agree(self.pid.as_ref(), other.pid.as_ref(), |a, b| a == b)),
            (Field::DocumentNumber, agree(self.number.as_ref(), other.number.as_ref(), |a, b| a == b)),
            (Field::Name, agree(self.name.as_ref(), other.name.as_ref(), Name::is)),
            (Field::BirthDate, agree(self.birth.as_ref(), other.birth.as_ref(), Day::is)),
            (Field::Sex, agree(self.sex.as_ref(), other.sex.as_ref(), |a, b| a == b)),
            (Field::IssueDate, agree(self.issued.as_ref(), other.issued.as_ref(), |a, b| a == b)),
            (Field::ExpiryDate, agree(self.expires.as_ref(), other.expires.as_ref(), Day::is)),
            (Field::OldNumber, agree(self.old_number.as_ref(), other.old_number.as_ref(), |a, b| a == b)),
        ];
        fields.into_iter().filter(|(_, agrees)| !agrees).map(|(field, _)| field).collect()
    }
}

impl Name {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Full(one), Self::Full(other)) => one.matching_form() == other.matching_form(),
            (Self::Full(full), Self::Letters(letters, cut_short))
            | (Self::Letters(letters, cut_short), Self::Full(full)) => {
                crate::mrz::fits_letters(full, letters, *cut_short)
            }
            (Self::Letters(one, _), Self::Letters(other, _)) => one == other,
        }
    }
}

impl Day {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Full(one), Self::Full(other)) => one == other,
            (Self::Full(full), Self::Short(short)) | (Self::Short(short), Self::Full(full)) => short.is(full),
            (Self::Short(one), Self::Short(other)) => one == other,
        }
    }
}

/// True unless both are there and differ.
fn agree<T, U>(one: Option<&T>, other: Option<&U>, same: impl Fn(&T, &U) -> bool) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        _ => true,
    }
}

fn last_nine(pid: &Pid) -> String {
    pid.as_str().chars().skip(3).collect()
}

#[cfg(test)]
mod tests;
