//! Kotlin: the Android library's own code and the generated bindings, compiled and tested on the JVM of this machine.
//!
//! The libraries come from Maven Central through Maven, the only client that such a machine is sure to have a package of.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    bindings,
    counts::Counts,
    run::{Output, Program, cargo},
    steps::clear,
};

/// What is fetched, and the checksums of all of it.
const POM: &str = "tests/foreign/kotlin/pom.xml";
const SUMS: &str = "tests/foreign/kotlin/jars.sha256";
const CATALOGUE: &str = "android/gradle/libs.versions.toml";

const JARS: &str = "target/tools/kotlin";
const OUT: &str = "target/kotlin";

/// What `cargo xtask bindings` makes.
const GENERATED: &str = "target/bindings/kotlin";

/// A copy of the library that the generated code was made from: another build may replace it meanwhile.
const LIBRARY: &str = "target/kotlin/library";

/// Where the sandbox and the counter are.
const PROGRAMS: &str = "target/debug";

const FETCH: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
const COMPILER: &str = "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler";
const RUNNER: &str = "vn.example.eid.tests.MainKt";

/// Seconds for all tests together.
const LIMIT: u32 = 600;

/// Quick to start, for a compiler that lives ten seconds.
const JAVA: &[&str] = &["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1500m"];

/// The flags of what we write; the generated file has warnings that are not ours.
const OURS: &[&str] = &["-Werror", "-progressive"];

/// Files compiled to one jar.
struct Unit {
    name: &'static str,
    sources: &'static [&'static str],
    flags: Vec<String>,
    /// Beyond the libraries of an app: other jars.
    class_path: Vec<PathBuf>,
}

/// Compiles everything and runs the tests; the last line they print is `N passed, N failed`.
pub(crate) fn test(root: &Path) -> Result<(Output, Counts), String> {
    fetch(root)?;
    one_version_each(root)?;
    bindings::run(root, &bindings::Options::parse(root, &[])?)?;
    let (library, scratch) = (root.join(LIBRARY), root.join(OUT).join("scratch"));
    for folder in [&library, &scratch] {
        clear(folder)?;
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    Program::new(root, "cp").arg(root.join(PROGRAMS).join("libeid_ffi.so")).arg(&library).check()?;
    cargo(root, &["build", "--locked", "--package", "eid-sandbox", "--package", "eid-counter"]).check()?;
    let class_path = compile_all(root)?;
    let run = Program::new(root, "java")
        .args(["-XX:+UseSerialGC", "-Xmx1g"])
        .arg(format!("-Djna.library.path={LIBRARY}"))
        .arg(format!("-Djava.io.tmpdir={}", scratch.display()))
        .arg(format!("-Deid.programs={PROGRAMS}"))
        .args(["-classpath", &joined(&class_path), RUNNER]);
    let output = run.limit(LIMIT).tee()?;
    let counts = counts(&output.text);
    Ok((output, counts))
}

/// The generated code, the Android library's own code, and the tests; gives what the tests run with. The Android API is not
/// in it: what the tests touch is plain Kotlin, or they fail.
fn compile_all(root: &Path) -> Result<Vec<PathBuf>, String> {
    let app = jars(root, "compile")?;
    let generated =
        Unit { name: "bindings", sources: &[GENERATED], flags: words(&["-nowarn"]), class_path: Vec::new() };
    let bindings = compile(root, &app, &generated)?;
    let library = Unit {
        name: "eid",
        sources: &["android/eid/src/main/kotlin"],
        flags: [words(OURS), words(&["-Xexplicit-api=strict", "-module-name", "eid"])].concat(),
        class_path: [vec![bindings.clone()], jars(root, "provided")?].concat(),
    };
    let eid = compile(root, &app, &library)?;
    let tests = Unit {
        name: "tests",
        sources: &["android/eid/src/test/kotlin", "tests/foreign/kotlin/src"],
        flags: [words(OURS), words(&["-module-name", "tests"]), vec![format!("-Xfriend-paths={}", eid.display())]]
            .concat(),
        class_path: [vec![bindings, eid], jars(root, "test")?].concat(),
    };
    let jar = compile(root, &app, &tests)?;
    Ok([app, tests.class_path, vec![jar]].concat())
}

/// Copies the jars beside each other, one folder for each scope of the POM, unless they are there already.
fn fetch(root: &Path) -> Result<(), String> {
    if sums(root).is_ok() {
        return Ok(());
    }
    let folder = root.join(JARS);
    clear(&folder)?;
    // -C: what Maven Central says of a file and the file agree, or nothing is taken.
    Program::new(root, "mvn")
        .args(["--quiet", "--batch-mode", "-C", "--file", POM, FETCH, "-Dmdep.useSubDirectoryPerScope=true"])
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .check()?;
    sums(root)
}

/// Every jar is listed with its checksum, and every listed jar is there.
fn sums(root: &Path) -> Result<(), String> {
    let listed = read(&root.join(SUMS))?;
    let listed: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    let mut found = Vec::new();
    for scope in ["compile", "provided", "runtime", "test"] {
        for path in jars(root, scope)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            found.push(format!("{scope}/{name}"));
        }
    }
    if found != listed {
        return Err(format!("{JARS} holds {found:?}, but {SUMS} lists {listed:?}"));
    }
    Program::new(&root.join(JARS), "sha256sum").args(["--check", "--quiet", "--strict"]).arg(root.join(SUMS)).check()
}

/// Gradle's catalogue and the POM name the same versions: what is tested here is what is shipped there.
fn one_version_each(root: &Path) -> Result<(), String> {
    let catalogue: toml::Table =
        toml::from_str(&read(&root.join(CATALOGUE))?).map_err(|e| format!("{CATALOGUE}: {e}"))?;
    let listed = read(&root.join(SUMS))?;
    for (name, jar) in
        [("kotlin", "kotlin-stdlib"), ("coroutines", "kotlinx-coroutines-core-jvm"), ("jna", "jna"), ("junit", "junit")]
    {
        let version = catalogue.get("versions").and_then(|v| v.get(name)).and_then(toml::Value::as_str);
        let file = format!("/{jar}-{}.jar", version.unwrap_or("?"));
        if !listed.lines().any(|line| line.ends_with(&file)) {
            return Err(format!("{CATALOGUE} says {name} = {version:?}, but {POM} another version"));
        }
    }
    Ok(())
}

/// Compiles a unit to a jar, unless its sources, flags and class path are those that the jar was made from.
fn compile(root: &Path, app: &[PathBuf], unit: &Unit) -> Result<PathBuf, String> {
    let jar = root.join(OUT).join(unit.name).with_extension("jar");
    let mark = jar.with_extension("from");
    let class_path = [app, &unit.class_path].concat();
    let mut from = format!("{:?} {class_path:?}\n{}", unit.flags, read(&root.join(SUMS))?);
    for needed in unit.class_path.iter().filter(|path| path.starts_with(root.join(OUT))) {
        from.push_str(&read(&needed.with_extension("from"))?);
    }
    for folder in unit.sources {
        sources(&root.join(folder), &mut from)?;
    }
    if jar.is_file() && fs::read_to_string(&mark).is_ok_and(|made_from| made_from == from) {
        return Ok(jar);
    }
    clear_file(&mark)?;
    let compiler = [app, &jars(root, "runtime")?].concat();
    Program::new(root, "java")
        .args(JAVA)
        .args(["-classpath", &joined(&compiler), COMPILER])
        .args(["-no-stdlib", "-no-reflect", "-jvm-target", "17"])
        .args(&unit.flags)
        .args(["-classpath", &joined(&class_path), "-d"])
        .arg(&jar)
        .args(unit.sources)
        .check()?;
    fs::write(&mark, from).map_err(|e| format!("{}: {e}", mark.display()))?;
    Ok(jar)
}

/// Appends every Kotlin file below a folder, in the order of their names.
fn sources(folder: &Path, into: &mut String) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, into)?;
        } else if path.extension().is_some_and(|end| end == "kt") {
            let _ = write!(into, "==== {}\n{}", path.display(), read(&path)?);
        }
    }
    Ok(())
}

/// The jars of one scope, by name.
fn jars(root: &Path, scope: &str) -> Result<Vec<PathBuf>, String> {
    let folder = root.join(JARS).join(scope);
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

fn joined(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(":")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn clear_file(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {e}", path.display())),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// The last line must be `N passed, N failed` and nothing else; without it the tests did not get that far.
pub(crate) fn counts(output: &str) -> Counts {
    let read = || {
        let (passed, failed) = output.lines().next_back()?.split_once(" passed, ")?;
        Some(Counts { passed: passed.parse().ok()?, failed: failed.strip_suffix(" failed")?.parse().ok()? })
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_line_counts() {
        let cases = [
            ("ok a\n12 passed, 3 failed\n", 12, 3),
            ("12 passed, 3 failed\nkilled\n", 0, 0),
            ("12 passed, many failed\n", 0, 0),
            ("", 0, 0),
        ];
        for (output, passed, failed) in cases {
            assert_eq!(counts(output), Counts { passed, failed }, "{output}");
        }
    }
}
