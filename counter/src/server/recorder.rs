//! The record of used proofs behind many calls at once: those that wait are written together, with one write to the disk.

use eid_proof::{ReplayEntry, ReplayUnavailable, Seen};
use tokio::sync::{mpsc, oneshot};

use crate::ReplayStore;

/// How many calls may wait for the disk; more wait for a place.
const WAITING: usize = 256;

/// How many entries are written together, at most and about.
const TOGETHER: usize = 2_000;

/// The answer for one entry.
pub(super) type Answer = Result<Seen, ReplayUnavailable>;

/// A way to the record.
#[derive(Debug, Clone)]
pub(super) struct Recorder(mpsc::Sender<Job>);

#[derive(Debug)]
struct Job {
    entries: Vec<ReplayEntry>,
    answer: oneshot::Sender<Vec<Answer>>,
}

impl Recorder {
    /// Gives the record a thread of the runtime. It ends when the last way to it is gone.
    pub(super) fn start(record: ReplayStore) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || write(record, receiver));
        Self(sender)
    }

    /// Records these, in this order; the answers come when they are on the disk.
    pub(super) async fn record(&self, entries: Vec<ReplayEntry>) -> Vec<Answer> {
        let count = entries.len();
        if count == 0 {
            return Vec::new();
        }
        let (answer, answered) = oneshot::channel();
        let sent = self.0.send(Job { entries, answer }).await;
        match (sent, answered.await) {
            (Ok(()), Ok(answers)) => answers,
            _ => vec![Err(ReplayUnavailable); count],
        }
    }
}

fn write(mut record: ReplayStore, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.blocking_recv() {
        let mut entries = first.entries;
        let mut waiting = vec![(first.answer, entries.len())];
        while entries.len() < TOGETHER
            && let Ok(job) = jobs.try_recv()
        {
            waiting.push((job.answer, job.entries.len()));
            entries.extend(job.entries);
        }
        let mut answers = record.record_all(&entries).into_iter();
        for (answer, count) in waiting {
            // A caller that has gone does not hear that its proofs are used now; they are.
            answer.send(answers.by_ref().take(count).collect()).ok();
        }
    }
}
