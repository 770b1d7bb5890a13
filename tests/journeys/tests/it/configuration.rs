//! The signed configuration on a phone: updates, maintenance, older ones, clocks.

use eid_core::{AppStatus, Error, PlatformError, UpdateState};
use eid_model::{AccountState, Code, Kind, UnixTime};
use eid_proof::Purpose;
use eid_sandbox::{Fault, Settings, UpdateSettings, Window};

use crate::phone::{PASSCODE, Phone, START, World, request, show};

const DAY: u32 = 86_400;

pub(crate) fn required_below(version: &str) -> Settings {
    let update = UpdateSettings { required_below: version.to_owned(), ..UpdateSettings::default() };
    Settings { update, ..Settings::default() }
}

fn maintenance(from: i64, to: i64) -> Settings {
    Settings { maintenance: Some(Window { from, to }), ..Settings::default() }
}

async fn status(phone: &Phone) -> AppStatus {
    phone.app.app_status().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn update_states_reach_the_screen_and_only_the_gravest_stop_calls() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let settings = |[required, urgent, recommended]: [&str; 3], blocked: &[&str]| Settings {
        update: UpdateSettings {
            required_below: required.to_owned(),
            urgent_below: urgent.to_owned(),
            recommended_below: recommended.to_owned(),
            blocked: blocked.iter().map(|version| (*version).to_owned()).collect(),
        },
        ..Settings::default()
    };
    // The phone has 1.2.3.
    for (settings, update, code) in [
        (settings(["0.0.0", "0.0.0", "0.0.0"], &[]), UpdateState::Fine, None),
        (settings(["1.0.0", "1.2.3", "1.2.4"], &["1.2.2"]), UpdateState::Recommended, None),
        (settings(["1.2.3", "1.3.0", "2.0.0"], &[]), UpdateState::Urgent, None),
        (settings(["1.2.4", "1.2.4", "1.2.4"], &[]), UpdateState::Required, Some(Code::UPDATE_REQUIRED)),
        (settings(["0.0.0", "0.0.0", "0.0.0"], &["1.2.3"]), UpdateState::Blocked, Some(Code::APP_BLOCKED)),
    ] {
        world.sandbox.set_settings(&settings).unwrap();
        assert_eq!(phone.app.renew_configuration().await.unwrap().update, update);
        let refilled = unlocked.refill_credentials().await;
        assert_eq!(refilled.as_ref().err().map(Error::code), code, "{update:?}");
        if let Err(error) = refilled {
            assert_eq!(error.kind(), Kind::Rejected);
            // What is stored is shown all the same.
            show(&unlocked, request(Purpose::Age)).await.unwrap();
        }
    }
    // The platform takes it back: the phone finds out by itself.
    world.sandbox.set_settings(&Settings::default()).unwrap();
    unlocked.refill_credentials().await.unwrap();
    assert_eq!(status(&phone).await.update, UpdateState::Fine);
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_stops_calls_until_its_end_and_leaves_proofs() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    world.sandbox.set_settings(&maintenance(START + 60, START + 360)).unwrap();
    phone.app.renew_configuration().await.unwrap();
    unlocked.refill_credentials().await.unwrap();
    assert_eq!(status(&phone).await.maintenance.map(|window| window.to), Some(UnixTime::from_seconds(START + 360)));

    world.pass(&phone, 100);
    let refused = unlocked.refill_credentials().await.unwrap_err();
    let wait = std::time::Duration::from_secs(260);
    assert_eq!(refused, PlatformError::Busy { code: Code::MAINTENANCE, retry_after: Some(wait) }.into());
    let proof = show(&unlocked, request(Purpose::Id)).await.unwrap();
    assert_eq!(world.verdict(&proof, &phone), Code::Q00_VALID);
    // Nobody can be activated meanwhile, and is told why.
    let other = Phone::new(&world);
    other.clock.pass(100);
    other.app.renew_configuration().await.unwrap();
    assert_eq!(other.start(world.citizen()).await.unwrap_err().code(), Code::MAINTENANCE);

    world.pass(&phone, 260);
    unlocked.refill_credentials().await.unwrap();
    assert_eq!(status(&phone).await.maintenance, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn older_configuration_is_refused_and_the_one_that_is_held_stays_also_after_a_restart() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    world.sandbox.set_settings(&Settings { version: Some(9), ..required_below("1.0.0") }).unwrap();
    phone.app.renew_configuration().await.unwrap();
    unlocked.refill_credentials().await.unwrap();

    world.sandbox.set_settings(&Settings { version: Some(8), ..Settings::default() }).unwrap();
    assert_eq!(phone.app.renew_configuration().await.unwrap_err().code(), Code::CONFIGURATION_OLDER);
    let held = AppStatus {
        update: UpdateState::Fine,
        maintenance: None,
        configuration_version: Some(9),
        account: Some(AccountState::Active),
        refused: Some(Code::CONFIGURATION_OLDER),
    };
    assert_eq!(status(&phone).await, held);
    // It holds nothing up.
    world.pass(&phone, 2 * DAY);
    unlocked.refill_credentials().await.unwrap();
    drop(unlocked);

    phone.restart();
    assert_eq!(status(&phone).await.configuration_version, None);
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(status(&phone).await.configuration_version, Some(9));
    assert_eq!(phone.app.renew_configuration().await.unwrap_err().code(), Code::CONFIGURATION_OLDER);
    unlocked.refill_credentials().await.unwrap();
    world.sandbox.set_settings(&Settings { version: Some(10), ..Settings::default() }).unwrap();
    assert_eq!(phone.app.renew_configuration().await.unwrap().configuration_version, Some(10));
    assert_eq!(status(&phone).await.refused, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_built_in_counts_before_any_was_fetched_and_gives_way_to_newer_ones_only() {
    let world = World::new();
    world.sandbox.set_settings(&Settings { version: Some(5), ..required_below("1.3.0") }).unwrap();
    let built_in = world.sandbox.configuration().unwrap();
    let mut phone = Phone::new(&world);
    phone.build_in(&built_in).unwrap();
    assert_eq!(
        (status(&phone).await.update, status(&phone).await.configuration_version),
        (UpdateState::Required, Some(5))
    );
    assert_eq!(phone.start(world.citizen()).await.unwrap_err().code(), Code::UPDATE_REQUIRED);

    world.sandbox.set_settings(&Settings { version: Some(4), ..Settings::default() }).unwrap();
    assert_eq!(phone.app.renew_configuration().await.unwrap_err().code(), Code::CONFIGURATION_OLDER);
    // Built in for long and never renewed, it still counts.
    world.pass(&phone, 400 * DAY);
    assert_eq!(status(&phone).await.update, UpdateState::Required);
    world.sandbox.set_settings(&Settings { version: Some(6), ..Settings::default() }).unwrap();
    phone.app.renew_configuration().await.unwrap();
    assert!(phone.start(world.citizen()).await.is_ok());

    let (cut, _) = built_in.rsplit_once('.').unwrap();
    for broken in ["", "a.b.c", &built_in.replace('.', "-"), cut] {
        assert_eq!(phone.build_in(broken).unwrap_err(), Error::ConfigInvalid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_is_asked_for_once_a_day_and_one_that_fails_holds_nothing_up() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    world.sandbox.set_settings(&required_below("1.0.0")).unwrap();
    world.pass(&phone, DAY - 1);
    unlocked.refill_credentials().await.unwrap();
    assert_eq!(status(&phone).await.configuration_version, Some(1));
    world.pass(&phone, 1);
    unlocked.refill_credentials().await.unwrap();
    assert_eq!(status(&phone).await.configuration_version, Some(2));
    // A phone that never got one has the built-in table of acts and works.
    let other = Phone::new(&world);
    world.sandbox.set_fault(Fault::Nonsense);
    assert_eq!(other.app.renew_configuration().await.unwrap_err().code(), Code::PLATFORM_NONSENSE);
    world.sandbox.set_fault(Fault::Off);
    assert_eq!(status(&other).await.configuration_version, None);
    assert!(other.start(world.citizen()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_that_is_wrong_by_years_is_told_so_and_works_again_once_its_clock_is_right() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let year = |year: i64| (year - 1970) * 31_556_952;
    for wrong in [0, year(2099)] {
        phone.clock.set_wall(wrong);
        let code = phone.app.renew_configuration().await.unwrap_err().code();
        let expected = if wrong == 0 { Code::CONFIGURATION_INVALID } else { Code::CONFIGURATION_EXPIRED };
        assert_eq!(code, expected, "{wrong}");
    }
    phone.clock.set_wall(START);
    phone.app.renew_configuration().await.unwrap();
    let activation = phone.proven(&world, &person).await;
    for wrong in [0, year(2099)] {
        phone.clock.set_wall(wrong);
        let code = activation.complete(PASSCODE.to_vec()).await.unwrap_err().code();
        // The platform looks at the time in signed requests.
        assert_eq!(code, Code::REQUEST_INVALID, "{wrong}");
    }
    phone.clock.set_wall(START);
    let unlocked = activation.complete(PASSCODE.to_vec()).await.unwrap();
    unlocked.refill_credentials().await.unwrap();
    for (wrong, shown) in [(0, Code::CREDENTIAL_EXPIRED), (year(2099), Code::GRANT_EXPIRED)] {
        phone.clock.set_wall(wrong);
        assert_eq!(unlocked.refill_credentials().await.unwrap_err().code(), Code::REQUEST_INVALID, "{wrong}");
        let signed_in = unlocked.sign_in(PASSCODE.to_vec()).await.map(drop);
        assert_eq!(signed_in.unwrap_err().code(), Code::REQUEST_INVALID, "{wrong}");
        assert_eq!(show(&unlocked, request(Purpose::Age)).await.unwrap_err().code(), shown, "{wrong}");
        assert!(unlocked.account().await.is_ok() && unlocked.history(None, 1).await.is_ok(), "{wrong}");
    }
    phone.clock.set_wall(START);
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    unlocked.refill_credentials().await.unwrap();
    let proof = show(&unlocked, request(Purpose::Age)).await.unwrap();
    assert_eq!(world.verdict(&proof, &phone), Code::Q00_VALID);
}
