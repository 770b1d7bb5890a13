//! The program that measures SQLCipher: it is told a job, and answers with two numbers.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::work::{Failed, Job, Took};

pub(crate) struct Remote {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Remote {
    pub(crate) fn start(program: &Path, records: usize) -> Result<Self, Failed> {
        let mut command = Command::new(program);
        let mut child = command.arg(records.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(to), Some(from)) => Ok(Self { child, to, from: BufReader::new(from) }),
            _ => Err(Failed("no pipe".to_owned())),
        }
    }

    pub(crate) fn run(&mut self, job: Job) -> Result<Took, Failed> {
        writeln!(self.to, "{}", super::name(job))?;
        let mut answer = String::new();
        self.from.read_line(&mut answer)?;
        let numbers: Vec<f64> = answer.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        match *numbers.as_slice() {
            [cpu, wall] => Ok(Took { cpu, wall }),
            _ => Err(Failed(format!("SQLCipher: {answer}"))),
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
