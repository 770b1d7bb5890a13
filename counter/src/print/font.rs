//! The letters of the printed code: Noto Sans, cut to Vietnamese and English (`counter/fonts`).

use skrifa::{
    FontRef, GlyphId, MetadataProvider as _,
    instance::{LocationRef, Size},
    metrics::Metrics,
};

use crate::CounterError;

/// How heavy a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

impl Weight {
    pub(super) const ALL: [Self; 2] = [Self::Regular, Self::Bold];

    /// The name inside the font's file, which a PDF repeats.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Regular => "NotoSans-Regular",
            Self::Bold => "NotoSans-Bold",
        }
    }

    /// As CSS and PDF count it.
    pub(super) const fn number(self) -> u16 {
        match self {
            Self::Regular => 400,
            Self::Bold => 700,
        }
    }

    /// The font's file.
    pub(super) const fn file(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../fonts/NotoSans-Regular.ttf"),
            Self::Bold => include_bytes!("../../fonts/NotoSans-Bold.ttf"),
        }
    }

    /// Reads the font.
    pub(super) fn open(self) -> Result<Font, CounterError> {
        FontRef::new(self.file()).map(Font).map_err(|_| CounterError::PictureUnwritable)
    }
}

/// A font that was read. Lengths are in its size unless something else is said.
pub(super) struct Font(FontRef<'static>);

impl Font {
    /// The glyph of a letter; letters that the font has not are its box.
    pub(super) fn glyph(&self, letter: char) -> GlyphId {
        self.0.charmap().map(letter).unwrap_or(GlyphId::NOTDEF)
    }

    /// How wide a text is.
    pub(super) fn width(&self, text: &str) -> f32 {
        let widths = self.widths();
        text.chars().map(|letter| widths(self.glyph(letter))).sum()
    }

    /// Gives the width of each glyph.
    pub(super) fn widths(&self) -> impl Fn(GlyphId) -> f32 {
        let metrics = self.0.glyph_metrics(Size::new(1.0), LocationRef::default());
        move |glyph| metrics.advance_width(glyph).unwrap_or_default()
    }

    /// Heights and the number of glyphs.
    pub(super) fn metrics(&self) -> Metrics {
        self.0.metrics(Size::new(1.0), LocationRef::default())
    }

    /// A text in lines of at most this width, broken between words where it can be.
    pub(super) fn wrap(&self, text: &str, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split_inclusive(' ') {
            self.put(word, width, &mut lines);
        }
        lines.iter_mut().for_each(|line| line.truncate(line.trim_end().len()));
        lines
    }

    fn put(&self, word: &str, width: f32, lines: &mut Vec<String>) {
        let fits = |line: &str, more: &str| self.width([line, more].concat().trim_end()) <= width;
        if lines.last().is_some_and(|line| !line.is_empty() && !fits(line, word)) {
            lines.push(String::new());
        }
        let Some(line) = lines.last_mut() else { return };
        if fits("", word) {
            line.push_str(word);
            return;
        }
        for letter in word.chars() {
            let mut bytes = [0; 4];
            let letter: &str = letter.encode_utf8(&mut bytes);
            match lines.last_mut() {
                Some(line) if line.is_empty() || fits(line, letter) => line.push_str(letter),
                _ => lines.push(letter.to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_no_wider_than_asked_and_broken_between_words() {
        let font = Weight::Bold.open().unwrap();
        assert_eq!(font.wrap("Quầy 3", 30.0), ["Quầy 3"]);
        let long = "Trung tâm Phục vụ hành chính công phường Mẫu An, Thành phố Hà Nội";
        let lines = font.wrap(long, 20.0);
        assert_eq!(lines.join(" "), long);
        let endless = "W".repeat(120);
        let parts = font.wrap(&format!("x {endless}"), 20.0);
        assert_eq!(parts.concat(), ["x", &endless].concat());
        assert!(lines.iter().chain(&parts).all(|line| !line.is_empty() && font.width(line) <= 20.0), "{parts:?}");
    }

    /// Every letter that Vietnamese is written with, and what names of counters have besides.
    #[test]
    fn both_fonts_have_all_vietnamese_letters() {
        let marked = "ăâđêôơưáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ";
        let others = ('!'..='~').chain("№–—“”’…·₫".chars());
        for weight in Weight::ALL {
            let font = weight.open().unwrap();
            for letter in marked.chars().chain(marked.to_uppercase().chars()).chain(others.clone()) {
                assert_ne!(font.glyph(letter), GlyphId::NOTDEF, "{letter} in {}", weight.name());
            }
        }
    }
}
