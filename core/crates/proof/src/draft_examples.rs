//! The SD-CWT draft's own key-binding tokens, read by the layers below our profile: strict CBOR, COSE, disclosures.
//!
//! The profile refuses them (ES384 issuer, web addresses as audience, other claims); see `tests/it/vectors.rs`. The examples
//! also carry `sd_alg`, and hash each disclosure *with* the head of its byte string, while the draft's text, the `sd-cwt`
//! crate and the design's own vectors hash the content alone (ADR 0003).

use eid_crypto::hash::sha256;

use crate::{
    cbor::{Key, Reader, Writer},
    cose::{self, Sign1},
    error::Malformed,
    labels,
};

const EXAMPLES: [&[u8]; 2] = [
    include_bytes!("../../../../tests/vectors/proof/sd-cwt-draft-kbt.cbor"),
    include_bytes!("../../../../tests/vectors/proof/sd-cwt-draft-nested-kbt.cbor"),
];

/// The encoded issuer token inside a proof's protected header.
fn issuer_token(protected: &[u8]) -> Result<&[u8], Malformed> {
    let mut found = None;
    Reader::whole(protected, |reader| {
        reader.map(|reader, key| {
            let raw = reader.any()?;
            if key == Key::Int(labels::KCWT) {
                found = Some(raw);
            }
            Ok(())
        })
    })?;
    found.ok_or(Malformed)
}

/// The disclosures of an issuer token, unread.
fn disclosures<'b>(reader: &mut Reader<'b>) -> Result<Vec<&'b [u8]>, Malformed> {
    let mut found = Vec::new();
    reader.map(|reader, key| {
        assert_eq!(key, Key::Int(labels::SD_CLAIMS));
        let count = reader.array()?;
        for _ in 0..count {
            found.push(reader.bytes()?);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The holder's key out of a payload whose other claims are not ours.
fn holder_key(payload: &[u8]) -> Result<eid_crypto::VerifyingKey, Malformed> {
    let mut found = None;
    Reader::whole(payload, |reader| {
        reader.map(|reader, key| {
            if key != Key::Int(labels::CNF) {
                return reader.any().map(drop);
            }
            reader.map(|reader, _| {
                found = Some(cose::read_key(reader)?);
                Ok(())
            })
        })
    })?;
    found.ok_or(Malformed)
}

#[test]
fn structure_and_holder_signature_of_the_examples_hold() {
    for example in EXAMPLES {
        let (outer, ()) = Reader::whole(example, |r| Sign1::read(r, cose::no_unprotected)).unwrap();
        let token = issuer_token(outer.protected).unwrap();
        let (inner, shown) = Reader::whole(token, |r| Sign1::read(r, disclosures)).unwrap();
        outer.verify(&holder_key(inner.payload).unwrap()).unwrap();
        assert_eq!(inner.signature.len(), 96, "ES384, outside the profile");
        assert!(shown.len() >= 3);

        let mut changed = example.to_vec();
        changed[example.len() - 70] ^= 1;
        let (bad, ()) = Reader::whole(&changed, |r| Sign1::read(r, cose::no_unprotected)).unwrap();
        assert!(bad.verify(&holder_key(inner.payload).unwrap()).is_err());
    }
}

#[test]
fn each_disclosure_of_the_examples_is_signed_with_its_head() {
    for example in EXAMPLES {
        let (outer, ()) = Reader::whole(example, |r| Sign1::read(r, cose::no_unprotected)).unwrap();
        let (inner, shown) =
            Reader::whole(issuer_token(outer.protected).unwrap(), |r| Sign1::read(r, disclosures)).unwrap();
        let contains = |bytes: &[u8], hash: &[u8]| bytes.windows(32).any(|window| window == hash);
        for disclosure in &shown {
            let mut with_head = Writer::new();
            with_head.bytes(disclosure);
            let hash = sha256(&with_head.finish());
            // Nested redactions stand in another disclosure, the rest in the payload.
            assert!(contains(inner.payload, &hash) || shown.iter().any(|other| contains(other, &hash)));
            assert!(!contains(inner.payload, &sha256(disclosure)));
        }
    }
}
