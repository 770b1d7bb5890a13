mod chip;

use std::sync::Arc;

use chip::{Beyond, Quirks, TestChip, TooLong};
use eid_crypto::SystemRandom;

use super::*;
use crate::{
    Cipher, Domain, Mapping, PaceInfo,
    agreement::Private,
    ca::Method,
    curve::Curve,
    kdf::{Access, Can, MrzKey},
    tlv,
};

const FACE: usize = 15_000;

fn can(text: &str) -> Access {
    Access::Can(Can::parse(text).unwrap())
}

fn mrz() -> Access {
    Access::Mrz(MrzKey::new("200000001", "000102", "250102").unwrap())
}

fn config(access: Access) -> Config {
    Config {
        access,
        challenge: *b"platform",
        files: FileId::IDENTITY.to_vec(),
        max_command: 65_000,
        max_response: 65_000,
        profile: ChipProfile::default(),
    }
}

fn short(access: Access) -> Config {
    Config { max_command: 261, max_response: 258, ..config(access) }
}

fn card(quirks: Quirks) -> TestChip {
    TestChip::new(can("000001"), FACE, quirks)
}

/// Where the link breaks: at which exchange, and whether the chip still got the command.
type Loss = (usize, bool);

/// Plays a reading through. Gives the reader and the outcome.
fn play(config: Config, chip: &mut TestChip, losses: &[Loss]) -> (Reader, Result<ChipEvidence, ChipError>) {
    let mut reader = Reader::new(config, Arc::new(SystemRandom::new()));
    let mut sent = 0;
    let outcome = loop {
        match reader.next() {
            Ok(Step::Send { apdu, timeout_ms }) => {
                assert!(timeout_ms >= 5_000);
                assert!(apdu.len() <= reader.config.max_command);
                let loss = losses.iter().find(|(at, _)| *at == sent);
                sent += 1;
                let answer = match loss {
                    Some((_, false)) => None,
                    _ => Some(chip.transceive(&apdu)),
                };
                match answer.filter(|_| loss.is_none()) {
                    Some(answer) => {
                        assert!(answer.len() <= reader.config.max_response, "{} bytes", answer.len());
                        let _ = reader.feed(&answer, 7);
                    }
                    None => reader.link_lost(),
                }
            }
            Ok(Step::Wait { .. }) => {
                chip.reset();
                reader.link_back();
            }
            Ok(Step::Progress(progress)) => assert!(progress.done <= progress.expected, "{progress:?}"),
            Ok(Step::Done(evidence)) => break Ok(*evidence),
            Err(error) => break Err(error),
        }
        assert!(sent < 2000, "no end");
    };
    (reader, outcome)
}

/// Checks that everything was read right, and no byte of a file twice.
fn assert_whole(reader: &Reader, evidence: &ChipEvidence, chip: &TestChip) {
    for id in FileId::IDENTITY {
        assert_eq!(evidence.file(id), chip.files.get(&id.id()).map(Vec::as_slice), "{id:?}");
        let mut next = 0;
        for entry in reader.trace().iter().filter(|entry| entry.phase == Phase::File(id)) {
            if let Some((offset, count)) = entry.content {
                assert_eq!(offset, next, "{id:?}: a byte twice or left out");
                next += count;
            }
        }
        assert_eq!(next, chip.files[&id.id()].len(), "{id:?}");
    }
    assert!(evidence.chip_proof.is_some());
    assert_eq!(
        evidence.active_proof.as_ref().map(|proof| (proof.challenge, proof.hash)),
        Some((*b"platform", crate::Hash::Sha256))
    );
}

fn read(config: Config, chip: &mut TestChip, losses: &[Loss]) -> Reader {
    let (reader, outcome) = play(config, chip, losses);
    let evidence =
        outcome.unwrap_or_else(|error| panic!("{error:?} {:?} {losses:?}\n{:?}", chip.quirks, reader.trace()));
    assert_whole(&reader, &evidence, chip);
    reader
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are part of what is shown")]
fn identity_card_is_read_within_its_budget() {
    let mut chip = card(Quirks::default());
    let reader = read(config(can("000001")), &mut chip, &[]);
    let count = reader.trace().len();
    assert!(count <= 30, "{count} with chunks of 2 KB");

    let payload = chip.files.iter().filter(|(id, _)| **id != 0x011E).map(|(_, file)| file.len()).sum::<usize>();
    let received = reader.trace().iter().map(|entry| entry.received).sum::<usize>();
    assert!(received * 100 <= payload * 108, "{received} for {payload}");
    let bytes = received + reader.trace().iter().map(|entry| entry.sent).sum::<usize>();
    assert!(bytes * 100 <= payload * 110, "{bytes} for {payload}");

    let mut chip = card(Quirks { short_only: true, ..Quirks::default() });
    let reader = read(short(can("000001")), &mut chip, &[]);
    let short = reader.trace().len();
    assert!(short <= 105, "{short} with short lengths");
    println!("exchanges: {count} with 2 KB, {short} short; received {received}, with commands {bytes}, for {payload}");
}

#[test]
fn known_profile_saves_exchanges() {
    let mut chip = card(Quirks { no_master_file: true, card_access: false, limits: Some(2048), ..Quirks::default() });
    let first = read(config(can("000001")), &mut chip, &[]);
    let profile = first.profile().clone();
    assert!(profile.built_in_card_access);
    let again = read(Config { profile, ..config(can("000001")) }, &mut chip, &[]);
    assert!(again.trace().len() + 4 <= first.trace().len());
    // Without a master file the application is selected, and EF.ATR/INFO out of reach.
    assert_eq!(again.profile().max_response, None);
}

#[test]
fn profile_of_another_phone_does_no_harm() {
    let profile = ChipProfile {
        keep_application: true,
        built_in_card_access: true,
        select_files: true,
        short_only: true,
        exact: true,
        chunk: Some(111),
        ..ChipProfile::default()
    };
    let reader = read(Config { profile, ..config(can("000001")) }, &mut card(Quirks::default()), &[]);
    assert!(!reader.profile().keep_application);
}

#[test]
fn chip_limits_are_kept() {
    let mut chip = card(Quirks { limits: Some(1000), ..Quirks::default() });
    let reader = read(config(can("000001")), &mut chip, &[]);
    assert_eq!(reader.profile().max_response, Some(1000));
    assert!(reader.trace().iter().all(|entry| entry.received <= 1000));
    assert!(reader.trace().iter().any(|entry| entry.received > 900));
}

#[test]
fn every_quirk_is_read() {
    let quirks = Quirks::default;
    let cases = [
        Quirks { no_master_file: true, ..quirks() },
        Quirks { no_master_file: true, card_access: false, ..quirks() },
        Quirks { no_master_file: true, card_access: false, select_closes: true, ..quirks() },
        Quirks { needs_master_file: Some(false), ..quirks() },
        Quirks { needs_master_file: Some(true), ..quirks() },
        Quirks { beyond: Beyond::Warning, ..quirks() },
        Quirks { beyond: Beyond::ExactLength, ..quirks() },
        Quirks { beyond: Beyond::Refuse, ..quirks() },
        Quirks { beyond: Beyond::Close, ..quirks() },
        Quirks { most: 1500, ..quirks() },
        Quirks { most: 231, ..quirks() },
        Quirks { most: 200, beyond: Beyond::Refuse, ..quirks() },
        Quirks { most: 600, too_long: TooLong::Close(0x6700), ..quirks() },
        Quirks { most: 300, too_long: TooLong::Close(0x6988), beyond: Beyond::Close, ..quirks() },
        Quirks { most: 0xE7, too_long: TooLong::CloseExact(0xE7), ..quirks() },
        Quirks { short_names: false, ..quirks() },
        Quirks { short_only: true, ..quirks() },
        Quirks { refuse_authentication_template: true, ..quirks() },
    ];
    for quirks in cases {
        let inferred = quirks.refuse_authentication_template;
        for short_reader in [false, true] {
            let mut chip = card(quirks.clone());
            if inferred {
                // Without a ChipAuthenticationInfo, as in French documents.
                let dg14 = chip.files.get_mut(&0x010E).unwrap();
                let at = dg14.windows(2).position(|pair| pair == [0x30, 0x0F]).unwrap();
                dg14[at + 2 + 2 + 6] = 0x77;
            }
            let config = if short_reader { short(can("000001")) } else { config(can("000001")) };
            let (reader, outcome) = play(config, &mut chip, &[]);
            let evidence = outcome.unwrap_or_else(|error| panic!("{error:?} {quirks:?}\n{:?}", reader.trace()));
            assert_whole(&reader, &evidence, &chip);
            let method = if inferred { Method::KeyAgreementTemplate } else { Method::AuthenticationTemplate };
            assert_eq!(evidence.chip_proof, Some(ChipProof::ChipAuthentication(method)));
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are part of what is shown")]
fn link_lost_anywhere_is_survived_without_reading_a_byte_twice() {
    for config in [config as fn(Access) -> Config, short] {
        let count = read(config(can("000001")), &mut card(Quirks::default()), &[]).trace().len();
        for at in 0..count {
            for arrived in [false, true] {
                read(config(can("000001")), &mut card(Quirks::default()), &[(at, arrived)]);
            }
        }
        println!("{} losses", count * 2);
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are part of what is shown")]
fn link_lost_twice_anywhere_is_survived() {
    let count = read(config(can("000001")), &mut card(Quirks::default()), &[]).trace().len();
    let mut runs = 0;
    for first in 0..count {
        // The second loss may come during the way back in.
        for second in first + 1..count + 10 {
            read(
                config(can("000001")),
                &mut card(Quirks::default()),
                &[(first, runs % 2 == 0), (second, runs % 3 == 0)],
            );
            runs += 1;
        }
    }
    println!("{runs} pairs of losses");
}

#[test]
fn access_by_mrz_goes_by_pace_and_without_pace_by_bac() {
    let mut chip = TestChip::new(mrz(), FACE, Quirks::default());
    let (reader, outcome) = play(config(mrz()), &mut chip, &[]);
    let evidence = outcome.unwrap();
    assert_whole(&reader, &evidence, &chip);
    assert!(matches!(evidence.opened, Opened::Pace(_)));
    assert_eq!(evidence.card_access_confirmed, Some(true));
    for quirks in [
        Quirks { pace: false, ..Quirks::default() },
        Quirks { pace: false, card_access: false, ..Quirks::default() },
        Quirks { pace: false, card_access: false, no_master_file: true, ..Quirks::default() },
    ] {
        for at in 0..45 {
            let mut chip = TestChip::new(mrz(), 3_000, quirks.clone());
            let (reader, outcome) = play(config(mrz()), &mut chip, &[(at, at % 2 == 0)]);
            let evidence = outcome.unwrap();
            assert_whole(&reader, &evidence, &chip);
            assert_eq!(evidence.opened, Opened::Bac);
        }
    }
}

#[test]
fn wrong_access_data_is_named() {
    let outcome = |config: Config, mut chip: TestChip| play(config, &mut chip, &[]).1.err();
    assert_eq!(outcome(config(can("000002")), card(Quirks::default())), Some(ChipError::WrongCan));
    let other = || Access::Mrz(MrzKey::new("200000002", "000102", "250102").unwrap());
    assert_eq!(outcome(config(other()), TestChip::new(mrz(), 100, Quirks::default())), Some(ChipError::WrongMrz));
    let bac = Quirks { pace: false, ..Quirks::default() };
    assert_eq!(outcome(config(other()), TestChip::new(mrz(), 100, bac.clone())), Some(ChipError::WrongMrz));
    assert_eq!(outcome(config(can("000001")), card(bac)), Some(ChipError::AccessRefused));
    let nothing = Quirks { pace: false, bac: false, ..Quirks::default() };
    assert_eq!(outcome(config(mrz()), TestChip::new(mrz(), 100, nothing)), Some(ChipError::AccessRefused));
}

#[test]
fn chips_that_are_not_genuine_are_named() {
    let outcome = |quirks: Quirks| play(config(can("000001")), &mut card(quirks), &[]).1.err();
    assert_eq!(outcome(Quirks { clone: true, ..Quirks::default() }), Some(ChipError::ChipAuthenticationFailed));
    let refusing = Quirks { refuse_authentication_template: true, ..Quirks::default() };
    assert_eq!(outcome(refusing), Some(ChipError::ChipAuthenticationFailed));
    assert_eq!(
        outcome(Quirks { wrong_signature: true, ..Quirks::default() }),
        Some(ChipError::ActiveAuthenticationFailed)
    );
}

/// Loses the link at the exchange and puts another card there.
fn exchanged(config: Config, mut chip: TestChip, mut other: TestChip, at: usize) -> Option<ChipError> {
    let mut reader = Reader::new(config, Arc::new(SystemRandom::new()));
    let mut sent = 0;
    loop {
        match reader.next() {
            Ok(Step::Send { .. }) if sent == at => {
                sent += 1;
                core::mem::swap(&mut chip, &mut other);
                reader.link_lost();
            }
            Ok(Step::Send { apdu, .. }) => {
                sent += 1;
                let _ = reader.feed(&chip.transceive(&apdu), 0);
            }
            Ok(Step::Wait { .. }) => {
                chip.reset();
                reader.link_back();
            }
            Ok(Step::Progress(_)) => {}
            Ok(Step::Done(_)) => return None,
            Err(error) => return Some(error),
        }
    }
}

#[test]
fn another_chip_after_a_lost_link_is_noticed() {
    // During the face: long after Chip Authentication.
    let outcome = exchanged(config(can("000001")), card(Quirks::default()), card(Quirks::default()), 22);
    assert_eq!(outcome, Some(ChipError::ChipChanged), "same number, another key");
    let other = TestChip::new(can("000002"), FACE, Quirks::default());
    assert_eq!(exchanged(config(can("000001")), card(Quirks::default()), other, 22), Some(ChipError::ChipChanged));

    // Without Chip Authentication the other's Active Authentication key tells; without either the files will.
    let plain = |quirks: Quirks| {
        let mut chip = card(quirks);
        chip.files.remove(&0x010E);
        chip
    };
    let forged = plain(Quirks { wrong_signature: true, ..Quirks::default() });
    assert_eq!(exchanged(config(can("000001")), plain(Quirks::default()), forged, 20), Some(ChipError::ChipChanged));
}

#[test]
fn missing_files_are_recorded_and_needed_ones_missed() {
    for missing_closes in [false, true] {
        let quirks = Quirks { missing_closes, ..Quirks::default() };
        let mut chip = card(quirks.clone());
        chip.files.remove(&0x010D);
        chip.files.remove(&0x010F);
        let (_, outcome) = play(config(can("000001")), &mut chip, &[]);
        let evidence = outcome.unwrap();
        assert_eq!(evidence.refused, [(FileId::Dg13, 0x6A82), (FileId::Dg15, 0x6A82)]);
        assert!(evidence.active_proof.is_none() && evidence.file(FileId::Dg2).is_some());
        let mut chip = card(quirks);
        chip.files.remove(&0x011D);
        let error = play(config(can("000001")), &mut chip, &[]).1.err();
        assert!(matches!(error, Some(ChipError::FileRefused | ChipError::ChannelBroken)), "{error:?}");
    }
}

#[test]
fn face_beyond_the_reach_of_short_offsets_is_read() {
    for config in [config as fn(Access) -> Config, short] {
        for losses in [vec![], vec![(40, true)], vec![(215, false)]] {
            let mut chip = TestChip::new(can("000001"), 50_000, Quirks::default());
            read(config(can("000001")), &mut chip, &losses);
            assert!(chip.commands.iter().any(|command| command.ins == 0xB1));
        }
    }
}

#[test]
fn hostile_files_are_bounded() {
    let outcome = |id: u16, bytes: &[u8]| {
        let mut chip = card(Quirks::default());
        chip.files.insert(id, bytes.to_vec());
        play(config(can("000001")), &mut chip, &[]).1.err()
    };
    assert_eq!(outcome(0x0102, &[0x75, 0x83, 0xFF, 0xFF, 0xFF, 0, 0]), Some(ChipError::FileTooLarge));
    assert_eq!(outcome(0x0101, &[0x62, 2, 0, 0]), Some(ChipError::Malformed), "another file's tag");
    assert_eq!(outcome(0x0101, &[0x61, 0x80, 0, 0]), Some(ChipError::Malformed), "indefinite length");
    assert_eq!(outcome(0x0101, &[0x61]), Some(ChipError::Malformed));
    // A file that is shorter than it says.
    assert_eq!(outcome(0x0102, &[0x75, 0x82, 0x40, 0, 1, 2, 3]), Some(ChipError::FileRefused));
    assert_eq!(outcome(0x010E, &[0x6E, 2, 5, 0]), Some(ChipError::Malformed), "DG14 without infos");
}

#[test]
fn chip_authentication_mapping_proves_the_chip() {
    let oid = |hex: &str| tlv::encode(tlv::OID, &[&crate::curve::unhex(hex)]);
    for (genuine, refused) in [(true, false), (false, false), (true, true)] {
        let mut chip = card(Quirks::default());
        let infos = [&oid("04007f00070202040602"), [2, 1, 2, 2, 1, 13].as_slice()].concat();
        chip.card_access = tlv::encode(tlv::SET, &[&tlv::encode(tlv::SEQUENCE, &[&infos])]);
        let domain = Domain::Ec(Curve::Bp256);
        chip.pace_info = PaceInfo { mapping: Mapping::ChipAuthentication, cipher: Cipher::Aes128, domain };
        let dg14 = chip.files[&0x010E].clone();
        let content = tlv::encode(0xA0, &[&tlv::encode(tlv::OCTET_STRING, &[&dg14[4..]])]);
        let content = tlv::encode(tlv::SEQUENCE, &[&oid("04007f00070302 01".replace(' ', "").as_str()), &content]);
        let signed = tlv::encode(tlv::SEQUENCE, &[&[2, 1, 3], &[0x31, 0], &content]);
        let message = tlv::encode(tlv::SEQUENCE, &[&oid("2a864886f70d010702"), &tlv::encode(0xA0, &[&signed])]);
        chip.card_security = (!refused).then_some(message);
        if !genuine {
            chip.static_key = Private::Ec(crate::curve::Scalar::make(Curve::Bp256, &SystemRandom::new()).unwrap());
        }
        let (_, outcome) =
            play(Config { files: vec![FileId::Sod, FileId::Dg1], ..config(can("000001")) }, &mut chip, &[]);
        match (genuine, refused) {
            (true, false) => {
                let evidence = outcome.unwrap();
                assert_eq!(evidence.chip_proof, Some(ChipProof::Mapping));
                assert!(evidence.file(FileId::CardSecurity).is_some());
            }
            (true, true) => assert_eq!(outcome.unwrap().chip_proof, None),
            (false, _) => assert_eq!(outcome.err(), Some(ChipError::ChipAuthenticationFailed)),
        }
    }
}

#[test]
fn access_alone_reads_one_file() {
    let mut chip = card(Quirks::default());
    let (reader, outcome) = play(Config { files: vec![FileId::Com], ..config(can("000001")) }, &mut chip, &[]);
    assert_eq!(outcome.unwrap().file(FileId::Com), Some(chip.files[&0x011E].as_slice()));
    assert!(reader.trace().len() <= 10);
}

#[test]
fn proof_is_complete_even_when_no_file_follows() {
    let mut chip = card(Quirks { clone: true, ..Quirks::default() });
    let only = || Config { files: vec![FileId::Sod, FileId::Dg14], ..config(can("000001")) };
    assert_eq!(play(only(), &mut chip, &[]).1.err(), Some(ChipError::ChipAuthenticationFailed));
    let (_, outcome) = play(only(), &mut card(Quirks::default()), &[]);
    assert_eq!(outcome.unwrap().chip_proof, Some(ChipProof::ChipAuthentication(Method::AuthenticationTemplate)));
}

#[test]
fn changed_answers_end_in_errors_and_stay_ended() {
    let count = read(config(can("000001")), &mut card(Quirks::default()), &[]).trace().len();
    for at in 0..count {
        for mode in 0..3 {
            let mut chip = card(Quirks::default());
            let mut reader = Reader::new(config(can("000001")), Arc::new(SystemRandom::new()));
            let mut sent = 0;
            loop {
                match reader.next() {
                    Ok(Step::Send { apdu, .. }) => {
                        let mut answer = chip.transceive(&apdu);
                        if sent == at {
                            let middle = answer.len() / 2;
                            match mode {
                                0 => answer[middle] ^= 0x10,
                                1 => answer.truncate(1),
                                _ => answer = vec![0x90, 0x00],
                            }
                        }
                        sent += 1;
                        let _ = reader.feed(&answer, 0);
                    }
                    Ok(Step::Wait { .. }) => {
                        chip.reset();
                        reader.link_back();
                    }
                    Ok(Step::Progress(_)) => {}
                    Ok(Step::Done(_)) => break,
                    Err(error) => {
                        assert_eq!(reader.next().err(), Some(error));
                        assert_eq!(reader.feed(&[0x90, 0], 0).err(), Some(error));
                        break;
                    }
                }
                assert!(sent < 500);
            }
        }
    }
}

#[test]
fn trace_and_debug_tell_nothing_about_the_holder() {
    let mut chip = card(Quirks::default());
    let (reader, outcome) = play(config(can("000001")), &mut chip, &[]);
    let text = format!("{reader:?} {:?} {:?}", reader.trace(), outcome.unwrap());
    assert!(!text.contains("000001") && !text.contains("platform"));
    assert_eq!(reader.trace().iter().map(|entry| entry.elapsed_ms).sum::<u32>() as usize, 7 * reader.trace().len());
}
