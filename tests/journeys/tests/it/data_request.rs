//! Requests under the data-protection law: written, sent, answered, extended, refused, and left lying.

use eid_core::{Act, DataRequest, DataRequestState as State, Error, Unlocked};
use eid_model::{Code, Date, Missed, RequestKind};
use eid_sandbox::{Fault, RequestPlan};

use crate::phone::{PASSCODE, Phone, World};

const DAY: u32 = 86_400;

async fn only(open: &Unlocked) -> DataRequest {
    let mut requests = open.data_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

async fn after(world: &World, phone: &Phone, open: &Unlocked, days: u32) -> DataRequest {
    world.pass(phone, days * DAY);
    open.renew_data_requests().await.unwrap();
    only(open).await
}

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn draft_is_kept_changed_and_thrown_away_and_sends_nothing() {
    let world = World::new();
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    let missing = open.draft_data_request(None, RequestKind::Correct, "").await;
    assert_eq!(missing.unwrap_err().code(), Code::DATA_REQUEST_TEXT);
    let draft = open.draft_data_request(None, RequestKind::Correct, "Sai năm sinh").await.unwrap();
    assert_eq!((draft.state, draft.due, draft.sent_at), (State::Draft, None, None));
    let again = open.draft_data_request(Some(draft.id.clone()), RequestKind::Correct, "Sai ngày sinh").await.unwrap();
    assert_eq!((&again.id, again.text.as_str()), (&draft.id, "Sai ngày sinh"));
    open.renew_data_requests().await.unwrap();
    assert_eq!(only(&open).await.state, State::Draft);
    open.discard_data_request(&draft.id).await.unwrap();
    assert_eq!(open.data_requests().await, Ok(vec![]));
    for gone in [
        open.discard_data_request(&draft.id).await.unwrap_err(),
        open.send_data_request(&draft.id).await.unwrap_err(),
        open.draft_data_request(Some(draft.id.clone()), RequestKind::Access, "").await.unwrap_err(),
    ] {
        assert_eq!(gone, Error::DataRequestUnknown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn request_sent_offline_waits_is_received_once_and_answered_in_time() {
    let world = World::new();
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    world.sandbox.set_request_plan(Some(RequestPlan::Prompt));
    let draft = open.draft_data_request(None, RequestKind::Access, "").await.unwrap();
    world.sandbox.set_fault(Fault::Down);
    let sent = open.send_data_request(&draft.id).await.unwrap();
    assert_eq!((sent.state, sent.due), (State::Queued, None), "no term runs yet");
    assert_eq!(open.discard_data_request(&draft.id).await.unwrap_err(), Error::DataRequestSent);
    world.sandbox.set_fault(Fault::Off);
    world.pass(&phone, DAY);
    open.refill_credentials().await.unwrap();
    let received = only(&open).await;
    // Received on Monday, 23 November 2026; Tuesday is a day off.
    assert_eq!((received.state, received.missed), (State::Received, None));
    let due = received.due.unwrap();
    assert_eq!((due.answer_by, due.done_by, due.is_certain), (day("2026-11-26"), day("2026-12-03"), true));
    assert_eq!(open.send_data_request(&draft.id).await.unwrap().received_at, received.received_at, "once");
    world.pass(&phone, DAY);
    assert_eq!(open.renew_data_requests().await, Err(Error::SignInNeeded), "the device key alone reads nothing");
    open.sign_in(PASSCODE.to_vec()).await.unwrap();
    open.refill_credentials().await.unwrap();
    assert_eq!(only(&open).await.state, State::Answered);
    let done = after(&world, &phone, &open, 4).await;
    assert_eq!((done.state, done.missed, done.days_overdue), (State::Done, None, 0));
    let history = open.history(None, 50).await.unwrap().items;
    let told: Vec<_> = history.iter().filter(|(_, entry)| entry.purpose == "access").collect();
    assert_eq!(
        told.iter().map(|(_, e)| (e.act, e.result)).collect::<Vec<_>>(),
        [(Act::Answered, None), (Act::Requested, None)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn extension_refusal_and_silence_show_with_their_days() {
    let world = World::new();
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    let send = async |kind, plan| {
        world.sandbox.set_request_plan(Some(plan));
        let draft = open.draft_data_request(None, kind, "Vì sao").await.unwrap();
        open.send_data_request(&draft.id).await.unwrap()
    };
    let extended = send(RequestKind::Withdraw, RequestPlan::Extended).await;
    let refused = send(RequestKind::Delete, RequestPlan::Refused).await;
    let silent = send(RequestKind::Object, RequestPlan::Silent).await;
    open.sign_in(PASSCODE.to_vec()).await.unwrap();
    // Received on Sunday, 22 November 2026.
    assert_eq!(silent.due.map(|due| (due.answer_by, due.done_by)), Some((day("2026-11-25"), day("2026-12-07"))));
    let look = async |days: u32| {
        world.pass(&phone, days * DAY);
        open.renew_data_requests().await.unwrap();
        let all = open.data_requests().await.unwrap();
        [&extended, &refused, &silent].map(|of| all.iter().find(|request| request.id == of.id).unwrap().clone())
    };
    let [_, was_refused, left] = look(4).await;
    assert_eq!((was_refused.state, was_refused.missed), (State::Refused, None));
    assert_eq!((left.state, left.missed, left.days_overdue), (State::Received, Some(Missed::Answer), 1));
    let [longer, _, _] = look(5).await;
    let due = longer.due.unwrap();
    assert_eq!((longer.state, due.is_extended, due.done_by), (State::Extended, true, day("2026-12-28")));
    let [done, _, left] = look(12).await;
    assert_eq!((done.state, done.missed), (State::Done, None));
    assert_eq!((left.missed, left.days_overdue), (Some(Missed::Completion), 6));
    let history = open.history(None, 50).await.unwrap().items;
    let refusal = history.iter().find(|(_, entry)| entry.purpose == "delete" && entry.act == Act::Answered).unwrap();
    assert_eq!(refusal.1.result, Some(Code::DATA_REQUEST_REFUSED));
}
