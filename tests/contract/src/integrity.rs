use eid_core::ports::{Integrity, IntegrityError, MAX_ATTESTATION};

use crate::report::{Finding, Report};

/// Attestation. A phone that has none keeps the contract by saying so.
pub async fn check_integrity(integrity: &dyn Integrity) -> Vec<Finding> {
    let mut report = Report::default();
    let first = report.answer(integrity.attest(&[1; 32])).await;
    if first == Some(Err(IntegrityError::Unavailable)) {
        report.rule("what the phone does not have is Unavailable", true);
        return report.end();
    }
    let mut statements = vec![first.and_then(Result::ok).unwrap_or_default()];
    for nonce in [[2; 16].as_slice(), &[3; 64]] {
        statements.push(report.done(integrity.attest(nonce)).await.unwrap_or_default());
    }
    let sized = statements.iter().all(|statement| (1..=MAX_ATTESTATION).contains(&statement.len()));
    report.rule("each statement has 1 to 16,384 bytes", sized);
    let bound =
        statements.iter().enumerate().all(|(at, one)| !statements.iter().skip(at + 1).any(|other| other == one));
    report.rule("another nonce gives another statement", sized && bound);
    report.end()
}
