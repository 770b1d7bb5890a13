//! Requests under the data-protection law (Law 91/2025 Art. 4, Decree 356/2025): which terms run, and whether they were missed.
//! Pure: days come in, days go out.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::{
    Date, Edition, HolidayTable, ModelError,
    line::bounded,
    quiet::text_serde,
    table::{embedded, read},
};

/// What a person asks for (quyền của chủ thể dữ liệu).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// To see what is kept (xem).
    Access,
    /// To have it corrected (chỉnh sửa).
    Correct,
    /// To have it deleted (xóa).
    Delete,
    /// To have its use restricted (hạn chế xử lý).
    Restrict,
    /// To object to its use (phản đối xử lý).
    Object,
    /// To withdraw a consent (rút lại sự đồng ý).
    Withdraw,
    /// To be given it (cung cấp).
    Export,
}

impl RequestKind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Access, Self::Correct, Self::Delete, Self::Restrict, Self::Object, Self::Withdraw, Self::Export];

    /// The name in tables and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Correct => "correct",
            Self::Delete => "delete",
            Self::Restrict => "restrict",
            Self::Object => "object",
            Self::Withdraw => "withdraw",
            Self::Export => "export",
        }
    }

    /// True if the request makes no sense without words: what is wrong, or why it is objected to.
    pub const fn needs_text(self) -> bool {
        matches!(self, Self::Correct | Self::Object)
    }
}

/// What a request says in words: at most 1,000 characters, none of them hidden.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestText(String);

impl RequestText {
    /// Tidies and checks the words of a request of `kind`; only some kinds go without.
    ///
    /// # Errors
    /// [`ModelError::RequestText`].
    pub fn parse_for(kind: RequestKind, text: &str) -> Result<Self, ModelError> {
        let text = Self::parse(text)?;
        if kind.needs_text() && text.0.is_empty() { Err(ModelError::RequestText) } else { Ok(text) }
    }

    fn parse(text: &str) -> Result<Self, ModelError> {
        bounded(text, 1_000).map(Self).ok_or(ModelError::RequestText)
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Debug for RequestText {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RequestText(…)")
    }
}

text_serde!(RequestText, as_str);

/// How long whoever holds the data has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTerms {
    kind: RequestKind,
    answer_working_days: u8,
    days: u16,
    days_with_others: u16,
    extension_days: u16,
}

/// The terms of all kinds of requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTermTable {
    edition: Edition,
    terms: Vec<RequestTerms>,
}

impl RequestTermTable {
    const MAX_BYTES: usize = 16 * 1024;

    /// The table compiled into the library.
    pub fn embedded() -> &'static Self {
        static TABLE: LazyLock<RequestTermTable> =
            LazyLock::new(|| embedded(RequestTermTable::parse(include_str!("../data/request-terms.json"))));
        &TABLE
    }

    /// Reads a newer table: JSON in the form of `data/request-terms.json`, one row for each kind.
    ///
    /// # Errors
    /// [`ModelError::TableInvalid`].
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let table: Self = read(json, Self::MAX_BYTES)?;
        let kinds = table.terms.iter().map(|terms| terms.kind);
        let sound = kinds.eq(RequestKind::ALL)
            && table.terms.iter().all(|terms| {
                (1..=60).contains(&terms.answer_working_days)
                    && (1..=366).contains(&terms.days)
                    && (terms.days..=366).contains(&terms.days_with_others)
                    && terms.extension_days <= 366
            });
        if sound { Ok(table) } else { Err(ModelError::TableInvalid) }
    }

    /// Version, date and source.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    fn find(&self, kind: RequestKind) -> Result<&RequestTerms, ModelError> {
        self.terms.iter().find(|terms| terms.kind == kind).ok_or(ModelError::TableInvalid)
    }
}

/// What has happened to a request, by days in Vietnam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCourse {
    /// What was asked for.
    pub kind: RequestKind,
    /// True if others hold the data as well and have to act: the term is longer.
    pub others_involved: bool,
    /// When it was received: every term runs from here.
    pub received: Date,
    /// When the answer came that says how it will be done.
    pub answered: Option<Date>,
    /// When the one extension was announced.
    pub extended: Option<Date>,
    /// When it was done, or refused.
    pub ended: Option<Date>,
}

/// Until when something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestDue {
    /// The answer, at the end of this day.
    pub answer_by: Date,
    /// The request itself, at the end of this day.
    pub done_by: Date,
    /// True if the extension counts.
    pub is_extended: bool,
    /// False if a day lies so far ahead that its holidays are not announced.
    pub is_certain: bool,
}

/// Which term was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// No answer came in time.
    Answer,
    /// It was not done in time.
    Completion,
}

impl RequestCourse {
    /// The days by which it has to be answered and done. An extension counts once, and only if it was announced in time.
    ///
    /// # Errors
    /// [`ModelError::DateOutOfRange`] near the end of the calendar.
    pub fn due(&self, terms: &RequestTermTable, holidays: &HolidayTable) -> Result<RequestDue, ModelError> {
        let terms = terms.find(self.kind)?;
        let days = if self.others_involved { terms.days_with_others } else { terms.days };
        let term_end = |days: u16| holidays.working_day_from(self.received.plus_days(days.into())?);
        let first = term_end(days)?;
        let is_extended = self.extended.is_some_and(|extended| extended <= first);
        let done_by = if is_extended { term_end(days.saturating_add(terms.extension_days))? } else { first };
        let answer_by = holidays.add_working_days(self.received, terms.answer_working_days)?;
        let is_certain = answer_by.max(done_by) <= holidays.certain_until();
        Ok(RequestDue { answer_by, done_by, is_extended, is_certain })
    }

    /// The term that has been missed by `today`, the later one first, also if what was due came late; `None` if all was, or
    /// still can be, in time.
    pub fn missed(&self, due: &RequestDue, today: Date) -> Option<Missed> {
        if self.ended.unwrap_or(today) > due.done_by {
            return Some(Missed::Completion);
        }
        let answered = self.answered.or(self.ended).unwrap_or(today);
        (answered > due.answer_by).then_some(Missed::Answer)
    }

    /// Days since a term passed without what was due, on `today`: how long the holder has been waiting too long.
    pub fn days_overdue(&self, due: &RequestDue, today: Date) -> u32 {
        let by = match self.missed(due, today) {
            _ if self.ended.is_some() => return 0,
            Some(Missed::Completion) => due.done_by,
            Some(Missed::Answer) if self.answered.is_none() => due.answer_by,
            _ => return 0,
        };
        u32::try_from(by.days_until(today)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn course(kind: RequestKind, received: &str) -> RequestCourse {
        RequestCourse {
            kind,
            others_involved: false,
            received: day(received),
            answered: None,
            extended: None,
            ended: None,
        }
    }

    fn due(course: &RequestCourse) -> RequestDue {
        course.due(RequestTermTable::embedded(), HolidayTable::embedded()).unwrap()
    }

    #[test]
    fn terms_run_from_receipt_and_end_on_working_days() {
        use RequestKind::{Access, Correct, Delete, Export, Object, Restrict, Withdraw};
        for (kind, received, answer_by, done_by, with_others) in [
            (Withdraw, "2026-03-02", "2026-03-04", "2026-03-17", "2026-03-23"),
            (Restrict, "2026-03-03", "2026-03-05", "2026-03-18", "2026-03-23"),
            (Object, "2026-03-06", "2026-03-10", "2026-03-23", "2026-03-26"),
            (Access, "2026-03-02", "2026-03-04", "2026-03-12", "2026-03-17"),
            (Correct, "2026-03-05", "2026-03-09", "2026-03-16", "2026-03-20"),
            (Export, "2026-03-02", "2026-03-04", "2026-03-12", "2026-03-17"),
            (Delete, "2026-03-02", "2026-03-04", "2026-03-23", "2026-03-23"),
            // Over Tết: the answer's working days wait, the fifteen days do not, but end after it.
            (Withdraw, "2026-02-05", "2026-02-09", "2026-02-23", "2026-02-25"),
            (Withdraw, "2026-02-13", "2026-02-24", "2026-03-02", "2026-03-05"),
        ] {
            let alone = course(kind, received);
            let others = RequestCourse { others_involved: true, ..alone };
            let (alone, others) = (due(&alone), due(&others));
            assert_eq!((alone.answer_by, alone.done_by), (day(answer_by), day(done_by)), "{kind:?} {received}");
            assert_eq!((others.answer_by, others.done_by), (day(answer_by), day(with_others)), "{kind:?} {received}");
            assert!(alone.is_certain && !alone.is_extended);
        }
        assert!(!due(&course(Withdraw, "2026-12-21")).is_certain);
    }

    #[test]
    fn extension_counts_once_and_only_if_announced_in_time() {
        let withdraw = course(RequestKind::Withdraw, "2026-03-02");
        for (extended, done_by, counts) in [
            (None, "2026-03-17", false),
            (Some("2026-03-03"), "2026-04-01", true),
            (Some("2026-03-17"), "2026-04-01", true),
            (Some("2026-03-18"), "2026-03-17", false),
        ] {
            let due = due(&RequestCourse { extended: extended.map(day), ..withdraw });
            assert_eq!((due.done_by, due.is_extended), (day(done_by), counts), "{extended:?}");
        }
    }

    #[test]
    fn missed_terms_are_named_and_their_days_counted() {
        let withdraw = course(RequestKind::Withdraw, "2026-03-02");
        for (answered, ended, today, missed, overdue) in [
            (None, None, "2026-03-04", None, 0),
            (None, None, "2026-03-05", Some(Missed::Answer), 1),
            (Some("2026-03-04"), None, "2026-03-10", None, 0),
            (Some("2026-03-06"), None, "2026-03-10", Some(Missed::Answer), 0),
            (Some("2026-03-04"), None, "2026-03-17", None, 0),
            (Some("2026-03-04"), None, "2026-03-20", Some(Missed::Completion), 3),
            (None, None, "2026-03-20", Some(Missed::Completion), 3),
            (None, Some("2026-03-04"), "2026-05-01", None, 0),
            (Some("2026-03-04"), Some("2026-03-17"), "2026-05-01", None, 0),
            (Some("2026-03-04"), Some("2026-03-18"), "2026-05-01", Some(Missed::Completion), 0),
            (None, Some("2026-03-10"), "2026-05-01", Some(Missed::Answer), 0),
        ] {
            let course = RequestCourse { answered: answered.map(day), ended: ended.map(day), ..withdraw };
            let due = due(&course);
            let found = (course.missed(&due, day(today)), course.days_overdue(&due, day(today)));
            assert_eq!(found, (missed, overdue), "{answered:?} {ended:?} {today}");
        }
    }

    #[test]
    fn text_is_needed_where_a_request_says_nothing_without_it() {
        for kind in RequestKind::ALL {
            assert_eq!(RequestText::parse_for(kind, "  ").is_ok(), !kind.needs_text(), "{kind:?}");
            assert!(crate::WordTable::embedded().find("purpose", kind.name()).is_some());
        }
        let text = RequestText::parse_for(RequestKind::Correct, " Sai  năm sinh ").unwrap();
        assert_eq!((text.as_str(), format!("{text:?}").as_str()), ("Sai năm sinh", "RequestText(…)"));
        for text in ["a\u{202e}b".to_owned(), "a\u{0}".to_owned(), "ễ".repeat(1_001)] {
            assert_eq!(RequestText::parse_for(RequestKind::Access, &text), Err(ModelError::RequestText));
        }
    }

    #[test]
    fn faulty_table_parse_refuses() {
        let table = include_str!("../data/request-terms.json");
        for (from, to) in [
            ("\"access\"", "\"delete\""),
            ("\"days\": 20", "\"days\": 0"),
            ("\"days_with_others\": 15", "\"days_with_others\": 9"),
            ("\"answer_working_days\": 2", "\"answer_working_days\": 0"),
            ("\"extension_days\": 10", "\"extension_days\": -1"),
        ] {
            assert_eq!(
                RequestTermTable::parse(&table.replacen(from, to, 1)).err(),
                Some(ModelError::TableInvalid),
                "{to}"
            );
        }
    }
}
