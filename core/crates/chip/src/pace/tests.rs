use eid_crypto::{Random, SecretBytes, SystemRandom};
use serde_json::Value;

use super::*;
use crate::{
    Response,
    agreement::Private,
    curve::Curve,
    dh::Group,
    kdf::{Access, Can, MrzKey},
    vectors::{self, Scripted, bytes},
};

fn info(mapping: Mapping, domain: Domain) -> PaceInfo {
    PaceInfo { mapping, cipher: Cipher::Aes128, domain }
}

/// Sends the recorded answers and checks every command; gives the outcome.
fn replay(vector: &Value, terminal: (PaceTerminal, Command), random: &[&[u8]]) -> Result<PaceOutcome, ChipError> {
    let rng = Scripted::new(random);
    let (mut terminal, mut command) = terminal;
    for step in vector["apdus"].as_array().unwrap() {
        assert_eq!(command.encode()?, bytes(step, "c"));
        match terminal.feed(&Response::parse(&bytes(step, "r"))?, &rng)? {
            PaceStep::Send(next) => command = next,
            PaceStep::Done(outcome) => return Ok(*outcome),
        }
    }
    panic!("the trace ended before PACE did");
}

/// Checks that the channel has the example's keys: its first command is the one of a channel made from them.
fn assert_keys(vector: &Value, mut channel: Channel) -> Result<(), ChipError> {
    let key = |name: &str| SecretBytes::new(bytes(vector, name));
    let keys = SessionKeys { cipher: Cipher::Aes128, encryption: key("ks_enc"), mac: key("ks_mac") };
    let command = Command::new(0xA4, 2, 0x0C).data(&[1, 0x1E]);
    assert_eq!(channel.wrap_command(&command)?, Channel::new(keys).wrap_command(&command)?);
    Ok(())
}

fn mrz(vector: &Value) -> Access {
    Access::Mrz(MrzKey::parse(vector["mrz_information"].as_str().unwrap()).unwrap())
}

/// Examples H.1 and H.2 give K_π itself.
fn with_key(info: PaceInfo, key: Vec<u8>) -> (PaceTerminal, Command) {
    let (mut terminal, command) =
        PaceTerminal::start(info, &Access::Mrz(MrzKey::new("A", "000101", "300101").unwrap()), false);
    terminal.set_key(SecretBytes::new(key));
    (terminal, command)
}

#[test]
fn generic_mapping_matches_examples_g1_and_g2() -> Result<(), ChipError> {
    let cases = [
        ("PACE-ECDH-GM-AES128-brainpoolP256r1", Domain::Ec(Curve::Bp256)),
        ("PACE-DH-GM-AES128-rfc5114-1024-160", Domain::Dh(Group::Modp1024)),
    ];
    for (id, domain) in cases {
        let vector = vectors::icao(id);
        let (info, access) = (info(Mapping::Generic, domain), mrz(&vector));
        assert_eq!(access.pace_key(Cipher::Aes128).expose(), bytes(&vector, "k_pi"));
        let keys = [bytes(&vector, "terminal_map_priv"), bytes(&vector, "terminal_eph_priv")];
        let outcome = replay(&vector, PaceTerminal::start(info.clone(), &access, false), &[&keys[0], &keys[1]])?;
        assert_keys(&vector, outcome.channel)?;

        let (nonce, shared) = (bytes(&vector, "nonce"), domain.parse_public(&bytes(&vector, "chip_map_pub"))?);
        let shared = shared.derive(&domain.parse_private(&keys[0])?)?;
        assert_eq!(domain.generator().map_generic(&nonce, &shared)?.encode(), bytes(&vector, "mapped_generator"));
    }
    Ok(())
}

#[test]
fn integrated_mapping_matches_examples_h1_and_h2() -> Result<(), ChipError> {
    let cases = [
        ("PACE-ECDH-IM-AES128-brainpoolP256r1", Domain::Ec(Curve::Bp256)),
        ("PACE-DH-IM-AES128-rfc5114-1024-160", Domain::Dh(Group::Modp1024)),
    ];
    for (id, domain) in cases {
        let vector = vectors::icao(id);
        let info = info(Mapping::Integrated, domain);
        let (s, t) = (bytes(&vector, "nonce_s"), bytes(&vector, "nonce_t"));
        let string = pseudo_random(Cipher::Aes128, &s, &t, domain.prime_bytes())?;
        assert_eq!(domain.map_integrated(&string)?.encode(), bytes(&vector, "mapped_generator"), "{id}");
        // Example H.2 draws an exponent as long as the modulus; the group's order makes the shorter one the same.
        let private = reduced(domain, &bytes(&vector, "terminal_eph_priv"));
        let outcome = replay(&vector, with_key(info, bytes(&vector, "k_pi")), &[&t, &private])?;
        assert_keys(&vector, outcome.channel)?;
    }
    Ok(())
}

fn reduced(domain: Domain, private: &[u8]) -> Vec<u8> {
    use crypto_bigint::BoxedUint;
    match domain {
        Domain::Ec(_) => private.to_vec(),
        Domain::Dh(_) => {
            let q = unhex("f518aa8781a8df278aba4e7d64b7cb9d49462353");
            let order = BoxedUint::from_be_slice_vartime(&q).into_nz().unwrap();
            let reduced = BoxedUint::from_be_slice_vartime(private).rem_vartime(&order).to_be_bytes();
            reduced[reduced.len() - q.len()..].to_vec()
        }
    }
}

#[test]
fn chip_authentication_mapping_matches_example_i1() -> Result<(), ChipError> {
    let vector = vectors::icao("PACE-ECDH-CAM-AES128-brainpoolP256r1");
    let info = info(Mapping::ChipAuthentication, Domain::Ec(Curve::Bp256));
    let keys = [bytes(&vector, "terminal_map_priv"), bytes(&vector, "terminal_eph_priv")];
    let outcome = replay(&vector, PaceTerminal::start(info, &mrz(&vector), false), &[&keys[0], &keys[1]])?;
    let proof = outcome.cam.unwrap();
    assert_eq!(proof.data.expose(), bytes(&vector, "chip_authentication_data"));
    assert!(proof.verify(&Point::parse(Curve::Bp256, &bytes(&vector, "chip_static_public_key"))?));
    assert!(!proof.verify(&Curve::Bp256.generator()));
    assert!(!proof.verify(&Curve::P256.generator()));
    assert_keys(&vector, outcome.channel)
}

#[test]
fn tokens_and_keys_of_the_examples_are_those_of_the_chip_too() -> Result<(), ChipError> {
    // The examples tell the terminal's private keys, the chip's are unknown: the roles are exchanged, the secrets are the same.
    let vector = vectors::icao("PACE-ECDH-GM-AES128-brainpoolP256r1");
    let info = info(Mapping::Generic, Domain::Ec(Curve::Bp256));
    let theirs = info.domain.parse_public(&bytes(&vector, "chip_eph_pub"))?;
    let shared = theirs.agree(&info.domain.parse_private(&bytes(&vector, "terminal_eph_priv"))?)?;
    assert_eq!(shared.expose(), bytes(&vector, "shared_secret"));
    let keys = SessionKeys::derive(Cipher::Aes128, shared.expose());
    assert_eq!(token(&info, &keys, &theirs)?.to_vec(), bytes(&vector, "t_ifd"));
    let own = info.domain.parse_public(&bytes(&vector, "terminal_eph_pub"))?;
    assert_eq!(token(&info, &keys, &own)?.to_vec(), bytes(&vector, "t_ic"));

    // The chip's side of the nonce.
    let mut chip = PaceChip::new(info, mrz(&vector).pace_key(Cipher::Aes128), None);
    let answer = chip.respond(&[0x7C, 0], &Scripted::new(&[&bytes(&vector, "nonce")]))?;
    assert_eq!(answer, Response::parse(&bytes(&vector["apdus"][1], "r"))?.data);
    Ok(())
}

/// Runs both sides against each other.
fn run(
    info: &PaceInfo,
    ours: &Access,
    theirs: &Access,
    static_key: Option<Private>,
) -> Result<(PaceOutcome, Channel), ChipError> {
    let rng = SystemRandom::new();
    let mut chip = PaceChip::new(info.clone(), theirs.pace_key(info.cipher), static_key);
    let (mut terminal, _) = PaceTerminal::start(info.clone(), ours, false);
    let mut answer = Response::status(0x9000);
    loop {
        match terminal.feed(&answer, &rng)? {
            PaceStep::Send(command) => answer = Response::ok(chip.respond(&command.data, &rng)?),
            PaceStep::Done(outcome) => return Ok((*outcome, chip.into_channel().unwrap())),
        }
    }
}

fn can(text: &str) -> Access {
    Access::Can(Can::parse(text).unwrap())
}

#[test]
fn every_variant_opens_a_channel() -> Result<(), ChipError> {
    let rng = SystemRandom::new();
    let domains = Curve::ALL.map(Domain::Ec).into_iter().chain(Group::ALL.map(Domain::Dh));
    let mut count = 0;
    for domain in domains {
        for cipher in [Cipher::Des3, Cipher::Aes128, Cipher::Aes192, Cipher::Aes256] {
            for mapping in [Mapping::Generic, Mapping::Integrated, Mapping::ChipAuthentication] {
                let info = PaceInfo { mapping, cipher, domain };
                let elliptic = matches!(domain, Domain::Ec(_));
                let impossible = (mapping == Mapping::ChipAuthentication && !elliptic)
                    || (mapping == Mapping::Integrated && domain == Domain::Ec(Curve::P224));
                if impossible {
                    continue;
                }
                let static_key = is_cam(&info).then(|| domain.make_private(&rng)).transpose()?;
                let public = static_key.as_ref().map(|key| domain.generator().derive(key)).transpose()?;
                let (mut outcome, mut chip) = run(&info, &can("000001"), &can("000001"), static_key)?;
                let command = Command::new(0xB0, 0, 0).le(4);
                let inner = chip.unwrap_command(&outcome.channel.wrap_command(&command)?)?;
                assert_eq!(inner, command, "{info:?}");
                if let Some(Public::Ec(key)) = public {
                    assert!(outcome.cam.unwrap().verify(&key), "{info:?}");
                }
                count += 1;
            }
        }
    }
    assert_eq!(count, 152);
    Ok(())
}

#[test]
fn wrong_password_is_refused_by_the_chip() {
    let info = info(Mapping::Generic, Domain::Ec(Curve::Bp256));
    assert_eq!(run(&info, &can("000001"), &can("000002"), None).err(), Some(ChipError::AccessRefused));
}

#[test]
fn hostile_answers_end_in_errors() -> Result<(), ChipError> {
    let vector = vectors::icao("PACE-ECDH-GM-AES128-brainpoolP256r1");
    let info = info(Mapping::Generic, Domain::Ec(Curve::Bp256));
    let steps = vector["apdus"].as_array().unwrap();
    let keys = [bytes(&vector, "terminal_map_priv"), bytes(&vector, "terminal_eph_priv")];
    for (at, step) in steps.iter().enumerate().skip(1) {
        let good = Response::parse(&bytes(step, "r"))?;
        let mut cases = vec![Vec::new(), vec![0x7C, 0], vec![0x7C, 0x84], good.data[..good.data.len() - 1].to_vec()];
        // A point that is not on the curve, a wrong token; a changed nonce shows only at the end.
        let mut flipped = good.data.clone();
        *flipped.last_mut().unwrap() ^= 1;
        cases.push(flipped);
        for data in cases {
            let rng = Scripted::new(&[&keys[0], &keys[1]]);
            let (mut terminal, _) = PaceTerminal::start(info.clone(), &mrz(&vector), false);
            let mut outcome = Ok(());
            for (index, step) in steps.iter().enumerate() {
                let response =
                    if index == at { Response::ok(data.clone()) } else { Response::parse(&bytes(step, "r"))? };
                outcome = terminal.feed(&response, &rng).map(drop);
                if outcome.is_err() {
                    break;
                }
            }
            assert_eq!(outcome.err(), Some(ChipError::Malformed), "{at} {data:02x?}");
            assert_eq!(terminal.feed(&good, &rng).err(), Some(ChipError::OutOfOrder), "nothing goes on after an error");
        }
    }
    Ok(())
}

#[test]
fn our_own_key_sent_back_is_refused() -> Result<(), ChipError> {
    let info = info(Mapping::Generic, Domain::Ec(Curve::Bp256));
    let rng: &dyn Random = &SystemRandom::new();
    let (mut terminal, _) = PaceTerminal::start(info, &can("000001"), true);
    terminal.feed(&Response::status(0x63C1), rng)?;
    terminal.feed(&Response::ok(tlv::encode(DYNAMIC, &[&tlv::encode(0x80, &[&[7; 16]])])), rng)?;
    let echo = |command: &Command, from, to| {
        let key = inside(from, &command.data).unwrap();
        Response::ok(tlv::encode(DYNAMIC, &[&tlv::encode(to, &[key])]))
    };
    let generator = Public::Ec(Curve::Bp256.generator());
    let mapping = Response::ok(tlv::encode(DYNAMIC, &[&tlv::encode(0x82, &[&generator.encode()])]));
    let PaceStep::Send(command) = terminal.feed(&mapping, rng)? else { panic!("not over") };
    assert_eq!(terminal.feed(&echo(&command, 0x83, 0x84), rng).err(), Some(ChipError::Malformed));
    Ok(())
}

#[test]
fn ambiguous_protocol_names_its_parameters() {
    let (_, command) = PaceTerminal::start(info(Mapping::Generic, Domain::Ec(Curve::Bp256)), &can("000001"), true);
    assert_eq!(command.encode().unwrap(), unhex("0022c1a412800a04007f0007020204020283010284010d"));
}

#[test]
fn chip_side_of_the_terminal_in_the_examples_matches() -> Result<(), ChipError> {
    // The examples tell the terminal's private keys. With the roles exchanged, the chip's code makes the terminal's messages.
    let (ec, dh) = (Domain::Ec(Curve::Bp256), Domain::Dh(Group::Modp1024));
    for (id, mapping, domain) in [
        ("PACE-ECDH-GM-AES128-brainpoolP256r1", Mapping::Generic, ec),
        ("PACE-DH-GM-AES128-rfc5114-1024-160", Mapping::Generic, dh),
        ("PACE-ECDH-IM-AES128-brainpoolP256r1", Mapping::Integrated, ec),
        ("PACE-DH-IM-AES128-rfc5114-1024-160", Mapping::Integrated, dh),
    ] {
        let vector = vectors::icao(id);
        let info = info(mapping, domain);
        let object = |tag: u32, value: &[u8]| tlv::encode(DYNAMIC, &[&tlv::encode(tag, &[value])]);
        let key = |tag: u32, name: &str| object(tag, &bytes(&vector, name));
        let (own, nonce) = (reduced(domain, &bytes(&vector, "terminal_eph_priv")), key(0x80, "encrypted_nonce"));
        let (random, map) = match mapping {
            Mapping::Integrated => (
                [bytes(&vector, "nonce_s"), own, Vec::new()],
                (key(0x81, "nonce_t"), tlv::encode(DYNAMIC, &[&[0x82, 0]])),
            ),
            _ => (
                [bytes(&vector, "nonce"), bytes(&vector, "terminal_map_priv"), own],
                (key(0x81, "chip_map_pub"), key(0x82, "terminal_map_pub")),
            ),
        };
        let agree = (key(0x83, "chip_eph_pub"), key(0x84, "terminal_eph_pub"));
        let steps = [(vec![0x7C, 0], nonce), map, agree, (key(0x85, "t_ic"), key(0x86, "t_ifd"))];
        let mut chip = PaceChip::new(info, SecretBytes::new(bytes(&vector, "k_pi")), None);
        let rng = Scripted::new(&random.each_ref().map(Vec::as_slice));
        for (at, (command, answer)) in steps.into_iter().enumerate() {
            assert_eq!(chip.respond(&command, &rng)?, answer, "{id} {at}");
        }
        assert_keys(&vector, chip.into_channel().unwrap())?;
    }
    Ok(())
}
