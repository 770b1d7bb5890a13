//! The counter's printed code: an A4 page as SVG, which every browser prints and saves as PDF, with fonts of that machine.

use core::fmt::Write as _;

use eid_proof::{QrSymbol, Registration};

use crate::{CounterError, Rfc3339, words::purpose_name};

/// How many letters of a name fit a line.
const LINE: usize = 42;

/// Draws the poster of a registration: who it is, what it may ask, until when, and the code that phones read. A phone that has
/// read it shows proofs to this counter alone.
///
/// # Errors
/// [`CounterError::PictureUnwritable`] if the registration does not fit a code, which none that was signed does.
pub fn poster_svg(registration: &Registration) -> Result<String, CounterError> {
    let symbol = QrSymbol::encode(&registration.text()).map_err(|_| CounterError::PictureUnwritable)?;
    let code = symbol.to_svg();
    // The picture of the code inside the page, at 13 cm.
    let code = code.trim_end().replacen("<svg ", "<svg x=\"40\" y=\"95\" width=\"130\" height=\"130\" ", 1);
    let names = |pick: fn(&crate::Words) -> &'static str| {
        let names: Vec<_> = registration.allowed().iter().map(|purpose| pick(&purpose_name(*purpose))).collect();
        names.join(" · ")
    };
    let mut page = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" viewBox=\"0 0 210 297\" \
         font-family=\"Noto Sans, DejaVu Sans, Arial, sans-serif\" text-anchor=\"middle\">\
         <path fill=\"#fff\" d=\"M0 0h210v297H0z\"/>",
    );
    let mut text = |y: u32, size: u32, weight: u32, content: &str| {
        let content = escape(content);
        // Writing to a string cannot fail.
        let _infallible =
            write!(page, "<text x=\"105\" y=\"{y}\" font-size=\"{size}\" font-weight=\"{weight}\">{content}</text>");
    };
    text(30, 9, 700, "Xuất trình giấy tờ điện tử tại đây");
    text(40, 6, 400, "Show your digital ID here");
    let lines = wrapped(registration.name());
    for (line, y) in lines.iter().zip([58, 70, 82]) {
        text(y, 8, 700, line);
    }
    text(238, 5, 400, "Quét bằng ứng dụng, chọn loại giấy, rồi đưa mã cho nhân viên quét.");
    text(245, 5, 400, "Scan with the app, choose the document, then let the officer scan your code.");
    text(257, 4, 400, &names(|words| words.vi));
    text(263, 4, 400, &names(|words| words.en));
    let until = Rfc3339(registration.expires_at()).to_string();
    let day = until.split('T').next().unwrap_or_default();
    text(275, 4, 400, &format!("{} · {} · → {day}", registration.counter(), registration.registrar()));
    text(
        284,
        3,
        400,
        "Phần mềm nguồn mở, không phải của cơ quan nhà nước. / Open-source software, not a state authority's.",
    );
    Ok([&page, code.as_str(), "</svg>\n"].concat())
}

/// The name in lines, broken between words where they allow it.
fn wrapped(name: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in name.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// As text of an XML document.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_broken_between_words_and_cannot_leave_its_text() {
        assert_eq!(wrapped("Quầy 3"), ["Quầy 3"]);
        let long = "Trung tâm Phục vụ hành chính công phường Mẫu An, Thành phố Hà Nội";
        assert_eq!(wrapped(long).join(" "), long);
        assert!(wrapped(long).iter().all(|line| line.chars().count() <= LINE));
        assert_eq!(escape("</text><script>&"), "&lt;/text&gt;&lt;script&gt;&amp;");
    }
}
