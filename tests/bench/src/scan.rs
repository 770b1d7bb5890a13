//! Group `scan`: which share of single frames of a camera is read, by version of the code, size of the frame and light.
//!
//! Frames are simulated ([`frame`]), the same in each run. Two read them: zxing-cpp, which is what the counter's page has, and the
//! counter's program (rxing). The goals are for zxing-cpp, typical light and 1280 × 720.

mod frame;
mod numbers;
mod read;

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use eid_proof::{ProofError, Purpose, QrSymbol, Spelling};
use serde::Serialize;

use self::{
    frame::{Light, photograph},
    read::{Zxing, by_program},
};
use crate::{Row, proof::Bench, storage::Failed};

/// Width and height, and how it is called.
const SIZES: [((u32, u32), &str); 3] = [((640, 480), "480p"), ((1280, 720), "720p"), ((1920, 1080), "1080p")];

/// Name, purpose, photo, challenged.
const CODES: [(&str, Purpose, bool, bool); 6] = [
    ("age", Purpose::Age, false, false),
    ("health", Purpose::Health, false, false),
    ("id", Purpose::Id, false, false),
    ("id.challenged", Purpose::Id, false, true),
    ("age-photo", Purpose::Age, true, false),
    ("id-photo.challenged", Purpose::Id, true, true),
];

const SPELLINGS: [(Spelling, &str); 2] = [(Spelling::Digits, "digits"), (Spelling::Base45, "base45")];

/// Frames of the case that has a goal, and of each other case.
const FRAMES: (usize, usize) = (120, 12);

/// The program reads one of so many, being slower.
const PROGRAM_READS: usize = 4;

/// Shares of unread frames, in percent, that the project wants at most: without and with photo.
const MOST_UNREAD: (f64, f64) = (1.0, 2.0);

/// One code in one size and light.
struct Case {
    code: usize,
    size: usize,
    light: Light,
    frames: usize,
}

/// A code to be photographed.
struct Code {
    name: &'static str,
    spelling: &'static str,
    photo: bool,
    text: String,
    symbol: QrSymbol,
}

#[derive(Default, Clone, Copy)]
struct Tally {
    frames: usize,
    by_zxing: usize,
    program_frames: usize,
    by_program: usize,
}

/// A line of the table: one code in one size.
#[derive(Serialize)]
pub(crate) struct Line {
    code: &'static str,
    spelling: &'static str,
    version: u8,
    frame: &'static str,
    /// In percent, by light: zxing-cpp and the counter's program.
    read: Vec<(&'static str, f64, f64)>,
}

/// What the group gives beside its rows.
pub(crate) type Measured = Result<(Vec<Row>, Vec<Line>), String>;

/// Measures. `python` has zxing-cpp.
pub(crate) fn rows(smoke: bool, python: Option<&Path>) -> Measured {
    let python = python.ok_or("zxing-cpp is missing: --zxing=PYTHON, which `cargo xtask bench` gives")?;
    let codes = codes().map_err(|error| error.to_string())?;
    let cases = cases(codes.len(), smoke);
    let tallies = scan(&codes, &cases, python).map_err(|error| error.0)?;
    if smoke {
        return check(&codes, &cases, &tallies).map(|()| (Vec::new(), Vec::new()));
    }
    Ok((goals(&codes, &cases, &tallies), table(&codes, &cases, &tallies)))
}

fn codes() -> Result<Vec<Code>, ProofError> {
    let bench = Bench::new()?;
    let mut codes = Vec::new();
    for (name, purpose, photo, challenged) in CODES {
        let proof = bench.prove(purpose, photo, challenged)?;
        for (spelling, spelled) in SPELLINGS {
            let text = proof.text(spelling);
            let symbol = QrSymbol::encode(&text)?;
            codes.push(Code { name, spelling: spelled, photo, text, symbol });
        }
    }
    Ok(codes)
}

/// A smoke run has two frames of each code, in the size and the light of most desks and in good light.
fn cases(codes: usize, smoke: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for code in 0..codes {
        for (size, (_, name)) in SIZES.iter().enumerate() {
            for light in Light::ALL {
                let goal = *name == "720p" && light == Light::Typical;
                let frames = match (smoke, goal) {
                    (false, true) => FRAMES.0,
                    (false, false) => FRAMES.1,
                    (true, _) if *name == "720p" && light != Light::Poor => 2,
                    (true, _) => continue,
                };
                cases.push(Case { code, size, light, frames });
            }
        }
    }
    cases
}

/// Photographs and reads everything, on all cores.
fn scan(codes: &[Code], cases: &[Case], python: &Path) -> Result<Vec<Tally>, Failed> {
    let next = AtomicUsize::new(0);
    let tallies = Mutex::new(vec![Tally::default(); cases.len()]);
    let work = || -> Result<(), Failed> {
        let mut zxing = Zxing::start(python)?;
        loop {
            let at = next.fetch_add(1, Relaxed);
            let Some(case) = cases.get(at) else { return Ok(()) };
            let code = codes.get(case.code).ok_or_else(|| Failed("no such code".to_owned()))?;
            let tally = scan_case(code, case, &mut zxing)?;
            if let Some(place) = tallies.lock().unwrap_or_else(PoisonError::into_inner).get_mut(at) {
                *place = tally;
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let worked: Result<Vec<()>, Failed> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, Result<(), Failed>>| {
            worker.join().unwrap_or_else(|_| Err(Failed("a frame could not be drawn".to_owned())))
        };
        workers.into_iter().map(join).collect()
    });
    worked?;
    Ok(tallies.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn scan_case(code: &Code, case: &Case, zxing: &mut Zxing) -> Result<Tally, Failed> {
    let mut tally = Tally::default();
    let size = SIZES.get(case.size).map(|(size, _)| *size).unwrap_or_default();
    for number in 0..case.frames {
        // Another seed for each frame of each case, the same in each run.
        let seed = [case.code, case.size, Light::ALL.iter().take_while(|light| **light != case.light).count(), number];
        let seed = seed.iter().fold(2026, |seed: u64, part| seed * 1_009 + u64::try_from(*part).unwrap_or(0));
        let frame = photograph(&code.symbol, size, case.light, seed).map_err(|error| Failed(error.to_string()))?;
        tally.frames += 1;
        tally.by_zxing += usize::from(is_read(code, &zxing.read(&frame)?)?);
        if number % PROGRAM_READS == 0 {
            tally.program_frames += 1;
            tally.by_program += usize::from(is_read(code, &by_program(&frame)?)?);
        }
    }
    Ok(tally)
}

/// A code is read as it is or not at all: a decoder that makes another text of it is no decoder for identities.
fn is_read(code: &Code, texts: &[String]) -> Result<bool, Failed> {
    match texts {
        [] => Ok(false),
        [text] if *text == code.text => Ok(true),
        _ => Err(Failed(format!("{} was misread", code.name))),
    }
}

/// What a smoke run must show: nothing is lost in good light, and not much in typical.
fn check(codes: &[Code], cases: &[Case], tallies: &[Tally]) -> Result<(), String> {
    let sum = |light: Light, count: fn(&Tally) -> (usize, usize)| {
        let chosen = cases.iter().zip(tallies).filter(|(case, _)| case.light == light).map(|(_, tally)| count(tally));
        chosen.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let zxing = |tally: &Tally| (tally.by_zxing, tally.frames);
    let (read, all) = sum(Light::Good, zxing);
    let (program, looked) = sum(Light::Good, |tally| (tally.by_program, tally.program_frames));
    let (typical, of) = sum(Light::Typical, zxing);
    if all < codes.len() || read < all || program < looked || typical * 10 < of * 8 {
        return Err(format!("good light: {read} and {program} of {all} and {looked}; typical: {typical} of {of}"));
    }
    Ok(())
}

/// The goals, and beside them the counter's program in the same frames.
fn goals(codes: &[Code], cases: &[Case], tallies: &[Tally]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, photo, most) in [("without_photo", false, MOST_UNREAD.0), ("with_photo", true, MOST_UNREAD.1)] {
        let mut sum = Tally::default();
        for (_, tally) in cases
            .iter()
            .zip(tallies)
            .filter(|(case, _)| case.frames == FRAMES.0 && codes.get(case.code).is_some_and(|code| code.photo == photo))
        {
            sum.frames += tally.frames;
            sum.by_zxing += tally.by_zxing;
            sum.program_frames += tally.program_frames;
            sum.by_program += tally.by_program;
        }
        let unread = |read, all| 100.0 - percent(read, all);
        let limit = "the goal, typical light, 720p";
        let page = (unread(sum.by_zxing, sum.frames), most);
        rows.push(Row::new(&format!("scan.unread.{name}"), page, "%", limit, 1.0));
        let program = (unread(sum.by_program, sum.program_frames), most);
        rows.push(Row::new(&format!("scan.unread.{name}.program"), program, "%", limit, 1.0));
    }
    rows
}

fn table(codes: &[Code], cases: &[Case], tallies: &[Tally]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (case, tally) in cases.iter().zip(tallies) {
        let (Some(code), Some((_, frame))) = (codes.get(case.code), SIZES.get(case.size)) else { continue };
        let read =
            (case.light.name(), percent(tally.by_zxing, tally.frames), percent(tally.by_program, tally.program_frames));
        match lines.last_mut() {
            Some(line) if (line.code, line.spelling, line.frame) == (code.name, code.spelling, *frame) => {
                line.read.push(read);
            }
            _ => lines.push(Line {
                code: code.name,
                spelling: code.spelling,
                version: code.symbol.version(),
                frame,
                read: vec![read],
            }),
        }
    }
    lines
}

/// The table for people: percent read by zxing-cpp / by the counter's program.
pub(crate) fn print(lines: &[Line]) -> String {
    let Some(first) = lines.first() else { return String::new() };
    let heads: String = first.read.iter().map(|(light, ..)| format!(" {light} |")).collect();
    let rules = " ---: |".repeat(first.read.len());
    let mut out = format!(
        "\nSingle frames read, in percent: zxing-cpp (the page) / the counter's program; {} frames a cell, {} in typical light \
         at 720p, one of {PROGRAM_READS} of them for the program.\n\n| code | spelling | version | frame |{heads}\n| --- | --- \
         | ---: | --- |{rules}\n",
        FRAMES.1, FRAMES.0
    );
    for line in lines {
        let cells: String = line.read.iter().map(|(_, page, program)| format!(" {page:.1} / {program:.0} |")).collect();
        out += &format!("| {} | {} | {} | {} |{cells}\n", line.code, line.spelling, line.version, line.frame);
    }
    out
}

fn percent(part: usize, whole: usize) -> f64 {
    let number = |count| u32::try_from(count).map_or(f64::NAN, f64::from);
    100.0 * number(part) / number(whole)
}
