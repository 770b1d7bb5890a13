//! Who may depend on whom. The tables below are the rule; `cargo metadata` is the fact. cargo-deny's `wrappers` watch
//! the same owners through foreign crates (`.deny.toml`).

use std::path::Path;

use serde::Deserialize;

use crate::run::cargo;

/// Downward only: each package of ours and those it may name.
const ARROWS: &[(&str, &[&str])] = &[
    ("eid-model", &[]),
    ("eid-crypto", &["eid-model"]),
    ("eid-proof", &["eid-crypto", "eid-model"]),
    ("eid-vault", &["eid-crypto", "eid-model"]),
    ("eid-chip", &["eid-crypto", "eid-model"]),
    ("eid-platform", &["eid-crypto", "eid-model", "eid-record"]),
    ("eid-record", &["eid-model"]),
    ("eid-evidence", &["eid-model"]),
    (
        "eid-core",
        &[
            "eid-chip",
            "eid-crypto",
            "eid-evidence",
            "eid-model",
            "eid-platform",
            "eid-proof",
            "eid-record",
            "eid-vault",
        ],
    ),
    ("eid-counter", &["eid-crypto", "eid-model", "eid-proof"]),
    ("eid-contract", &["eid-core", "eid-crypto"]),
    ("eid-native", &[]),
    ("eid-ffi", &["eid-contract", "eid-core", "eid-crypto", "eid-model", "eid-native", "eid-proof", "eid-record"]),
    ("eid-bindgen", &[]),
    // It hosts the demo, hence the core and the counter.
    ("eid-sandbox", &["eid-chip", "eid-core", "eid-counter", "eid-crypto", "eid-model", "eid-proof", "eid-record"]),
    ("xtask", &[]),
];

/// Packages that only test or measure: they may name anything of ours, and nothing of ours names them.
const ABOVE_ALL: &[&str] = &["eid-bench", "eid-faults", "eid-fuzz", "eid-journeys"];

/// Packages with a row of their own, whose tests may name anything of ours: the sandbox, and records, whose claims the proof's
/// format has to take.
const TESTS_NAME_ANYTHING: &[&str] = &["eid-record", "eid-sandbox"];

/// Libraries with owners.
struct Owned {
    libraries: &'static [&'static str],
    by: &'static [&'static str],
    /// Those that may name it in their tests only.
    in_tests_of: &'static [&'static str],
}

const OWNED: &[Owned] = &[
    Owned { libraries: &["ring"], by: &["eid-crypto", "eid-bench"], in_tests_of: &[] },
    Owned { libraries: &["argon2"], by: &["eid-crypto"], in_tests_of: &[] },
    // The chip's own curve engine is compared with it.
    Owned { libraries: &["p256"], by: &["eid-crypto"], in_tests_of: &["eid-chip"] },
    // What old chips still speak stays behind the chip reader.
    Owned { libraries: &["des", "sha1"], by: &["eid-chip"], in_tests_of: &[] },
    // The counter fetches signed lists, if it is told to.
    Owned { libraries: &["reqwest"], by: &["eid-platform", "eid-counter"], in_tests_of: &[] },
    Owned {
        libraries: &["rusqlite", "libsqlite3-sys"],
        by: &["eid-vault", "eid-counter", "eid-sandbox", "eid-bench", "eid-faults"],
        in_tests_of: &["eid-journeys"],
    },
    Owned {
        libraries: &["uniffi", "uniffi_bindgen", "uniffi_meta"],
        by: &["eid-ffi", "eid-bindgen"],
        in_tests_of: &[],
    },
    // The counter's tests draw codes that are no proofs.
    Owned { libraries: &["qrcode"], by: &["eid-proof"], in_tests_of: &["eid-counter"] },
];

/// Sans-I/O packages, and what they never name.
const PURE: (&[&str], &[&str]) =
    (&["eid-model", "eid-crypto", "eid-chip", "eid-evidence", "eid-proof", "eid-record", "eid-vault"], &["tokio"]);

/// The part of `cargo metadata --no-deps` that matters here: our own packages with their direct dependencies.
#[derive(Deserialize)]
struct Workspace {
    packages: Vec<Package>,
}

#[derive(Clone, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Clone, Deserialize)]
struct Dependency {
    /// The library's own name, also where the manifest renames it.
    name: String,
    /// None, `"dev"` or `"build"`.
    kind: Option<String>,
}

/// Checks the workspace at `root`.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let metadata = cargo(root, &["metadata", "--format-version", "1", "--no-deps", "--offline"]).capture()?;
    if !metadata.status.success() {
        return Err(format!("cargo metadata: {}", metadata.status));
    }
    let workspace: Workspace = serde_json::from_str(&metadata.text).map_err(|e| format!("cargo metadata: {e}"))?;
    let wrong = violations(&workspace.packages);
    if wrong.is_empty() { Ok(()) } else { Err(format!("wrong dependencies:\n  {}", wrong.join("\n  "))) }
}

/// Every dependency that the tables do not allow, and every package that they do not know or that is gone.
fn violations(packages: &[Package]) -> Vec<String> {
    let mut wrong = Vec::new();
    let ours = |name: &str| packages.iter().any(|package| package.name == name);
    for package in packages {
        let name = package.name.as_str();
        let row = ARROWS.iter().find(|(from, _)| *from == name).map(|(_, to)| *to);
        if row.is_none() && !ABOVE_ALL.contains(&name) {
            wrong.push(format!("{name} has no row in the table of arrows"));
            continue;
        }
        for dependency in &package.dependencies {
            let in_tests = dependency.kind.as_deref() == Some("dev");
            let to = dependency.name.as_str();
            let free = row.is_none() || (in_tests && TESTS_NAME_ANYTHING.contains(&name));
            if ours(to) && !free && !row.is_some_and(|row| row.contains(&to)) {
                wrong.push(format!("{name} → {to} is no arrow of ours"));
            }
            if let Some(owned) = OWNED.iter().find(|owned| owned.libraries.contains(&to))
                && !owned.by.contains(&name)
                && !(in_tests && owned.in_tests_of.contains(&name))
            {
                wrong.push(format!("{name} names {to}, which belongs to {}", owned.by.join(", ")));
            }
            if PURE.0.contains(&name) && PURE.1.contains(&to) {
                wrong.push(format!("{name} names {to}, but does no I/O of its own"));
            }
        }
    }
    let gone = ARROWS.iter().map(|(from, _)| from).chain(ABOVE_ALL).filter(|name| !ours(name));
    wrong.extend(gone.map(|name| format!("{name} is in the table but not in the workspace")));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace in which each package uses all that it may.
    fn allowed() -> Vec<Package> {
        let dependency = |name: &str| Dependency { name: name.to_owned(), kind: None };
        let everything: Vec<&str> = ARROWS.iter().map(|(from, _)| *from).collect();
        let rows = ARROWS.iter().map(|(from, to)| (*from, to.to_vec()));
        let above = ABOVE_ALL.iter().map(|name| (*name, everything.clone()));
        rows.chain(above)
            .map(|(name, mut to)| {
                let owned = OWNED.iter().filter(|owned| owned.by.contains(&name));
                to.extend(owned.flat_map(|owned| owned.libraries));
                Package { name: name.to_owned(), dependencies: to.into_iter().map(dependency).collect() }
            })
            .collect()
    }

    fn plant(from: &str, to: &str, kind: Option<&str>) -> Vec<String> {
        let mut packages = allowed();
        let package = packages.iter_mut().find(|package| package.name == from).unwrap();
        package.dependencies.push(Dependency { name: to.to_owned(), kind: kind.map(str::to_owned) });
        violations(&packages)
    }

    #[test]
    fn allowed_arrows_pass() {
        assert_eq!(violations(&allowed()), Vec::<String>::new());
    }

    #[test]
    fn planted_wrong_arrow_is_refused() {
        let cases = [
            // upward and sideways
            ("eid-model", "eid-crypto"),
            ("eid-model", "eid-record"),
            ("eid-record", "eid-vault"),
            ("eid-crypto", "eid-proof"),
            ("eid-proof", "eid-core"),
            ("eid-proof", "eid-vault"),
            ("eid-vault", "eid-platform"),
            ("eid-platform", "eid-vault"),
            ("eid-core", "eid-sandbox"),
            ("eid-core", "eid-counter"),
            ("eid-counter", "eid-core"),
            ("eid-sandbox", "eid-vault"),
            ("xtask", "eid-model"),
            // nothing of ours names what only tests
            ("eid-core", "eid-journeys"),
            ("eid-sandbox", "eid-bench"),
            // owned libraries
            ("eid-model", "ring"),
            ("eid-journeys", "ring"),
            ("eid-vault", "argon2"),
            ("eid-proof", "p256"),
            ("eid-core", "reqwest"),
            ("eid-core", "rusqlite"),
            ("eid-platform", "libsqlite3-sys"),
            ("eid-core", "uniffi"),
            ("eid-counter", "qrcode"),
            // packages without a runtime
            ("eid-model", "tokio"),
            ("eid-crypto", "tokio"),
            ("eid-proof", "tokio"),
            ("eid-vault", "tokio"),
            ("eid-record", "tokio"),
        ];
        for (from, to) in cases {
            let wrong = plant(from, to, None);
            assert_eq!(wrong.len(), 1, "{from} → {to}: {wrong:?}");
            assert!(wrong[0].starts_with(from) && wrong[0].contains(to), "{wrong:?}");
        }
    }

    #[test]
    fn planted_build_and_test_dependencies_are_refused_like_others() {
        for kind in ["dev", "build"] {
            assert_eq!(plant("eid-proof", "ring", Some(kind)).len(), 1, "{kind}");
            assert_eq!(plant("eid-vault", "eid-core", Some(kind)).len(), 1, "{kind}");
            assert_eq!(plant("eid-proof", "tokio", Some(kind)).len(), 1, "{kind}");
        }
    }

    #[test]
    fn tests_may_name_what_the_table_lets_only_them_name() {
        assert_eq!(plant("eid-counter", "qrcode", Some("dev")), Vec::<String>::new());
        assert_eq!(plant("eid-counter", "qrcode", Some("build")).len(), 1);
        assert_eq!(plant("eid-sandbox", "eid-journeys", Some("dev")), Vec::<String>::new());
        assert_eq!(plant("eid-sandbox", "ring", Some("dev")).len(), 1);
    }

    #[test]
    fn unknown_and_vanished_packages_are_refused() {
        let mut packages = allowed();
        packages.push(Package { name: "eid-new".to_owned(), dependencies: Vec::new() });
        assert_eq!(violations(&packages), ["eid-new has no row in the table of arrows"]);
        let mut packages = allowed();
        packages.retain(|package| package.name != "eid-fuzz");
        assert_eq!(violations(&packages), ["eid-fuzz is in the table but not in the workspace"]);
    }
}
