//! The history for reading.

use eid_model::{Language, WordTable};
use eid_vault::HistoryEntry;

use super::{Document, page::Page};

/// Titles of the columns after the first, by their code in the table of words.
const COLUMNS: [&str; 6] = ["time", "act", "counterpart", "fields", "purpose", "result"];

/// Writes the page.
pub(crate) fn write_html(document: &Document, digest: &[u8; 32], language: Language) -> String {
    let mut page = Page::begin(language, "title", &["copy", "names_only"]);
    page.summary(document, digest);
    page.table(document);
    page.finish()
}

impl Page {
    fn summary(&mut self, document: &Document, digest: &[u8; 32]) {
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.raw("<dl>");
        self.fact("account", &document.account_id);
        self.fact("issuer", &document.issuer);
        self.fact("made", &self.time(document.made_at));
        self.fact("entries", &document.entries.len().to_string());
        self.fact("digest", &hex);
        if document.erased_to > 0 {
            self.fact("erased_before", &document.erased_to.to_string());
        }
        if !document.damaged.is_empty() {
            let numbers: Vec<String> = document.damaged.iter().map(u64::to_string).collect();
            self.fact("damaged", &numbers.join(", "));
        }
        self.raw("</dl>");
        if document.next.is_some() {
            self.raw("<p>");
            self.text(self.word("export", "more"));
            self.raw("</p>");
        }
    }

    fn table(&mut self, document: &Document) {
        if document.entries.is_empty() {
            self.raw("<p>");
            self.text(self.word("export", "none"));
            return self.raw("</p>");
        }
        self.raw("<table><caption>");
        self.text(self.word("export", "list"));
        self.raw("</caption><thead><tr>");
        for column in ["number"].into_iter().chain(COLUMNS) {
            self.raw("<th scope=\"col\">");
            self.text(self.word("export", column));
            self.raw("</th>");
        }
        self.raw("</tr></thead><tbody>");
        for (number, entry) in &document.entries {
            self.row(*number, entry);
        }
        self.raw("</tbody></table>");
    }

    fn row(&mut self, number: u64, entry: &HistoryEntry) {
        // Each by the name that it has in the data file.
        let act = serde_json::to_value(entry.act).ok();
        let act = act.as_ref().and_then(|act| act.as_str()).unwrap_or_default();
        self.raw("<tr><th scope=\"row\" data-label=\"");
        self.text(self.word("export", "number"));
        self.raw("\">");
        self.text(&number.to_string());
        self.raw("</th>");
        for column in COLUMNS {
            self.raw("<td data-label=\"");
            self.text(self.word("export", column));
            self.raw("\">");
            match column {
                "time" => self.text(&self.time(entry.at)),
                "act" => self.text(WordTable::embedded().text("act", act, self.language)),
                "counterpart" => self.text(&entry.counterpart),
                "fields" => self.fields(&entry.fields),
                "purpose" => self.text(WordTable::embedded().text("purpose", &entry.purpose, self.language)),
                _ => self.result(entry),
            }
            self.raw("</td>");
        }
        self.raw("</tr>");
    }

    fn fields(&mut self, fields: &[String]) {
        if fields.is_empty() {
            return;
        }
        self.raw("<ul>");
        for field in fields {
            let words = WordTable::embedded();
            let known = words.find("field", field).or_else(|| words.find("purpose", field));
            self.raw("<li>");
            self.text(known.map_or(field.as_str(), |phrase| phrase.text(self.language)));
            self.raw("</li>");
        }
        self.raw("</ul>");
    }

    fn result(&mut self, entry: &HistoryEntry) {
        let Some(code) = entry.result else {
            return self.text(self.word("export", "done"));
        };
        let info = code.info();
        let remedy = match self.language {
            Language::Vi => info.vi,
            Language::En => info.en,
        };
        self.text(self.word("export", "refused"));
        self.text(&format!(" ({}): {remedy}", code.number()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::tests::document;

    const TAGS: [&str; 22] = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "main", "h1", "p", "dl", "dt", "dd", "table",
        "caption", "thead", "tbody", "tr", "th", "td", "ul", "li",
    ];
    const ATTRIBUTES: [&str; 7] = ["lang", "charset", "http-equiv", "content", "name", "scope", "data-label"];

    #[test]
    fn page_written_escapes_everything_and_runs_nothing() {
        for language in [Language::Vi, Language::En] {
            let mut hostile = document();
            hostile.issuer = "\"><script>alert(1)</script>\u{0}\n".to_owned();
            if let Some((_, entry)) = hostile.entries.first_mut() {
                entry.purpose = "<img src=x onerror=alert(1)>".to_owned();
            }
            let page = write_html(&hostile, &[1; 32], language);
            for tag in page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
                let name = tag.trim_start_matches('/').split(' ').next().unwrap();
                assert!(TAGS.contains(&name), "{tag}");
                for attribute in tag.split('"').step_by(2).filter(|part| part.contains('=')) {
                    let attribute = attribute.trim().trim_end_matches('=').rsplit(' ').next().unwrap();
                    assert!(ATTRIBUTES.contains(&attribute), "{tag}: {attribute}");
                }
            }
            assert!(!page.contains("://"), "nothing from elsewhere");
            assert!(page.contains("rp/&lt;b&gt;&amp;&quot;&#39;") && page.contains("x&lt;y"));
            assert!(page.contains("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}\u{fffd}"));
            assert!(page.contains(&format!("<html lang=\"{}\">", language.tag())));
        }
    }

    #[test]
    fn page_written_says_words_times_and_what_is_missing() {
        let page = write_html(&document(), &[0xab; 32], Language::Vi);
        for text in [
            "Xuất trình danh tính",
            "Họ và tên",
            "Danh tính",
            "22/11/2026 05:26",
            "Không thực hiện (7012)",
            "Các mục đến số này",
            "Các mục không đọc được",
            "Còn các mục sau",
            "9223372036854775807",
            &"ab".repeat(32),
        ] {
            assert!(page.contains(text), "{text}");
        }
        let page = write_html(&document(), &[0; 32], Language::En);
        assert!(page.contains("2026-11-22 05:26") && page.contains("Identity proof shown"));
        let empty = write_html(&Document::default(), &[0; 32], Language::En);
        assert!(empty.contains("There are no entries") && !empty.contains("<table"));
    }
}
