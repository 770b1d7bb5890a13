//! How many tests passed and failed, read from what test runners print.

use std::ops::AddAssign;

/// Tests that ran. A test that was skipped counts as failed: nothing is skipped silently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Sums the `test result:` lines of `cargo test`.
pub(crate) fn of_cargo_test(output: &str) -> Counts {
    let mut sum = Counts::default();
    for line in output.lines().filter(|line| line.contains("test result: ")) {
        sum += numbered_words(line);
    }
    sum
}

/// Reads the closing line of pytest, `3 passed, 1 failed in 0.12s`; none means that it did not get that far.
pub(crate) fn of_pytest(output: &str) -> Counts {
    let closing =
        output.lines().rev().find(|line| line.contains(" in ") && line.contains(|c: char| c.is_ascii_digit()));
    closing.map(numbered_words).unwrap_or_default()
}

fn numbered_words(line: &str) -> Counts {
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches([',', ';', '.'])).collect();
    let mut counts = Counts::default();
    for pair in words.windows(2) {
        let [number, word] = pair else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match *word {
            "passed" => counts.passed += number,
            "failed" | "error" | "errors" | "ignored" | "skipped" | "xfailed" | "xpassed" => counts.failed += number,
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_test_results_are_summed_over_suites() {
        let output = "running 2 tests\ntest a ... ok\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out\n\
                      test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(of_cargo_test(output), Counts { passed: 5, failed: 1 });
    }

    #[test]
    fn ignored_tests_count_as_failed() {
        let output = "test result: ok. 2 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(of_cargo_test(output), Counts { passed: 2, failed: 3 });
    }

    #[test]
    fn pytest_closing_lines_are_read() {
        let cases = [
            ("....\n41 passed in 0.57s\n", 41, 0),
            ("==== 1 failed, 40 passed, 2 warnings in 1.20s ====\n", 40, 1),
            ("2 passed, 1 skipped, 3 errors in 0.10s", 2, 4),
            ("no tests ran in 0.01s", 0, 0),
            ("", 0, 0),
        ];
        for (output, passed, failed) in cases {
            assert_eq!(of_pytest(output), Counts { passed, failed }, "{output}");
        }
    }
}
