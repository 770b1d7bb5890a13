//! The FFI crate type-checked for phones, on a machine that has neither their SDKs nor their C compilers.
//!
//! What it proves: every line of ours and of the dependencies that is compiled for these targets type-checks, `cfg` branches and
//! build scripts included. What it does not: that anything links, loads or runs there. The C parts are given stand-in compilers
//! that make empty files. The standard library comes as source with a compiler of Debian's own, unpacked beside the build.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::run::Program;

/// The targets of the two shells.
const TARGETS: [&str; 3] = ["aarch64-linux-android", "x86_64-linux-android", "aarch64-apple-ios"];

/// Debian's newest Rust with its sources; what it needs of other packages is asked of apt.
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

const TOOLS: &str = "target/tools/rustc-web";

/// Checks the FFI crate for each target.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let toolchain = install(root)?;
    let standin = root.join("bindings/xtask/standin");
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let path =
        std::env::join_paths([toolchain.join("usr/bin")].into_iter().chain(std::env::split_paths(&system_path())))
            .map_err(|e| e.to_string())?;
    let libraries = [text(toolchain.join("usr/lib/x86_64-linux-gnu")), text(toolchain.join("usr/lib"))].join(":");
    for target in TARGETS {
        let name = target.replace('-', "_");
        println!("  {target}");
        Program::new(root, toolchain.join("usr/bin/cargo"))
            .args(["check", "-Zbuild-std=std,panic_unwind", "--locked", "--package", "eid-ffi", "--target", target])
            .env("PATH", &path.to_string_lossy())
            .env("LD_LIBRARY_PATH", &libraries)
            .env("RUSTC", &text(toolchain.join("usr/bin/rustc")))
            // Building the standard library is a feature that only nightly names; the sources are this compiler's own.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", &text(root.join("target/targets")))
            .env(&format!("CC_{name}"), &text(standin.join("cc")))
            .env(&format!("AR_{name}"), &text(standin.join("ar")))
            // Keeps build scripts from asking Xcode.
            .env("SDKROOT", &text(standin.clone()))
            .check()?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a tool that puts its own compiler in front of the others")]
fn system_path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

/// Unpacks the compiler and the packages that it needs and this machine lacks; nothing is installed.
fn install(root: &Path) -> Result<PathBuf, String> {
    let folder = root.join(TOOLS);
    let unpacked = folder.join("root");
    let mark = folder.join("complete");
    if mark.is_file() {
        return Ok(unpacked);
    }
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&unpacked).map_err(|e| format!("{TOOLS}: {e}"))?;
    let needed = needed(root)?;
    Program::new(&folder, "apt-get").args(["download", "-o", "APT::Sandbox::User=root"]).args(&needed).check()?;
    for entry in fs::read_dir(&folder).map_err(|e| format!("{TOOLS}: {e}"))? {
        let path = entry.map_err(|e| format!("{TOOLS}: {e}"))?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            Program::new(root, "dpkg").arg("-x").arg(&path).arg(&unpacked).check()?;
            fs::remove_file(&path).map_err(|e| format!("{TOOLS}: {e}"))?;
        }
    }
    fs::write(&mark, needed.join("\n")).map_err(|e| format!("{TOOLS}: {e}"))?;
    Ok(unpacked)
}

/// The packages and all that they depend on, less what is installed.
fn needed(root: &Path) -> Result<Vec<String>, String> {
    if Program::new(root, "apt-cache").args(["show", "--no-all-versions", "rust-web-src"]).capture()?.text.is_empty() {
        Program::new(root, "apt-get").arg("update").check()?;
    }
    let depends = ["depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks"];
    let all = Program::new(root, "apt-cache")
        .args(depends)
        .args(["--no-replaces", "--no-enhances"])
        .args(PACKAGES)
        .capture()?
        .text;
    let installed = Program::new(root, "dpkg-query").args(["--show", "--showformat=${Package}\n"]).capture()?.text;
    // A package stands at the beginning of its line; alternatives and virtual packages do not, or in angle brackets.
    let names = all.lines().filter(|line| !line.starts_with([' ', '<', '|']) && !line.is_empty());
    let missing: Vec<String> =
        names.filter(|name| !installed.lines().any(|have| have == *name)).map(str::to_owned).collect();
    // A C compiler is there: Rust links with it. Only the libraries and the compiler itself are wanted.
    let wanted = |name: &String| name.starts_with("lib") || PACKAGES.contains(&name.as_str());
    let missing: Vec<String> = missing.into_iter().filter(wanted).collect();
    if missing.is_empty() { Err("apt knows no rustc-web".to_owned()) } else { Ok(missing) }
}
