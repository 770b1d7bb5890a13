//! Answers to counters: who may take them, what is sent, and what comes back.

use eid_crypto::VerifyingKey;
use eid_model::Code;
use eid_platform::{Flaw, MAX_ANSWER, PlatformError, send_answer};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use tokio::time::Instant;

use crate::server::{Reply, Server, serving};

const ANSWER: &[u8] = b"\xd2 the bytes of a proof";
const AUTHORITY: &str = "eID Core counter";

fn taken() -> Reply {
    Reply::raw("HTTP/1.1 204 X\r\n\r\n", b"")
}

/// How a counter's line is wrong.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Line {
    Right,
    OtherKey,
    OtherAuthority,
    OtherHost,
    Expired,
    /// A certificate for the registered key, signed by itself.
    SelfSigned,
    ForClients,
}

/// A counter with this line, and the key that it is registered with.
async fn counter(line: Line, replies: impl FnOnce(&str) -> Vec<Reply>) -> (Server, VerifyingKey) {
    let registered = KeyPair::generate().unwrap();
    let key = VerifyingKey::parse(registered.public_key_raw()).unwrap();
    let signing = if line == Line::OtherKey { KeyPair::generate().unwrap() } else { registered };
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    let name = if line == Line::OtherAuthority { "Another counter" } else { AUTHORITY };
    authority.distinguished_name.push(DnType::CommonName, name);
    let host = if line == Line::OtherHost { "counter.example" } else { "127.0.0.1" };
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let usage = if line == Line::ForClients {
        ExtendedKeyUsagePurpose::ClientAuth
    } else {
        ExtendedKeyUsagePurpose::ServerAuth
    };
    params.extended_key_usages = vec![usage];
    if line == Line::Expired {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let config = if line == Line::SelfSigned {
        serving(&params.self_signed(&signing).unwrap(), &signing)
    } else {
        let own = KeyPair::generate().unwrap();
        serving(&params.signed_by(&own, &Issuer::new(authority, signing)).unwrap(), &own)
    };
    (Server::start_on(config, Vec::new(), replies).await, key)
}

async fn send(server: &Server, key: &VerifyingKey) -> Result<(), PlatformError> {
    send_answer(&format!("{}/a/0123456789", server.url), key, ANSWER).await
}

#[tokio::test]
async fn answer_is_posted_as_it_is_with_nothing_of_the_phone() {
    let (server, key) = counter(Line::Right, |_| vec![taken()]).await;
    send(&server, &key).await.unwrap();
    let seen = server.only();
    assert_eq!((seen.line(), seen.body.as_slice()), ("POST /a/0123456789 HTTP/1.1", ANSWER));
    let mut names: Vec<_> = seen.head[1..].iter().map(|line| line.split_once(": ").unwrap().0).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-length", "content-type", "host", "user-agent"]);
    assert_eq!(
        (seen.header("content-type"), seen.header("user-agent")),
        (Some("application/kb+cwt"), Some("eid-core"))
    );
}

#[tokio::test]
async fn line_that_the_registered_key_does_not_vouch_for_gets_nothing() {
    for line in
        [Line::OtherKey, Line::OtherAuthority, Line::OtherHost, Line::Expired, Line::SelfSigned, Line::ForClients]
    {
        let (server, key) = counter(line, |_| vec![taken()]).await;
        assert_eq!(send(&server, &key).await, Err(PlatformError::Untrusted), "{line:?}");
        assert_eq!(server.seen().len(), 0, "{line:?}");
    }
    // What the platform's CA vouches for is no counter.
    let platform = Server::start([taken()]).await;
    let (_, key) = counter(Line::Right, |_| vec![taken()]).await;
    assert_eq!(send(&platform, &key).await, Err(PlatformError::Untrusted));
    assert_eq!(platform.seen().len(), 0);
    let (server, key) = counter(Line::Right, |_| vec![taken()]).await;
    let plain = format!("{}/a/1", server.url.replace("https", "http"));
    assert_eq!(send_answer(&plain, &key, ANSWER).await, Err(PlatformError::ConfigInvalid));
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn whatever_does_not_say_taken_is_not_taken() {
    let (elsewhere, _) = counter(Line::Right, |_| vec![taken()]).await;
    let redirect = format!("HTTP/1.1 307 X\r\nLocation: {}/a/1\r\nContent-Length: 0\r\n\r\n", elsewhere.url);
    let problem = "HTTP/1.1 422 X\r\nContent-Type: application/problem+json\r\n";
    let nonsense = PlatformError::Nonsense;
    let refused = |code| PlatformError::Refused { code, tries_left: None, retry_after: None };
    for (reply, error) in [
        (Reply::raw(&redirect, b""), nonsense(Flaw::Redirect)),
        (Reply::json(200, "{}"), nonsense(Flaw::Status)),
        (Reply::json(202, "{}"), nonsense(Flaw::Status)),
        (Reply::new(404, "text/html", "<h1>Not found</h1>"), nonsense(Flaw::MediaType)),
        (Reply::problem(404, r#"{"code":5042}"#), refused(Code::COUNTER_REQUEST_UNKNOWN)),
        // A counter's verdict is for the officer.
        (Reply::problem(422, r#"{"code":5014}"#), refused(Code::PLATFORM_REFUSED)),
        (Reply::problem(409, "{}"), nonsense(Flaw::Shape)),
        (
            Reply::Bytes(format!("{problem}Content-Length: {}\r\n\r\n", MAX_ANSWER + 1).into_bytes()),
            nonsense(Flaw::TooLarge),
        ),
        (Reply::Endless(format!("{problem}Transfer-Encoding: chunked\r\n\r\n").into_bytes()), nonsense(Flaw::TooLarge)),
        (Reply::new(503, "text/html", ""), PlatformError::Busy { code: Code::PLATFORM_BUSY, retry_after: None }),
    ] {
        let (server, key) = counter(Line::Right, |_| vec![reply]).await;
        assert_eq!(send(&server, &key).await, Err(error));
        assert_eq!(server.seen().len(), 1, "{error:?} is not repeated");
    }
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn connection_that_breaks_off_is_made_once_more_with_the_same_bytes() {
    let cut = || Reply::Cut(b"HTTP/1.1 2".to_vec());
    let (server, key) = counter(Line::Right, |_| vec![cut(), taken()]).await;
    send(&server, &key).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.iter().map(|seen| seen.body.as_slice()).collect::<Vec<_>>(), [ANSWER, ANSWER]);

    let (server, key) = counter(Line::Right, |_| vec![cut()]).await;
    assert_eq!(send(&server, &key).await, Err(PlatformError::Interrupted));
    assert_eq!(server.seen().len(), 2);
}

/// Ten seconds pass here.
#[tokio::test]
async fn counter_that_says_nothing_is_waited_for_ten_seconds_in_all() {
    let late = || Reply::Silence("HTTP/1.1 204".to_owned());
    let (server, key) = counter(Line::Right, |_| vec![Reply::Cut(Vec::new()), late()]).await;
    let began = Instant::now();
    assert_eq!(send(&server, &key).await, Err(PlatformError::Timeout));
    assert!((9..12).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(server.seen().len(), 2);
}
