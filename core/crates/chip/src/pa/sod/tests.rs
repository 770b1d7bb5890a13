//! Both complete third-party documents, and what is wrong with altered ones.
#![expect(clippy::string_slice, reason = "hexadecimal text is ASCII")]

use super::*;
use crate::{
    Hash,
    curve::unhex,
    lds::{Dg1, Dg14, Dg15},
};

/// A set of `tests/vectors/chip/ca-aa-lds.json`: SOD, DG1, DG14, DG15.
fn set(id: &str) -> serde_json::Value {
    let text = include_str!("../../../../../../tests/vectors/chip/ca-aa-lds.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    file["lds"]["sets"][id].clone()
}

fn file(set: &serde_json::Value, name: &str) -> Vec<u8> {
    unhex(set[name].as_str().unwrap())
}

/// The SOD with its hexadecimal text changed once, at the `nth` place where it has `from`.
fn altered(from: &str, nth: usize, to: &str) -> Vec<u8> {
    let text = set("ETSI")["sod"].as_str().unwrap().to_owned();
    let at = text.match_indices(from).nth(nth).unwrap_or_else(|| panic!("{from} {nth}")).0;
    unhex(&format!("{}{to}{}", &text[..at], &text[at + from.len()..]))
}

fn verdict(sod: &[u8]) -> Result<(), ChipError> {
    Sod::parse(sod)?.verify_signature(Strength::Present)
}

#[test]
fn third_party_documents_verify() {
    for (id, groups, dg15) in
        [("BSI-TR-03105-5", &[1, 2, 3, 14, 4][..], None), ("ETSI", &[1, 2, 3, 14, 15, 4], Some("dg15"))]
    {
        let set = set(id);
        let sod = Sod::parse(&file(&set, "sod")).unwrap();
        assert_eq!(sod.verify_signature(Strength::Present), Ok(()), "{id}");
        let signer = sod.signer().unwrap();
        assert_eq!(signer.country().as_deref(), Some("DE"));
        let object = sod.security_object().clone();
        assert_eq!((object.algorithm, object.versions.clone()), (Hash::Sha256, None));
        assert_eq!(object.hashes.iter().map(|(group, _)| group.number()).collect::<Vec<_>>(), groups);
        let verified = VerifiedSod {
            object,
            country: "DE".to_owned(),
            signer: signer.fingerprint(),
            signer_not_after: signer.not_after(),
        };
        let files = [(DataGroup::DG1, Some("dg1")), (DataGroup::DG14, Some("dg14")), (DataGroup::DG15, dg15)];
        for (group, name) in files.into_iter().filter_map(|(group, name)| Some((group, name?))) {
            let mut bytes = file(&set, name);
            assert_eq!(verified.check(group, &bytes), Ok(()), "{id} {name}");
            *bytes.last_mut().unwrap() ^= 1;
            assert_eq!(verified.check(group, &bytes), Err(ChipError::FileChanged(group)), "{id} {name}");
        }
        assert_eq!(verified.check(DataGroup::DG13, b""), Err(ChipError::FileNotSigned(DataGroup::DG13)));
        assert_eq!(Dg1::parse(&file(&set, "dg1")).unwrap().mrz.issuing_state(), "D");
        assert_eq!(Dg14::parse(&file(&set, "dg14")).unwrap().infos.keys.len(), 1);
        // Nobody published the state's certificate of these sets.
        let at = signer.not_before();
        assert_eq!(sod.verify(&TrustList::default(), at, Strength::Present).err(), Some(ChipError::CscaUnknown));
    }
    let dg15 = file(&set("ETSI"), "dg15");
    assert!(Dg15::parse(&dg15).is_ok());
    let even = unhex(&set("ETSI")["dg15"].as_str().unwrap().replace("0203010001", "0203010002"));
    assert_ne!(even, dg15);
    assert_eq!(Dg15::parse(&even), Err(ChipError::Unsupported));
}

#[test]
fn altered_document_is_refused_for_what_is_wrong() {
    const SHA256: &str = "300d06096086480165030402010500";
    let malformed = ChipError::FileMalformed(LdsFile::Sod);
    let unsigned = ChipError::SignatureWrong(LdsFile::Sod);
    let signature = |text: &str| text[text.len() - 8..].to_owned();
    let end = signature(set("ETSI")["sod"].as_str().unwrap());
    let other_end = format!("{}5d", &end[..6]);
    for (what, from, nth, to, error) in [
        ("another tag", "77820790", 0, "78820790", malformed),
        ("not signed data, but a type of PKCS #8", "2a864886f70d010702", 0, "2a864886f70d010802", malformed),
        ("not signed data, but signed and enveloped", "2a864886f70d010702", 0, "2a864886f70d010704", malformed),
        ("signed data of version 1", "020103310f", 0, "020101310f", malformed),
        ("signed data of version 2", "020103310f", 0, "020102310f", malformed),
        ("signed data of version 4", "020103310f", 0, "020104310f", malformed),
        ("content of another type", "0606678108010101a0", 0, "0606678108010105a0", malformed),
        ("hashes of version 2", "3081ff020100", 0, "3081ff020102", malformed),
        ("hashes of version -1", "3081ff020100", 0, "3081ff0201ff", malformed),
        ("hashes of version 1 without its words", "3081ff020100", 0, "3081ff020101", malformed),
        ("a group twice", "3025020102", 0, "3025020101", malformed),
        ("group 0", "3025020101", 0, "3025020100", malformed),
        ("group 17", "3025020101", 0, "3025020111", malformed),
        ("hashes of another length than said", SHA256, 1, "300d06096086480165030402030500", malformed),
        ("hashes of an unknown function", SHA256, 1, "300d06096086480165030402090500", ChipError::AlgorithmUnknown),
        (
            "signer's digest of an unknown function",
            SHA256,
            6,
            "300d06096086480165030402090500",
            ChipError::AlgorithmUnknown,
        ),
        ("changed hash of DG1", "51b6fc0e", 0, "51b6fc0f", unsigned),
        ("changed hash of DG14", "a1a7b228", 0, "a1a7b229", unsigned),
        ("changed end of the signature", &end, 0, &other_end, unsigned),
    ] {
        assert_eq!(verdict(&altered(from, nth, to)), Err(error), "{what}");
    }
    let sod = file(&set("ETSI"), "sod");
    assert_eq!(verdict(&[sod.clone(), vec![0]].concat()), Err(malformed), "a byte more");
    for end in 0..sod.len() {
        assert_eq!(verdict(&sod[..end]), Err(malformed), "cut at {end}");
    }
    assert_eq!(verdict(&vec![0x77; 70_000]), Err(malformed), "too long");
}

/// What stands behind the certificate is the signer's info: no bit of it may change without being seen.
#[test]
fn any_bit_of_hashes_and_signer_changed_is_seen() {
    let sod = file(&set("ETSI"), "sod");
    let certificate = Sod::parse(&sod).unwrap().signer().unwrap().as_der().to_vec();
    let start = sod.windows(certificate.len()).position(|window| window == certificate).unwrap();
    let outside = (0..start).chain(start + certificate.len()..sod.len());
    let mut seen = 0;
    for at in outside {
        for bit in [0x01, 0x80] {
            let mut changed = sod.clone();
            changed[at] ^= bit;
            if let Ok(accepted) =
                Sod::parse(&changed).and_then(|sod| sod.verify_signature(Strength::Present).map(|()| sod))
            {
                // Only what is neither signed nor meant: the list of digests, versions, the name's spelling.
                assert_eq!(accepted.signed.content, Sod::parse(&sod).unwrap().signed.content, "{at}");
            } else {
                seen += 1;
            }
        }
    }
    assert!(seen > 1_100, "{seen}");
}

#[test]
fn document_in_pieces_verifies_as_whole() {
    let sod = file(&set("ETSI"), "sod");
    let content = Sod::parse(&sod).unwrap().signed.content;
    let whole = crate::tlv::encode(4, &[&content]);
    let (left, right) = content.split_at(content.len() / 2);
    let pieces =
        [&[0x24, 0x80][..], &crate::tlv::encode(4, &[left]), &crate::tlv::encode(4, &[right]), &[0, 0]].concat();
    let ber = indefinite(&sod[4..], &whole, &pieces);
    let sod = crate::tlv::encode(0x77, &[&ber]);
    assert_eq!(verdict(&sod), Ok(()));
}

/// The object with indefinite lengths down to the content, which is replaced.
fn indefinite(object: &[u8], content: &[u8], with: &[u8]) -> Vec<u8> {
    if object == content {
        return with.to_vec();
    }
    if !object.windows(content.len()).any(|window| window == content) {
        return object.to_vec();
    }
    let parsed = Tlv::only(object).unwrap();
    let mut out = vec![object[0], 0x80];
    for child in parsed.children() {
        out.extend(indefinite(child.unwrap().whole, content, with));
    }
    out.extend([0, 0]);
    out
}

#[test]
fn old_reference_document_is_whole_but_weak() {
    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../../../../../../tests/vectors/chip/bsi2008/", $name)).as_slice()
        };
    }
    let sod = Sod::parse(file!("EF_SOD.bin")).unwrap();
    assert_eq!(sod.verify_signature(Strength::Present), Err(ChipError::AlgorithmWeak));
    assert_eq!(sod.verify_signature(Strength::Legacy), Ok(()));
    let listed = crate::lds::Com::parse(file!("EF_COM.bin")).unwrap().groups;
    assert_eq!(listed, sod.object.hashes.iter().map(|(group, _)| *group).collect::<Vec<_>>());
    let groups = [
        (DataGroup::DG1, file!("Datagroup1.bin")),
        (DataGroup::DG2, file!("Datagroup2.bin")),
        (DataGroup::DG14, file!("Datagroup14.bin")),
    ];
    for (group, bytes) in groups {
        assert_eq!(sod.object.find(group), Some(sod.object.algorithm.digest(&[bytes]).as_slice()), "{group:?}");
    }
    // The picture is also in the hashes of the ETSI document, with SHA-256.
    let etsi = Sod::parse(&file(&set("ETSI"), "sod")).unwrap();
    assert_eq!(etsi.object.find(DataGroup::DG2), Some(Hash::Sha256.digest(&[file!("Datagroup2.bin")]).as_slice()));
}
