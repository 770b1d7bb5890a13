//! The demo: one citizen, one proof, one counter, on one machine.
//!
//! It uses the parts that a phone and a counter use – the façade, HTTPS to the platform, pictures of QR codes, the counter's
//! station – and checks every result: an attack that passed would fail it.

mod attacks;
mod citizen;
mod error;
mod stage;

use std::path::Path;

use eid_counter::{Input, Rules, Station, draw_png, open_status_snapshot, open_trust_list};
use eid_model::Code;
use eid_proof::{Audience, Outcome, Policy, Proof, QrSymbol, Scan, Spelling};

pub use error::DemoError;

use crate::{Sandbox, SandboxConfig};
use citizen::Citizen;
use stage::Stage;

/// Pixels a module in the picture: what a phone of 1080 pixels shows.
const SCALE: u32 = 8;

/// Plays the demo and leaves `proof.png`, `proof.txt`, `trust-list.cbor`, `status.cbor` and `verdict.json` in `folder`.
///
/// # Errors
/// [`DemoError`]: something did not work, or something passed that must not.
pub async fn run(folder: &Path) -> Result<(), DemoError> {
    std::fs::create_dir_all(folder)?;
    let mut stage = Stage::new();
    stage.say("eID Core demo: one citizen, one proof, one counter, on this machine.");
    stage.say("Invented people on a sandbox platform. Not affiliated with any authority.\n");

    let sandbox = Sandbox::start(&SandboxConfig::default())?;
    stage.step(&format!("The platform is up: {} (HTTPS, its own CA, in memory).", sandbox.base_url()));

    let citizen = Citizen::activate(&sandbox, &mut stage).await?;
    let counter = Counter::open(&sandbox, folder)?;
    stage.step("The counter has imported the signed trust list and the status lists. From here on, nothing is online.");
    sandbox.set_fault(crate::Fault::Down);

    let proof = citizen.show(Audience::Anyone, None, &mut stage).await?;
    let picture = draw(&proof, folder, &mut stage)?;
    let mut station = counter.station()?;
    let report = station.verify(&Input::parse(picture.clone())?, &Scan { now: stage.now(), challenge: None });
    if report.outcome != Outcome::Valid {
        return Err(DemoError::Unexpected { wanted: Code::Q00_VALID, got: report.code });
    }
    std::fs::write(folder.join("verdict.json"), serde_json::to_vec_pretty(&report).map_err(std::io::Error::from)?)?;
    stage.step(&format!("The counter scans the picture: {}", report.reason.en));
    if let Some(shown) = &report.shown {
        for (name, claim) in &shown.claims {
            stage.say(&format!("       {name}: {}", serde_json::to_string(claim).unwrap_or_default()));
        }
    }

    attacks::show(&sandbox, &citizen, &counter, (&proof, &picture), &mut station, &mut stage).await?;
    sandbox.stop();
    stage.say(&format!("\nDone in {} ms. In {}:", stage.elapsed_ms(), folder.display()));
    stage.say("  proof.png, proof.txt, trust-list.cbor, status.cbor, verdict.json");
    stage.say("Within the minute, try it yourself:");
    let (trust, status) = (folder.join("trust-list.cbor"), folder.join("status.cbor"));
    stage.say(&format!(
        "  cargo run --release -p eid-counter -- verify --trust {} --status {} {}",
        trust.display(),
        status.display(),
        folder.join("proof.png").display()
    ));
    Ok(())
}

/// What a counter has on its disk.
struct Counter {
    trust: Vec<u8>,
    status: Vec<u8>,
}

impl Counter {
    fn open(sandbox: &Sandbox, folder: &Path) -> Result<Self, DemoError> {
        let counter = Self { trust: sandbox.trust_list()?, status: sandbox.status_lists()? };
        std::fs::write(folder.join("trust-list.cbor"), &counter.trust)?;
        std::fs::write(folder.join("status.cbor"), &counter.status)?;
        Ok(counter)
    }

    fn station(&self) -> Result<Station, DemoError> {
        self.station_with(&self.status, Policy::default())
    }

    fn station_with(&self, status: &[u8], policy: Policy) -> Result<Station, DemoError> {
        let trust = open_trust_list(&self.trust, &[])?;
        let status = Some(open_status_snapshot(status, &trust)?);
        Ok(Station::new(Rules { trust, status, policy }))
    }
}

/// Shows the QR code in the terminal and writes it as picture and text.
fn draw(proof: &Proof, folder: &Path, stage: &mut Stage) -> Result<Vec<u8>, DemoError> {
    let text = proof.text(Spelling::Digits);
    let symbol = QrSymbol::encode(&text)?;
    let picture = draw_png(&symbol, SCALE)?;
    std::fs::write(folder.join("proof.png"), &picture)?;
    std::fs::write(folder.join("proof.txt"), &text)?;
    stage.step(&format!(
        "The phone draws it: {} bytes, QR version {} ({} modules a side).",
        proof.as_bytes().len(),
        symbol.version(),
        symbol.side()
    ));
    stage.say(&symbol.to_terminal());
    Ok(picture)
}
