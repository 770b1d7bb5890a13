//! A page of HTML that runs nothing and fetches nothing, for eyes, screen readers and paper: what every export for reading is made of.

use eid_model::{Language, UnixTime, WordTable};

/// Whatever ends up in the page: no script, no picture, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:70rem;padding:1rem}\
h1{font-size:1.5rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{font-weight:600}\
dd{margin:0;overflow-wrap:anywhere}\
table{border-collapse:collapse;width:100%}caption{text-align:start;font-weight:600;padding:.5rem 0}\
th,td{border:1px solid;padding:.375rem .5rem;text-align:start;vertical-align:top}\
thead th{position:sticky;top:0;background:Canvas}ul{margin:0;padding-inline-start:1.1rem}\
@media(max-width:40rem){dl{display:block}dd{margin-bottom:.5rem}\
thead{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}\
tr{display:block;border:1px solid;margin:.75rem 0}tbody th,td{display:block;border:0}td:empty{display:none}\
[data-label]::before{content:attr(data-label) \": \";font-weight:600}}\
@media print{thead th{position:static}tr{break-inside:avoid}}";

/// A page that is being written.
pub(super) struct Page {
    out: String,
    pub(super) language: Language,
}

impl Page {
    /// The beginning: a title and notes, by their codes in the table of words.
    pub(super) fn begin(language: Language, title: &'static str, notes: &[&'static str]) -> Self {
        let mut page = Self { out: String::with_capacity(16 * 1024), language };
        let title = page.word("export", title);
        page.raw("<!doctype html><html lang=\"");
        page.raw(language.tag());
        page.raw("\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"");
        page.text(POLICY);
        page.raw("\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>");
        page.text(title);
        page.raw("</title><style>");
        page.raw(STYLE);
        page.raw("</style></head><body><main><h1>");
        page.text(title);
        page.raw("</h1>");
        for note in notes {
            page.raw("<p>");
            page.text(page.word("export", note));
            page.raw("</p>");
        }
        page
    }

    /// The end.
    pub(super) fn finish(mut self) -> String {
        self.raw("</main></body></html>\n");
        self.out
    }

    pub(super) fn fact(&mut self, name: &'static str, value: &str) {
        self.raw("<dt>");
        self.text(self.word("export", name));
        self.raw("</dt><dd>");
        self.text(value);
        self.raw("</dd>");
    }

    /// Day and minute in Vietnam.
    pub(super) fn time(&self, seconds: i64) -> String {
        let Ok(date) = UnixTime::from_seconds(seconds).date_in_vietnam() else { return seconds.to_string() };
        let of_day = seconds.saturating_sub(date.midnight_vietnam().seconds());
        let (hour, minute) = (of_day / 3600, of_day % 3600 / 60);
        match self.language {
            Language::Vi => {
                format!("{:02}/{:02}/{} {hour:02}:{minute:02}", date.day(), date.month(), date.year())
            }
            Language::En => format!("{date} {hour:02}:{minute:02}"),
        }
    }

    pub(super) fn word(&self, kind: &str, code: &'static str) -> &'static str {
        WordTable::embedded().text(kind, code, self.language)
    }

    /// Text as text, whatever stands in it, also between quotes.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                c if c.is_control() => self.out.push('\u{fffd}'),
                c => self.out.push(c),
            }
        }
    }

    pub(super) fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }
}
