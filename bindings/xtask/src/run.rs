//! Running other programs, from the workspace's root and with nobody to answer their questions.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

/// A program with its arguments, about to run.
pub(crate) struct Program {
    command: Command,
    shown: String,
}

/// What a program printed on its standard output, and how it ended.
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) status: ExitStatus,
}

impl Program {
    pub(crate) fn new(root: &Path, name: impl AsRef<OsStr>) -> Self {
        let name = name.as_ref();
        let mut command = Command::new(name);
        command.current_dir(root).stdin(Stdio::null());
        Self { command, shown: Path::new(name).file_name().unwrap_or(name).to_string_lossy().into_owned() }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.shown.push(' ');
        self.shown.push_str(&arg.as_ref().to_string_lossy());
        self.command.arg(arg);
        self
    }

    pub(crate) fn args(self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it under `timeout` of coreutils, which after `seconds` ends it and what it started.
    pub(crate) fn limit(self, seconds: u32) -> Self {
        let mut limited = Command::new("timeout");
        limited.arg("--kill-after=10").arg(seconds.to_string());
        limited.arg(self.command.get_program()).args(self.command.get_args()).stdin(Stdio::null());
        limited.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = self.command.get_current_dir() {
            limited.current_dir(folder);
        }
        Self { command: limited, shown: self.shown }
    }

    /// Runs it on our terminal; anything but success is an error.
    pub(crate) fn check(mut self) -> Result<(), String> {
        let status = self.command.status().map_err(|e| format!("{}: {e}", self.shown))?;
        if status.success() { Ok(()) } else { Err(format!("{}: {}", self.shown, ended(status))) }
    }

    /// Runs it, passing its standard output on line by line and keeping it.
    pub(crate) fn tee(mut self) -> Result<Output, String> {
        let problem = |e| format!("{}: {e}", self.shown);
        let mut child = self.command.stdout(Stdio::piped()).spawn().map_err(problem)?;
        let mut text = String::new();
        if let Some(out) = child.stdout.take() {
            for line in BufReader::new(out).split(b'\n') {
                let line = line.map_err(problem)?;
                let line = String::from_utf8_lossy(&line);
                println!("{line}");
                text.push_str(&line);
                text.push('\n');
            }
        }
        let status = child.wait().map_err(problem)?;
        Ok(Output { text, status })
    }

    /// Runs it and hands over its standard output, whatever its exit code.
    pub(crate) fn capture(mut self) -> Result<Output, String> {
        let problem = |e| format!("{}: {e}", self.shown);
        let out = self.command.stderr(Stdio::inherit()).output().map_err(problem)?;
        Ok(Output { text: String::from_utf8_lossy(&out.stdout).into_owned(), status: out.status })
    }
}

/// Cargo, with the first arguments.
pub(crate) fn cargo(root: &Path, args: &[&str]) -> Program {
    Program::new(root, "cargo").args(args)
}

/// How a program ended, in words. 124 is what `timeout` says.
pub(crate) fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(124) => "ran out of time".to_owned(),
        _ => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::new(Path::new("/"), "sh").args(["-c", script])
    }

    #[test]
    fn program_over_its_limit_is_ended() {
        let out = shell("echo started; sleep 60").limit(1).tee().unwrap();
        assert_eq!((out.text.as_str(), ended(out.status).as_str()), ("started\n", "ran out of time"));
    }

    #[test]
    fn limited_program_keeps_its_folder_environment_and_exit_code() {
        let out = shell("pwd; echo $COLOUR; exit 3").env("COLOUR", "blue").limit(60).capture().unwrap();
        assert_eq!((out.text.as_str(), out.status.code()), ("/\nblue\n", Some(3)));
    }

    #[test]
    fn program_that_fails_or_is_missing_is_named() {
        assert_eq!(shell("exit 3").check(), Err("sh -c exit 3: exit status: 3".to_owned()));
        let missing = Program::new(Path::new("/"), "no-such-program").check().unwrap_err();
        assert!(missing.starts_with("no-such-program: "), "{missing}");
    }
}
