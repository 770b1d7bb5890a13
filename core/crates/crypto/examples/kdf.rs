//! Prints what Argon2id costs on this machine: `cargo run -p eid-crypto --example kdf`. The threat model quotes it.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a tool that measures and prints")]

use std::time::{Duration, Instant};

use eid_crypto::{
    CryptoError, Passcode,
    kdf::{KdfCost, stretch_passcode},
};

fn main() -> Result<(), CryptoError> {
    let passcode = Passcode::parse(b"271828".to_vec())?;
    let measure = |cost: KdfCost| {
        let start = Instant::now();
        stretch_passcode(&passcode, &[0; 16], cost).map(|_| start.elapsed())
    };
    for (name, cost) in [
        ("floor", KdfCost::FLOOR),
        ("phone", KdfCost::PHONE),
        ("target", KdfCost::calibrate(KdfCost::TARGET, measure)?),
    ] {
        let mut best = Duration::MAX;
        for _ in 0..20 {
            best = best.min(measure(cost)?);
        }
        let all = best.saturating_mul(1_000_000).as_secs_f64() / 3600.0;
        println!("{name}: {cost:?}: {best:.1?} each, best of 20; a million take {all:.1} hours on one core");
    }
    Ok(())
}
