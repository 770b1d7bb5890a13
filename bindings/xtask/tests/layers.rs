//! `cargo xtask layers` on copies of this workspace's manifests, as they are and with wrong dependencies planted.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Copies every manifest to a fresh folder, with an empty library beside each package's.
fn copy_manifests(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&copy));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let table: toml::Table = manifest.parse().unwrap();
    fs::create_dir_all(&copy).unwrap();
    fs::write(copy.join("Cargo.toml"), manifest).unwrap();
    for member in table["workspace"]["members"].as_array().unwrap() {
        let member = member.as_str().unwrap();
        fs::create_dir_all(copy.join(member).join("src")).unwrap();
        fs::write(copy.join(member).join("src/lib.rs"), "").unwrap();
        fs::copy(root.join(member).join("Cargo.toml"), copy.join(member).join("Cargo.toml")).unwrap();
    }
    copy
}

fn plant(copy: &Path, member: &str, dependency: &str) {
    let path = copy.join(member).join("Cargo.toml");
    let manifest = fs::read_to_string(&path).unwrap();
    assert!(manifest.contains("\n[dependencies]\n"), "{member}");
    fs::write(&path, manifest.replacen("\n[dependencies]\n", &format!("\n[dependencies]\n{dependency}\n"), 1)).unwrap();
}

fn layers(copy: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).arg("layers").arg(copy).output().unwrap()
}

#[test]
fn manifests_as_they_are_pass() {
    let out = layers(&copy_manifests("layers-as-they-are"));
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn wrong_dependencies_planted_in_manifests_are_refused() {
    let cases = [
        ("core/crates/model", "ring.workspace = true", "eid-model names ring"),
        ("core/crates/model", "quiet = { package = \"ring\", version = \"0.17\" }", "eid-model names ring"),
        ("core/crates/proof", "eid-core.workspace = true", "eid-proof → eid-core"),
    ];
    for (i, (member, dependency, reason)) in cases.into_iter().enumerate() {
        let copy = copy_manifests(&format!("layers-planted-{i}"));
        plant(&copy, member, dependency);
        let out = layers(&copy);
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(!out.status.success() && said.contains(reason), "{dependency}: {said}");
    }
}
