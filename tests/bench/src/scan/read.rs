//! Who reads the frames: zxing-cpp, which is the decoder of the counter's page, and the counter's program.

use std::{
    io::{BufRead as _, BufReader, Cursor, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use eid_counter::Input;
use image::{GrayImage, ImageFormat};

use crate::storage::Failed;

const SCRIPT: &str = "tests/bench/src/scan/zxing.py";

/// zxing-cpp in a process of its own, with the settings of the page's camera.
pub(crate) struct Zxing {
    process: Child,
    frames: ChildStdin,
    texts: BufReader<ChildStdout>,
}

impl Zxing {
    /// Starts it with a Python that has the package.
    pub(crate) fn start(python: &Path) -> Result<Self, Failed> {
        let mut command = Command::new(python);
        let mut process = command.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let gone = || Failed("no pipe to the decoder".to_owned());
        let frames = process.stdin.take().ok_or_else(gone)?;
        let texts = BufReader::new(process.stdout.take().ok_or_else(gone)?);
        Ok(Self { process, frames, texts })
    }

    /// The texts of the codes in a frame.
    pub(crate) fn read(&mut self, frame: &GrayImage) -> Result<Vec<String>, Failed> {
        let size = [frame.width().to_be_bytes(), frame.height().to_be_bytes()].concat();
        self.frames.write_all(&size)?;
        self.frames.write_all(frame.as_raw())?;
        self.frames.flush()?;
        let mut line = String::new();
        if self.texts.read_line(&mut line)? == 0 {
            return Err(Failed("the decoder ended".to_owned()));
        }
        let texts = line.trim_end_matches('\n').split('\t').filter(|text| !text.is_empty());
        Ok(texts.map(str::to_owned).collect())
    }
}

impl Drop for Zxing {
    fn drop(&mut self) {
        // It ends with its input; whether well does not matter any more.
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// The text that the counter's program takes from a frame, if any.
pub(crate) fn by_program(frame: &GrayImage) -> Result<Vec<String>, Failed> {
    let mut png = Cursor::new(Vec::new());
    frame.write_to(&mut png, ImageFormat::Png).map_err(|error| Failed(error.to_string()))?;
    Ok(match Input::parse(png.into_inner()) {
        Ok(Input::Text(text)) => vec![text],
        _ => Vec::new(),
    })
}
