//! Text of ASN.1 strings.

use unicode_normalization::UnicodeNormalization as _;

use crate::tlv::Tlv;

pub(super) const UTF8_STRING: u32 = 0x0C;
pub(super) const PRINTABLE_STRING: u32 = 0x13;
const IA5_STRING: u32 = 0x16;

/// The text of a UTF-8, printable or IA5 string, composed (NFC), without white space around it. `None` for another type,
/// bytes that are no UTF-8, and control characters, which no field of a card has.
pub(super) fn text(object: &Tlv<'_>) -> Option<String> {
    if !matches!(object.tag, UTF8_STRING | PRINTABLE_STRING | IA5_STRING) {
        return None;
    }
    let text = core::str::from_utf8(object.value).ok()?;
    let composed: String = text.trim().nfc().collect();
    (!composed.chars().any(char::is_control)).then_some(composed)
}
