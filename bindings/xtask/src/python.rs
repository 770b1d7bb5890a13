//! Python: the generated module with the library that it was made from, and pytest on them.

use std::path::Path;

use crate::{
    bindings,
    counts::{self, Counts},
    run::{Output, cargo},
    tools,
};

const TESTS: &str = "tests/foreign/python";
const MODULE: &str = "target/bindings/python";

/// Where the sandbox and the counter are.
const PROGRAMS: &str = "target/debug";

/// Seconds after which the suite is ended.
const LIMIT: u32 = 15 * 60;

/// Builds what the tests drive, and runs them.
pub(crate) fn test(root: &Path) -> Result<(Output, Counts), String> {
    bindings::run(root, &bindings::Options::parse(root, &[])?)?;
    // Not in one go with the library, which would then hold what only tests have.
    cargo(root, &["build", "--locked", "--package", "eid-sandbox", "--package", "eid-counter"]).check()?;
    let output = tools::tool(root, "pytest")?
        .args(["-p", "no:cacheprovider", "--color=no", TESTS, "--bindings", MODULE, "--programs", PROGRAMS])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .limit(LIMIT)
        .tee()?;
    let counts = counts::of_pytest(&output.text);
    Ok((output, counts))
}
