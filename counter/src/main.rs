//! `eid-counter`: the program for service counters.

mod cli;
mod fetch;
mod lists;
mod open;
mod register;
mod request;
mod serve;
mod show;
mod source;
mod verify;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;

fn main() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Verify(options) => verify::run(&options),
        cli::Command::Serve(options) => serve::run(options),
        cli::Command::Register(options) => register::run(options),
        cli::Command::Request(options) => request::run(options),
        cli::Command::Draw(options) => show::run(&options),
        cli::Command::Openapi => match eid_counter::openapi_json().map(|json| writeln!(io::stdout(), "{json}")) {
            Ok(Ok(())) => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        },
    }
}
