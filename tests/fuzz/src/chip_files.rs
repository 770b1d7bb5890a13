//! The files of a chip, and what is read with them.

use eid_chip::{
    ChipError,
    card_qr::CardQr,
    cross_check::Sources,
    image::Bitmap,
    lds::{Com, DataGroup, Dg1, Dg2, Dg13, Dg14, Dg15, FaceImage, ImageFormat, SecurityObject},
    mrz::Mrz,
    pa::{Certificate, Sod, Strength, TrustList},
};
use eid_model::{Date, UnixTime};

/// The moment of the corpus's seeds.
const NOW: UnixTime = UnixTime::from_seconds(1_795_348_800);

/// A machine-readable zone, as a camera or a citizen gives it.
pub fn mrz(data: &[u8]) {
    if let Ok(mrz) = Mrz::parse(&String::from_utf8_lossy(data)) {
        use_mrz(&mrz);
    }
}

/// The QR code of a card.
pub fn card_qr(data: &[u8]) {
    if let Ok(card) = CardQr::parse(&String::from_utf8_lossy(data)) {
        assert_eq!(card.can().len(), 6);
        let sources = Sources { card_qr: Some(&card), ..Sources::default() };
        assert!(sources.compare().is_clean(), "one source agrees with itself");
    }
}

/// DG1, and the small files beside it.
pub fn dg1(data: &[u8]) {
    if let Ok(dg1) = Dg1::parse(data) {
        use_mrz(&dg1.mrz);
        assert_eq!(Dg1::encode(&dg1.mrz).len(), 5 + dg1.mrz.as_str().len());
    }
    drop((Com::parse(data), Dg14::parse(data), Dg15::parse(data)));
}

/// DG2: the face is located, not decoded.
pub fn dg2(data: &[u8]) {
    if let Ok(dg2) = Dg2::parse(data) {
        for face in dg2.faces() {
            assert_eq!(ImageFormat::of(face.bytes), Some(face.format));
        }
    }
}

/// The picture of a face.
pub fn face(data: &[u8]) {
    let Some(format) = ImageFormat::of(data) else { return };
    if let Ok(bitmap) = Bitmap::decode(&FaceImage { format, bytes: data }) {
        assert_eq!(bitmap.to_grey().pixels.len() as u64, u64::from(bitmap.width) * u64::from(bitmap.height));
    }
}

/// DG13 of the Vietnamese card.
pub fn dg13(data: &[u8]) {
    if let Ok(dg13) = Dg13::parse(data) {
        let sources = Sources { dg13: Some(&dg13), ..Sources::default() };
        assert!(sources.compare().disagreements.is_empty(), "one source agrees with itself");
        let again = Dg13::parse(&dg13.encode());
        assert!(again.is_ok_and(|again| again.pid() == dg13.pid() && again.fields().eq(dg13.fields())));
    }
}

/// EF.SOD, and the hashes inside.
pub fn sod(data: &[u8]) {
    drop(SecurityObject::parse(data));
    if let Ok(sod) = Sod::parse(data) {
        assert!(sod.security_object().find(DataGroup::DG1).is_none_or(|hash| hash.len() >= 20));
        let verdict = sod.verify(&TrustList::default(), NOW, Strength::Legacy);
        assert!(verdict.is_err(), "nobody is trusted");
    }
}

/// A certificate, and a revocation list.
pub fn certificate(data: &[u8]) {
    let mut trust = TrustList::default();
    if trust.pin(data) == Ok(true) {
        assert!(!trust.add_link(data, NOW, Strength::Legacy).is_ok_and(|added| added), "known already");
    }
    if let Ok(certificate) = Certificate::parse(data) {
        assert_eq!(certificate.as_der(), data);
        drop((certificate.public_key(), certificate.country()));
    }
    assert!(trust.add_revocation_list(data, NOW, Strength::Legacy).is_err(), "nobody signed it");
}

/// A master list, and the platform's trust list.
pub fn master_list(data: &[u8]) {
    let mut trust = TrustList::default();
    let imported = trust.import_master_list(data, &[], NOW, Strength::Legacy);
    assert!(imported.is_err() && trust.anchors().is_empty(), "nobody is trusted");
    assert!(!matches!(TrustList::parse_signed(data, &[], NOW, None), Ok(_) | Err(ChipError::TrustListRefused)));
}

fn use_mrz(mrz: &Mrz) {
    assert!(mrz.key().is_ok(), "what is read opens a chip");
    if let Ok(today) = Date::new(2026, 11, 22) {
        assert!(mrz.birth().is_none_or(|date| date.as_birth(today).is_some()), "each date means a day");
        let expiry = mrz.expiry().and_then(|date| Some((date, date.as_expiry(today)?)));
        assert!(expiry.is_none_or(|(date, full)| date.is(&full)));
    }
    assert!(mrz.name().is_ok_and(|name| mrz.names(&name)), "a name fits itself");
    assert!(mrz.document_number().len() >= mrz.pid().map_or(1, |_| 9) && mrz.optional_data().len() <= 15);
}
