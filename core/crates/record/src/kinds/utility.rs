//! What contracts for electricity and water have in common. No kind of its own.

use eid_model::Code;

use crate::{Likeness, Value, field::HolderDatum, finding::Findings, view::View};

/// Who says that the contract is their own has their name on it; and the province is one of today.
pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let contract = view.fields();
    let name = contract.value("contract_holder").filter(|_| contract.is("relation", &["holder"]));
    let other = name.zip(view.context().holder);
    if other.is_some_and(|(name, holder)| holder.likeness(HolderDatum::Name, name) == Likeness::Different) {
        findings.error(contract.path("contract_holder"), Code::HOLDER_MISMATCH);
    }
    if let Some(Value::Province(code)) = contract.value("province")
        && view.context().tables.provinces().find(*code).is_none()
    {
        findings.warn(contract.path("province"), Code::ADDRESS_PROVINCE_UNKNOWN);
    }
}
