//! The acts that an instruction can order, and what each asks for.

use axum::http::StatusCode;
use eid_model::{Code, Evidence, Factor, GuardedAct, PhoneNumber, SafetyPhrase, UnixTime};
use rusqlite::{Transaction, params};
use serde_json::{Map, Value};

use super::{
    account, biometric,
    configuration::auth_policy,
    contact::{self, CodeUse, Contacts},
    instruction::Outcome,
    lock, passcode,
};
use crate::{jwt::encode, platform::Platform, problem::Refusal, session::Session};

/// What an instruction orders, after its signatures, number and passcode were found right.
pub(super) struct Order<'a> {
    pub(super) platform: &'a Platform,
    pub(super) tx: &'a Transaction<'a>,
    pub(super) account: &'a str,
    /// Thumbprints of the keys that signed it.
    pub(super) device: &'a [u8; 32],
    pub(super) passcode: &'a [u8; 32],
    pub(super) challenge: &'a str,
    pub(super) seq: i64,
    /// The instruction's own hash.
    pub(super) hash: &'a [u8; 32],
    pub(super) params: &'a Map<String, Value>,
    pub(super) now: i64,
    /// What was shown of its sender.
    pub(super) shown: &'a [Evidence],
}

impl Order<'_> {
    /// Refuses what asks for more than was shown, and what a phone may not do on its first day with an account.
    pub(super) fn check(&self, act: GuardedAct) -> Result<(), Refusal> {
        let is_exempt = act == GuardedAct::RegisterBiometricKey && self.is_face_fresh();
        if !is_exempt {
            check_cooling_off(self.tx, self.account, act, self.now)?;
        }
        check_factors(self.tx, act, self.shown, self.now)
    }

    pub(super) fn carry_out(&self, act: GuardedAct) -> Result<Outcome, Refusal> {
        let result = match act {
            GuardedAct::SignIn => return self.sign_in(),
            GuardedAct::LockCode => return self.make_lock_code(),
            GuardedAct::ChangePasscode => {
                let epoch = self.change_passcode()?;
                Map::from_iter([("passcode_epoch".to_owned(), epoch.into())])
            }
            GuardedAct::Lock => {
                lock::lock_account(self.tx, self.account)?;
                Map::from_iter([("account_state".to_owned(), "self_locked".into())])
            }
            GuardedAct::RegisterBiometricKey => {
                let usable_from = self.register_biometric_key()?;
                Map::from_iter([("usable_from".to_owned(), usable_from.into())])
            }
            other => {
                self.carry_out_silently(other)?;
                Map::new()
            }
        };
        Ok(Outcome::Done { act: act.name().to_owned(), seq: self.seq, result })
    }

    /// The acts that have no result.
    fn carry_out_silently(&self, act: GuardedAct) -> Result<(), Refusal> {
        match act {
            GuardedAct::Unlink => account::unbind(self.tx, self.account, self.device),
            GuardedAct::RemoveBiometricKey => biometric::forget(self.tx, self.device),
            GuardedAct::ChangePhone => {
                self.contacts()?.change_first(self.platform, self.tx, &self.phone(CodeUse::Change)?)
            }
            GuardedAct::SetSecondPhone => {
                self.contacts()?.set_second(self.platform, self.tx, &self.phone(CodeUse::Second)?)
            }
            GuardedAct::ConfirmPhone => {
                let phone = contact::take_code(self.tx, self.account, CodeUse::Confirm, self.text("code")?, self.now)?;
                contact::confirm(self.platform, self.tx, self.account, phone.as_str())
            }
            GuardedAct::SetPhrase => {
                let phrase = SafetyPhrase::parse(self.text("phrase")?).map_err(|_| Refusal::invalid_request())?;
                self.contacts()?.set_phrase(self.platform, self.tx, &phrase)
            }
            _ => Err(Refusal::invalid_request()),
        }
    }

    fn sign_in(&self) -> Result<Outcome, Refusal> {
        let seen = "UPDATE devices SET last_seen_at = ? WHERE key = ?";
        self.tx.prepare_cached(seen)?.execute(params![self.now, self.device])?;
        let session = Session::signed_in(self.account.to_owned(), *self.device, self.now, self.hash);
        session.give(self.platform, self.tx, self.hash, true)?;
        Ok(Outcome::SignedIn { account: self.account.to_owned(), seq: self.seq, at: self.now })
    }

    /// The code itself is not stored: it is made again for a repeat.
    fn make_lock_code(&self) -> Result<Outcome, Refusal> {
        let code = lock::derive_code(self.platform, self.account, &encode(self.hash));
        lock::store_code(self.tx, self.account, &code)?;
        let told = "ma khoa tai khoan vua duoc cap lai, ma cu khong con dung duoc.";
        self.contacts()?.tell(self.platform, self.tx, told)?;
        Ok(Outcome::LockCode { account: self.account.to_owned(), seq: self.seq })
    }

    fn change_passcode(&self) -> Result<u32, Refusal> {
        let invalid = Refusal::invalid_request();
        let epoch = self.params.get("epoch").and_then(Value::as_u64).and_then(|epoch| u32::try_from(epoch).ok());
        let (epoch, binding) = (epoch.ok_or(invalid)?, self.text("passcode_binding")?);
        let key = passcode::verify_binding(self.platform, binding, passcode::BINDING, self.challenge)?;
        let present = "SELECT passcode_epoch FROM devices WHERE key = ?";
        let present: u32 = self.tx.query_row(present, [self.device], |row| row.get(0))?;
        if present.checked_add(1) != Some(epoch) {
            return Err(Refusal::new(StatusCode::CONFLICT, Code::PASSCODE_EPOCH_REFUSED));
        }
        passcode::register(self.tx, self.device, &key)?;
        self.tx.execute("UPDATE devices SET passcode_epoch = ? WHERE key = ?", params![epoch, self.device])?;
        Ok(epoch)
    }

    fn register_biometric_key(&self) -> Result<i64, Refusal> {
        let (keys, binding) = ((self.device, self.passcode), self.text("biometric_binding")?);
        let usable_from =
            biometric::register(self.platform, self.tx, keys, (binding, self.challenge), self.is_face_fresh())?;
        let told =
            "sinh trac hoc cua dien thoai vua duoc bat cho tai khoan. Neu khong phai ban, hay khoa tai khoan ngay.";
        self.contacts()?.tell(self.platform, self.tx, told)?;
        Ok(usable_from)
    }

    /// The number that is to become one of the account's, which its code was sent to.
    fn phone(&self, what_for: CodeUse) -> Result<PhoneNumber, Refusal> {
        let phone = PhoneNumber::parse(self.text("phone")?).map_err(|_| Refusal::invalid_request())?;
        let sent_to = contact::take_code(self.tx, self.account, what_for, self.text("code")?, self.now)?;
        if phone == sent_to { Ok(phone) } else { Err(Refusal::invalid_request()) }
    }

    /// True if the face was shown so short a time ago that a biometric key counts at once.
    fn is_face_fresh(&self) -> bool {
        let now = UnixTime::from_seconds(self.now);
        self.shown.iter().any(|shown| shown.factor == Factor::Face && shown.is_fresh(now, biometric::FACE_AGE))
    }

    fn contacts(&self) -> Result<Contacts, Refusal> {
        Contacts::load(self.platform, self.tx, self.account)
    }

    fn text(&self, name: &str) -> Result<&str, Refusal> {
        self.params.get(name).and_then(Value::as_str).ok_or(Refusal::invalid_request())
    }
}

/// Refuses what a phone may not do on its first day with an account.
pub(super) fn check_cooling_off(tx: &Transaction<'_>, account: &str, act: GuardedAct, now: i64) -> Result<(), Refusal> {
    let until: i64 = tx.query_row("SELECT cooling_until FROM accounts WHERE id = ?", [account], |row| row.get(0))?;
    if now < until && act.cools_off() {
        let refusal = Refusal::new(StatusCode::FORBIDDEN, Code::COOLING_OFF);
        return Err(refusal.retry_after(until.saturating_sub(now)));
    }
    Ok(())
}

/// Refuses what asks for more than was shown.
pub(super) fn check_factors(
    tx: &Transaction<'_>,
    act: GuardedAct,
    shown: &[Evidence],
    now: i64,
) -> Result<(), Refusal> {
    let missing = auth_policy(tx)?.missing_factors(act, shown, UnixTime::from_seconds(now));
    if missing.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, Code::AUTH_LEVEL_TOO_LOW).missing(&missing))
}
