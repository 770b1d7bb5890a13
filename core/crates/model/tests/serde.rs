//! Stored and received data: only legal data become values, and an error never repeats what was read.

use eid_model::{
    Address, CommuneCode, Date, FormerProvinceCode, PartialDate, PersonName, PhoneNumber, Pid, ProvinceCode, Sex,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Person {
    pid: Pid,
    name: PersonName,
    birth: PartialDate,
    sex: Sex,
    phone: Option<PhoneNumber>,
    address: Address,
}

fn person() -> Value {
    json!({
        "pid": "000190000001",
        "name": "Nguyễn Thị Thử",
        "birth": "1990-05",
        "sex": "female",
        "phone": "+84900000001",
        "address": {
            "province_code": "80",
            "commune_code": "99001",
            "detail": "Số 1 ngõ Thử",
            "effective_from": "2010-05-05",
            "legacy": { "province_code": "80", "district": "Huyện Thử", "commune": "Xã Cũ" },
        },
    })
}

/// The errors of reading a value, from text and from a parsed document.
fn errors<T: DeserializeOwned>(value: &Value) -> Vec<String> {
    let results = [serde_json::from_str::<T>(&value.to_string()), serde_json::from_value(value.clone())];
    let errors: Vec<_> = results.into_iter().filter_map(|result| Some(result.err()?.to_string())).collect();
    assert_eq!(errors.len(), 2, "both are refused");
    errors
}

#[test]
fn legal_person_loaded_and_stored_returns() {
    let person: Person = serde_json::from_value(person()).unwrap();
    assert_eq!(serde_json::to_value(&person).unwrap(), self::person());
}

#[test]
fn untidy_values_loaded_are_stored_in_the_one_form() {
    let mut untidy = person();
    untidy["name"] = json!("  Nguye\u{302}\u{303}n  Thị Thử ");
    untidy["birth"] = json!("05/1990");
    untidy["phone"] = json!("0900 000 001");
    let loaded: Person = serde_json::from_value(untidy).unwrap();
    assert_eq!(serde_json::to_value(&loaded).unwrap(), person());
}

#[test]
fn illegal_field_loaded_is_refused_without_repeating_it() {
    for (pointer, value, secret) in [
        ("/pid", json!("00019000000777"), "777"),
        ("/pid", json!(190_000_777_123_u64), "777"),
        ("/pid", json!(-190_000_777_i64), "777"),
        ("/pid", json!(190_000.777), "777"),
        ("/pid", json!(["000190000777"]), "777"),
        ("/pid", json!({"000190000777": "000190000777"}), "777"),
        ("/name", json!("Bí Mật 1"), "Mật"),
        ("/name", json!("Bí\u{202e}Mật"), "Mật"),
        ("/birth", json!("1990-13-777"), "777"),
        ("/birth", json!(19_900_777), "777"),
        ("/sex", json!("Bí Mật"), "Mật"),
        ("/phone", json!("0900000777777"), "777"),
        ("/phone", json!(900_000_777), "777"),
        ("/address", json!("Số 777 Bí Mật"), "777"),
        ("/address", json!(777), "777"),
        ("/address/detail", json!("Số 777\nBí Mật"), "777"),
        ("/address/detail", json!(777), "777"),
        ("/address/province_code", json!("777"), "777"),
        ("/address/commune_code", json!(777), "777"),
        ("/address/effective_from", json!("2025-07-777"), "777"),
        ("/address/effective_from", json!("2025-07-01"), "2025"),
        ("/address/effective_to", json!("1999-07-07"), "1999"),
        ("/address/legacy", json!("Huyện 777"), "777"),
        ("/address/legacy/district", json!("Huyện\t777"), "777"),
        ("/address/legacy/province_code", json!(777), "777"),
    ] {
        let mut faulty = person();
        match faulty.pointer_mut(pointer) {
            Some(field) => *field = value.clone(),
            None => faulty["address"]["effective_to"] = value.clone(),
        }
        for error in errors::<Person>(&faulty) {
            assert!(!error.contains(secret), "{pointer} = {value}: {error}");
        }
    }
}

#[test]
fn district_beside_the_legal_parts_is_refused() {
    let mut faulty = person();
    faulty["address"]["district"] = json!("Quận Thử");
    for error in errors::<Person>(&faulty) {
        assert!(!error.contains("Quận Thử"), "{error}");
    }
}

#[test]
fn codes_and_dates_stored_are_text_with_leading_zeros() {
    assert_eq!(serde_json::to_value(ProvinceCode::parse("01").unwrap()).unwrap(), json!("01"));
    assert_eq!(serde_json::to_value(FormerProvinceCode::parse("02").unwrap()).unwrap(), json!("02"));
    assert_eq!(serde_json::to_value(CommuneCode::parse("00004").unwrap()).unwrap(), json!("00004"));
    assert_eq!(serde_json::to_value(Date::new(2025, 7, 1).unwrap()).unwrap(), json!("2025-07-01"));
    errors::<ProvinceCode>(&json!(1));
}
