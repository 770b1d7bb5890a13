use proptest::prelude::*;

use super::*;
use crate::{curve::unhex, vectors};

fn keys(cipher: Cipher, encryption: &str, mac: &str) -> SessionKeys {
    let key = |hex| eid_crypto::SecretBytes::new(unhex(hex));
    SessionKeys { cipher, encryption: key(encryption), mac: key(mac) }
}

fn pair(cipher: Cipher) -> (Channel, Channel) {
    let derive = || Channel::new(SessionKeys::derive(cipher, b"shared"));
    (derive(), derive())
}

const ALL: [Cipher; 4] = [Cipher::Des3, Cipher::Aes128, Cipher::Aes192, Cipher::Aes256];

#[test]
fn worked_examples_of_the_standard_match_on_both_sides() -> Result<(), ChipError> {
    let bac = vectors::icao("BAC-D");
    let text = |key: &str| bac[key].as_str().unwrap();
    let channel = || Channel::with_counter(keys(Cipher::Des3, text("ks_enc"), text("ks_mac")), &unhex(text("ssc")));
    let (mut terminal, mut chip) = (channel()?, channel()?);
    for step in bac["secure_messaging"].as_array().unwrap() {
        let hex = |key: &str| unhex(step[key].as_str().unwrap());
        let plain = Command::parse(&hex("plain"))?;
        assert_eq!(terminal.wrap_command(&plain)?, hex("protected_command"));
        assert_eq!(chip.unwrap_command(&hex("protected_command"))?, plain);
        let answer = Response::parse(&hex("plain_response"))?;
        assert_eq!(chip.wrap_response(plain.ins, &answer)?, hex("protected_response"));
        assert_eq!(terminal.unwrap_response(plain.ins, &Response::parse(&hex("protected_response"))?)?, answer);
    }
    Ok(())
}

#[test]
fn any_changed_byte_of_an_answer_is_refused() -> Result<(), ChipError> {
    for cipher in ALL {
        let (_, mut chip) = pair(cipher);
        chip.count();
        let good = chip.wrap_response(0xB0, &Response::ok(vec![5; 40]))?;
        for at in 0..good.len() - 2 {
            for bit in [1, 0x80] {
                let (mut terminal, _) = pair(cipher);
                terminal.count();
                let mut bad = good.clone();
                bad[at] ^= bit;
                let outcome = terminal.unwrap_response(0xB0, &Response::parse(&bad)?);
                assert!(matches!(outcome, Err(ChipError::ChannelBroken | ChipError::Malformed)), "{cipher:?} {at}");
            }
        }
        // The status word outside is not covered; the one inside counts.
        let (mut terminal, _) = pair(cipher);
        terminal.count();
        let mut other = Response::parse(&good)?;
        other.status = 0x6A82;
        assert_eq!(terminal.unwrap_response(0xB0, &other)?, Response::ok(vec![5; 40]));
    }
    Ok(())
}

#[test]
fn replayed_reordered_and_cut_answers_are_refused() -> Result<(), ChipError> {
    let (mut terminal, mut chip) = pair(Cipher::Aes128);
    let read = Command::new(0xB0, 0, 0).le(4);
    chip.unwrap_command(&terminal.wrap_command(&read)?)?;
    let first = Response::parse(&chip.wrap_response(0xB0, &Response::ok(vec![1]))?)?;
    terminal.unwrap_response(0xB0, &first)?;
    let second = terminal.wrap_command(&read)?;
    assert_eq!(terminal.unwrap_response(0xB0, &first).err(), Some(ChipError::ChannelBroken), "replay");
    chip.unwrap_command(&second)?;
    assert_eq!(chip.unwrap_command(&second).err(), Some(ChipError::ChannelBroken), "replayed command");

    let (mut terminal, mut chip) = pair(Cipher::Aes128);
    chip.count();
    let whole = Response::parse(&chip.wrap_response(0xB0, &Response::ok(vec![1]))?)?;
    let objects = tlv::objects(&whole.data).map(|object| object.unwrap().whole).collect::<Vec<_>>();
    let bodies = [
        [objects[1], objects[0], objects[2]].concat(),
        [objects[1], objects[2]].concat(),
        [objects[0], objects[2]].concat(),
        [objects[0], objects[1]].concat(),
        [objects[0], objects[1], objects[2], objects[2]].concat(),
        Vec::new(),
    ];
    for data in bodies {
        terminal.counter = vec![0; 16];
        terminal.count();
        let outcome = terminal.unwrap_response(0xB0, &Response { data, status: 0x9000 });
        assert!(matches!(outcome, Err(ChipError::ChannelBroken | ChipError::Malformed)));
    }
    Ok(())
}

/// As programs that play chips answer: a checksum over the data alone, or over nothing but the counter.
#[test]
fn status_word_without_checksum_is_taken_only_where_that_was_asked_for() -> Result<(), ChipError> {
    for cipher in ALL {
        for data in [&[][..], &[5; 40]] {
            let (_, mut chip) = pair(cipher);
            chip.count();
            let mut body = if data.is_empty() { Vec::new() } else { chip.seal(0xB0, data)? };
            let mac = chip.checksum(&[], &body)?;
            body.extend(tlv::encode(CHECKSUM, &[&mac]));
            let answer = Response { data: body, status: 0x9000 };
            let (mut strict, mut mild) = (pair(cipher).0, pair(cipher).0);
            mild.accept_bare_status();
            assert_eq!(strict.unwrap_response(0xB0, &answer).err(), Some(ChipError::Malformed));
            assert_eq!(mild.unwrap_response(0xB0, &answer)?, Response::ok(data.to_vec()));
            // One that was covered cannot be taken out of a checksum.
            let (_, mut chip) = pair(cipher);
            chip.count();
            let whole = Response::parse(&chip.wrap_response(0xB0, &Response::ok(data.to_vec()))?)?;
            let status = tlv::encode(STATUS, &[&[0x90, 0]]);
            let at = whole.data.windows(status.len()).position(|part| part == status).ok_or(ChipError::Malformed)?;
            let cut = [&whole.data[..at], &whole.data[at + status.len()..]].concat();
            let (mut mild, _) = pair(cipher);
            mild.accept_bare_status();
            let outcome = mild.unwrap_response(0xB0, &Response { data: cut, status: 0x9000 });
            assert_eq!(outcome.err(), Some(ChipError::ChannelBroken));
        }
    }
    Ok(())
}

#[test]
fn capacity_is_the_most_that_fits() -> Result<(), ChipError> {
    for cipher in ALL {
        for limit in [64, 127, 128, 200, 254, 256, 259, 260, 261, 262, 1024, 2048, 65536] {
            let (_, mut chip) = pair(cipher);
            let most = chip.capacity(limit);
            let mut length = |data| chip.wrap_response(0xB0, &Response::ok(vec![0; data])).map(|bytes| bytes.len() - 2);
            assert!(length(most)? <= limit, "{cipher:?} {limit}");
            assert!(
                length(most + 1)? > limit || limit == 259 || limit == 260 || limit == 261,
                "{cipher:?} {limit} {most}"
            );
        }
    }
    // Figures that readers in the field know.
    assert_eq!(pair(Cipher::Aes128).0.capacity(256), 223);
    assert_eq!(pair(Cipher::Des3).0.capacity(256), 231);
    Ok(())
}

proptest! {
    #[test]
    fn what_one_side_wraps_the_other_unwraps(
        data in proptest::collection::vec(any::<u8>(), 0..700), le in proptest::option::of(1_u32..=65536),
        ins: u8, status: u16, extended: bool, kind in 0_usize..4,
    ) {
        let (mut terminal, mut chip) = pair(ALL[kind]);
        let command = Command { le, extended, ..Command::new(ins, 1, 2).data(&data) };
        let wire = terminal.wrap_command(&command).unwrap();
        let inner = chip.unwrap_command(&wire).unwrap();
        prop_assert_eq!((inner.header(), inner.data, inner.le), (command.header(), data.clone(), le));
        let answer = Response { data, status };
        let wire = Response::parse(&chip.wrap_response(ins, &answer).unwrap()).unwrap();
        prop_assert_eq!(terminal.unwrap_response(ins, &wire).unwrap(), answer);
    }

    #[test]
    fn any_answer_is_refused(data in proptest::collection::vec(any::<u8>(), 0..300), kind in 0_usize..4) {
        let (mut terminal, _) = pair(ALL[kind]);
        let outcome = terminal.unwrap_response(0xB0, &Response { data, status: 0x9000 });
        prop_assert!(outcome.is_err());
    }
}
