//! The built program: arguments, files, exit codes, JSON.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use crate::{
    picture::{draw, png},
    world::{AGE, CHALLENGED, COUNTER, Folder, ISSUER_KEY, NONCE, SIGNED, World, base45, digits, portrait},
};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eid-counter"));
    command.arg("verify").args(arguments).stdin(Stdio::null());
    command
}

/// What one run gave: exit code, JSON, standard error.
fn read(output: &Output) -> (i32, Value, String) {
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    (output.status.code().unwrap(), json, String::from_utf8(output.stderr.clone()).unwrap())
}

fn run(arguments: &[&str]) -> (i32, Value, String) {
    read(&program(arguments).output().unwrap())
}

fn clock() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// Runs with the vectors' issuer key and time; gives exit code and code.
fn run_vector(folder: &Folder, arguments: &[&str]) -> (i32, String) {
    let key = folder.file("issuer.bin", ISSUER_KEY);
    let at = (SIGNED + 10).to_string();
    let (exit, json, errors) =
        run(&[&["--issuer-key", &key, "--allow-unknown-status", "--at", &at], arguments].concat());
    assert_eq!(errors, "", "nothing to warn about");
    (exit, json["code"].as_str().unwrap().to_owned())
}

fn gave(exit: i32, code: &str) -> (i32, String) {
    (exit, code.to_owned())
}

#[test]
fn vectors_in_every_form_are_valid() {
    let folder = Folder::new();
    let age = folder.file("age.cbor", AGE);
    let challenged = folder.file("challenged.cbor", CHALLENGED);
    let picture = folder.file("code.png", png(draw(&digits(AGE), 4)));
    let typed = folder.file("scanner.txt", format!("{}\r\n", base45(AGE)));
    assert_eq!(run_vector(&folder, &[&age]), gave(0, "Q00"));
    assert_eq!(run_vector(&folder, &[&picture]), gave(0, "Q00"));
    assert_eq!(run_vector(&folder, &[&typed]), gave(0, "Q00"));
    assert_eq!(run_vector(&folder, &[&digits(AGE)]), gave(0, "Q00"));
    assert_eq!(run_vector(&folder, &[&base45(AGE)]), gave(0, "Q00"));
    assert_eq!(run_vector(&folder, &["--counter", COUNTER, "--nonce", NONCE, &challenged]), gave(0, "Q00"));
}

#[test]
fn standard_input_is_read_like_a_file() {
    let folder = Folder::new();
    let key = folder.file("issuer.bin", ISSUER_KEY);
    let at = (SIGNED + 10).to_string();
    for content in [AGE.to_vec(), format!("{}\n", digits(AGE)).into_bytes(), png(draw(&base45(AGE), 3))] {
        let mut child = program(&["--issuer-key", &key, "--allow-unknown-status", "--at", &at, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&content).unwrap();
        let (exit, json, _) = read(&child.wait_with_output().unwrap());
        assert_eq!((exit, &json["claims"]), (0, &serde_json::json!({"age_over_18": true})));
    }
}

#[test]
fn refusals_exit_with_one_and_doubts_with_two() {
    let folder = Folder::new();
    let age = folder.file("age.cbor", AGE);
    let challenged = folder.file("challenged.cbor", CHALLENGED);
    let flipped = |at: usize| {
        let mut bytes = AGE.to_vec();
        bytes[at] ^= 0x10;
        folder.file(&format!("flipped-{at}"), bytes)
    };
    let with = |more: &[&str]| run_vector(&folder, more);
    let (stale, early) = ((SIGNED + 91).to_string(), (SIGNED - 31).to_string());
    // Of an option given twice, clap refuses the second: these two bring their own time.
    let at = |at: &str, skew: &str| {
        let key = folder.file("issuer.bin", ISSUER_KEY);
        let (exit, json, _) = run(&["--issuer-key", &key, "--allow-unknown-status", "--at", at, "--skew", skew, &age]);
        (exit, json["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(at(&stale, "30"), gave(1, "Q05"));
    assert_eq!(at(&stale, "31"), gave(0, "Q00"));
    assert_eq!(at(&early, "30"), gave(2, "Q06"));
    assert_eq!(at(&early, "90"), gave(0, "Q00"));
    assert_eq!(with(&[&challenged]), gave(1, "Q07"));
    assert_eq!(with(&["--counter", "rp/another", &challenged]), gave(1, "Q07"));
    assert_eq!(with(&["--nonce", NONCE, &age]), gave(1, "Q08"));
    assert_eq!(with(&["--counter", COUNTER, "--nonce", "0011223344556677", &challenged]), gave(1, "Q08"));
    for (at, exit) in [(0, 2), (1, 1), (AGE.len() - 1, 1), (200, 1)] {
        assert_eq!(with(&[&flipped(at)]).0, exit, "byte {at}");
    }
    for (scanned, exit, code) in [
        ("https://e.example/menu", 1, "Q01"),
        ("00020101021138570010A000000727", 1, "Q01"),
        ("HC1:NCFOXN%TS", 1, "Q01"),
        ("mdoc:owBjMS4w", 1, "Q01"),
        ("000199000123||NGUYỄN VĂN A|02011999|Nam|Hà Nội|10012021", 1, "Q01"),
        ("VN1:ÂBC", 2, "Q02"),
        ("70411", 2, "Q02"),
        ("", 2, "E5030"),
        ("no-such-file.png", 2, "E5030"),
    ] {
        assert_eq!(with(&[scanned]), gave(exit, code), "{scanned}");
    }
    let large = folder.file("large.txt", digits(&[7; 5000]));
    assert_eq!(with(&[&large]), gave(1, "Q03"));
    for (name, content) in [("empty", &b""[..]), ("white.png", &png(image::GrayImage::new(9, 9))), ("what", b"\xff\0")]
    {
        assert_eq!(with(&[&folder.file(name, content)]), gave(2, "E5030"), "{name}");
    }
    assert_eq!(with(&[folder.path("").to_str().unwrap()]), gave(2, "E5030"), "a folder");
}

#[test]
fn proof_used_in_one_process_is_refused_in_the_next() {
    let folder = Folder::new();
    let (age, record) = (folder.file("age.cbor", AGE), folder.name("used.db"));
    assert_eq!(run_vector(&folder, &["--replay", &record, &age]), gave(0, "Q00"));
    assert_eq!(run_vector(&folder, &["--replay", &record, &base45(AGE)]), gave(1, "Q18"));
    assert_eq!(run_vector(&folder, &[&age]), gave(0, "Q00"), "without the record nobody remembers");
}

#[test]
fn older_trust_list_is_refused_where_a_newer_one_was_used() {
    let (folder, mut world) = (Folder::new(), World::new(SIGNED));
    let root = folder.file("root.bin", world.root.public().sec1());
    let older = folder.file("older.cbor", world.trust_list("pilot", &world.root));
    world.version += 1;
    let newer = folder.file("newer.cbor", world.trust_list("pilot", &world.root));
    let (record, at) = (folder.name("used.db"), SIGNED.to_string());
    let proof = digits(world.id_proof(0, true).as_bytes());
    let verify = |list: &str, options: &[&str]| {
        let always = ["--trust", list, "--trust-root", &root, "--allow-unknown-status", "--at", &at, &proof];
        let (exit, json, _) = run(&[&always[..], options].concat());
        (exit, json["code"].as_str().unwrap().to_owned())
    };
    let with_record = ["--replay", &record];
    assert_eq!(verify(&older, &with_record), gave(0, "Q00"));
    assert_eq!(verify(&newer, &with_record), gave(1, "Q18"), "the list is taken, and the proof was seen");
    assert_eq!(verify(&older, &with_record), gave(2, "E5036"));
    assert_eq!(verify(&newer, &with_record), gave(1, "Q18"));
    assert_eq!(verify(&older, &[]), gave(0, "Q00"), "without the record nobody remembers");
}

#[test]
fn of_processes_at_once_one_takes_the_proof() {
    let folder = Folder::new();
    let (age, record) = (folder.file("age.cbor", AGE), folder.name("used.db"));
    let (key, at) = (folder.file("issuer.bin", ISSUER_KEY), SIGNED.to_string());
    let start = |_| {
        program(&["--issuer-key", &key, "--allow-unknown-status", "--at", &at, "--replay", &record, &age])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..6).map(start).collect();
    let mut codes: Vec<_> = children
        .into_iter()
        .map(|child| read(&child.wait_with_output().unwrap()).1["code"].as_str().unwrap().to_owned())
        .collect();
    codes.sort();
    assert_eq!(codes, ["Q00", "Q18", "Q18", "Q18", "Q18", "Q18"]);
}

#[test]
fn unusable_files_give_a_code_and_exit_with_two() {
    let (folder, world) = (Folder::new(), World::new(SIGNED));
    let list = world.trust_list("pilot", &world.root);
    let proof = folder.file("proof.cbor", world.id_proof(0, true).as_bytes());
    let root = folder.file("root.bin", world.root.public().sec1());
    let trust = folder.file("trust.cbor", &list);
    let status = folder.file("status.cbor", world.status_snapshot());
    let at = SIGNED.to_string();
    let cut = folder.file("cut.cbor", &list[..list.len() - 1]);
    let text = folder.file("text", "a text");
    let other_root = folder.file("other.bin", World::new(SIGNED).root.public().sec1());
    let other_status = folder.file("other-status.cbor", World::new(SIGNED).status_snapshot());
    let missing = folder.name("missing");
    let sound = ["--trust", &trust, "--trust-root", &root, "--status", &status];
    for (arguments, code) in [
        (&[][..], "E5031"),
        (&["--trust", &trust], "E5031"),
        (&["--trust", &missing, "--trust-root", &root], "E5031"),
        (&["--trust", &cut, "--trust-root", &root], "E5031"),
        (&["--trust", &text, "--trust-root", &root], "E5031"),
        (&["--trust", &trust, "--trust-root", &other_root], "E5031"),
        (&["--trust", &trust, "--trust-root", &missing], "E5031"),
        (&["--trust", &trust, "--trust-root", &text], "E5031"),
        (&["--issuer-key", &missing], "E5031"),
        (&["--issuer-key", &trust], "E5031"),
        (&["--trust", &trust, "--trust-root", &root, "--status", &missing], "E5032"),
        (&["--trust", &trust, "--trust-root", &root, "--status", &text], "E5032"),
        (&["--trust", &trust, "--trust-root", &root, "--status", &other_status], "E5032"),
        (&[&sound[..], &["--replay", &text]].concat(), "E5033"),
        (&[&sound[..], &["--replay", &folder.name("no/such/folder")]].concat(), "E5033"),
        (&[&sound[..], &["--portrait-out", &folder.name("no/such/folder")]].concat(), "E5035"),
    ] {
        let (exit, json, _) = run(&[arguments, &["--at", &at, &proof]].concat());
        assert_eq!((exit, json["code"].as_str(), json["verdict"].as_str()), (2, Some(code), Some("cannot_tell")));
        assert!(
            json["reason"]["vi"].is_string() && json["detail"]["fault"].is_string() && json.get("claims").is_none()
        );
    }
    let (exit, json, errors) = run(&[&sound[..], &["--at", &at, &proof]].concat());
    assert_eq!((exit, json["trust"]["environment"].as_str(), errors.as_str()), (0, Some("pilot"), ""));
}

#[test]
fn time_is_that_of_the_scan_not_of_the_start() {
    let (folder, mut world) = (Folder::new(), World::new(clock()));
    let root = folder.file("root.bin", world.root.public().sec1());
    let trust = folder.file("trust.cbor", world.trust_list("pilot", &world.root));
    let options = ["--trust", &trust, "--trust-root", &root, "--allow-unknown-status", "--skew", "0", "-"];
    let mut child = program(&options).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    world.now = clock();
    let typed = digits(world.id_proof(0, true).as_bytes());
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    assert_eq!(read(&child.wait_with_output().unwrap()).1["code"], "Q00");
}

#[test]
fn sandbox_list_is_believed_with_a_warning() {
    let (folder, world) = (Folder::new(), World::new(clock()));
    let root = include_bytes!("../../../tests/sandbox/keys/sandbox-root.NOT-SECRET.pk8");
    let root = eid_crypto::SigningKey::parse_pkcs8(root).unwrap();
    let trust = folder.file("trust.cbor", world.trust_list("sandbox", &root));
    let proof = folder.file("proof.txt", digits(world.id_proof(3, true).as_bytes()));
    let status = folder.file("status.cbor", world.status_snapshot());
    let (exit, json, errors) = run(&["--trust", &trust, "--status", &status, &proof]);
    assert_eq!((exit, json["trust"]["environment"].as_str()), (0, Some("sandbox")), "verified by the system's clock");
    assert_eq!((errors.lines().count(), errors.contains("SANDBOX")), (1, true), "{errors}");
}

#[test]
fn portrait_goes_to_the_file_that_was_asked_for() {
    let (folder, world) = (Folder::new(), World::new(SIGNED));
    let root = folder.file("root.bin", world.root.public().sec1());
    let trust = folder.file("trust.cbor", world.trust_list("pilot", &world.root));
    let face = folder.file("face.webp", "the person before, in a larger picture");
    let at = SIGNED.to_string();
    let verify = |photo| {
        let proof = digits(world.id_proof(0, photo).as_bytes());
        let options = ["--trust", &trust, "--trust-root", &root, "--allow-unknown-status", "--at", &at];
        run(&[&options[..], &["--portrait-out", &face, &proof]].concat()).1["portrait"].clone()
    };
    assert_eq!(verify(true), serde_json::json!({"media_type": "image/webp", "path": face}));
    assert_eq!(std::fs::read(&face).unwrap(), portrait());
    assert_eq!(verify(false), Value::Null);
    assert!(!folder.path("face.webp").exists(), "no file with an earlier person's face stays");
}

#[test]
fn wrong_options_exit_with_two() {
    for arguments in [
        &[][..],
        &["--nonce", "0011", "x"],
        &["--nonce", "0011223344556677889", "x"],
        &["--nonce", "zz11223344556677", "x"],
        &["--counter", "any", "x"],
        &["--counter", "rp/", "x"],
        &["--skew", "91", "x"],
        &["--at", "-1", "x"],
        &["--trust", "a", "--issuer-key", "b", "x"],
        &["--trust-root", "a", "x"],
        &["--unknown", "x"],
        &["x", "y"],
    ] {
        let output = program(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn verdict_that_cannot_be_printed_is_not_valid() {
    let folder = Folder::new();
    let (key, age) = (folder.file("issuer.bin", ISSUER_KEY), folder.file("age.cbor", AGE));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = program(&["--issuer-key", &key, "--allow-unknown-status", "--at", &SIGNED.to_string(), &age])
        .stdout(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn code_drawn_as_picture_or_in_the_terminal_is_read_again() {
    let folder = Folder::new();
    let draw = |input: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eid-counter"));
        let output = command.arg("draw").arg(input).args(more).stdin(Stdio::null()).output().unwrap();
        (output.status.code().unwrap(), output.stdout, String::from_utf8(output.stderr).unwrap())
    };
    let proof = folder.file("age.cbor", AGE);
    let png = folder.name("code.png");
    assert_eq!(draw(&proof, &["--out", &png]), (0, Vec::new(), String::new()));
    assert_eq!(run_vector(&folder, &[&png]), gave(0, "Q00"));
    // Pictures are drawn again from what they say.
    let again = folder.name("again.PNG");
    assert_eq!(draw(&png, &["--out", &again, "--pixels", "2"]).0, 0);
    assert_eq!(run_vector(&folder, &[&again]), gave(0, "Q00"));
    let svg = folder.name("code.svg");
    assert_eq!(draw(&base45(AGE), &["--out", &svg]).0, 0);
    let svg = std::fs::read_to_string(svg).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("viewBox=\"0 0 77 77\""), "version 13 and its quiet zone");
    let (exit, terminal, said) = draw(&digits(AGE), &[]);
    assert_eq!((exit, said.as_str()), (0, ""));
    let terminal = String::from_utf8(terminal).unwrap();
    assert!(terminal.lines().count() == 39 && terminal.contains('▀'), "{terminal}");
    for (input, more) in [
        (format!("7041{}", "1".repeat(4000)).as_str(), &[][..]),
        (&digits(AGE), &["--out", &folder.name("code.jpg")]),
        (&digits(AGE), &["--out", &folder.name("absent/code.png")]),
        ("no-such-file", &[]),
        ("", &[]),
    ] {
        let (exit, stdout, said) = draw(input, more);
        assert!(exit == 2 && stdout.is_empty() && said.starts_with("eid-counter: "), "{more:?}: {said}");
    }
}
