//! What a restart must not lose, or give away again.

use eid_crypto::SigningKey;
use eid_model::PhoneNumber;
use eid_proof::Status;
use eid_sandbox::{SandboxError, Storage};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    instruction::sign_in,
    support::{HANH, HOA, World, binding, credential_proof},
};

/// A sandbox on disk that can be restarted.
struct Disk(TempDir);

impl Disk {
    fn open(&self, now: i64) -> World {
        World::with(Storage::File(self.0.path().join("sandbox.db")), now)
    }
}

fn disk() -> Disk {
    Disk(TempDir::new().unwrap())
}

#[tokio::test]
async fn restarted_sandbox_keeps_keys_accounts_and_messages() {
    let disk = disk();
    let world = disk.open(crate::support::START);
    let phone = world.activated(HANH).await;
    let key = SigningKey::make().unwrap();
    world.issued(&phone, "vn.eid.age", &[&key]).await;
    world.sandbox.set_account_status(&phone.account, Status::Suspended).unwrap();
    world.sandbox.rotate_issuer_key().unwrap();
    let number = PhoneNumber::parse(HANH.1).unwrap();
    let facts = |world: &World| {
        let sandbox = &world.sandbox;
        let version = world.sandbox.trust_list().unwrap().len();
        (sandbox.issuer_public_key().unwrap(), sandbox.ca_der().unwrap(), version, sandbox.messages(&number).unwrap())
    };
    let before = facts(&world);
    drop(world);

    let world = disk.open(crate::support::START + 10);
    assert_eq!(facts(&world), before);
    let again = world.activated(HANH).await;
    assert_eq!(again.account, phone.account);
    world.signed_in(&again).await;
    let refused = {
        let (token, nonce) = (world.signed_in(&again).await, world.nonce().await);
        let dpop = again.dpop("/openid4vci/credential", Some(&token), world.now());
        world.credential(&token, &dpop, "vn.eid.age", &[credential_proof(&key, &nonce, world.now())]).await
    };
    assert_eq!(refused.refusal().1, 7013, "the key of a credential is known after a restart");
}

#[tokio::test]
async fn restarted_sandbox_gives_no_new_tries() {
    let disk = disk();
    let world = disk.open(crate::support::START);
    let id = world.start(HANH, "k").await.text("activation_id");
    let code = world.code(HANH.1);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for left in [4, 3, 2, 1] {
        let refused = disk.open(world.now()).confirm(&id, wrong).await;
        assert_eq!(refused.json()["tries_left"], json!(left));
    }
    let world = disk.open(world.now());
    assert_eq!(world.confirm(&id, wrong).await.refusal().1, 2012);
    assert_eq!(disk.open(world.now()).confirm(&id, &code).await.refusal().1, 2012);
    for attempt in 0..4 {
        disk.open(world.now()).start(HANH, &format!("r{attempt}")).await;
    }
    assert_eq!(disk.open(world.now()).start(HANH, "r9").await.refusal().1, 7015);
}

#[tokio::test]
async fn restarted_sandbox_continues_an_activation_and_refuses_replays() {
    let disk = disk();
    let world = disk.open(crate::support::START);
    let (id, challenge) = world.challenge(HOA).await;
    let key = SigningKey::make().unwrap();
    let world = disk.open(world.now());
    let account = world.bind(&id, &challenge, &binding(&key, &challenge, world.now())).await.text("account_id");
    let phone = crate::support::Phone::new(key, account);
    let (assertion, dpop) = (phone.assertion(world.now()), phone.dpop("/oauth2/token", None, world.now()));
    let token = world.token(&assertion, &dpop).await.text("access_token");
    let nonce = world.nonce().await;

    let world = disk.open(world.now());
    assert_eq!(world.token(&assertion, &phone.dpop("/oauth2/token", None, world.now())).await.refusal().1, 7013);
    assert_eq!(world.token(&phone.assertion(world.now()), &dpop).await.refusal().1, 7013);
    let send = async |world: &World| {
        let proof = credential_proof(&SigningKey::make().unwrap(), &nonce, world.now());
        let dpop = phone.dpop("/openid4vci/credential", Some(&token), world.now());
        world.credential(&token, &dpop, "vn.eid.age", &[proof]).await
    };
    assert_eq!(send(&world).await.status, 200);
    assert_eq!(send(&disk.open(world.now())).await.refusal().1, 7014);
}

#[tokio::test]
async fn stolen_database_holds_no_token_and_no_key_of_a_passcode() {
    let disk = disk();
    let world = disk.open(crate::support::START);
    let phone = world.activated(HANH).await;
    let session = sign_in(&world, &phone, 1).await.json();
    let mut secrets = vec![world.signed_in(&phone).await.into_bytes()];
    for name in ["access_token", "refresh_token"] {
        secrets.push(session["result"][name].as_str().unwrap().as_bytes().to_vec());
    }
    // Of the passcode's key there is a hash: it tests guesses for nobody but who has the salt, which lies sealed on the phone.
    secrets.push(phone.passcode.public().x().to_vec());
    let mut content = Vec::new();
    for file in std::fs::read_dir(disk.0.path()).unwrap() {
        content.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |wanted: &[u8]| content.windows(wanted.len()).any(|window| window == wanted);
    assert!(holds(phone.account.as_bytes()), "the search finds what is there");
    assert!(secrets.iter().all(|secret| secret.len() >= 32 && !holds(secret)));
}

#[test]
fn database_of_another_version_is_left_alone() {
    let disk = disk();
    let path = disk.0.path().join("sandbox.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let config = eid_sandbox::SandboxConfig { storage: Storage::File(path), ..eid_sandbox::SandboxConfig::default() };
    let refused = eid_sandbox::Sandbox::open(&config, crate::support::URL);
    assert!(matches!(refused, Err(SandboxError::StoreVersion)));
}
