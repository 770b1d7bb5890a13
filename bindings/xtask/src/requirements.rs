//! Requirements as data: `tests/requirements.csv` names, for each requirement, the tests that show it, and
//! `tests/domain-items.csv` the items of the domain's list that requirements must name by now.

use std::{collections::BTreeSet, fs, path::Path};

use serde::{Deserialize, de::DeserializeOwned};

const TABLE: &str = "tests/requirements.csv";
const ITEMS: &str = "tests/domain-items.csv";

/// What stands in a source before items of the domain's list: `domain.md F1 a24; issue 3`.
const DOMAIN: &str = "domain.md ";

/// Folders that hold no sources of ours.
const FOREIGN: &[&str] = &["target", "node_modules"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    area: String,
    requirement: String,
    /// A page of the design, or an item of the domain's list.
    source: String,
    /// Names of test functions, with spaces between them.
    tests: String,
}

/// An item of the domain's list: a source (`a`), a complaint (`F`) or a law (`g`), with its number.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    item: String,
    #[serde(rename = "subject")]
    _subject: String,
}

/// Checks that ids are unique, that no field is empty, that every test named is a test in the sources, and that every item
/// of the domain that must be covered is named by a requirement.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let rows: Vec<Row> = read(root, TABLE)?;
    let items: Vec<Item> = read(root, ITEMS)?;
    let mut wrong = problems(&rows, &all_tests(root)?);
    wrong.extend(uncovered(&rows, &items.into_iter().map(|item| item.item).collect()));
    if wrong.is_empty() { Ok(()) } else { Err(format!("{TABLE}:\n  {}", wrong.join("\n  "))) }
}

fn read<T: DeserializeOwned>(root: &Path, table: &str) -> Result<Vec<T>, String> {
    let problem = |e| format!("{table}: {e}");
    let mut reader = csv::Reader::from_path(root.join(table)).map_err(problem)?;
    reader.deserialize().collect::<Result<_, _>>().map_err(problem)
}

/// Items that no requirement names, and names that are no item.
fn uncovered(rows: &[Row], items: &BTreeSet<String>) -> Vec<String> {
    let is_item = |word: &&str| {
        word.split_at_checked(1).is_some_and(|(kind, number)| {
            ["a", "F", "g"].contains(&kind) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let sources = rows.iter().flat_map(|row| row.source.split(';'));
    let domain = sources.filter_map(|source| source.trim().strip_prefix(DOMAIN));
    let named: BTreeSet<&str> = domain.flat_map(str::split_whitespace).filter(is_item).collect();
    let missing = items.iter().filter(|item| !named.contains(item.as_str()));
    let unknown = named.iter().filter(|name| !items.contains(**name));
    missing
        .map(|item| format!("no requirement names {item} of {ITEMS}"))
        .chain(unknown.map(|name| format!("{name} is not in {ITEMS}")))
        .collect()
}

/// The names of all tests in the sources, in whatever language.
pub(crate) fn all_tests(root: &Path) -> Result<BTreeSet<String>, String> {
    let mut tests = BTreeSet::new();
    collect(root, &mut tests)?;
    Ok(tests)
}

fn problems(rows: &[Row], tests: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut ids = BTreeSet::new();
    if rows.is_empty() {
        wrong.push("no rows".to_owned());
    }
    for Row { id, area, requirement, source, tests: named } in rows {
        if !ids.insert(id) {
            wrong.push(format!("{id} stands twice"));
        }
        if [id, area, requirement, source].iter().any(|field| field.trim().is_empty()) {
            wrong.push(format!("{id} has an empty field"));
        }
        if named.trim().is_empty() {
            wrong.push(format!("{id} has no test"));
        }
        let missing = named.split_whitespace().filter(|name| !tests.contains(*name));
        wrong.extend(missing.map(|name| format!("{id} names {name}, which is no test")));
    }
    wrong
}

/// Adds the names of all tests in the Rust, Python, Kotlin and Swift files under `folder`.
fn collect(folder: &Path, tests: &mut BTreeSet<String>) -> Result<(), String> {
    let problem = |e| format!("{}: {e}", folder.display());
    for entry in fs::read_dir(folder).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type().map_err(problem)?.is_dir() {
            if !name.starts_with('.') && !FOREIGN.contains(&&*name) {
                collect(&path, tests)?;
            }
            continue;
        }
        let find = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => rust_tests,
            Some("py") => python_tests,
            Some("kt") => |source: &str| marked_tests(source, &["@Test"], "fun "),
            Some("swift") => |source: &str| marked_tests(source, &["@Test"], "func "),
            _ => continue,
        };
        tests.extend(find(&fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?));
    }
    Ok(())
}

/// In modules, integration tests and `proptest!` blocks alike.
fn rust_tests(source: &str) -> Vec<String> {
    marked_tests(source, &["#[test]", "#[tokio::test"], "fn ")
}

/// Functions with a mark of a test before them, on lines of its own or on the same.
fn marked_tests(source: &str, marks: &[&str], keyword: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in source.lines().map(str::trim_start) {
        marked |= marks.iter().any(|mark| line.starts_with(mark));
        let defined = line
            .split_once(keyword)
            .filter(|(before, _)| !before.starts_with("//") && (before.is_empty() || before.ends_with(' ')));
        if let Some(name) = defined.and_then(|(_, rest)| rest.split(['(', '<']).next()) {
            if marked {
                names.push(name.to_owned());
            }
            marked = false;
        }
    }
    names
}

fn python_tests(source: &str) -> Vec<String> {
    let name = |line: &str| {
        let line = line.trim_start().trim_start_matches("async ");
        Some(line.strip_prefix("def ")?.split_once('(')?.0.to_owned())
    };
    source.lines().filter_map(name).filter(|name| name.starts_with("test_")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, tests: &str) -> Row {
        let text = |s: &str| s.to_owned();
        Row { id: text(id), area: text("a"), requirement: text("r"), source: text("s"), tests: text(tests) }
    }

    #[test]
    fn only_marked_functions_are_tests() {
        let source = "fn helper() {}\n#[test]\n#[should_panic]\nfn one() { }\nfn two() {}\n\
                      proptest! {\n    /// What it shows.\n    #[test]\n    fn three(x in 0..1u8) {}\n}\n\
                      #[tokio::test(flavor = \"multi_thread\")]\nasync fn four() {}\n#[cfg(test)]\nmod tests {}\nfn five() {}\n";
        assert_eq!(rust_tests(source), ["one", "three", "four"]);
        let kotlin =
            "class A {\n    @Test\n    fun one() = test {\n    fun helper() {}\n    @Test fun two() = Unit\n}\n";
        assert_eq!(marked_tests(kotlin, &["@Test"], "fun "), ["one", "two"]);
        let swift = "@Test func one_isRead() throws {\n@Test(arguments: [0, 1])\nfunc two_isNot(_ n: Int) {\nfunc helper() {}\n";
        assert_eq!(marked_tests(swift, &["@Test"], "func "), ["one_isRead", "two_isNot"]);
        assert_eq!(python_tests("def test_a(x):\n    pass\ndef helper():\n"), ["test_a"]);
    }

    #[test]
    fn rows_without_tests_and_repeated_ids_are_refused() {
        let tests = BTreeSet::from(["one".to_owned(), "two".to_owned()]);
        assert_eq!(problems(&[row("S1", "one two"), row("S2", "two")], &tests), Vec::<String>::new());
        assert_eq!(problems(&[row("S1", " ")], &tests), ["S1 has no test"]);
        assert_eq!(problems(&[row("S1", "one three")], &tests), ["S1 names three, which is no test"]);
        assert_eq!(problems(&[row("S1", "one"), row("S1", "two")], &tests), ["S1 stands twice"]);
        assert_eq!(problems(&[row("", "one")], &tests), [" has an empty field"]);
        assert_eq!(problems(&[], &tests), ["no rows"]);
    }
    #[test]
    fn item_of_the_domain_that_nothing_names_is_refused() {
        let of = |sources: &[&str], items: &[&str]| {
            let row = |source: &&str| Row { source: (*source).to_owned(), ..row("S1", "one") };
            let rows: Vec<Row> = sources.iter().map(row).collect();
            uncovered(&rows, &items.iter().map(|item| (*item).to_owned()).collect())
        };
        let good = ["account.md; domain.md F1 and c.2", "domain.md a24 g3; issue 3"];
        assert_eq!(of(&good, &["F1", "a24", "g3"]), Vec::<String>::new());
        assert_eq!(of(&good, &["F1", "F2", "a24", "g3"]), ["no requirement names F2 of tests/domain-items.csv"]);
        assert_eq!(of(&good, &["F1", "a24"]), ["g3 is not in tests/domain-items.csv"]);
        assert_eq!(of(&["proof.md F1"], &["F1"]), ["no requirement names F1 of tests/domain-items.csv"]);
    }
}
