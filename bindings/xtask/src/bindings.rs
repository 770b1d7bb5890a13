//! `cargo xtask bindings`: the library that shells link, and its Kotlin, Swift and Python sides, from one build.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    elf, mend,
    run::{Program, cargo},
    ship,
    steps::clear,
};

const OUT: &str = "target/bindings";
const SNAPSHOT: &str = "bindings/snapshots/ffi-surface.txt";

/// The library's file. The generated code looks for this name, so it is never renamed.
const LIBRARY: &str = "libeid_ffi.so";

/// The library whose metadata the generator reads.
pub(crate) const SURFACE: &str = "target/debug/libeid_ffi.so";

const PYTHON_MODULE: &str = "eid_core.py";
const KOTLIN_MODULE: &str = "vn/example/eid/core/eid_core.kt";

/// Module map of the Swift package's C part. The generated one also names Apple's modules with `use`, which breaks builds
/// elsewhere.
const MODULE_MAP: &str = "module EidFFI {\n    header \"EidFFI.h\"\n    export *\n}\n";

/// One copy of functions that are the same, and addresses to relocate as a bit map: as the linker of phones does it. Only where
/// Rust brings that linker along.
const LINK_SMALL: &[&str] = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    &["--icf=safe", "-z,pack-relative-relocs"]
} else {
    &[]
};

/// Names that clash with what Kotlin, Swift or Python give every object or exception.
const FORBIDDEN: &[&str] = &[
    "message",
    "error",
    "cause",
    "to_string",
    "tostring",
    "hash_code",
    "hashcode",
    "equals",
    "description",
    "hash",
    "destroy",
    "close",
];

/// Options of the task.
pub(crate) struct Options {
    pub(crate) out: PathBuf,
    pub(crate) release: bool,
    /// Write the snapshot of the surface instead of comparing it.
    pub(crate) write: bool,
}

impl Options {
    pub(crate) fn parse(root: &Path, args: &[&str]) -> Result<Self, String> {
        let mut options = Self { out: root.join(OUT), release: false, write: false };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match *arg {
                "--release" => options.release = true,
                "--write" => options.write = true,
                "--out" => options.out = root.join(args.next().ok_or("--out wants a folder")?),
                other => return Err(format!("{other} is no option of `bindings`")),
            }
        }
        Ok(options)
    }
}

/// Builds, generates from that very file, and checks names and surface. What a release ships is built of the same source but
/// without what the generator reads: what was generated compares checksums with it when it loads it.
pub(crate) fn run(root: &Path, options: &Options) -> Result<(), String> {
    cargo(root, &["build", "--locked", "--package", "eid-bindgen"]).check()?;
    cargo(root, &["build", "--locked", "--package", "eid-ffi", "--lib"]).check()?;
    let bindgen = root.join("target/debug/eid-bindgen");
    let library = root.join(SURFACE);

    let surface = Program::new(root, &bindgen).arg("surface").arg(&library).capture()?;
    if !surface.status.success() {
        return Err("eid-bindgen surface failed".to_owned());
    }
    names_allowed(&surface.text)?;
    compare_surface(root, &surface.text, options.write)?;

    for language in ["kotlin", "swift", "python"] {
        let folder = options.out.join(language);
        clear(&folder)?;
        Program::new(root, &bindgen)
            .args(["generate", "--no-format", "--language", language, "--out-dir"])
            .arg(&folder)
            .arg(&library)
            .check()?;
    }
    write(&options.out.join("swift/module.modulemap"), MODULE_MAP)?;
    mend::python(&options.out.join("python").join(PYTHON_MODULE))?;
    mend::kotlin(&options.out.join("kotlin").join(KOTLIN_MODULE))?;
    let beside = options.out.join("python").join(LIBRARY);
    if options.release {
        ship::build(root, None, LINK_SMALL)?.check()?;
        let built = root.join("target").join(ship::PROFILE).join(LIBRARY);
        elf::check_alignment(&built, elf::HOST_PAGE)?;
        return ship::strip(root, Path::new("strip"), &built, &beside);
    }
    elf::check_alignment(&library, elf::HOST_PAGE)?;
    fs::copy(&library, &beside).map(drop).map_err(|e| format!("{}: {e}", beside.display()))
}

/// Refuses names that generated code cannot have, and variants that are called like an exported type.
fn names_allowed(surface: &str) -> Result<(), String> {
    let dotted =
        |line: &str| line.split_whitespace().nth(1).map(|name| name.split(['(', ':']).next().unwrap_or("").to_owned());
    let paths: Vec<String> = surface.lines().filter_map(dotted).collect();
    let types: Vec<&str> = paths.iter().filter_map(|path| path.split('.').next()).collect();
    for path in &paths {
        let parts: Vec<&str> = path.split('.').collect();
        let Some((name, owners)) = parts.split_last() else { continue };
        let clashes = !owners.is_empty() && types.contains(name);
        if clashes || FORBIDDEN.contains(&name.to_lowercase().as_str()) {
            return Err(format!("the exported name {path} clashes in a shell's language"));
        }
    }
    Ok(())
}

/// The surface as last reviewed: a change of it is a change for every shell.
fn compare_surface(root: &Path, surface: &str, replace: bool) -> Result<(), String> {
    let path = root.join(SNAPSHOT);
    if replace {
        return write(&path, surface);
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    if reviewed == surface {
        return Ok(());
    }
    let gone = reviewed.lines().filter(|line| !surface.lines().any(|new| new == *line)).map(|line| format!("- {line}"));
    let new = surface.lines().filter(|line| !reviewed.lines().any(|old| old == *line)).map(|line| format!("+ {line}"));
    let changes: Vec<String> = gone.chain(new).collect();
    Err(format!(
        "the exported surface is not the one reviewed in {SNAPSHOT}; if it should be, `cargo xtask bindings --write`\n{}",
        changes.join("\n")
    ))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let problem = |e| format!("{}: {e}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(problem)?;
    }
    fs::write(path, text).map_err(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_clash_are_refused() {
        let fine = "error EidError.Locked #1\nerror EidError.Locked.code #1: UInt32\nrecord Proof.text #1: String\n";
        assert_eq!(names_allowed(fine), Ok(()));
        for bad in [
            "record AppConfig.description #1: String",
            "error EidError.Locked.message #1: String",
            "method EidApp.close() async",
            "enum Purpose.toString #1",
            "enum Event.Proof #2",
        ] {
            assert!(names_allowed(&format!("{fine}{bad}\n")).is_err(), "{bad}");
        }
    }
}
