//! Fuzz bodies, one per parser of foreign bytes. The same bodies run under libFuzzer (`tests/fuzz/libfuzzer`) and, over the
//! corpus and mutations of it, as an ordinary test on a stable toolchain.
//!
//! A body may not panic, whatever the bytes; what else must hold is asserted inside.
#![expect(clippy::panic, clippy::missing_panics_doc, reason = "a body reports a finding by panicking")]

mod chip_files;
mod chip_link;
mod counter;
mod database;
mod guard;
mod records;
mod signed;

use eid_crypto::{SecretBytes, SecretKey, VerifyingKey, hash::sha256};
use eid_model::{Code, UnixTime};
use eid_proof::{
    HeldToken, MemoryReplayCache, Outcome, Policy, Scan, StatusSnapshot, TrustList, Verdict, Verifier, decode_text,
};
use eid_vault::{Envelope, EnvelopeBinding, Factor};

pub use chip_files::{card_qr, certificate, dg1, dg2, dg13, face, master_list, mrz, sod};
pub use chip_link::{card_access, chip_answers, secure_messaging, tlv};
pub use counter::{counter_code, counter_request, signed_counter};
pub use database::vault_database;
pub use guard::{guard_records, vault_guard};
pub use records::{evidence, record_form, vietqr};
pub use signed::{configuration, record_feed, signed_proof, signed_trust_list};

/// A named body.
pub type Target = (&'static str, fn(&[u8]));

/// All bodies. The names are those of the corpus folders and of the libFuzzer targets.
pub const TARGETS: [Target; 30] = [
    ("text", text),
    ("cbor", cbor),
    ("trust_list", trust_list),
    ("signed_proof", signed_proof),
    ("signed_trust_list", signed_trust_list),
    ("platform_answer", platform_answer),
    ("configuration", configuration),
    ("vault_envelope", vault_envelope),
    ("vault_guard", vault_guard),
    ("vault_database", vault_database),
    ("mrz", mrz),
    ("card_qr", card_qr),
    ("dg1", dg1),
    ("dg2", dg2),
    ("face", face),
    ("dg13", dg13),
    ("sod", sod),
    ("certificate", certificate),
    ("master_list", master_list),
    ("tlv", tlv),
    ("card_access", card_access),
    ("secure_messaging", secure_messaging),
    ("chip_answers", chip_answers),
    ("record_form", record_form),
    ("record_feed", record_feed),
    ("evidence", evidence),
    ("vietqr", vietqr),
    ("counter_code", counter_code),
    ("counter_request", counter_request),
    ("signed_counter", signed_counter),
];

/// QR text, as a scanner gives it.
pub fn text(data: &[u8]) {
    let scanned = String::from_utf8_lossy(data);
    drop(decode_text(&scanned));
    with_verifier(|verifier, scan| {
        refused(&verifier.verify_text(&scanned, scan, &mut MemoryReplayCache::default()));
    });
}

/// The bytes of a proof, and of a token that a phone receives.
pub fn cbor(data: &[u8]) {
    drop(HeldToken::parse(data.to_vec()));
    with_verifier(|verifier, scan| refused(&verifier.verify_bytes(data, scan, &mut MemoryReplayCache::default())));
}

/// A trust list file and a status snapshot file.
pub fn trust_list(data: &[u8]) {
    let root = nobodys_key();
    assert!(TrustList::parse(data, &[root]).is_err(), "nobody can sign for this root");
    drop(StatusSnapshot::parse(data, &TrustList::single(root)));
}

/// What a platform answers, and the tokens in it.
pub fn platform_answer(data: &[u8]) {
    use eid_platform::{answer, jws, parse_problem};
    let now = UnixTime::from_seconds(0);
    let _refusal = parse_problem(data);
    drop(answer::parse_activation_started(data));
    drop(answer::parse_device_challenge(data));
    drop(answer::parse_device_bound(data));
    drop(answer::parse_access_token(data, now));
    drop(answer::parse_grant(data));
    drop(answer::parse_nonce(data));
    drop(answer::parse_issuer_metadata(data, "https://platform.example"));
    drop(answer::parse_credentials(data, 2));
    if let Ok(token) = core::str::from_utf8(data) {
        drop(jws::parse(token));
    }
}

/// An envelope of the vault key: what parses has one spelling, and opens for nobody who merely made it.
pub fn vault_envelope(data: &[u8]) {
    check_envelope(data);
    check_envelope(&with_digest(data));
}

fn check_envelope(data: &[u8]) {
    let Ok(envelope) = Envelope::parse(data) else { return };
    assert_eq!(envelope.encode(), data, "one spelling only");
    let binding = EnvelopeBinding { app_id: "app".to_owned(), install_id: [7; 16] };
    // A passcode would cost an Argon2id, and memory of the envelope's choice, each time.
    if let Ok((_, pending)) = envelope.challenge(Factor::Biometrics, &binding) {
        let nobodys = SecretKey::parse(&SecretBytes::new(vec![0x42; 32]));
        assert!(nobodys.is_ok_and(|key| pending.open(&key).is_err()), "opened by another hardware");
    }
}

/// The files beside the store end with the digest of all before: without this a fuzzer would never get behind it.
pub(crate) fn with_digest(data: &[u8]) -> Vec<u8> {
    [data, &sha256(data)].concat()
}

/// No bytes that a fuzzer makes are signed by a key that nobody has.
fn refused(verdict: &Verdict) {
    if verdict.outcome == Outcome::Valid || verdict.code == Code::Q00_VALID || verdict.proof.is_some() {
        panic!("accepted: {:?}", verdict.code);
    }
}

fn with_verifier(act: impl FnOnce(&Verifier<'_>, &Scan<'_>)) {
    let trust = TrustList::single(nobodys_key());
    let policy = Policy { allow_unknown_status: true, ..Policy::default() };
    // The moment of the corpus's seeds, so that the checks after time are reached.
    let scan = Scan { now: UnixTime::from_seconds(signed::NOW), challenge: None };
    act(&Verifier { trust: &trust, status: None, policy: &policy }, &scan);
}

/// A point of the curve whose private key nobody knows: the first small x that has one.
fn nobodys_key() -> VerifyingKey {
    (5_u8..=255)
        .find_map(|x| {
            let mut coordinate = [0; 32];
            if let Some(last) = coordinate.last_mut() {
                *last = x;
            }
            VerifyingKey::decompress(&coordinate, false).ok()
        })
        .unwrap_or_else(|| panic!("half of all x are on the curve"))
}
