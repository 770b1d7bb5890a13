//! The same certificates and documents, and damaged ones, read by the crates `x509-cert` and `cms`: what both take has the same
//! parts, and our reader takes nothing that says something else to them.

use cms::{cert::CertificateChoices, content_info::ContentInfo, signed_data::SignedData as TheirSignedData};
use x509_cert::{
    Certificate as TheirCertificate,
    der::{Decode as _, Encode as _},
};

use super::{Certificate, Sod, signed_data::SignedData};
use crate::{curve::unhex, lds::LdsFile, tlv::Tlv};

/// How two readers of the same bytes compare.
#[derive(Debug, Default)]
struct Tally {
    both: u32,
    neither: u32,
    only_ours: u32,
    only_theirs: u32,
}

impl Tally {
    fn add(&mut self, ours: bool, theirs: bool) {
        *match (ours, theirs) {
            (true, true) => &mut self.both,
            (false, false) => &mut self.neither,
            (true, false) => &mut self.only_ours,
            (false, true) => &mut self.only_theirs,
        } += 1;
    }
}

/// The certificates of states, with explicit parameters and each kind of signature.
fn states() -> Vec<Vec<u8>> {
    let text = include_str!("../../../../../tests/vectors/chip/csca.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    file["certificates"].as_array().unwrap().iter().map(|row| unhex(row["der"].as_str().unwrap())).collect()
}

/// The signed documents of two published sets and a third one's, over SHA-1.
fn documents() -> Vec<Vec<u8>> {
    let text = include_str!("../../../../../tests/vectors/chip/ca-aa-lds.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let set = |id: &str| unhex(file["lds"]["sets"][id]["sod"].as_str().unwrap());
    let third = include_bytes!("../../../../../tests/vectors/chip/bsi2008/EF_SOD.bin");
    vec![set("BSI-TR-03105-5"), set("ETSI"), third.to_vec()]
}

/// The bytes as they are, and with each single byte changed.
fn damaged(good: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let changed = (0..good.len()).map(|at| {
        let mut bytes = good.to_vec();
        bytes[at] ^= if at % 2 == 0 { 1 } else { 0xA0 };
        bytes
    });
    [good.to_vec()].into_iter().chain(changed)
}

fn compare(ours: &Certificate, theirs: &TheirCertificate) {
    let signed = theirs.tbs_certificate();
    assert_eq!(ours.as_der(), theirs.to_der().unwrap(), "the certificate");
    assert_eq!(ours.serial(), signed.serial_number().as_bytes(), "serial number");
    let parts = (signed.to_der().unwrap(), theirs.signature().as_bytes().unwrap());
    assert_eq!(ours.signed_and_signature(), (parts.0.as_slice(), parts.1), "what is signed, and the signature");
    let seconds = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap();
    assert_eq!(ours.not_before().seconds(), seconds(signed.validity().not_before), "not before");
    assert_eq!(ours.not_after().seconds(), seconds(signed.validity().not_after), "not after");
    assert_eq!(ours.subject(), signed.subject().to_der().unwrap(), "subject");
    assert_eq!(ours.issuer(), signed.issuer().to_der().unwrap(), "issuer");
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are part of what is shown")]
fn certificates_have_the_same_parts_for_another_reader() {
    let (mut whole, mut tally) = (0, Tally::default());
    for good in states() {
        for bytes in damaged(&good) {
            let (ours, theirs) = (Certificate::parse(&bytes), TheirCertificate::from_der(&bytes));
            tally.add(ours.is_ok(), theirs.is_ok());
            if bytes == good {
                assert!(ours.is_ok() && theirs.is_ok());
                whole += 1;
            }
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                compare(&ours, &theirs);
            }
        }
    }
    println!("{whole} certificates, and each with one byte changed: {tally:?}");
    assert!(tally.both > 20_000 && tally.neither > 2_000, "{tally:?}");
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are part of what is shown")]
fn signed_documents_have_the_same_parts_for_another_reader() {
    let (mut whole, mut tally) = (0, Tally::default());
    for good in documents() {
        let inside = Tlv::expect(0x77, &good).unwrap();
        for bytes in damaged(inside) {
            let ours = SignedData::parse(&bytes, Sod::SECURITY_OBJECT, LdsFile::Sod);
            let theirs = ContentInfo::from_der(&bytes).and_then(|info| info.content.decode_as::<TheirSignedData>());
            tally.add(ours.is_ok(), theirs.is_ok());
            if bytes == inside {
                assert!(ours.is_ok() && theirs.is_ok());
                whole += 1;
            }
            let (Ok(ours), Ok(theirs)) = (ours, theirs) else { continue };
            let content = theirs.encap_content_info.econtent.unwrap();
            assert_eq!(ours.content, content.value(), "content");
            let certificates = theirs.certificates.map(|set| set.0.into_vec()).unwrap_or_default();
            for certificate in certificates {
                let CertificateChoices::Certificate(certificate) = certificate else { panic!("another kind") };
                let der = certificate.to_der().unwrap();
                compare(&Certificate::parse(&der).unwrap(), &certificate);
                assert!(ours.signer().map_or(true, |own| own.as_der() == der), "signer");
            }
            let [signer] = theirs.signer_infos.0.as_slice() else { panic!("several signers") };
            let attributes = signer.signed_attrs.to_der().unwrap();
            let parts = (attributes.as_slice(), signer.signature.as_bytes());
            assert_eq!(ours.attributes_and_signature(), parts, "attributes and signature");
        }
    }
    println!("{whole} documents, and each with one byte changed: {tally:?}");
    assert!(tally.both > 2_000 && tally.neither > 200, "{tally:?}");
}
