//! The judgement that phone and platform share: the platform comes to the same end with the files alone.

use eid_chip::{
    ChipError,
    cross_check::{Declared, Field},
    judge::{Judgement, Objection, Presented, Subject, Verdict},
    reader::{ChipEvidence, FileId},
};
use eid_crypto::SystemRandom;
use eid_model::{Date, PartialDate, PersonName, Pid};
use eid_sandbox::card::{CardFile, personalise};

use crate::support::{CARD, CHALLENGE, NOW, can, config, lay, make, play, trust};

fn today() -> Date {
    NOW.date_in_vietnam().unwrap()
}

fn declared() -> Declared {
    Declared { pid: Pid::parse("000200000001").unwrap(), name: None, birth: None, sex: None }
}

fn evidence(quirks: &str) -> ChipEvidence {
    play(config(can()), &mut lay(&make(quirks))).1.unwrap()
}

fn sent(evidence: &ChipEvidence) -> Presented<'_> {
    let files = evidence.files.iter().map(|(id, bytes)| (*id, bytes.as_slice())).collect();
    Presented::sent(files, CHALLENGE, evidence.active_proof.as_ref().map_or(&[], |proof| &proof.signature))
}

fn judge(card: &Presented<'_>) -> Judgement {
    card.judge(&trust(), NOW)
}

#[test]
fn genuine_card_is_accepted_by_both_sides_and_says_whose_it_is() {
    let evidence = evidence("{}");
    for card in [Presented::read(&evidence), sent(&evidence)] {
        assert_eq!(judge(&card).accept(), Ok(()));
        let holder = card.identify(&declared(), today()).unwrap();
        assert_eq!(holder.data.name().unwrap().as_str(), "Nguyễn Văn A");
        assert_eq!(holder.expires(today()), Some(Date::new(2040, 1, 2).unwrap()));
        assert!(holder.face.bytes.len() > 10_000);
    }
    let seen = |card: &Presented<'_>| judge(card).checks.first().copied().unwrap();
    assert_eq!(seen(&Presented::read(&evidence)).verdict, Verdict::Passed);
    assert_eq!(seen(&sent(&evidence)).verdict, Verdict::NotPossible, "only the reader saw it");
}

#[test]
fn forged_card_is_refused_by_the_files_alone() {
    for (quirks, expected) in [
        (r#"{"wrong_csca": true}"#, ChipError::CscaUnknown.code()),
        (r#"{"expired_dsc": true}"#, ChipError::SignerExpired.code()),
        (r#"{"wrong_hash": 13}"#, eid_model::Code::CHIP_FILE_CHANGED),
        (r#"{"wrong_hash": 15}"#, eid_model::Code::CHIP_FILE_CHANGED),
        (r#"{"cloned": "hides_keys"}"#, ChipError::FileRefused.code()),
    ] {
        let evidence = evidence(quirks);
        for card in [Presented::read(&evidence), sent(&evidence)] {
            assert_eq!(judge(&card).accept().map_err(|error| error.code()), Err(expected), "{quirks}");
        }
    }
}

#[test]
fn answer_to_another_challenge_or_a_missing_file_is_refused() {
    let evidence = evidence("{}");
    let files = |left_out: &[FileId]| {
        let files = evidence.files.iter().filter(|(id, _)| !left_out.contains(id));
        files.map(|(id, bytes)| (*id, bytes.as_slice())).collect::<Vec<_>>()
    };
    let signature = &evidence.active_proof.as_ref().unwrap().signature;
    let replayed = Presented::sent(files(&[]), *b"another.", signature);
    assert_eq!(judge(&replayed).accept(), Err(ChipError::ActiveAuthenticationFailed));
    for id in FileId::IDENTITY {
        let card = Presented::sent(files(&[id]), CHALLENGE, signature);
        assert_eq!(judge(&card).accept(), Err(ChipError::FileRefused), "{id:?}");
    }
    let nothing = Presented::sent(Vec::new(), CHALLENGE, signature);
    assert_eq!(judge(&nothing).accept(), Err(ChipError::FileRefused));
    let failed = |check: &&eid_chip::judge::Check| check.subject == Subject::ActiveAuthentication;
    assert_eq!(judge(&replayed).checks.iter().filter(failed).count(), 1);
}

#[test]
fn card_of_another_person_or_past_its_day_is_objected_to() {
    let evidence = evidence("{}");
    let card = sent(&evidence);
    let other = Declared { pid: Pid::parse("000200000002").unwrap(), ..declared() };
    assert_eq!(card.identify(&other, today()).err(), Some(Objection::OtherPerson));
    let last = Date::new(2040, 1, 2).unwrap();
    assert!(card.identify(&declared(), last).is_ok(), "good on its last day");
    let after = Date::new(2040, 1, 3).unwrap();
    assert_eq!(card.identify(&declared(), after).err(), Some(Objection::Expired));
    for (asked, field) in [
        (Declared { name: PersonName::parse("NGUYỄN VĂN B").ok(), ..declared() }, Field::Name),
        (Declared { birth: PartialDate::parse("03/01/2000").ok(), ..declared() }, Field::BirthDate),
    ] {
        let objection = card.identify(&asked, today()).err();
        assert!(matches!(objection, Some(Objection::Declared(found)) if found.field == field), "{objection:?}");
    }
    let holder = CARD.replace("000200000001", "000200000002");
    let other = personalise(&CardFile::parse(&holder).unwrap(), NOW, &SystemRandom::new()).unwrap();
    let files = evidence.files.iter().map(|(id, bytes)| match id {
        FileId::Dg13 => (*id, other.file(id.id()).unwrap()),
        _ => (*id, bytes.as_slice()),
    });
    let mixed = Presented::sent(files.collect(), CHALLENGE, &[]);
    assert!(matches!(mixed.identify(&declared(), today()), Err(Objection::Contradiction(_))));
}
