//! Trust list and status lists, and the change of the issuer's key.

use eid_crypto::{SigningKey, VerifyingKey};
use eid_proof::{HeldToken, KeyUse, StatusSnapshot, TrustList, bundle_status_lists};
use eid_sandbox::{SANDBOX_ROOT, SANDBOX_ROOT_PKCS8, Sandbox, SandboxConfig};

use crate::support::{HANH, URL, World};

const DAY: i64 = 86_400;

async fn fetched(world: &World) -> TrustList {
    let answer = world.get("/v1/trust-list").await;
    assert_eq!((answer.status, &answer.headers["content-type"]), (200, &"application/cose".parse().unwrap()));
    TrustList::parse(&answer.body, &[VerifyingKey::parse(SANDBOX_ROOT).unwrap()]).unwrap()
}

fn proof_keys(trust: &TrustList) -> Vec<VerifyingKey> {
    trust.keys().iter().filter(|key| key.usage == KeyUse::Proof).map(|key| key.key).collect()
}

#[test]
fn root_key_committed_fits_its_public_half() {
    assert_eq!(SigningKey::parse_pkcs8(SANDBOX_ROOT_PKCS8).unwrap().public().sec1(), SANDBOX_ROOT);
}

#[tokio::test]
async fn trust_list_fetched_holds_one_key_for_each_use() {
    let world = World::new();
    let trust = fetched(&world).await;
    assert_eq!((trust.version(), trust.environment()), (4, "sandbox"));
    assert_eq!(trust.issued_at(), Some(world.time()));
    assert!(trust.keys().iter().all(|key| key.is_valid_at(world.time())));
    assert_eq!(proof_keys(&trust), [world.sandbox.issuer_public_key().unwrap()]);
    let uses: Vec<_> = trust.keys().iter().map(|key| (key.usage, key.issuer.as_str())).collect();
    let (issuer, registrar) = ("e.example", "r.example");
    let expected = [
        (KeyUse::Proof, issuer),
        (KeyUse::Status, issuer),
        (KeyUse::Status, registrar),
        (KeyUse::Grant, issuer),
        (KeyUse::Registrar, registrar),
    ];
    assert_eq!(uses, expected);
    let stranger = *SigningKey::make().unwrap().public();
    assert!(TrustList::parse(&world.sandbox.trust_list().unwrap(), &[stranger]).is_err());
}

#[tokio::test]
async fn environment_set_up_is_the_one_in_the_list() {
    let config = SandboxConfig { environment: "training".to_owned(), ..SandboxConfig::default() };
    let list = Sandbox::open(&config, URL).unwrap().trust_list().unwrap();
    let trust = TrustList::parse(&list, &[VerifyingKey::parse(SANDBOX_ROOT).unwrap()]).unwrap();
    assert_eq!(trust.environment(), "training");
}

#[tokio::test]
async fn issuer_key_rotated_leaves_the_old_one_trusted_for_31_days() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let old_key = SigningKey::make().unwrap();
    let old = HeldToken::parse(world.issued(&phone, "vn.eid.age", &[&old_key]).await.remove(0)).unwrap();
    let before = fetched(&world).await;
    let retired = world.sandbox.issuer_public_key().unwrap();

    world.wait(60);
    world.sandbox.rotate_issuer_key().unwrap();
    let current = world.sandbox.issuer_public_key().unwrap();
    let after = fetched(&world).await;
    assert_eq!(proof_keys(&after), [retired, current]);
    assert!(after.version() > before.version() && after.may_replace(&before));
    let new_key = SigningKey::make().unwrap();
    let new = HeldToken::parse(world.issued(&phone, "vn.eid.age", &[&new_key]).await.remove(0)).unwrap();
    for (token, key) in [(&old, &old_key), (&new, &new_key)] {
        token.check(&after, key.public(), world.time()).unwrap();
    }
    assert!(new.check(&before, new_key.public(), world.time()).is_err());

    world.wait(31 * DAY);
    assert_eq!(proof_keys(&fetched(&world).await), [retired, current]);
    world.wait(1);
    let last = fetched(&world).await;
    assert_eq!(proof_keys(&last), [current]);
    assert!(last.version() > after.version());
    assert_eq!(fetched(&world).await.version(), last.version());
}

#[tokio::test]
async fn status_lists_fetched_are_signed_and_the_same_one_by_one() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let key = SigningKey::make().unwrap();
    let token = HeldToken::parse(world.issued(&phone, "vn.eid.age", &[&key]).await.remove(0)).unwrap();
    let place = token.status().unwrap();
    let trust = fetched(&world).await;
    let all = world.get("/v1/status-lists").await;
    assert_eq!(all.headers["content-type"], "application/cbor");
    let one = world.get("/status/1").await;
    assert_eq!(one.headers["content-type"], "application/statuslist+cwt");
    for snapshot in [all.body.to_vec(), bundle_status_lists(&[one.body.to_vec()])] {
        let snapshot = StatusSnapshot::parse(&snapshot, &trust).unwrap();
        assert_eq!(snapshot.as_of(), Some(world.time()));
        let entry = snapshot.find("e.example", &place.uri, place.index).unwrap();
        assert_eq!(entry.status, eid_proof::Status::Valid);
        assert!(snapshot.find("e.example", &place.uri, 65_535).is_some());
        assert!(snapshot.find("e.example", &place.uri, 65_536).is_none());
    }
    for n in ["0", "2", "-1", "x", "9999999999999999999999"] {
        assert_eq!(world.get(&format!("/status/{n}")).await.refusal(), (404, 7013, None), "{n}");
    }
}
