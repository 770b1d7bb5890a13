//! What makes and guards the phone's activation: hardware keys, guard of tries, envelopes.

use eid_vault::{EnvelopeKind, Factor, Permission, VaultError};

use super::{Scenario, Step, lasting};
use crate::{Failure, World};

pub(super) fn scenarios() -> Vec<Scenario> {
    let phone = |name, prepare, steps| Scenario { name, prepare, steps, behind_envelope: true };
    vec![
        phone("activation", |_| Ok(()), vec![lasting(World::activate)]),
        phone("tries", activated, tries()),
        phone("passcode_change", activated, vec![lasting(World::store_next), lasting(World::commit_next)]),
        phone("passcode_kept", activated, vec![lasting(World::store_next), lasting(World::drop_next)]),
        phone("biometrics", activated, biometrics()),
        phone("reset", activated, vec![lasting(World::reset)]),
    ]
}

/// Wrong tries, a wait of which a part is observed, and a right one. Far enough apart for one more: a try whose record could not
/// be synced may count although it was not made.
fn tries() -> Vec<Step> {
    let count = |at| lasting(move |world: &mut World| world.count_try(at));
    vec![
        count(1),
        count(2),
        count(70),
        lasting(|world| match world.may_try(84)? {
            Permission::WaitUntil { .. } => Ok(()),
            _ => Err(VaultError::Failed.into()),
        }),
        count(400),
        lasting(|world| world.right_try(400)),
    ]
}

fn biometrics() -> Vec<Step> {
    vec![
        lasting(|world| {
            let envelope = world.seal(Factor::Biometrics, 1, &world.binding()?)?;
            Ok(world.folder.store_envelope(&envelope)?)
        }),
        lasting(|world| {
            world.hardware.remove(EnvelopeKind::Biometric.hardware_alias(1));
            Ok(world.folder.remove_envelope(EnvelopeKind::Biometric)?)
        }),
    ]
}

fn activated(world: &mut World) -> Result<(), Failure> {
    world.activate()?;
    world.close();
    Ok(())
}
