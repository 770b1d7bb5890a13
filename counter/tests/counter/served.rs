//! The built program as a server: one address, two stations, a restart, a full disk.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::world::{AGE, Folder, ISSUER_KEY, SIGNED, World, base45, digits};

/// A running `eid-counter serve`, and what it says to the terminal.
pub(crate) struct Served {
    child: Child,
    address: String,
    stdout: BufReader<ChildStdout>,
}

impl Served {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut served = Self { child, address: String::new(), stdout };
        served.address = served.line().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        served
    }

    /// The next line that it says to whoever started it.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Status and body of one request over a connection of its own.
    fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address))
    }

    pub(crate) fn verify(&self, text: &str) -> Value {
        self.verify_as(json!({"text": text}))
    }

    /// Verifies a thing scanned in any form.
    #[expect(clippy::needless_pass_by_value, reason = "made for the call")]
    pub(crate) fn verify_as(&self, scanned: Value) -> Value {
        let (status, mut answer) = self.post("/verify", &json!({"proofs": [scanned]}));
        assert_eq!(status, 200, "{answer}");
        answer["reports"][0].take()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let head = format!("Host: {}\r\nContent-Type: application/json\r\nConnection: close", self.address);
        let (status, answer) =
            self.ask(&format!("POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        (status, serde_json::from_str(&answer).unwrap())
    }

    pub(crate) fn code(&self, text: &str) -> String {
        self.verify(text)["code"].as_str().unwrap().to_owned()
    }

    /// Ends it as a terminal does; gives what it said to standard error.
    pub(crate) fn stop(mut self) -> String {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The arguments of a server that trusts this world at its time.
pub(crate) fn arguments(folder: &Folder, world: &World) -> Vec<String> {
    let root = folder.file("root.bin", world.root.public().sec1());
    let trust = folder.file("trust.cbor", world.trust_list("pilot", &world.root));
    let status = folder.file("status.cbor", world.status_snapshot());
    let at = (world.now + 10).to_string();
    let replay = folder.name("used");
    ["serve", "--listen", "127.0.0.1:0", "--trust", &trust, "--trust-root", &root, "--status", &status, "--at", &at]
        .into_iter()
        .chain(["--replay", &replay])
        .map(str::to_owned)
        .collect()
}

pub(crate) fn program(arguments: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eid-counter"));
    command.args(arguments);
    command
}

#[test]
fn two_stations_and_a_restart_take_a_proof_once() {
    let (folder, world) = (Folder::new(), World::new(SIGNED));
    let arguments = arguments(&folder, &world);
    let proof = digits(world.fresh_proof(0, true).as_bytes());
    let server = Served::start(program(&arguments));
    let codes: Vec<_> = std::thread::scope(|scope| {
        let stations: Vec<_> = (0..8).map(|_| scope.spawn(|| server.code(&proof))).collect();
        stations.into_iter().map(|station| station.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| *code == "Q00").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "Q18").count(), 7, "{codes:?}");
    server.stop();
    let again = Served::start(program(&arguments));
    let report = again.verify(&proof);
    assert_eq!(report["code"], "Q18");
    assert_eq!(report["detail"]["used_at"], "2026-11-22T19:00:10+07:00");
    assert_eq!(again.code(&digits(world.fresh_proof(3, false).as_bytes())), "Q00");
}

#[test]
fn log_and_metrics_hold_nothing_of_the_person() {
    let (folder, world) = (Folder::new(), World::new(SIGNED));
    let server = Served::start(program(&arguments(&folder, &world)));
    let proof = world.fresh_proof(0, true);
    let text = base45(proof.as_bytes());
    let report = server.verify(&text);
    assert_eq!(report["claims"]["full_name"], "NGUYỄN THỊ MINH KHAI");
    assert_eq!(server.code("000199000123||NGUYỄN VĂN A|02011999|Nam|Hà Nội|10012021"), "Q01");
    assert_eq!(server.get("/000190000001").0, 404, "what a caller puts into a path is not logged either");
    let (status, metrics) = server.get("/metrics");
    assert_eq!(status, 200);
    for line in [
        r#"eid_counter_verdicts_total{code="Q00"} 1"#,
        r#"eid_counter_requests_total{route="/verify",status="200"} 2"#,
        "eid_counter_trust_list_age_seconds 3610",
        "eid_counter_status_list_age_seconds 7210",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}: {metrics}");
    }
    let said = server.stop();
    assert!(said.contains(" POST /verify 200 ") && said.contains(" Q00×1"), "{said}");
    for secret in ["NGUY", "000190000001", "000199000123", "MINH", text.get(..40).unwrap(), "Thử"] {
        assert!(!said.contains(secret) && !metrics.contains(secret), "{secret}");
    }
}

#[test]
fn full_disk_cannot_tell_and_recovers() {
    let (folder, world) = (Folder::new(), World::new(SIGNED));
    // No file of the program may grow beyond 128 KiB: its record soon cannot be written.
    let mut limited = Command::new("bash");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_eid-counter")]);
    let arguments = arguments(&folder, &world);
    let server = Served::start({
        limited.args(&arguments);
        limited
    });
    let proofs: Vec<_> = (0..60).map(|_| digits(world.fresh_proof(0, false).as_bytes())).collect();
    let full = proofs.iter().find(|proof| server.code(proof) != "Q00").expect("a record that cannot be written");
    let report = server.verify(full);
    assert_eq!((report["verdict"].as_str(), report["code"].as_str()), (Some("cannot_tell"), Some("E5033")));
    assert!(report["reason"]["en"].as_str().unwrap().contains("Free the disk"), "{report}");
    assert!(report.get("claims").is_none(), "nothing is shown of a proof that may have been used before");
    server.stop();
    let with_room = Served::start(program(&arguments));
    assert_eq!(with_room.code(full), "Q00", "the proof was not used up");
    assert_eq!(with_room.code(&proofs[0]), "Q18");
}

#[test]
fn address_that_others_reach_is_refused() {
    let folder = Folder::new();
    let key = folder.file("issuer.bin", ISSUER_KEY);
    let replay = folder.name("used");
    let serve = |listen: &str, issuer: &str| {
        let arguments = ["serve", "--listen", listen, "--issuer-key", issuer, "--replay", &replay];
        let output = Command::new(env!("CARGO_BIN_EXE_eid-counter")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (exit, said) = serve("0.0.0.0:0", &key);
    assert!(exit == Some(2) && said.contains("E5039") && said.contains("127.0.0.1"), "{said}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (exit, said) = serve(&taken.local_addr().unwrap().to_string(), &key);
    assert!(exit == Some(2) && said.contains("E5039"), "{said}");
    let (exit, said) = serve("127.0.0.1:0", &folder.name("absent"));
    assert!(exit == Some(2) && said.contains("E5031"), "{said}");
}

#[test]
fn key_given_by_hand_serves_the_vectors() {
    let folder = Folder::new();
    let key = folder.file("issuer.bin", ISSUER_KEY);
    let (at, replay) = ((SIGNED + 10).to_string(), folder.name("used"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_eid-counter"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--issuer-key", &key, "--allow-unknown-status", "--at", &at]);
    command.args(["--replay", &replay]);
    let server = Served::start(command);
    assert_eq!(server.verify(&digits(AGE))["claims"], json!({"age_over_18": true}));
    let station: Value = serde_json::from_str(&server.get("/station").1).unwrap();
    assert_eq!(station["trust"], json!({"environment": "test", "version": 0}));
    assert_eq!(station["now"], "2026-11-22T19:00:10+07:00");
}
