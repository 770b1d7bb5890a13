//! Making cards and reading them.

use std::sync::Arc;

use eid_chip::{
    Access, Can, ChipError, MrzKey,
    pa::TrustList,
    reader::{ChipEvidence, ChipProfile, Config, FileId, Phase, Reader, Step},
};
use eid_crypto::SystemRandom;
use eid_model::UnixTime;
use eid_sandbox::card::{Card, CardFile, Check, MadeCard, Quirks, SANDBOX_CSCA, Verdict, judge, personalise};

pub(crate) const CARD: &str = include_str!("../../cards/nguyen-van-a.json");
/// 22 November 2026.
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_795_348_800);
pub(crate) const CHALLENGE: [u8; 8] = *b"platform";

pub(crate) fn can() -> Access {
    Access::Can(Can::parse("000001").unwrap())
}

pub(crate) fn mrz() -> Access {
    Access::Mrz(MrzKey::new("200000001", "000102", "400102").unwrap())
}

/// The card's description with these quirks, as JSON.
pub(crate) fn described(quirks: &str) -> CardFile {
    CardFile::parse(&CARD.replace("\"quirks\": {}", &format!("\"quirks\": {quirks}"))).unwrap()
}

pub(crate) fn make(quirks: &str) -> MadeCard {
    personalise(&described(quirks), NOW, &SystemRandom::new()).unwrap()
}

/// The same card with other manners.
pub(crate) fn again(made: &MadeCard, manners: impl FnOnce(&mut Quirks)) -> MadeCard {
    made.with_manners(manners)
}

pub(crate) fn lay(made: &MadeCard) -> Card {
    Card::new(made.clone(), Arc::new(SystemRandom::new()))
}

pub(crate) fn config(access: Access) -> Config {
    Config {
        access,
        challenge: CHALLENGE,
        files: FileId::IDENTITY.to_vec(),
        max_command: 65_000,
        max_response: 65_000,
        profile: ChipProfile::default(),
    }
}

/// A phone without extended lengths.
pub(crate) fn short(access: Access) -> Config {
    Config { max_command: 261, max_response: 258, ..config(access) }
}

/// Reads a card, following it through its losses.
pub(crate) fn play(config: Config, card: &mut Card) -> (Reader, Result<ChipEvidence, ChipError>) {
    let (most_sent, most_received) = (config.max_command, config.max_response);
    let mut reader = Reader::new(config, Arc::new(SystemRandom::new()));
    let outcome = loop {
        match reader.next() {
            Ok(Step::Send { apdu, .. }) => {
                assert!(apdu.len() <= most_sent);
                match card.transceive(&apdu) {
                    Some(answer) => {
                        assert!(answer.len() <= most_received, "{} bytes", answer.len());
                        // An error stays and comes again from `next`.
                        reader.feed(&answer, 0).ok();
                    }
                    None => reader.link_lost(),
                }
            }
            Ok(Step::Wait { .. }) => {
                card.reset();
                reader.link_back();
            }
            Ok(Step::Progress(progress)) => assert!(progress.done <= progress.expected, "{progress:?}"),
            Ok(Step::Done(evidence)) => break Ok(*evidence),
            Err(error) => break Err(error),
        }
        assert!(card.exchanges() < 2_000, "no end");
    };
    (reader, outcome)
}

pub(crate) fn trust() -> TrustList {
    let mut trust = TrustList::default();
    trust.pin(SANDBOX_CSCA).unwrap();
    trust
}

pub(crate) fn checks(evidence: &ChipEvidence) -> Vec<Check> {
    judge(evidence, &trust(), NOW)
}

/// Checks that every file was read right, no byte of it twice, and that everything was proven.
pub(crate) fn assert_whole(reader: &Reader, evidence: &ChipEvidence, made: &MadeCard) {
    for id in FileId::IDENTITY {
        assert_eq!(evidence.file(id), made.file(id.id()), "{id:?}");
        let mut next = 0;
        for entry in reader.trace().iter().filter(|entry| entry.phase == Phase::File(id)) {
            if let Some((offset, count)) = entry.content {
                assert_eq!(offset, next, "{id:?}: a byte twice or left out");
                next += count;
            }
        }
        assert_eq!(next, made.file(id.id()).unwrap().len(), "{id:?}");
    }
    for check in checks(evidence) {
        let unconfirmed = check.check == "card access confirmed" && evidence.card_access.is_none();
        assert!(check.verdict == Verdict::Passed || unconfirmed, "{check:?}");
    }
    assert_eq!(evidence.active_proof.as_ref().unwrap().challenge, CHALLENGE);
}

/// Reads a card that must be read whole.
pub(crate) fn read(config: Config, made: &MadeCard) -> Reader {
    let (reader, outcome) = play(config, &mut lay(made));
    let evidence = outcome.unwrap_or_else(|error| panic!("{error:?} {:?}\n{:?}", made.quirks(), reader.trace()));
    assert_whole(&reader, &evidence, made);
    reader
}
