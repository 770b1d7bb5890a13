//! The phone numbers of an account and the codes that prove them, and the phrase that stands in messages (domain F9, F13).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use eid_model::{Code, GuardedAct, PhoneNumber, SafetyPhrase};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::activation::{CODE_LIFE, TRIES, count_attempt, make_code};
use crate::{
    citizen::{AccountState, Citizen, RegisterChange},
    extract::JsonBody,
    message,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    session::check_session,
};

const PATH: &str = "/v1/phone-code";

/// How long the same request sends no further message, in seconds: its answer may have been lost.
const REPEAT: i64 = 60;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(send_code))
}

/// How an account's holder is reached.
pub(crate) struct Contacts {
    account: String,
    pid: String,
    first: PhoneNumber,
    first_confirmed_at: i64,
    second: Option<(PhoneNumber, i64)>,
    pub(crate) phrase: Option<SafetyPhrase>,
}

/// A phone number of the account, as a screen shows it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactLine {
    /// Its last digits.
    #[schema(example = "*******001")]
    hint: String,
    kind: ContactKind,
    /// When its holder last proved to have it.
    confirmed_at: i64,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ContactKind {
    First,
    Second,
}

/// What a code to a phone number is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CodeUse {
    /// Another first number.
    Change,
    /// A second number.
    Second,
    /// A number that is still the holder's.
    Confirm,
}

impl CodeUse {
    const fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Second => "second",
            Self::Confirm => "confirm",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Change => "DOI SO DIEN THOAI cua tai khoan dinh danh dien tu sang so nay",
            Self::Second => "THEM SO NAY lam so dien thoai thu hai cua tai khoan dinh danh dien tu",
            Self::Confirm => "XAC NHAN SO DIEN THOAI cua tai khoan dinh danh dien tu",
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct PhoneCodeRequest {
    #[serde(rename = "use")]
    what_for: CodeUse,
    /// The number that is to become one of the account's; with `change` and `second`.
    phone: Option<String>,
    /// Which of the account's numbers; with `confirm`.
    contact: Option<ContactKind>,
}

#[derive(Serialize, ToSchema)]
struct PhoneCodeSent {
    expires_at: i64,
}

/// Sends a one-time code to a phone number; its text says what it is for. The same again within a minute sends no other.
#[utoipa::path(
    post, path = "/v1/phone-code", tag = "instructions", request_body = PhoneCodeRequest,
    params(
        ("Authorization" = String, Header, description = "`DPoP` and an access token of auth level 2"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = PhoneCodeSent),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
            description = "2056, 7012, 7013, 7014, 7015, 7020, 7021, 7023"),
    )
)]
async fn send_code(
    State(platform): State<Shared>,
    headers: HeaderMap,
    request: Result<JsonBody<PhoneCodeRequest>, Refusal>,
) -> Result<Json<PhoneCodeSent>, Refusal> {
    let JsonBody(request) = request?;
    let sent = platform.call(move |platform, tx| {
        let (session, _) = check_session(platform, tx, &headers, "POST", PATH)?;
        session.require(platform, tx, GuardedAct::ViewWallet)?;
        AccountState::of(platform, tx, &session.account)?.require_active()?;
        send_once(platform, tx, &Contacts::load(platform, tx, &session.account)?, &request)
    });
    sent.await.map(Json)
}

fn send_once(
    platform: &Platform,
    tx: &Transaction<'_>,
    contacts: &Contacts,
    request: &PhoneCodeRequest,
) -> Result<PhoneCodeSent, Refusal> {
    let (what_for, phone) = (request.what_for, contacts.target(request)?);
    let (account, now) = (&contacts.account, platform.clock.seconds());
    let same = "SELECT expires_at FROM phone_codes WHERE account = ? AND phone = ? AND purpose = ? AND sent_at > ?";
    let same =
        tx.query_row(same, params![account, phone.as_str(), what_for.name(), now.saturating_sub(REPEAT)], |row| {
            row.get(0)
        });
    if let Some(expires_at) = same.optional()? {
        return Ok(PhoneCodeSent { expires_at });
    }
    count_attempt(tx, phone.as_str(), now)?;
    count_attempt(tx, account, now)?;
    let (code, expires_at) = (make_code(&platform.rng)?, now.saturating_add(CODE_LIFE));
    tx.execute(
        "INSERT OR REPLACE INTO phone_codes (account, phone, purpose, code, sent_at, expires_at, tries_left)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![account, phone.as_str(), what_for.name(), code, now, expires_at, TRIES],
    )?;
    message::send_code(tx, &phone, contacts.phrase.as_ref(), (&code, what_for.message()), now)?;
    Ok(PhoneCodeSent { expires_at })
}

/// Takes the code that was sent last; gives the number that it went to. It stays good until it expires, for an act whose answer was
/// lost is ordered again.
pub(crate) fn take_code(
    tx: &Transaction<'_>,
    account: &str,
    what_for: CodeUse,
    code: &str,
    now: i64,
) -> Result<PhoneNumber, Refusal> {
    let columns = "SELECT phone, code, expires_at, tries_left FROM phone_codes WHERE account = ? AND purpose = ?";
    let row = tx.query_row(columns, params![account, what_for.name()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, row.get::<_, u8>(3)?))
    });
    let expired = Refusal::new(StatusCode::GONE, Code::CODE_EXPIRED);
    let spent = Refusal::new(StatusCode::FORBIDDEN, Code::CODE_TRIES_SPENT);
    let (phone, right, expires_at, tries_left) = row.optional()?.ok_or(expired)?;
    if tries_left == 0 {
        return Err(spent);
    }
    if now >= expires_at {
        return Err(expired);
    }
    if bool::from(right.as_bytes().ct_eq(code.as_bytes())) {
        return PhoneNumber::parse(&phone).map_err(|_| Refusal::fault());
    }
    let left = tries_left.saturating_sub(1);
    tx.execute("UPDATE phone_codes SET tries_left = ? WHERE account = ?", params![left, account])?;
    Err(if left == 0 { spent } else { Refusal::new(StatusCode::BAD_REQUEST, Code::CODE_WRONG).tries_left(left) })
}

/// Notes that a number is still the holder's. One that is none of the account's any more is passed over.
pub(crate) fn confirm(platform: &Platform, tx: &Transaction<'_>, account: &str, phone: &str) -> Result<(), Refusal> {
    let (contacts, now) = (Contacts::load(platform, tx, account)?, platform.clock.seconds());
    if contacts.first.as_str() == phone {
        tx.execute("UPDATE accounts SET phone_confirmed_at = ? WHERE id = ?", params![now, account])?;
    }
    let second = "UPDATE accounts SET second_confirmed_at = ? WHERE id = ? AND second_phone = ?";
    tx.execute(second, params![now, account, phone])?;
    Ok(())
}

impl Contacts {
    pub(crate) fn load(platform: &Platform, tx: &Transaction<'_>, account: &str) -> Result<Self, Refusal> {
        let columns =
            "SELECT pid, phone_confirmed_at, second_phone, second_confirmed_at, phrase FROM accounts WHERE id = ?";
        let (pid, first_confirmed_at, second, second_at, phrase) = tx.query_row(columns, [account], |row| {
            let texts: (String, Option<String>, Option<String>) = (row.get(0)?, row.get(2)?, row.get(4)?);
            Ok((texts.0, row.get(1)?, texts.1, row.get::<_, i64>(3)?, texts.2))
        })?;
        let fault = Refusal::fault();
        let first = Citizen::find(platform, tx, &pid)?.ok_or(fault)?.person.phone;
        let second = second.map(|phone| PhoneNumber::parse(&phone)).transpose().map_err(|_| fault)?;
        let phrase = phrase.map(|phrase| SafetyPhrase::parse(&phrase)).transpose().map_err(|_| fault)?;
        let second = second.map(|phone| (phone, second_at));
        Ok(Self { account: account.to_owned(), pid, first, first_confirmed_at, second, phrase })
    }

    pub(crate) fn is_second(&self, phone: &PhoneNumber) -> bool {
        self.second.is_some_and(|(second, _)| second == *phone)
    }

    pub(crate) fn lines(&self) -> Vec<ContactLine> {
        let line = |phone: &PhoneNumber, kind, confirmed_at| ContactLine { hint: phone.masked(), kind, confirmed_at };
        let first = line(&self.first, ContactKind::First, self.first_confirmed_at);
        let second = self.second.as_ref().map(|(phone, at)| line(phone, ContactKind::Second, *at));
        std::iter::once(first).chain(second).collect()
    }

    /// Tells the holder, at each number, that something happened to the account.
    pub(crate) fn tell(&self, platform: &Platform, tx: &Transaction<'_>, what: &str) -> Result<(), Refusal> {
        let second = self.second.as_ref().map(|(phone, _)| phone);
        for phone in std::iter::once(&self.first).chain(second) {
            message::tell(tx, phone, self.phrase.as_ref(), what, platform.clock.seconds())?;
        }
        Ok(())
    }

    /// Another first number. The numbers that the account has had are told.
    pub(crate) fn change_first(
        &self,
        platform: &Platform,
        tx: &Transaction<'_>,
        phone: &PhoneNumber,
    ) -> Result<(), Refusal> {
        if *phone != self.first {
            let told =
                "so dien thoai cua tai khoan vua duoc doi. Neu khong phai ban, hay khoa tai khoan ngay bang ma khoa.";
            self.tell(platform, tx, told)?;
            RegisterChange { phone: Some(*phone), ..RegisterChange::default() }.store(platform, tx, &self.pid)?;
            let second = "UPDATE accounts SET second_phone = NULL WHERE id = ? AND second_phone = ?";
            tx.execute(second, params![self.account, phone.as_str()])?;
        }
        confirm(platform, tx, &self.account, phone.as_str())
    }

    /// A second number, or another one. The numbers that the account has had are told.
    pub(crate) fn set_second(
        &self,
        platform: &Platform,
        tx: &Transaction<'_>,
        phone: &PhoneNumber,
    ) -> Result<(), Refusal> {
        if !self.is_second(phone) {
            let told = "tai khoan vua co them so dien thoai thu hai. Neu khong phai ban, hay khoa tai khoan ngay bang ma khoa.";
            self.tell(platform, tx, told)?;
            let set = "UPDATE accounts SET second_phone = ? WHERE id = ?";
            tx.execute(set, params![phone.as_str(), self.account])?;
        }
        confirm(platform, tx, &self.account, phone.as_str())
    }

    /// Another phrase. It is told with the old one, so that its holder knows who says so.
    pub(crate) fn set_phrase(
        &self,
        platform: &Platform,
        tx: &Transaction<'_>,
        phrase: &SafetyPhrase,
    ) -> Result<(), Refusal> {
        if self.phrase.as_ref() != Some(phrase) {
            self.tell(platform, tx, "cau nhan biet cua tai khoan vua duoc doi.")?;
            let set = "UPDATE accounts SET phrase = ? WHERE id = ?";
            tx.execute(set, params![phrase.as_str(), self.account])?;
        }
        Ok(())
    }

    /// The number that a code is asked for.
    fn target(&self, request: &PhoneCodeRequest) -> Result<PhoneNumber, Refusal> {
        let invalid = Refusal::invalid_request();
        match (request.what_for, request.phone.as_deref(), request.contact) {
            (CodeUse::Confirm, None, Some(ContactKind::First)) => Ok(self.first),
            (CodeUse::Confirm, None, Some(ContactKind::Second)) => self.second.map(|(phone, _)| phone).ok_or(invalid),
            (CodeUse::Change, Some(phone), None) => PhoneNumber::parse(phone).map_err(|_| invalid),
            (CodeUse::Second, Some(phone), None) => {
                let phone = PhoneNumber::parse(phone).map_err(|_| invalid)?;
                // One number twice is no second way to the holder.
                if phone == self.first { Err(invalid) } else { Ok(phone) }
            }
            _ => Err(invalid),
        }
    }
}
