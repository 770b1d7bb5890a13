//! Presenting and verifying make no network call: shown on threads that may not open a socket.

use std::{collections::BTreeMap, net::TcpListener};

use eid_counter::Input;
use eid_model::Code;
use eid_proof::{Policy, Purpose, Scan, Spelling};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use crate::phone::{PASSCODE, Phone, World, request, show};

/// Forbids sockets on this thread and on those that it starts from now on.
fn forbid_sockets() {
    // socket(2) and socketpair(2), by architecture.
    #[cfg(target_arch = "x86_64")]
    let calls = [41, 53];
    #[cfg(target_arch = "aarch64")]
    let calls = [198, 199];
    let rules: BTreeMap<i64, Vec<seccompiler::SeccompRule>> = calls.into_iter().map(|call| (call, vec![])).collect();
    let refuse = SeccompAction::Errno(1);
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).unwrap();
    apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
    assert!(TcpListener::bind("127.0.0.1:0").is_err(), "the filter works");
}

#[test]
fn unlocking_presenting_and_verifying_open_no_socket() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let online = tokio::runtime::Runtime::new().unwrap();
    online.block_on(async { phone.ready(&world).await.lock() });
    let mut station = world.station(Policy::default());
    // Drop the runtime with its threads: the one below starts its own, under the filter.
    drop(online);

    let verdict = std::thread::scope(|scope| {
        let offline = scope.spawn(|| {
            forbid_sockets();
            // No I/O driver either.
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                phone.restart();
                let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
                let proof = show(&unlocked, request(Purpose::Id)).await.unwrap();
                let input = Input::from_text(&proof.text(Spelling::Base45)).unwrap();
                station.verify(&input, &Scan { now: phone.now(), challenge: None }).code
            })
        });
        offline.join().unwrap()
    });
    assert_eq!(verdict, Code::Q00_VALID);
}
