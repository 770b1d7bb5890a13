//! `cargo xtask android`: the library for phones, where the Android SDK and NDK are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{bindings, elf, run::Program, ship, steps::clear};

/// One kind of phone: Android's name of it, Rust's, and the prefix of the NDK's compiler.
struct Abi {
    name: &'static str,
    target: &'static str,
    clang: &'static str,
}

const ABIS: &[Abi] = &[
    Abi { name: "arm64-v8a", target: "aarch64-linux-android", clang: "aarch64-linux-android" },
    Abi { name: "armeabi-v7a", target: "armv7-linux-androideabi", clang: "armv7a-linux-androideabi" },
    Abi { name: "x86_64", target: "x86_64-linux-android", clang: "x86_64-linux-android" },
    Abi { name: "x86", target: "i686-linux-android", clang: "i686-linux-android" },
];

/// Android 8: minSdk of `android/eid`.
const MIN_SDK: u32 = 26;

const LIBRARY: &str = "libeid_ffi.so";
const PROJECT: &str = "android";
/// What Gradle finds beside our own sources; never committed.
const GENERATED: &str = "android/eid/generated";
const AAR: &str = "android/eid/build/outputs/aar/eid-release.aar";

/// Builds the library for every kind of phone, generates its Kotlin side, and has Gradle make the AAR of both.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let ndk = tools(root)?;
    let generated = root.join(GENERATED);
    clear(&generated)?;
    let mut options = bindings::Options::parse(root, &[])?;
    options.out = root.join("target/android");
    bindings::run(root, &options)?;
    for abi in ABIS {
        build(root, &ndk, abi)?;
    }
    Program::new(root, "cp").arg("-r").arg(options.out.join("kotlin")).arg(generated.join("kotlin")).check()?;
    Program::new(root, "gradle").args(["--project-dir", PROJECT, ":eid:assembleRelease"]).check()?;
    Program::new(root, "ls").args(["-l", AAR]).check()
}

/// The NDK's folder of programs, or everything that is missing, one thing a line.
fn tools(root: &Path) -> Result<PathBuf, String> {
    let mut missing = Vec::new();
    let ndk = variable("ANDROID_NDK_HOME").and_then(|home| programs(Path::new(&home)));
    if ndk.is_none() {
        missing.push("ANDROID_NDK_HOME: the folder of Android NDK r28 or newer".to_owned());
    }
    if !variable("ANDROID_HOME").is_some_and(|home| Path::new(&home).join("platforms/android-35").is_dir()) {
        missing.push("ANDROID_HOME: the folder of the Android SDK with platforms/android-35".to_owned());
    }
    let answers =
        |name: &str| Program::new(root, name).arg("--version").capture().is_ok_and(|out| out.status.success());
    if !answers("gradle") {
        missing.push("gradle: version 8.14 or newer".to_owned());
    }
    for Abi { target, .. } in ABIS {
        let library = Program::new(root, "rustc").args(["--print", "target-libdir", "--target", target]).capture();
        if !library.is_ok_and(|out| Path::new(out.text.trim()).is_dir()) {
            missing.push(format!("Rust's standard library for {target}: rustup target add {target}"));
        }
    }
    ndk.filter(|_| missing.is_empty())
        .ok_or_else(|| format!("the library for Android is not made; here is missing:\n  {}", missing.join("\n  ")))
}

/// Where an NDK has its programs: one folder, named after the machine that it runs on.
fn programs(ndk: &Path) -> Option<PathBuf> {
    let hosts = fs::read_dir(ndk.join("toolchains/llvm/prebuilt")).ok()?;
    hosts.filter_map(|host| Some(host.ok()?.path().join("bin"))).find(|bin| bin.join("llvm-strip").is_file())
}

/// Builds for one kind of phone, checks its segments, and lays the stripped library where Gradle packs it.
fn build(root: &Path, ndk: &Path, abi: &Abi) -> Result<(), String> {
    let clang = ndk.join(format!("{}{MIN_SDK}-clang", abi.clang));
    let (clang, ar) = (clang.display().to_string(), ndk.join("llvm-ar").display().to_string());
    let (lower, upper) = (abi.target.replace('-', "_"), abi.target.replace('-', "_").to_uppercase());
    let pages = format!("-z,max-page-size={}", elf::ANDROID_PAGE);
    ship::build(root, Some(abi.target), &[&pages, "--icf=safe", "--pack-dyn-relocs=android"])?
        .env(&format!("CARGO_TARGET_{upper}_LINKER"), &clang)
        .env(&format!("CC_{lower}"), &clang)
        .env(&format!("AR_{lower}"), &ar)
        .check()?;
    let built = root.join("target").join(abi.target).join(ship::PROFILE).join(LIBRARY);
    elf::check_alignment(&built, elf::ANDROID_PAGE)?;
    let shipped = root.join(GENERATED).join("jniLibs").join(abi.name).join(LIBRARY);
    ship::strip(root, &ndk.join("llvm-strip"), &built, &shipped)
}

#[expect(clippy::disallowed_methods, reason = "where the NDK and the SDK are is said by these variables everywhere")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_without_an_ndk_is_told_all_that_is_missing() {
        let Err(missing) = tools(Path::new("/")) else { return };
        assert!(missing.lines().count() > 1, "{missing}");
        assert!(missing.starts_with("the library for Android is not made"), "{missing}");
    }

    #[test]
    fn folder_that_is_no_ndk_has_no_programs() {
        assert_eq!(programs(Path::new("/")), None);
    }
}
