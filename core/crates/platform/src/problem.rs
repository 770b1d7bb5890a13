//! Refusals: `application/problem+json` (RFC 9457) with a code of our table.

use core::time::Duration;

use eid_model::{Code, Kind};
use serde::Deserialize;

use crate::{PlatformError, json::parse_object};

/// The longest wait that is believed; a platform in trouble must not send phones away for days.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The longest wait after an account came to another phone, which no call waits for by itself.
const LONGEST_COOLING_OFF: Duration = Duration::from_secs(86_400);

#[derive(Deserialize)]
struct Problem {
    code: u32,
    #[serde(default)]
    tries_left: Option<u8>,
    #[serde(default)]
    retry_after: Option<u32>,
}

/// Turns the body of a refusal into the error that it means: [`PlatformError::Refused`], or [`PlatformError::Nonsense`] if
/// it is no problem document of the protocol. A code that this version does not know, or that only the phone itself can
/// give, becomes [`Code::PLATFORM_REFUSED`].
pub fn parse_problem(body: &[u8]) -> PlatformError {
    match parse_object::<Problem>(body) {
        Ok(Problem { code, tries_left, retry_after }) => {
            let code = refusal_code(code);
            let longest = if code == Code::COOLING_OFF { LONGEST_COOLING_OFF } else { LONGEST_WAIT };
            let retry_after = retry_after.map(|seconds| Duration::from_secs(seconds.into()).min(longest));
            PlatformError::Refused { code, tries_left, retry_after }
        }
        Err(error) => error,
    }
}

fn refusal_code(number: u32) -> Code {
    u16::try_from(number)
        .ok()
        .and_then(Code::from_number)
        .filter(|code| may_come_from_platform(code.info().kind))
        .unwrap_or(Code::PLATFORM_REFUSED)
}

/// A platform decides about requests. What the phone, its store, its lock screen or a counter found is not its to say.
fn may_come_from_platform(kind: Kind) -> bool {
    match kind {
        Kind::AuthFailed
        | Kind::Invalid
        | Kind::NotFound
        | Kind::Conflict
        | Kind::Expired
        | Kind::Rejected
        | Kind::Network => true,
        Kind::Locked | Kind::UserCancelled | Kind::Device | Kind::Storage | Kind::Verdict | Kind::Internal => false,
    }
}

/// Reads `Retry-After` in its form of seconds; the form of a date would need a clock and is ignored.
pub(crate) fn parse_retry_after(header: &str) -> Option<Duration> {
    let digits = header.trim_matches(' ');
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| Duration::from_secs(digits.parse().unwrap_or(u64::MAX)).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Flaw;

    fn refused(code: Code, tries_left: Option<u8>, seconds: Option<u64>) -> PlatformError {
        PlatformError::Refused { code, tries_left, retry_after: seconds.map(Duration::from_secs) }
    }

    #[test]
    fn problem_parsed_gives_its_code_and_figures() {
        let nonsense = PlatformError::Nonsense(Flaw::Shape);
        for (body, expected) in [
            (
                r#"{"type":"about:blank","title":"Bad Request","status":400,"code":2010,"tries_left":4,"error":"x"}"#,
                refused(Code::CODE_WRONG, Some(4), None),
            ),
            (r#"{"code":7015,"retry_after":30}"#, refused(Code::TOO_MANY_REQUESTS, None, Some(30))),
            (r#"{"code":7015,"retry_after":4294967295}"#, refused(Code::TOO_MANY_REQUESTS, None, Some(3600))),
            (r#"{"code":2059,"retry_after":86400}"#, refused(Code::COOLING_OFF, None, Some(86_400))),
            (r#"{"code":2059,"retry_after":86401}"#, refused(Code::COOLING_OFF, None, Some(86_400))),
            (r#"{"code":7012,"tries_left":null}"#, refused(Code::SESSION_REFUSED, None, None)),
            // Unknown here: a newer platform's, or beyond any table.
            (r#"{"code":6999}"#, refused(Code::PLATFORM_REFUSED, None, None)),
            (r#"{"code":72546}"#, refused(Code::PLATFORM_REFUSED, None, None)),
            // Known, but not the platform's to say: internal fault, locked, damaged store, a counter's "valid".
            (r#"{"code":1099}"#, refused(Code::PLATFORM_REFUSED, None, None)),
            (r#"{"code":4006}"#, refused(Code::PLATFORM_REFUSED, None, None)),
            (r#"{"code":3003}"#, refused(Code::PLATFORM_REFUSED, None, None)),
            (r#"{"code":5000}"#, refused(Code::PLATFORM_REFUSED, None, None)),
            ("", nonsense),
            ("<html>", nonsense),
            ("{}", nonsense),
            ("[2010]", nonsense),
            ("null", nonsense),
            (r#"{"code":"2010"}"#, nonsense),
            (r#"{"code":-1}"#, nonsense),
            (r#"{"code":2010.5}"#, nonsense),
            (r#"{"code":2010,"code":2011}"#, nonsense),
            (r#"{"code":2010,"tries_left":256}"#, nonsense),
            (r#"{"code":2010,"retry_after":-1}"#, nonsense),
            (r#"{"code":2010} x"#, nonsense),
        ] {
            assert_eq!(parse_problem(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn retry_after_parsed_takes_seconds_only_and_caps_them() {
        for (header, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("3601", Some(3600)),
            ("99999999999999999999999", Some(3600)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ] {
            assert_eq!(parse_retry_after(header), seconds.map(Duration::from_secs), "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_parsed_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let error = parse_problem(&body);
            let typed = matches!(error, PlatformError::Refused { .. } | PlatformError::Nonsense(Flaw::Shape));
            prop_assert!(typed, "gave {:?}", error);
        }

        #[test]
        fn any_number_gives_a_code_that_a_platform_may_say(number in 0..100_000_u32) {
            let code = refusal_code(number);
            prop_assert!(code == Code::PLATFORM_REFUSED || u32::from(code.number()) == number);
            prop_assert!(may_come_from_platform(code.info().kind));
        }
    }
}
