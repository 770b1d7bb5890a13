use super::FileId;

/// Where a reading stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Finding out how the chip is opened.
    Discovery,
    /// PACE or BAC.
    Access,
    /// Selecting the application.
    Selection,
    /// Reading a file.
    File(FileId),
    /// Chip Authentication.
    ChipAuthentication,
    /// Active Authentication.
    ActiveAuthentication,
}

/// How far a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// File bytes that are here.
    pub done: usize,
    /// File bytes in all; an estimate until the files have said how long they are.
    pub expected: usize,
}

/// One exchange, without anything about the holder or the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceEntry {
    /// What it was for.
    pub phase: Phase,
    /// Instruction byte.
    pub ins: u8,
    /// Status word: the one under the checksum where there is one. None when the link was lost instead.
    pub status: Option<u16>,
    /// Bytes sent.
    pub sent: usize,
    /// Bytes received.
    pub received: usize,
    /// Milliseconds, as the caller measured them.
    pub elapsed_ms: u32,
    /// The answer came under a right checksum.
    pub secured: bool,
    /// The file bytes that came: offset and count.
    pub content: Option<(usize, usize)>,
}

/// More exchanges than a reading can sensibly have.
pub(super) const MOST_ENTRIES: usize = 4096;
