//! Invented states, signers and cards: each way to be refused has its own reason.

use eid_crypto::{SigningKey, SystemRandom};
use eid_model::UnixTime;

use super::*;
use crate::{
    ChipError, Hash, PublicKey,
    curve::Curve,
    lds::{DataGroup, LdsFile, SecurityObject, VersionInfo},
    mrz::Mrz,
    tlv::{SEQUENCE, SET, encode},
};

const DAY: i64 = 86_400;
const NOW: UnixTime = UnixTime::from_seconds(1_795_348_800);
const DG1: &[u8] = b"some file";

fn days(days: i64) -> UnixTime {
    NOW.checked_add(days * DAY).unwrap()
}

/// A state with its certificate, and what it issues.
struct State {
    key: Issuer,
    der: Vec<u8>,
}

impl State {
    fn new(curve: Curve, hash: Hash) -> Self {
        let key = Issuer::make(curve, hash, &SystemRandom::new()).unwrap();
        let der = certificate("State", "State", &key, key.public(), CertificateUse::State, (-10, 10)).unwrap();
        Self { key, der }
    }

    fn trusted(&self) -> TrustList {
        let mut trust = TrustList::default();
        assert_eq!(trust.pin(&self.der), Ok(true));
        trust
    }

    fn signer(&self, curve: Curve, hash: Hash, usage: CertificateUse, valid: (i64, i64)) -> Signer {
        let key = Issuer::make(curve, hash, &SystemRandom::new()).unwrap();
        let der = certificate("State", "Signer", &self.key, key.public(), usage, valid).unwrap();
        Signer { key, der }
    }

    fn document_signer(&self) -> Signer {
        self.signer(Curve::Bp256, Hash::Sha256, CertificateUse::DocumentSigner, (-5, 5))
    }
}

struct Signer {
    key: Issuer,
    der: Vec<u8>,
}

impl Signer {
    fn sod(&self, hash: Hash) -> Vec<u8> {
        let object = SecurityObject::over(hash, &[(DataGroup::DG1, DG1)], None);
        Sod::sign(&object, &self.der, &self.key, &SystemRandom::new()).unwrap()
    }
}

fn certificate(
    issuer: &str,
    subject: &str,
    key: &Issuer,
    public_key: &PublicKey,
    usage: CertificateUse,
    valid: (i64, i64),
) -> Result<Vec<u8>, ChipError> {
    let (not_before, not_after) = (days(valid.0), days(valid.1));
    let draft =
        CertificateDraft { serial: 7, issuer, subject, country: "VN", not_before, not_after, usage, public_key };
    draft.sign(key, &SystemRandom::new())
}

fn verdict(sod: &[u8], trust: &TrustList, at: UnixTime) -> Result<VerifiedSod, ChipError> {
    Sod::parse(sod)?.verify(trust, at, Strength::Present)
}

#[test]
fn card_of_a_trusted_state_is_believed() {
    let state = State::new(Curve::Bp512, Hash::Sha512);
    let signer = state.signer(Curve::Bp384, Hash::Sha256, CertificateUse::DocumentSigner, (-5, 5));
    let trust = state.trusted();
    let versions = VersionInfo { lds: "0108".to_owned(), unicode: "040000".to_owned() };
    let object = SecurityObject::over(Hash::Sha256, &[(DataGroup::DG1, DG1)], Some(versions));
    let sod = Sod::sign(&object, &signer.der, &signer.key, &SystemRandom::new()).unwrap();
    let verified = verdict(&sod, &trust, NOW).unwrap();
    assert_eq!((verified.security_object(), verified.country()), (&object, "VN"));
    assert_eq!(verified.signer_not_after(), days(5));
    assert_eq!(verified.check(DataGroup::DG1, DG1), Ok(()));
    assert_eq!(verified.check(DataGroup::DG1, b"some fils"), Err(ChipError::FileChanged(DataGroup::DG1)));
    assert_eq!(verified.check(DataGroup::DG2, DG1), Err(ChipError::FileNotSigned(DataGroup::DG2)));
    let lines = "IDVNM2000000015001200000001<<60001029M2501028VNM<<<<<<<<<<<8NGUYEN<<VAN<A<<<<<<<<<<<<<<<<<";
    let passport = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    assert_eq!(verified.check_state(&Mrz::parse(lines).unwrap()), Ok(()));
    assert_eq!(verified.check_state(&Mrz::parse(passport).unwrap()), Err(ChipError::CertificateMisused));
    assert_eq!(*verified.signer(), Certificate::parse(&signer.der).unwrap().fingerprint());
}

#[test]
fn every_curve_signs_cards() {
    for curve in Curve::ALL {
        let state = State::new(curve, Hash::Sha256);
        let signer = state.signer(curve, Hash::Sha512, CertificateUse::DocumentSigner, (-5, 5));
        let result = verdict(&signer.sod(Hash::Sha256), &state.trusted(), NOW);
        match curve {
            Curve::P192 | Curve::Bp192 => assert_eq!(result.err(), Some(ChipError::AlgorithmWeak), "{curve:?}"),
            _ => assert!(result.is_ok(), "{curve:?}"),
        }
        let old = Sod::parse(&signer.sod(Hash::Sha1)).unwrap().verify(&state.trusted(), NOW, Strength::Legacy);
        assert!(old.is_ok(), "{curve:?}");
    }
}

#[test]
fn times_outside_validity_have_their_reason() {
    let state = State::new(Curve::Bp256, Hash::Sha256);
    let sod = state.document_signer().sod(Hash::Sha256);
    let trust = state.trusted();
    for (at, error) in [
        (0, None),
        (5, None),
        (-5, None),
        (6, Some(ChipError::SignerExpired)),
        (-6, Some(ChipError::SignerExpired)),
        (11, Some(ChipError::CscaExpired)),
        (-11, Some(ChipError::CscaExpired)),
    ] {
        assert_eq!(verdict(&sod, &trust, days(at)).err(), error, "{at}");
    }
}

#[test]
fn strangers_and_forgers_are_told_apart() {
    let (state, other) = (State::new(Curve::Bp256, Hash::Sha256), State::new(Curve::Bp256, Hash::Sha256));
    let sod = state.document_signer().sod(Hash::Sha256);
    assert_eq!(verdict(&sod, &TrustList::default(), NOW).err(), Some(ChipError::CscaUnknown));
    // The same name, another key.
    assert_eq!(verdict(&sod, &other.trusted(), NOW).err(), Some(ChipError::CscaUnknown));
    // A certificate that names the trusted key, but is not signed by it.
    let forged = state.document_signer();
    let mut der = forged.der.clone();
    *der.last_mut().unwrap() ^= 1;
    let sod = Signer { key: forged.key, der }.sod(Hash::Sha256);
    let wrong = ChipError::SignatureWrong(LdsFile::Certificate);
    assert_eq!(verdict(&sod, &state.trusted(), NOW).err(), Some(wrong));
    // Signed with another key than the certificate's.
    let (one, two) = (state.document_signer(), state.document_signer());
    let sod = Signer { key: one.key, der: two.der }.sod(Hash::Sha256);
    assert_eq!(verdict(&sod, &state.trusted(), NOW).err(), Some(ChipError::SignatureWrong(LdsFile::Sod)));
}

/// Hashes signed as something else are not hashes: the type outside is not signed, the attribute inside is.
#[test]
fn content_signed_as_another_type_is_no_card() {
    const OTHER: &[u8] = &[0x06, 0x06, 0x67, 0x81, 0x08, 0x01, 0x01, 0x02];
    const HASHES: &[u8] = &[0x06, 0x06, 0x67, 0x81, 0x08, 0x01, 0x01, 0x01];
    let state = State::new(Curve::Bp256, Hash::Sha256);
    let signer = state.document_signer();
    let content = SecurityObject::over(Hash::Sha256, &[(DataGroup::DG1, DG1)], None).encode();
    let signed = sign_content(&OTHER[2..], &content, &signer.der, &signer.key, &SystemRandom::new()).unwrap();
    let mut sod = encode(0x77, &[&signed]);
    let at = sod.windows(8).position(|window| window == OTHER).unwrap();
    sod[at..at + 8].copy_from_slice(HASHES);
    let wrong = ChipError::SignatureWrong(LdsFile::Sod);
    assert_eq!(verdict(&sod, &state.trusted(), NOW).err(), Some(wrong));
}

#[test]
fn certificates_for_other_uses_sign_no_cards() {
    let state = State::new(Curve::Bp256, Hash::Sha256);
    for usage in [CertificateUse::State, CertificateUse::MasterListSigner] {
        let signer = state.signer(Curve::Bp256, Hash::Sha256, usage, (-5, 5));
        assert_eq!(
            verdict(&signer.sod(Hash::Sha256), &state.trusted(), NOW).err(),
            Some(ChipError::CertificateMisused)
        );
    }
    let signer = state.document_signer();
    let mut trust = state.trusted();
    assert_eq!(trust.pin(&signer.der), Err(ChipError::CertificateMisused));
    // Another country's signer under this state.
    let key = Issuer::make(Curve::Bp256, Hash::Sha256, &SystemRandom::new()).unwrap();
    let usage = CertificateUse::DocumentSigner;
    let (not_before, not_after) = (days(-5), days(5));
    let abroad = CertificateDraft {
        serial: 8,
        issuer: "State",
        subject: "Signer",
        country: "XX",
        not_before,
        not_after,
        usage,
        public_key: key.public(),
    };
    let der = abroad.sign(&state.key, &SystemRandom::new()).unwrap();
    let sod = Signer { key, der }.sod(Hash::Sha256);
    assert_eq!(verdict(&sod, &trust, NOW).err(), Some(ChipError::CertificateMisused));
}

#[test]
fn certificate_that_says_more_or_other_than_it_should_is_refused() {
    let replaced = |der: &[u8], from: &[u8], to: &[u8]| {
        let at = der.windows(from.len()).rposition(|window| window == from).unwrap();
        [&der[..at], to, &der[at + from.len()..]].concat()
    };
    let state = State::new(Curve::Bp256, Hash::Sha256);
    // The use it is made for, critical, becomes an extension that nobody knows.
    let lister = state.signer(Curve::Bp256, Hash::Sha256, CertificateUse::MasterListSigner, (-5, 5));
    let unknown = Certificate::parse(&replaced(&lister.der, &[0x55, 0x1D, 0x25], &[0x55, 0x1D, 0x7F])).unwrap();
    assert_eq!(unknown.check_document_signer(), Err(ChipError::CertificateMisused));
    // An algorithm outside that is not the signed one.
    let sha256 = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
    let other = replaced(&state.der, &sha256, &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03]);
    assert_eq!(Certificate::parse(&other), Err(ChipError::FileMalformed(LdsFile::Certificate)));
    // An extension twice.
    let twice = replaced(&state.der, &[0x55, 0x1D, 0x23], &[0x55, 0x1D, 0x0E]);
    assert_eq!(Certificate::parse(&twice), Err(ChipError::FileMalformed(LdsFile::Certificate)));
}

#[test]
fn weak_algorithms_need_leave() {
    let state = State::new(Curve::Bp256, Hash::Sha256);
    let old_state = State::new(Curve::Bp256, Hash::Sha1);
    let sha1 = |state: &State, hash| {
        let usage = CertificateUse::DocumentSigner;
        (state.trusted(), state.signer(Curve::Bp256, hash, usage, (-5, 5)))
    };
    for ((trust, signer), hashes) in [
        (sha1(&state, Hash::Sha1), Hash::Sha256),
        (sha1(&old_state, Hash::Sha256), Hash::Sha256),
        (sha1(&state, Hash::Sha256), Hash::Sha1),
    ] {
        let sod = signer.sod(hashes);
        assert_eq!(verdict(&sod, &trust, NOW).err(), Some(ChipError::AlgorithmWeak));
        assert!(Sod::parse(&sod).unwrap().verify(&trust, NOW, Strength::Legacy).is_ok());
    }
}

#[test]
fn revoked_signers_are_refused_by_fingerprint_and_by_list() {
    let rng = SystemRandom::new();
    let (state, other) = (State::new(Curve::Bp256, Hash::Sha256), State::new(Curve::Bp256, Hash::Sha256));
    let signer = state.document_signer();
    let sod = signer.sod(Hash::Sha256);
    let revoked = Some(ChipError::SignerRevoked);

    let mut trust = state.trusted();
    trust.revoke(Certificate::parse(&signer.der).unwrap().fingerprint());
    assert_eq!(verdict(&sod, &trust, NOW).err(), revoked);
    let mut trust = state.trusted();
    trust.revoke(Certificate::parse(&state.der).unwrap().fingerprint());
    assert_eq!(verdict(&sod, &trust, NOW).err(), revoked);

    let list = |name, serials: &[u32], at, key| sign_revocation_list(("VN", name), serials, at, key, &rng).unwrap();
    let mut trust = state.trusted();
    let mut add = |bytes: &[u8]| trust.add_revocation_list(bytes, NOW, Strength::Present);
    assert_eq!(add(&list("State", &[6, 8], NOW, &state.key)), Ok(2));
    assert_eq!(add(&list("State", &[7], days(1), &state.key)), Err(ChipError::TrustListRefused));
    assert_eq!(add(&list("Nobody", &[7], NOW, &state.key)), Err(ChipError::CscaUnknown));
    let wrong = ChipError::SignatureWrong(LdsFile::RevocationList);
    assert_eq!(add(&list("State", &[7], NOW, &other.key)), Err(wrong));
    let good = list("STATE", &[7], NOW, &state.key);
    for end in 0..good.len() {
        assert_eq!(add(&good[..end]), Err(ChipError::FileMalformed(LdsFile::RevocationList)), "{end}");
    }
    assert!(verdict(&sod, &trust, NOW).is_ok());
    // The name's capitals do not matter.
    assert_eq!(trust.add_revocation_list(&good, NOW, Strength::Present), Ok(1));
    assert_eq!(verdict(&sod, &trust, NOW).err(), revoked);
}

#[test]
fn state_with_a_new_key_is_followed_by_link() {
    let old = State::new(Curve::Bp256, Hash::Sha256);
    let new = State::new(Curve::Bp384, Hash::Sha384);
    let sod = new.document_signer().sod(Hash::Sha256);
    let link = |valid| certificate("State", "State", &old.key, new.key.public(), CertificateUse::State, valid).unwrap();
    let mut trust = old.trusted();
    assert_eq!(trust.add_link(&new.der, NOW, Strength::Present), Err(ChipError::CscaUnknown), "signed by itself only");
    assert_eq!(trust.add_link(&link((-9, -8)), NOW, Strength::Present), Err(ChipError::CscaExpired));
    let signer = old.document_signer();
    assert_eq!(trust.add_link(&signer.der, NOW, Strength::Present), Err(ChipError::CertificateMisused));
    assert_eq!(verdict(&sod, &trust, NOW).err(), Some(ChipError::CscaUnknown));
    let good = link((-9, 9));
    assert_eq!(trust.add_link(&good, NOW, Strength::Present), Ok(true));
    assert_eq!(trust.add_link(&good, NOW, Strength::Present), Ok(false));
    assert!(verdict(&sod, &trust, NOW).is_ok());
    assert!(verdict(&old.document_signer().sod(Hash::Sha256), &trust, NOW).is_ok());
}

#[test]
fn master_list_of_a_trusted_state_brings_others() {
    const MASTER_LIST: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x02];
    let rng = SystemRandom::new();
    let (state, other) = (State::new(Curve::Bp256, Hash::Sha256), State::new(Curve::Bp512, Hash::Sha512));
    let mut bad = other.der.clone();
    bad[8] ^= 0x40;
    let signer_der = state.document_signer().der;
    let list = [state.der.as_slice(), &other.der, &other.der, &bad, &signer_der].concat();
    let content = encode(SEQUENCE, &[&[2, 1, 0], &encode(SET, &[&list])]);
    let sign = |signer: &Signer| sign_content(MASTER_LIST, &content, &signer.der, &signer.key, &rng).unwrap();
    let lister = state.signer(Curve::P256, Hash::Sha256, CertificateUse::MasterListSigner, (-5, 5));
    let signed = sign(&lister);

    let mut trust = state.trusted();
    let imported = trust.import_master_list(&signed, &[], NOW, Strength::Present).unwrap();
    assert_eq!(imported, Imported { added: 1, known: 2, unwanted: 0, unusable: 2 });
    assert!(verdict(&other.document_signer().sod(Hash::Sha256), &trust, NOW).is_ok());

    let mut trust = state.trusted();
    let imported = trust.import_master_list(&signed, &["XX"], NOW, Strength::Present).unwrap();
    assert_eq!((imported.added, imported.unwanted), (0, 4));
    for (trust, bytes, at, error) in [
        (other.trusted(), signed.clone(), NOW, ChipError::CscaUnknown),
        (state.trusted(), signed.clone(), days(6), ChipError::SignerExpired),
        (state.trusted(), sign(&state.document_signer()), NOW, ChipError::CertificateMisused),
        (state.trusted(), vec![0x30, 0x80, 0, 0], NOW, ChipError::FileMalformed(LdsFile::MasterList)),
    ] {
        let before = trust.anchors().len();
        let mut trust = trust;
        assert_eq!(trust.import_master_list(&bytes, &[], at, Strength::Present), Err(error));
        assert_eq!(trust.anchors().len(), before);
    }
}

#[test]
fn trust_file_of_the_platform_is_pinned_dated_and_rises() {
    let (root, stranger) = (SigningKey::make().unwrap(), SigningKey::make().unwrap());
    let state = State::new(Curve::Bp256, Hash::Sha256);
    let signer = state.document_signer();
    let revoked = [Certificate::parse(&signer.der).unwrap().fingerprint()];
    let trusted = [state.der.as_slice()];
    let draft =
        TrustFileDraft { version: 3, made_at: days(-1), good_until: days(1), trusted: &trusted, revoked: &revoked };
    let file = draft.sign(&root).unwrap();
    let roots = [*stranger.public(), *root.public()];
    let (trust, version) = TrustList::parse_signed(&file, &roots, NOW, Some(2)).unwrap();
    assert_eq!((version, trust.anchors().len()), (3, 1));
    assert_eq!(verdict(&signer.sod(Hash::Sha256), &trust, NOW).err(), Some(ChipError::SignerRevoked));
    assert!(verdict(&state.document_signer().sod(Hash::Sha256), &trust, NOW).is_ok(), "another signer is not revoked");

    let refused = ChipError::TrustListRefused;
    let wrong = ChipError::SignatureWrong(LdsFile::TrustList);
    for (roots, at, newer_than, error) in [
        (&roots[..1], NOW, None, wrong),
        (&[], NOW, None, wrong),
        (&roots, days(2), None, refused),
        (&roots, days(-2), None, refused),
        (&roots, NOW, Some(3), refused),
    ] {
        assert_eq!(TrustList::parse_signed(&file, roots, at, newer_than).err(), Some(error));
    }
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(TrustList::parse_signed(&changed, &roots, NOW, None).is_err(), "{at}");
    }
}

/// One self-signed certificate for each pair of algorithm and key of a published master list: all with explicit
/// parameters of curves but three.
#[test]
fn real_states_certificates_verify() {
    let text = include_str!("../../../../../tests/vectors/chip/csca.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let rows = file["certificates"].as_array().unwrap();
    assert_eq!(rows.len(), 28);
    for row in rows {
        let name = format!("{} {} {}", row["country"], row["signature"], row["key"]);
        let der = crate::curve::unhex(row["der"].as_str().unwrap());
        let certificate = Certificate::parse(&der).unwrap();
        assert_eq!(certificate.check_authority(), Ok(()), "{name}");
        assert_eq!(certificate.verify_issued_by(&certificate, Strength::Legacy), Ok(()), "{name}");
        let weak = if row["signature"].as_str().unwrap().to_lowercase().contains("sha1") {
            Err(ChipError::AlgorithmWeak)
        } else {
            Ok(())
        };
        assert_eq!(certificate.verify_issued_by(&certificate, Strength::Present), weak, "{name}");
        let mut changed = der.clone();
        *changed.last_mut().unwrap() ^= 1;
        let changed = Certificate::parse(&changed).unwrap();
        let wrong = Err(ChipError::SignatureWrong(LdsFile::Certificate));
        assert_eq!(changed.verify_issued_by(&changed, Strength::Legacy), wrong, "{name}");
    }
    let vietnam = rows.iter().find(|row| row["country"] == "VN").unwrap();
    let mut trust = TrustList::default();
    assert_eq!(trust.pin(&crate::curve::unhex(vietnam["der"].as_str().unwrap())), Ok(true));
    assert_eq!(trust.anchors()[0].country().as_deref(), Some("VN"));
}

#[test]
fn rsa_signatures_of_openssl_verify() {
    use super::{rsa::Pss, signature::SignatureAlgorithm};
    let text = include_str!("../../../../../tests/vectors/chip/rsa-openssl.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let unhex = |value: &serde_json::Value| crate::curve::unhex(value.as_str().unwrap());
    let hash = |value: &serde_json::Value| match value.as_str().unwrap() {
        "sha1" => Hash::Sha1,
        "sha224" => Hash::Sha224,
        "sha256" => Hash::Sha256,
        "sha384" => Hash::Sha384,
        _ => Hash::Sha512,
    };
    let message = unhex(&file["message"]);
    for row in file["vectors"].as_array().unwrap() {
        let key = PublicKey::parse(&unhex(&row["spki"])).unwrap();
        let signature = unhex(&row["signature"]);
        let pss = |salt_length| Pss { hash: hash(&row["hash"]), mask_hash: hash(&row["mask"]), salt_length };
        let salt = usize::try_from(row["salt"].as_u64().unwrap_or(0)).unwrap();
        let (right, wrong) = match row["padding"].as_str().unwrap() {
            "v15" => {
                let other = if row["hash"] == "sha256" { Hash::Sha384 } else { Hash::Sha256 };
                (SignatureAlgorithm::RsaV15(hash(&row["hash"])), SignatureAlgorithm::RsaV15(other))
            }
            _ => (SignatureAlgorithm::RsaPss(pss(salt)), SignatureAlgorithm::RsaPss(pss(salt + 1))),
        };
        let name = format!("{} {} {}", row["padding"], row["hash"], row["salt"]);
        assert!(key.verifies(right, &[&message], &signature), "{name}");
        assert!(key.verifies(right, &[&message[..3], &message[3..]], &signature), "{name}");
        assert!(!key.verifies(wrong, &[&message], &signature), "{name}");
        assert!(!key.verifies(right, &[&message, b"!"], &signature), "{name}");
        for at in [0, 1, signature.len() / 2, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert!(!key.verifies(right, &[&message], &changed), "{name} {at}");
        }
        assert!(!key.verifies(right, &[&message], &signature[1..]), "{name}");
    }
}

#[test]
fn static_key_of_the_mapping_is_believed_only_when_a_trusted_state_signed_it() {
    const SECURITY_OBJECT: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x03, 0x02, 0x01];
    let (state, rng) = (State::new(Curve::Bp512, Hash::Sha512), SystemRandom::new());
    let signer = state.document_signer();
    let content = crate::CCCD_CARD_ACCESS;
    let sign = |kind, content: &[u8]| sign_content(kind, content, &signer.der, &signer.key, &rng).unwrap();
    let verified = |file: &[u8], trust: &TrustList, at| CardSecurity::parse(file)?.verify(trust, at, Strength::Present);
    let file = sign(SECURITY_OBJECT, content);
    let infos = verified(&file, &state.trusted(), NOW).unwrap();
    assert_eq!(Ok(infos), crate::SecurityInfos::parse(content));
    let other = State::new(Curve::Bp512, Hash::Sha512).trusted();
    let mut changed = file.clone();
    let at = file.windows(content.len()).position(|bytes| bytes == content).unwrap() + content.len() - 1;
    changed[at] ^= 1;
    let malformed = ChipError::FileMalformed(LdsFile::CardSecurity);
    for (file, trust, at, expected) in [
        (file.clone(), other, NOW, ChipError::CscaUnknown),
        (file.clone(), TrustList::default(), NOW, ChipError::CscaUnknown),
        (file.clone(), state.trusted(), days(6), ChipError::SignerExpired),
        (changed, state.trusted(), NOW, ChipError::SignatureWrong(LdsFile::CardSecurity)),
        (sign(Sod::SECURITY_OBJECT, content), state.trusted(), NOW, malformed),
        (sign(SECURITY_OBJECT, b"no infos"), state.trusted(), NOW, malformed),
        (file[..file.len() - 1].to_vec(), state.trusted(), NOW, malformed),
    ] {
        assert_eq!(verified(&file, &trust, at).err(), Some(expected));
    }
}
