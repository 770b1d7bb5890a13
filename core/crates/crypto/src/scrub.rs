use std::hint::black_box;

/// Deepest use of the stack by one operation of ring or Argon2, with room to spare: 16 KiB are too few for an unoptimised
/// build, as `tests/foreign/python/test_memory.py` showed.
const DEPTH: usize = 48 * 1024;

/// As [`DEPTH`], for one HMAC with a key that is expanded already: no key schedule is made. Frames of unoptimised builds are
/// many times larger.
const SHALLOW: usize = if cfg!(debug_assertions) { DEPTH } else { 4 * 1024 };

/// Runs `work` and wipes the part of the stack that it used.
///
/// ring's key states are values that move by copying and do not wipe themselves: an AES key schedule begins with the key
/// itself, and stays on the stack of the thread until something else is written there.
pub(crate) fn scrubbed<T>(work: impl FnOnce() -> T) -> T {
    let done = apart(work);
    wipe_below::<DEPTH>();
    done
}

/// As [`scrubbed`], for work that goes less deep.
pub(crate) fn scrubbed_shallow<T>(work: impl FnOnce() -> T) -> T {
    let done = apart(work);
    wipe_below::<SHALLOW>();
    done
}

/// A frame of its own for all that `work` puts on the stack.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

#[inline(never)]
fn wipe_below<const LENGTH: usize>() {
    let mut below = [0_u8; LENGTH];
    // The optimiser must believe that somebody looks at the zeros.
    black_box(&mut below);
}
