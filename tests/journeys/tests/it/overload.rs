//! A platform that is overloaded, down or slow, and a citizen who taps again and again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use eid_core::{Error, PlatformError};
use eid_model::Code;
use eid_proof::Purpose;
use eid_sandbox::Fault;
use tokio::time::Instant;

use crate::phone::{Phone, World, request, show};

/// Taps `times` times at once, waits for all, and gives the codes.
async fn tap(phone: &Phone, times: usize) -> Vec<Code> {
    let taps = (0..times).map(|_| {
        let app = phone.app.clone();
        tokio::spawn(async move { app.start_activation("000199000123", "0900000123").await.map(drop) })
    });
    let mut codes = Vec::new();
    for tap in taps.collect::<Vec<_>>() {
        codes.push(tap.await.unwrap().unwrap_err().code());
    }
    codes
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_that_is_down_sees_six_requests_however_often_the_citizen_taps() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let world = World::with_log(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let phone = Phone::new(&world);
    world.sandbox.set_fault(Fault::Down);
    let began = Instant::now();
    for _ in 0..10 {
        assert!(tap(&phone, 10).await.iter().all(|code| *code == Code::PLATFORM_BUSY));
    }
    assert_eq!(requests.load(Ordering::SeqCst), 6);
    assert!(began.elapsed() < Duration::from_secs(8), "it asks for half a minute, which no call has");

    // It is over; the phone does not know it yet, and asks at once when it has a network again.
    world.sandbox.set_fault(Fault::Off);
    assert_eq!(tap(&phone, 3).await, [Code::PLATFORM_BUSY; 3]);
    assert_eq!(requests.load(Ordering::SeqCst), 6);
    phone.app.network_changed();
    assert!(phone.start(world.citizen()).await.is_ok());
    assert_eq!(requests.load(Ordering::SeqCst), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn wait_that_the_platform_asks_for_reaches_the_screen_and_proofs_need_no_wait() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    world.sandbox.set_fault(Fault::Down);
    let refused = unlocked.refill_credentials().await.unwrap_err();
    let wait = Some(Duration::from_secs(30));
    assert_eq!(refused, Error::Platform(PlatformError::Busy { code: Code::PLATFORM_BUSY, retry_after: wait }));
    show(&unlocked, request(Purpose::Age)).await.unwrap();
    world.sandbox.set_fault(Fault::Off);
    unlocked.refill_credentials().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn call_against_a_slow_platform_ends_within_its_time_and_can_be_cancelled_before() {
    let world = World::new();
    let phone = Phone::new(&world);
    world.sandbox.set_fault(Fault::Slow);
    let began = Instant::now();
    let cancelled = tokio::time::timeout(Duration::from_millis(200), phone.start(world.citizen())).await;
    assert!(cancelled.is_err() && began.elapsed() < Duration::from_secs(1));
    let late = phone.start(world.citizen()).await.unwrap_err();
    // The journeys' phones give a call four seconds.
    assert!(late.code() == Code::NETWORK_TIMEOUT && began.elapsed() < Duration::from_secs(6));
    world.sandbox.set_fault(Fault::Off);
    assert!(phone.start(world.citizen()).await.is_ok());
}
