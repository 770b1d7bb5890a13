//! Both programs over the wire protocol of vpcd, and a reader of bad manners.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::support::CARD;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eid-sandbox"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts the reading side; gives where it waits.
fn wait_for_card(arguments: &[&str]) -> (Child, String) {
    let mut reader = program(&["read-chip", "--listen", "127.0.0.1:0"]).args(arguments).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(reader.stderr.take().unwrap()).read_line(&mut line).unwrap();
    (reader, line.trim_end().rsplit(' ').next().unwrap().to_owned())
}

/// Reads a card with these quirks. Gives whether it was good, and what was printed.
fn read(quirks: &str, arguments: &[&str]) -> (bool, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CARD.replace("\"quirks\": {}", &format!("\"quirks\": {quirks}"))).unwrap();
    let (reader, address) = wait_for_card(arguments);
    let card = program(&["chip", "--connect", &address, "--card", file.path().to_str().unwrap()]).spawn().unwrap();
    let read = reader.wait_with_output().unwrap();
    let played = card.wait_with_output().unwrap();
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    (read.status.success(), String::from_utf8(read.stdout).unwrap())
}

#[test]
fn card_is_read_over_the_wire_with_losses_on_the_way() {
    let (good, text) = read(r#"{"tag_loss_at": [3, 20], "slow_ms": 2}"#, &["--can", "000001", "--json"]);
    assert!(good, "{text}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["access"], "PACE-ECDH-GM-AES-128, brainpoolP256r1");
    assert_eq!(report["losses"], 2);
    let files = report["files"].as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap());
    assert_eq!(files.collect::<Vec<_>>(), ["COM", "SOD", "DG14", "DG1", "DG13", "DG15", "DG2"]);
    assert_eq!(report["checks"].as_array().unwrap().len(), 11);
    assert_eq!(report["domain"], 13);
    assert!(report["apdus"].as_u64().unwrap() < 60, "{text}");
    assert!(report["elapsed_ms"].as_u64() >= report["card_ms"].as_u64());
}

#[test]
fn card_is_opened_by_its_lines_and_by_bac() {
    let mrz = lines();
    let (good, text) = read("{}", &["--mrz", &mrz, "--access-only"]);
    assert!(good && text.starts_with("access: PACE") && !text.contains("file:"), "{text}");
    let (good, text) = read(r#"{"pace_refused": "nonce"}"#, &["--mrz", &mrz, "--access-only"]);
    assert!(good && text.starts_with("access: BAC\ncheck: secure messaging, passed\n"), "{text}");
    assert!(!text.contains("file:") && text.contains(" 1 answered under a right checksum"), "{text}");
    let (good, text) = read(r#"{"pace_refused": "nonce"}"#, &["--mrz", &mrz]);
    assert!(good && text.starts_with("access: BAC\n"), "{text}");
    let (good, text) = read("{}", &["--can", "000009"]);
    assert!(!good && text.contains("FAILED (6001)"), "{text}");
}

/// The lines of the card, as somebody would type them.
fn lines() -> String {
    let made = crate::support::make("{}");
    let lines = made.file(0x0101).unwrap()[5..].chunks(30).map(String::from_utf8_lossy);
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn forged_card_ends_the_program_with_a_failure() {
    let (good, text) = read(r#"{"expired_dsc": true}"#, &["--can", "000001"]);
    assert!(!good && text.contains("check: signature, FAILED"), "{text}");
}

#[test]
fn wrong_arguments_are_refused() {
    for arguments in [
        &["read-chip", "--listen", "127.0.0.1:0"][..],
        &["read-chip", "--listen", "127.0.0.1:0", "--can", "1"],
        &["read-chip", "--listen", "127.0.0.1:0", "--can", "000001", "--mrz", "X"],
        &["chip", "--connect", "127.0.0.1:1", "--card", "/dev/null"],
    ] {
        assert!(!program(arguments).output().unwrap().status.success(), "{arguments:?}");
    }
}

#[test]
fn wrong_description_is_refused_with_its_place() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    for (from, to, expected) in [
        ("\"quirks\": {}", "\"quirks\": {\"mf_6d0\": true}", "unknown field `mf_6d0`"),
        ("\"male\"", "\"M\"", "line 6 column"),
        ("}", "", "at line 19 column"),
    ] {
        std::fs::write(path, CARD.replacen(from, to, 1)).unwrap();
        let output = program(&["chip", "--connect", "127.0.0.1:1", "--card", path]).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains(expected) && text.contains("(1003)"), "{text}");
    }
    let output = program(&["chip", "--connect", "127.0.0.1:1", "--card", "/no/such.json"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("the description of the card cannot be read: "));
}

/// What PC/SC's vpcd sends, byte by byte.
#[test]
fn card_answers_as_pcsc_expects() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CARD).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let card = program(&["chip", "--connect", &address, "--card", file.path().to_str().unwrap()]).spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let exchange = |stream: &mut TcpStream, sent: &[u8]| {
        stream.write_all(sent).unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).unwrap();
        answer
    };
    stream.write_all(&[0, 1, 1]).unwrap();
    assert_eq!(exchange(&mut stream, &[0, 1, 4]), [0x3B, 0x80, 0x80, 1, 1]);
    assert_eq!(exchange(&mut stream, &[0, 4, 0, 0xA4, 0, 0x0C]), [0x90, 0]);
    assert_eq!(exchange(&mut stream, &[0, 5, 0, 0xB0, 0x9C, 0, 4]), [0x31, 0x34, 0x30, 0x0D, 0x90, 0]);
    stream.write_all(&[0, 1, 2, 0, 1, 0, 0, 1, 9]).unwrap();
    assert_eq!(exchange(&mut stream, &[0, 5, 0, 0xB0, 0x81, 0, 4]), [0x6A, 0x82]);
    drop(stream);
    assert!(card.wait_with_output().unwrap().status.success());
}
