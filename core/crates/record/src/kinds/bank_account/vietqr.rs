//! VietQR, the transfer code of Vietnamese banks: the EMV merchant-presented form with NAPAS's template under tag 38.
//!
//! Source: public copies of NAPAS's specification and the code libraries that follow it; EMVCo's "QR Code Specification for
//! Payment Systems, Merchant-Presented Mode" for lengths and checksum.

use core::fmt;

use crate::RecordError;

/// What a VietQR code asks for. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct VietQr {
    bank: String,
    account: String,
    to_card: bool,
    amount: Option<u64>,
    note: Option<String>,
}

/// NAPAS's identifier in EMV codes.
const NAPAS: &str = "A000000727";
/// Vietnamese dong in ISO 4217.
const DONG: &str = "704";
const CRC: crc::Crc<u16> = crc::Crc::<u16>::new(&crc::CRC_16_IBM_3740);

impl VietQr {
    /// Longest code, as EMVCo has it.
    const MAX_BYTES: usize = 512;
    const MAX_ACCOUNT: usize = 19;
    /// What banks take as a note (tag 62, field 08).
    const MAX_NOTE: usize = 25;
    /// Digits of the largest amount (tag 54).
    const MAX_AMOUNT: u64 = 9_999_999_999_999;

    /// A transfer to an account: `bank` is its six-digit BIN. The note is for systems without accents: ASCII letters, digits and
    /// spaces, at most 25.
    ///
    /// # Errors
    /// [`RecordError::VietQrInvalid`].
    pub fn new(bank: &str, account: &str, amount: Option<u64>, note: Option<&str>) -> Result<Self, RecordError> {
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let formed = bank.len() == 6
            && digits(bank)
            && (1..=Self::MAX_ACCOUNT).contains(&account.len())
            && account.bytes().all(|b| b.is_ascii_alphanumeric())
            && amount.is_none_or(|amount| (1..=Self::MAX_AMOUNT).contains(&amount))
            && note.is_none_or(|note| (1..=Self::MAX_NOTE).contains(&note.len()) && is_plain(note));
        let (bank, account, note) = (bank.to_owned(), account.to_owned(), note.map(str::to_owned));
        if formed { Ok(Self { bank, account, to_card: false, amount, note }) } else { Err(RecordError::VietQrInvalid) }
    }

    /// Reads the text of a scanned code. What EMV allows besides (merchant data, languages) is passed over.
    ///
    /// # Errors
    /// [`RecordError::VietQrInvalid`]; [`RecordError::VietQrChecksum`].
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        if text.len() > Self::MAX_BYTES || !text.is_ascii() {
            return Err(RecordError::VietQrInvalid);
        }
        let fields = Fields::parse(text)?;
        let checksum = fields.find("63").filter(|_| fields.last_is("63")).ok_or(RecordError::VietQrInvalid)?;
        let covered = text.strip_suffix(checksum).ok_or(RecordError::VietQrInvalid)?;
        if !checksum.eq_ignore_ascii_case(&format!("{:04X}", CRC.checksum(covered.as_bytes()))) {
            return Err(RecordError::VietQrChecksum);
        }
        Self::read(&fields).ok_or(RecordError::VietQrInvalid)
    }

    fn read(fields: &Fields<'_>) -> Option<Self> {
        let transfer = Fields::parse(fields.find("38")?).ok()?;
        let beneficiary = Fields::parse(transfer.find("01")?).ok()?;
        let to_card = match transfer.find("02") {
            Some("QRIBFTTA") => false,
            Some("QRIBFTTC") => true,
            _ => return None,
        };
        let known = fields.find("00") == Some("01")
            && transfer.find("00") == Some(NAPAS)
            && fields.find("53") == Some(DONG)
            && fields.find("58") == Some("VN");
        let amount = match fields.find("54") {
            // Dong have no parts; some makers write them all the same.
            Some(text) => Some(text.strip_suffix(".00").unwrap_or(text).parse().ok()?),
            None => None,
        };
        let note = match fields.find("62") {
            Some(text) => Fields::parse(text).ok()?.find("08").map(str::trim).filter(|note| !note.is_empty()),
            None => None,
        };
        let read = Self::new(beneficiary.find("00")?, beneficiary.find("01")?, amount, None).ok()?;
        // A note of somebody else's making may be longer than ours, and is only shown.
        known.then(|| Self { to_card, note: note.map(str::to_owned), ..read })
    }

    /// The text to draw as a code: static without an amount, dynamic with one.
    pub fn encode(&self) -> String {
        let beneficiary = field("00", &self.bank) + &field("01", &self.account);
        let service = if self.to_card { "QRIBFTTC" } else { "QRIBFTTA" };
        let transfer = field("00", NAPAS) + &field("01", &beneficiary) + &field("02", service);
        let method = if self.amount.is_some() { "12" } else { "11" };
        let mut text = field("00", "01") + &field("01", method) + &field("38", &transfer) + &field("53", DONG);
        if let Some(amount) = self.amount {
            text += &field("54", &amount.to_string());
        }
        text += &field("58", "VN");
        if let Some(note) = &self.note {
            text += &field("62", &field("08", note));
        }
        text += "6304";
        let checksum = CRC.checksum(text.as_bytes());
        text + &format!("{checksum:04X}")
    }

    /// The bank's BIN, a code of the table `banks`.
    pub fn bank(&self) -> &str {
        &self.bank
    }

    /// The account's number, or the card's.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// True if the number is that of a card.
    pub fn is_to_card(&self) -> bool {
        self.to_card
    }

    /// Dong.
    pub fn amount(&self) -> Option<u64> {
        self.amount
    }

    /// What the transfer is for. Written by whoever made the code.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

impl fmt::Debug for VietQr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VietQr(redacted)")
    }
}

/// Tag, length and value, two digits each for the first two.
struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    fn parse(mut text: &'a str) -> Result<Self, RecordError> {
        let mut fields = Vec::new();
        while !text.is_empty() {
            let (tag, value, rest) = take(text).ok_or(RecordError::VietQrInvalid)?;
            if fields.iter().any(|(known, _)| *known == tag) {
                return Err(RecordError::VietQrInvalid);
            }
            fields.push((tag, value));
            text = rest;
        }
        Ok(Self(fields))
    }

    fn find(&self, tag: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == tag).map(|(_, value)| *value)
    }

    fn last_is(&self, tag: &str) -> bool {
        self.0.last().is_some_and(|(last, _)| *last == tag)
    }
}

fn take(text: &str) -> Option<(&str, &str, &str)> {
    let (tag, length) = (text.get(..2)?, text.get(2..4)?);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let length: usize = (digits(tag) && digits(length)).then(|| length.parse().ok())??;
    Some((tag, text.get(4..4 + length)?, text.get(4 + length..)?))
}

/// A field whose value is at most 99 bytes, as all of ours are.
fn field(tag: &str, value: &str) -> String {
    format!("{tag}{:02}{value}", value.len())
}

fn is_plain(note: &str) -> bool {
    note.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A code of a fund-raising campaign that several libraries carry in their tests.
    const PUBLISHED: &str = "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA530370454061200005802VN62170813ung ho lu lut6304C15C";

    #[test]
    fn published_code_parses_and_is_written_the_same() {
        let code = VietQr::parse(PUBLISHED).unwrap();
        assert_eq!((code.bank(), code.account(), code.is_to_card()), ("970415", "0011001932418", false));
        assert_eq!((code.amount(), code.note()), (Some(120_000), Some("ung ho lu lut")));
        assert_eq!(code.encode(), PUBLISHED);
        let made = VietQr::new("970415", "0011001932418", Some(120_000), Some("ung ho lu lut")).unwrap();
        assert_eq!(made.encode(), PUBLISHED);
        assert_eq!(format!("{made:?}"), "VietQr(redacted)");
    }

    #[test]
    fn changed_code_parse_refuses() {
        for (from, to, error) in [
            ("120000", "220000", RecordError::VietQrChecksum),
            ("970415", "970416", RecordError::VietQrChecksum),
            ("C15C", "C15D", RecordError::VietQrChecksum),
            ("6304C15C", "", RecordError::VietQrInvalid),
            ("6304C15C", "6304", RecordError::VietQrInvalid),
            ("5303704", "5303840", RecordError::VietQrChecksum),
            ("000201", "0002010002", RecordError::VietQrInvalid),
            ("3857", "38ff", RecordError::VietQrInvalid),
            ("5802VN", "5802VN6304C15C5802", RecordError::VietQrInvalid),
        ] {
            let changed = PUBLISHED.replacen(from, to, 1);
            assert_ne!(changed, PUBLISHED);
            assert_eq!(VietQr::parse(&changed).err(), Some(error), "{from} → {to}");
        }
        for text in ["", "0002", "000201", "hello", "0002016304", "số", &"0".repeat(10_000)] {
            assert_eq!(VietQr::parse(text).err(), Some(RecordError::VietQrInvalid));
        }
    }

    /// Codes with a right checksum and a wrong content.
    #[test]
    fn well_summed_code_of_another_kind_parse_refuses() {
        for (from, to) in [
            ("5303704", "5303840"),
            ("5802VN", "5802US"),
            ("A000000727", "A000000728"),
            ("QRIBFTTA", "QRIBFTTX"),
            ("0006970415", "000697041X"),
            ("5406120000", "540612000x"),
            ("5406120000", "5406000000"),
        ] {
            let changed = PUBLISHED.replacen(from, to, 1).replace("C15C", "");
            let summed = format!("{changed}{:04X}", CRC.checksum(changed.as_bytes()));
            assert_eq!(VietQr::parse(&summed).err(), Some(RecordError::VietQrInvalid), "{from} → {to}");
        }
    }

    #[test]
    fn transfer_that_no_bank_takes_new_refuses() {
        for (bank, account, amount, note) in [
            ("97041", "1", None, None),
            ("97041a", "1", None, None),
            ("970415", "", None, None),
            ("970415", "12345678901234567890", None, None),
            ("970415", "1-2", None, None),
            ("970415", "1", Some(0), None),
            ("970415", "1", Some(10_000_000_000_000), None),
            ("970415", "1", None, Some("")),
            ("970415", "1", None, Some("ủng hộ")),
            ("970415", "1", None, Some("abcdefghijklmnopqrstuvwxyz")),
        ] {
            assert_eq!(VietQr::new(bank, account, amount, note).err(), Some(RecordError::VietQrInvalid));
        }
    }

    proptest! {
        #[test]
        fn any_transfer_written_and_read_returns(
            bank in "[0-9]{6}", account in "[0-9A-Za-z]{1,19}", amount in proptest::option::of(1_u64..9_999_999_999_999),
            note in proptest::option::of("[0-9A-Za-z]([0-9A-Za-z ]{0,20}[0-9A-Za-z])?"),
        ) {
            let made = VietQr::new(&bank, &account, amount, note.as_deref()).unwrap();
            prop_assert_eq!(VietQr::parse(&made.encode()).unwrap(), made);
        }

        #[test]
        fn any_text_parse_never_panics(text in ".{0,200}", digits in "[0-9]{0,120}") {
            drop(VietQr::parse(&text));
            drop(VietQr::parse(&digits));
        }

        #[test]
        fn any_changed_byte_is_told(at in 0_usize..PUBLISHED.len(), byte in b' '..=b'~') {
            let mut changed = PUBLISHED.as_bytes().to_vec();
            changed[at] = byte;
            let changed = String::from_utf8(changed).unwrap();
            let (body, sum) = changed.split_at(PUBLISHED.len() - 4);
            let (same, of_same) = PUBLISHED.split_at(PUBLISHED.len() - 4);
            prop_assert_eq!(VietQr::parse(&changed).is_ok(), body == same && sum.eq_ignore_ascii_case(of_same));
        }
    }
}
