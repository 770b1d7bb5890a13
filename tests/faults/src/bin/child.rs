//! Runs a scenario on a folder: `child SCENARIO ROOT`. Says `done N` after each step that returned `Ok`; after one that
//! failed `failed N CODE DIGEST`, the digest being that of all that can be read meanwhile (or `-`), then makes room and
//! tries once more, at need with a store that was opened anew.
#![expect(clippy::print_stdout, reason = "the answers are what the tests read")]

use std::{path::PathBuf, process::exit};

use eid_faults::{Hardware, World, scenario::Scenario};

fn main() {
    let mut args = std::env::args_os().skip(1);
    let name = args.next().unwrap_or_default();
    let (Some(scenario), Some(root)) = (Scenario::find(&name.to_string_lossy()), args.next().map(PathBuf::from)) else {
        exit(2);
    };
    let mut world = World::new(&root, Hardware::load(&root), 2);
    for (number, step) in scenario.steps.iter().enumerate() {
        if let Err(failure) = (step.run)(&mut world) {
            let held = match world.held() {
                None => "-".to_owned(),
                Some(Ok(content)) => eid_faults::digest(&content),
                Some(Err(_)) => "unreadable".to_owned(),
            };
            println!("failed {number} {} {held}", failure.code());
            // The shim knows this name.
            drop(std::fs::remove_file(root.join(".space")));
            if let Err(again) = (step.run)(&mut world) {
                println!("again {number} {}", again.code());
                world.close();
                if let Err(last) = (step.run)(&mut world) {
                    println!("gave up {number} {}", last.code());
                    exit(1);
                }
            }
        }
        println!("done {number}");
    }
    // As the system ends an app: nothing is closed.
    exit(0);
}
