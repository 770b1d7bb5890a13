//! Where lists come from: files, a USB stick, the network; what is kept, and what is never believed.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use serde_json::Value;

use crate::{
    served::{Served, program},
    world::{Folder, SIGNED, World, digits},
};

const DAY: i64 = 86_400;

/// An office: its folder, its world, and the options that all runs have.
struct Office {
    folder: Folder,
    world: World,
    common: Vec<String>,
}

impl Office {
    fn new() -> Self {
        let (folder, world) = (Folder::new(), World::new(SIGNED));
        let root = folder.file("root.bin", world.root.public().sec1());
        let common = ["--trust-root", &root, "--at", &(SIGNED + 10).to_string()].map(str::to_owned).to_vec();
        Self { folder, world, common }
    }

    /// A trust list of this version.
    fn trust(&mut self, version: u32) -> Vec<u8> {
        self.world.version = version;
        self.world.trust_list("pilot", &self.world.root)
    }

    fn options(&self, more: &[&str]) -> Vec<String> {
        self.common.iter().map(String::as_str).chain(more.iter().copied()).map(str::to_owned).collect()
    }

    /// Verifies a fresh proof of entry `index`: the report, and what was said to the terminal.
    fn verify(&self, index: u32, more: &[&str]) -> (Value, String) {
        let text = digits(self.world.fresh_proof(index, false).as_bytes());
        let mut command = Command::new(env!("CARGO_BIN_EXE_eid-counter"));
        let command = command.arg("verify").args(self.options(more)).arg(&text).stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}")), said)
    }

    /// Code and trust list's version.
    fn outcome(&self, index: u32, more: &[&str]) -> (String, Option<u64>) {
        let report = self.verify(index, more).0;
        (report["code"].as_str().unwrap().to_owned(), report["trust"]["version"].as_u64())
    }
}

fn gave(code: &str, version: u64) -> (String, Option<u64>) {
    (code.to_owned(), Some(version))
}

#[test]
fn of_the_lists_on_a_stick_the_newest_that_is_signed_counts() {
    let mut office = Office::new();
    let stick = office.folder.path("stick");
    fs::create_dir_all(stick.join("more.cbor")).unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(stick.join(name), bytes).unwrap();
    let stick_name = stick.to_str().unwrap();
    assert_eq!(office.verify(0, &["--trust", stick_name]).0["code"], "E5031", "nothing on it");
    let stranger = World::new(SIGNED);
    for (name, version) in [("a.cbor", 8), ("b.CBOR", 9), ("c.cbor", 3)] {
        put(name, &office.trust(version));
    }
    let mut garbled = office.trust(12);
    garbled[40] ^= 1;
    put("garbled.cbor", &garbled);
    put("half.cbor", &office.trust(12)[..200]);
    put("stranger.cbor", &stranger.trust_list("pilot", &stranger.root));
    put("other name.txt", &office.trust(12));
    put("empty.cbor", b"");
    put("large.cbor", &vec![0; 2_000_000]);
    put("status.cbor", &office.world.status_snapshot());
    let both = ["--trust", stick_name, "--status", stick_name];
    assert_eq!(office.outcome(0, &both), gave("Q00", 9));
    assert_eq!(office.outcome(1, &both), gave("Q14", 9));
    assert_eq!(office.outcome(0, &both[..2]), gave("W16", 9));
}

#[test]
fn stick_that_is_pulled_out_or_brings_older_lists_leaves_the_kept_ones_in_force() {
    let mut office = Office::new();
    let (stick, keep) = (office.folder.path("stick"), office.folder.name("kept"));
    let stick_name = stick.to_str().unwrap().to_owned();
    let options = ["--trust", &stick_name, "--status", &stick_name, "--keep", &keep];
    let put = |trust: &[u8], status: &[u8]| {
        fs::create_dir_all(&stick).unwrap();
        fs::write(stick.join("trust.cbor"), trust).unwrap();
        fs::write(stick.join("status.cbor"), status).unwrap();
    };
    assert_eq!(office.verify(0, &options).0["code"], "E5031", "no stick and nothing kept");
    let status = office.world.status_snapshot();
    put(&office.trust(9), &status);
    assert_eq!(office.outcome(1, &options), gave("Q14", 9));
    // Older ones, of which the status list does not know the revocation yet.
    office.world.now -= DAY;
    let nobody_revoked = office.world.status_snapshot_of(&[eid_proof::Status::Valid; 4], 3);
    office.world.now += DAY;
    put(&office.trust(8), &nobody_revoked);
    let (report, said) = office.verify(1, &options);
    assert_eq!((report["code"].as_str(), report["trust"]["version"].as_u64()), (Some("Q14"), Some(9)));
    assert!(said.contains("E5032") && said.contains("kept"), "{said}");
    // Garbled, and pulled out.
    put(b"\xd2\x84", b"\x81");
    assert_eq!(office.outcome(0, &options), gave("Q00", 9));
    fs::remove_dir_all(&stick).unwrap();
    assert_eq!(office.outcome(1, &options), gave("Q14", 9));
    let (report, said) = office.verify(0, &options);
    assert_eq!(report["code"], "Q00");
    assert!(said.contains("not renewed"), "{said}");
    // Newer ones take their place, and a kept file that somebody changed is worth nothing.
    put(&office.trust(10), &status);
    assert_eq!(office.outcome(0, &options), gave("Q00", 10));
    fs::remove_dir_all(&stick).unwrap();
    fs::write(Path::new(&keep).join("trust.cbor"), b"changed").unwrap();
    assert_eq!(office.verify(0, &options).0["code"], "E5031");
}

#[test]
fn class_of_the_counter_decides_how_old_lists_may_be() {
    let mut office = Office::new();
    let list = office.trust(7);
    let trust = office.folder.file("trust.cbor", list);
    // What is verified so many days later is signed then; the status list is two hours old on its own day.
    let mut at = |days: i64, class: &str, status: i64| {
        office.world.now = SIGNED + status * DAY;
        let lists = office.world.status_snapshot_of(&[eid_proof::Status::Valid], 60);
        let status = office.folder.file("status.cbor", lists);
        office.world.now = SIGNED + days * DAY;
        let text = digits(office.world.fresh_proof(0, false).as_bytes());
        let mut command = Command::new(env!("CARGO_BIN_EXE_eid-counter"));
        command.args(["verify", "--trust-root", &office.folder.name("root.bin"), "--trust", &trust, "--class", class]);
        command.args(["--status", &status, "--at", &(office.world.now + 10).to_string()]);
        let output = command.arg(&text).stdin(Stdio::null()).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let verdict = report["verdict"].as_str().unwrap().to_owned();
        (report["code"].as_str().unwrap().to_owned(), verdict)
    };
    let case = |code: &str, verdict: &str| (code.to_owned(), verdict.to_owned());
    assert_eq!(at(0, "bank", 0), case("Q00", "valid"));
    assert_eq!(at(1, "bank", 0), case("W16", "cannot_tell"), "a bank's status list of yesterday");
    assert_eq!(at(6, "commune", 0), case("Q00", "valid"));
    assert_eq!(at(8, "commune", 0), case("W16", "cannot_tell"));
    assert_eq!(at(6, "bank", 6), case("Q00", "valid"));
    assert_eq!(at(8, "bank", 8), case("Q09", "cannot_tell"), "a bank's trust list of last week");
    assert_eq!(at(29, "commune", 29), case("Q00", "valid"));
    assert_eq!(at(31, "commune", 31), case("Q09", "cannot_tell"));
}

#[test]
fn counter_takes_only_what_its_options_say() {
    let mut office = Office::new();
    let list = office.trust(7);
    let trust = office.folder.file("trust.cbor", list);
    let common = ["--trust", &trust, "--allow-unknown-status"];
    let code = |photo: bool, more: &[&str]| {
        let text = digits(office.world.fresh_proof(0, photo).as_bytes());
        let mut command = Command::new(env!("CARGO_BIN_EXE_eid-counter"));
        command.arg("verify").args(office.options(&common)).args(more).arg(&text).stdin(Stdio::null());
        let report: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap_or_default();
        report["code"].as_str().unwrap_or("usage").to_owned()
    };
    assert_eq!(code(false, &["--accept", "id"]), "Q00");
    assert_eq!(code(false, &["--accept", "age"]), "Q17");
    assert_eq!(code(false, &["--accept", "age", "--accept", "id"]), "Q00");
    assert_eq!(code(false, &["--accept", "everything"]), "usage");
    assert_eq!(code(false, &["--require-photo"]), "Q17");
    assert_eq!(code(true, &["--require-photo"]), "Q00");
    assert_eq!(code(true, &["--counter", "rp/0101234567-001", "--named-only"]), "Q07");
    assert_eq!(code(true, &["--named-only"]), "usage", "by which name?");
}

/// A server of lists with a certificate of its own authority. Its thread ends with the tests.
struct ListServer {
    address: String,
    /// The authority's certificate, PEM.
    ca: String,
    /// What it answers, and the heads of the requests that it got.
    shared: Arc<Mutex<(Vec<u8>, Vec<String>)>>,
}

impl ListServer {
    fn start() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Mutex::new((Vec::new(), Vec::new())));
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut tls = rustls::Stream::new(&mut connection, &mut stream);
                let mut head = vec![0; 4096];
                // Who does not believe the certificate goes away here.
                let Ok(read) = tls.read(&mut head) else { continue };
                let mut shared = of_thread.lock().unwrap();
                shared.1.push(String::from_utf8_lossy(&head[..read]).into_owned());
                tls.write_all(&shared.0).ok();
                tls.conn.send_close_notify();
                tls.flush().ok();
            }
        });
        Self { address, ca: certificate.pem(), shared }
    }

    fn answer(&self, head: &str, body: &[u8]) {
        let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        self.shared.lock().unwrap().0 = [head.as_bytes(), body].concat();
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().unwrap().1)
    }
}

#[test]
fn lists_are_fetched_over_https_only_and_only_signed_ones_count() {
    let mut office = Office::new();
    let server = ListServer::start();
    let ca = office.folder.file("ca.pem", &server.ca);
    let (url, keep) = (format!("https://{}/v1/trust-list", server.address), office.folder.name("kept"));
    let fetch = ["--trust", &url, "--ca", &ca, "--allow-unknown-status"];
    let good = office.trust(9);
    server.answer("200 OK", &good);
    assert_eq!(office.outcome(0, &fetch), gave("Q00", 9));
    let asked = server.asked();
    assert!(asked.len() == 1 && asked[0].starts_with("GET /v1/trust-list HTTP/1.1\r\n"), "{asked:?}");
    assert_eq!(office.outcome(0, &[&fetch[..], &["--keep", &keep]].concat()), gave("Q00", 9));
    let mut forged = good.clone();
    forged[60] ^= 1;
    let moved = format!("302 Found\r\nLocation: https://{}/elsewhere", server.address);
    for (head, body) in [
        ("200 OK", forged.as_slice()),
        ("200 OK", &[0; 1_100_000]),
        ("200 OK", b""),
        ("404 Not Found", good.as_slice()),
        (moved.as_str(), good.as_slice()),
        ("304 Not Modified", b""),
        ("500 Oops", b""),
    ] {
        server.answer(head, body);
        server.asked();
        assert_eq!(office.verify(0, &fetch).0["code"], "E5031", "{head}");
        assert_eq!(server.asked().len(), 1, "{head}: nobody else is asked");
        assert_eq!(office.outcome(0, &[&fetch[..], &["--keep", &keep]].concat()), gave("Q00", 9), "{head}");
    }
    // Another authority's server, and one that speaks no TLS.
    server.answer("200 OK", &good);
    let other = office.folder.file("other.pem", &ListServer::start().ca);
    assert_eq!(office.verify(0, &["--trust", &url, "--ca", &other]).0["code"], "E5031");
    let plain = format!("http://{}/v1/trust-list", server.address);
    for address in [plain.as_str(), "ftp://127.0.0.1/list", "HTTP://127.0.0.1/", "file:///etc/list", "https://"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eid-counter"));
        let output = command.args(["verify", "--trust", address, "7041"]).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains("https://"), "{address}: {said}");
    }
}

#[test]
fn counter_that_starts_without_a_network_goes_by_what_it_kept_and_says_so() {
    let office = Office::new();
    let server = ListServer::start();
    let ca = office.folder.file("ca.pem", &server.ca);
    let (url, keep) = (format!("https://{}/trust", server.address), office.folder.name("kept"));
    let replay = office.folder.name("used");
    let more = ["--trust", &url, "--ca", &ca, "--keep", &keep, "--allow-unknown-status"];
    let serve = || {
        let mut arguments = ["serve", "--listen", "127.0.0.1:0", "--replay", &replay].map(str::to_owned).to_vec();
        arguments.extend(office.options(&more));
        Served::start(program(&arguments))
    };
    server.answer("200 OK", &office.world.trust_list("pilot", &office.world.root));
    let station = |served: &Served| serde_json::from_str::<Value>(&served.get("/station").1).unwrap();
    let online = serve();
    assert!(station(&online).get("not_renewed").is_none());
    online.stop();
    server.answer("503 Busy", b"");
    let offline = serve();
    let facts = station(&offline);
    assert_eq!((facts["trust"]["version"].as_u64(), facts["not_renewed"]["code"].as_str()), (Some(7), Some("E5031")));
    assert!(facts["trust"]["age_s"].as_i64().unwrap() > 3600, "its age is told");
    assert_eq!(offline.code(&digits(office.world.fresh_proof(0, false).as_bytes())), "Q00");
    assert!(offline.stop().contains("not renewed"));
}

#[test]
fn clock_that_the_last_holders_disagree_with_is_told_and_not_corrected() {
    let (folder, world) = (Folder::new(), World::new(SIGNED));
    let mut arguments = crate::served::arguments(&folder, &world);
    let at = arguments.iter().position(|it| it == "--at").unwrap();
    // Four minutes slow.
    arguments[at + 1] = (SIGNED - 240).to_string();
    let server = Served::start(program(&arguments));
    let clock = || serde_json::from_str::<Value>(&server.get("/station").1).unwrap()["clock"].clone();
    let proof = |later: i64, forged: bool| {
        let phone = eid_crypto::SigningKey::make().unwrap();
        let showing = eid_proof::Showing { now: crate::world::time(SIGNED + later), ..world.openly() };
        let mut bytes = world.show(&world.token(&phone, 0), &phone, &showing).as_bytes().to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= u8::from(forged);
        digits(&bytes)
    };
    for later in 0..10 {
        assert_eq!(server.code(&proof(later, true)), "Q06");
    }
    assert_eq!(clock(), Value::Null, "what nobody signed says nothing of a clock");
    for later in 0..4 {
        assert_eq!(server.code(&proof(later, false)), "Q06");
    }
    assert_eq!(clock(), Value::Null, "four are too few");
    assert_eq!(server.code(&proof(4, false)), "Q06");
    assert_eq!(clock(), serde_json::json!({"ahead_s": -252, "holders": 5}));
    assert_eq!(server.code(&proof(5, false)), "Q06", "it goes on by its own clock");
}
