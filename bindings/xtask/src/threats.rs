//! The threat model's tables: each line names tests that exist, or says that nothing stops it.

use std::{collections::BTreeSet, fs, path::Path};

use crate::requirements;

const PAGE: &str = "core/docs/threat-model.md";

/// The section with the threats.
const SECTION: &str = "## 4. ";

/// What a line says of an attack that nothing stops.
const NOT_STOPPED: &str = "**not stopped";

/// What a line says of a test that is owed, and to whom.
const OWED: &str = "no test yet";
const OWED_TO: &str = "no test yet (issue: ";

/// Checks that every line names a test or says that nothing stops it, and that every test named exists.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let page = fs::read_to_string(root.join(PAGE)).map_err(|e| format!("{PAGE}: {e}"))?;
    let wrong = problems(&page, &requirements::all_tests(root)?);
    if wrong.is_empty() { Ok(()) } else { Err(format!("{PAGE}:\n  {}", wrong.join("\n  "))) }
}

fn problems(page: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let threats = threats(page);
    let mut wrong = Vec::new();
    if threats.is_empty() {
        wrong.push(format!("no lines under {SECTION:?}"));
    }
    for threat in threats {
        let Some([attack, defence, shown]) = cells(threat) else {
            wrong.push(format!("not of three cells: {threat}"));
            continue;
        };
        if names(shown).next().is_none() && !defence.to_lowercase().contains(NOT_STOPPED) {
            wrong.push(format!("{attack:?} names no test, and does not say that nothing stops it"));
        }
        if shown.matches(OWED).count() != shown.matches(OWED_TO).count() {
            wrong.push(format!("{attack:?} owes a test and names no issue"));
        }
        wrong.extend(unknown(names(shown), tests).map(|name| format!("{attack:?} names {name}, which is no test")));
    }
    // The other sections name a test here and there, among names of other things.
    let elsewhere = page.lines().filter(|line| cells(line).is_none()).flat_map(names).filter(|name| is_sentence(name));
    wrong.extend(unknown(elsewhere, tests).map(|name| format!("{name} is no test")));
    wrong
}

/// The lines of the section's tables, without their heads.
fn threats(page: &str) -> Vec<&str> {
    let section = page.lines().skip_while(|line| !line.starts_with(SECTION)).skip(1);
    let lines: Vec<&str> = section.take_while(|line| !line.starts_with("## ")).collect();
    let is_rule = |line: &str| line.starts_with("| ---");
    let head_or_rule =
        |(at, line): (usize, &&str)| is_rule(line) || lines.get(at + 1).is_some_and(|next| is_rule(next));
    lines
        .iter()
        .enumerate()
        .filter(|(at, line)| line.starts_with('|') && !head_or_rule((*at, line)))
        .map(|(_, line)| *line)
        .collect()
}

/// What stands in a line of a table of three columns.
fn cells(line: &str) -> Option<[&str; 3]> {
    let inside = line.strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = inside.split('|').map(str::trim).collect();
    cells.try_into().ok()
}

/// The words between backticks that are names: no paths, no commands.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| word.chars().all(|c| c.is_alphanumeric() || c == '_') && word.contains('_'))
}

fn unknown<'a>(names: impl Iterator<Item = &'a str>, tests: &BTreeSet<String>) -> impl Iterator<Item = &'a str> {
    names.filter(|name| !tests.contains(*name))
}

/// True for a name that reads like a test's.
fn is_sentence(name: &str) -> bool {
    name.matches('_').count() > 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# Threats\nText.\n\n## 4. The threats\n\n### 4.1 One\n\n| attack | what stops it | shown by |\n| --- | --- | --- |\n";

    fn problems_of(rest: &str) -> Vec<String> {
        let tests = ["thief_is_stopped", "spy_is_seen_by_all"].map(str::to_owned).into();
        problems(&format!("{HEAD}{rest}"), &tests)
    }

    #[test]
    fn lines_with_tests_or_an_honest_word_are_good() {
        let good = "| Thief | The lock. | `thief_is_stopped` `spy_is_seen_by_all`, and `tests/faults` |\n\
                    | Relay | **Not stopped** by any code. | – |\n\
                    | Key | The lock; `any_path`. | `thief_is_stopped`; presence: no test yet (issue: phone adapters) |\n\
                    \n## 5. Rest\n\n`spy_is_seen_by_all` looks at `trust_roots`.\n\n| file | what |\n| --- | --- |\n| `a` | b |\n";
        assert_eq!(problems_of(good), Vec::<String>::new());
    }

    #[test]
    fn lines_without_a_test_or_with_one_that_is_none_are_refused() {
        assert_eq!(
            problems_of("| Thief | The lock. | `tests/faults` |\n"),
            ["\"Thief\" names no test, and does not say that nothing stops it"]
        );
        assert_eq!(
            problems_of("| Thief | The lock. | `spy_is_gone` |\n"),
            ["\"Thief\" names spy_is_gone, which is no test"]
        );
        assert_eq!(
            problems_of("| Thief | The lock. | `thief_is_stopped`; later: no test yet |\n"),
            ["\"Thief\" owes a test and names no issue"]
        );
        assert_eq!(
            problems_of("| Thief | `thief_is_stopped` |\n"),
            ["not of three cells: | Thief | `thief_is_stopped` |"]
        );
        assert_eq!(
            problems_of("| Thief | The lock. | `thief_is_stopped` |\n\nShown by `spy_is_gone_for_good`.\n"),
            ["spy_is_gone_for_good is no test"]
        );
        assert_eq!(problems("# Threats\n", &BTreeSet::new()), ["no lines under \"## 4. \""]);
    }
}
