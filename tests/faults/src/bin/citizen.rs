//! Takes one step with the app on a phone: `citizen ROOT PLATFORM CA SECONDS STEP…`, where CA is a file in DER and SECONDS are
//! those since the beginning. Says `begin` when the step begins, and `done`, or `failed` and why.
#![expect(clippy::print_stdout, reason = "the answers are what the tests read")]

use std::{fs, path::PathBuf, process::exit};

use eid_faults::{CitizenApp, Step};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [root, platform, ca, seconds, words @ ..] = args.as_slice() else { exit(2) };
    let (Some(step), Ok(ca_der), Ok(seconds)) = (Step::parse(words), fs::read(ca), seconds.parse()) else { exit(2) };
    // One thread for storage: the library that counts its calls takes no lock.
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build();
    let Ok(runtime) = runtime else { exit(2) };
    let done = runtime.block_on(async {
        let citizen =
            CitizenApp::open(&PathBuf::from(root), platform, &ca_der, seconds).map_err(|e| format!("{e:?}"))?;
        citizen.take(&step, || println!("begin")).await
    });
    match done {
        Ok(said) => println!("{said}"),
        Err(error) => println!("failed {error}"),
    }
    // As the system ends an app: nothing is closed.
    exit(0);
}
