//! What a disk may hold after its power was cut, by the rules that POSIX gives and no more.
//!
//! Content lasts once the file was synced; a name once its folder was synced. What was not synced may be there or not:
//! content in any choice of 512-byte sectors, whatever the order in which it was written; names in the order in which they
//! were changed, for that is what journalling file systems keep.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{Call, Dice};

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// Folders and files with their content, by path below the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Folders.
    pub folders: Vec<String>,
    /// Files.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What survives of that which was not synced.
#[derive(Debug, Clone, Copy)]
pub enum Survives {
    /// All of it: the program was killed, the power stayed.
    All,
    /// Nothing.
    Nothing,
    /// A choice made by these dice.
    Some(u64),
}

/// How a power cut is played.
#[derive(Debug, Clone, Copy)]
pub struct PowerCut {
    /// What survives.
    pub survives: Survives,
    /// The disk said "synced" and did nothing.
    pub lies: bool,
}

impl Snapshot {
    /// Reads a folder.
    ///
    /// # Errors
    /// Those of reading.
    pub fn load(root: &Path) -> io::Result<Self> {
        let mut snapshot = Self::default();
        let mut open = vec![String::new()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(root.join(&folder))? {
                let entry = entry?;
                let name = join(&folder, &entry.file_name().to_string_lossy());
                if entry.file_type()?.is_dir() {
                    open.push(name.clone());
                    snapshot.folders.push(name);
                } else {
                    snapshot.files.insert(name, fs::read(entry.path())?);
                }
            }
        }
        snapshot.folders.sort();
        Ok(snapshot)
    }

    /// Writes it into an empty or absent folder.
    ///
    /// # Errors
    /// Those of writing.
    pub fn store(&self, root: &Path) -> io::Result<()> {
        fs::create_dir_all(root)?;
        for folder in &self.folders {
            fs::create_dir_all(root.join(folder))?;
        }
        for (name, bytes) in &self.files {
            let path: PathBuf = root.join(name);
            if path.parent().is_some_and(Path::exists) {
                fs::write(path, bytes)?;
            }
        }
        Ok(())
    }

    /// What the disk holds when the power is cut after `calls`.
    pub fn after(&self, calls: &[Call], cut: PowerCut) -> Self {
        let mut dice = Dice::new(if let Survives::Some(seed) = cut.survives { seed } else { 0 });
        // From one run in which nearly all survives to one in which nearly nothing does.
        let chance = [10, 50, 90].get(dice.below(3)).copied().unwrap_or(50);
        let numbers = number(self, calls);
        let synced = if cut.lies { Synced::default() } else { Synced::of(calls, &numbers) };
        let mut names_end = calls.len();
        if let Survives::Some(_) = cut.survives {
            names_end = dice.below(calls.len() + 1);
        }
        let mut disk = Disk::new(self);
        for (at, (call, number)) in calls.iter().zip(numbers).enumerate() {
            let lasts = synced.covers(at, call, number);
            let mut stays = |is_name: bool| match cut.survives {
                _ if lasts => true,
                Survives::All => true,
                Survives::Nothing => false,
                Survives::Some(_) if is_name => at < names_end,
                Survives::Some(_) => dice.below(100) < chance,
            };
            match call {
                Call::Written { offset, bytes, .. } => {
                    for (from, sector) in sectors(*offset, bytes) {
                        if stays(false) {
                            disk.write(number, from, sector);
                        }
                    }
                }
                Call::Sized { length, .. } if stays(false) => disk.resize(number, *length),
                Call::Sized { .. } => {}
                _ if stays(true) => disk.change_names(call, number),
                _ => {}
            }
        }
        disk.into_snapshot()
    }
}

/// For each call the file that it is about, counted in the order of their making: the kernel's numbers come again.
fn number(start: &Snapshot, calls: &[Call]) -> Vec<usize> {
    let mut by_name: BTreeMap<&str, usize> = start.files.keys().map(String::as_str).zip(0..).collect();
    let mut by_inode = BTreeMap::new();
    let mut next = by_name.len();
    let find = |by_inode: &BTreeMap<u64, usize>, inode| by_inode.get(inode).copied().unwrap_or(usize::MAX);
    let mut numbers = Vec::with_capacity(calls.len());
    for call in calls {
        numbers.push(match call {
            Call::Created { name, inode } => {
                by_name.insert(name, next);
                by_inode.insert(*inode, next);
                next += 1;
                next - 1
            }
            Call::Opened { name, inode } => {
                if let Some(file) = by_name.get(name.as_str()) {
                    by_inode.insert(*inode, *file);
                }
                find(&by_inode, inode)
            }
            Call::Written { inode, .. } | Call::Sized { inode, .. } | Call::Synced { inode } => find(&by_inode, inode),
            Call::Renamed { name, other } => {
                let moved = by_name.remove(name.as_str());
                by_name.extend(moved.map(|file| (other.as_str(), file)));
                usize::MAX
            }
            Call::Removed { name } => by_name.remove(name.as_str()).unwrap_or(usize::MAX),
            Call::FolderSynced { .. } | Call::FolderMade { .. } | Call::Answer(_) => usize::MAX,
        });
    }
    numbers
}

/// Until which call each file's content and each folder's names last.
#[derive(Default)]
struct Synced<'c> {
    files: BTreeMap<usize, usize>,
    folders: BTreeMap<&'c str, usize>,
}

impl<'c> Synced<'c> {
    fn of(calls: &'c [Call], numbers: &[usize]) -> Self {
        let mut synced = Self::default();
        for (at, (call, number)) in calls.iter().zip(numbers).enumerate() {
            match call {
                Call::Synced { .. } => drop(synced.files.insert(*number, at)),
                Call::FolderSynced { name } => drop(synced.folders.insert(name, at)),
                _ => {}
            }
        }
        synced
    }

    fn covers(&self, at: usize, call: &Call, number: usize) -> bool {
        let names = |name| self.folders.get(folder_of(name)).is_some_and(|last| at < *last);
        match call {
            Call::Written { .. } | Call::Sized { .. } => self.files.get(&number).is_some_and(|last| at < *last),
            Call::Created { name, .. } | Call::Removed { name } | Call::FolderMade { name } => names(name),
            Call::Renamed { other, .. } => names(other),
            _ => true,
        }
    }
}

/// Names and contents while calls are played.
struct Disk {
    folders: Vec<String>,
    names: BTreeMap<String, usize>,
    contents: BTreeMap<usize, Vec<u8>>,
}

impl Disk {
    fn new(start: &Snapshot) -> Self {
        let names = start.files.keys().cloned().zip(0..).collect();
        let contents = start.files.values().cloned().enumerate().collect();
        Self { folders: start.folders.clone(), names, contents }
    }

    fn write(&mut self, file: usize, offset: usize, bytes: &[u8]) {
        let content = self.contents.entry(file).or_default();
        let end = offset + bytes.len();
        if content.len() < end {
            content.resize(end, 0);
        }
        if let Some(place) = content.get_mut(offset..end) {
            place.copy_from_slice(bytes);
        }
    }

    fn resize(&mut self, file: usize, length: usize) {
        self.contents.entry(file).or_default().resize(length, 0);
    }

    fn change_names(&mut self, call: &Call, file: usize) {
        match call {
            Call::Created { name, .. } => drop(self.names.insert(name.clone(), file)),
            Call::FolderMade { name } => self.folders.push(name.clone()),
            Call::Removed { name } => {
                self.names.remove(name);
                self.folders.retain(|folder| folder != name);
            }
            Call::Renamed { name, other } => {
                if let Some(file) = self.names.remove(name) {
                    self.names.insert(other.clone(), file);
                }
            }
            _ => {}
        }
    }

    fn into_snapshot(mut self) -> Snapshot {
        let mut snapshot = Snapshot { folders: self.folders, files: BTreeMap::new() };
        snapshot.folders.sort();
        for (name, file) in self.names {
            let content = self.contents.remove(&file).unwrap_or_default();
            if folder_of(&name).is_empty() || snapshot.folders.iter().any(|folder| folder == folder_of(&name)) {
                snapshot.files.insert(name, content);
            }
        }
        snapshot
    }
}

/// The parts of a write that lie in different sectors of the file.
fn sectors(offset: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let first = (SECTOR - offset % SECTOR).min(bytes.len());
    let (head, rest) = bytes.split_at_checked(first).unwrap_or((bytes, &[]));
    let mut at = offset;
    std::iter::once(head).chain(rest.chunks(SECTOR)).map(move |part| {
        at += part.len();
        (at - part.len(), part)
    })
}

fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: PowerCut = PowerCut { survives: Survives::Nothing, lies: false };

    fn written(inode: u64, bytes: &[u8]) -> Call {
        Call::Written { inode, offset: 0, bytes: bytes.to_vec() }
    }

    /// Writes a draft, syncs what is named, renames it over `a`, syncs the folder if wanted.
    fn replaced(file: bool, folder: bool) -> Vec<Call> {
        let mut calls = vec![Call::Created { name: "a.new".into(), inode: 8 }, written(8, b"new")];
        calls.extend(file.then_some(Call::Synced { inode: 8 }));
        calls.push(Call::Renamed { name: "a.new".into(), other: "a".into() });
        calls.extend(folder.then_some(Call::FolderSynced { name: String::new() }));
        calls
    }

    fn content(calls: &[Call], cut: PowerCut) -> Option<Vec<u8>> {
        let files = BTreeMap::from([("a".to_owned(), b"old".to_vec())]);
        Snapshot { folders: Vec::new(), files }.after(calls, cut).files.remove("a")
    }

    #[test]
    fn only_what_was_synced_survives() {
        for (file, folder, expected) in
            [(true, true, &b"new"[..]), (true, false, b"old"), (false, true, b""), (false, false, b"old")]
        {
            let calls = replaced(file, folder);
            assert_eq!(content(&calls, STRICT).as_deref(), Some(expected), "file {file}, folder {folder}");
            let all = PowerCut { survives: Survives::All, lies: true };
            assert_eq!(content(&calls, all).as_deref(), Some(&b"new"[..]));
            let lying = PowerCut { survives: Survives::Nothing, lies: true };
            assert_eq!(content(&calls, lying).as_deref(), Some(&b"old"[..]));
        }
    }

    #[test]
    fn dice_give_old_new_and_the_file_whose_content_is_missing() {
        let calls = replaced(false, false);
        let outcomes: std::collections::BTreeSet<_> = (0..40)
            .map(|seed| content(&calls, PowerCut { survives: Survives::Some(seed), lies: false }).unwrap())
            .collect();
        assert_eq!(outcomes, [b"".to_vec(), b"new".to_vec(), b"old".to_vec()].into());
    }

    #[test]
    fn number_that_the_kernel_uses_again_is_another_file() {
        let calls = [
            Call::Created { name: "a.new".into(), inode: 8 },
            written(8, b"first"),
            Call::Removed { name: "a.new".into() },
            Call::Created { name: "b".into(), inode: 8 },
            written(8, b"x"),
        ];
        let all = Snapshot::default().after(&calls, PowerCut { survives: Survives::All, lies: false });
        assert_eq!(all.files, BTreeMap::from([("b".to_owned(), b"x".to_vec())]));
    }

    #[test]
    fn write_is_torn_at_sectors_of_the_file() {
        let parts: Vec<_> = sectors(500, &[7; 1040]).map(|(at, part)| (at, part.len())).collect();
        assert_eq!(parts, [(500, 12), (512, 512), (1024, 512), (1536, 4)]);
    }
}
