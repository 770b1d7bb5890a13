//! Where the trust list and the status lists come from – files, a folder such as a USB stick's, the network – and the newest good
//! ones, kept.
//!
//! Only what is signed by the right key counts, wherever it comes from: who can change a file or an answer can withhold lists, or
//! give old ones back, and no more. With a folder to keep them in, not even older ones.

use std::{fs, io::Write as _, path::Path};

use eid_counter::{CounterError, Rules, open_status_snapshot, open_trust_list, read_file};
use eid_crypto::VerifyingKey;
use eid_proof::{StatusSnapshot, TrustList};

use crate::{
    cli::RulesOptions,
    fetch::Fetcher,
    open::{self, warn},
    source::Source,
};

/// Largest trust list and status snapshot that are read, in bytes.
const MAX_TRUST: u64 = 1024 * 1024;
const MAX_STATUS: u64 = 64 * 1024 * 1024;

/// The most files of a folder that are looked at. A stick that somebody fills must not hold the counter up.
const MAX_FILES: usize = 64;

/// How files of lists end.
const ENDING: &str = "cbor";

const KEPT_TRUST: &str = "trust.cbor";
const KEPT_STATUS: &str = "status.cbor";

/// Opens the lists, again and again.
pub(crate) struct Lists {
    options: RulesOptions,
    fetcher: Fetcher,
}

/// What was opened.
pub(crate) struct Opened {
    /// What the counter goes by now.
    pub(crate) rules: Rules,
    /// Why the sources gave nothing as good, where it goes by what it kept.
    pub(crate) not_renewed: Option<CounterError>,
}

impl Lists {
    pub(crate) fn new(options: RulesOptions) -> Self {
        let fetcher = Fetcher::new(options.ca.clone());
        Self { options, fetcher }
    }

    pub(crate) fn options(&self) -> &RulesOptions {
        &self.options
    }

    /// Takes the newest lists that are signed as they should be, of all that the sources give and what was kept.
    ///
    /// # Errors
    /// [`CounterError::TrustUnusable`] or [`CounterError::StatusUnusable`] when there is none.
    pub(crate) fn open(&mut self) -> Result<Opened, CounterError> {
        let mut not_renewed = None;
        let trust = self.trust(&mut not_renewed)?;
        let status = self.status(&trust, &mut not_renewed)?;
        let mut rules = Rules::new(trust, self.options.policy());
        rules.status = status;
        Ok(Opened { rules, not_renewed })
    }

    fn trust(&mut self, not_renewed: &mut Option<CounterError>) -> Result<TrustList, CounterError> {
        if let Some(path) = &self.options.issuer_key {
            return open::key(path).map(TrustList::single);
        }
        let roots = self.options.trust_root.iter().map(|path| open::key(path)).collect::<Result<Vec<_>, _>>()?;
        let source = self.options.trust.clone().ok_or(CounterError::TrustUnusable)?;
        let found = newest(self.candidates(&source, MAX_TRUST), |bytes| trust_list(bytes, &roots));
        self.ask_again_soon(&source, found.is_none());
        let kept = newest(self.kept(KEPT_TRUST, MAX_TRUST), |bytes| trust_list(bytes, &roots));
        let chosen = choose(found, kept, CounterError::TrustUnusable, CounterError::TrustOlder)?;
        Ok(self.settle(KEPT_TRUST, chosen, not_renewed))
    }

    fn status(
        &mut self,
        trust: &TrustList,
        not_renewed: &mut Option<CounterError>,
    ) -> Result<Option<StatusSnapshot>, CounterError> {
        let Some(source) = self.options.status.clone() else { return Ok(None) };
        let found = newest(self.candidates(&source, MAX_STATUS), |bytes| status_lists(bytes, trust));
        self.ask_again_soon(&source, found.is_none());
        let kept = newest(self.kept(KEPT_STATUS, MAX_STATUS), |bytes| status_lists(bytes, trust));
        // An older snapshot on the stick is no fault: the newer one stays.
        let chosen = choose(found, kept, CounterError::StatusUnusable, CounterError::StatusUnusable)?;
        Ok(Some(self.settle(KEPT_STATUS, chosen, not_renewed)))
    }

    /// What a source gives, unread; empty when it is not there.
    fn candidates(&mut self, source: &Source, limit: u64) -> Vec<Vec<u8>> {
        match source {
            Source::Path(path) if path.is_dir() => in_folder(path, limit),
            Source::Path(path) => read_file(path, limit).into_iter().collect(),
            Source::Url(url) => self.fetcher.fetch(url, limit).into_iter().collect(),
        }
    }

    /// What came from an address and was no good list does not count as current for a quarter of an hour.
    fn ask_again_soon(&mut self, source: &Source, useless: bool) {
        if let Source::Url(url) = source
            && useless
        {
            self.fetcher.forget(url);
        }
    }

    fn kept(&self, name: &str, limit: u64) -> Vec<Vec<u8>> {
        let path = self.options.keep.as_ref().map(|folder| folder.join(name));
        path.and_then(|path| read_file(&path, limit).ok()).into_iter().collect()
    }

    /// Keeps what came in, notes why nothing did.
    fn settle<L>(&self, name: &str, chosen: Chosen<L>, not_renewed: &mut Option<CounterError>) -> L {
        match chosen {
            Chosen::New(found) => {
                if let Some(folder) = &self.options.keep
                    && keep(folder, name, &found.bytes).is_err()
                {
                    warn(&format!("{name} could not be kept: after a restart the source must be there"));
                }
                found.list
            }
            Chosen::Kept(kept, why) => {
                *not_renewed = Some(why);
                kept.list
            }
        }
    }
}

/// A list that is signed as it should be.
struct Found<L> {
    /// Rises.
    rank: u64,
    list: L,
    bytes: Vec<u8>,
}

enum Chosen<L> {
    New(Found<L>),
    /// With the reason why it is not a new one.
    Kept(Found<L>, CounterError),
}

/// The newer of the two; of equals, what the source gives.
fn choose<L>(
    found: Option<Found<L>>,
    kept: Option<Found<L>>,
    missing: CounterError,
    older: CounterError,
) -> Result<Chosen<L>, CounterError> {
    match (found, kept) {
        (Some(found), Some(kept)) if kept.rank > found.rank => Ok(Chosen::Kept(kept, older)),
        (Some(found), _) => Ok(Chosen::New(found)),
        (None, Some(kept)) => Ok(Chosen::Kept(kept, missing)),
        (None, None) => Err(missing),
    }
}

fn newest<L>(files: Vec<Vec<u8>>, open: impl Fn(&[u8]) -> Option<(u64, L)>) -> Option<Found<L>> {
    let found = files.into_iter().filter_map(|bytes| {
        let (rank, list) = open(&bytes)?;
        Some(Found { rank, list, bytes })
    });
    found.max_by_key(|found| found.rank)
}

fn trust_list(bytes: &[u8], roots: &[VerifyingKey]) -> Option<(u64, TrustList)> {
    let list = open_trust_list(bytes, roots).ok()?;
    Some((list.version().into(), list))
}

/// A snapshot is as old as the oldest list in it.
fn status_lists(bytes: &[u8], trust: &TrustList) -> Option<(u64, StatusSnapshot)> {
    let lists = open_status_snapshot(bytes, trust).ok()?;
    let made = lists.as_of().map_or(0, |at| at.seconds());
    Some((u64::try_from(made).unwrap_or(0), lists))
}

/// The files of a folder that may be lists; what is too large or cannot be read is as if it were not there.
fn in_folder(folder: &Path, limit: u64) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING)) && path.is_file());
    paths.sort_unstable();
    paths.iter().take(MAX_FILES).filter_map(|path| read_file(path, limit).ok()).collect()
}

/// Replaces a file as a whole, unless it is the same.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let path = folder.join(name);
    if fs::read(&path).is_ok_and(|kept| kept == bytes) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!("{name}.new"));
    let mut file = fs::File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rank: u64) -> Found<u64> {
        Found { rank, list: rank, bytes: Vec::new() }
    }

    #[test]
    fn newer_one_is_chosen_and_of_equals_the_source() {
        let (missing, older) = (CounterError::TrustUnusable, CounterError::TrustOlder);
        let chosen = |found, kept| match choose::<u64>(found, kept, missing, older) {
            Ok(Chosen::New(new)) => Ok((new.list, None)),
            Ok(Chosen::Kept(kept, why)) => Ok((kept.list, Some(why))),
            Err(error) => Err(error),
        };
        assert_eq!(chosen(Some(found(8)), Some(found(7))), Ok((8, None)));
        assert_eq!(chosen(Some(found(7)), Some(found(7))), Ok((7, None)));
        assert_eq!(chosen(Some(found(6)), Some(found(7))), Ok((7, Some(older))));
        assert_eq!(chosen(None, Some(found(7))), Ok((7, Some(missing))));
        assert_eq!(chosen(Some(found(1)), None), Ok((1, None)));
        assert_eq!(chosen(None, None), Err(missing));
    }
}
