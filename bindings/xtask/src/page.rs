//! The files of npm that the counter's page brings: those of the version in the lock file, byte for byte.

use std::{fs, path::Path};

use crate::run::Program;

const PAGE: &str = "counter/page";

/// Each in npm's package, and its name in `counter/page/vendor`.
const FILES: [(&str, &str); 3] = [
    ("zxing-wasm/dist/iife/reader/index.js", "zxing.js"),
    ("zxing-wasm/dist/reader/zxing_reader.wasm", "zxing_reader.wasm"),
    ("zxing-wasm/LICENSE", "LICENSE-zxing-wasm"),
];

/// Compares them with what npm gives for the lock file, whose hashes it checks; or takes over what it gives.
pub(crate) fn run(root: &Path, write: bool) -> Result<(), String> {
    let folder = root.join("target/page");
    crate::steps::clear(&folder)?;
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for name in ["package.json", "package-lock.json"] {
        copy(&root.join(PAGE).join(name), &folder.join(name))?;
    }
    Program::new(&folder, "npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).check()?;
    for (package, vendored) in FILES {
        let (theirs, ours) = (folder.join("node_modules").join(package), root.join(PAGE).join("vendor").join(vendored));
        if write {
            copy(&theirs, &ours)?;
        } else if read(&theirs)? != read(&ours)? {
            return Err(format!("{} is not npm's; `cargo xtask page --write` takes npm's", ours.display()));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(drop).map_err(|e| format!("{}: {e}", from.display()))
}
