//! Group `counter`: `POST /verify` over HTTP with a record on the disk, a picture of 1280 × 720 to a verdict, and whether memory
//! grows.
//!
//! Client and server share this machine's cores, so that the figures hold the work of both sides. Wall time, for that is what a
//! rate is made of. Each proof is of its own phone's signature and is verified once.

mod office;

use std::io::Cursor;

use eid_counter::Input;
use image::{GrayImage, ImageFormat, Luma, imageops};
use tokio::{task::JoinSet, time::Instant};

use self::office::{Failed, Office, Phone};
use crate::{Row, sample::Growth};

/// The goal: three thousand proofs a second.
const MOST_US: f64 = 1e6 / 3_000.0;

/// The goal for a frame of a camera.
const MOST_FRAME_MS: f64 = 50.0;

/// How much a program that keeps nothing may grow, in MiB.
const MOST_MIB: f64 = 4.0;

/// Clients at once when each call has one proof, each with a connection that it keeps.
const CLIENTS: usize = 16;

/// Proofs in one call of a program that sends many.
const BATCH: usize = 100;

pub(crate) fn rows(smoke: bool) -> Result<Vec<Row>, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(measure(if smoke { 400 } else { 20_000 })).map_err(|error| error.to_string())
}

async fn measure(proofs: usize) -> Result<Vec<Row>, Failed> {
    let office = Office::open()?;
    let phone = office.phone()?;
    let mut rows = Vec::new();
    for (name, clients, batch) in [("counter.verify", CLIENTS, 1), ("counter.verify_in_batches", 4, BATCH)] {
        let us = verify(&office, &phone, proofs, (clients, batch)).await?;
        rows.push(Row::new(name, (us, MOST_US), "µs", "three thousand a second", 1.0));
    }
    rows.push(Row::new("counter.frame", (frame(&office, &phone)?, MOST_FRAME_MS), "ms", "the goal of the design", 1.0));
    // The calls above have warmed it up.
    let growth = Growth::start().map_err(|error| error.0)?;
    for _ in 0..(proofs * 5).div_ceil(BATCH * 4) {
        verify(&office, &phone, BATCH * 4, (4, BATCH)).await?;
    }
    let grown = growth.mib().map_err(|error| error.0)?;
    rows.push(Row::new("counter.memory", (grown, MOST_MIB), "MiB", "keeps nothing", 1.0));
    Ok(rows)
}

/// The wall time of one proof, in microseconds, when so many are verified by so many clients, so many in a call.
async fn verify(
    office: &Office,
    phone: &Phone,
    proofs: usize,
    (clients, batch): (usize, usize),
) -> Result<f64, Failed> {
    let calls = proofs.div_ceil(batch).div_ceil(clients);
    let mut waiting = Vec::new();
    for _ in 0..clients {
        let texts = (0..calls).map(|_| (0..batch).map(|_| phone.prove()).collect::<Result<Vec<_>, _>>());
        let bodies = texts.map(|texts| texts.map(|texts| office::body(&texts))).collect::<Result<Vec<_>, _>>()?;
        waiting.push((office.connect().await?, bodies));
    }
    let start = Instant::now();
    let mut working = JoinSet::new();
    for (mut connection, bodies) in waiting {
        working.spawn(async move {
            for body in bodies {
                let answer = connection.post(&body).await?;
                // A figure of proofs that were refused early would be worthless.
                if answer.matches(r#""code":"Q00""#).count() != batch {
                    return Err(Failed::from("a proof was not valid"));
                }
            }
            Ok(())
        });
    }
    while let Some(done) = working.join_next().await {
        done??;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / (calls * clients * batch) as f64)
}

/// Milliseconds from a camera's frame to the verdict, without HTTP: the median of some. The frame is a PNG, as this program takes
/// pictures; unpacking it is in the figure.
fn frame(office: &Office, phone: &Phone) -> Result<f64, Failed> {
    let mut station = office.station();
    let mut times = Vec::new();
    for _ in 0..9 {
        let picture = phone.picture()?;
        let side = 640;
        let code = imageops::resize(&picture, side, side, imageops::FilterType::Triangle);
        let mut frame = GrayImage::from_pixel(1280, 720, Luma([90]));
        imageops::replace(&mut frame, &code, 320, 40);
        let frame = imageops::blur(&frame, 0.8);
        let mut png = Cursor::new(Vec::new());
        frame.write_to(&mut png, ImageFormat::Png)?;
        let start = Instant::now();
        let report = station.verify(&Input::parse(png.into_inner())?, &office::scan());
        times.push(start.elapsed().as_secs_f64() * 1e3);
        if report.exit_code() != 0 {
            return Err("a proof in a frame was not valid".into());
        }
    }
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().ok_or_else(|| "no frame".into())
}
