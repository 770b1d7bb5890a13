//! The program `eid-sandbox`.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use crate::socket::connect;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eid-sandbox"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn interrupt(child: &Child) {
    // The shell's own `kill`: the program of that name is not on every machine.
    assert!(Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap().success());
}

#[test]
fn description_printed_is_that_of_the_library() {
    let output = program(&["openapi"]).output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), eid_sandbox::openapi_json().unwrap());
}

#[test]
fn program_without_a_place_for_the_certificate_says_so() {
    let output = program(&["serve"]).output().unwrap();
    assert!(!output.status.success() && String::from_utf8(output.stderr).unwrap().contains("--ca"));
    let output = program(&["serve", "--listen", "127.0.0.1:0", "--data", "/dev/null/x"]).output().unwrap();
    assert!(!output.status.success() && String::from_utf8(output.stderr).unwrap().contains("(1003)"));
}

#[tokio::test]
async fn program_served_says_where_and_ends_when_interrupted() {
    let directory = tempfile::TempDir::new().unwrap();
    let data = directory.path().join("data");
    let ca = data.join("ca.pem");
    let mut authorities = Vec::new();
    for _ in 0..2 {
        let mut child =
            program(&["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.next().unwrap().unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), format!("certificate authority: {}", ca.display()));
        let address = url.strip_prefix("https://").unwrap().parse().unwrap();
        let authority = CertificateDer::from_pem_file(&ca).unwrap().to_vec();
        connect(address, authority.clone(), "localhost").await.unwrap();
        authorities.push(authority);
        interrupt(&child);
        assert!(child.wait().unwrap().success());
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert_eq!(log, "", "nothing was called");
    }
    assert_eq!(authorities[0], authorities[1], "the directory keeps it");
}
