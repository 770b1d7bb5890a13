//! The library as phones get it: small, without what only the generator reads, and without the paths of who built it.
//! Decision 0008 says what each part is worth.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    bindings::SURFACE,
    run::{Program, cargo},
};

/// The profile of what phones get.
pub(crate) const PROFILE: &str = "shipping";

/// Largest stripped library, in bytes.
const MAX_STRIPPED: u64 = 8 * 1024 * 1024;

const SHIP: &[&str] =
    &["rustc", "--locked", "--profile", PROFILE, "--package", "eid-ffi", "--lib", "--crate-type", "cdylib"];

/// SQLite's and ring's C without tables for unwinding: no panic goes through C, Rust's functions that C calls end the process
/// first.
const C_FLAGS: &str = "-fno-unwind-tables -fno-asynchronous-unwind-tables";

/// What the generator reads of a library, and nobody else.
const METADATA: &str = "UNIFFI_META_";

/// The names of what is hidden, for the linker.
const HIDDEN: &str = "target/bindings/hidden.ver";

/// Builds the library, for this machine or another target, after `bindings::run` has built the one that has its metadata. `link` is
/// for LLVM's linker; where there is another, it is empty and the metadata stay.
pub(crate) fn build(root: &Path, target: Option<&str>, link: &[&str]) -> Result<Program, String> {
    let mut program = cargo(root, SHIP);
    if let Some(target) = target {
        program = program.args(["--target", target]);
    }
    program = program.arg("--");
    if !link.is_empty() {
        let hide = format!("--version-script={}", hide_metadata(root)?.display());
        let args = link.iter().copied().chain([hide.as_str()]);
        program = args.fold(program, |program, arg| program.args(["-C", &format!("link-arg=-Wl,{arg}")]));
    }
    Ok(program.env("CARGO_ENCODED_RUSTFLAGS", &short_paths()).env("CFLAGS", C_FLAGS))
}

/// Writes what the linker is to hide.
fn hide_metadata(root: &Path) -> Result<PathBuf, String> {
    let hidden = root.join(HIDDEN);
    let names = Program::new(root, "nm").args(["--dynamic", "--defined-only", SURFACE]).capture()?;
    let script = hide(&names.text).ok_or_else(|| format!("{SURFACE} has no metadata"))?;
    fs::write(&hidden, script).map_err(|e| format!("{}: {e}", hidden.display()))?;
    Ok(hidden)
}

/// Strips a copy of the library into a file; refuses it if it is too large for a phone, or says where it was built.
pub(crate) fn strip(root: &Path, program: &Path, library: &Path, to: &Path) -> Result<(), String> {
    let folder = to.parent().unwrap_or(root);
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Program::new(root, program).arg("--strip-all").arg("-o").arg(to).arg(library).check()?;
    let bytes = fs::read(to).map_err(|e| format!("{}: {e}", to.display()))?;
    let size = bytes.len() as u64;
    println!("{}: {size} bytes of at most {MAX_STRIPPED}", to.display());
    if size > MAX_STRIPPED {
        return Err(format!("{} is too large", to.display()));
    }
    let places = [registries(), vec![root.to_path_buf()]].concat();
    match places.iter().find(|place| holds(&bytes, place)) {
        Some(place) => Err(format!("{} says that it was built in {}", to.display(), place.display())),
        None => Ok(()),
    }
}

/// A version script that hides the metadata among the names that `nm` lists; none if there is none.
fn hide(names: &str) -> Option<String> {
    let names = names.lines().filter_map(|line| line.split_whitespace().nth(2));
    let script = names.filter(|name| name.starts_with(METADATA)).fold(String::new(), |mut script, name| {
        // A linker takes such a name only if it is spelled out.
        let _infallible = writeln!(script, "    {name};");
        script
    });
    (!script.is_empty()).then(|| format!("{{\n  local:\n{script}}};\n"))
}

/// Places where a panic may happen are named without the folder that cargo keeps the source in. As cargo takes flags in its
/// environment.
fn short_paths() -> String {
    let flags: Vec<String> =
        registries().iter().map(|folder| format!("--remap-path-prefix={}/=", folder.display())).collect();
    flags.join("\u{1f}")
}

/// Where cargo keeps the sources of what was fetched, one folder for each registry.
fn registries() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let entries = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok());
    entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn holds(bytes: &[u8], path: &Path) -> bool {
    let path = path.as_os_str().as_encoded_bytes();
    bytes.windows(path.len()).any(|window| window == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_alone_is_hidden_and_a_library_without_any_is_no_source_of_names() {
        let names = "000a R UNIFFI_META_EID_FFI_ENUM_ACT\n000b T uniffi_eid_ffi_fn_func_x\n000c R UNIFFI_META_B\n";
        let script = hide(names).unwrap();
        assert_eq!(script, "{\n  local:\n    UNIFFI_META_EID_FFI_ENUM_ACT;\n    UNIFFI_META_B;\n};\n");
        assert_eq!(hide("000b T uniffi_eid_ffi_fn_func_x\n"), None);
    }

    #[test]
    fn place_is_found_wherever_a_library_names_it() {
        let place = Path::new("/build/here");
        for (content, found) in
            [("src/lib.rs", false), ("/build/here/src/lib.rs", true), ("x /build/here", true), ("", false)]
        {
            assert_eq!(holds(content.as_bytes(), place), found, "{content}");
        }
    }
}
