//! Running a scenario in a child, with a fault; and what must be there afterwards.

use std::{
    fs, io,
    ops::RangeInclusive,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use tempfile::TempDir;

use crate::{
    Call, Content, Hardware, Keys, PowerCut, Snapshot, Survives, World, digest, hardware, load_trace,
    read::{content, resume},
    scenario::Scenario,
};

pub(crate) const SHIM: &str = concat!(env!("OUT_DIR"), "/shim.so");

/// What happens to the child, at the call of that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It is killed before the call.
    Kill(usize),
    /// It is killed after half of the bytes of a write.
    Tear(usize),
    /// The disk is full from this call on, until room is made.
    Full(usize),
    /// The call fails once, as on a broken disk.
    Fail(usize),
    /// Each call takes so many microseconds longer.
    Slow(usize),
}

/// A scenario, the folder it begins with, and what can be read after each of its steps.
#[derive(Debug)]
pub struct Case {
    scenario: Scenario,
    start: Snapshot,
    keys: Keys,
    /// By number of steps that were done.
    contents: Vec<Content>,
    program: PathBuf,
    place: TempDir,
}

/// What became of a child.
#[derive(Debug)]
pub struct Run {
    /// All it did.
    pub calls: Vec<Call>,
    /// How it ended.
    pub status: ExitStatus,
    /// The folder as it left it.
    pub root: PathBuf,
}

/// A folder in memory where there is one: what a disk keeps is played by [`Snapshot::after`], so a slow one gains nothing.
///
/// # Errors
/// Those of making it.
pub fn scratch() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}

impl Case {
    /// Makes the folder ready and runs all steps once in this process, to know what they store.
    ///
    /// # Errors
    /// What the scenario gives; [`io::Error`]s as text.
    pub fn new(name: &str, program: &str) -> Result<Self, String> {
        let scenario = Scenario::find(name).ok_or("there is no such scenario")?;
        let place = scratch().map_err(text)?;
        let root = place.path().join("run");
        fs::create_dir(&root).map_err(text)?;
        let mut world = World::new(&root, Hardware::default(), 1);
        (scenario.prepare)(&mut world).map_err(text)?;
        let keys = world.hardware.keys();
        drop(world);
        let start = Snapshot::load(&root).map_err(text)?;
        let mut case = Self { scenario, start, keys, contents: Vec::new(), program: program.into(), place };
        case.contents.push(case.content_of(&case.start, &case.keys)?);
        let mut world = World::new(&root, Hardware::new(case.keys.clone(), false), 2);
        for step in &case.scenario.steps {
            (step.run)(&mut world).map_err(text)?;
            // Of a copy, as after a kill: the world goes on with the open store.
            let snapshot = Snapshot::load(&root).map_err(text)?;
            case.contents.push(case.content_of(&snapshot, &world.hardware.keys())?);
        }
        Ok(case)
    }

    /// Runs the scenario in a child.
    ///
    /// # Errors
    /// Those of starting it and reading its trace, as text.
    pub fn run(&self, fault: Fault) -> Result<Run, String> {
        let root = self.lay("child", &self.start, &self.keys)?;
        let trace = self.place.path().join("trace");
        drop(fs::remove_file(&trace));
        let (kind, at) = match fault {
            Fault::None => ("none", 0),
            Fault::Kill(at) => ("kill", at),
            Fault::Tear(at) => ("tear", at),
            Fault::Full(at) => ("full", at),
            Fault::Fail(at) => ("fail", at),
            Fault::Slow(us) => ("slow", us),
        };
        let status = Command::new(&self.program)
            .args([self.scenario.name.as_ref(), root.as_os_str()])
            .env("LD_PRELOAD", SHIM)
            .env("EID_FAULT_ROOT", &root)
            .env("EID_FAULT_TRACE", &trace)
            .env("EID_FAULT_KIND", kind)
            .env("EID_FAULT_AT", at.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .map_err(text)?;
        let calls = load_trace(&trace).map_err(text)?;
        hardware::store(&root, &hardware::keys_after(&self.keys, answers(&calls))).map_err(text)?;
        Ok(Run { calls, status, root })
    }

    /// The folder that a child begins with.
    pub fn start(&self) -> &Snapshot {
        &self.start
    }

    /// What must be there after all steps.
    ///
    /// # Errors
    /// What is there instead.
    pub fn judge_end(&self, run: &Run) -> Result<(), String> {
        if !run.status.success() {
            return Err(format!("ended with {}: {:?}", run.status, answers(&run.calls).collect::<Vec<_>>()));
        }
        let all = self.scenario.steps.len();
        self.judge(&run.root, all..=all)
    }

    /// A child that was killed: what it had done is there, what it was doing is there whole or not at all.
    ///
    /// # Errors
    /// What is there instead.
    pub fn judge_kill(&self, run: &Run) -> Result<(), String> {
        if run.status.signal() != Some(9) {
            return Err(format!("was not killed: {}", run.status));
        }
        let done = done(&run.calls);
        self.judge(&run.root, done..=done + 1)
    }

    /// A child whose disk refused a call: an error with one of these codes, what was done before can be read meanwhile, and
    /// the same call succeeds afterwards. Returns how many calls needed a store that was opened anew.
    ///
    /// # Errors
    /// What is there instead.
    pub fn judge_refusal(&self, run: &Run, codes: &[u16]) -> Result<u32, String> {
        let mut opened_anew = 0;
        for answer in answers(&run.calls) {
            let words: Vec<&str> = answer.split(' ').collect();
            match words.as_slice() {
                ["failed", number, code, held] => {
                    let step: usize = number.parse().map_err(text)?;
                    if !codes.iter().any(|known| known.to_string() == **code) {
                        return Err(format!("step {step} failed with {code}"));
                    }
                    let whole = self.contents.iter().skip(step).take(2).any(|content| digest(&content.text) == **held);
                    // A step that is several calls may be half done, as long as no passcode opens the rest.
                    if !whole && *held != "-" && !self.scenario.behind_envelope {
                        return Err(format!("step {step} failed and what is there meanwhile is neither old nor new"));
                    }
                }
                ["again", ..] => opened_anew += 1,
                _ => {}
            }
        }
        self.judge_end(run).map(|()| opened_anew)
    }

    /// What the disk holds after a power cut behind `calls`: what outlives one and had been done is there, and nothing is
    /// there in part. A disk that lied about it may also have lost anything, or be refused: then the answer is false.
    ///
    /// # Errors
    /// What is there instead.
    pub fn judge_power_cut(&self, calls: &[Call], cut: PowerCut) -> Result<bool, String> {
        let mut disk = self.start.after(calls, cut);
        // Mapped memory: whatever its bytes are, nobody may believe them.
        for (name, bytes) in &mut disk.files {
            if name.ends_with("-shm") && !matches!(cut.survives, Survives::All) {
                bytes.fill(0xa5);
            }
        }
        let root = self.lay("child", &disk, &hardware::keys_after(&self.keys, answers(calls)))?;
        let done = done(calls);
        if cut.lies {
            return match content(&root, self.scenario.behind_envelope) {
                Err(_) => Ok(false),
                Ok(found) if found.has_findings => Ok(false),
                Ok(found) if self.contents.iter().take(done + 2).any(|content| content.text == found.text) => Ok(true),
                // Whole, but older than the beginning: the vault says how old.
                Ok(found) if self.contents.first().is_some_and(|start| found.generation < start.generation) => {
                    Ok(false)
                }
                Ok(found) => Err(format!("a mix of generation {}: {}", found.generation, found.text)),
            };
        }
        let lasting = self.scenario.steps.iter().take(done).rposition(|step| step.lasts).map_or(0, |at| at + 1);
        self.judge(&root, lasting..=done + 1).map(|()| true)
    }

    fn judge(&self, root: &Path, steps: RangeInclusive<usize>) -> Result<(), String> {
        let found =
            content(root, self.scenario.behind_envelope).map_err(|failure| format!("cannot be read: {failure}"))?;
        let (first, last) = (*steps.start(), *steps.end());
        let expected = self.contents.get(first).ok_or("more steps than there are")?;
        let fits = |content: &&Content| content.text == found.text && content.generation <= found.generation;
        if self.contents.iter().skip(first).take(last - first + 1).find(fits).is_none() {
            let missing = expected.text.lines().filter(|line| !found.text.contains(line));
            let added = found.text.lines().filter(|line| !expected.text.contains(line));
            let (missing, added): (Vec<_>, Vec<_>) = (missing.collect(), added.collect());
            let generations = [expected.generation, found.generation];
            return Err(format!(
                "not what {first} to {last} steps store; beside {first}: missing {missing:#?}, added {added:#?}, {generations:?}"
            ));
        }
        resume(root, self.scenario.behind_envelope).map_err(|failure| format!("cannot be written any more: {failure}"))
    }

    fn content_of(&self, snapshot: &Snapshot, keys: &Keys) -> Result<Content, String> {
        content(&self.lay("copy", snapshot, keys)?, self.scenario.behind_envelope)
    }

    /// Writes a folder anew, with the hardware's keys beside it.
    fn lay(&self, name: &str, snapshot: &Snapshot, keys: &Keys) -> Result<PathBuf, String> {
        let root = self.place.path().join(name);
        if root.exists() {
            fs::remove_dir_all(&root).map_err(text)?;
        }
        snapshot.store(&root).map_err(text)?;
        hardware::store(&root, keys).map_err(text)?;
        Ok(root)
    }
}

/// How many steps the child said to have done.
fn done(calls: &[Call]) -> usize {
    answers(calls).filter(|answer| answer.starts_with("done ")).count()
}

fn answers(calls: &[Call]) -> impl Iterator<Item = &str> {
    let answers = calls.iter().filter_map(|call| if let Call::Answer(text) = call { Some(text) } else { None });
    answers.flat_map(|text| text.lines())
}

fn text(error: impl core::fmt::Display) -> String {
    error.to_string()
}
