//! Names of people.

use core::fmt;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::{ModelError, line::tidy, quiet::text_serde};

/// A full name, "family, middle and given name" (họ, chữ đệm và tên): stored as written, in NFC, with single spaces,
/// 1–100 characters.
///
/// Letters are those of the Latin alphabets of Vietnam's languages and of foreign residents, which all have an ASCII
/// reading; besides them only combining marks, space, hyphen and apostrophe (H' Hen, Y-Blu). `==` compares the spelling;
/// to find out whether two records name one person, compare [`matching_form`](Self::matching_form). `Debug` does not
/// show the name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName(String);

impl PersonName {
    const MAX_CHARS: usize = 100;

    /// Reads a name; trims it and makes each run of spaces one.
    ///
    /// # Errors
    /// [`ModelError::NameEmpty`], [`ModelError::NameTooLong`], or [`ModelError::NameCharacter`] for digits, symbols,
    /// controls, invisible and direction-turning characters, and letters of other scripts that look like Latin ones.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let name = tidy(text).ok_or(ModelError::NameTooLong)?;
        if name.chars().count() > Self::MAX_CHARS {
            return Err(ModelError::NameTooLong);
        }
        if !has_only_name_characters(&name) {
            return Err(ModelError::NameCharacter);
        }
        if !name.nfd().any(is_letter) {
            return Err(ModelError::NameEmpty);
        }
        Ok(Self(name))
    }

    /// The name as written. Personal data: never for logs or errors.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A form that is equal for two spellings of one name: case folded, one apostrophe, one hyphen, and each tone mark
    /// moved to the end of its vowels, so that hoà and hòa, thuý and thúy, quý and qúy meet. Only for comparing: it is
    /// not a spelling and must never be shown or stored in place of the name.
    ///
    /// Where a mark stands inside one group of vowels does not tell two Vietnamese syllables apart. Words with several
    /// groups, as foreign names have, keep their marks.
    pub fn matching_form(&self) -> String {
        matching_form(&self.0)
    }

    /// The name without accents, in ASCII, for text messages and airline or bank systems: `Đặng Thị Thử` → `Dang Thi
    /// Thu`.
    pub fn ascii_form(&self) -> String {
        ascii_form(&self.0)
    }

    /// Upper case, as printed on cards.
    pub fn card_form(&self) -> String {
        self.0.to_uppercase().nfc().collect()
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(redacted)")
    }
}

text_serde!(PersonName, as_str);

/// [`PersonName::matching_form`] for any text, such as the name of a place or an institution.
pub fn matching_form(text: &str) -> String {
    // Down, up and down again folds the case of ß, ẞ and ı too, which have no one-letter partner.
    let folded = text.to_lowercase().to_uppercase().to_lowercase();
    let folded: String = folded.nfd().map(unify).collect();
    let words = folded.split_inclusive([' ', '-', '\'']);
    words.map(settle_tone).collect::<String>().nfc().collect()
}

/// [`PersonName::ascii_form`] for any text. Letters of other scripts stay as they are.
pub fn ascii_form(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).fold(String::with_capacity(text.len()), |mut ascii, c| {
        match special_letter(c) {
            Some(reading) => ascii.push_str(reading),
            None => ascii.push(unify(c)),
        }
        ascii
    })
}

/// Base letters with an ASCII reading, marks on them (at most four on one letter, as no language needs more), and
/// what may stand between letters.
pub(crate) fn has_only_name_characters(name: &str) -> bool {
    const MAX_MARKS: usize = 4;
    let mut room_for_marks = 0_usize;
    name.nfd().all(|c| {
        if matches!(c, '\u{300}'..='\u{331}') {
            let room = room_for_marks > 0;
            room_for_marks = room_for_marks.saturating_sub(1);
            return room;
        }
        room_for_marks = if is_letter(c) { MAX_MARKS } else { 0 };
        is_letter(c) || matches!(unify(c), ' ' | '-' | '\'')
    })
}

/// A letter of a decomposed name, without its marks.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || special_letter(c).is_some()
}

/// The ASCII reading of Latin letters that do not decompose into an ASCII letter and marks.
fn special_letter(c: char) -> Option<&'static str> {
    Some(match c {
        'đ' | 'ð' | 'ɖ' => "d",
        'Đ' | 'Ð' | 'Ɖ' => "D",
        'ƀ' | 'ɓ' => "b",
        'Ƀ' | 'Ɓ' => "B",
        'ħ' => "h",
        'Ħ' => "H",
        'ı' => "i",
        'ł' => "l",
        'Ł' => "L",
        'ŋ' => "ng",
        'Ŋ' => "NG",
        'ø' => "o",
        'Ø' => "O",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'ß' => "ss",
        'ẞ' => "SS",
        'þ' => "th",
        'Þ' => "TH",
        _ => return None,
    })
}

/// One character for those that people and old fonts use for one another. The capital of ð (eth) looks like Đ, and
/// converted records are full of it.
fn unify(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        '\u{2010}' | '\u{2011}' => '-',
        'ð' | 'ɖ' => 'đ',
        other => other,
    }
}

/// Moves the tone mark of a word (lower case, NFD) behind its last vowel, if the word has one tone and one group of
/// vowels, as every Vietnamese syllable does.
fn settle_tone(word: &str) -> String {
    let mut settled = String::with_capacity(word.len());
    let (mut tones, mut groups, mut group_end, mut after_vowel) = (Vec::new(), 0, 0, false);
    for c in word.chars() {
        if after_vowel && is_tone_mark(c) {
            tones.push(c);
            continue;
        }
        if !is_combining_mark(c) {
            let vowel = matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
            groups += usize::from(vowel && !after_vowel);
            after_vowel = vowel;
        }
        settled.push(c);
        if after_vowel {
            group_end = settled.len();
        }
    }
    match (tones.as_slice(), groups) {
        (&[tone], 1) => {
            settled.insert(group_end, tone);
            settled
        }
        _ => word.to_owned(),
    }
}

/// Huyền, sắc, ngã, hỏi, nặng.
fn is_tone_mark(c: char) -> bool {
    matches!(c, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> PersonName {
        PersonName::parse(text).unwrap()
    }

    #[test]
    fn written_name_parse_keeps_it_in_nfc() {
        for (text, stored) in [
            ("  Nguyễn   Thị\u{a0}Thử ", "Nguyễn Thị Thử"),
            ("Nguye\u{302}\u{303}n", "Nguyễn"),
            ("Nguye\u{303}\u{302}n", "Nguy\u{1ebd}\u{302}n"),
            ("A\u{340}n A\u{341}n", "Àn Án"),
            ("Hoà", "Hoà"),
            ("Hòa", "Hòa"),
            ("H' Hen Thử", "H' Hen Thử"),
            ("H’Hen", "H’Hen"),
            ("Y-Blu Ƀuôn Ja\u{30c}", "Y-Blu Ƀuôn J\u{1ce}"),
            ("Ê\u{306}ban Ơ\u{306} Ư\u{306}", "Ê\u{306}ban Ơ\u{306} Ư\u{306}"),
            ("Đinh Ksơr Ñĭ", "Đinh Ksơr Ñĭ"),
        ] {
            assert_eq!(name(text).as_str(), stored);
        }
    }

    #[test]
    fn text_that_is_no_name_parse_gives_the_reason() {
        use ModelError::{NameCharacter, NameEmpty, NameTooLong};
        for (text, error) in [
            ("", NameEmpty),
            (" \u{a0} ", NameEmpty),
            ("-", NameEmpty),
            ("' '", NameEmpty),
            ("\u{2bc}", NameEmpty),
            ("\u{2bc}\u{301}a", NameCharacter),
            ("Thử 2", NameCharacter),
            ("Thử\u{661}", NameCharacter),
            ("Thử.", NameCharacter),
            ("Thử, Văn", NameCharacter),
            ("Thử_Văn", NameCharacter),
            ("Thử/Văn", NameCharacter),
            ("Thử\nVăn", NameCharacter),
            ("Thử\tVăn", NameCharacter),
            ("Thử\u{0}", NameCharacter),
            ("Thử\u{200b}Văn", NameCharacter),
            ("Thử\u{200d}Văn", NameCharacter),
            ("\u{feff}Thử", NameCharacter),
            ("Thử\u{ad}Văn", NameCharacter),
            ("Thử\u{34f}", NameCharacter),
            ("\u{202e}Thử", NameCharacter),
            ("Thử\u{2066}Văn", NameCharacter),
            ("Thử\u{fe0f}", NameCharacter),
            ("Thử \u{301}", NameCharacter),
            ("\u{301}Thử", NameCharacter),
            ("T\u{431}a", NameCharacter),
            ("\u{410}nh", NameCharacter),
            ("\u{391}nh", NameCharacter),
            ("\u{ff21}nh", NameCharacter),
            ("\u{1d400}nh", NameCharacter),
            ("阮氏", NameCharacter),
            ("Thử😀", NameCharacter),
            ("A\u{300}\u{301}\u{302}\u{303}\u{309}", NameCharacter),
        ] {
            assert_eq!(PersonName::parse(text).err(), Some(error), "{text:?}");
        }
        assert!(PersonName::parse(&"Ễ".repeat(100)).is_ok());
        assert!(PersonName::parse(&"E\u{302}\u{303}".repeat(100)).is_ok(), "counted after composing");
        assert_eq!(PersonName::parse(&"Ễ".repeat(101)).err(), Some(NameTooLong));
        assert_eq!(PersonName::parse(&" ".repeat(1_000_000)).err(), Some(NameTooLong));
    }

    #[test]
    fn two_spellings_of_one_name_match() {
        for (one, other) in [
            ("Hoà", "hòa"),
            ("HOÈ", "Hòe"),
            ("Thuý", "Thúy"),
            ("Thuỷ", "THỦY"),
            ("Khoẻ", "Khỏe"),
            ("Loã", "Lõa"),
            ("Uý", "Úy"),
            ("Hoạ", "Họa"),
            ("Quý", "Qúy"),
            ("Già", "Gìa"),
            ("Nguyễn Thị Thuý Hoà", "NGUYỄN  THỊ THÚY HÒA"),
            ("Ðặng", "Đặng"),
            ("ðặng", "Đặng"),
            ("H’Hen", "H'Hen"),
            ("H\u{2bc}Hen", "H'Hen"),
            ("Y\u{2010}Hoà", "Y-Hòa"),
            ("Nghiệm", "Nghie\u{323}\u{302}m"),
            ("Groß", "GROSS"),
            ("Groẞ", "gross"),
        ] {
            assert_eq!(name(one).matching_form(), name(other).matching_form(), "{one} {other}");
        }
    }

    #[test]
    fn matching_form_is_folded_and_composed() {
        assert_eq!(name("NGUYỄN Thị  Thuý").matching_form(), "nguyễn thị thuý");
    }

    #[test]
    fn different_names_do_not_match() {
        for (one, other) in [
            ("Hoà", "Hoa"),
            ("Hoà", "Hoá"),
            ("Hòa", "Hõa"),
            ("Dung", "Đung"),
            ("Hoan", "Hoàn"),
            ("Quy", "Quý"),
            ("Thuy", "Thuý"),
            ("Tuân", "Tuấn"),
            ("Cua", "Cưa"),
            ("Hoà An", "Hoa Àn"),
            ("Peña", "Pena"),
            ("Ñai", "Nãi"),
            ("Renée", "Rénee"),
            ("Minh Anh", "Minhanh"),
        ] {
            assert_ne!(name(one).matching_form(), name(other).matching_form(), "{one} {other}");
        }
    }

    #[test]
    fn name_written_for_old_systems_is_ascii() {
        for (text, ascii) in [
            ("Đặng Thị Thử Nghiệm", "Dang Thi Thu Nghiem"),
            ("đỗ Ước Ưu ơ", "do Uoc Uu o"),
            ("Ðinh ð", "Dinh d"),
            ("H’ Hen Ƀuôn-Ñĭ", "H' Hen Buon-Ni"),
            ("Ê\u{306}ban", "Eban"),
            ("Groß Æsir Łoś Øre", "Gross AEsir Los Ore"),
        ] {
            assert_eq!(name(text).ascii_form(), ascii);
        }
    }

    #[test]
    fn name_written_for_cards_is_upper_case() {
        for (text, card) in [("Nguyễn Thị Thuý", "NGUYỄN THỊ THUÝ"), ("đặng ƀ ư", "ĐẶNG Ƀ Ư"), ("H' Hen", "H' HEN")]
        {
            assert_eq!(name(text).card_form(), card);
        }
    }

    #[test]
    fn name_debugged_is_redacted() {
        assert_eq!(format!("{:?}", name("Nguyễn Thị Thử")), "PersonName(redacted)");
    }

    /// Anything near a name: letters with loose marks, letters of all Latin blocks, separators, and other characters.
    fn near_names() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            6 => "[a-zA-Z]",
            3 => "[\u{c0}-\u{24f}\u{1e00}-\u{1eff}]",
            3 => "[\u{300}-\u{331}]",
            1 => "[ \u{a0}'’\u{2bc}\u{2010}-]",
            1 => "(hoà|hòa|thuý|qúy|ß|ſ|ı|İ|ð|Ɖ|ẞ)",
        ];
        prop_oneof![4 => proptest::collection::vec(part, 0..20).prop_map(|p| p.concat()), 1 => ".{0,20}"]
    }

    proptest! {
        #[test]
        fn any_name_parsed_again_is_itself(text in near_names()) {
            if let Ok(name) = PersonName::parse(&text) {
                prop_assert_eq!(PersonName::parse(name.as_str()).unwrap().0, name.0);
            }
        }

        #[test]
        fn any_name_matches_its_other_forms(text in near_names()) {
            if let Ok(name) = PersonName::parse(&text) {
                let matching = name.matching_form();
                prop_assert_eq!(PersonName(matching.clone()).matching_form(), matching.as_str());
                prop_assert_eq!(PersonName(name.card_form()).matching_form(), matching.as_str());
                prop_assert!(name.ascii_form().is_ascii());
                prop_assert_eq!(PersonName(name.ascii_form()).ascii_form(), name.ascii_form());
            }
        }

        #[test]
        fn both_tone_spellings_match_in_any_syllable(
            onset in "(|b|ch|đ|gi|h|kh|l|ng|nh|qu|t|th|tr|x)",
            vowels in prop::sample::select(vec!["oa", "oe", "uy"]),
            tone in prop::sample::select(vec!['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}']),
        ) {
            let old = vowels.chars().flat_map(|c| [Some(c), (c != 'a' && c != 'e' && c != 'y').then_some(tone)]);
            let old: String = old.flatten().collect();
            let (old, new) = (name(&format!("{onset}{old}")), name(&format!("{onset}{vowels}{tone}")));
            prop_assert_ne!(&old, &new);
            prop_assert_eq!(old.matching_form(), new.matching_form());
        }
    }
}
