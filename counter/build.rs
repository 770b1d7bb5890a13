//! Says whether the decoder of codes in pictures is there: `cargo xtask page` fetches it, since it is not ours. Without it the page
//! takes scanners and pasted codes, and says that it reads no pictures.

use std::path::Path;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(decoder)");
    println!("cargo::rerun-if-changed=page/vendor");
    if ["zxing.js", "zxing_reader.wasm"].iter().all(|name| Path::new("page/vendor").join(name).is_file()) {
        println!("cargo::rustc-cfg=decoder");
    }
}
