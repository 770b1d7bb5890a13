use eid_core::ports::{KeyAccess, SecureKey, SecureKeyError};
use eid_crypto::{HardwareInput, SecretBytes, SecretKey};

use crate::report::{Finding, Report};

/// Aliases that only this suite uses; the last is as long as one may be.
const ONE: &str = "contract-one";
const TWO: &str = "contract-two";
const LONGEST: &str = "contract-0123456789abcdefghijklmnopqrstu";
const NONE: &str = "contract-none";

/// Length of a derived answer.
const ANSWER: usize = 32;

/// Key hardware. Makes keys under aliases of its own, `contract-…`, and removes them.
pub async fn check_secure_key(key: &dyn SecureKey) -> Vec<Finding> {
    let mut report = Report::default();
    signing(key, &mut report).await;
    replacing(key, &mut report).await;
    deriving(key, &mut report).await;
    missing(key, &mut report).await;
    report.end()
}

async fn signing(key: &dyn SecureKey, report: &mut Report) {
    let one = report.done(key.generate(ONE, KeyAccess::WhileUnlocked)).await;
    let two = report.done(key.generate(TWO, KeyAccess::WhileUnlocked)).await;
    let longest = report.done(key.generate(LONGEST, KeyAccess::WhileUnlocked)).await;
    report.rule(
        "a key is made for each alias, of up to 40 characters",
        one.is_some() && two.is_some() && longest.is_some(),
    );
    report.rule("keys differ", one.is_some() && one != two && one != longest && two != longest);

    let long = vec![0xa5; 64 * 1024];
    for (rule, message) in [
        ("a message is signed", b"message".as_slice()),
        ("the empty message is signed", b""),
        ("32 bytes are signed as a message and not as its digest", &[7; 32]),
        ("64 KiB are signed", &long),
    ] {
        let signature = report.done(key.sign(ONE, message)).await;
        report.rule(rule, one.zip(signature).is_some_and(|(public, s)| public.verify(message, &s).is_ok()));
    }
    let by_two = report.done(key.sign(TWO, b"message")).await;
    let own = two.zip(by_two).is_some_and(|(public, s)| public.verify(b"message", &s).is_ok());
    let of_other = one.zip(by_two).is_some_and(|(public, s)| public.verify(b"message", &s).is_ok());
    report.rule("an alias signs with its own key", own && !of_other);

    let at_once = report
        .answer(async {
            tokio::join!(key.sign(ONE, b"a"), key.sign(TWO, b"b"), key.sign(ONE, b"c"), key.sign(TWO, b"d"))
        })
        .await;
    let each = at_once.zip(one.zip(two)).is_some_and(|((a, b, c, d), (one, two))| {
        [(a, one, b"a"), (b, two, b"b"), (c, one, b"c"), (d, two, b"d")]
            .into_iter()
            .all(|(signature, public, message)| signature.is_ok_and(|s| public.verify(message, &s).is_ok()))
    });
    report.rule("calls at once each get their own answer", each);
}

async fn replacing(key: &dyn SecureKey, report: &mut Report) {
    let old = report.done(key.generate(ONE, KeyAccess::WhileUnlocked)).await;
    let new = report.done(key.generate(ONE, KeyAccess::WhileUnlocked)).await;
    let signature = report.done(key.sign(ONE, b"message")).await;
    let by = |public: Option<eid_crypto::VerifyingKey>| {
        public.zip(signature).is_some_and(|(public, s)| public.verify(b"message", &s).is_ok())
    };
    report.rule("a new key replaces the old one of its alias", by(new) && !by(old));
}

async fn deriving(key: &dyn SecureKey, report: &mut Report) {
    let (Some(one), Some(other)) = (input(1), input(2)) else {
        return report.rule("the suite has inputs", false);
    };
    let mut made = true;
    for alias in [ONE, TWO, LONGEST] {
        made &= report.done(key.make_secret(alias, KeyAccess::WhileUnlocked)).await.is_some();
    }
    report.rule("a secret key is made for each alias, of up to 40 characters", made);

    let answer = report.done(key.derive(ONE, &one)).await;
    let sized = answer.as_ref().is_some_and(|answer| answer.expose().len() == ANSWER);
    report.rule("an answer has 32 bytes", sized);
    let again = report.done(key.derive(ONE, &one)).await;
    report.rule("the same input gives the same answer", sized && again == answer);
    let differs = |other: &Option<SecretBytes>| sized && other.is_some() && *other != answer;
    let to_other = report.done(key.derive(ONE, &other)).await;
    report.rule("another input gives another answer", differs(&to_other));
    let by_two = report.done(key.derive(TWO, &one)).await;
    report.rule("another alias gives another answer", differs(&by_two));
    // EXPOSE: the suite looks whether the hardware hands back what it was given.
    let echoed = answer.as_ref().is_some_and(|answer| answer.expose() == one.bytes());
    report.rule("the answer is not the input", sized && !echoed);

    let at_once = report
        .answer(async {
            tokio::join!(key.derive(ONE, &one), key.derive(TWO, &one), key.derive(ONE, &other), key.derive(ONE, &one))
        })
        .await;
    let each = at_once.is_some_and(|(a, b, c, d)| {
        sized && a.ok() == answer && b.ok() == by_two && c.ok() == to_other && d.ok() == answer
    });
    report.rule("derivations at once each get their own answer", each);

    let anew = report.done(key.make_secret(ONE, KeyAccess::WhileUnlocked)).await;
    let after = report.done(key.derive(ONE, &one)).await;
    report.rule("a secret key made anew gives other answers", anew.is_some() && differs(&after));
    let beside = report.done(key.derive(TWO, &one)).await;
    report.rule("and leaves those of other aliases alone", beside.is_some() && beside == by_two);

    let removed = report.done(key.remove(TWO)).await;
    let gone = report.answer(key.derive(TWO, &one)).await.map(|answer| answer.err());
    report.rule(
        "a secret key that was removed is Invalidated",
        removed.is_some() && gone == Some(Some(SecureKeyError::Invalidated)),
    );
}

/// An input whose bytes are all the same.
fn input(byte: u8) -> Option<HardwareInput> {
    SecretKey::parse(&SecretBytes::new(vec![byte; 32])).ok().map(HardwareInput::new)
}

async fn missing(key: &dyn SecureKey, report: &mut Report) {
    let sign = report.answer(key.sign(NONE, b"message")).await;
    report.rule("a missing key that should sign is Invalidated", sign == Some(Err(SecureKeyError::Invalidated)));
    if let Some(input) = input(1) {
        let answer = report.answer(key.derive(NONE, &input)).await;
        let gone = answer.is_some_and(|answer| answer.err() == Some(SecureKeyError::Invalidated));
        report.rule("a missing key that should derive is Invalidated", gone);
    }

    let mut removed = true;
    for alias in [ONE, TWO, LONGEST, ONE, NONE] {
        removed &= report.done(key.remove(alias)).await.is_some();
    }
    report.rule("a key is removed, and removing nothing is no error", removed);
    let after = report.answer(key.sign(TWO, b"message")).await;
    report.rule("a removed key is gone", after == Some(Err(SecureKeyError::Invalidated)));
}
