//! Each fuzz body over its corpus and over mutations of it, on a stable toolchain.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a test may panic and report")]

use std::{fs, path::Path};

/// Mutations of each corpus file.
const MUTATIONS: usize = 2000;

#[test]
fn bodies_survive_the_corpus_and_its_mutations() {
    for (name, body) in eid_fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "{name} has no corpus");
        let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let mut runs = 0;
        for seed in &seeds {
            body(seed);
            for _ in 0..MUTATIONS {
                body(&mutate(seed, &seeds, &mut dice));
                runs += 1;
            }
        }
        println!("{name}: {} seeds, {runs} mutations", seeds.len());
    }
}

/// Flips, cuts, repeats, swaps in boundary values, or splices with another seed.
fn mutate(seed: &[u8], seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(data.len() + 1);
        match dice.below(7) {
            0 if at < data.len() => data[at] ^= 1 << dice.below(8),
            1 if at < data.len() => data[at] = [0, 1, 0x17, 0x18, 0x5b, 0x7f, 0x80, 0x9f, 0xbf, 0xff][dice.below(10)],
            2 => data.truncate(at),
            3 => {
                let copy = data[at..data.len().min(at + 16)].to_vec();
                data.splice(at..at, copy);
            }
            4 => data.insert(at, u8::try_from(dice.below(256)).unwrap()),
            5 if at < data.len() => drop(data.remove(at)),
            _ => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len() + 1);
                data.truncate(at);
                data.extend_from_slice(&other[from..]);
            }
        }
    }
    data
}

/// xorshift64*: the same mutations in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(value).unwrap() % bound
    }
}
