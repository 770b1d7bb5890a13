//! Group `chip`: a full reading of the simulated card, beside the limits of the design and beside the crate `dmrtd`.
//!
//! Both read COM, SOD, DG1, DG2 (15 KB), DG13, DG14 and DG15 after PACE with the card access number, have a challenge signed,
//! and check the SOD's signature and every file's hash. Ours runs Chip Authentication besides, which `dmrtd` has not, and can go
//! on after a lost link. The card's own time is taken off both.

use std::{ffi::OsString, process::ExitCode, sync::Arc, time::Duration};

use cpu_time::ThreadTime;
use dmrtd::{
    auth::passive::{self, DataGroup, TrustAnchor},
    com::{TransceiveError, Transceiver},
    lds::ef::ElementaryFile as _,
    passport::Passport,
    proto::can_key::CanKey,
};
use eid_chip::{
    Access, Can,
    lds::{Com, Dg2, Dg13},
    pa::TrustList,
    reader::{ChipEvidence, ChipProfile, Config, FileId, Reader, Step},
};
use eid_crypto::SystemRandom;
use eid_model::UnixTime;
use eid_sandbox::card::{Card, CardFile, MadeCard, SANDBOX_CSCA, Verdict, judge, personalise};

use crate::{
    Row,
    sample::{Growth, ask_again},
    storage::Failed,
};

const CARD: &str = include_str!("../../sandbox/cards/nguyen-van-a.json");
const NOW: UnixTime = UnixTime::from_seconds(1_795_348_800);
const CAN: &str = "000001";
const CHALLENGE: [u8; 8] = *b"platform";
const FILES: [FileId; 7] =
    [FileId::Com, FileId::Sod, FileId::Dg14, FileId::Dg1, FileId::Dg13, FileId::Dg15, FileId::Dg2];

const DMRTD: &str = "dmrtd 0.3, no Chip Authentication";

/// Longest command and response with extended lengths, and without.
const EXTENDED: [usize; 2] = [65_000, 65_000];
const SHORT: [usize; 2] = [261, 258];

pub(crate) fn rows(smoke: bool) -> Result<Vec<Row>, String> {
    measure(if smoke { 1 } else { 30 }).map_err(|Failed(reason)| reason)
}

fn measure(samples: u32) -> Result<Vec<Row>, Failed> {
    let bench = Bench::new()?;
    let [mut ours, mut peer] = [bench.read(EXTENDED)?, bench.read_by_dmrtd()?];
    let short = bench.read(SHORT)?;
    for _ in 1..samples {
        ours.took = ours.took.min(bench.read(EXTENDED)?.took);
        peer.took = peer.took.min(bench.read_by_dmrtd()?.took);
    }
    let payload = FILES.iter().filter_map(|id| bench.made.file(id.id())).map(<[u8]>::len).sum::<usize>();
    let exchanges = |reading: &Reading| count(reading.exchanges);
    let row = |figure: &str, values, unit, peer, goal| Row::new(&format!("chip.{figure}"), values, unit, peer, goal);
    let [our_memory, its_memory] = [growth("eid-chip")?, growth("dmrtd")?];
    Ok(vec![
        row("apdus.2k", (exchanges(&ours), 30.0), "", "limit 30", 1.0),
        row("apdus.2k", (exchanges(&ours), exchanges(&peer)), "", DMRTD, 1.0),
        row("apdus.short", (exchanges(&short), 105.0), "", "limit 105", 1.0),
        row("apdus.short", (exchanges(&short), exchanges(&peer)), "", DMRTD, 1.0),
        row("bytes.2k", (count(ours.received), count(payload)), "B", "payload", 1.08),
        row("bytes.2k", (count(ours.received), count(peer.received)), "B", DMRTD, 1.0),
        row("bytes.2k.sent", (count(ours.sent), count(peer.sent)), "B", DMRTD, 1.0),
        row("bytes.2k.both", (count(ours.sent + ours.received), count(payload)), "B", "payload", 1.15),
        row("crypto", (milliseconds(&ours), 60.0), "ms", "limit 60 ms", 1.0),
        // Chip Authentication is two multiplications more.
        row("crypto", (milliseconds(&ours), milliseconds(&peer)), "ms", DMRTD, 1.25),
        row("memory", (our_memory, 4.0), "MiB", "limit 4 MiB", 1.0),
        row("memory", (our_memory, its_memory), "MiB", DMRTD, 1.0),
    ])
}

/// The other half of [`growth`]: reads once, and says by how many MiB this process grew.
pub(crate) fn read_by_itself(who: &str) -> ExitCode {
    let read = || {
        let bench = Bench::new()?;
        let growth = Growth::start()?;
        let _reading = if who == "dmrtd" { bench.read_by_dmrtd()? } else { bench.read(EXTENDED)? };
        growth.mib()
    };
    match read() {
        Ok(growth) => {
            println!("{growth}");
            ExitCode::SUCCESS
        }
        Err(Failed(reason)) => {
            eprintln!("eid-bench: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn growth(who: &str) -> Result<f64, Failed> {
    let mut option = OsString::from("--read-chip=");
    option.push(who);
    Ok(ask_again(option)?.trim().parse()?)
}

/// What a reading took.
struct Reading {
    exchanges: usize,
    sent: usize,
    received: usize,
    took: Duration,
}

/// The card in a reader's field, which counts what passes and how long the card thinks.
struct Field {
    card: Card,
    exchanges: usize,
    sent: usize,
    received: usize,
    card_time: Duration,
}

impl Field {
    fn new(made: &MadeCard) -> Self {
        let card = Card::new(made.clone(), Arc::new(SystemRandom::new()));
        Self { card, exchanges: 0, sent: 0, received: 0, card_time: Duration::ZERO }
    }

    fn pass(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Failed> {
        let start = ThreadTime::now();
        let answer = self.card.transceive(apdu).ok_or_else(|| Failed("card lost".to_owned()))?;
        self.card_time += start.elapsed();
        self.exchanges += 1;
        self.sent += apdu.len();
        self.received += answer.len();
        Ok(answer)
    }

    fn reading(&self, since: ThreadTime) -> Reading {
        let took = since.elapsed().saturating_sub(self.card_time);
        Reading { exchanges: self.exchanges, sent: self.sent, received: self.received, took }
    }
}

/// `dmrtd` leaves answers that come in parts to the driver.
impl Transceiver for &mut Field {
    fn transceive(&mut self, apdu: &[u8]) -> Result<Vec<u8>, TransceiveError> {
        let mut apdu = apdu.to_vec();
        let mut answer = Vec::new();
        loop {
            let part = self.pass(&apdu).map_err(|Failed(reason)| TransceiveError::new(reason))?;
            answer.extend(&part);
            match *part.as_slice() {
                [.., 0x61, left] => apdu = vec![0, 0xC0, 0, 0, left],
                _ => return Ok(answer),
            }
            answer.truncate(answer.len().saturating_sub(2));
        }
    }
}

struct Bench {
    made: MadeCard,
    trust: TrustList,
    anchors: [TrustAnchor; 1],
}

impl Bench {
    fn new() -> Result<Self, Failed> {
        let made = personalise(&CardFile::parse(CARD)?, NOW, &SystemRandom::new())?;
        let mut trust = TrustList::default();
        trust.pin(SANDBOX_CSCA)?;
        Ok(Self { made, trust, anchors: [TrustAnchor::from_certificate(SANDBOX_CSCA)?] })
    }

    fn read(&self, [max_command, max_response]: [usize; 2]) -> Result<Reading, Failed> {
        let mut field = Field::new(&self.made);
        let start = ThreadTime::now();
        let config = Config {
            access: Access::Can(Can::parse(CAN)?),
            challenge: CHALLENGE,
            files: FILES.to_vec(),
            max_command,
            max_response,
            profile: ChipProfile::default(),
        };
        let mut reader = Reader::new(config, Arc::new(SystemRandom::new()));
        let evidence = loop {
            match reader.next()? {
                Step::Send { apdu, .. } => reader.feed(&field.pass(&apdu)?, 0)?,
                Step::Progress(_) => {}
                Step::Wait { .. } => return Err(Failed("the card was lost".to_owned())),
                Step::Done(evidence) => break evidence,
            }
        };
        self.check(&evidence)?;
        Ok(field.reading(start))
    }

    fn check(&self, evidence: &ChipEvidence) -> Result<(), Failed> {
        let checks = judge(evidence, &self.trust, NOW);
        let file = |id| evidence.file(id).ok_or_else(|| Failed(format!("no {id:?}")));
        Com::parse(file(FileId::Com)?)?;
        Dg2::parse(file(FileId::Dg2)?)?;
        Dg13::parse(file(FileId::Dg13)?)?;
        let passed = checks.iter().filter(|check| check.verdict == Verdict::Passed).count();
        if passed == checks.len() && passed >= FILES.len() { Ok(()) } else { Err(Failed(format!("{checks:?}"))) }
    }

    fn read_by_dmrtd(&self) -> Result<Reading, Failed> {
        let mut field = Field::new(&self.made);
        let start = ThreadTime::now();
        let mut passport = Passport::new(&mut field);
        let card_access = passport.read_ef_card_access()?;
        passport.start_session_pace(CanKey::new(CAN)?, &card_access)?;
        let com = passport.read_ef_com()?.to_bytes().to_vec();
        let sod = passport.read_ef_sod()?.to_bytes().to_vec();
        let files = [
            (1, passport.read_ef_dg1()?.to_bytes().to_vec()),
            (2, passport.read_ef_dg2()?.to_bytes().to_vec()),
            (13, passport.read_ef_dg13()?.to_bytes().to_vec()),
            (14, passport.read_ef_dg14()?.to_bytes().to_vec()),
            (15, passport.read_ef_dg15()?.to_bytes().to_vec()),
        ];
        passport.verify_active_authentication(&CHALLENGE)?;
        let groups = files.iter().map(|(number, bytes)| DataGroup { number: *number, bytes }).collect::<Vec<_>>();
        let believed = passive::verify(&sod, &groups, &self.anchors)?;
        if com.is_empty() || !believed.is_authentic() || believed.verified_groups != [1, 2, 13, 14, 15] {
            return Err(Failed("dmrtd does not believe the card".to_owned()));
        }
        drop(passport);
        Ok(field.reading(start))
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

fn milliseconds(reading: &Reading) -> f64 {
    reading.took.as_secs_f64() * 1e3
}
