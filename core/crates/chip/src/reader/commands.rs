//! Commands that have one form.

use crate::{Command, apdu, tlv};

/// The eMRTD application.
const APPLICATION: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

/// Selects the eMRTD application; no answer data is wanted.
pub(super) fn select_application() -> Command {
    Command::new(0xA4, 0x04, 0x0C).data(&APPLICATION)
}

/// Selects a file under the current directory; no answer data is wanted.
pub(super) fn select_file(id: u16) -> Command {
    Command::new(0xA4, 0x02, 0x0C).data(&id.to_be_bytes())
}

/// `READ BINARY` of the current file.
pub(super) fn read_binary(offset: usize, le: usize) -> Command {
    let le = u32::try_from(le).unwrap_or(0x1_0000);
    match u16::try_from(offset).ok().filter(|offset| *offset <= 0x7FFF) {
        Some(offset) => {
            let [high, low] = offset.to_be_bytes();
            Command::new(0xB0, high, low).le(le)
        }
        None => {
            let bytes = offset.to_be_bytes();
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let object = tlv::encode(0x54, &[bytes.get(zeros..).unwrap_or_default()]);
            Command::new(apdu::READ_BINARY_ODD, 0, 0).data(&object).le(le)
        }
    }
}
