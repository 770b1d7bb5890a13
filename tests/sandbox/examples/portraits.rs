//! The comparison sheet of the portrait pipeline: `cargo run -p eid-sandbox --example portraits -- core/docs/img/portraits.png`.
//!
//! A column for each of eight drawn citizens. From above: the picture of the chip (JPEG, 15 KB), then the portrait of a proof with at most
//! 1,000, 700, 600 – what proofs have –, 500 and 400 bytes, one and a half times its size. It prints how large each row's are.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a tool that may stop, and talks to its terminal")]

use std::{fs, path::Path};

use eid_sandbox::shrink_portrait;
use image::{GrayImage, Luma, imageops, imageops::FilterType};

/// Most bytes, by row.
const ROWS: [usize; 5] = [1000, 700, 600, 500, 400];

/// A portrait at one and a half times its size, and the space around it.
const CELL: (u32, u32) = (108, 144);
const GAP: u32 = 8;

fn main() {
    let path = std::env::args_os().nth(1).expect("where to");
    let faces = Path::new(env!("CARGO_MANIFEST_DIR")).join("portraits");
    let chips: Vec<Vec<u8>> =
        (1..=8).map(|number| fs::read(faces.join(format!("{number}.jpg"))).expect("portrait")).collect();
    let mut columns: Vec<Vec<Vec<u8>>> = vec![chips.clone()];
    for most in ROWS {
        let row: Vec<Vec<u8>> = chips.iter().map(|chip| shrink_portrait(chip, most).expect("picture")).collect();
        let sizes = row.iter().map(Vec::len);
        let (least, largest) = (sizes.clone().min().unwrap_or(0), sizes.max().unwrap_or(0));
        println!("at most {most} bytes: {least} to {largest}");
        columns.push(row);
    }
    sheet(&columns).save(path).expect("sheet");
}

fn sheet(rows: &[Vec<Vec<u8>>]) -> GrayImage {
    let length = |count: usize, cell: u32| u32::try_from(count).expect("few") * (cell + GAP) + GAP;
    let width = length(rows.first().map_or(0, Vec::len), CELL.0);
    let mut sheet = GrayImage::from_pixel(width, length(rows.len(), CELL.1), Luma([255]));
    for (row, files) in (0..).zip(rows) {
        for (column, file) in (0..).zip(files) {
            let picture = image::load_from_memory(file).expect("picture").into_luma8();
            let picture = imageops::resize(&picture, CELL.0, CELL.1, FilterType::CatmullRom);
            let at = |number: i64, cell: u32| number * i64::from(cell + GAP) + i64::from(GAP);
            imageops::replace(&mut sheet, &picture, at(column, CELL.0), at(row, CELL.1));
        }
    }
    sheet
}
