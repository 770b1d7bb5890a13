//! Memory of a sync that sends fifty documents of five megabytes.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "the figure is the point")]

use eid_core::ActivationStep;
use eid_faults::{Hit, Stage, Step};

const PASSCODE: &str = "271828";

/// What the process may grow by, in KiB.
const MOST: u64 = 24 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn sync_with_fifty_large_documents_needs_little_memory() {
    let stage = Stage::new(env!("CARGO_BIN_EXE_citizen")).unwrap();
    let mut due = Some(ActivationStep::Start);
    while let Some(next) = due {
        let step = stage.step(next, PASSCODE).unwrap();
        assert_eq!(stage.run(&step, Hit::None).unwrap().said, "done\n");
        due = step.next();
    }
    let heap = Step::Heap(PASSCODE.to_owned(), 50, 5 * 1024 * 1024);
    let heaped = stage.run(&heap, Hit::None).unwrap();
    assert!(heaped.said.ends_with("done\n"), "{heaped:?}");
    let measured = stage.run(&Step::Measure(PASSCODE.to_owned()), Hit::None).unwrap();
    let said = measured.said.lines().last().unwrap();
    println!("sync of 50 documents of 5 MiB: {said}; {} requests, {:?} bytes", measured.requests, measured.carried);
    let grew: u64 = said.split("grew ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(said.contains("sent 1 waiting 0"), "{said}");
    assert!(measured.carried.0 > 50 * 5 * 1024 * 1024, "all of it was sent");
    assert!(grew <= MOST, "{grew} KiB");
}
