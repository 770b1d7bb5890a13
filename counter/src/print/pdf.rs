//! The page as PDF 1.7 (ISO 32000-1): the code as rectangles, the letters as text of two embedded fonts.

use std::collections::BTreeMap;

use pdf_writer::{
    Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use skrifa::GlyphId;

use super::{
    Line, Sheet,
    font::{Font, Weight},
};
use crate::{CounterError, draw::QUIET_ZONE};

/// Points in a millimetre.
const POINTS: f32 = 72.0 / 25.4;

/// A4, in millimetres.
const WIDTH: f32 = 210.0;
const HEIGHT: f32 = 297.0;

/// A glyph's number is its code.
const IDENTITY: SystemInfo<'_> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// The fonts' measures are in thousandths of their size.
const EM: f32 = 1000.0;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const INFO: Ref = Ref::new(5);
/// Each font takes five.
const FONTS: [Ref; 2] = [Ref::new(10), Ref::new(15)];

/// Draws the page. Its title is the counter's name.
pub(super) fn draw(sheet: &Sheet, title: &str) -> Result<Vec<u8>, CounterError> {
    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG).pages(PAGES).lang(TextStr("vi")).viewer_preferences().display_doc_title(true);
    pdf.document_info(INFO).title(TextStr(title));
    pdf.pages(PAGES).kids([PAGE]).count(1);
    let mut page = pdf.page(PAGE);
    page.parent(PAGES).contents(CONTENT).media_box(Rect::new(0.0, 0.0, WIDTH * POINTS, HEIGHT * POINTS));
    let mut resources = page.resources();
    let mut names = resources.fonts();
    for (weight, first) in Weight::ALL.into_iter().zip(FONTS) {
        names.pair(Name(weight.name().as_bytes()), first);
    }
    names.finish();
    resources.finish();
    page.finish();

    let mut content = Content::new();
    // From here on in millimetres, upwards.
    content.transform([POINTS, 0.0, 0.0, POINTS, 0.0, 0.0]);
    draw_code(sheet, &mut content);
    for (weight, first) in Weight::ALL.into_iter().zip(FONTS) {
        let font = weight.open()?;
        let mut used = BTreeMap::new();
        for line in sheet.lines.iter().filter(|line| line.weight == weight) {
            write_line(line, &font, &mut used, &mut content);
        }
        embed(weight, &font, &used, first, &mut pdf);
    }
    pdf.stream(CONTENT, &content.finish());
    Ok(pdf.finish())
}

/// One path, so that no viewer leaves gaps between its rectangles.
fn draw_code(sheet: &Sheet, content: &mut Content) {
    let side = u16::from(sheet.code.version()) * 4 + 17;
    let quiet = f32::from(QUIET_ZONE);
    let module = Sheet::CODE_SIDE / (f32::from(side) + 2.0 * quiet);
    for y in 0..side {
        let mut x = 0;
        while x < side {
            let dark = |x: &u16| sheet.code.is_dark((*x).into(), y.into());
            let end = (x..side).find(|x| !dark(x)).unwrap_or(side);
            if end > x {
                let left = Sheet::CODE_LEFT + (f32::from(x) + quiet) * module;
                let bottom = HEIGHT - Sheet::CODE_TOP - (f32::from(y) + 1.0 + quiet) * module;
                content.rect(left, bottom, f32::from(end - x) * module, module);
            }
            x = end.max(x + 1);
        }
    }
    content.fill_nonzero();
}

/// Writes a line in the middle of the page, and notes which glyph stands for which letter.
fn write_line(line: &Line, font: &Font, used: &mut BTreeMap<u16, char>, content: &mut Content) {
    let mut codes = Vec::new();
    for letter in line.text.chars() {
        let code = u16::try_from(font.glyph(letter).to_u32()).unwrap_or_default();
        used.entry(code).or_insert(letter);
        codes.extend(code.to_be_bytes());
    }
    let left = (WIDTH - font.width(&line.text) * line.size) / 2.0;
    content
        .begin_text()
        .set_font(Name(line.weight.name().as_bytes()), line.size)
        .next_line(left, HEIGHT - line.baseline)
        .show(Str(&codes))
        .end_text();
}

/// The font in the file, with what a reader needs to find words in the text.
fn embed(weight: Weight, font: &Font, used: &BTreeMap<u16, char>, first: Ref, pdf: &mut Pdf) {
    let [cid, descriptor, file, letters] = [1, 2, 3, 4].map(|step| Ref::new(first.get() + step));
    let name = Name(weight.name().as_bytes());
    let metrics = font.metrics();
    pdf.type0_font(first)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(letters);

    let widths = font.widths();
    let mut cid_font = pdf.cid_font(cid);
    cid_font.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY).font_descriptor(descriptor);
    cid_font.cid_to_gid_map_predefined(Name(b"Identity"));
    let all = (0..metrics.glyph_count).map(|glyph| widths(GlyphId::from(glyph)) * EM);
    cid_font.widths().consecutive(0, all);
    cid_font.finish();

    let bounds = metrics.bounds.unwrap_or_default();
    let bounds = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|at| at * EM);
    let [left, bottom, right, top] = bounds;
    pdf.font_descriptor(descriptor)
        .name(name)
        .weight(weight.number())
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(Rect::new(left, bottom, right, top))
        .italic_angle(0.0)
        .ascent(metrics.ascent * EM)
        .descent(metrics.descent * EM)
        .cap_height(metrics.cap_height.unwrap_or(metrics.ascent) * EM)
        .stem_v(f32::from(weight.number()) / 5.0)
        .font_file2(file);

    let mut stream = pdf.stream(file, weight.file());
    stream.pair(Name(b"Length1"), i32::try_from(weight.file().len()).unwrap_or(i32::MAX));
    stream.finish();

    let mut map = UnicodeCmap::<u16>::new(Name(b"Letters"), IDENTITY);
    used.iter().for_each(|(code, letter)| map.pair(*code, *letter));
    pdf.stream(letters, &map.finish());
}
