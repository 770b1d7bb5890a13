//! The main job as a visitor runs it: `cargo run --release`, then the counter on the files that it left.

use std::{
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Deserialize;

use crate::{
    run::{Output, Program, cargo, ended},
    steps::clear,
};

/// What the demo leaves for the reader to look at.
const FILES: &[&str] = &["proof.png", "proof.txt", "trust-list.cbor", "status.cbor", "verdict.json"];
const FOLDER: &str = "target/demo";

/// Proofs of another implementation, inside their window.
const VECTOR: &str = "tests/vectors/proof";
const VECTOR_TIME: &str = "1795348810";

/// Seconds that the demo, and one look by the counter, may take once built.
const LIMIT: u32 = 120;

/// A counter's answer, as far as this step looks at it.
#[derive(Deserialize)]
struct Verdict {
    code: String,
}

/// Builds both programs first, so that the proof is fresh when the counter sees it, and in one go, because alone the
/// counter would get other features of shared crates and compile them a second time.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    cargo(root, &["build", "--release", "--locked", "--package", "eid-sandbox", "--package", "eid-counter"]).check()?;
    let folder = root.join(FOLDER);
    clear(&folder)?;
    let demo = cargo(root, &["run", "--release", "--locked"]).limit(LIMIT).tee()?;
    if !demo.status.success() {
        return Err(format!("the demo {}", ended(demo.status)));
    }
    if let Some(missing) = FILES.iter().find(|name| fs::metadata(folder.join(name)).map_or(0, |file| file.len()) == 0) {
        return Err(format!("the demo left no {FOLDER}/{missing}"));
    }

    let file = |name: &str| format!("{FOLDER}/{name}");
    let (trust, status, proof) = (file("trust-list.cbor"), file("status.cbor"), file("proof.png"));
    let lists = ["--trust", &trust, "--status", &status];
    expect(root, &[&lists[..], &[&proof]].concat(), 0, "Q00")?;
    let later = (now()? + 3600).to_string();
    expect(root, &[&lists[..], &["--at", &later, &proof]].concat(), 1, "Q05")?;

    let (key, age, photo) = (vector("issuer-public-key.bin"), vector("age.cbor"), vector("age-photo-challenged.cbor"));
    let theirs = ["--issuer-key", &key, "--allow-unknown-status", "--at", VECTOR_TIME];
    let asked = ["--counter", "rp/0101234567-001", "--nonce", "00356a9fd4093e73a8dd12477cb1e61b"];
    expect(root, &[&theirs[..], &[&age]].concat(), 0, "Q00")?;
    expect(root, &[&theirs[..], &asked, &[&photo]].concat(), 0, "Q00")?;
    // Without the counter's identifier and challenge the same proof is another counter's.
    expect(root, &[&theirs[..], &[&photo]].concat(), 1, "Q07")
}

fn vector(name: &str) -> String {
    format!("{VECTOR}/{name}")
}

/// Runs the counter's `verify`, which must end with this exit code and this verdict.
fn expect(root: &Path, args: &[&str], exit: i32, code: &str) -> Result<(), String> {
    let counter = Program::new(root, root.join("target/release/eid-counter"));
    let Output { text, status } = counter.arg("verify").args(args).limit(LIMIT).tee()?;
    let verdict: Verdict = serde_json::from_str(&text).map_err(|e| format!("eid-counter verify: {e}"))?;
    if status.code() == Some(exit) && verdict.code == code {
        Ok(())
    } else {
        Err(format!("eid-counter verify {}: {status}, {}; wanted {exit}, {code}", args.join(" "), verdict.code))
    }
}

#[expect(clippy::disallowed_methods, reason = "the demo's proof is made now")]
fn now() -> Result<u64, String> {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).map_err(|e| e.to_string())
}
