//! What Android asks of a shared library: segments aligned to pages of 16 KB (Android 15 and later).

use std::{fs, path::Path};

/// Pages of an ordinary PC.
pub(crate) const HOST_PAGE: u64 = 4096;

/// Alignment that each loaded segment needs on Android.
pub(crate) const ANDROID_PAGE: u64 = 16 * 1024;

/// A program header of this type is loaded (ELF, `PT_LOAD`).
const PT_LOAD: u64 = 1;

/// Refuses a library with a loaded segment of a smaller alignment.
pub(crate) fn check_alignment(library: &Path, least: u64) -> Result<(), String> {
    let bytes = fs::read(library).map_err(|e| format!("{}: {e}", library.display()))?;
    let alignments = load_alignments(&bytes).ok_or_else(|| format!("{} is no 64-bit ELF file", library.display()))?;
    match alignments.iter().find(|alignment| **alignment < least) {
        Some(small) => Err(format!("{}: a segment is aligned to {small}, not {least}", library.display())),
        None => Ok(()),
    }
}

/// The alignments of all loaded segments of a little-endian ELF file of either width; none if it is something else.
fn load_alignments(bytes: &[u8]) -> Option<Vec<u64>> {
    let wide = match bytes.get(..6)? {
        [0x7f, b'E', b'L', b'F', 2, 1] => true,
        [0x7f, b'E', b'L', b'F', 1, 1] => false,
        _ => return None,
    };
    let number = |at: u64, length: u64| {
        let field = bytes.get(usize::try_from(at).ok()?..)?.get(..usize::try_from(length).ok()?)?;
        Some(field.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    // Elf64_Ehdr or Elf32_Ehdr: e_phoff, e_phentsize, e_phnum; then p_align of each header.
    let (table, size, count) = if wide {
        (number(32, 8)?, number(54, 2)?, number(56, 2)?)
    } else {
        (number(28, 4)?, number(42, 2)?, number(44, 2)?)
    };
    let mut alignments = Vec::new();
    for at in 0..count {
        let header = table.checked_add(at.checked_mul(size)?)?;
        if number(header, 4)? == PT_LOAD {
            alignments.push(if wide {
                number(header.checked_add(48)?, 8)?
            } else {
                number(header.checked_add(28)?, 4)?
            });
        }
    }
    (!alignments.is_empty()).then_some(alignments)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 64-bit file of one loaded segment with this alignment.
    fn file(alignment: u64) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        bytes[64] = 1;
        bytes[112..].copy_from_slice(&alignment.to_le_bytes());
        bytes
    }

    #[test]
    fn segment_aligned_too_little_for_android_is_refused() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("target/tmp/elf");
        fs::create_dir_all(&folder).unwrap();
        let library = folder.join("made.so");
        for (alignment, fine) in [(4096, false), (16 * 1024, true), (64 * 1024, true)] {
            fs::write(&library, file(alignment)).unwrap();
            assert_eq!(check_alignment(&library, ANDROID_PAGE).is_ok(), fine, "{alignment}");
        }
    }

    #[test]
    fn this_program_is_aligned_to_the_pages_of_this_machine() {
        let ours = std::env::current_exe().unwrap();
        assert_eq!(check_alignment(&ours, HOST_PAGE), Ok(()));
        let alignments = load_alignments(&fs::read(&ours).unwrap()).unwrap();
        assert!(alignments.len() > 1 && alignments.iter().all(|alignment| alignment.is_power_of_two()));
    }

    #[test]
    fn anything_else_than_elf_is_refused() {
        for bytes in [&b""[..], b"\x7fELF", b"#!/bin/sh\n", &file(4096)[..100]] {
            assert_eq!(load_alignments(bytes), None);
        }
    }
}
