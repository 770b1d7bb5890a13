use qrcode::{Color, EcLevel, QrCode, Version};

use crate::ProofError;

/// Largest version that phones show and cheap scanners read: 117 × 117 modules.
const MAX_VERSION: i16 = 25;

/// Largest proof, in bytes, that fits a QR code of that version in either spelling.
pub const MAX_QR_BYTES: usize = 1232;

/// Light modules around the symbol, each side (ISO/IEC 18004).
const QUIET_ZONE: usize = 4;

/// A QR symbol (ISO/IEC 18004), error-correction level L: on a screen a lower version beats a higher level.
#[derive(Clone, PartialEq, Eq)]
pub struct QrSymbol {
    version: u8,
    side: usize,
    dark: Vec<bool>,
}

impl QrSymbol {
    /// Encodes a text; digits and base45 text take the compact modes.
    ///
    /// # Errors
    /// [`ProofError::QrTooLarge`] if it needs more than version 25.
    pub fn encode(text: &str) -> Result<Self, ProofError> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).map_err(|_| ProofError::QrTooLarge)?;
        let Version::Normal(version @ 1..=MAX_VERSION) = code.version() else {
            return Err(ProofError::QrTooLarge);
        };
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        let version = u8::try_from(version).map_err(|_| ProofError::QrTooLarge)?;
        Ok(Self { version, side: usize::from(version) * 4 + 17, dark })
    }

    /// The version, 1–25.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// Modules per side, without the quiet zone.
    pub fn side(&self) -> usize {
        self.side
    }

    /// True if the module is dark; light outside the symbol.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = x < self.side && y < self.side;
        inside && self.dark.get(y * self.side + x).copied().unwrap_or_default()
    }

    /// The symbol with its quiet zone as rows of half blocks for a terminal: two modules to a character, dark on light
    /// whatever the terminal's own colours.
    pub fn to_terminal(&self) -> String {
        let edge = self.side + 2 * QUIET_ZONE;
        let dark = |x: usize, y: usize| {
            x.checked_sub(QUIET_ZONE).zip(y.checked_sub(QUIET_ZONE)).is_some_and(|(x, y)| self.is_dark(x, y))
        };
        let mut out = String::new();
        for y in (0..edge).step_by(2) {
            out.push_str("\u{1b}[30;107m");
            for x in 0..edge {
                out.push(match (dark(x, y), dark(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            out.push_str("\u{1b}[0m\n");
        }
        out
    }

    /// The symbol with its quiet zone as an SVG picture, black on white: one unit a module, so that it is sharp at any size. It
    /// holds no text, no script and no address.
    pub fn to_svg(&self) -> String {
        let edge = self.side + 2 * QUIET_ZONE;
        let mut path = String::new();
        for y in 0..self.side {
            let mut x = 0;
            while x < self.side {
                let run = (x..self.side).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    let (left, top) = (x + QUIET_ZONE, y + QUIET_ZONE);
                    path.push_str(&format!("M{left} {top}h{run}v1h-{run}z"));
                }
                x += run.max(1);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {edge} {edge}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{edge}v{edge}h-{edge}z\"/><path d=\"{path}\"/></svg>\n"
        )
    }
}

impl core::fmt::Debug for QrSymbol {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("QrSymbol").field("version", &self.version).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_of_version_25_is_the_cap() {
        // Version 25-L holds 3,057 digits (ISO/IEC 18004, table 7).
        assert_eq!(QrSymbol::encode(&"7".repeat(3057)).map(|qr| qr.version()), Ok(25));
        assert_eq!(QrSymbol::encode(&"7".repeat(3058)), Err(ProofError::QrTooLarge));
        assert_eq!(QrSymbol::encode(&"7".repeat(9000)), Err(ProofError::QrTooLarge));
    }

    #[test]
    fn largest_proof_fits_in_both_spellings() {
        use crate::{Spelling, encode_text};
        for (spelling, slack) in [(Spelling::Base45, 0), (Spelling::Digits, 30)] {
            let version = |length| QrSymbol::encode(&encode_text(&vec![0xff; length], spelling)).map(|qr| qr.version());
            assert_eq!(version(MAX_QR_BYTES), Ok(25));
            assert_eq!(version(MAX_QR_BYTES + slack + 1), Err(ProofError::QrTooLarge));
        }
    }

    /// Reads the dark runs of the path back.
    #[test]
    fn picture_in_svg_has_each_dark_module_once_and_nothing_else() {
        let qr = QrSymbol::encode("VN1:ABC $%*+-./:").unwrap();
        let svg = qr.to_svg();
        assert!(svg.contains("viewBox=\"0 0 29 29\"") && qr.side() == 21);
        let path = svg.split("<path d=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut dark = std::collections::BTreeSet::new();
        for run in path.split_terminator('z') {
            let (at, size) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let run: usize = size.split('v').next().unwrap().parse().unwrap();
            assert!((x..x + run).all(|x| dark.insert((x - 4, y - 4))));
        }
        let wanted = (0..21).flat_map(|y| (0..21).map(move |x| (x, y))).filter(|(x, y)| qr.is_dark(*x, *y)).collect();
        assert_eq!(dark, wanted);
    }

    #[test]
    fn finder_pattern_stands_in_three_corners() {
        let qr = QrSymbol::encode("70411234").unwrap();
        let last = qr.side() - 1;
        for (x, y) in [(0, 0), (last, 0), (0, last), (3, 3)] {
            assert!(qr.is_dark(x, y));
        }
        assert!(!qr.is_dark(1, 1) && !qr.is_dark(last, last + 1) && !qr.is_dark(last + 1, 0));
    }
}
