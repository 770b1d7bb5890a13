//! Fuzz bodies, one per parser of foreign bytes. The same bodies run under libFuzzer (`tests/fuzz/libfuzzer`) and, over the
//! corpus and mutations of it, as an ordinary test on a stable toolchain.
//!
//! A body may not panic, whatever the bytes; what else must hold is asserted inside.
#![expect(clippy::panic, clippy::missing_panics_doc, reason = "a body reports a finding by panicking")]

mod database;
mod signed;

use eid_crypto::VerifyingKey;
use eid_model::{Code, UnixTime};
use eid_proof::{
    HeldToken, MemoryReplayCache, Outcome, Policy, Scan, StatusSnapshot, TrustList, Verdict, Verifier, decode_text,
};

pub use database::vault_database;
pub use signed::{signed_proof, signed_trust_list};

/// A named body.
pub type Target = (&'static str, fn(&[u8]));

/// All bodies. The names are those of the corpus folders and of the libFuzzer targets.
pub const TARGETS: [Target; 8] = [
    ("text", text),
    ("cbor", cbor),
    ("trust_list", trust_list),
    ("signed_proof", signed_proof),
    ("signed_trust_list", signed_trust_list),
    ("platform_answer", platform_answer),
    ("vault_files", vault_files),
    ("vault_database", vault_database),
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

/// The small files beside the store.
pub fn vault_files(data: &[u8]) {
    if let Ok(envelope) = eid_vault::Envelope::parse(data) {
        assert_eq!(envelope.encode(), data, "one spelling only");
    }
    if let Ok(guard) = eid_vault::GuardRecord::parse(data) {
        assert_eq!(guard.encode(), data, "one spelling only");
    }
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
