//! What the authorities did since somebody looked last: nobody works in the background, so that it is worked out when a person's
//! feed is read, by the sandbox's clock and in the order of time.

use eid_record::{Form, RecordKind};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{
    book::{self, enter, strike},
    dossier,
};
use crate::{
    SandboxError,
    authority::{Plan, source},
    platform::Platform,
};

/// How long an authority takes to answer when it is asked anew, in seconds.
const ANSWER_S: u32 = 5;

/// An authority may be asked for the same thing once in this part of the time that its answer, or its failure, stays fresh.
const FRESH_PARTS: i64 = 60;

/// Brings a person's records and updates to the present.
pub(crate) fn catch_up(platform: &Platform, tx: &Transaction<'_>, pid: &str) -> Result<(), SandboxError> {
    let now = platform.clock.seconds();
    for kind in RecordKind::ALL {
        let is_known = "SELECT 1 FROM asked WHERE pid = ? AND kind = ?";
        if !tx.prepare_cached(is_known)?.exists(params![pid, kind.name()])? {
            ask(platform, tx, (pid, *kind), now, now)?;
        }
    }
    dossier::resume(platform, tx, pid)?;
    let due = "SELECT due_at, kind, fails, NULL, NULL FROM asked WHERE pid = ?1 AND NOT answered AND due_at <= ?2
               UNION ALL SELECT at, kind, NULL, jti, step FROM steps WHERE pid = ?1 AND at <= ?2 ORDER BY 1, 4, 5";
    let mut rows = tx.prepare_cached(due)?;
    let rows = rows.query_map(params![pid, now], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<bool>>(2)?, row.get(3)?, row.get(4)?))
    })?;
    for row in rows.collect::<Result<Vec<_>, _>>()? {
        let (at, kind, fails, jti, step): (_, _, _, Option<String>, Option<u32>) = row;
        let kind = RecordKind::from_name(&kind).map_err(|_| SandboxError::Register)?;
        match (fails, jti, step) {
            (_, Some(jti), Some(step)) => dossier::take_step(tx, (pid, kind), &jti, step, at)?,
            (fails, ..) => answer(platform, tx, (pid, kind), fails == Some(true), at)?,
        }
    }
    Ok(())
}

/// Asks an authority anew, and says when it will have answered. Asked again a little later, it is the same answer.
pub(crate) fn refresh(
    platform: &Platform,
    tx: &Transaction<'_>,
    (pid, kind): (&str, RecordKind),
) -> Result<i64, SandboxError> {
    catch_up(platform, tx, pid)?;
    let now = platform.clock.seconds();
    let last = "SELECT asked_at, due_at, fails FROM asked WHERE pid = ? AND kind = ? AND refreshed";
    let last = tx
        .prepare_cached(last)?
        .query_row(params![pid, kind.name()], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, bool>(2)?)));
    if let Some((asked_at, due_at, fails)) = last.optional()? {
        let freshness = kind.definition().freshness();
        let pause = i64::from(if fails { freshness.failed_s } else { freshness.found_s }) / FRESH_PARTS;
        if now < i64::saturating_add(asked_at, pause) {
            return Ok(due_at);
        }
    }
    let delay = platform.conduct(kind.definition().authority()).delay_s.unwrap_or(ANSWER_S);
    let due_at = now.saturating_add(delay.into());
    ask(platform, tx, (pid, kind), now, due_at)?;
    tx.execute("UPDATE asked SET refreshed = 1 WHERE pid = ? AND kind = ?", params![pid, kind.name()])?;
    Ok(due_at)
}

fn ask(
    platform: &Platform,
    tx: &Transaction<'_>,
    (pid, kind): (&str, RecordKind),
    now: i64,
    due_at: i64,
) -> Result<(), SandboxError> {
    let fails = platform.conduct(kind.definition().authority()).plan == Plan::Down;
    let store = "INSERT INTO asked (pid, kind, asked_at, due_at, fails) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (pid, kind) DO UPDATE SET asked_at = ?3, due_at = ?4, fails = ?5, answered = 0";
    tx.prepare_cached(store)?.execute(params![pid, kind.name(), now, due_at, fails])?;
    Ok(())
}

/// An authority says all that it has of a person, or that it has nothing or cannot say.
fn answer(
    platform: &Platform,
    tx: &Transaction<'_>,
    (pid, kind): (&str, RecordKind),
    fails: bool,
    at: i64,
) -> Result<(), SandboxError> {
    let key = params![pid, kind.name()];
    tx.execute("UPDATE asked SET answered = 1 WHERE pid = ? AND kind = ?", key)?;
    let marker = (pid, kind, book::marker(kind));
    if fails {
        return enter(tx, marker, ("failed", &Form::new()), at);
    }
    let is_first = tx.execute("UPDATE asked SET searched = 1 WHERE pid = ? AND kind = ? AND NOT searched", key)? == 1;
    if is_first {
        search(platform, tx, (pid, kind), at)?;
    } else {
        for entry in book::list(tx, pid, kind)? {
            enter(tx, (pid, kind, &entry.id), (&entry.status, &entry.form), at)?;
        }
    }
    match book::list(tx, pid, kind)?.is_empty() {
        true => enter(tx, marker, ("not_found", &Form::new()), at),
        false => strike(tx, marker, at),
    }
}

/// The authority looks into its books for the first time.
fn search(
    platform: &Platform,
    tx: &Transaction<'_>,
    (pid, kind): (&str, RecordKind),
    at: i64,
) -> Result<(), SandboxError> {
    let person = platform.register.find(pid).ok_or(SandboxError::PersonUnknown)?;
    for (place, found) in source(kind)?.find(person).iter().enumerate() {
        let id = format!("{}-{}", kind.name(), place.saturating_add(1));
        let (form, _) = book::normal(kind, &found.form()?, book::today(at)?);
        enter(tx, (pid, kind, &id), (found.status, &form), at)?;
    }
    Ok(())
}
