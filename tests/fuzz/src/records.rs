//! Records, evidence and transfer codes.

use eid_evidence::{MAX_DOCUMENT, MAX_PICTURE, MediaType, prepare};
use eid_model::{Date, Language};
use eid_record::{Context, Form, Query, Record, RecordKind, Speaker, Tables, update::Update, vietqr::VietQr};

/// A form of any kind: what validation writes is found the same again, and whatever was in it is still there.
pub fn record_form(data: &[u8]) {
    drop(serde_json::from_slice::<Record>(data));
    drop(serde_json::from_slice::<Update>(data));
    let (Ok(form), Ok(today)) = (serde_json::from_slice::<Form>(data), Date::new(2026, 7, 1)) else { return };
    let tables = Tables::embedded();
    let context = Context { today, holder: None, others: &[], tables, speaker: Speaker::Authority };
    for &kind in RecordKind::ALL {
        let once = kind.validate(&form, &context);
        let twice = kind.validate(once.form(), &context);
        assert!(twice.form() == once.form(), "{}: written in another way again", kind.name());
        assert!(twice.payload() == once.payload(), "{}: read in another way again", kind.name());
        let answered = form.iter().filter(|(_, text)| !text.trim().is_empty()).count();
        assert_eq!(once.form().iter().count(), answered, "{}: something is gone", kind.name());
        let found = kind.findable(once.payload(), tables);
        drop(kind.lines(once.payload(), tables, Language::Vi));
        drop(kind.claims(once.payload()));
        if let Some(query) = form.iter().next().and_then(|(_, text)| Query::parse(text)) {
            let _fit = query.fit(&found);
        }
    }
}

/// A file as evidence: what is taken is within its bounds, and a picture that was made is taken again.
pub fn evidence(data: &[u8]) {
    let Ok(prepared) = prepare(data.to_vec()) else { return };
    match (prepared.media_type, prepared.size) {
        (MediaType::Pdf, None) => assert!(prepared.bytes == data && data.len() <= MAX_DOCUMENT, "kept as it is"),
        (MediaType::Jpeg, Some(size)) => {
            assert!(prepared.bytes.len() <= MAX_PICTURE, "within bounds");
            assert!(prepare(prepared.bytes).is_ok_and(|again| again.size == Some(size)), "a picture");
        }
        other => panic!("{other:?}"),
    }
}

/// The text of a transfer code: what is read is written and read the same.
pub fn vietqr(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(code) = VietQr::parse(&text) {
        assert!(VietQr::parse(&code.encode()).is_ok_and(|again| again == code), "written as another code");
    }
    // With a right checksum the rest is looked at too.
    let body = text.get(..text.len().saturating_sub(4)).unwrap_or_default();
    let sum = crc::Crc::<u16>::new(&crc::CRC_16_IBM_3740).checksum(body.as_bytes());
    if let Ok(code) = VietQr::parse(&format!("{body}{sum:04X}")) {
        assert!(VietQr::parse(&code.encode()).is_ok_and(|again| again == code), "written as another code");
    }
}
