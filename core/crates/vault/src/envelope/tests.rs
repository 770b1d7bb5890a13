use eid_crypto::{DerivingKey, SystemRandom};
use proptest::prelude::*;

use super::*;

/// A phone: its hardware's keys, and who it is.
struct Phone {
    hardware: DerivingKey,
    binding: EnvelopeBinding,
}

struct Fixture {
    phone: Phone,
    passcode: Passcode,
    share: SecretKey,
    vault_key: SecretKey,
}

fn passcode(digits: &[u8; 6]) -> Passcode {
    Passcode::parse(digits.to_vec()).unwrap()
}

fn key() -> SecretKey {
    SecretKey::make(&SystemRandom::new()).unwrap()
}

fn phone() -> Phone {
    let binding = EnvelopeBinding { app_id: "vn.example.eid".into(), install_id: [7; 16] };
    Phone { hardware: DerivingKey::make_hmac(&SystemRandom::new()).unwrap(), binding }
}

fn fixture() -> Fixture {
    Fixture { phone: phone(), passcode: passcode(b"271828"), share: key(), vault_key: key() }
}

impl Phone {
    fn seal(&self, factor: Factor<'_>, vault_key: &SecretKey) -> Envelope {
        let rng = SystemRandom::new();
        let cost = matches!(factor, Factor::Passcode(_)).then_some(KdfCost::FLOOR);
        let (question, sealing) = Envelope::prepare(&rng, factor, cost, 1, &self.binding).unwrap();
        sealing.seal(&rng, &self.hardware.derive(&question).unwrap(), vault_key).unwrap()
    }

    fn open(&self, envelope: &Envelope, factor: Factor<'_>) -> Result<SecretKey, VaultError> {
        let (question, pending) = envelope.challenge(factor, &self.binding)?;
        pending.open(&self.hardware.derive(&question).unwrap())
    }
}

impl Fixture {
    fn factors(&self) -> [Factor<'_>; 3] {
        [Factor::Passcode(&self.passcode), Factor::Biometrics, Factor::Recovery(&self.share)]
    }

    fn envelopes(&self) -> [Envelope; 3] {
        self.factors().map(|factor| self.phone.seal(factor, &self.vault_key))
    }
}

#[test]
fn envelope_opens_with_its_factor_hardware_and_binding_only() {
    let fixture = fixture();
    let other_hardware = Phone { hardware: phone().hardware, binding: fixture.phone.binding.clone() };
    for (envelope, factor) in fixture.envelopes().iter().zip(fixture.factors()) {
        assert_eq!(fixture.phone.open(envelope, factor).as_ref(), Ok(&fixture.vault_key));
        let refused = if envelope.kind() == EnvelopeKind::Passcode {
            VaultError::PasscodeWrong
        } else {
            VaultError::EnvelopeForeign
        };
        assert_eq!(other_hardware.open(envelope, factor), Err(refused), "{envelope:?}: the files on another phone");
        for elsewhere in [
            EnvelopeBinding { app_id: "vn.example.eidx".into(), ..fixture.phone.binding.clone() },
            EnvelopeBinding { install_id: [8; 16], ..fixture.phone.binding.clone() },
        ] {
            assert_eq!(envelope.challenge(factor, &elsewhere).err(), Some(VaultError::EnvelopeForeign));
        }
    }
    let [by_passcode, _, by_recovery] = fixture.envelopes();
    let wrong = passcode(b"271829");
    assert_eq!(fixture.phone.open(&by_passcode, Factor::Passcode(&wrong)), Err(VaultError::PasscodeWrong));
    assert_eq!(fixture.phone.open(&by_recovery, Factor::Recovery(&key())), Err(VaultError::EnvelopeForeign));
}

#[test]
fn envelope_takes_no_factor_of_another_kind() {
    let fixture = fixture();
    for envelope in fixture.envelopes() {
        let opened = fixture.factors().map(|factor| fixture.phone.open(&envelope, factor).is_ok());
        assert_eq!(opened.iter().filter(|opened| **opened).count(), 1, "{envelope:?}");
    }
}

/// The attack that the first format fell to: ask the hardware once, try the million elsewhere.
#[test]
fn answer_of_the_hardware_for_one_guess_is_of_no_use_for_another() {
    let Fixture { phone, passcode: right, vault_key, .. } = fixture();
    let envelope = phone.seal(Factor::Passcode(&right), &vault_key);
    let question = |passcode: &Passcode| envelope.challenge(Factor::Passcode(passcode), &phone.binding).unwrap();
    let wrong = passcode(b"314159");
    let (for_wrong, _) = question(&wrong);
    let (for_right, pending) = question(&right);
    assert_ne!(for_wrong.bytes(), for_right.bytes());
    assert_ne!(for_wrong.point().unwrap(), for_right.point().unwrap());
    let harvested = phone.hardware.derive(&for_wrong).unwrap();
    assert_eq!(pending.open(&harvested), Err(VaultError::PasscodeWrong));
    assert_eq!(pending.open(&phone.hardware.derive(&for_right).unwrap()), Ok(vault_key));
}

#[test]
fn question_about_one_passcode_differs_between_envelopes() {
    let Fixture { phone, passcode, vault_key, .. } = fixture();
    let [one, two] = [(), ()].map(|()| phone.seal(Factor::Passcode(&passcode), &vault_key));
    let question = |envelope: &Envelope| envelope.challenge(Factor::Passcode(&passcode), &phone.binding).unwrap().0;
    assert_ne!(question(&one).bytes(), question(&two).bytes());
}

#[test]
fn envelope_whose_bound_parts_were_exchanged_does_not_open() {
    // An attacker writes the frame's digest anew, so only the associated data is left to notice.
    let Fixture { phone, passcode, vault_key, .. } = fixture();
    let envelope = phone.seal(Factor::Passcode(&passcode), &vault_key);
    let elsewhere = EnvelopeBinding { install_id: [8; 16], ..phone.binding.clone() };
    for part in ["epoch", "cost", "salt", "binding", "kind"] {
        let mut changed = Envelope::parse(&envelope.encode()).unwrap();
        let mut asked = &phone.binding;
        let mut factor = Factor::Passcode(&passcode);
        match part {
            "epoch" => changed.head.epoch += 2,
            "cost" => changed.head.cost = Some(KdfCost { passes: 3, ..KdfCost::FLOOR }),
            "salt" => changed.head.salt = [0; 16],
            "kind" => {
                (changed.head.kind, changed.head.cost, factor) = (EnvelopeKind::Biometric, None, Factor::Biometrics);
            }
            _ => (changed.head.binding, asked) = (elsewhere.digest(), &elsewhere),
        }
        let stored = Envelope::parse(&changed.encode()).unwrap();
        let (question, pending) = stored.challenge(factor, asked).unwrap();
        assert!(pending.open(&phone.hardware.derive(&question).unwrap()).is_err(), "{part}");
    }
    // Not even with the answer to the question that belongs to it.
    let mut later = Envelope::parse(&envelope.encode()).unwrap();
    later.head.epoch += 2;
    assert_eq!(phone.open(&later, Factor::Passcode(&passcode)), Err(VaultError::PasscodeWrong));
}

#[test]
fn envelope_sealed_anew_opens_under_the_new_hardware_key_only() {
    let Fixture { mut phone, passcode, vault_key, .. } = fixture();
    let factor = Factor::Passcode(&passcode);
    let envelope = phone.seal(factor, &vault_key);
    let (question, pending) = envelope.challenge(factor, &phone.binding).unwrap();
    let new = DerivingKey::make_ecdh(&SystemRandom::new()).unwrap();
    let answer = new.derive(&question).unwrap();
    let anew = pending.sealing().seal(&SystemRandom::new(), &answer, &vault_key).unwrap();
    assert_eq!(phone.open(&anew, factor), Err(VaultError::PasscodeWrong));
    phone.hardware = new;
    assert_eq!(phone.open(&anew, factor), Ok(vault_key));
    assert_eq!(phone.open(&envelope, factor), Err(VaultError::PasscodeWrong));
}

#[test]
fn hardware_keys_differ_by_kind_and_take_turns_by_epoch() {
    let alias = |kind: EnvelopeKind, epoch| kind.hardware_alias(epoch);
    assert_eq!([1, 2, 3].map(|epoch| alias(EnvelopeKind::Passcode, epoch)), ["vault-a", "vault-b", "vault-a"]);
    for kind in EnvelopeKind::ALL {
        assert!(HARDWARE_ALIASES.contains(&alias(kind, 1)) && HARDWARE_ALIASES.contains(&alias(kind, 2)));
    }
    let fixture = fixture();
    for (envelope, expected) in fixture.envelopes().iter().zip(["vault-a", "vault-biometric", "vault-recovery"]) {
        assert_eq!((envelope.hardware_alias(), envelope.epoch()), (expected, 1));
    }
}

#[test]
fn damaged_envelope_is_named_and_every_byte_counts() {
    let fixture = fixture();
    for envelope in fixture.envelopes() {
        let bytes = envelope.encode();
        assert_eq!(bytes.len(), if envelope.kind() == EnvelopeKind::Passcode { MAX_BYTES } else { MAX_BYTES - 12 });
        assert_eq!(Envelope::parse(&bytes).as_ref(), Ok(&envelope));
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            let expected = if at < 4 { VaultError::EnvelopeForeign } else { VaultError::EnvelopeDamaged };
            assert_eq!(Envelope::parse(&bad), Err(expected), "byte {at}");
            assert!(Envelope::parse(&bytes[..at]).is_err(), "cut to {at}");
        }
        assert_eq!(Envelope::parse(&[bytes, vec![0; 4096]].concat()), Err(VaultError::EnvelopeForeign));
    }
}

#[test]
fn envelope_of_another_version_or_with_absurd_figures_is_refused() {
    let [envelope, ..] = fixture().envelopes();
    let body = [envelope.head.encode().as_slice(), &envelope.sealed].concat();
    assert_eq!(Envelope::parse(&frame(MAGIC, VERSION, &body)), Ok(envelope));
    assert_eq!(Envelope::parse(&frame(MAGIC, VERSION + 1, &body)), Err(VaultError::Newer));
    assert_eq!(Envelope::parse(&frame(MAGIC, 1, &body)), Err(VaultError::EnvelopeDamaged), "no migration");
    for figure in 0..3 {
        for value in [0, u32::MAX] {
            let mut bad = body.clone();
            bad[5 + figure * 4..9 + figure * 4].copy_from_slice(&value.to_be_bytes());
            assert_eq!(Envelope::parse(&frame(MAGIC, VERSION, &bad)), Err(VaultError::EnvelopeDamaged));
        }
    }
    for kind in [0, 2, 3, 4, 255] {
        let mut bad = body.clone();
        bad[0] = kind;
        assert_eq!(Envelope::parse(&frame(MAGIC, VERSION, &bad)), Err(VaultError::EnvelopeDamaged));
    }
    let bad = [body.as_slice(), &[0]].concat();
    assert!(Envelope::parse(&frame(MAGIC, VERSION, &bad)).is_err());
}

#[test]
fn cost_below_the_floor_or_of_another_factor_is_refused_when_making() {
    let Fixture { phone, passcode, .. } = fixture();
    let cheap = KdfCost { passes: 1, ..KdfCost::FLOOR };
    let kdf = VaultError::Crypto(CryptoError::KdfUnavailable);
    for (factor, cost, expected) in [
        (Factor::Passcode(&passcode), Some(cheap), kdf),
        (Factor::Passcode(&passcode), None, VaultError::EnvelopeForeign),
        (Factor::Biometrics, Some(KdfCost::FLOOR), VaultError::EnvelopeForeign),
    ] {
        let made = Envelope::prepare(&SystemRandom::new(), factor, cost, 1, &phone.binding);
        assert_eq!(made.err(), Some(expected));
    }
}

#[test]
fn debug_shows_no_identifier_and_no_secret() {
    let fixture = fixture();
    let [envelope, ..] = fixture.envelopes();
    assert_eq!(format!("{envelope:?}"), "Envelope { kind: Passcode, epoch: 1, .. }");
    let (question, pending) = envelope.challenge(Factor::Passcode(&fixture.passcode), &fixture.phone.binding).unwrap();
    let texts = format!("{question:?} {pending:?} {:?} {:?}", pending.sealing(), Factor::Passcode(&fixture.passcode));
    assert_eq!(texts, "HardwareInput(…) Pending(…) Sealing(…) Passcode(Passcode(…))");
    assert_eq!(format!("{:?}", fixture.phone.binding), "EnvelopeBinding { app_id: \"vn.example.eid\", .. }");
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_are_the_envelope_that_encodes_to_them(
        kind in 0..5_u8,
        epoch in any::<u32>(),
        cost in proptest::option::of((19_000..270_000_u32, 0..20_u32, 0..6_u32)),
        tail in prop_oneof![Just(110), Just(122), 100..130_usize],
        byte in any::<u8>(),
        flip in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let cost = cost.map(|(memory, passes, lanes)| [memory, passes, lanes].map(u32::to_be_bytes).concat());
        let body = [&[kind][..], &epoch.to_be_bytes(), &cost.unwrap_or_default(), &vec![byte; tail]].concat();
        let mut bytes = frame(MAGIC, VERSION, &body);
        prop_assert!(Envelope::parse(&body).is_err());
        if let Some(at) = flip {
            let at = at.index(bytes.len());
            bytes[at] ^= 0x20;
        }
        match Envelope::parse(&bytes) {
            Ok(envelope) => prop_assert_eq!(envelope.encode(), bytes),
            Err(error) => prop_assert!(matches!(
                error,
                VaultError::EnvelopeForeign | VaultError::EnvelopeDamaged | VaultError::Newer
            )),
        }
    }
}
