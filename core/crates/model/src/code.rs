//! Stable numeric reason codes, shared by every crate and every shell.

/// A stable reason code. The table of all codes is `data/error-codes.toml`; the constants on this type are generated
/// from it. A code names a cause once and for ever: numbers are never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub(crate) u16);

/// What a screen can do about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The app is locked: ask for the passcode.
    Locked,
    /// A secret was wrong: ask again, show tries or waiting time.
    AuthFailed,
    /// The citizen cancelled: go back.
    UserCancelled,
    /// What was typed does not fit: point at the field.
    Invalid,
    /// The thing asked for is not there.
    NotFound,
    /// The thing exists already, or changed meanwhile.
    Conflict,
    /// The thing was good once and must be renewed.
    Expired,
    /// Somebody refused, with a reason.
    Rejected,
    /// The network or the platform is away: offer to try later.
    Network,
    /// The phone lacks a capability or its hardware failed.
    Device,
    /// The phone's storage is full, read-only or damaged.
    Storage,
    /// A verdict at a service counter.
    Verdict,
    /// A defect of ours.
    Internal,
}

/// What may be reported about a code, beyond the code itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// Normal in use: never reported.
    Expected,
    /// Code and place in the program may be reported.
    Reportable,
    /// The code only: its source may hold personal data.
    Personal,
    /// A defect: report it.
    Bug,
}

/// One row of the code table.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    /// The stable number.
    pub number: u16,
    /// The name in the table, upper case.
    pub name: &'static str,
    /// What a screen can do about it.
    pub kind: Kind,
    /// What may be reported.
    pub privacy: Privacy,
    /// What to do now, in Vietnamese.
    pub vi: &'static str,
    /// What to do now, in English.
    pub en: &'static str,
}

impl Code {
    /// The stable number, as it crosses the border to the shells.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The row of the table.
    pub fn info(self) -> &'static CodeInfo {
        // Every `Code` is a constant made from the table, so the search always finds one; the first row stands in
        // so that this can never panic.
        crate::codes::TABLE
            .binary_search_by_key(&self.0, |row| row.number)
            .ok()
            .and_then(|at| crate::codes::TABLE.get(at))
            .unwrap_or(&crate::codes::FIRST)
    }

    /// The code with this number, if the table has one.
    pub fn from_number(number: u16) -> Option<Self> {
        crate::codes::TABLE.binary_search_by_key(&number, |row| row.number).ok().map(|_| Self(number))
    }

    /// All codes, by number.
    pub fn all() -> impl Iterator<Item = Self> {
        crate::codes::TABLE.iter().map(|row| Self(row.number))
    }
}

impl core::fmt::Debug for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}({})", self.info().name, self.0)
    }
}

impl core::fmt::Display for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_unique_and_complete_in_both_languages() {
        let rows = crate::codes::TABLE;
        assert!(rows.windows(2).all(|w| w[0].number < w[1].number), "numbers rise");
        let mut names: Vec<_> = rows.iter().map(|r| r.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rows.len(), "names are unique");
        for row in rows {
            assert!(!row.vi.is_empty() && !row.en.is_empty(), "{} lacks a text", row.name);
        }
    }

    #[test]
    fn info_of_a_constant_is_its_own_row() {
        assert_eq!(Code::Q05_STALE.number(), 5005);
        assert_eq!(Code::Q05_STALE.info().name, "Q05_STALE");
        assert_eq!(Code::from_number(5005), Some(Code::Q05_STALE));
        assert_eq!(Code::from_number(4999), None);
    }
}
