//! What the tests need beyond a Rust toolchain: Debian packages (`.ci/apt.txt`) and Python packages
//! (`.ci/requirements.txt`, pinned with hashes, in an environment of their own under `target/tools`).

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    bench, page,
    run::{Program, cargo},
};

const APT: &str = ".ci/apt.txt";
const PYTHON: &str = ".ci/requirements.txt";
/// Where the Python packages are.
pub(crate) const ENVIRONMENT: &str = "target/tools/python";

/// Installs what is missing, and fetches the crates: nothing after this needs a network.
pub(crate) fn install(root: &Path) -> Result<(), String> {
    debian_packages(root)?;
    python_packages(root)?;
    page::run(root)?;
    cargo(root, &["fetch", "--locked"]).check()?;
    bench::fetch(root)
}

/// A program of the Python environment; missing is an error, never a reason to skip.
pub(crate) fn tool(root: &Path, name: &str) -> Result<Program, String> {
    tool_in(root, root, name)
}

/// The same, started in another folder.
pub(crate) fn tool_in(folder: &Path, root: &Path, name: &str) -> Result<Program, String> {
    let path = root.join(ENVIRONMENT).join("bin").join(name);
    if path.is_file() {
        Ok(Program::new(folder, path))
    } else {
        Err(format!("{name} is missing: step `tools` installs it"))
    }
}

/// Asks for root only when a package is missing. Other systems than Debian bring the same programs themselves.
fn debian_packages(root: &Path) -> Result<(), String> {
    let wanted = read(root, APT)?;
    let wanted: Vec<&str> = wanted.lines().filter(|line| !line.starts_with('#')).collect();
    let query = ["--show", "--showformat=${Package} ${db:Status-Abbrev}\n"];
    let Ok(known) = Program::new(root, "dpkg-query").args(query).args(&wanted).capture() else { return Ok(()) };
    let installed = |name: &&&str| known.text.lines().any(|line| line.trim_end() == format!("{name} ii"));
    if wanted.iter().all(|name| installed(&name)) {
        return Ok(());
    }
    let as_root = || {
        let user = Program::new(root, "id").arg("-u").capture()?;
        let name = if user.text.trim() == "0" { "env" } else { "sudo" };
        Ok::<_, String>(Program::new(root, name).arg("DEBIAN_FRONTEND=noninteractive").arg("apt-get"))
    };
    as_root()?.arg("update").check()?;
    as_root()?.args(["install", "--yes", "--no-upgrade", "--no-install-recommends"]).args(&wanted).check()
}

/// Makes the environment anew whenever the list of packages changed; the list lies in it as its mark of completeness.
pub(crate) fn python_packages(root: &Path) -> Result<(), String> {
    let environment = root.join(ENVIRONMENT);
    let mark = environment.join("requirements.txt");
    let wanted = read(root, PYTHON)?;
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    Program::new(root, python(root)?).args(["-m", "venv", "--clear"]).arg(&environment).check()?;
    tool(root, "pip")?
        .args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary=:all:"])
        .args(["--requirement", PYTHON])
        .check()?;
    fs::write(&mark, wanted).map_err(|e| format!("{}: {e}", mark.display()))
}

/// The first Python that is new enough and can make environments: a developer's own, or Debian's.
fn python(root: &Path) -> Result<PathBuf, String> {
    let usable = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))";
    ["python3", "/usr/bin/python3"]
        .into_iter()
        .find(|name| Program::new(root, name).args(["-c", usable]).capture().is_ok_and(|out| out.status.success()))
        .map(PathBuf::from)
        .ok_or_else(|| "no Python 3.11 or newer with venv".to_owned())
}

fn read(root: &Path, name: &str) -> Result<String, String> {
    fs::read_to_string(root.join(name)).map_err(|e| format!("{name}: {e}"))
}
