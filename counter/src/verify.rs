//! `eid-counter verify`.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    sync::mpsc,
    time::Duration,
};

use eid_counter::{CounterError, Input, MAX_FILE, Portrait, PortraitContent, Report, Station, read_bounded, read_file};
use eid_model::UnixTime;
use eid_proof::{OtherCode, Scan, TextError, decode_text};

use crate::{
    cli::Verify,
    lists::Lists,
    open::{self, warn},
};

/// How long the search for a QR code may take. Usual pictures need less than a second; one made to keep the search
/// busy must not hold up the officer.
const PICTURE_DEADLINE: Duration = Duration::from_secs(30);

/// Longest name of a file, in bytes, that any file system has.
const MAX_NAME: usize = 255;

/// Verifies, prints the report, and gives its exit code.
pub(crate) fn run(options: &Verify) -> ExitCode {
    let report = report(options);
    let text = serde_json::to_string_pretty(&report);
    match text.map(|text| writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush())) {
        Ok(Ok(())) => report.exit_code().into(),
        // Nobody can read the verdict: the exit code alone must not say "valid".
        _ => 2.into(),
    }
}

fn report(options: &Verify) -> Report {
    let portrait = match options.portrait_out.as_deref().map(PortraitFile::create).transpose() {
        Ok(portrait) => portrait,
        Err(error) => return error.into(),
    };
    let mut report = verify(options);
    if let Some(portrait) = portrait {
        portrait.fill(&mut report);
    }
    report
}

fn verify(options: &Verify) -> Report {
    let mut station = match open_station(options) {
        Ok(station) => station,
        Err(error) => return error.into(),
    };
    let input = read_input(&options.input);
    // Only now: standard input may have been waiting for a scanner for hours.
    let now = UnixTime::from_seconds(options.rules.at.map_or_else(open::clock, i64::from));
    let challenge = options.nonce.as_ref().map(|nonce| nonce.0.as_slice());
    match input {
        Ok(input) => station.verify(&input, &Scan { now, challenge }),
        Err(error) => station.rules.report_fault(error, now),
    }
}

fn open_station(options: &Verify) -> Result<Station, CounterError> {
    let opened = Lists::new(options.rules.clone()).open()?;
    open::warn_not_renewed(opened.not_renewed);
    let mut station = Station::new(opened.rules);
    open::warn_of_sandbox(&options.rules);
    if let Some(path) = &options.replay {
        station.replay = Box::new(open::record(path, &options.rules, &station.rules)?);
    }
    Ok(station)
}

/// A file, `-` for standard input, or else the text of a code itself.
pub(crate) fn read_input(argument: &OsStr) -> Result<Input, CounterError> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::FileTooLarge => CounterError::InputTooLarge,
        _ => CounterError::InputUnreadable,
    };
    if argument == "-" {
        return parse_in_time(read_bounded(io::stdin().lock(), MAX_FILE).map_err(unreadable)?);
    }
    if Path::new(argument).exists() {
        return parse_in_time(read_file(Path::new(argument), MAX_FILE).map_err(unreadable)?);
    }
    let text = argument.to_str().ok_or(CounterError::InputUnreadable)?;
    match decode_text(text) {
        // Most likely the name of a file that is not there. A paper's text looks like nothing in particular, but is longer.
        Err(TextError::NotOurs(OtherCode::Unknown)) if !text.trim().is_empty() && text.len() <= MAX_NAME => {
            Err(CounterError::InputUnreadable)
        }
        _ => Input::from_text(text),
    }
}

fn parse_in_time(bytes: Vec<u8>) -> Result<Input, CounterError> {
    within(PICTURE_DEADLINE, move || Input::parse(bytes))
}

/// What `search` finds, unless it takes longer than that.
fn within(
    deadline: Duration,
    search: impl FnOnce() -> Result<Input, CounterError> + Send + 'static,
) -> Result<Input, CounterError> {
    let (sender, receiver) = mpsc::channel();
    #[expect(clippy::disallowed_methods, reason = "the program owns its threads; this one ends with it")]
    std::thread::spawn(move || sender.send(search()));
    receiver.recv_timeout(deadline).unwrap_or(Err(CounterError::PictureTooHard))
}

/// The file that the portrait goes to.
struct PortraitFile<'a> {
    path: &'a Path,
    file: File,
}

impl<'a> PortraitFile<'a> {
    /// Empties the file before anything is verified: it must never show the person before, and a proof must not be
    /// used up when its portrait cannot be written.
    fn create(path: &'a Path) -> Result<Self, CounterError> {
        File::create(path).map(|file| Self { path, file }).map_err(|_| CounterError::PortraitUnwritable)
    }

    /// Moves the portrait out of the report; without one, removes the file. If the disk fills up meanwhile, the
    /// portrait stays in the report: the proof cannot be scanned again.
    fn fill(mut self, report: &mut Report) {
        let portrait = report.shown.as_mut().and_then(|shown| shown.portrait.as_mut());
        if let Some(Portrait { content, .. }) = portrait
            && let PortraitContent::Inline(bytes) = &*content
        {
            if self.file.write_all(bytes).is_ok() {
                *content = PortraitContent::File(self.path.display().to_string());
                return;
            }
            warn("the portrait could not be written; it is in the JSON instead");
        }
        // Never a device or pipe that was given as file.
        let ours = self.file.metadata().is_ok_and(|it| it.is_file());
        if ours && fs::remove_file(self.path).is_err() {
            warn("the empty portrait file could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picture_that_takes_too_long_is_given_up_with_its_own_name() {
        let (release, wait) = mpsc::channel::<()>();
        let stuck = within(Duration::from_millis(20), move || {
            // Ends when the test does.
            wait.recv().ok();
            Err(CounterError::NoSymbol)
        });
        assert_eq!(stuck.map_err(|error| error.name()), Err("picture_too_hard"));
        drop(release);
        let quick = within(Duration::from_secs(60), || Err(CounterError::NoSymbol));
        assert_eq!(quick, Err(CounterError::NoSymbol));
    }
}
