//! Writes the corpus's seeds: `cargo run -p eid-fuzz --example seeds -- tests/fuzz/corpus`.
#![expect(clippy::expect_used, reason = "a tool that may stop")]

mod counter;

use std::{fs, path::Path, sync::Arc};

use eid_crypto::{Passcode, SecretBytes, SecretKey, SigningKey, SystemRandom, kdf::KdfCost};
use eid_model::UnixTime;
use eid_proof::{
    Audience, Claim, ClaimValue, Claims, HeldToken, KeyUse, Purpose, Showing, Spelling, Status, StatusListDraft,
    StatusReference, TokenDraft, TrustListDraft, TrustedKey, bundle_status_lists, encode_text, issue_token,
};
use eid_vault::{Act, Collection, Envelope, EnvelopeBinding, Factor, HistoryEntry, Vault};

const NOW: UnixTime = UnixTime::from_seconds(1_795_348_800);

/// The claims of a signed configuration, each with something in it.
const CONFIGURATION: &str = r#"{"iss":"e.example","iat":1795348800,"exp":1797940800,"version":7,"csca":["MAA"],"crls":["MAI","MAM"],
"face_key":{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"},
"acts":[{"act":"change_phone","level":3,"max_age_s":300},{"act":"show_proof","level":2,"max_age_s":0}],
"maintenance":{"from":1795348900,"to":1795349000},
"update":{"blocked":["1.2.3"],"required_below":"1.0.0","urgent_below":"1.1.0","recommended_below":"65535.0.1"}}"#;

/// What authorities and the platform sign, and a page.
const RECORD_FEED: [(&str, &str); 6] = [
    (
        "record",
        r#"{"pid":"000199000123","kind":"bank_account","id":"acc-1","authority":"bank","as_of":7,"status":"ok","form":{"bank":"970436","account_number":"0011001932418"}}"#,
    ),
    ("gone", r#"{"pid":"000199000123","kind":"tax","id":"t","authority":"tax_office","as_of":8}"#),
    (
        "refused",
        r#"{"pid":"000199000123","kind":"bank_account","record":"acc-1","authority":"bank","update":"u-1","round":0,"step":2,"at":9,"says":"refused","reason":{"code":8201,"path":"holder_name","note":"x"},"appeal_until":99}"#,
    ),
    (
        "supplement",
        r#"{"pid":"000199000123","kind":"bank_account","record":"acc-1","authority":"bank","update":"u-1","round":0,"step":1,"at":9,"says":"supplement","reason":{"code":8204},"due_at":99}"#,
    ),
    (
        "receipt",
        r#"{"iss":"e.example","sub":"a","jti":"u","round":1,"dossier":"H-7","kind":"tax","record":"r","received_at":8,"inner":"3n0bchoeBjK3zwTt9QMsjs_6n5oISSFSuSbxpafnZdc","evidence":[]}"#,
    ),
    (
        "page",
        r#"{"changes":[{"record":{"pid":"000199000123"},"signature":"e30..AAAA"},{"gone":{},"signature":""}],"next":"c-1","more":true}"#,
    ),
];

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let place = Path::new(&folder).join(target);
        fs::create_dir_all(&place).expect("folder");
        fs::write(place.join(name), bytes).expect("seed");
    };
    let key = SigningKey::make().expect("key");
    for purpose in [Purpose::Age, Purpose::Id, Purpose::Flex] {
        let (token, proof) = proof(purpose, &key);
        let name = purpose.name();
        write("cbor", &format!("{name}-token"), &token);
        write("cbor", &format!("{name}-proof"), &proof);
        write("text", &format!("{name}-digits"), encode_text(&proof, Spelling::Digits).as_bytes());
        write("text", &format!("{name}-base45"), encode_text(&proof, Spelling::Base45).as_bytes());
    }
    for (name, text) in [
        ("card", "000199000001||NGUYỄN VĂN A|01011990|Nam|Hà Nội|01012021"),
        ("vietqr", "00020101021238570010A000000727"),
        ("hc1", "HC1:NCFOXN"),
        ("telex", "VN1:ÂƯÔ7041"),
        ("short", "7041"),
    ] {
        write("text", name, text.as_bytes());
    }
    write("trust_list", "list", &trust_list(&key));
    write("trust_list", "snapshot", &bundle_status_lists(&[status_list(&key)]));
    write_signed_parts(&write, &key);
    counter::write_codes(&write, &key);
    for (name, json) in [
        ("problem", r#"{"type":"about:blank","title":"Bad Request","status":400,"code":2010,"tries_left":4}"#),
        ("started", r#"{"activation_id":"AbCdEfGh12345678","code_expires_at":1795349100}"#),
        ("nonce", r#"{"c_nonce":"AbCdEfGh12345678"}"#),
        ("token", r#"{"access_token":"AbCdEfGh12345678","token_type":"DPoP","expires_in":600}"#),
        ("credentials", r#"{"credentials":[{"credential":"AAEC"},{"credential":"AwQF"}]}"#),
        ("jws", "eyJhbGciOiJFUzI1NiIsInR5cCI6ImVpZC1ncmFudCtqd3QifQ.eyJpc3MiOiJlLmV4YW1wbGUifQ.AAAA"),
    ] {
        write("platform_answer", name, json.as_bytes());
    }
    for (name, json) in [
        ("full", CONFIGURATION),
        (
            "least",
            r#"{"iss":"e","iat":1,"exp":2,"version":1,"csca":[],"face_key":{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"},"acts":[],"update":{"blocked":[],"required_below":"0.0.0","urgent_below":"0.0.0","recommended_below":"0.0.0"}}"#,
        ),
        ("token", "eyJhbGciOiJFUzI1NiIsInR5cCI6ImVpZC1jb25maWd1cmF0aW9uK2p3dCJ9.e30.AAAA"),
    ] {
        write("configuration", name, json.as_bytes());
    }
    for (name, json) in RECORD_FEED {
        write("record_feed", name, json.as_bytes());
    }
    for (name, envelope) in envelopes() {
        write("vault_envelope", name, &envelope);
        write("vault_envelope", &format!("{name}-without-digest"), without_digest(&envelope));
    }
    for (name, guard) in eid_fuzz::guard_records().expect("records") {
        write("vault_guard", name, &guard);
        write("vault_guard", &format!("{name}-without-digest"), without_digest(&guard));
    }
    write("vault_database", "schema-3-small", &vault_database());
    write_chip_files(&write);
    write_evidence(&write);
}

/// Small pictures and documents.
fn write_evidence(write: &dyn Fn(&str, &str, &[u8])) {
    use jpeg_encoder::{ColorType, Encoder};
    let row: Vec<u8> = (0..24_u8).flat_map(|x| [x * 10, 200, 255 - x * 10]).collect();
    let rgb = row.repeat(16);
    // The camera was held to the right: Exif, one entry.
    let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    for (name, progressive) in [("jpeg", false), ("progressive", true)] {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 80);
        encoder.set_progressive(progressive);
        encoder.add_exif_metadata(exif).expect("exif");
        encoder.encode(&rgb, 24, 16, ColorType::Rgb).expect("jpeg");
        write("evidence", name, &bytes);
    }
    for (name, color, bytes_a_pixel) in
        [("rgb", png::ColorType::Rgb, 3), ("gray-alpha", png::ColorType::GrayscaleAlpha, 2)]
    {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 24, 16);
        encoder.set_color(color);
        let data = rgb.get(..24 * 16 * bytes_a_pixel).expect("pixels");
        encoder.write_header().expect("head").write_image_data(data).expect("png");
        write("evidence", name, &bytes);
    }
    let document = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Kids[]/Count 0>>endobj\n";
    let end = "trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n";
    write("evidence", "document", format!("{document}{end}").as_bytes());
    // An object stream of an empty content.
    let stream = b"3 0 obj<</Type/ObjStm/N 0/First 0>>stream\n\x78\x9c\x03\0\0\0\0\x01\nendstream endobj\n";
    write("evidence", "object-stream", &[document.as_bytes(), stream, end.as_bytes()].concat());
}

/// The files of an invented card, its signers, and what others published.
fn write_chip_files(write: &dyn Fn(&str, &str, &[u8])) {
    use eid_chip::{
        Hash,
        lds::{Com, DataGroup, Dg2, SecurityObject},
    };
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/chip");
    let read = |name: &str| fs::read(vectors.join(name)).expect("vector");
    let lines = "IDVNM2000000015001200000001<<6\n0001029M2501028VNM<<<<<<<<<<<8\nNGUYEN<<VAN<A<<<<<<<<<<<<<<<<<";
    let passport = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    let visa_size = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";
    for (name, text) in [("td1", lines), ("td3", passport), ("td2", visa_size)] {
        write("mrz", name, text.as_bytes());
    }
    let card = "001200000001|012345678|Nguyễn Văn A|02012000|Nam|Số 1 Phố Thử, Hà Nội|10012021";
    write("card_qr", "2021", card.as_bytes());
    write("card_qr", "2024", format!("{card}|001200000009|Nguyễn Văn Cha|Trần Thị Mẹ").as_bytes());
    let synthetic = String::from_utf8(read("vn-cccd-synthetic.json")).expect("text");
    let member = |name: &str| {
        let value = synthetic.split(&format!("\"{name}\": \"")).nth(1).and_then(|rest| rest.split('"').next());
        let digits: Vec<u32> = value.expect("member").chars().filter_map(|digit| digit.to_digit(16)).collect();
        digits
            .chunks(2)
            .map(|pair| u8::try_from(pair.iter().fold(0, |byte, digit| byte << 4 | digit)).expect("byte"))
            .collect::<Vec<u8>>()
    };
    write("dg1", "card", &member("dg1"));
    write("dg13", "card", &member("dg13"));
    let groups = vec![DataGroup::DG1, DataGroup::DG2, DataGroup::DG13];
    write("dg1", "com", &Com { lds_version: *b"0107", unicode_version: *b"040000", groups }.encode());
    write("dg1", "dg14", &read("bsi2008/Datagroup14.bin"));
    write("dg2", "jpeg-19794", &Dg2::encode(&read("grey.jpg"), 60, 80));
    write("dg2", "jp2-39794", &read("icao-39794-5-dg2.bin"));
    write("face", "grey.jpg", &read("grey.jpg"));
    write("face", "rgb.jpg", &read("rgb.jpg"));
    write("face", "silver.jp2", read("bsi2008/Datagroup2.bin").get(84..).expect("picture"));

    let object = SecurityObject::over(Hash::Sha256, &[(DataGroup::DG1, &member("dg1"))], None);
    write("sod", "bsi2008", &read("bsi2008/EF_SOD.bin"));
    write("sod", "hashes", &object.encode());
    write_signed_chip_files(write, &object);
}

/// Certificates and what they sign.
fn write_signed_chip_files(write: &dyn Fn(&str, &str, &[u8]), object: &eid_chip::lds::SecurityObject) {
    use eid_chip::{
        Hash,
        curve::Curve,
        pa::{CertificateDraft, CertificateUse, Issuer, Sod, sign_content, sign_revocation_list},
    };
    const MASTER_LIST: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x02];
    let rng = SystemRandom::new();
    let key = Issuer::make(Curve::Bp256, Hash::Sha256, &rng).expect("key");
    let certificate = |usage| {
        let draft = CertificateDraft {
            serial: 7,
            issuer: "State",
            subject: "State",
            country: "VN",
            not_before: NOW,
            not_after: NOW,
            usage,
            public_key: key.public(),
        };
        draft.sign(&key, &rng).expect("certificate")
    };
    let (state, signer) = (certificate(CertificateUse::State), certificate(CertificateUse::DocumentSigner));
    write("sod", "card", &Sod::sign(object, &signer, &key, &rng).expect("sod"));
    write("certificate", "state", &state);
    write("certificate", "signer", &signer);
    let revoked = sign_revocation_list(("VN", "State"), &[7, 8], NOW, &key, &rng).expect("list");
    write("certificate", "revocation-list", &revoked);
    let lister = certificate(CertificateUse::MasterListSigner);
    let set = eid_chip::tlv::encode(0x31, &[&state, &signer]);
    let list = eid_chip::tlv::encode(0x30, &[&[2, 1, 0], &set]);
    write("master_list", "list", &sign_content(MASTER_LIST, &list, &lister, &key, &rng).expect("list"));
    let root = SigningKey::make().expect("key");
    let draft = eid_chip::pa::TrustFileDraft {
        version: 1,
        made_at: NOW,
        good_until: NOW,
        trusted: &[&state],
        revoked: &[[7; 32]],
    };
    write("master_list", "trust-file", &draft.sign(&root).expect("file"));
}

fn claims() -> Claims {
    let mut claims = Claims::new();
    let text = |s: &str| ClaimValue::Text(s.to_owned());
    for (claim, value) in [
        (Claim::Pid, text("000199000123")),
        (Claim::FullName, text("NGUYỄN THỊ MINH KHAI")),
        (Claim::BirthDate, text("19900412")),
        (Claim::Gender, ClaimValue::Number(2)),
        (Claim::Residence, text("Xóm 1\nXã Ba Vì\nHà Nội")),
        (Claim::Nationality, text("VNM")),
        (Claim::Face, ClaimValue::Face(vec![0x52; 40])),
        (Claim::AgeOver18, ClaimValue::Flag(true)),
    ] {
        claims.insert(claim, value).expect("claim");
    }
    claims
}

fn proof(purpose: Purpose, key: &SigningKey) -> (Vec<u8>, Vec<u8>) {
    let claims = claims();
    let draft = TokenDraft {
        purpose,
        issuer: "e.example",
        claims: &claims,
        holder_key: key.public(),
        issued_at: NOW,
        valid_days: 14,
        status: Some(StatusReference { index: 7, uri: "https://e.example/t/1".to_owned() }),
    };
    let token = issue_token(&draft, key, &SystemRandom::new()).expect("token");
    let showing = Showing {
        audience: Audience::Counter("rp/0101234567-001".to_owned()),
        challenge: Some(vec![7; 16]),
        photo: true,
        claims: if purpose == Purpose::Flex { vec![Claim::FullName, Claim::AgeOver18] } else { vec![] },
        now: NOW,
    };
    let unsigned = HeldToken::parse(token.clone()).expect("held").prepare(&showing).expect("proof");
    let signature = key.sign(unsigned.to_be_signed()).expect("signature");
    (token, unsigned.finish(&signature).as_bytes().to_vec())
}

fn trust_list(key: &SigningKey) -> Vec<u8> {
    let listed = |usage| TrustedKey {
        key: *key.public(),
        issuer: "e.example".to_owned(),
        usage,
        not_before: NOW,
        not_after: NOW,
    };
    let draft = TrustListDraft {
        version: 3,
        environment: "sandbox".to_owned(),
        issued_at: NOW,
        next_update: NOW,
        keys: vec![listed(KeyUse::Proof), listed(KeyUse::Status), listed(KeyUse::Grant)],
    };
    draft.sign(key).expect("trust list")
}

fn status_list(key: &SigningKey) -> Vec<u8> {
    let draft = StatusListDraft {
        issuer: "e.example",
        uri: "https://e.example/t/1",
        statuses: &[Status::Valid, Status::Revoked, Status::Suspended, Status::Valid, Status::Valid],
        issued_at: NOW,
        expires_at: NOW,
        ttl_s: 3600,
    };
    draft.sign(key).expect("status list")
}

/// The payloads inside the signed seeds, for the bodies that sign by themselves.
fn write_signed_parts(write: &dyn Fn(&str, &str, &[u8]), key: &SigningKey) {
    write("signed_trust_list", "list", &payload(&trust_list(key)));
    write("signed_trust_list", "status", &payload(&status_list(key)));
    let age = [0xa1, 0x18, 0x50, 0xf5];
    let id = [&[0xa2, 0x04, 0x63][..], b"ABC", &[0x09, 0x01]].concat();
    let body =
        [&[0xa3, 0x03, 0x63][..], b"any", &[0x04, 0x1a, 0x6b, 0x02, 0xd9, 0x7c, 0x06, 0x1a, 0x6b, 0x02, 0xd9, 0x40]]
            .concat();
    let disclosure = [&[0xa1, 0x11, 0x81, 0x55, 0x83, 0x50][..], &[1; 16], &[0x61, 0x41, 0x04]].concat();
    for (name, identity, disclosures) in
        [("age", &age[..], &[0xa0][..]), ("id", &id, &[0xa0]), ("unsigned-disclosure", &age, &disclosure)]
    {
        let part = |bytes: &[u8]| [&u16::try_from(bytes.len()).expect("short").to_be_bytes()[..], bytes].concat();
        write("signed_proof", name, &[part(identity), part(disclosures), body.clone()].concat());
    }
}

/// The payload of a COSE_Sign1 with an empty unprotected header, whose protected header is shorter than 256 bytes.
fn payload(signed: &[u8]) -> Vec<u8> {
    let after_header = signed.iter().position(|byte| *byte == 0xa0).map(|at| at + 1).unwrap_or_default();
    let rest = signed.get(after_header..signed.len() - 66).unwrap_or_default();
    let head = match rest.first() {
        Some(0x58) => 2,
        Some(0x59) => 3,
        _ => 1,
    };
    rest.get(head..).unwrap_or_default().to_vec()
}

fn without_digest(framed: &[u8]) -> &[u8] {
    framed.split_last_chunk::<32>().map_or(framed, |(content, _)| content)
}

/// One envelope of each kind, sealed by a hardware that answers the same whatever it is asked.
fn envelopes() -> [(&'static str, Vec<u8>); 3] {
    let rng = SystemRandom::new();
    let passcode = Passcode::parse(b"271828".to_vec()).expect("passcode");
    let key = SecretKey::make(&rng).expect("key");
    let binding = EnvelopeBinding { app_id: "app".to_owned(), install_id: [7; 16] };
    [
        ("passcode", Factor::Passcode(&passcode), Some(KdfCost::FLOOR)),
        ("biometric", Factor::Biometrics, None),
        ("recovery", Factor::Recovery(&key), None),
    ]
    .map(|(name, factor, cost)| {
        let (_, sealing) = Envelope::prepare(&rng, factor, cost, 1, &binding).expect("envelope");
        (name, sealing.seal(&rng, &key, &key).expect("sealed").encode())
    })
}

/// A store whose values are their keys, under the key that the body knows.
fn vault_database() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("store");
    let key = SecretKey::parse(&SecretBytes::new(vec![0x47; 32])).expect("key");
    let vault = Vault::create(&path, &key, [1; 16], Arc::new(SystemRandom::new())).expect("store");
    for collection in Collection::ALL.into_iter().filter(|collection| *collection != Collection::Attachment) {
        for name in ["first", "second"] {
            vault.put(collection, name, name).expect("record");
        }
    }
    for number in 1..=3 {
        let entry = HistoryEntry {
            at: 1_790_000_000 + number,
            act: Act::Presented,
            counterpart: String::new(),
            fields: Vec::new(),
            purpose: String::new(),
            result: None,
        };
        vault.append_history(&entry).expect("entry");
    }
    vault.begin_attachment("photo", "image/jpeg").expect("attachment");
    vault.append_attachment("photo", &[0x5a; 100]).expect("chunk");
    vault.finish_attachment("photo", &[0x5a; 50]).expect("attachment");
    // Closing brings the journal into the file.
    drop(vault);
    fs::read(&path).expect("store")
}
