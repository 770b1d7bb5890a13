//! What the counter's page brings of npm: fetched by the lock file, whose hashes npm checks, and never part of the repository.

use std::{fs, path::Path};

use crate::{steps::clear, tools};

const PAGE: &str = "counter/page";
const LOCK: &str = "counter/page/package-lock.json";

/// Where npm works: a package manager's folders have no place among sources.
const WORK: &str = "target/page";

/// Where the counter's build looks for it.
const VENDOR: &str = "counter/page/vendor";

/// Each in npm's package, and its name in the folder.
const FILES: [(&str, &str); 3] = [
    ("zxing-wasm/dist/iife/reader/index.js", "zxing.js"),
    ("zxing-wasm/dist/reader/zxing_reader.wasm", "zxing_reader.wasm"),
    ("zxing-wasm/LICENSE", "LICENSE-zxing-wasm"),
];

/// Fetches it, unless what is there is of this very lock file, a copy of which marks it as complete.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let (work, vendor, lock) = (root.join(WORK), root.join(VENDOR), root.join(LOCK));
    let mark = vendor.join("package-lock.json");
    let wanted = fs::read(&lock).map_err(|e| format!("{LOCK}: {e}"))?;
    if fs::read(&mark).is_ok_and(|fetched| fetched == wanted) {
        return Ok(());
    }
    for folder in [&work, &vendor] {
        clear(folder)?;
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    for name in ["package.json", "package-lock.json"] {
        copy(&root.join(PAGE).join(name), &work.join(name))?;
    }
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"];
    // Node brings authorities of its own; those of the system are what pip and cargo go by.
    tools::tool_in(&work, root, "npm")?.args(quiet).env("NODE_USE_SYSTEM_CA", "1").check()?;
    for (package, name) in FILES {
        copy(&work.join("node_modules").join(package), &vendor.join(name))?;
    }
    copy(&lock, &mark)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(drop).map_err(|e| format!("{}: {e}", from.display()))
}
