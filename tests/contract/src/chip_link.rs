use eid_core::ports::{ChipLimits, ChipLink, ChipLinkError, MAX_RESPONSE};

use crate::report::{Finding, Report};

/// SELECT of the eMRTD application (ICAO 9303-10, 3.6.1).
const SELECT: &[u8] = &[0x00, 0xa4, 0x04, 0x0c, 0x07, 0xa0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

/// SELECT of an application that no chip has.
const SELECT_NOTHING: &[u8] = &[0x00, 0xa4, 0x04, 0x0c, 0x05, 0xf0, 0xff, 0xff, 0xff, 0x01];

const DONE: &[u8] = &[0x90, 0x00];

/// Milliseconds for a chip to come, and for an answer of it.
const WAIT_MS: u32 = 5_000;

/// A chip link to a chip with the eMRTD application, which lies in the field. Ends its session.
pub async fn check_chip_link(chip: &dyn ChipLink) -> Vec<Finding> {
    let mut report = Report::default();
    let before = report.answer(chip.transceive(SELECT, WAIT_MS)).await;
    report.rule("before a session the chip is lost", before == Some(Err(ChipLinkError::TagLost)));
    let (mut found, mut fit, mut sized, mut own) = (true, true, true, true);
    // Connected afresh the second time.
    for _ in 0..2 {
        let limits = report.done(chip.connect(WAIT_MS)).await;
        found &= limits.is_some();
        fit &= limits.is_some_and(|limits| {
            limits.max_command >= ChipLimits::SHORT.max_command && limits.max_response >= ChipLimits::SHORT.max_response
        });
        for (command, done) in [(SELECT, true), (SELECT_NOTHING, false)] {
            let response = report.done(chip.transceive(command, WAIT_MS)).await.unwrap_or_default();
            sized &= (2..=MAX_RESPONSE).contains(&response.len());
            own &= response.ends_with(DONE) == done;
        }
    }
    report.rule("the chip is found, and found again", found);
    report.rule("a short APDU fits", fit);
    report.rule("each response has 2 to 65,538 bytes", sized);
    report.rule("each response belongs to its own command", sized && own);

    let ended = report.done(chip.end_session(true)).await.is_some();
    report.rule("the session is ended", ended);
    let after = report.answer(chip.transceive(SELECT, WAIT_MS)).await;
    report.rule("after the end the chip is lost", after == Some(Err(ChipLinkError::TagLost)));
    let again = report.done(chip.end_session(false)).await.is_some();
    report.rule("ending again is no error", again);
    report.end()
}
