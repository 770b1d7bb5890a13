use crate::token::MAX_BYTES;

/// How the bytes of a proof are spelled as text. Verifiers take both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spelling {
    /// `7041` and decimal digits with check digits: survives a Vietnamese keyboard between a hand scanner and the counter's
    /// program, and makes the smaller QR code.
    #[default]
    Digits,
    /// `VN1:` and base45 (RFC 9285).
    Base45,
}

/// What a scanned text turned out to be, when it is no proof of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherCode {
    /// The QR code printed on an ID card: plain text, unsigned.
    IdCard,
    /// A bank payment code (VietQR, EMV).
    Payment,
    /// An EU health certificate (`HC1:`).
    HealthCertificate,
    /// An ISO 18013-5 device engagement (`mdoc:`).
    MobileDocument,
    /// A counter's own request code (`VN1R:`).
    CounterRequest,
    /// A web address or another application's link.
    Link,
    /// Nothing that this program knows.
    Unknown,
}

impl OtherCode {
    /// A short name for JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdCard => "id_card",
            Self::Payment => "payment",
            Self::HealthCertificate => "health_certificate",
            Self::MobileDocument => "mobile_document",
            Self::CounterRequest => "counter_request",
            Self::Link => "link",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a text gives no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextError {
    /// Not a proof of ours: Q01.
    NotOurs(OtherCode),
    /// Ours, but characters are wrong or missing: Q02. `keyboard` is set when letters arrived that no code contains, as a
    /// Vietnamese keyboard makes them.
    Garbled {
        /// Characters outside ASCII were seen.
        keyboard: bool,
    },
    /// More than 4,096 bytes: Q03.
    TooLarge,
}

const BASE45_PREFIX: &str = "VN1:";
/// How the codes of counters begin, requests and posters alike.
const COUNTER_PREFIX: &str = "VN1R:";

const DIGITS_PREFIX: &str = "7041";

/// Bytes of one block, and its decimal digits: 256^7 < 10^17.
const BLOCK: usize = 7;
const BLOCK_DIGITS: usize = 17;

/// Digits of a last block of 1–6 bytes.
const TAIL_DIGITS: [usize; 6] = [3, 5, 8, 10, 13, 15];

const CHECK_DIGITS: usize = 5;
const CHECK_MODULUS: u32 = 100_000;

/// Spells the bytes of a proof.
pub fn encode_text(bytes: &[u8], spelling: Spelling) -> String {
    match spelling {
        Spelling::Base45 => [BASE45_PREFIX, &base45::encode(bytes)].concat(),
        Spelling::Digits => encode_digits(bytes),
    }
}

/// Recognises the spelling of a scanned text and gives the bytes. White space at the ends (a scanner's Enter) is ignored.
///
/// # Errors
/// [`TextError`]; texts of other systems are named, never guessed at.
pub fn decode_text(text: &str) -> Result<Vec<u8>, TextError> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix(DIGITS_PREFIX) {
        return decode_digits(digits);
    }
    match text.get(..BASE45_PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(BASE45_PREFIX) => {
            decode_base45(text.get(BASE45_PREFIX.len()..).unwrap_or_default())
        }
        _ => Err(TextError::NotOurs(identify(text))),
    }
}

/// Spells the code of a counter.
pub(crate) fn encode_counter_text(bytes: &[u8]) -> String {
    [COUNTER_PREFIX, &base45::encode(bytes)].concat()
}

/// The bytes of a counter's code; `None` for anything else.
pub(crate) fn decode_counter_text(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let prefix = text.get(..COUNTER_PREFIX.len())?;
    let rest = text.get(COUNTER_PREFIX.len()..).filter(|_| prefix.eq_ignore_ascii_case(COUNTER_PREFIX))?;
    decode_base45(rest).ok()
}

fn encode_digits(bytes: &[u8]) -> String {
    use core::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() / BLOCK * BLOCK_DIGITS + 32);
    text.push_str(DIGITS_PREFIX);
    for block in bytes.chunks(BLOCK) {
        let value = block.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        let width = match block.len() {
            BLOCK => BLOCK_DIGITS,
            short => TAIL_DIGITS.get(short.wrapping_sub(1)).copied().unwrap_or(BLOCK_DIGITS),
        };
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{value:0width$}");
    }
    let _infallible = write!(text, "{:05}", crc32fast::hash(bytes) % CHECK_MODULUS);
    text
}

fn decode_digits(digits: &str) -> Result<Vec<u8>, TextError> {
    let garbled = TextError::Garbled { keyboard: !digits.is_ascii() };
    let digits = digits.as_bytes();
    if digits.len() > (MAX_BYTES / BLOCK + 1) * BLOCK_DIGITS + CHECK_DIGITS {
        return Err(TextError::TooLarge);
    }
    let (data, check) = digits.len().checked_sub(CHECK_DIGITS).map(|at| digits.split_at(at)).ok_or(garbled)?;
    let mut bytes = Vec::with_capacity(data.len() / BLOCK_DIGITS * BLOCK + BLOCK);
    for block in data.chunks(BLOCK_DIGITS) {
        let length = match block.len() {
            BLOCK_DIGITS => BLOCK,
            short => TAIL_DIGITS.iter().position(|digits| *digits == short).ok_or(garbled)? + 1,
        };
        let value = number(block).filter(|value| value >> (8 * length) == 0).ok_or(garbled)?;
        bytes.extend(value.to_be_bytes().into_iter().skip(8 - length));
    }
    if number(check) != Some(u64::from(crc32fast::hash(&bytes) % CHECK_MODULUS)) {
        return Err(garbled);
    }
    if bytes.len() > MAX_BYTES { Err(TextError::TooLarge) } else { Ok(bytes) }
}

/// The value of at most 19 decimal digits.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| {
        digit.is_ascii_digit().then(|| value.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0'))))
    })
}

fn decode_base45(text: &str) -> Result<Vec<u8>, TextError> {
    if text.len() > MAX_BYTES / 2 * 3 + 3 {
        return Err(TextError::TooLarge);
    }
    let garbled = TextError::Garbled { keyboard: !text.is_ascii() };
    let text = text.to_ascii_uppercase();
    let bytes = base45::decode(&text).map_err(|_| garbled)?;
    // The crate takes values beyond a byte or two modulo; RFC 9285 §6 refuses them, and so does one spelling for one proof.
    if base45::encode(&bytes) != text {
        return Err(garbled);
    }
    if bytes.len() > MAX_BYTES { Err(TextError::TooLarge) } else { Ok(bytes) }
}

/// Names the codes that people scan by mistake.
fn identify(text: &str) -> OtherCode {
    let starts = |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let card = text.split_once('|').is_some_and(|(pid, _)| pid.len() == 12 && pid.bytes().all(|b| b.is_ascii_digit()));
    if card {
        OtherCode::IdCard
    } else if starts("000201") {
        OtherCode::Payment
    } else if starts("HC1:") {
        OtherCode::HealthCertificate
    } else if starts("mdoc:") {
        OtherCode::MobileDocument
    } else if starts(COUNTER_PREFIX) {
        OtherCode::CounterRequest
    } else if text.split_once("://").is_some_and(|(scheme, _)| {
        (1..=20).contains(&scheme.len())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    }) {
        OtherCode::Link
    } else {
        OtherCode::Unknown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_of_known_bytes_are_the_ones_of_the_design() {
        // One block: 0x01 = 001, CRC-32 of [1] is 0xa505df1b = 2768625435.
        assert_eq!(encode_text(&[1], Spelling::Digits), "704100125435");
        // A full block has 17 digits: 256^7 − 1.
        let text = encode_text(&[0xff; 7], Spelling::Digits);
        assert!(text.starts_with("704172057594037927935"));
        assert_eq!(encode_text(b"AB", Spelling::Base45), "VN1:BB8");
    }

    #[test]
    fn wrong_digits_ask_for_another_scan() {
        let good = encode_text(b"some proof", Spelling::Digits);
        for bad in [
            good.strip_suffix(char::is_numeric).unwrap(),
            "7041",
            "70411234",
            &format!("{good}0"),
            &format!("{good}o"),
            "704199999999999999999912345", // block value beyond 256^7
        ] {
            assert_eq!(decode_text(bad), Err(TextError::Garbled { keyboard: false }), "{bad}");
        }
        assert_eq!(decode_text(&format!("{good}ô")), Err(TextError::Garbled { keyboard: true }));
    }

    #[test]
    fn base45_in_lower_case_is_read_and_a_vietnamese_keyboard_is_noticed() {
        let text = encode_text(&[7; 40], Spelling::Base45);
        assert_eq!(decode_text(&text.to_lowercase()), Ok(vec![7; 40]));
        assert_eq!(decode_text(&format!("{text}\r\n")), Ok(vec![7; 40]));
        assert_eq!(decode_text("VN1:ÂWCD"), Err(TextError::Garbled { keyboard: true }));
        for beyond in ["VN1:V5", "VN1:::", "VN1::::", "VN1:GGX"] {
            assert_eq!(decode_text(beyond), Err(TextError::Garbled { keyboard: false }), "{beyond}");
        }
        assert_eq!(decode_text("VN1:@@"), Err(TextError::Garbled { keyboard: false }));
    }

    #[test]
    fn other_codes_are_named() {
        for (text, code) in [
            ("000199000001||NGUYỄN VĂN A|01011999|Nam|Hà Nội|01012021", OtherCode::IdCard),
            ("00020101021238570010A000000727", OtherCode::Payment),
            ("HC1:NCFOXN", OtherCode::HealthCertificate),
            ("mdoc:owBjMS4w", OtherCode::MobileDocument),
            ("VN1R:ABC", OtherCode::CounterRequest),
            ("https://e.example/x", OtherCode::Link),
            ("hello", OtherCode::Unknown),
            ("", OtherCode::Unknown),
            ("ắắ", OtherCode::Unknown),
        ] {
            assert_eq!(decode_text(text), Err(TextError::NotOurs(code)), "{text}");
        }
    }

    #[test]
    fn too_much_text_is_refused_before_it_is_decoded() {
        for spelling in [Spelling::Digits, Spelling::Base45] {
            assert_eq!(decode_text(&encode_text(&vec![0; MAX_BYTES], spelling)).map(|b| b.len()), Ok(MAX_BYTES));
            assert_eq!(decode_text(&encode_text(&vec![0; MAX_BYTES + 1], spelling)), Err(TextError::TooLarge));
            assert_eq!(decode_text(&encode_text(&vec![0; 100_000], spelling)), Err(TextError::TooLarge));
        }
    }

    proptest! {
        #[test]
        fn spellings_round_trip(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            for spelling in [Spelling::Digits, Spelling::Base45] {
                prop_assert_eq!(decode_text(&encode_text(&bytes, spelling)), Ok(bytes.clone()));
            }
        }

        #[test]
        fn any_text_gives_a_reason_and_no_panic(text in ".{0,80}", digits in "7041[0-9]{0,60}") {
            drop((decode_text(&text), decode_text(&digits), decode_text(&format!("VN1:{text}"))));
        }
    }
}
