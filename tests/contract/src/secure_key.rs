use eid_core::ports::{KeyAccess, SecureKey, SecureKeyError};
use eid_crypto::{SecretKey, SystemRandom};

use crate::report::{Finding, Report};

/// Aliases that only this suite uses; the last is as long as one may be.
const ONE: &str = "contract-one";
const TWO: &str = "contract-two";
const LONGEST: &str = "contract-0123456789abcdefghijklmnopqrstu";
const NONE: &str = "contract-none";

/// Longest blob that key hardware seals to.
const MAX_BLOB: usize = 512;

/// Key hardware. Makes keys under aliases of its own, `contract-…`, and removes them.
pub async fn check_secure_key(key: &dyn SecureKey) -> Vec<Finding> {
    let mut report = Report::default();
    signing(key, &mut report).await;
    replacing(key, &mut report).await;
    sealing(key, &mut report).await;
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

async fn sealing(key: &dyn SecureKey, report: &mut Report) {
    let Ok(secret) = SecretKey::make(&SystemRandom::new()) else {
        return report.rule("the suite has randomness", false);
    };
    let blob = report.done(key.seal(ONE, &secret)).await.unwrap_or_default();
    report.rule("a secret is sealed to 1 to 512 bytes", (1..=MAX_BLOB).contains(&blob.len()));
    // EXPOSE: the suite looks whether its own throw-away secret can be seen.
    let shows = blob.windows(8).any(|window| secret.expose().windows(8).any(|part| part == window));
    report.rule("the blob shows nothing of the secret", !blob.is_empty() && !shows);
    for rule in ["the blob opens to the secret", "the blob opens as often as asked"] {
        let opened = report.done(key.unseal(ONE, &blob)).await;
        // EXPOSE: as above.
        report.rule(rule, opened.is_some_and(|opened| opened.expose() == secret.expose()));
    }

    let other = report.done(key.seal(TWO, &secret)).await;
    let elsewhere = report.answer(key.unseal(TWO, &blob)).await;
    report.rule(
        "the blob of one alias does not open under another",
        other.is_some() && elsewhere.is_some_and(|r| r.is_err()),
    );
    for (rule, damaged) in [
        ("a changed blob does not open", changed(&blob)),
        ("a shortened blob does not open", blob.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default()),
        ("no blob does not open", Vec::new()),
    ] {
        let opened = report.answer(key.unseal(ONE, &damaged)).await;
        report.rule(rule, opened.is_some_and(|opened| opened.is_err()));
    }

    let again = report.done(key.seal(ONE, &secret)).await;
    let old = report.answer(key.unseal(ONE, &blob)).await;
    report.rule(
        "sealing again makes a new key: the old blob does not open",
        again.is_some() && old.is_some_and(|r| r.is_err()),
    );
}

async fn missing(key: &dyn SecureKey, report: &mut Report) {
    let sign = report.answer(key.sign(NONE, b"message")).await;
    report.rule("a missing key that should sign is Invalidated", sign == Some(Err(SecureKeyError::Invalidated)));
    let unseal = report.answer(key.unseal(NONE, &[1; 60])).await;
    let gone = unseal.is_some_and(|answer| answer.err() == Some(SecureKeyError::Invalidated));
    report.rule("a missing key that should unseal is Invalidated", gone);

    let mut removed = true;
    for alias in [ONE, TWO, LONGEST, ONE, NONE] {
        removed &= report.done(key.remove(alias)).await.is_some();
    }
    report.rule("a key is removed, and removing nothing is no error", removed);
    let after = report.answer(key.sign(TWO, b"message")).await;
    report.rule("a removed key is gone", after == Some(Err(SecureKeyError::Invalidated)));
}

fn changed(blob: &[u8]) -> Vec<u8> {
    let mut changed = blob.to_vec();
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    changed
}
