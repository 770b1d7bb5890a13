//! The project's tasks: tests, checks, generated tables. `cargo xtask help` lists them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its terminal")]

mod android;
mod bench;
mod bindings;
mod codes;
mod counts;
mod demo;
mod elf;
mod kotlin;
mod layers;
mod mend;
mod page;
mod python;
mod readme;
mod requirements;
mod run;
mod ship;
mod steps;
mod swift;
mod targets;
mod threats;
mod tools;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

const HELP: &str = "\
cargo xtask test [STEP…]      install what the tests need, run every step (or those named), print `N passed, N failed`
cargo xtask layers [DIR]      check who depends on what (in the workspace at DIR)
cargo xtask codes [--write]   check (or write) what the error-code table generates
cargo xtask requirements      check that each requirement names tests that exist
cargo xtask threats           check that each line of the threat model does, or says that nothing stops it
cargo xtask bindings [ARG…]   build the library for shells and generate Kotlin, Swift and Python from it:
                              [--out DIR] [--release] [--write] (the reviewed surface)
cargo xtask android           make the AAR for phones, where the Android SDK and NDK are
cargo xtask ios               make ios/EidFFI.xcframework, on a Mac with Xcode
cargo xtask page              fetch what the counter's page brings of npm, and what fetches it
cargo xtask bench [ARG…]      measure: [--json] [--smoke] [GROUP…]
cargo xtask help              this text

steps of `test`, in order:";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let root = root();
    let outcome = match words.as_slice() {
        ["test", names @ ..] => match steps::run(&root, names) {
            // The count is the last line: the failures stand above it.
            Ok(false) => return ExitCode::FAILURE,
            ran => ran.map(drop),
        },
        ["layers"] => layers::run(&root),
        ["layers", dir] => layers::run(Path::new(dir)),
        ["codes"] => codes::run(&root, false),
        ["codes", "--write"] => codes::run(&root, true),
        ["requirements"] => requirements::run(&root),
        ["threats"] => threats::run(&root),
        ["bindings", rest @ ..] => {
            bindings::Options::parse(&root, rest).and_then(|options| bindings::run(&root, &options))
        }
        ["android"] => android::run(&root),
        ["ios"] => swift::ios(&root),
        ["page"] => tools::python_packages(&root).and_then(|()| page::run(&root)),
        ["bench", rest @ ..] => bench::run(&root, rest),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}\n{}", steps::list());
            Ok(())
        }
        other => Err(format!("{other:?} is no task; `cargo xtask help` lists them")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's root: two folders above this package.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default()
}
