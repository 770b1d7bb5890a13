use eid_counter::{Input, Station};
use eid_model::{Code, UnixTime};
use eid_proof::{Audience, Policy, Proof, Scan, Spelling, Status, encode_text};

use super::{Counter, DemoError, citizen::Citizen, stage::Stage};
use crate::RunningSandbox;

const HERE: &str = "rp/0101234567-001";
const ELSEWHERE: &str = "rp/0107654321-002";

/// What does not pass, and what the officer is told.
pub(super) async fn show(
    sandbox: &RunningSandbox,
    citizen: &Citizen,
    counter: &Counter,
    (proof, picture): (&Proof, &[u8]),
    station: &mut Station,
    stage: &mut Stage,
) -> Result<(), DemoError> {
    stage.say("\nWhat does not pass:");
    let open = |now| Scan { now, challenge: None };
    let again = Input::parse(picture.to_vec())?;
    expect(station, &again, &open(stage.now()), "The same code a second time", Code::Q18_REPLAY, stage)?;

    let later = UnixTime::from_seconds(proof.expires_at().seconds() + 31);
    let mut fresh = counter.station()?;
    expect(&mut fresh, &again, &open(later), "A screenshot of it, half a minute past its end", Code::Q05_STALE, stage)?;

    // The last byte before the signature's head: the time of signing, one second off.
    let mut changed = proof.as_bytes().to_vec();
    if let Some(byte) = changed.iter_mut().rev().nth(66) {
        *byte ^= 1;
    }
    let forged = Input::from_text(&encode_text(&changed, Spelling::Digits))?;
    let words = "One changed bit in what the phone signed";
    expect(&mut fresh, &forged, &open(stage.now()), words, Code::Q12_HOLDER_SIG, stage)?;

    let challenge = vec![0x5a; 16];
    let for_other = citizen.show(Audience::Counter(ELSEWHERE.to_owned()), Some(challenge.clone()), stage).await?;
    let policy = Policy { counter: Some(HERE.to_owned()), ..Policy::default() };
    let mut here = counter.station_with(&counter.status, policy)?;
    let input = Input::Proof(for_other.as_bytes().to_vec());
    let scan = Scan { now: stage.now(), challenge: Some(&challenge) };
    expect(&mut here, &input, &scan, "An answer to another counter's challenge", Code::Q07_AUDIENCE, stage)?;

    let for_here = citizen.show(Audience::Counter(HERE.to_owned()), Some(challenge), stage).await?;
    let input = Input::Proof(for_here.as_bytes().to_vec());
    let scan = Scan { now: stage.now(), challenge: Some(&[0xa5; 16]) };
    expect(&mut here, &input, &scan, "An answer to another question of this counter", Code::Q08_CHALLENGE, stage)?;

    sandbox.set_account_status(&citizen.account, Status::Revoked)?;
    let mut informed = counter.station_with(&sandbox.status_lists()?, Policy::default())?;
    let revoked = citizen.show(Audience::Anyone, None, stage).await?;
    let input = Input::Proof(revoked.as_bytes().to_vec());
    expect(&mut informed, &input, &open(stage.now()), "A revoked credential", Code::Q14_REVOKED, stage)
}

fn expect(
    station: &mut Station,
    input: &Input,
    scan: &Scan<'_>,
    words: &str,
    wanted: Code,
    stage: &mut Stage,
) -> Result<(), DemoError> {
    let report = station.verify(input, scan);
    if report.code != wanted || report.shown.is_some() {
        return Err(DemoError::Unexpected { wanted, got: report.code });
    }
    stage.step(&format!("{words}: {}", report.reason.en));
    Ok(())
}
