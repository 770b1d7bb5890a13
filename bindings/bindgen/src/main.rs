//! `uniffi-bindgen` of the very version that eid-ffi is built with, and one command more: `surface LIBRARY` prints what the
//! library exports, one item a line. `cargo xtask bindings` runs both.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its terminal")]

mod surface;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [command, library] = args.as_slice() else { return generate() };
    if command != "surface" {
        return generate();
    }
    match surface::describe(library) {
        Ok(lines) => {
            println!("{}", lines.join("\n"));
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("eid-bindgen: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Ends the process itself when it fails.
fn generate() -> ExitCode {
    uniffi::uniffi_bindgen_main();
    ExitCode::SUCCESS
}
