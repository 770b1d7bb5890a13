//! Cards that are not what they say: each ends in its own code.

use std::collections::BTreeMap;

use eid_sandbox::card::Verdict;

use crate::support::{can, checks, config, lay, make, play, short};

/// The code that the reading ends in, or else those of the checks that fail.
fn codes(quirks: &str, short_lengths: bool) -> Vec<(&'static str, u16)> {
    let made = make(quirks);
    let config = if short_lengths { short(can()) } else { config(can()) };
    match play(config, &mut lay(&made)).1 {
        Err(error) => vec![("reading", error.code().number())],
        Ok(evidence) => checks(&evidence)
            .into_iter()
            .filter_map(|check| match check.verdict {
                Verdict::Failed { code } => Some((check.check, code)),
                _ => None,
            })
            .collect(),
    }
}

#[test]
fn every_forgery_ends_in_its_own_code() {
    let table = eid_model::Code::all().map(|code| (code.number(), code.info().name)).collect::<BTreeMap<_, _>>();
    let cases: [(&str, &[(&str, &str)]); 11] = [
        ("{}", &[]),
        (r#"{"cloned": "other_keys"}"#, &[("reading", "CHIP_AUTHENTICATION_FAILED")]),
        (r#"{"cloned": "refuses_chip_authentication"}"#, &[("reading", "CHIP_AUTHENTICATION_FAILED")]),
        (r#"{"cloned": "hides_keys"}"#, &[("DG14", "CHIP_FILE_REFUSED"), ("DG15", "CHIP_FILE_REFUSED")]),
        (r#"{"wrong_csca": true}"#, &[("signature", "CHIP_CSCA_UNKNOWN")]),
        (r#"{"expired_dsc": true}"#, &[("signature", "CHIP_SIGNER_EXPIRED")]),
        (r#"{"replayed_aa": true}"#, &[("reading", "CHIP_ACTIVE_AUTHENTICATION_FAILED")]),
        (r#"{"wrong_hash": 1}"#, &[("DG1", "CHIP_FILE_CHANGED")]),
        (r#"{"wrong_hash": 2}"#, &[("DG2", "CHIP_FILE_CHANGED")]),
        (r#"{"wrong_hash": 13}"#, &[("DG13", "CHIP_FILE_CHANGED")]),
        (r#"{"wrong_hash": 14}"#, &[("DG14", "CHIP_FILE_CHANGED")]),
    ];
    for (quirks, expected) in cases {
        for short_lengths in [false, true] {
            let found = codes(quirks, short_lengths);
            let named = found.iter().map(|(check, code)| (*check, table[code])).collect::<Vec<_>>();
            assert_eq!(named, expected, "{quirks}");
        }
    }
}
