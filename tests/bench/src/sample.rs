//! Timing: thread CPU time, least of many samples, subjects in turns. And by how much a process grows.

use std::{ffi::OsString, fs, hint::black_box, process::Command};

use cpu_time::ThreadTime;

use crate::storage::Failed;

/// Repetitions inside one sample, so that a sample is long against the clock's resolution.
const REPEAT: u32 = 10;

/// The least time of one call of each subject, in microseconds.
pub(crate) fn least_us<const N: usize>(samples: u32, mut subjects: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut least = [f64::INFINITY; N];
    for _ in 0..samples {
        for (subject, least) in subjects.iter_mut().zip(&mut least) {
            let start = ThreadTime::now();
            for _ in 0..REPEAT {
                black_box(&mut *subject)();
            }
            let took = start.elapsed().as_secs_f64() * 1e6 / f64::from(REPEAT);
            *least = least.min(took);
        }
    }
    least
}

/// Uses a result up, so that making it is not optimised away.
pub(crate) fn sink<T>(value: T) {
    drop(black_box(value));
}

/// By how much this process grows. It has to be a process of its own, because a longer one holds memory that it has used before.
pub(crate) struct Growth {
    before: f64,
}

impl Growth {
    /// From here on the kernel's mark counts anew.
    pub(crate) fn start() -> Result<Self, Failed> {
        fs::write("/proc/self/clear_refs", "5")?;
        Ok(Self { before: memory("VmRSS:")? })
    }

    /// By how many MiB the memory in use grew at its highest.
    pub(crate) fn mib(&self) -> Result<f64, Failed> {
        Ok((memory("VmHWM:")? - self.before) / 1024.0)
    }
}

/// A line of the kernel's about this process, in KiB.
fn memory(line: &str) -> Result<f64, Failed> {
    let status = fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)).and_then(|rest| rest.split_whitespace().next());
    value.and_then(|number| number.parse().ok()).ok_or_else(|| Failed(format!("no {line}")))
}

/// What this program prints when it is run again with an option, by itself.
pub(crate) fn ask_again(option: OsString) -> Result<String, Failed> {
    let output = Command::new(std::env::current_exe()?).arg(option).output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(Failed(String::from_utf8_lossy(&output.stderr).into_owned()))
}
