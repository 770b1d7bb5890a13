//! Hostile answers where the signed configuration should be: each has its code, none is followed, none is read without end.

use eid_crypto::SigningKey;
use eid_model::{Code, UnixTime};
use eid_platform::{Configuration, MAX_ANSWER, MAX_CONFIGURATION};

use crate::server::{Reply, Server};

/// RFC 9449, figure 2: well formed and signed, by somebody else and for something else.
const FOREIGN: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

#[tokio::test]
async fn hostile_answers_for_the_configuration_have_their_code_and_are_asked_for_once() {
    let jwt = |body: &[u8]| Reply::new(200, "application/jwt", body);
    let chunked = "HTTP/1.1 200 X\r\nContent-Type: application/jwt\r\nTransfer-Encoding: chunked\r\n\r\n";
    let elsewhere = "HTTP/1.1 302 X\r\nLocation: https://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n";
    let (nonsense, invalid) = (Code::PLATFORM_NONSENSE, Code::CONFIGURATION_INVALID);
    let roots = [*SigningKey::make().unwrap().public()];
    for (what, reply, code) in [
        ("redirect", Reply::raw(elsewhere, b""), nonsense),
        ("endless", Reply::Endless(chunked.into()), nonsense),
        ("longer than any answer", jwt(&vec![b'a'; MAX_ANSWER + 1]), nonsense),
        ("page of a captive portal", Reply::new(200, "text/html", "<h1>Sign in</h1>"), nonsense),
        ("JSON", Reply::json(200, "{}"), nonsense),
        ("no text", jwt(&[0xff, 0xfe]), nonsense),
        ("longer than a configuration", jwt(&vec![b'a'; MAX_CONFIGURATION + 1]), invalid),
        ("no token", jwt(b"a.b.c"), invalid),
        ("nothing", jwt(b""), invalid),
        ("signed by somebody else", jwt(FOREIGN.as_bytes()), invalid),
    ] {
        let server = Server::start([reply]).await;
        let now = UnixTime::from_seconds(1_795_000_000);
        let taken = match server.client().configuration().await {
            Ok(jwt) => Configuration::verify(&jwt, &roots, now),
            Err(error) => Err(error),
        };
        assert_eq!(taken.unwrap_err().code(), code, "{what}");
        assert_eq!(server.seen().len(), 1, "{what}");
    }
}
