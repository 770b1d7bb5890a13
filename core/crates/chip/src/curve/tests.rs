use eid_crypto::SystemRandom;
use p256::elliptic_curve::{Group as _, PrimeField as _, sec1::ToSec1Point as _};
use proptest::prelude::*;

use super::*;
use crate::tlv;

#[test]
fn every_curve_is_found_by_id_name_and_parameters() {
    for (index, curve) in (8_u8..).zip(Curve::ALL) {
        assert_eq!(curve.id(), index);
        assert_eq!(Curve::from_id(index), Some(curve));
        assert_eq!(Curve::from_parameters(&tlv::encode(tlv::OID, &[&curve.oid()])), Ok(curve));
        assert_eq!(Curve::from_parameters(&curve.explicit_parameters()), Ok(curve));
    }
    assert_eq!(Curve::from_id(7), None);
}

#[test]
fn explicit_parameters_with_any_byte_changed_are_refused() {
    for curve in [Curve::Bp256, Curve::P256] {
        let good = curve.explicit_parameters();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            // Versions 1 to 3 differ in nothing that counts here, and the sign of a compressed base point is not used.
            let harmless = matches!(Curve::from_parameters(&bad), Ok(found) if found == curve) && bad[..6] != good[..6];
            assert!(harmless || Curve::from_parameters(&bad).is_err(), "{curve:?} {at}");
        }
    }
}

#[test]
fn generator_has_the_order_and_group_laws_hold() -> Result<(), ChipError> {
    let rng = SystemRandom::new();
    for curve in Curve::ALL {
        let g = curve.generator();
        assert_eq!(Point::parse(curve, &g.encode()).as_ref(), Ok(&g), "{curve:?}");
        let n = unhex(curve.parameters().n);
        assert_eq!(g.multiply_bytes(&n), Err(ChipError::Malformed), "{curve:?}: n·G is neutral");
        assert_eq!(Scalar::parse(curve, &n).err(), Some(ChipError::Malformed));
        assert_eq!(Scalar::parse(curve, &vec![0; n.len()]).err(), Some(ChipError::Malformed));
        let (a, b) = (Scalar::make(curve, &rng)?, Scalar::make(curve, &rng)?);
        assert!(b.public()?.agree(&a)? == a.public()?.agree(&b)?, "{curve:?}: agreement");
        assert_eq!(g.add(&g)?, g.multiply_bytes(&[2])?);
        assert_eq!(g.multiply_bytes(&[0, 0, 17])?, g.multiply_bytes(&[16])?.add(&g)?);
        // The quotient undoes the product.
        let quotient = a.divide(&b)?;
        assert_eq!(b.public()?.multiply_bytes(quotient.expose())?, a.public()?);
    }
    Ok(())
}

#[test]
fn point_off_its_curve_is_refused() {
    for curve in Curve::ALL {
        let good = curve.generator().encode();
        for at in [1, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(Point::parse(curve, &bad), Err(ChipError::Malformed), "{curve:?} {at}");
        }
        let zero = [vec![4], vec![0; 2 * curve.field_bytes()]].concat();
        let large = [vec![4], vec![0xFF; 2 * curve.field_bytes()]].concat();
        for bad in [&zero, &large, &good[..good.len() - 1].to_vec(), &vec![0], &vec![]] {
            assert_eq!(Point::parse(curve, bad), Err(ChipError::Malformed), "{curve:?}");
        }
    }
}

#[test]
fn integrated_mapping_ends_on_the_curve() -> Result<(), ChipError> {
    for curve in Curve::ALL {
        let mapped = curve.map_integrated(&[0x5A; 80]);
        if curve == Curve::P224 {
            assert_eq!(mapped, Err(ChipError::Unsupported));
        } else {
            assert_eq!(Point::parse(curve, &mapped?.encode()).err(), None, "{curve:?}");
        }
    }
    Ok(())
}

/// The same product by our engine and by a crate of the curve.
macro_rules! same_product {
    ($crate_name:ident, $group:ty, $scalar:ty, $curve:expr, $bytes:expr) => {{
        let mut bytes = $bytes.clone();
        bytes.resize($curve.order_bytes(), 7);
        let repr = <$scalar as p256::elliptic_curve::PrimeField>::Repr::try_from(bytes.as_slice()).unwrap();
        if let Some(theirs) =
            Option::<$scalar>::from(<$scalar>::from_repr(repr)).filter(|s| *s != <$scalar>::from(0u64))
        {
            let theirs = (<$group>::generator() * theirs).to_affine().to_sec1_point(false);
            let ours = Scalar::parse($curve, &bytes).unwrap().public().unwrap().encode();
            assert_eq!(ours, theirs.as_bytes(), "{:?}", $curve);
        } else {
            assert!(Scalar::parse($curve, &bytes).is_err());
        }
    }};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn products_equal_those_of_the_curve_crates(bytes in proptest::collection::vec(any::<u8>(), 66)) {
        same_product!(p256, p256::ProjectivePoint, p256::Scalar, Curve::P256, bytes);
        same_product!(p384, p384::ProjectivePoint, p384::Scalar, Curve::P384, bytes);
        same_product!(bp256, bp256::r1::ProjectivePoint, bp256::r1::Scalar, Curve::Bp256, bytes);
        same_product!(bp384, bp384::r1::ProjectivePoint, bp384::r1::Scalar, Curve::Bp384, bytes);
        let mut small = bytes;
        small[0] &= 1;
        same_product!(p521, p521::ProjectivePoint, p521::Scalar, Curve::P521, small);
    }
}

/// One row of `tests/vectors/chip/ecdsa-openssl.json`.
fn row(value: &serde_json::Value) -> (Curve, Point, [Vec<u8>; 3]) {
    let text = |key: &str| value[key].as_str().unwrap();
    let curve = Curve::ALL.into_iter().find(|curve| curve.name() == text("curve")).unwrap();
    let key = Point::parse(curve, &unhex(text("key"))).unwrap();
    (curve, key, [unhex(text("digest")), unhex(text("r")), unhex(text("s"))])
}

#[test]
fn signatures_of_another_implementation_verify_and_changed_ones_do_not() {
    let text = include_str!("../../../../../tests/vectors/chip/ecdsa-openssl.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let rows = file["vectors"].as_array().unwrap();
    assert_eq!(rows.len(), 33);
    for value in rows {
        let (curve, key, [digest, r, s]) = row(value);
        assert!(curve.verify(&key, &digest, &r, &s), "{value}");
        let mut changed = digest.clone();
        changed[0] ^= 0x80;
        assert!(!curve.verify(&key, &changed, &r, &s), "{value}");
        assert!(!curve.verify(&key, &digest, &s, &r), "{value}");
        assert!(!curve.verify(&key, &digest, &[0], &s), "{value}");
        assert!(!curve.verify(&key, &digest, &r, &[]), "{value}");
        let n = unhex(curve.parameters().n);
        assert!(!curve.verify(&key, &digest, &n, &s) && !curve.verify(&key, &digest, &r, &n), "{value}");
        assert!(!curve.verify(&curve.generator(), &digest, &r, &s), "{value}");
    }
}
