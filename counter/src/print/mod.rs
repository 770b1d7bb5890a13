//! The counter's printed code: an A4 page as SVG, with fonts of the machine that shows it, or as PDF, with its own.

mod font;
mod pdf;

use core::fmt::Write as _;

use eid_proof::{QrSymbol, Registration};

use self::font::Weight;
use crate::{CounterError, Rfc3339, words::purpose_name};

/// Width of the texts, in millimetres.
const WIDTH: f32 = 180.0;

/// Size below which a text is not made smaller to fit, in millimetres.
const SMALLEST: f32 = 2.5;

/// Draws the poster of a registration as SVG: who it is, what it may ask, until when, and the code that phones read. A phone
/// that has read it shows proofs to this counter alone.
///
/// # Errors
/// [`CounterError::PictureUnwritable`] if the registration does not fit a code, which none that was signed does.
pub fn poster_svg(registration: &Registration) -> Result<String, CounterError> {
    let sheet = Sheet::of(registration)?;
    let code = sheet.code.to_svg();
    // The picture of the code inside the page.
    let code = code.trim_end().replacen(
        "<svg ",
        &format!(
            "<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" ",
            Sheet::CODE_LEFT,
            Sheet::CODE_TOP,
            Sheet::CODE_SIDE,
            Sheet::CODE_SIDE
        ),
        1,
    );
    let mut page = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" viewBox=\"0 0 210 297\" \
         font-family=\"Noto Sans, DejaVu Sans, Arial, sans-serif\" text-anchor=\"middle\">\
         <path fill=\"#fff\" d=\"M0 0h210v297H0z\"/>",
    );
    for Line { baseline, size, weight, text } in &sheet.lines {
        let (weight, text) = (weight.number(), escape(text));
        // Writing to a string cannot fail.
        let _infallible = write!(
            page,
            "<text x=\"105\" y=\"{baseline}\" font-size=\"{size}\" font-weight=\"{weight}\">{text}</text>"
        );
    }
    Ok([&page, code.as_str(), "</svg>\n"].concat())
}

/// Draws the same poster as a PDF of one page, which any machine prints as it is: the letters are in it.
///
/// # Errors
/// As [`poster_svg`].
pub fn poster_pdf(registration: &Registration) -> Result<Vec<u8>, CounterError> {
    pdf::draw(&Sheet::of(registration)?, registration.name())
}

/// A line of text around the middle of the page. Lengths are in millimetres, heights from the top.
struct Line {
    baseline: f32,
    size: f32,
    weight: Weight,
    text: String,
}

/// What is on the page: A4, upright.
struct Sheet {
    code: QrSymbol,
    lines: Vec<Line>,
}

impl Sheet {
    const CODE_LEFT: f32 = 40.0;
    const CODE_TOP: f32 = 95.0;
    /// With its quiet zone.
    const CODE_SIDE: f32 = 130.0;

    fn of(registration: &Registration) -> Result<Self, CounterError> {
        let code = QrSymbol::encode(&registration.text()).map_err(|_| CounterError::PictureUnwritable)?;
        let mut sheet = Self { code, lines: Vec::new() };
        let names = |pick: fn(&crate::Words) -> &'static str| {
            let names: Vec<_> = registration.allowed().iter().map(|purpose| pick(&purpose_name(*purpose))).collect();
            names.join(" · ")
        };
        let until = Rfc3339(registration.expires_at()).to_string();
        let day = until.split('T').next().unwrap_or_default();
        let who = format!("{} · {} · đến / until {day}", registration.counter(), registration.registrar());
        let free =
            "Phần mềm nguồn mở, không phải của cơ quan nhà nước. / Open-source software, not a state authority's.";
        for (middle, rows, size, weight, text) in [
            (30.0, 1, 9.0, Weight::Bold, "Xuất trình giấy tờ điện tử tại đây"),
            (40.0, 1, 6.0, Weight::Regular, "Show your digital ID here"),
            (70.0, 3, 8.0, Weight::Bold, registration.name()),
            (235.0, 1, 5.0, Weight::Regular, "Quét bằng ứng dụng, chọn loại giấy, rồi đưa mã cho nhân viên quét."),
            (
                242.0,
                1,
                5.0,
                Weight::Regular,
                "Scan with the app, choose the document, then let the officer scan your code.",
            ),
            (254.0, 2, 4.0, Weight::Regular, &names(|words| words.vi)),
            (266.0, 2, 4.0, Weight::Regular, &names(|words| words.en)),
            (277.0, 1, 4.0, Weight::Regular, &who),
            (285.0, 1, 3.0, Weight::Regular, free),
        ] {
            sheet.write(middle, rows, size, weight, text)?;
        }
        Ok(sheet)
    }

    /// Writes a text around this height, in so many rows at most, smaller if it has to be.
    fn write(&mut self, middle: f32, rows: usize, size: f32, weight: Weight, text: &str) -> Result<(), CounterError> {
        let font = weight.open()?;
        let mut size = size;
        let mut lines = font.wrap(text, WIDTH / size);
        while lines.len() > rows && size > SMALLEST {
            size -= 0.5;
            lines = font.wrap(text, WIDTH / size);
        }
        let row = size * 1.35;
        let mut baseline = middle;
        // Half a row up for each further one.
        lines.iter().skip(1).for_each(|_| baseline -= row / 2.0);
        for text in lines {
            self.lines.push(Line { baseline, size, weight, text });
            baseline += row;
        }
        Ok(())
    }
}

/// As text of an XML document.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use eid_crypto::SigningKey;
    use eid_model::UnixTime;
    use eid_proof::{Purpose, RegistrationDraft};

    use super::*;

    fn registration(name: &str, allowed: &[Purpose]) -> Registration {
        let key = SigningKey::make().unwrap();
        let draft = RegistrationDraft {
            registrar: "platform.example",
            counter: "rp/0101234567-0000000000000000000000000000a",
            name,
            allowed,
            host: None,
            key: key.public(),
            issued_at: UnixTime::from_seconds(1_795_348_800),
            valid_days: 365,
            status: None,
        };
        draft.sign(&key).unwrap()
    }

    #[test]
    fn whatever_a_counter_is_called_and_may_ask_stays_on_the_page() {
        let endless = "W".repeat(120);
        for name in ["Quầy 3", "Trung tâm Phục vụ hành chính công phường Mẫu An, Thành phố Hà Nội", &endless]
        {
            let sheet = Sheet::of(&registration(name, &Purpose::ALL)).unwrap();
            let mut above = 0.0;
            for line in &sheet.lines {
                let width = line.weight.open().unwrap().width(&line.text) * line.size;
                assert!(width <= WIDTH && line.baseline - line.size > above && line.baseline < 290.0, "{}", line.text);
                above = line.baseline;
                // Clear of the code, whose quiet zone is inside of its side.
                let code = Sheet::CODE_TOP..Sheet::CODE_TOP + Sheet::CODE_SIDE;
                assert!(
                    !code.contains(&line.baseline) && !code.contains(&(line.baseline - line.size)),
                    "{}",
                    line.text
                );
            }
            let text: Vec<_> = sheet.lines.iter().map(|line| line.text.as_str()).collect();
            let text = text.concat().replace(' ', "");
            for purpose in Purpose::ALL {
                assert!(text.contains(&purpose_name(purpose).vi.replace(' ', "")), "{text}");
            }
            assert!(text.contains(&name.replace(' ', "")), "{text}");
        }
    }

    #[test]
    fn name_cannot_leave_its_text() {
        assert_eq!(escape("</text><script>&"), "&lt;/text&gt;&lt;script&gt;&amp;");
    }
}
