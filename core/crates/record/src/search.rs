//! Finding records as people type: without accents, in either tone spelling, with or without the signs between digits.

use eid_model::{Language, ascii_form, matching_form};
use serde::{Deserialize, Serialize};

use crate::{Payload, RecordKind, Tables, Value};

/// What a record can be found by, folded once. Making it takes most of the time, so it is stored with the record; looking through
/// ten thousand takes little, so there is no index. `Debug` does not show it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Findable {
    /// Without accents.
    plain: String,
    /// With accents, tone marks settled.
    accented: String,
}

/// How well a record fits a query; less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Each word begins a word of the record, accents included.
    Accented,
    /// Each word begins a word of the record.
    Plain,
    /// Each word stands somewhere in it.
    Within,
}

/// A text that somebody looks for.
#[derive(Debug, Clone)]
pub struct Query(Vec<Word>);

#[derive(Clone)]
struct Word {
    plain: String,
    accented: String,
}

impl Query {
    const MAX_BYTES: usize = 512;
    const MAX_WORDS: usize = 8;

    /// Reads what was typed; what is beyond 8 words or 512 bytes is left out. `None` if nothing is left to look for.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.get(..text.floor_char_boundary(Self::MAX_BYTES)).unwrap_or_default();
        let words = text.split_whitespace().map(|word| Word { plain: plain(word), accented: accented(word) });
        let words: Vec<Word> = words.filter(|word| !word.plain.is_empty()).take(Self::MAX_WORDS).collect();
        (!words.is_empty()).then_some(Self(words))
    }

    /// How well a record fits; `None` if a word is not in it.
    pub fn fit(&self, record: &Findable) -> Option<Fit> {
        let mut fit = Fit::Accented;
        for word in &self.0 {
            let at = record.plain.find(&word.plain)?;
            let begins = |text: &str, word: &str, at: usize| {
                at == 0 || text.as_bytes().get(at - 1) == Some(&b' ') || text.contains(&format!(" {word}"))
            };
            let of_word = if !begins(&record.plain, &word.plain, at) {
                Fit::Within
            } else if record
                .accented
                .find(&word.accented)
                .is_some_and(|at| begins(&record.accented, &word.accented, at))
            {
                Fit::Accented
            } else {
                Fit::Plain
            };
            fit = fit.max(of_word);
        }
        Some(fit)
    }

    /// The places of the records that fit, best first, otherwise in their order.
    pub fn find<'a>(&self, records: impl IntoIterator<Item = &'a Findable>) -> Vec<usize> {
        let fitting = records.into_iter().enumerate().filter_map(|(at, record)| Some((self.fit(record)?, at)));
        let mut fitting: Vec<(Fit, usize)> = fitting.collect();
        fitting.sort_unstable();
        fitting.into_iter().map(|(_, at)| at).collect()
    }
}

impl RecordKind {
    /// What a record of this kind is found by: the kind's name, and the fields that are searched, codes by their names in both
    /// languages.
    pub fn findable(self, payload: &Payload, tables: &Tables) -> Findable {
        let definition = self.definition();
        let mut texts = String::new();
        let mut add = |text: &str| {
            texts.push(' ');
            texts.push_str(text);
        };
        for language in [Language::Vi, Language::En] {
            add(definition.label().text(language));
        }
        for (path, value) in payload.iter() {
            let Some(field) = definition.find(path).filter(|field| field.is_searched()) else { continue };
            let beside = |name: &str| payload.find(&crate::Path::within(path.prefix(), name)).map(Value::text);
            add(&value.text());
            match value {
                Value::Phone(phone) => add(&phone.national_form()),
                Value::Code(code) => {
                    if let Some(label) = field.words(code, beside, tables) {
                        add(label.text(Language::Vi));
                        add(label.text(Language::En));
                    }
                }
                _ => {}
            }
        }
        Findable { plain: plain(&texts), accented: accented(&texts) }
    }
}

impl core::fmt::Debug for Findable {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Findable(…)")
    }
}

impl core::fmt::Debug for Word {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Word(…)")
    }
}

/// Letters and digits without accents, in small letters, and the spaces between words. The signs between them, which plates and
/// numbers are written with or without, are left out.
fn plain(text: &str) -> String {
    let mut ascii = if text.is_ascii() { text.to_owned() } else { ascii_form(text) };
    ascii.make_ascii_lowercase();
    without_signs(if ascii.is_ascii() { ascii } else { ascii.to_lowercase() })
}

fn accented(text: &str) -> String {
    without_signs(if text.is_ascii() { text.to_ascii_lowercase() } else { matching_form(text) })
}

fn without_signs(mut text: String) -> String {
    text.retain(|c| c == ' ' || c.is_alphanumeric());
    text
}

#[cfg(test)]
mod tests {
    use eid_model::Date;
    use proptest::prelude::*;

    use super::*;
    use crate::{Context, Form, Path, Speaker};

    fn findable(kind: RecordKind, texts: &[(&str, &str)]) -> Findable {
        let mut form = Form::new();
        for (path, text) in texts {
            form.set(Path::parse(path).unwrap(), text).unwrap();
        }
        let (today, tables) = (Date::new(2026, 7, 1).unwrap(), Tables::embedded());
        let context = Context { today, holder: None, others: &[], tables, speaker: Speaker::Authority };
        kind.findable(kind.validate(&form, &context).payload(), tables)
    }

    fn records() -> Vec<Findable> {
        vec![
            findable(
                RecordKind::Vehicle,
                &[("plate", "29A-123.45"), ("brand", "Đông Phong"), ("owner_name", "Nguyễn Thị Thuý"), ("type", "car")],
            ),
            findable(
                RecordKind::Telecom,
                &[("number", "0900000001"), ("operator", "viettel"), ("holder_name", "Đặng Hòa")],
            ),
            findable(
                RecordKind::BankAccount,
                &[("account_number", "0011001"), ("bank", "970436"), ("holder_name", "DANG HOA")],
            ),
            findable(RecordKind::Identity, &[("full_name", "Trần Hoá"), ("ethnicity", "01"), ("religion", "Zara")]),
        ]
    }

    #[test]
    fn record_is_found_as_people_type() {
        let records = records();
        let find = |text: &str| Query::parse(text).unwrap().find(&records);
        for (text, places) in [
            ("hoà", vec![1, 2, 3]),
            ("hòa", vec![1, 2, 3]),
            ("HOA", vec![2, 1, 3]),
            ("hoa dang", vec![2, 1]),
            ("hóa", vec![3, 1, 2]),
            ("đặng", vec![1, 2]),
            ("hoà hoa", vec![1, 2, 3]),
            ("nguyen thuy", vec![0]),
            ("thúy", vec![0]),
            ("dong phong", vec![0]),
            ("29a12345", vec![0]),
            ("29A-123.45", vec![0]),
            ("12345", vec![0]),
            ("0900 000 001", vec![1]),
            ("+84900", vec![1]),
            ("vietcombank", vec![2]),
            ("vehicle", vec![0]),
            ("phương tiện", vec![0]),
            ("thuê bao", vec![1]),
            ("thue bao viettel", vec![1]),
            ("oto", vec![]),
            ("ô tô con", vec![0]),
            ("không có", vec![]),
        ] {
            assert_eq!(find(text), places, "{text}");
        }
        assert!(Query::parse(" .-/ ").is_none() && Query::parse("").is_none());
        assert!(format!("{records:?}{:?}", Query::parse("hoà")).find("ho").is_none());
    }

    #[test]
    fn sensitive_field_that_is_not_searched_is_not_found() {
        let records = records();
        assert_eq!(Query::parse("zara").unwrap().find(&records), Vec::<usize>::new());
    }

    #[test]
    fn query_without_end_is_cut() {
        let records = records();
        assert_eq!(Query::parse(&"ễ".repeat(100_000)).unwrap().find(&records), Vec::<usize>::new());
        assert_eq!(Query::parse(&"hoa ".repeat(100_000)).unwrap().find(&records).len(), 3);
    }

    proptest! {
        #[test]
        fn any_word_of_a_name_finds_it_with_and_without_accents(name in "[A-ZĐ][a-zăâêôơưáàảãạéèẻẽẹ]{0,6}( [A-ZĐ][a-zăâêôơưýỳỷỹỵ]{1,6}){1,3}") {
            let record = [findable(RecordKind::Identity, &[("full_name", &name)])];
            for word in name.split(' ') {
                for typed in [word.to_owned(), word.to_uppercase(), ascii_form(word), ascii_form(word).to_lowercase()] {
                    prop_assert_eq!(Query::parse(&typed).unwrap().find(&record), vec![0], "{}", typed);
                }
            }
        }

        #[test]
        fn any_query_never_panics(text in ".{0,100}") {
            if let Some(query) = Query::parse(&text) {
                drop(query.find(&records()));
            }
        }
    }
}
