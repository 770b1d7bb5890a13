//! Key derivation: HKDF-SHA-256 (RFC 5869) with namespaced info, and Argon2id (RFC 9106) for the passcode.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use ring::hkdf;

use crate::{CryptoError, Passcode, SecretKey, scrub::scrubbed};

/// Derives a key for one purpose from input keys.
///
/// `info` is `eid-core/v1/<purpose>` followed by a zero byte and `context`: two purposes, or two contexts of one purpose,
/// never share a key.
///
/// # Errors
/// [`CryptoError::KdfUnavailable`]; HKDF-Expand has no failure for 32 bytes of output, so this is never seen.
pub fn derive_key(
    inputs: &[&SecretKey],
    salt: &[u8],
    purpose: &'static str,
    context: &[u8],
) -> Result<SecretKey, CryptoError> {
    let mut joined = zeroize::Zeroizing::new(Vec::with_capacity(inputs.len().saturating_mul(32)));
    for input in inputs {
        // EXPOSE: HKDF-Extract takes the concatenation of the inputs.
        joined.extend_from_slice(input.expose());
    }
    let info: [&[u8]; 4] = [b"eid-core/v1/", purpose.as_bytes(), b"\0", context];
    scrubbed(|| {
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&joined);
        SecretKey::derive_with(|out| {
            extracted
                .expand(&info, hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(out))
                .map_err(|_| CryptoError::KdfUnavailable)
        })
    })
}

/// Most passes that calibration chooses: a machine on which more would fit is better served by its memory.
const MOST_PASSES: u32 = 8;

/// Cost of Argon2id. Stored beside the salt, so that it can be raised later without locking anybody out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl KdfCost {
    /// The lowest cost that an envelope may name: 19 MiB, two passes (OWASP's floor for Argon2id).
    pub const FLOOR: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// The cost for a phone that nobody measured: 32 MiB, three passes.
    pub const PHONE: Self = Self { memory_kib: 32 * 1024, passes: 3, lanes: 1 };

    /// How long one derivation should take on a phone, where it is measured: 300 ms.
    pub const TARGET: Duration = Duration::from_millis(300);

    /// The highest cost that is accepted from a file, so that a hostile one cannot exhaust memory: 256 MiB.
    pub const CEILING: Self = Self { memory_kib: 256 * 1024, passes: 16, lanes: 4 };

    /// The highest cost up to `target` on this machine, by trying: memory first (32 MiB, then 64), then passes, up to eight.
    /// Never below [`Self::FLOOR`], however slow the machine is; [`Self::PHONE`] if the clock stands still.
    ///
    /// `measure` tells how long one derivation of a cost takes. It is called up to four times: the faster of two counts, for
    /// the first touches memory that the system has yet to find.
    ///
    /// # Errors
    /// What `measure` gives.
    pub fn calibrate<E>(target: Duration, mut measure: impl FnMut(Self) -> Result<Duration, E>) -> Result<Self, E> {
        let mut cost = Self::FLOOR;
        let mut taken = Duration::ZERO;
        for memory_mib in [32, 64] {
            let larger = Self { memory_kib: memory_mib * 1024, ..Self::FLOOR };
            let time = measure(larger)?.min(measure(larger)?);
            if time.is_zero() {
                return Ok(Self::PHONE);
            }
            if time > target {
                break;
            }
            (cost, taken) = (larger, time);
        }
        // The time rises with the passes; what a pass takes is known for the memory that was chosen.
        let per_pass = taken.as_micros() / u128::from(cost.passes);
        let affordable = target.as_micros().checked_div(per_pass).unwrap_or_default();
        let passes = u32::try_from(affordable).unwrap_or(u32::MAX).clamp(Self::FLOOR.passes, MOST_PASSES);
        Ok(Self { passes, ..cost })
    }

    /// True if every figure lies between [`Self::FLOOR`] and [`Self::CEILING`].
    pub fn is_acceptable(&self) -> bool {
        let within = |v: u32, low: u32, high: u32| (low..=high).contains(&v);
        within(self.memory_kib, Self::FLOOR.memory_kib, Self::CEILING.memory_kib)
            && within(self.passes, Self::FLOOR.passes, Self::CEILING.passes)
            && within(self.lanes, Self::FLOOR.lanes, Self::CEILING.lanes)
    }
}

/// Stretches a passcode with Argon2id.
///
/// # Security
/// Six digits cannot carry a key offline whatever this costs: the result is what the phone's hardware is asked about
/// ([`crate::HardwareInput`]), and is only ever mixed with the answer, through [`derive_key`].
///
/// # Errors
/// [`CryptoError::KdfUnavailable`] for unacceptable cost or when memory is short.
pub fn stretch_passcode(passcode: &Passcode, salt: &[u8; 16], cost: KdfCost) -> Result<SecretKey, CryptoError> {
    if !cost.is_acceptable() {
        return Err(CryptoError::KdfUnavailable);
    }
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| CryptoError::KdfUnavailable)?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    scrubbed(|| {
        SecretKey::derive_with(|out| {
            // EXPOSE: Argon2 takes the digits as its password.
            argon.hash_password_into(passcode.expose(), salt, out).map_err(|_| CryptoError::KdfUnavailable)
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SystemRandom;

    #[test]
    fn keys_differ_by_purpose_context_salt_and_input() -> Result<(), CryptoError> {
        let rng = SystemRandom::new();
        let (a, b) = (SecretKey::make(&rng)?, SecretKey::make(&rng)?);
        let base = derive_key(&[&a], b"salt", "records", b"1")?;
        assert_eq!(base, derive_key(&[&a], b"salt", "records", b"1")?);
        for other in [
            derive_key(&[&b], b"salt", "records", b"1")?,
            derive_key(&[&a, &b], b"salt", "records", b"1")?,
            derive_key(&[&a], b"pepper", "records", b"1")?,
            derive_key(&[&a], b"salt", "history", b"1")?,
            derive_key(&[&a], b"salt", "records", b"2")?,
        ] {
            assert_ne!(base, other);
        }
        Ok(())
    }

    #[test]
    fn cost_below_floor_or_above_ceiling_is_refused() -> Result<(), CryptoError> {
        let passcode = Passcode::parse(b"271828".to_vec())?;
        for cost in [KdfCost { memory_kib: 8, ..KdfCost::FLOOR }, KdfCost { memory_kib: u32::MAX, ..KdfCost::PHONE }] {
            assert_eq!(stretch_passcode(&passcode, &[0; 16], cost).err(), Some(CryptoError::KdfUnavailable));
        }
        let low = stretch_passcode(&passcode, &[0; 16], KdfCost::FLOOR)?;
        assert_ne!(low, stretch_passcode(&passcode, &[1; 16], KdfCost::FLOOR)?);
        Ok(())
    }

    /// A machine whose derivations take so many microseconds for each MiB and pass.
    fn machine(us: u64) -> impl FnMut(KdfCost) -> Result<Duration, CryptoError> {
        move |cost| Ok(Duration::from_micros(us * u64::from(cost.memory_kib / 1024) * u64::from(cost.passes)))
    }

    #[test]
    fn cost_is_measured_up_to_the_target_memory_first_and_never_below_the_floor() {
        let target = Duration::from_millis(300);
        for (us, memory_mib, passes) in [
            (100, 64, 8),    // a server: all memory, and the most passes
            (500, 64, 8),    // 32 ms a pass
            (1_500, 64, 3),  // 96 ms a pass
            (2_500, 32, 3),  // 64 MiB twice would take 320 ms
            (4_600, 32, 2),  // 294 ms for 32 MiB twice
            (5_000, 19, 2),  // too slow even for that
            (50_000, 19, 2), // the floor takes two seconds, and stays
        ] {
            let expected = KdfCost { memory_kib: memory_mib * 1024, passes, lanes: 1 };
            assert_eq!(KdfCost::calibrate(target, machine(us)), Ok(expected), "{us} µs");
        }
        assert_eq!(KdfCost::calibrate(target, machine(0)), Ok(KdfCost::PHONE));
        assert_eq!(KdfCost::calibrate(Duration::ZERO, machine(9)), Ok(KdfCost::FLOOR));
        let failing = KdfCost::calibrate(target, |_| Err(CryptoError::KdfUnavailable));
        assert_eq!(failing, Err(CryptoError::KdfUnavailable));
    }

    proptest! {
        #[test]
        fn measured_cost_is_acceptable_and_keeps_the_target_unless_it_is_the_floor(us in 0..20_000_u64, ms in 0..5_000_u64) {
            let target = Duration::from_millis(ms);
            let cost = KdfCost::calibrate(target, machine(us)).unwrap();
            prop_assert!(cost.is_acceptable());
            prop_assert!(cost == KdfCost::FLOOR || us == 0 || machine(us)(cost).unwrap() <= target);
        }
    }
}
