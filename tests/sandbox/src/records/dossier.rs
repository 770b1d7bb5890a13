//! What becomes of a submission: the steps that its authority will take, decided when it arrives and told when their time comes.

use eid_model::Code;
use eid_record::{Form, Path, RecordKind};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};

use super::{
    book::{self, enter, strike},
    feed::{self, Member},
};
use crate::{
    Person, SandboxError,
    authority::{Case, Plan, Reason, Verdict, source},
    platform::Platform,
};

/// How long an authority waits for more, in seconds.
const SUPPLEMENT_S: u32 = 10 * 86_400;

/// How long an appeal is possible, in seconds.
const APPEAL_S: i64 = 90 * 86_400;

/// Part of the time of a decision after which the authority says that it has begun.
const BEGUN: i64 = 10;

/// A submission that was found good.
pub(crate) struct Sent<'a> {
    pub(crate) person: &'a Person,
    pub(crate) kind: RecordKind,
    pub(crate) record: &'a str,
    pub(crate) jti: &'a str,
    pub(crate) round: u32,
    /// In the one way of writing it, without what only the authority states.
    pub(crate) form: &'a Form,
    pub(crate) has_evidence: bool,
}

/// What an authority says of an update.
#[derive(Serialize, Deserialize)]
struct Step {
    pid: String,
    kind: String,
    record: String,
    authority: String,
    update: String,
    round: u32,
    step: u32,
    at: i64,
    says: Says,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Told>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appeal_until: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Says {
    Checking,
    Supplement,
    Accepted,
    Refused,
}

#[derive(Serialize, Deserialize)]
struct Told {
    code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Decides, and puts down when what is told. Steps of a round before that were not told yet are void.
pub(crate) fn open(platform: &Platform, tx: &Transaction<'_>, sent: &Sent<'_>) -> Result<(), SandboxError> {
    let (pid, now) = (sent.person.pid.as_str(), platform.clock.seconds());
    tx.execute("DELETE FROM steps WHERE pid = ? AND jti = ?", params![pid, sent.jti])?;
    let conduct = platform.conduct(sent.kind.definition().authority());
    let waits = conduct.plan == Plan::Down;
    tx.execute("UPDATE dossiers SET waits = ? WHERE pid = ? AND jti = ?", params![waits, pid, sent.jti])?;
    if waits || conduct.plan == Plan::Silent {
        return Ok(());
    }
    let before = book::find(tx, pid, sent.kind, sent.record)?.map(|entry| entry.form);
    let (form, has_evidence) = (sent.form, sent.has_evidence);
    let case = Case { person: sent.person, form, before: before.as_ref(), has_evidence };
    let source = source(sent.kind)?;
    let which =
        [pid.as_bytes(), sent.kind.name().as_bytes(), &earlier(tx, sent)?.to_be_bytes(), &sent.round.to_be_bytes()];
    let (plan, takes) = conduct.draw(source.takes_s(), &which);
    let takes = i64::from(takes);
    let (begins, decides) = (now.saturating_add(takes / BEGUN), now.saturating_add(takes));
    let mut schedule = Schedule { tx, sent, number: last_step(tx, pid, sent.jti)? };
    schedule.put(begins, Says::Checking, |step| step.due_at = Some(decides.saturating_add(takes)))?;
    match verdict(&case, sent, plan, source.decide(&case)) {
        Verdict::Accept => {
            schedule.accept(decides, &entered(&case, sent.kind, &[], decides)?, None)?;
        }
        Verdict::Partly(left) => {
            let path = left.first().map(|path| path.as_str().to_owned());
            let form = entered(&case, sent.kind, &left, decides)?;
            schedule.accept(decides, &form, Some(Reason { code: Code::REASON_PARTLY_TAKEN, path }))?;
        }
        Verdict::Supplement(reason) => {
            let due_at = decides.saturating_add(conduct.supplement_s.unwrap_or(SUPPLEMENT_S).into());
            schedule.put(decides, Says::Supplement, |step| {
                (step.due_at, step.reason) = (Some(due_at), Some(Told::new(reason)));
            })?;
            let overdue = Reason { code: Code::REASON_SUPPLEMENT_OVERDUE, path: None };
            schedule.refuse(due_at.saturating_add(1), overdue)?;
        }
        Verdict::Refuse(reason) => schedule.refuse(decides, reason)?,
    }
    Ok(())
}

/// Looks at what waits for an authority that could not answer, now that it can.
pub(super) fn resume(platform: &Platform, tx: &Transaction<'_>, pid: &str) -> Result<(), SandboxError> {
    let waiting = "SELECT kind, record, jti, round, form, evidence <> '[]'
                   FROM dossiers JOIN submissions USING (pid, jti, round, kind, record) WHERE pid = ? AND waits";
    let mut rows = tx.prepare_cached(waiting)?;
    let rows = rows.query_map([pid], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get(3)?,
            row.get::<_, String>(4)?,
            row.get(5)?,
        ))
    })?;
    let person = platform.register.find(pid).ok_or(SandboxError::PersonUnknown)?;
    for row in rows.collect::<Result<Vec<_>, _>>()? {
        let (kind, record, jti, round, form, has_evidence) = row;
        let kind = RecordKind::from_name(&kind).map_err(|_| SandboxError::Register)?;
        if platform.conduct(kind.definition().authority()).plan != Plan::Down {
            let form = serde_json::from_str(&form)?;
            open(platform, tx, &Sent { person, kind, record: &record, jti: &jti, round, form: &form, has_evidence })?;
        }
    }
    Ok(())
}

/// What is said in the end: by the authority's own rules, or by the plan.
fn verdict(case: &Case<'_>, sent: &Sent<'_>, plan: Plan, natural: Verdict) -> Verdict {
    let changed = case.changed(sent.kind);
    let first = changed.first().map(|path| path.as_str().to_owned());
    match (plan, natural) {
        (Plan::Partial, _) => Verdict::Partly(changed.into_iter().next_back().into_iter().collect()),
        (Plan::Supplement, _) if sent.round == 0 => {
            Verdict::Supplement(Reason { code: Code::REASON_EVIDENCE_UNREADABLE, path: first })
        }
        (Plan::Accept | Plan::Supplement, _) => Verdict::Accept,
        (Plan::Refuse, _) => Verdict::Refuse(Reason { code: Code::REASON_NOT_ENTITLED, path: first }),
        // Who was asked for evidence and sent none again is not asked for ever.
        (_, Verdict::Supplement(reason)) if sent.round > 0 => {
            Verdict::Refuse(Reason { code: Code::REASON_EVIDENCE_WRONG, ..reason })
        }
        (_, natural) => natural,
    }
}

/// The record as the authority enters it: the form, with the fields of `left` as they were before and with what only it states.
fn entered(case: &Case<'_>, kind: RecordKind, left: &[Path], at: i64) -> Result<Form, SandboxError> {
    let full = |_| SandboxError::Register;
    let mut form = case.form.clone();
    for path in left {
        match case.before.and_then(|before| before.find(path.as_str())) {
            Some(text) => form.set(path.clone(), text).map_err(full)?,
            None => drop(form.remove(path)),
        }
    }
    let is_official = |path: &Path| kind.definition().find(path).is_some_and(eid_record::Field::is_official);
    for (path, text) in case.before.into_iter().flat_map(Form::iter).filter(|(path, _)| is_official(path)) {
        form.set(path.clone(), text).map_err(full)?;
    }
    let today = book::today(at)?;
    if case.before.is_none() {
        for (path, text) in source(kind)?.stamp(today) {
            form.set(Path::parse(path).map_err(full)?, &text).map_err(full)?;
        }
    }
    Ok(book::normal(kind, &form, today).0)
}

/// Steps of one dossier, in their order.
struct Schedule<'a> {
    tx: &'a Transaction<'a>,
    sent: &'a Sent<'a>,
    number: u32,
}

impl Schedule<'_> {
    fn put(&mut self, at: i64, says: Says, more: impl FnOnce(&mut Step)) -> Result<(), SandboxError> {
        self.store(at, says, None, more)
    }

    fn accept(&mut self, at: i64, form: &Form, reason: Option<Reason>) -> Result<(), SandboxError> {
        let form = serde_json::to_string(form)?;
        self.store(at, Says::Accepted, Some(&form), |step| step.reason = reason.map(Told::new))
    }

    fn refuse(&mut self, at: i64, reason: Reason) -> Result<(), SandboxError> {
        self.put(at, Says::Refused, |step| {
            (step.reason, step.appeal_until) = (Some(Told::new(reason)), Some(at.saturating_add(APPEAL_S)));
        })
    }

    fn store(
        &mut self,
        at: i64,
        says: Says,
        form: Option<&str>,
        more: impl FnOnce(&mut Step),
    ) -> Result<(), SandboxError> {
        self.number = self.number.saturating_add(1);
        let Sent { person, kind, record, jti, round, .. } = self.sent;
        let mut step = Step {
            pid: person.pid.as_str().to_owned(),
            kind: kind.name().to_owned(),
            record: (*record).to_owned(),
            authority: kind.definition().authority().to_owned(),
            update: (*jti).to_owned(),
            round: *round,
            step: self.number,
            at,
            says,
            due_at: None,
            reason: None,
            appeal_until: None,
        };
        more(&mut step);
        let store = "INSERT INTO steps (pid, jti, step, kind, at, content, form) VALUES (?, ?, ?, ?, ?, ?, ?)";
        let content = serde_json::to_string(&step)?;
        self.tx.execute(store, params![step.pid, jti, self.number, kind.name(), at, content, form])?;
        Ok(())
    }
}

impl Told {
    fn new(reason: Reason) -> Self {
        Self { code: reason.code.number(), path: reason.path, note: None }
    }
}

/// Tells a step whose time has come; what was accepted is entered.
pub(crate) fn take_step(
    tx: &Transaction<'_>,
    (pid, kind): (&str, RecordKind),
    jti: &str,
    number: u32,
    at: i64,
) -> Result<(), SandboxError> {
    let key = params![pid, jti, number];
    let columns = "SELECT content, form FROM steps WHERE pid = ? AND jti = ? AND step = ?";
    let row = tx.query_row(columns, key, |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)));
    let Some((content, form)) = row.optional()? else { return Ok(()) };
    tx.execute("DELETE FROM steps WHERE pid = ? AND jti = ? AND step = ?", key)?;
    let step: Step = serde_json::from_str(&content)?;
    feed::tell(tx, pid, &format!("{}{number}", slots(jti)), (kind, Member::Step), &step)?;
    let dossier = "UPDATE dossiers SET step = ?3, is_asked = ?4 WHERE pid = ?1 AND jti = ?2";
    tx.execute(dossier, params![pid, jti, number, step.says == Says::Supplement])?;
    if let Some(form) = form {
        enter(tx, (pid, kind, &step.record), ("ok", &serde_json::from_str(&form)?), at)?;
        strike(tx, (pid, kind, book::marker(kind)), at)?;
    }
    Ok(())
}

/// How a dossier stands.
pub(crate) struct Standing {
    /// The last round that was sent.
    pub(crate) round: u32,
    pub(crate) kind: String,
    pub(crate) record: String,
    /// The authority waits for the next one.
    pub(crate) is_asked: bool,
}

/// The dossier of an update, if there is one.
pub(crate) fn standing(tx: &Transaction<'_>, pid: &str, jti: &str) -> Result<Option<Standing>, SandboxError> {
    let columns = "SELECT round, kind, record, is_asked FROM dossiers WHERE pid = ? AND jti = ?";
    let row = tx.query_row(columns, params![pid, jti], |row| {
        Ok(Standing { round: row.get(0)?, kind: row.get(1)?, record: row.get(2)?, is_asked: row.get(3)? })
    });
    Ok(row.optional()?)
}

/// How many updates of the kind the person sent before: unlike their names, which phones draw, the same in each run.
fn earlier(tx: &Transaction<'_>, sent: &Sent<'_>) -> Result<i64, SandboxError> {
    let count = "SELECT count(*) FROM dossiers
                 WHERE pid = ?1 AND kind = ?2 AND rowid < (SELECT rowid FROM dossiers WHERE pid = ?1 AND jti = ?3)";
    Ok(tx.query_row(count, params![sent.person.pid.as_str(), sent.kind.name(), sent.jti], |row| row.get(0))?)
}

fn last_step(tx: &Transaction<'_>, pid: &str, jti: &str) -> Result<u32, SandboxError> {
    let last = "SELECT step FROM dossiers WHERE pid = ? AND jti = ?";
    Ok(tx.query_row(last, params![pid, jti], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn slots(jti: &str) -> String {
    format!("step/{jti}/")
}
