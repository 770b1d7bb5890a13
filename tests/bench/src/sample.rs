//! Timing: thread CPU time, least of many samples, subjects in turns.

use std::hint::black_box;

use cpu_time::ThreadTime;

/// Repetitions inside one sample, so that a sample is long against the clock's resolution.
const REPEAT: u32 = 10;

/// The least time of one call of each subject, in microseconds.
pub(crate) fn least_us<const N: usize>(samples: u32, mut subjects: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut least = [f64::INFINITY; N];
    for _ in 0..samples {
        for (subject, least) in subjects.iter_mut().zip(&mut least) {
            let start = ThreadTime::now();
            for _ in 0..REPEAT {
                black_box(&mut *subject)();
            }
            let took = start.elapsed().as_secs_f64() * 1e6 / f64::from(REPEAT);
            *least = least.min(took);
        }
    }
    least
}

/// Uses a result up, so that making it is not optimised away.
pub(crate) fn sink<T>(value: T) {
    drop(black_box(value));
}
