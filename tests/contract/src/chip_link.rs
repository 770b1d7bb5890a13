use eid_core::ports::{ChipLink, ChipLinkError, MAX_RESPONSE};

use crate::report::{Finding, Report};

/// SELECT of the eMRTD application (ICAO 9303-10, 3.6.1).
const SELECT: &[u8] = &[0x00, 0xa4, 0x04, 0x0c, 0x07, 0xa0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

/// SELECT of an application that no chip has.
const SELECT_NOTHING: &[u8] = &[0x00, 0xa4, 0x04, 0x0c, 0x05, 0xf0, 0xff, 0xff, 0xff, 0x01];

const DONE: &[u8] = &[0x90, 0x00];

/// A chip link to a chip with the eMRTD application. Ends its session.
pub async fn check_chip_link(chip: &dyn ChipLink) -> Vec<Finding> {
    let mut report = Report::default();
    let (mut sized, mut own) = (true, true);
    for (command, found) in [(SELECT, true), (SELECT_NOTHING, false), (SELECT, true), (SELECT_NOTHING, false)] {
        let response = report.done(chip.transceive(command)).await.unwrap_or_default();
        sized &= (2..=MAX_RESPONSE).contains(&response.len());
        own &= response.ends_with(DONE) == found;
    }
    report.rule("each response has 2 to 65,538 bytes", sized);
    report.rule("each response belongs to its own command", sized && own);

    let ended = report.done(chip.end_session(true)).await.is_some();
    report.rule("the session is ended", ended);
    let after = report.answer(chip.transceive(SELECT)).await;
    report.rule("after the end the chip is lost", after == Some(Err(ChipLinkError::TagLost)));
    let again = report.done(chip.end_session(false)).await.is_some();
    report.rule("ending again is no error", again);
    report.end()
}
