//! `cargo xtask test`: every check and every suite, one after the other. A failing step stops no other.

use std::{
    fmt::Write as _,
    fs,
    io::ErrorKind,
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    bench, codes,
    counts::{self, Counts},
    demo, kotlin, layers, python, readme, requirements,
    run::{self, Output, Program, cargo},
    swift, targets, threats, tools,
};

/// One step: its name on the command line, what it does, and how.
struct Step {
    name: &'static str,
    title: &'static str,
    how: How,
}

/// A check counts as one test; a suite says how many it ran.
enum How {
    Check(fn(&Path) -> Result<(), String>),
    Suite(fn(&Path) -> Result<(Output, Counts), String>),
}

use How::{Check, Suite};

/// Always first, whatever steps are named.
const TOOLS: Step = Step { name: "tools", title: "what the tests need is installed", how: Check(tools::install) };

const STEPS: &[Step] = &[
    Step { name: "fmt", title: "formatting", how: Check(fmt) },
    Step { name: "clippy", title: "lints", how: Check(clippy) },
    Step { name: "doc", title: "documentation without warnings", how: Check(doc) },
    Step { name: "layers", title: "who depends on whom", how: Check(layers::run) },
    Step { name: "codes", title: "error codes and what they generate", how: Check(|root| codes::run(root, false)) },
    Step { name: "requirements", title: "requirements and their tests", how: Check(requirements::run) },
    Step { name: "threats", title: "the threat model and its tests", how: Check(threats::run) },
    Step { name: "readme", title: "README.md shows code that is tested", how: Check(readme::run) },
    Step { name: "deny", title: "licences, bans, sources", how: Check(deny) },
    Step { name: "rust", title: "Rust tests", how: Suite(rust) },
    Step {
        name: "interop",
        title: "other implementations read our proofs and cards, and are read",
        how: Suite(interop),
    },
    Step { name: "python", title: "the core from Python", how: Suite(python::test) },
    Step { name: "api", title: "generated requests to every call of the sandbox", how: Suite(api) },
    Step { name: "browser", title: "the counter's page in Chromium, and its interface", how: Suite(browser) },
    Step { name: "kotlin", title: "the core from Kotlin", how: Suite(kotlin::test) },
    Step { name: "swift", title: "the core from Swift", how: Suite(swift::test) },
    Step { name: "targets", title: "the core type-checked for Android and iOS", how: Check(targets::run) },
    Step { name: "bench", title: "benchmarks run", how: Check(|root| bench::run(root, &["--smoke"])) },
    Step { name: "demo", title: "the demo, and the counter on its files", how: Check(demo::run) },
];

/// What counts when a step did not get as far as its tests.
const NOTHING_RAN: Counts = Counts { passed: 0, failed: 1 };

/// Seconds after which a suite is ended.
const SUITE_LIMIT: u32 = 45 * 60;

/// Seconds after which generated requests are ended; they take about one minute.
const API_LIMIT: u32 = 5 * 60;

/// Seconds after which the browser is ended; it takes about three minutes.
const BROWSER_LIMIT: u32 = 12 * 60;

/// Runs the steps with these names, or all, and says whether all went well; the last line printed is
/// `N passed, N failed`.
pub(crate) fn run(root: &Path, names: &[&str]) -> Result<bool, String> {
    let known = |name: &&&str| **name == TOOLS.name || STEPS.iter().any(|step| step.name == **name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        return Err(format!("there is no step {name}; these are:\n{}", list()));
    }
    let chosen = STEPS.iter().filter(|step| names.is_empty() || names.contains(&step.name));
    Ok(run_all(root, std::iter::once(&TOOLS).chain(chosen)))
}

fn run_all<'a>(root: &Path, steps: impl Iterator<Item = &'a Step>) -> bool {
    let mut sum = Counts::default();
    let mut table = String::new();
    for step in steps {
        println!("\n==== {}: {}", step.name, step.title);
        let (outcome, took) = timed(|| step.how.run(root));
        let (verdict, counts) = outcome.map_or_else(
            |(reason, counts)| {
                println!("{reason}");
                ("  FAILED", counts)
            },
            |counts| ("", counts),
        );
        let Counts { passed, failed } = counts;
        println!("---- {}: {passed} passed, {failed} failed, {} s", step.name, took.as_secs());
        let _ = writeln!(table, "{:<14}{passed:>7}{failed:>7}{:>9.1}{verdict}", step.name, took.as_secs_f64());
        sum += counts;
    }
    println!("\n{:<14}{:>7}{:>7}{:>9}\n{table}", "step", "passed", "failed", "seconds");
    println!("{} passed, {} failed", sum.passed, sum.failed);
    sum.failed == 0
}

/// The steps, one a line.
pub(crate) fn list() -> String {
    std::iter::once(&TOOLS).chain(STEPS).fold(String::new(), |mut text, step| {
        let _ = writeln!(text, "  {:<14}{}", step.name, step.title);
        text
    })
}

impl How {
    /// The counts; on failure with the reason, and with at least one failed.
    fn run(&self, root: &Path) -> Result<Counts, (String, Counts)> {
        match self {
            Check(check) => {
                check(root).map(|()| Counts { passed: 1, failed: 0 }).map_err(|reason| (reason, NOTHING_RAN))
            }
            Suite(suite) => outcome(suite(root)),
        }
    }
}

/// What a suite's run amounts to, whatever language it is in.
fn outcome(ran: Result<(Output, Counts), String>) -> Result<Counts, (String, Counts)> {
    let (output, counts) = ran.map_err(|reason| (reason, NOTHING_RAN))?;
    judge(output.status.success(), counts).map_err(|counts| {
        let Counts { passed, failed } = counts;
        let ended = run::ended(output.status);
        (format!("the suite: {ended}; {passed} passed, {failed} failed or skipped"), counts)
    })
}

/// A suite is good when it ended well, ran something, and neither failed nor skipped anything.
fn judge(ended_well: bool, counts: Counts) -> Result<Counts, Counts> {
    match counts {
        Counts { passed: 1.., failed: 0 } if ended_well => Ok(counts),
        Counts { passed, failed } => Err(Counts { passed, failed: failed.max(1) }),
    }
}

fn fmt(root: &Path) -> Result<(), String> {
    cargo(root, &["fmt", "--all", "--check"]).check()
}

fn clippy(root: &Path) -> Result<(), String> {
    cargo(root, &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]).check()
}

fn doc(root: &Path) -> Result<(), String> {
    cargo(root, &["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings").check()
}

fn deny(root: &Path) -> Result<(), String> {
    tools::tool(root, "cargo-deny")?.args(["--offline", "--locked", "check", "licenses", "bans", "sources"]).check()
}

fn rust(root: &Path) -> Result<(Output, Counts), String> {
    suite(cargo(root, &["test", "--workspace", "--locked", "--no-fail-fast"]), counts::of_cargo_test)
}

fn interop(root: &Path) -> Result<(Output, Counts), String> {
    let artefacts = root.join("target/interop");
    clear(&artefacts)?;
    // Built with the whole workspace, as the tests are: naming the package would compile half of it again.
    cargo(root, &["build", "--workspace", "--examples", "--bin", "eid-sandbox", "--locked"]).check()?;
    Program::new(root, root.join("target/debug/examples/artefacts")).arg(&artefacts).check()?;
    let pytest = tools::tool(root, "pytest")?
        .args(["-p", "no:cacheprovider", "--color=no", "tests/interop", "--artefacts"])
        .arg(&artefacts)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    suite(pytest, counts::of_pytest)
}

fn api(root: &Path) -> Result<(Output, Counts), String> {
    // As for the core from Python, which has built them already.
    cargo(root, &["build", "--locked", "--package", "eid-sandbox", "--package", "eid-counter"]).check()?;
    let pytest = tools::tool(root, "pytest")?
        .args(["-p", "no:cacheprovider", "--color=no", "tests/api", "--programs", "target/debug"])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    suite(pytest.limit(API_LIMIT), counts::of_pytest)
}

fn browser(root: &Path) -> Result<(Output, Counts), String> {
    let stage = root.join("target/browser");
    clear(&stage)?;
    cargo(root, &["build", "--locked", "--package", "eid-counter", "--bins", "--example", "stage"]).check()?;
    Program::new(root, root.join("target/debug/examples/stage")).arg(&stage).check()?;
    let pytest = tools::tool(root, "pytest")?
        .args(["-p", "no:cacheprovider", "--color=no", "tests/browser", "--programs", "target/debug", "--stage"])
        .arg(&stage)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    suite(pytest.limit(BROWSER_LIMIT), counts::of_pytest)
}

/// Removes a folder of results, so that none is left from an earlier run.
pub(crate) fn clear(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(format!("{}: {e}", folder.display())),
        _ => Ok(()),
    }
}

fn suite(program: Program, count: fn(&str) -> Counts) -> Result<(Output, Counts), String> {
    let output = program.limit(SUITE_LIMIT).tee()?;
    let counts = count(&output.text);
    Ok((output, counts))
}

#[expect(clippy::disallowed_methods, reason = "a tool measures how long its steps take")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    use super::*;

    #[test]
    fn only_a_suite_that_ran_and_ended_well_is_good() {
        let counts = |passed, failed| Counts { passed, failed };
        assert_eq!(judge(true, counts(3, 0)), Ok(counts(3, 0)));
        assert_eq!(judge(true, counts(0, 0)), Err(counts(0, 1)));
        assert_eq!(judge(true, counts(3, 2)), Err(counts(3, 2)));
        assert_eq!(judge(false, counts(3, 0)), Err(counts(3, 1)));
    }

    type Runner = (&'static str, fn(&str) -> Counts, [&'static str; 3]);

    /// What a runner of each language prints: when all is well, when an assertion failed, when there was nothing to run.
    const RUNNERS: [Runner; 4] = [
        (
            "rust",
            counts::of_cargo_test,
            [
                "test result: ok. 2 passed; 0 failed; 0 ignored",
                "test result: FAILED. 1 passed; 1 failed; 0 ignored",
                "test result: ok. 0 passed; 0 failed; 0 ignored",
            ],
        ),
        ("python", counts::of_pytest, ["2 passed in 0.1s", "1 failed, 1 passed in 0.1s", "no tests ran in 0.0s"]),
        ("kotlin", kotlin::counts, ["2 passed, 0 failed", "1 passed, 1 failed", "0 passed, 0 failed"]),
        (
            "swift",
            swift::counts,
            [
                "✔ Test a() passed after 0.1 seconds.\n✔ Test run with 1 test passed after 0.1 seconds.",
                "✘ Test a() failed after 0.1 seconds.\n✘ Test run with 1 test failed after 0.1 seconds.",
                "✔ Test run with 0 tests passed after 0.1 seconds.",
            ],
        ),
    ];

    #[test]
    fn failing_assertion_in_any_language_fails_the_run() {
        for (language, count, [good, failing, empty]) in RUNNERS {
            let ends_well = |output: &str, exit: &str| {
                let program =
                    Program::new(Path::new("/"), "sh").args(["-c", "echo \"$1\"; exit $2", "sh", output, exit]);
                outcome(suite(program, count)).is_ok()
            };
            assert!(ends_well(good, "0"), "{language}");
            assert!(!ends_well(failing, "1"), "{language}: a failing test");
            assert!(!ends_well(failing, "0"), "{language}: a failing test, whatever the exit code");
            assert!(!ends_well(good, "1"), "{language}: an exit code, whatever was printed");
            assert!(!ends_well(empty, "0"), "{language}: no tests");
            assert!(!ends_well("", "0"), "{language}: nothing printed");
        }
    }

    #[test]
    fn one_failed_step_fails_the_run_and_stops_no_other() {
        static REACHED: AtomicBool = AtomicBool::new(false);
        let reach = |_: &Path| {
            REACHED.store(true, Relaxed);
            Ok(())
        };
        let steps = [
            Step { name: "wrong", title: "fails", how: Check(|_| Err("wrong".to_owned())) },
            Step { name: "right", title: "passes", how: Check(reach) },
        ];
        assert!(!run_all(Path::new("/"), steps.iter()));
        assert!(REACHED.load(Relaxed));
        assert!(run_all(Path::new("/"), steps.iter().skip(1)));
    }
}
