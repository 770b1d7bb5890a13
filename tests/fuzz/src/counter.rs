//! What a phone reads at a counter: printed registrations and requests on screens.

use eid_crypto::SigningKey;
use eid_model::UnixTime;
use eid_proof::{
    CounterCode, CounterRequest, KeyUse, ProofError, Registration, TrustList, TrustListDraft, TrustedKey, key_id,
};

use crate::{
    nobodys_key,
    signed::{KEY, NOW, part, seconds, sign1},
};

const AT: UnixTime = UnixTime::from_seconds(NOW);

/// The text of a code, as the phone's camera gives it.
pub fn counter_code(data: &[u8]) {
    let scanned = String::from_utf8_lossy(data);
    let Ok(code) = CounterCode::read(&scanned) else { return };
    let text = match &code {
        CounterCode::Poster(registration) => registration.text(),
        CounterCode::Request(request) => request.text(),
    };
    assert_eq!(CounterCode::read(&text).as_ref(), Ok(&code), "its own text says the same");
    refused(&code.check(&TrustList::single(nobodys_key()), None, AT));
}

/// The bytes of a registration, as a registrar's answer or a poster has them, and of a request.
pub fn counter_request(data: &[u8]) {
    let trust = TrustList::single(nobodys_key());
    if let Ok(registration) = Registration::parse(data.to_vec()) {
        assert_eq!(registration.as_bytes(), data);
        assert!(registration.issued_at() <= registration.expires_at() && !registration.name().is_empty());
        refused(&registration.check(&trust, None, AT));
    }
    if let Ok(request) = CounterRequest::parse(data.to_vec()) {
        assert_eq!(request.as_bytes(), data);
        refused(&request.check(&trust, None, AT));
    }
}

/// No bytes that a fuzzer makes are signed for a key that nobody has.
fn refused<T>(checked: &Result<T, ProofError>) {
    assert!(checked.is_err(), "nobody can sign for this registrar");
}

/// The fields of a registration behind its key, and the payload of a request, in an otherwise good and signed request.
///
/// Input: the length of the first part in two bytes; how many fields the registration has as the head of a map, its last
/// fields; the payload.
pub fn signed_counter(data: &[u8]) {
    let Some(request) = read_signed(data) else { return };
    if let Ok(request) = request {
        let (asked, registration) = (request.asked(), request.registration());
        assert!(registration.allowed().contains(&asked.purpose), "no more than it may");
        assert!(request.signed_at() < request.expires_at(), "it ends");
        if let Some(address) = &asked.answer_to {
            let host = registration.host().unwrap_or_default();
            assert!(
                !host.is_empty() && address.starts_with(&format!("https://{host}/")),
                "answers go to the registered host"
            );
        }
        assert_eq!(CounterCode::read(&request.text()), Ok(CounterCode::Request(Box::new(request))));
    }
}

fn read_signed(data: &[u8]) -> Option<Result<CounterRequest, ProofError>> {
    let (fields, payload) = part(data)?;
    let (head, fields) = fields.split_first()?;
    let registration = [
        &[*head, 0x01, 0x69][..],
        b"e.example",
        &[0x02, 0x64],
        b"rp/1",
        &[0x04, 0x1a],
        &seconds(NOW + 86_400),
        &[0x06, 0x1a],
        &seconds(NOW - 86_400),
        &[0x08, 0xa1, 0x01, 0xa4, 0x01, 0x02, 0x20, 0x01, 0x21, 0x58, 0x20],
        &KEY.public().x(),
        &[0x22, 0x58, 0x20],
        &KEY.public().y(),
        &[0x0b, 0x19, 0xfe, 0x1a],
        fields,
    ]
    .concat();
    let protected = [&[0xa3, 0x01, 0x26, 0x04, 0x48][..], &key_id(KEY.public()), &[0x10, 0x19, 0x01, 0x25]].concat();
    let registration = sign1(&protected, &[0xa0], &registration);
    let outer = [&[0xa3, 0x01, 0x26, 0x0d][..], &registration, &[0x10, 0x19, 0x01, 0x26]].concat();
    let trust = trust(&KEY).ok()?;
    let request = CounterRequest::parse(sign1(&outer, &[0xa0], payload));
    Some(request.and_then(|request| request.check(&trust, None, AT).map(|_| request)))
}

fn trust(key: &SigningKey) -> Result<TrustList, ProofError> {
    let listed = TrustedKey {
        key: *key.public(),
        issuer: "e.example".to_owned(),
        usage: KeyUse::Registrar,
        not_before: UnixTime::from_seconds(0),
        not_after: UnixTime::from_seconds(i64::from(u32::MAX)),
    };
    let draft = TrustListDraft {
        version: 1,
        environment: "sandbox".to_owned(),
        issued_at: AT,
        next_update: AT,
        keys: vec![listed],
    };
    TrustList::parse(&draft.sign(key)?, &[*key.public()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// A body that refuses everything at the first check would find nothing.
    #[test]
    fn good_seeds_of_counters_pass_all_checks_behind_the_signatures() {
        for name in ["id", "flex-to-host"] {
            let request = read_signed(&seed(&format!("signed_counter/{name}"))).unwrap().unwrap();
            assert_eq!(request.asked().claims.is_empty(), name == "id");
            assert_eq!(request.asked().answer_to.is_none(), name == "id");
        }
        let other = read_signed(&seed("signed_counter/elsewhere")).unwrap();
        assert_eq!(other, Err(ProofError::RequestNotAllowed), "answers to a host that is not registered");
        assert!(matches!(CounterCode::read(&text("poster")), Ok(CounterCode::Poster(_))));
        assert!(matches!(CounterCode::read(&text("request")), Ok(CounterCode::Request(_))));
        assert!(Registration::parse(seed("counter_request/registration")).is_ok());
        assert!(CounterRequest::parse(seed("counter_request/request")).is_ok());
    }

    fn text(name: &str) -> String {
        String::from_utf8(seed(&format!("counter_code/{name}"))).unwrap()
    }
}
