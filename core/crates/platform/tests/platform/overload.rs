//! A platform in trouble and many callers: circuit breaker, shared reads, callers that go away, the gate.

use std::{sync::Arc, time::Duration};

use eid_model::Code;
use eid_platform::{
    ActivationId, OneTimeCode, PlatformClient, PlatformError, Timeouts,
    circuit::{MAX_PER_MINUTE, MAX_UNANSWERED},
};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    calls::id,
    server::{Reply, Server},
};

const LIST: &[u8] = &[0xd2, 0x84];

fn list() -> Reply {
    Reply::new(200, "application/cose", LIST)
}

fn down() -> Reply {
    Reply::problem(503, r#"{"code":7004}"#)
}

fn short(total_ms: u64) -> Timeouts {
    let [connect, attempt, total] = [500, 500, total_ms].map(Duration::from_millis);
    Timeouts { connect, attempt, total }
}

fn six() -> usize {
    usize::try_from(MAX_UNANSWERED).unwrap()
}

/// A client whose circuit has just opened: six tries stayed without an answer.
async fn opened(server: &Server) -> PlatformClient {
    let client = server.client_with(short(1000));
    for _ in 0..2 {
        client.trust_list().await.unwrap_err();
    }
    client
}

#[tokio::test]
async fn equal_reads_at_once_are_one_request_and_later_ones_another() {
    let server = Server::start([list()]).await;
    let client = server.client();
    let answers = join_all((0..50).map(|_| client.trust_list())).await;
    assert!(answers.iter().all(|answer| answer.as_deref() == Ok(LIST)));
    assert_eq!(server.seen().len(), 1);
    client.trust_list().await.unwrap();
    assert_eq!(server.seen().len(), 1, "an answer is not kept");
    // Another path is another read.
    let (list, lists) = tokio::join!(client.trust_list(), client.status_lists());
    assert!(list.is_ok() && lists.is_err());
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn caller_that_goes_away_takes_nothing_from_the_others() {
    let server = Server::start([Reply::Late(Box::new(list()))]).await;
    let client = Arc::new(server.client());
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.trust_list().await })
        })
        .collect();
    sleep(Duration::from_millis(100)).await;
    for (at, call) in calls.into_iter().enumerate() {
        if at < 9 {
            call.abort();
        } else {
            assert_eq!(call.await.unwrap().as_deref(), Ok(LIST));
        }
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn read_that_nobody_waits_for_is_abandoned_and_the_next_begins_anew() {
    let server = Server::start([Reply::Silence("HTTP/1.1 200 X\r\n".to_owned()), list()]).await;
    let client = server.client();
    assert!(timeout(Duration::from_millis(200), client.trust_list()).await.is_err());
    assert_eq!(client.trust_list().await.as_deref(), Ok(LIST));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn open_circuit_sends_nothing_and_says_what_opened_it_and_for_how_long() {
    let server = Server::start([down()]).await;
    let client = opened(&server).await;
    let began = Instant::now();
    for error in join_all((0..100).map(|_| client.status_lists())).await {
        let Err(PlatformError::Busy { code: Code::PLATFORM_BUSY, retry_after: Some(wait) }) = error else {
            panic!("{error:?}")
        };
        assert!(wait > Duration::from_secs(1) && wait <= Duration::from_secs(5), "{wait:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(1), "nobody waits in vain");
    assert_eq!(server.seen().len(), six());
}

#[tokio::test]
async fn circuit_lets_one_try_through_after_its_wait_and_closes_on_an_answer() {
    let server = Server::start([vec![down(); six()], vec![list()]].concat()).await;
    let client = opened(&server).await;
    // With the least random number there is, the wait is 2.5 s.
    sleep(Duration::from_millis(2600)).await;
    let answers = join_all((0..3).map(|_| client.trust_list())).await;
    assert!(answers.iter().all(Result::is_ok));
    for _ in 0..20 {
        client.trust_list().await.unwrap();
    }
    assert_eq!(server.seen().len(), six() + 1 + 20);
}

#[tokio::test]
async fn call_with_time_to_wait_goes_on_by_itself_when_the_circuit_closes() {
    let server = Server::start([vec![down(); six()], vec![list()]].concat()).await;
    let client = server.client_with(Timeouts { total: Duration::from_secs(10), ..short(0) });
    // The first call uses up its five tries, the second one opens the circuit and waits for it.
    client.trust_list().await.unwrap_err();
    assert_eq!(client.trust_list().await.as_deref(), Ok(LIST));
    assert_eq!(server.seen().len(), six() + 1);
}

#[tokio::test]
async fn another_network_ends_the_wait_of_callers() {
    let server = Server::start([vec![down(); six()], vec![list()]].concat()).await;
    let client = opened(&server).await;
    assert!(client.trust_list().await.is_err());
    client.network_changed();
    assert_eq!(client.trust_list().await.as_deref(), Ok(LIST));
    assert_eq!(server.seen().len(), six() + 1);
}

#[tokio::test]
async fn tries_whose_callers_went_away_count_as_unanswered() {
    let server = Server::start([Reply::Silence(String::new())]).await;
    let client = server.client_with(short(400));
    let (act, code) = (id::<ActivationId>("act-1"), OneTimeCode::parse("271828").unwrap());
    for _ in 0..100 {
        let call = client.confirm_code(&act, &code);
        // Whoever went away may have been under way or not.
        drop(timeout(Duration::from_millis(20), call).await);
    }
    let seen = server.seen().len();
    assert!((1..=MAX_PER_MINUTE).contains(&seen), "{seen}");
}

#[tokio::test]
async fn calls_at_once_beyond_what_may_stay_unanswered_wait_for_their_turn() {
    let server = Server::start([down()]).await;
    let client = server.client_with(short(1000));
    let code = OneTimeCode::parse("271828").unwrap();
    let act = id::<ActivationId>("act-1");
    let refused = join_all((0..200).map(|_| client.confirm_code(&act, &code))).await;
    assert!(refused.iter().all(|answer| matches!(answer, Err(PlatformError::Busy { .. }))));
    assert_eq!(server.seen().len(), six());
}

#[tokio::test]
async fn refusals_and_nonsense_are_answers_and_never_open_the_circuit() {
    let mismatch = Reply::problem(409, r#"{"code":7010}"#);
    let often = Reply::problem(429, r#"{"code":7015}"#);
    for reply in [mismatch, often, Reply::json(200, "\u{7f}ELF"), Reply::new(404, "text/html", "<h1>No</h1>")] {
        let server = Server::start([reply]).await;
        let client = server.client();
        for _ in 0..10 {
            client.trust_list().await.unwrap_err();
        }
        assert_eq!(server.seen().len(), 10);
    }
}

#[tokio::test]
async fn closed_gate_lets_nothing_through_but_the_configuration() {
    let server = Server::start([Reply::new(200, "application/jwt", "a.b.c")]).await;
    let refused = PlatformError::Refused { code: Code::UPDATE_REQUIRED, tries_left: None, retry_after: None };
    let client = server.client().gated_by(Arc::new(move || Err(refused)));
    assert_eq!(client.trust_list().await, Err(refused));
    assert_eq!(client.nonce().await.err(), Some(refused));
    let code = OneTimeCode::parse("271828").unwrap();
    assert_eq!(client.confirm_code(&id::<ActivationId>("act-1"), &code).await.err(), Some(refused));
    assert!(server.seen().is_empty());
    assert_eq!(client.configuration().await.as_deref(), Ok("a.b.c"));
    assert_eq!(server.only().line(), "GET /v1/configuration HTTP/1.1");
}
