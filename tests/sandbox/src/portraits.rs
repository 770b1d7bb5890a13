//! Drawn portraits of nobody, by number from 1.

use std::sync::OnceLock;

use crate::shrink_portrait;

/// What an identity proof has room for, in bytes.
const MOST: usize = 600;

/// WebP, 72×96, at most 600 bytes: made of the large one as an issuer does it, once. Empty if there is none.
pub(crate) fn small(number: u8) -> &'static [u8] {
    static MADE: [OnceLock<Vec<u8>>; 16] = [const { OnceLock::new() }; 16];
    let place = usize::from(number).checked_sub(1).and_then(|at| MADE.get(at));
    place.map_or(&[], |made| made.get_or_init(|| shrink_portrait(large(number), MOST).unwrap_or_default()))
}

/// JPEG, 360×480, about 15 KB: what a card's chip holds. Empty if there is none.
pub(crate) fn large(number: u8) -> &'static [u8] {
    usize::from(number).checked_sub(1).and_then(|at| LARGE.get(at)).copied().unwrap_or_default()
}

const LARGE: [&[u8]; 16] = [
    include_bytes!("../portraits/1.jpg"),
    include_bytes!("../portraits/2.jpg"),
    include_bytes!("../portraits/3.jpg"),
    include_bytes!("../portraits/4.jpg"),
    include_bytes!("../portraits/5.jpg"),
    include_bytes!("../portraits/6.jpg"),
    include_bytes!("../portraits/7.jpg"),
    include_bytes!("../portraits/8.jpg"),
    include_bytes!("../portraits/9.jpg"),
    include_bytes!("../portraits/10.jpg"),
    include_bytes!("../portraits/11.jpg"),
    include_bytes!("../portraits/12.jpg"),
    include_bytes!("../portraits/13.jpg"),
    include_bytes!("../portraits/14.jpg"),
    include_bytes!("../portraits/15.jpg"),
    include_bytes!("../portraits/16.jpg"),
];
