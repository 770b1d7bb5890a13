//! The attacks that the design names (proof.md 4 and 5, qr-proof.md 4), each sent to the running program over `POST /verify`.
//!
//! The first table holds those that are stopped, with their verdict and words. The second test holds those that are not:
//! they pass, and the README names them. Requests of a counter have their own tests.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eid_crypto::SigningKey;
use eid_proof::{Audience, Showing};
use serde_json::{Value, json};

use crate::{
    served::{Served, arguments, program},
    world::{COUNTER, Folder, SIGNED, World, base45, digits, time},
};

const DAY: i64 = 86_400;
/// The server's time.
const NOW: i64 = SIGNED + 10;

/// What is sent, and what must come of it: verdict, code, and words of the reason or the detail.
type Attack = (&'static str, Value, &'static str, &'static str, &'static str);

#[test]
fn attack_named_by_the_design_is_stopped_over_http_with_its_verdict_and_words() {
    let (folder, world) = (Folder::new(), World::new(SIGNED));
    let mut arguments = arguments(&folder, &world);
    arguments.extend(["--counter", COUNTER].map(str::to_owned));
    let server = Served::start(program(&arguments));
    let attacks = [times(&world), signatures(&world), disclosures(&world), replays(&world, &server), hostile(&world)];
    for (name, sent, verdict, code, words) in attacks.into_iter().flatten() {
        let report = server.verify_as(sent);
        let said = format!("{} {}", report["reason"]["en"], report["detail"]);
        assert_eq!(
            (report["verdict"].as_str(), report["code"].as_str()),
            (Some(verdict), Some(code)),
            "{name}: {said}"
        );
        assert!(said.contains(words), "{name}: {said}");
        let shows = report.get("claims").is_some() || report.get("portrait").is_some();
        assert_eq!(shows, code == "W16", "{name}: nothing is shown of what is not believed");
    }
    // None of it kept an honest citizen out.
    assert_eq!(server.code(&digits(world.fresh_proof(0, true).as_bytes())), "Q00");
    let phone = key();
    let old = world.issue(&world.retired, &phone, 0, SIGNED - 11 * DAY);
    assert_eq!(server.code(&digits(world.show(&old, &phone, &world.openly()).as_bytes())), "Q00", "rotation of keys");
}

/// Screenshots, wrong clocks, tokens and keys out of their time, other counters.
fn times(world: &World) -> Vec<Attack> {
    let phone = key();
    let token = world.token(&phone, 0);
    let shown = |at, audience| {
        text(world.show(&token, &phone, &Showing { now: time(at), audience, ..world.openly() }).as_bytes())
    };
    let signed = |token: &[u8], body: Body| text(&sign_around(&phone, token, &body));
    let expired = world.issue(&world.issuer, &phone, 0, SIGNED - 20 * DAY);
    let early = world.issue(&world.issuer, &phone, 0, SIGNED + 2 * DAY);
    let retired = world.issue(&world.retired, &phone, 0, SIGNED - 9 * DAY);
    let other = Audience::Counter("rp/0101234567-002".to_owned());
    vec![
        (
            "screenshot after its minute",
            shown(NOW - 91, Audience::Anyone),
            "not_valid",
            "Q05",
            "screenshot will not do",
        ),
        ("screenshot of yesterday", shown(SIGNED - 7200, Audience::Anyone), "not_valid", "Q05", "\"apart_s\":7210"),
        ("clock of the phone ahead", shown(NOW + 31, Audience::Anyone), "cannot_tell", "Q06", "\"apart_s\":-31"),
        (
            "a proof that gives itself two minutes and a second",
            signed(&token, Body { life: 121, ..Body::default() }),
            "not_valid",
            "Q05",
            "out of date",
        ),
        ("proof for another counter", shown(SIGNED, other), "not_valid", "Q07", "another counter"),
        (
            "an audience of no form",
            signed(&token, Body { audience: "rp/", ..Body::default() }),
            "not_valid",
            "Q04",
            "malformed",
        ),
        ("token past its end", signed(&expired, Body::default()), "not_valid", "Q11", "expired or not yet valid"),
        ("token of the day after tomorrow", signed(&early, Body::default()), "not_valid", "Q11", "expired or not yet"),
        (
            "token of a key that was retired",
            signed(&retired, Body::default()),
            "not_valid",
            "Q11",
            "expired or not yet",
        ),
    ]
}

/// Forgers, thieves of tokens, keys that sign what they may not.
fn signatures(world: &World) -> Vec<Attack> {
    let (phone, thief, stranger) = (key(), key(), key());
    let token = world.token(&phone, 0);
    let good = world.show(&token, &phone, &world.openly());
    let unknown = world.issue(&stranger, &phone, 0, SIGNED);
    // Of its own key, under the name of the trusted one.
    let borrowed = replace(&unknown, &eid_proof::key_id(stranger.public()), &eid_proof::key_id(world.issuer.public()));
    let status = world.issue(&world.status, &phone, 0, SIGNED);
    let taken_over =
        replace(&replace(&token, &phone.public().x(), &thief.public().x()), &phone.public().y(), &thief.public().y());
    let of = |token: &[u8], key: &SigningKey| text(&sign_around(key, token, &Body::default()));
    vec![
        ("issuer that nobody knows", of(&unknown, &phone), "cannot_tell", "Q09", "\"age_s\":3610"),
        ("issuer under the name of a trusted key", of(&borrowed, &phone), "not_valid", "Q10", "FORGED"),
        ("key for status lists that issues", of(&status, &phone), "cannot_tell", "Q09", "not in the trust list"),
        ("name altered", text(&replace(good.as_bytes(), b"MINH KHAI", b"MINH HAIK")), "not_valid", "Q10", "FORGED"),
        (
            "age of the token altered",
            text(&replace(good.as_bytes(), b"19900102", b"20100102")),
            "not_valid",
            "Q10",
            "FORGED",
        ),
        ("token copied without its key", of(&token, &thief), "not_valid", "Q12", "COPIED"),
        ("token copied, the thief's key put in", of(&taken_over, &thief), "not_valid", "Q10", "FORGED"),
        ("time of the proof altered", text(&later(good.as_bytes())), "not_valid", "Q12", "ALTERED"),
        ("signature cut off", text(&good.as_bytes()[..good.as_bytes().len() - 1]), "not_valid", "Q04", "malformed"),
        ("token alone, without the phone", text(&token), "not_valid", "Q04", "malformed"),
        (
            "other algorithm outside",
            text(&replace(good.as_bytes(), &[0xa3, 1, 0x26, 13], &[0xa3, 1, 0x27, 13])),
            "not_valid",
            "Q04",
            "malformed",
        ),
        (
            "other algorithm inside",
            of(&replace(&token, &[1, 0x26, 4], &[1, 0x05, 4]), &phone),
            "not_valid",
            "Q04",
            "malformed",
        ),
    ]
}

/// Other people's photos, withdrawn credentials.
fn disclosures(world: &World) -> Vec<Attack> {
    let phone = key();
    let token = world.token(&phone, 0);
    let [protected, unprotected, payload, signature] = parts(&token);
    let with = |header: &[u8]| {
        let token = [&[0xd2, 0x84], protected, header, payload, signature].concat();
        text(&sign_around(&phone, &token, &Body::default()))
    };
    let foreign = world.token(&key(), 0);
    let face = &unprotected[3..];
    let retouched = replace(unprotected, b"invented", b"retouch!");
    let status = |index| text(world.fresh_proof(index, true).as_bytes());
    vec![
        ("photo of somebody else", with(parts(&foreign)[1]), "not_valid", "Q13", "does not match"),
        ("photo retouched", with(&retouched), "not_valid", "Q13", "does not match"),
        ("photo shown twice", with(&[&[0xa1, 0x11, 0x82], face, face].concat()), "not_valid", "Q13", "does not match"),
        ("a header that nobody signed", with(&[&[0xa1, 0x12, 0x81], face].concat()), "not_valid", "Q04", "malformed"),
        ("credential revoked", status(1), "not_valid", "Q14", "\"age_s\":7210"),
        ("credential suspended, say of a stolen phone", status(2), "not_valid", "Q15", "suspended"),
        ("an entry that the list does not have", status(99), "cannot_tell", "W16", "unknown whether"),
    ]
}

/// The same proof once more, in every disguise.
fn replays(world: &World, server: &Served) -> Vec<Attack> {
    let used = world.fresh_proof(0, false);
    let bytes = used.as_bytes();
    assert_eq!(server.code(&digits(bytes)), "Q00");
    let sent = [
        ("shown again", text(bytes)),
        ("in the other spelling", json!({"text": base45(bytes)})),
        ("in small letters, with a line end", json!({"text": format!(" {}\r\n", base45(bytes).to_lowercase())})),
        ("as bytes", json!({"bytes": STANDARD.encode(bytes)})),
        ("in a picture beside a link", json!({"picture": ["https://e.example", digits(bytes)]})),
        ("with the mirrored signature", text(&mirror_signature(bytes))),
    ];
    sent.map(|(name, sent)| (name, sent, "not_valid", "Q18", "2026-11-22T19:00:10+07:00")).to_vec()
}

/// What no app makes.
fn hostile(world: &World) -> Vec<Attack> {
    let good = world.fresh_proof(0, false);
    let bytes = good.as_bytes();
    let (text_, base) = (digits(bytes), base45(bytes));
    let flipped = format!("{}{}{}", &text_[..500], if &text_[500..501] == "9" { "8" } else { "9" }, &text_[501..]);
    let telex = base.replacen('A', "Â", 1);
    vec![
        ("one byte more than the limit", text(&[0; 4097]), "not_valid", "Q03", "too large"),
        ("nested four thousand times", text(&[0x81; 4000]), "not_valid", "Q04", "malformed"),
        ("indefinite length", text(&[&[0xd2, 0x9f], &bytes[2..], &[0xff]].concat()), "not_valid", "Q04", "malformed"),
        ("bytes after the end", text(&[bytes, &[0]].concat()), "not_valid", "Q04", "malformed"),
        ("a key twice", text(&replace(bytes, &[0x03, 0x63], &[0x04, 0x63])), "not_valid", "Q04", "malformed"),
        ("a longer spelling of a number", text(&replace(bytes, &[1, 0x26, 13], &[1, 0x38, 6])), "not_valid", "Q04", ""),
        ("a digit misread is no forgery", json!({"text": flipped}), "cannot_tell", "Q02", "Scan again"),
        ("half a code is no forgery", json!({"text": &text_[..600]}), "cannot_tell", "Q02", "Scan again"),
        ("a Vietnamese keyboard is no forgery", json!({"text": telex}), "cannot_tell", "Q02", "Switch to the English"),
        ("somebody else's code", json!({"text": "https://e.example/VN1:"}), "not_valid", "Q01", "link"),
    ]
}

#[test]
fn what_the_readme_says_is_not_stopped_passes() {
    let (folder, other_folder, world) = (Folder::new(), Folder::new(), World::new(SIGNED));
    let phone = key();
    let token = world.token(&phone, 0);
    let here = Served::start(program(&arguments(&folder, &world)));
    let there = Served::start(program(&arguments(&other_folder, &world)));
    // A screenshot, or a picture sent by an accomplice, within its time; the same at another office with its own record.
    let open = digits(world.show(&token, &phone, &world.openly()).as_bytes());
    assert_eq!([here.code(&open), there.code(&open)], ["Q00", "Q00"]);
    // The phone signs anew every 20 s: that is another proof of the same person.
    let anew = Showing { now: time(SIGNED + 20), ..world.openly() };
    assert_eq!(here.code(&digits(world.show(&token, &phone, &anew).as_bytes())), "Q00");
    // A counter whose clock was set back believes old screenshots.
    let back = Folder::new();
    let mut arguments = arguments(&back, &world);
    let at = arguments.iter().position(|it| it == "--at").unwrap();
    arguments[at + 1] = (SIGNED - 3600).to_string();
    let old = Showing { now: time(SIGNED - 3620), ..world.openly() };
    let token = world.issue(&world.issuer, &phone, 0, SIGNED - DAY);
    let screenshot = digits(world.show(&token, &phone, &old).as_bytes());
    assert_eq!(here.code(&screenshot), "Q05");
    assert_eq!(Served::start(program(&arguments)).code(&screenshot), "Q00");
    let readme = include_str!("../../README.md");
    for named in ["screenshot within its minute", "two offices within its minute in open mode", "clock was set back"] {
        assert!(readme.contains(named), "the README does not name: {named}");
    }
}

fn key() -> SigningKey {
    SigningKey::make().unwrap()
}

fn text(bytes: &[u8]) -> Value {
    json!({"text": digits(bytes)})
}

/// What a modified wallet puts around a token.
struct Body {
    audience: &'static str,
    signed: i64,
    life: i64,
}

impl Default for Body {
    fn default() -> Self {
        Self { audience: "any", signed: SIGNED, life: 60 }
    }
}

/// A key-binding token around any bytes, signed by this key.
fn sign_around(phone: &SigningKey, token: &[u8], body: &Body) -> Vec<u8> {
    let secs = |seconds: i64| [&[0x1a][..], &u32::try_from(seconds).unwrap().to_be_bytes()].concat();
    let protected = [&[0xa3, 0x01, 0x26, 0x0d], token, &[0x10, 0x19, 0x01, 0x26]].concat();
    let audience = [&[0x60 | u8::try_from(body.audience.len()).unwrap()][..], body.audience.as_bytes()].concat();
    let (until, from) = (secs(body.signed + body.life), secs(body.signed));
    let payload = [&[0xa3, 0x03][..], &audience, &[0x04], &until, &[0x06], &from].concat();
    let to_sign = [&[0x84, 0x6a][..], b"Signature1", &bstr(&protected), &[0x40], &bstr(&payload)].concat();
    let signature = phone.sign(&to_sign).unwrap();
    [&[0xd2, 0x84][..], &bstr(&protected), &[0xa0], &bstr(&payload), &bstr(&signature)].concat()
}

fn bstr(bytes: &[u8]) -> Vec<u8> {
    let head = match u16::try_from(bytes.len()).unwrap() {
        short @ 0..24 => vec![0x40 | short as u8],
        byte @ 24..256 => vec![0x58, byte as u8],
        long => [&[0x59][..], &long.to_be_bytes()].concat(),
    };
    [head, bytes.to_vec()].concat()
}

/// Protected header, unprotected header, payload and signature of a token, each as it is encoded.
fn parts(token: &[u8]) -> [&[u8]; 4] {
    let mut at = 2;
    let mut bytes = |from: usize| {
        let (head, length) = match token[from] {
            short @ 0x40..0x58 => (1, usize::from(short & 0x1f)),
            0x58 => (2, usize::from(token[from + 1])),
            0x59 => (3, usize::from(u16::from_be_bytes([token[from + 1], token[from + 2]]))),
            other => panic!("{other:#x} is no byte string"),
        };
        at = from + head + length;
        (from, at)
    };
    let protected = bytes(2);
    // {17: [face]}
    assert_eq!(token[protected.1..protected.1 + 3], [0xa1, 0x11, 0x81]);
    let face = bytes(protected.1 + 3);
    let payload = bytes(face.1);
    let signature = bytes(payload.1);
    assert_eq!(at, token.len());
    [(protected.0, protected.1), (protected.1, face.1), payload, signature].map(|(from, to)| &token[from..to])
}

/// Replaces a run of bytes, where it stands first.
fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// The proof with its time of signing one second later.
fn later(proof: &[u8]) -> Vec<u8> {
    let secs = |seconds: i64| [&[0x06, 0x1a][..], &u32::try_from(seconds).unwrap().to_be_bytes()].concat();
    // The token's own time is that of its day.
    replace(proof, &secs(SIGNED), &secs(SIGNED + 1))
}

/// Turns the outer signature (r, s) into (r, n − s), which is as right.
fn mirror_signature(proof: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (rest, s) = proof.split_at(proof.len() - 32);
    let mut borrow = 0_i16;
    let mut mirrored: Vec<u8> = s
        .iter()
        .zip(ORDER)
        .rev()
        .map(|(byte, order)| {
            let difference = i16::from(order) - i16::from(*byte) - borrow;
            borrow = i16::from(difference < 0);
            difference.rem_euclid(256) as u8
        })
        .collect();
    mirrored.reverse();
    [rest, &mirrored].concat()
}
