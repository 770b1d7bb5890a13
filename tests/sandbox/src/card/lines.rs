//! What somebody types to open a document.

use core::ops::Range;

use eid_chip::{ChipError, MrzKey, mrz::Mrz};

/// Where number, birth date and expiry date stand, each with its check digit, in lines of this length in all: two or three
/// lines of a card, both lines or the second one of a larger card or a passport.
const FIELDS: [(usize, [Range<usize>; 3]); 6] = [
    (90, [5..15, 30..37, 38..45]),
    (60, [5..15, 30..37, 38..45]),
    (88, [44..54, 57..64, 65..72]),
    (44, [0..10, 13..20, 21..28]),
    (72, [36..46, 49..56, 57..64]),
    (36, [0..10, 13..20, 21..28]),
];

/// The key out of machine-readable lines, with or without breaks and spaces, in letters of any size; out of the three fields with
/// their check digits; or out of the three without, separated by commas. Nothing else of the lines has to be right.
///
/// # Errors
/// [`ChipError::MrzCheckDigit`] or [`ChipError::MrzMalformed`] with what is wrong in whole lines; otherwise
/// [`ChipError::AccessDataInvalid`].
pub fn parse_mrz_key(text: &str) -> Result<MrzKey, ChipError> {
    // A shell gives a break as two characters where nobody told it otherwise.
    let text = text.replace("\\n", "").split_whitespace().collect::<String>().to_ascii_uppercase();
    if let [number, birth, expiry] = text.split(',').collect::<Vec<_>>().as_slice() {
        return MrzKey::new(number.trim_end_matches('<'), birth, expiry);
    }
    let cut =
        |fields: &[Range<usize>; 3]| fields.iter().filter_map(|field| text.get(field.clone())).collect::<String>();
    let fields = FIELDS.iter().filter(|(length, _)| *length == text.len()).map(|(_, fields)| cut(fields));
    let found = fields.chain([text.clone()]).find_map(|fields| MrzKey::parse(&fields).ok());
    match found {
        Some(key) => Ok(key),
        None if text.len() < 72 => Err(ChipError::AccessDataInvalid),
        // Also numbers of more than nine characters, which go on behind their field.
        None => Mrz::parse(&text)?.key(),
    }
}

#[cfg(test)]
mod tests {
    use eid_chip::{Access, Cipher, mrz::MrzField};

    use super::*;

    const PASSPORT: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    const CARD: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";

    fn key(key: MrzKey) -> Vec<u8> {
        Access::Mrz(key).pace_key(Cipher::Aes256).expose().to_vec()
    }

    #[test]
    fn whatever_way_lines_are_typed_they_are_one_key() {
        let second = PASSPORT.split_once('\n').unwrap().1;
        let first_two = CARD.get(..61).unwrap();
        let long = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<";
        for (expected, texts) in [
            (
                MrzKey::new("L898902C3", "740812", "120415"),
                vec![
                    PASSPORT.to_owned(),
                    PASSPORT.replace('\n', ""),
                    PASSPORT.replace('\n', "\\n"),
                    PASSPORT.replace('\n', " \r\n").to_lowercase(),
                    PASSPORT.replace("ERIKSSON", "ANOTHER<").replace("10", "17"),
                    second.to_owned(),
                    "L898902C3674081221204159".to_owned(),
                    "L898902C3,740812,120415".to_owned(),
                ],
            ),
            (
                MrzKey::new("D23145890", "740812", "120415"),
                vec![CARD.to_owned(), first_two.to_owned(), CARD.replace("UTO<<<<<<<<<<<6", "UTO<<<<<<<<<<<7")],
            ),
            (MrzKey::new("D23145890734", "340712", "950712"), vec![long.to_owned()]),
        ] {
            let expected = key(expected.unwrap());
            for text in texts {
                assert_eq!(key(parse_mrz_key(&text).unwrap()), expected, "{text}");
            }
        }
    }

    #[test]
    fn what_opens_nothing_is_refused_with_its_field() {
        let wrong = |text: &str| parse_mrz_key(text).unwrap_err();
        assert_eq!(wrong(&PASSPORT.replace("C36", "C37")), ChipError::MrzCheckDigit(MrzField::DocumentNumber));
        assert_eq!(wrong(&CARD.replace("7408122", "7408123")), ChipError::MrzCheckDigit(MrzField::BirthDate));
        assert_eq!(wrong(&PASSPORT.replace("1204159", "1204158")), ChipError::MrzCheckDigit(MrzField::ExpiryDate));
        for text in
            ["", ",,", "L898902C3", "L898902C3,740812", "L898902C3674081221204158", &"<".repeat(500), "ế,740812,120415"]
        {
            assert!(parse_mrz_key(text).is_err(), "{text}");
        }
    }
}
