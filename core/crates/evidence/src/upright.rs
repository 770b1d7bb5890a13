//! How the camera was held (Exif 2.32, tag 0x0112), and pictures turned upright.

use crate::shrink::{Pixels, RGB};

/// How rows and columns of the file lie in the picture as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Orientation {
    /// Rows of the file are columns of the picture.
    swap: bool,
    /// The first row of the file is at the right or at the bottom.
    flip_rows: bool,
    /// The first column of the file is at the right or at the bottom.
    flip_columns: bool,
}

impl Orientation {
    /// Reads the tag out of Exif data; what cannot be read counts as upright, since a picture is not worse for it.
    pub(crate) fn parse(exif: Option<&[u8]>) -> Self {
        exif.and_then(find_tag).map(Self::from_tag).unwrap_or_default()
    }

    fn from_tag(tag: u16) -> Self {
        let (swap, flip_rows, flip_columns) = match tag {
            2 => (false, false, true),
            3 => (false, true, true),
            4 => (false, true, false),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self { swap, flip_rows, flip_columns }
    }

    /// The picture as it was seen.
    pub(crate) fn apply(self, picture: Pixels) -> Pixels {
        if self == Self::default() {
            return picture;
        }
        let Pixels { width, height, rgb } = picture;
        let (new_width, new_height) = if self.swap { (height, width) } else { (width, height) };
        let mut turned = Vec::with_capacity(rgb.len());
        for y in 0..new_height {
            for x in 0..new_width {
                let (row, column) = if self.swap { (x, y) } else { (y, x) };
                let row = if self.flip_rows { height - 1 - row } else { row };
                let column = if self.flip_columns { width - 1 - column } else { column };
                let at = (row * width + column) * RGB;
                turned.extend_from_slice(rgb.get(at..at + RGB).unwrap_or(&[0; RGB]));
            }
        }
        Pixels { width: new_width, height: new_height, rgb: turned }
    }
}

/// The tag in the first directory of a TIFF structure, with or without the head `Exif`.
fn find_tag(exif: &[u8]) -> Option<u16> {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let is_big = match tiff.get(..4)? {
        [0x49, 0x49, 0x2a, 0] => false,
        [0x4d, 0x4d, 0, 0x2a] => true,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let bytes = tiff.get(4..8)?.try_into().ok()?;
    let directory = if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
    let directory = usize::try_from(directory).ok()?;
    let count = short(directory)?;
    (0..usize::from(count)).find_map(|entry| {
        let at = directory.checked_add(2 + 12 * entry)?;
        (short(at)? == 0x0112).then(|| short(at.checked_add(8)?)).flatten()
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Exif data that holds an orientation and a place.
    pub(crate) fn exif(orientation: u16, is_big: bool) -> Vec<u8> {
        let short = |v: u16| if is_big { v.to_be_bytes() } else { v.to_le_bytes() };
        let long = |v: u32| if is_big { v.to_be_bytes() } else { v.to_le_bytes() };
        let mut out = if is_big { b"MM".to_vec() } else { b"II".to_vec() };
        out.extend(short(42));
        out.extend(long(8));
        out.extend(short(2));
        // The maker of the camera, as four letters, then the orientation.
        for (tag, kind, count, value) in [
            (0x010f_u16, 2_u16, 4_u32, *b"Cam\0"),
            (0x0112, 3, 1, [short(orientation), [0, 0]].concat().try_into().unwrap()),
        ] {
            out.extend([short(tag), short(kind)].concat());
            out.extend(long(count));
            out.extend(value);
        }
        out.extend(long(0));
        out.extend(b"GPS 21.0278 N 105.8342 E");
        out
    }

    #[test]
    fn each_orientation_turns_the_picture_as_it_was_seen() {
        // Two columns, three rows: a is at the top left of what was seen, b beside it.
        let seen = "ab\ncd\nef";
        for (tag, stored) in [
            (1, "ab\ncd\nef"),
            (2, "ba\ndc\nfe"),
            (3, "fe\ndc\nba"),
            (4, "ef\ncd\nab"),
            (5, "ace\nbdf"),
            (6, "bdf\nace"),
            (7, "fdb\neca"),
            (8, "eca\nfdb"),
            (9, "ab\ncd\nef"),
        ] {
            let rows: Vec<&str> = stored.lines().collect();
            let rgb = rows.concat().bytes().flat_map(|letter| [letter; 3]).collect();
            let picture = Pixels { width: rows[0].len(), height: rows.len(), rgb };
            for is_big in [false, true] {
                let turned = Orientation::parse(Some(&exif(tag, is_big))).apply(picture.clone());
                let letters: Vec<u8> = turned.rgb.chunks(3).map(|pixel| pixel[0]).collect();
                let lines: Vec<_> = letters.chunks(turned.width).map(|row| String::from_utf8_lossy(row)).collect();
                assert_eq!((lines.join("\n").as_str(), turned.height), (seen, 3), "{tag}");
            }
        }
    }

    #[test]
    fn exif_that_cannot_be_read_counts_as_upright() {
        let good = exif(6, true);
        assert_ne!(Orientation::parse(Some(&[b"Exif\0\0", good.as_slice()].concat())), Orientation::default());
        for length in 0..32 {
            assert_eq!(Orientation::parse(Some(&good[..length])), Orientation::default(), "{length}");
        }
        assert_eq!(Orientation::parse(None), Orientation::default());
        let mut beyond = good;
        beyond[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(Orientation::parse(Some(&beyond)), Orientation::default());
    }

    proptest! {
        #[test]
        fn any_exif_parsed_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..80), is_big in any::<bool>()) {
            Orientation::parse(Some(&bytes));
            let head = exif(1, is_big);
            bytes.splice(0..0, head[..10].iter().copied());
            Orientation::parse(Some(&bytes));
        }
    }
}
