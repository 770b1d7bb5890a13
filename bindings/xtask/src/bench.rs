//! `cargo xtask bench`: one table of figures beside peers, from one run.

use std::{fs, path::Path};

use crate::{
    run::{cargo, ended},
    tools,
};

/// Built by itself: it links another SQLite than all others.
const SQLCIPHER: &str = "tests/bench/sqlcipher/Cargo.toml";

const CALLS: &str = "tests/foreign/python/bench_calls.py";
const ROWS: &str = "target/bench-ffi.json";

/// The library as phones get it, and beside it as tests have it.
const RELEASE: &str = "target/bindings-release";
const DEBUG: &str = "target/bindings";

/// Measures; `--smoke` only shows that everything runs.
pub(crate) fn run(root: &Path, args: &[&str]) -> Result<(), String> {
    let (flags, groups): (Vec<&str>, Vec<&str>) = args.iter().partition(|arg| arg.starts_with("--"));
    let mut bench = cargo(root, &["run", "--release", "--locked", "--package", "eid-bench", "--"]).args(args);
    if groups.is_empty() || groups.contains(&"vault") {
        bench = bench.arg(format!("--sqlcipher={}", build_sqlcipher(root)?));
    }
    if groups.is_empty() || groups.contains(&"scan") {
        tools::python_packages(root)?;
        bench = bench.arg(format!("--zxing={}", root.join(tools::ENVIRONMENT).join("bin/python").display()));
    }
    if groups.is_empty() || groups.contains(&"ffi") {
        measure_calls(root, flags.contains(&"--smoke"))?;
        return bench.arg(format!("--rows={ROWS}")).check();
    }
    bench.check()
}

/// Fetches what only the program beside SQLCipher needs.
pub(crate) fn fetch(root: &Path) -> Result<(), String> {
    cargo(root, &["fetch", "--locked", "--manifest-path", SQLCIPHER]).check()
}

/// Builds that program; gives its path.
fn build_sqlcipher(root: &Path) -> Result<String, String> {
    let folder = root.join("target/sqlcipher");
    cargo(root, &["build", "--release", "--locked", "--manifest-path", SQLCIPHER, "--target-dir"])
        .arg(&folder)
        .check()?;
    Ok(folder.join("release/eid-bench-sqlcipher").display().to_string())
}

fn measure_calls(root: &Path, smoke: bool) -> Result<(), String> {
    tools::python_packages(root)?;
    let (out, options): (_, &[&str]) = if smoke { (DEBUG, &[]) } else { (RELEASE, &["--release"]) };
    // What it prints is not for standard output, which is the table's or the JSON's.
    let made = cargo(root, &["xtask", "bindings", "--out", out]).args(options).capture()?;
    if !made.status.success() {
        return Err(format!("cargo xtask bindings: {}", ended(made.status)));
    }
    let module = format!("{out}/python");
    let measured = tools::tool(root, "python")?
        .args([CALLS, "--bindings", &module])
        .args(smoke.then_some("--smoke"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .capture()?;
    if !measured.status.success() {
        return Err(format!("{CALLS}: {}", ended(measured.status)));
    }
    fs::write(root.join(ROWS), measured.text).map_err(|e| format!("{ROWS}: {e}"))
}
