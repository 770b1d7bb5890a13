//! Compiles the library that stands between the child and the system calls. Only Linux has what it needs.

use std::{env, path::PathBuf, process::ExitCode};

#[expect(clippy::disallowed_methods, reason = "a build script is configured by its environment")]
fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=shim/shim.c");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return ExitCode::SUCCESS;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("shim.so");
    let compiler = cc::Build::new().opt_level(2).cargo_metadata(false).get_compiler();
    let built = compiler
        .to_command()
        .args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&out)
        .arg("shim/shim.c")
        .status();
    if built.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
