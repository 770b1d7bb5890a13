//! `cargo xtask bench`: figures beside peers, from one run.

use std::path::Path;

use crate::run::cargo;

/// Built by itself: it links another SQLite than all others.
const SQLCIPHER: &str = "tests/bench/sqlcipher/Cargo.toml";

/// Builds and runs the bench program, with the one that measures SQLCipher.
pub(crate) fn run(root: &Path, args: &[&str]) -> Result<(), String> {
    let folder = root.join("target/sqlcipher");
    cargo(root, &["build", "--release", "--locked", "--manifest-path", SQLCIPHER, "--target-dir"])
        .arg(&folder)
        .check()?;
    let program = folder.join("release/eid-bench-sqlcipher");
    cargo(root, &["run", "--release", "--locked", "--package", "eid-bench", "--"])
        .arg(format!("--sqlcipher={}", program.display()))
        .args(args)
        .check()
}

/// Fetches what only that program needs.
pub(crate) fn fetch(root: &Path) -> Result<(), String> {
    cargo(root, &["fetch", "--locked", "--manifest-path", SQLCIPHER]).check()
}
