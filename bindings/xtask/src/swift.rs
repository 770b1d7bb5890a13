//! Swift: the package in `ios/`, built and tested on Linux, and made ready for iPhones where there is a Mac.
//!
//! Debian 12 has no Swift compiler and Debian 13 has one, so that a Debian 13 is installed into a folder and entered with
//! `chroot`. Its mounts are made in a namespace of their own: they end with the program that needed them, however it ends,
//! and nobody else, such as one who deletes `target`, ever sees them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    counts::Counts,
    run::{Output, Program, cargo},
    steps::clear,
};

/// The Debian that has the compiler.
const SUITE: &str = "trixie";
const CHROOT: &str = "target/tools/trixie";
/// In the chroot: what it holds. Written last, as its mark of completeness.
const MARK: &str = "packages";
const PACKAGES: &[&str] =
    &["binutils", "ca-certificates", "curl", "git", "libc6-dev", "libssl-dev", "libstdc++-14-dev", "swiftlang"];

/// The package, what `cargo xtask bindings` makes for it, and where it expects that.
const PACKAGE: &str = "ios";
const GENERATED: &str = "target/bindings/swift";
const PLACES: &[(&str, &str)] = &[
    ("EidCore.swift", "Sources/EidCore"),
    ("EidFFI.h", "Sources/EidFFI/include"),
    ("module.modulemap", "Sources/EidFFI/include"),
];

/// The library that the generated code was made from, alone, so that a build for something else does not change it.
const LIBRARY: &str = "libeid_ffi.so";
const OUT: &str = "target/swift";
const PROGRAMS: &str = "target/debug";

/// Our own sources: checked for style.
const OURS: &[&str] = &["Package.swift", "Sources/EidKit", "Tests"];
/// Sources that only an iPhone's SDK can compile: checked for syntax.
const IOS_ONLY: &str = "ios/Sources/EidKit/iOS";
const IOS: &str = "arm64-apple-ios17.0";

/// What the tests plant in passcodes, errors and ports, and what must be in nothing that is printed.
const PLANTED: &[&str] = &["PLANTED", "271828"];

/// Seconds for all tests, compilation included.
const LIMIT: u32 = 15 * 60;

/// Makes `$1` from the mirror `$2`, with the packages that follow.
const INSTALL: &str = r#"
root=$1 mirror=$2; shift 2
debootstrap --variant=minbase trixie "$root" "$mirror"
cp --dereference /etc/resolv.conf /etc/hosts "$root/etc/"
mount -t proc proc "$root/proc"
chroot "$root" apt-get update
DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install --yes --no-install-recommends "$@"
chroot "$root" apt-get clean
"#;

/// Runs a command in the chroot `$1`, where the checkout `$2` is `/src`, with both its outputs on the first.
const ENTER: &str = r#"
root=$1 checkout=$2; shift 2
mkdir -p "$root/src"
mount -t proc proc "$root/proc"
mount --bind "$checkout" "$root/src"
exec chroot "$root" env --ignore-environment --chdir=/src PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  HOME=/root LANG=C.UTF-8 EID_PROGRAMS=/src/target/debug \
  EID_SANDBOX_ROOT=/src/tests/sandbox/keys/sandbox-root.pub "$@" 2>&1
"#;

/// Builds the package and runs its tests.
pub(crate) fn test(root: &Path) -> Result<(Output, Counts), String> {
    install(root)?;
    generate(root)?;
    cargo(root, &["build", "--locked", "--package", "eid-sandbox", "--package", "eid-counter"]).check()?;
    check_sources(root)?;
    let library = format!("/src/{OUT}/library");
    let scratch = format!("{OUT}/build");
    let link = ["-Xlinker", "-L", "-Xlinker", &library, "-Xlinker", "-rpath", "-Xlinker", &library];
    let output = inside(root, &["swift", "test", "--disable-sandbox", "--package-path", PACKAGE])
        .args(["--scratch-path", &scratch, "--disable-xctest"])
        .args(link)
        .limit(LIMIT)
        .tee()?;
    let mut counts = counts(&output.text);
    for word in PLANTED.iter().filter(|word| output.text.contains(**word)) {
        println!("the tests printed a planted secret ({} characters)", word.len());
        counts.failed += 1;
    }
    Ok((output, counts))
}

/// Generates the Swift side from a library built just now, and puts both where the package expects them.
fn generate(root: &Path) -> Result<(), String> {
    cargo(root, &["xtask", "bindings"]).check()?;
    for (name, folder) in PLACES {
        copy(&root.join(GENERATED).join(name), &root.join(PACKAGE).join(folder))?;
    }
    copy(&root.join(PROGRAMS).join(LIBRARY), &root.join(OUT).join("library"))
}

/// Style of what is ours, and syntax of what cannot be compiled here.
fn check_sources(root: &Path) -> Result<(), String> {
    let style = ["/usr/libexec/swift/bin/swift-format", "lint", "--strict", "--recursive"];
    inside(root, &style).args(OURS.iter().map(|path| format!("{PACKAGE}/{path}"))).check()?;
    for name in files(&root.join(IOS_ONLY))? {
        inside(root, &["swiftc", "-frontend", "-parse", "-swift-version", "6", "-target", IOS])
            .arg(format!("{IOS_ONLY}/{name}"))
            .check()?;
    }
    Ok(())
}

/// Installs the Debian with the compiler, unless it is there.
fn install(root: &Path) -> Result<(), String> {
    let user = Program::new(root, "id").arg("-u").capture()?;
    if user.text.trim() != "0" {
        return Err(format!(
            "step `swift` must be run as root: it installs Debian {SUITE} into {CHROOT} for the Swift compiler, and enters \
             it with unshare, mount and chroot"
        ));
    }
    let chroot = root.join(CHROOT);
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(chroot.join(MARK)).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    clear(&chroot)?;
    if Program::new(root, "debootstrap").arg("--version").capture().is_err() {
        let apt = || Program::new(root, "apt-get").env("DEBIAN_FRONTEND", "noninteractive");
        apt().arg("update").check()?;
        apt().args(["install", "--yes", "--no-install-recommends", "debootstrap"]).check()?;
    }
    println!("installing Debian {SUITE} with Swift: about 600 MB to fetch, 2.8 GB in {CHROOT}");
    privately(root, INSTALL).arg(&chroot).arg(mirror()?).args(PACKAGES).check()?;
    fs::write(chroot.join(MARK), wanted).map_err(|e| format!("{CHROOT}/{MARK}: {e}"))
}

/// A command in the chroot.
fn inside(root: &Path, command: &[&str]) -> Program {
    privately(root, ENTER).arg(root.join(CHROOT)).arg(root).args(command)
}

/// A script whose mounts and processes are its own and end with it; its arguments follow.
fn privately(root: &Path, script: &str) -> Program {
    Program::new(root, "unshare")
        .args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"])
        .args(["sh", "-euc", script, "sh"])
}

/// The mirror that this machine's own packages come from.
fn mirror() -> Result<String, String> {
    ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"]
        .into_iter()
        .find_map(|path| first_mirror(&fs::read_to_string(path).ok()?))
        .ok_or_else(|| "apt's sources name no Debian mirror to install Swift from".to_owned())
}

/// The first address in apt's sources, in either of their two forms.
fn first_mirror(sources: &str) -> Option<String> {
    sources.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        match words.next()? {
            "URIs:" | "deb" => words.find(|word| word.contains("://")).map(str::to_owned),
            _ => None,
        }
    })
}

/// Counts the closing lines of tests, `✔ Test name() passed after 0.1 seconds.`, and leaves out those of the whole run and
/// of suites. Without the line of the whole run the tests did not get to their end.
pub(crate) fn counts(output: &str) -> Counts {
    let mut counts = Counts::default();
    let mut ended = false;
    for line in output.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some(_), Some("Test"), Some("run")) => {
                ended |= line.contains(" passed after ") || line.contains(" failed after ");
            }
            (Some(_), Some("Test"), Some(_)) if line.contains(" passed after ") => counts.passed += 1,
            (Some(_), Some("Test"), Some(_)) if line.contains(" failed after ") || line.contains(" skipped") => {
                counts.failed += 1;
            }
            _ => {}
        }
    }
    if !ended {
        counts.failed += 1;
    }
    counts
}

const FRAMEWORK: &str = "EidFFI.framework";
const XCFRAMEWORK: &str = "ios/EidFFI.xcframework";
const MINIMUM_IOS: &str = "17.0";

/// An iPhone, and the two kinds of simulators, which share a file.
const SLICES: &[(&str, &[&str])] =
    &[("device", &["aarch64-apple-ios"]), ("simulator", &["aarch64-apple-ios-sim", "x86_64-apple-ios"])];

/// `cargo xtask ios`: static libraries in real frameworks with our module map, joined to `ios/EidFFI.xcframework`.
pub(crate) fn ios(root: &Path) -> Result<(), String> {
    let missing = missing_for_ios(root);
    if !missing.is_empty() {
        return Err(format!(
            "the framework for iPhones is made on a Mac; here is missing:\n  {}",
            missing.join("\n  ")
        ));
    }
    generate_for_ios(root)?;
    let mut join = Program::new(root, "xcodebuild").arg("-create-xcframework");
    for (slice, targets) in SLICES {
        let framework = root.join("target/ios").join(slice).join(FRAMEWORK);
        write_framework(root, &framework)?;
        let mut lipo = Program::new(root, "lipo").arg("-create").arg("-output").arg(framework.join("EidFFI"));
        for target in *targets {
            cargo(
                root,
                &["rustc", "--locked", "--release", "--package", "eid-ffi", "--lib", "--crate-type", "staticlib"],
            )
            .args(["--target", target])
            .env("IPHONEOS_DEPLOYMENT_TARGET", MINIMUM_IOS)
            .check()?;
            lipo = lipo.arg(format!("target/{target}/release/libeid_ffi.a"));
        }
        lipo.check()?;
        join = join.arg("-framework").arg(framework);
    }
    clear(&root.join(XCFRAMEWORK))?;
    join.arg("-output").arg(XCFRAMEWORK).check()
}

/// What the machine lacks, one thing a line.
fn missing_for_ios(root: &Path) -> Vec<String> {
    let answers =
        |name: &str, arg: &str| Program::new(root, name).arg(arg).capture().is_ok_and(|out| out.status.success());
    let mut missing = Vec::new();
    if !answers("xcodebuild", "-version") {
        missing.push("xcodebuild: Xcode 15 or newer, with its license accepted".to_owned());
    }
    if !answers("lipo", "-help") {
        missing.push("lipo: comes with Xcode's command-line tools".to_owned());
    }
    for target in SLICES.iter().flat_map(|(_, targets)| *targets) {
        let library = Program::new(root, "rustc").args(["--print", "target-libdir", "--target", target]).capture();
        if !library.is_ok_and(|out| Path::new(out.text.trim()).is_dir()) {
            missing.push(format!("Rust's standard library for {target}: rustup target add {target}"));
        }
    }
    missing
}

/// Only what the package needs on a Mac: the header goes into the framework.
fn generate_for_ios(root: &Path) -> Result<(), String> {
    cargo(root, &["xtask", "bindings"]).check()?;
    copy(&root.join(GENERATED).join("EidCore.swift"), &root.join(PACKAGE).join("Sources/EidCore"))
}

/// A framework without its library: Xcode 26 finds module maps in real frameworks only, and two packages with flat headers
/// overwrite each other's.
fn write_framework(root: &Path, framework: &Path) -> Result<(), String> {
    clear(framework)?;
    copy(&root.join(GENERATED).join("EidFFI.h"), &framework.join("Headers"))?;
    write(
        &framework.join("Modules"),
        "module.modulemap",
        "framework module EidFFI {\n    header \"EidFFI.h\"\n    export *\n}\n",
    )?;
    write(framework, "Info.plist", &info_plist(env!("CARGO_PKG_VERSION")))
}

fn info_plist(version: &str) -> String {
    let entries = [
        ("CFBundleExecutable", "EidFFI"),
        ("CFBundleIdentifier", "vn.example.eid.ffi"),
        ("CFBundleInfoDictionaryVersion", "6.0"),
        ("CFBundleName", "EidFFI"),
        ("CFBundlePackageType", "FMWK"),
        ("CFBundleShortVersionString", version),
        ("CFBundleVersion", version),
        ("MinimumOSVersion", MINIMUM_IOS),
    ];
    let entries: String =
        entries.iter().map(|(key, value)| format!("  <key>{key}</key>\n  <string>{value}</string>\n")).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n{entries}</dict>\n</plist>\n"
    )
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let path = folder.join(name);
    fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)).map_err(|e| format!("{}: {e}", path.display()))
}

/// Copies a file into a folder, unless the same is there: compilers look at times.
fn copy(file: &Path, folder: &Path) -> Result<(), String> {
    let problem = |path: &Path, e| format!("{}: {e}", path.display());
    let to: PathBuf = folder.join(file.file_name().unwrap_or_default());
    let bytes = fs::read(file).map_err(|e| problem(file, e))?;
    if fs::read(&to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::create_dir_all(folder).and_then(|()| fs::write(&to, bytes)).map_err(|e| problem(&to, e))
}

/// The names in a folder, in order.
fn files(folder: &Path) -> Result<Vec<String>, String> {
    let problem = |e| format!("{}: {e}", folder.display());
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(problem)?.collect();
    let mut names: Vec<String> =
        entries.map_err(problem)?.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_swift_tests_are_counted() {
        let output = "◇ Test a() started.\n✔ Test a() passed after 0.024 seconds.\n\
                      ✘ Test b(_:) recorded an issue at B.swift:1:2: Expectation failed\n\
                      ✘ Test b(_:) failed after 0.1 seconds with 1 issue.\n➜ Test c() skipped: \"why\"\n\
                      ✔ Suite S passed after 1.0 seconds.\n✘ Test run with 3 tests failed after 1.0 seconds with 1 issue.\n";
        assert_eq!(counts(output), Counts { passed: 1, failed: 2 });
    }

    #[test]
    fn swift_tests_that_did_not_end_are_a_failure() {
        assert_eq!(counts("✔ Test a() passed after 0.024 seconds.\n"), Counts { passed: 1, failed: 1 });
        assert_eq!(counts(""), Counts { passed: 0, failed: 1 });
    }

    #[test]
    fn mirror_is_read_from_both_forms_of_sources() {
        let newer = "# see URIs: in the manual\nTypes: deb\nURIs: https://mirror.example/debian\nSuites: bookworm\n";
        assert_eq!(first_mirror(newer).unwrap(), "https://mirror.example/debian");
        let older = "# deb http://old.example/ x main\ndeb [signed-by=/k] http://mirror.example/debian bookworm main\n";
        assert_eq!(first_mirror(older).unwrap(), "http://mirror.example/debian");
        assert_eq!(first_mirror("Types: deb\n"), None);
    }

    #[test]
    fn machine_without_xcode_is_told_all_that_is_missing() {
        if cfg!(target_os = "linux") {
            let missing = missing_for_ios(Path::new("/")).join("\n");
            let named = ["xcodebuild", "lipo", "aarch64-apple-ios"].map(|name| missing.contains(name));
            assert_eq!(named, [true; 3], "{missing}");
        }
    }
}
