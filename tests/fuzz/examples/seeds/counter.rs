//! What a phone reads at a counter.

use eid_crypto::SigningKey;
use eid_proof::{Asked, Claim, Purpose, RegistrationDraft, RequestDraft, Spelling, StatusReference};

use crate::NOW;

/// A counter's registration and its requests, as texts, as bytes, and the parts that a body signs by itself.
pub(crate) fn write_codes(write: &dyn Fn(&str, &str, &[u8]), key: &SigningKey) {
    let draft = RegistrationDraft {
        registrar: "e.example",
        counter: "rp/1",
        name: "Quầy 3",
        allowed: &[Purpose::Id, Purpose::Flex],
        host: Some("counter.example:8443"),
        key: key.public(),
        issued_at: NOW,
        valid_days: 300,
        status: Some(StatusReference { index: 7, uri: "https://e.example/t/1".to_owned() }),
    };
    let registration = draft.sign(key).expect("registration");
    let after = |bytes: &[u8], mark: &[u8]| {
        let at = bytes.windows(mark.len()).rposition(|part| part == mark).expect("mark");
        bytes.get(at..).unwrap_or_default().to_vec()
    };
    // Behind the key and the number of the kind; ten fields in all. The signature is 66 bytes with its head.
    let fields = after(registration.as_bytes(), &[0x0b, 0x19, 0xfe, 0x1a]);
    let fields = [&[0xaa], fields.get(4..fields.len() - 66).expect("fields")].concat();
    let length = u16::try_from(fields.len()).expect("short").to_be_bytes();
    write("counter_code", "poster", registration.text().as_bytes());
    write("counter_request", "registration", registration.as_bytes());
    for (name, claims, answer_to) in [
        ("id", vec![], None),
        ("flex-to-host", vec![Claim::FullName, Claim::AgeOver18], Some("https://counter.example:8443/answers/1")),
    ] {
        let asked = Asked {
            purpose: if claims.is_empty() { Purpose::Id } else { Purpose::Flex },
            photo: claims.is_empty(),
            claims,
            reason: "Nhận thuốc".to_owned(),
            answer_to: answer_to.map(str::to_owned),
            spelling: answer_to.map(|_| Spelling::Base45),
        };
        let draft = RequestDraft { registration: &registration, asked: &asked, nonce: [7; 16], now: NOW, life_s: 120 };
        let request = draft.sign(key).expect("request");
        let payload = after(request.as_bytes(), b"\x03\x66wallet");
        let head = 6 + 2 * u8::from(answer_to.is_some());
        let payload = [&[0xa0 | head], payload.get(..payload.len() - 66).expect("payload")].concat();
        let parts = [&length[..], &fields, &payload].concat();
        write("signed_counter", name, &parts);
        if answer_to.is_none() {
            write("counter_code", "request", request.text().as_bytes());
            write("counter_request", "request", request.as_bytes());
        } else {
            let host = parts.windows(8).rposition(|part| part == b"counter.").expect("host");
            let elsewhere =
                [parts.get(..host).expect("before"), b"stealer.", parts.get(host + 8..).expect("rest")].concat();
            write("signed_counter", "elsewhere", &elsewhere);
        }
    }
}
