//! `eid-counter`: the program for service counters.

mod cli;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Verify(options) => verify::run(&options),
    }
}
