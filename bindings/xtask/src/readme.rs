//! What README.md shows of the three languages is compiled test code: the lines between two marks of each journey.

use std::{fs, path::Path};

const README: &str = "README.md";

const JOURNEYS: [&str; 3] = [
    "tests/foreign/python/test_journey.py",
    "tests/foreign/kotlin/src/JourneyTest.kt",
    "ios/Tests/EidJourneyTests/SpineTests.swift",
];

const MARKS: [&str; 2] = ["README begin", "README end"];

/// Fails when a journey's lines do not stand in README.md as they are, indentation apart.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let read = |path: &str| fs::read_to_string(root.join(path)).map_err(|e| format!("{path}: {e}"));
    let readme = flat(read(README)?.lines());
    for journey in JOURNEYS {
        let shown = excerpt(&read(journey)?).ok_or_else(|| format!("{journey} has no lines between its marks"))?;
        if !readme.contains(&shown) {
            return Err(format!("{README} does not show what {journey} runs"));
        }
    }
    Ok(())
}

fn excerpt(journey: &str) -> Option<String> {
    let [begin, end] = MARKS;
    let inside = journey.lines().skip_while(|line| !line.ends_with(begin)).skip(1);
    let mut closed = false;
    let lines: Vec<&str> = inside
        .take_while(|line| {
            closed = line.ends_with(end);
            !closed
        })
        .collect();
    let text = flat(lines.into_iter());
    (closed && !text.is_empty()).then_some(text)
}

/// Lines without indentation and without empty ones.
fn flat<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_between_the_marks_are_the_excerpt() {
        let journey =
            "def test():\n    # README begin\n    app = open()\n\n    app.close()\n    # README end\n    assert app\n";
        assert_eq!(excerpt(journey).as_deref(), Some("app = open()\napp.close()"));
        assert_eq!(excerpt("def test():\n    pass\n"), None);
        assert_eq!(excerpt("# README begin\nx\n"), None);
    }
}
