//! `eid-counter draw`.

use std::{
    fs,
    io::{self, Write as _},
    process::ExitCode,
};

use eid_counter::{CounterError, Input, draw_png};
use eid_proof::{QrSymbol, Spelling, encode_text};

use crate::{cli::Draw, open::warn, verify::read_input};

/// Draws, and gives 0; 2 with a line to the terminal when it cannot.
pub(crate) fn run(options: &Draw) -> ExitCode {
    match draw(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            warn(&reason);
            ExitCode::from(2)
        }
    }
}

fn draw(options: &Draw) -> Result<(), String> {
    let said = |error: CounterError| error.to_string();
    let text = match read_input(&options.input).map_err(said)? {
        Input::Text(text) => text,
        Input::Proof(bytes) => encode_text(&bytes, Spelling::Digits),
    };
    let symbol = QrSymbol::encode(&text).map_err(|error| error.to_string())?;
    let Some(path) = &options.out else {
        let written = io::stdout().write_all(symbol.to_terminal().as_bytes());
        return written.map_err(|error| error.to_string());
    };
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    let file = match ending.as_ref().and_then(|ending| ending.to_str()) {
        Some("svg") => symbol.to_svg().into_bytes(),
        Some("png") => draw_png(&symbol, options.pixels).map_err(said)?,
        _ => return Err("the file's name must end in .png or .svg (tên tệp phải có đuôi .png hoặc .svg)".to_owned()),
    };
    fs::write(path, file).map_err(|error| format!("{}: {error}", path.display()))
}
