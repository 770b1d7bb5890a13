//! Drawn portraits of nobody, by number from 1.

/// WebP, 72×96, at most 600 bytes: what an identity proof has room for. Empty if there is none.
pub(crate) fn small(number: u8) -> &'static [u8] {
    find(&SMALL, number)
}

/// JPEG, 360×480, about 15 KB: what a card's chip holds. Empty if there is none.
pub(crate) fn large(number: u8) -> &'static [u8] {
    find(&LARGE, number)
}

fn find(portraits: &[&'static [u8]; 16], number: u8) -> &'static [u8] {
    usize::from(number).checked_sub(1).and_then(|at| portraits.get(at)).copied().unwrap_or_default()
}

const SMALL: [&[u8]; 16] = [
    include_bytes!("../portraits/1.webp"),
    include_bytes!("../portraits/2.webp"),
    include_bytes!("../portraits/3.webp"),
    include_bytes!("../portraits/4.webp"),
    include_bytes!("../portraits/5.webp"),
    include_bytes!("../portraits/6.webp"),
    include_bytes!("../portraits/7.webp"),
    include_bytes!("../portraits/8.webp"),
    include_bytes!("../portraits/9.webp"),
    include_bytes!("../portraits/10.webp"),
    include_bytes!("../portraits/11.webp"),
    include_bytes!("../portraits/12.webp"),
    include_bytes!("../portraits/13.webp"),
    include_bytes!("../portraits/14.webp"),
    include_bytes!("../portraits/15.webp"),
    include_bytes!("../portraits/16.webp"),
];

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
