//! When the passcode may be tried on this phone: the policy, and its record in bytes. Pure: readings of the clocks come in, a
//! [`Permission`] goes out. How the record is kept so that nobody turns it back is the work of [`crate::GuardSession`].

mod session;

use eid_crypto::{HardwareInput, SecretBytes, SecretKey, hash::sha256_parts};

pub use session::{CountedTry, GuardPort, GuardSession, GuardSlot};

use crate::{
    VaultError,
    file::{frame, unframe},
};

const MAGIC: [u8; 4] = *b"EIDG";
const VERSION: u8 = 1;
const BODY: usize = 1 + 1 + 1 + 8 + 8 + 8 + 16 + 8;
/// Frame, body, tag.
pub(crate) const BYTES: usize = (4 + 1 + 32) + BODY + 32;
/// Wrong tries without a wait.
const FREE: u8 = 3;
/// The wrong try that ends all tries.
const LAST: u8 = 10;
const DESTROYED: u8 = 1;
const LOST: u8 = 2;

/// Wrong tries so far and what is left of the wait (số lần nhập sai, thời gian chờ): three tries are free, then each
/// wrong one costs 1 min, 5 min, 30 min, 24 h, 24 h, …; the tenth ends them.
///
/// A wait is spent only by time that certainly passed. On one boot that is the monotonic clock alone. After a restart
/// it is what both clocks agree on at least: the time since the boot, but no more than the wall clock moved. So neither
/// setting the clock nor restarting shortens a wait, and each [`Self::check`] that is stored keeps what was waited so far.
///
/// ```
/// use eid_vault::{Guard, Moment, Permission};
///
/// let at = |monotonic_ms| Moment { unix_seconds: 1_790_000_000, monotonic_ms, boot_id: [1; 16] };
/// let mut guard = Guard::default();
/// for _ in 0..3 {
///     assert_eq!(guard.check(&at(1_000)), Permission::Allowed);
///     guard.count(&at(1_000)); // stored before the passcode is tried
/// }
/// assert_eq!(guard.check(&at(31_000)), Permission::WaitUntil { unix_seconds: 1_790_000_030, seconds: 30 });
/// assert_eq!(guard.check(&at(61_000)), Permission::Allowed);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guard {
    wrong: u8,
    destroyed: bool,
    lost: bool,
    remaining_ms: u64,
    seen: Moment,
    generation: u64,
}

/// One reading of the phone's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Wall clock: seconds since 1970, UTC. Anybody can set it.
    pub unix_seconds: i64,
    /// Milliseconds since the phone started, sleep included. Nobody can set it.
    pub monotonic_ms: u64,
    /// Differs from boot to boot, and only then: not computed from the wall clock.
    pub boot_id: [u8; 16],
}

/// Whether a try is allowed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// The passcode may be tried.
    Allowed,
    /// It may be tried later.
    WaitUntil {
        /// When, by the wall clock as it stands now; for display.
        unix_seconds: i64,
        /// How long from now, rounded up; for a countdown.
        seconds: u64,
    },
    /// Never again: the hardware keys of the passcode are to be destroyed, if they are not yet. Biometrics, recovery or a new
    /// activation remain.
    Destroyed,
}

impl Guard {
    /// What stands in the place of a record that is gone or was not kept by this phone: nine wrong tries and the longest wait.
    ///
    /// It cannot be kinder. Who has wrong tries behind him could lose the record on purpose, so losing it must never be worth
    /// more than keeping it, whatever it said. [`Self::clear`] ends it.
    pub fn lost(now: &Moment) -> Self {
        let wrong = LAST - 1;
        Self { wrong, lost: true, remaining_ms: wait_after(wrong), seen: *now, ..Self::default() }
    }

    /// Whether a try is allowed at `now`. Store the state after a [`Permission::WaitUntil`], so that the time waited so
    /// far survives a restart.
    pub fn check(&mut self, now: &Moment) -> Permission {
        self.observe(now);
        match self.remaining_ms.div_ceil(1000) {
            _ if self.destroyed => Permission::Destroyed,
            0 => Permission::Allowed,
            seconds => Permission::WaitUntil {
                unix_seconds: now.unix_seconds.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX)),
                seconds,
            },
        }
    }

    /// Counts a try as wrong. Called and stored *before* the passcode is tried, so that a kill in the middle counts.
    pub fn count(&mut self, now: &Moment) {
        self.observe(now);
        self.wrong = self.wrong.saturating_add(1).min(LAST);
        self.destroyed |= self.wrong == LAST;
        self.remaining_ms = wait_after(self.wrong);
    }

    /// The try was right after all, or a new passcode was set: the count starts anew. `generation` is the store's, if it is
    /// open; it never goes back.
    pub fn right(&mut self, generation: Option<u64>) {
        self.clear(generation);
        self.destroyed = false;
    }

    /// The holder came in another way, by biometrics or recovery: the count starts anew. A passcode that was destroyed stays so
    /// until a new one is set.
    pub fn clear(&mut self, generation: Option<u64>) {
        (self.wrong, self.remaining_ms, self.lost) = (0, 0, false);
        self.generation = self.generation.max(generation.unwrap_or_default());
    }

    /// The store's generation when it was last opened; it has that at least, unless it is an older copy.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Wrong tries since the last right one.
    pub fn wrong_tries(&self) -> u8 {
        self.wrong
    }

    /// True if the passcode is to be tried no more.
    pub fn is_destroyed(&self) -> bool {
        self.destroyed
    }

    /// True if the record was gone, so that the wait is not the fault of wrong tries.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Takes the time that certainly passed since the last reading off the wait.
    fn observe(&mut self, now: &Moment) {
        let same_boot = now.boot_id == self.seen.boot_id;
        let passed = if same_boot {
            now.monotonic_ms.saturating_sub(self.seen.monotonic_ms)
        } else {
            let wall = now.unix_seconds.saturating_sub(self.seen.unix_seconds);
            now.monotonic_ms.min(u64::try_from(wall).unwrap_or(0).saturating_mul(1000))
        };
        self.remaining_ms = self.remaining_ms.saturating_sub(passed);
        let latest = if same_boot { now.monotonic_ms.max(self.seen.monotonic_ms) } else { now.monotonic_ms };
        self.seen = Moment { monotonic_ms: latest, ..*now };
    }
}

/// The wait after so many wrong tries, in milliseconds.
fn wait_after(wrong: u8) -> u64 {
    let seconds = match wrong {
        ..FREE => 0,
        3 => 60,
        4 => 5 * 60,
        5 => 30 * 60,
        _ => 24 * 60 * 60,
    };
    seconds * 1000
}

/// A [`Guard`] as it is stored, with the answer of a hardware key that vouches for it.
///
/// Bytes, big-endian, in the frame `EIDG ‖ 1 ‖ … ‖ SHA-256`: `key (1: 0 or 1) ‖ wrong (1) ‖ flags (1: 1 destroyed, 2 lost) ‖
/// remaining ms (8) ‖ unix (8) ‖ monotonic ms (8) ‖ boot id (16) ‖ generation (8) ‖ tag (32)`.
#[derive(Debug, PartialEq, Eq)]
pub struct GuardRecord {
    slot: GuardSlot,
    guard: Guard,
    tag: SecretBytes,
}

impl GuardRecord {
    /// The byte form.
    pub fn encode(&self) -> Vec<u8> {
        // EXPOSE: the tag is what the file carries.
        frame(MAGIC, VERSION, &[body(self.slot, &self.guard).as_slice(), self.tag.expose()].concat())
    }

    /// Parses the byte form: exact length, figures that can be. Whether the tag fits only the hardware can tell.
    ///
    /// # Errors
    /// [`VaultError::Foreign`], [`VaultError::FileDamaged`], [`VaultError::Newer`].
    pub fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        let (body, tag) = unframe(MAGIC, VERSION, bytes)?.split_last_chunk::<32>().ok_or(VaultError::FileDamaged)?;
        let (slot, guard) = parse_body(body).ok_or(VaultError::FileDamaged)?;
        Ok(Self { slot, guard, tag: SecretBytes::new(tag.to_vec()) })
    }
}

/// What the key of `slot` is asked about a record of this installation.
fn question(binding: &[u8; 32], slot: GuardSlot, guard: &Guard) -> Result<HardwareInput, VaultError> {
    let digest = sha256_parts(&[b"eid-vault/guard\0", &[VERSION], binding, &body(slot, guard)]);
    Ok(HardwareInput::new(SecretKey::parse(&SecretBytes::new(digest.to_vec()))?))
}

fn body(slot: GuardSlot, guard: &Guard) -> Vec<u8> {
    let Moment { unix_seconds, monotonic_ms, boot_id } = guard.seen;
    let flags = u8::from(guard.destroyed) * DESTROYED + u8::from(guard.lost) * LOST;
    [
        [slot as u8, guard.wrong, flags].as_slice(),
        &guard.remaining_ms.to_be_bytes(),
        &unix_seconds.to_be_bytes(),
        &monotonic_ms.to_be_bytes(),
        &boot_id,
        &guard.generation.to_be_bytes(),
    ]
    .concat()
}

fn parse_body(bytes: &[u8]) -> Option<(GuardSlot, Guard)> {
    let ([slot, wrong, flags], rest) = bytes.split_first_chunk()?;
    let (remaining_ms, rest) = rest.split_first_chunk()?;
    let (unix_seconds, rest) = rest.split_first_chunk()?;
    let (monotonic_ms, rest) = rest.split_first_chunk()?;
    let (boot_id, generation) = rest.split_first_chunk()?;
    let slot = [GuardSlot::A, GuardSlot::B].into_iter().find(|known| *known as u8 == *slot)?;
    let guard = Guard {
        wrong: *wrong,
        destroyed: flags & DESTROYED != 0,
        lost: flags & LOST != 0,
        remaining_ms: u64::from_be_bytes(*remaining_ms),
        seen: Moment {
            unix_seconds: i64::from_be_bytes(*unix_seconds),
            monotonic_ms: u64::from_be_bytes(*monotonic_ms),
            boot_id: *boot_id,
        },
        generation: u64::from_be_bytes(generation.try_into().ok()?),
    };
    let possible = guard.wrong <= LAST
        && *flags <= DESTROYED + LOST
        && (guard.destroyed || guard.wrong < LAST)
        && guard.remaining_ms <= wait_after(guard.wrong);
    possible.then_some((slot, guard))
}

#[cfg(test)]
mod tests;
