//! Registrations of counters: who may ask, for what, and with which key. A registrar signs them; counters print them as
//! posters and put them into each request.

use eid_crypto::{SigningKey, VerifyingKey};
use eid_model::UnixTime;

use crate::{
    KeyUse, ProofError, Purpose, Status, StatusReference, StatusSnapshot, TrustList,
    binding::is_counter,
    cbor::{Key, Reader, Writer},
    claim::is_clean,
    cose::{self, Header, KeyId, Sign1, Typ},
    disclosure,
    error::Malformed,
    labels,
    text::encode_counter_text,
    time::{from_secs, to_secs},
    token::{MAX_BYTES, StatusPointer, read_cnf, read_status},
};

/// The `vct` of a registration.
const VCT: i64 = 65050;

/// Longest life of a registration, in seconds: 400 days, a year and what it takes to print a new poster.
const MAX_LIFE_S: u32 = 400 * 86_400;

/// Longest name that is shown to citizens, in bytes.
const MAX_NAME: usize = 120;

/// What a registrar says of a counter.
#[derive(Debug)]
pub struct RegistrationDraft<'a> {
    /// The registrar's name, as in the trust list.
    pub registrar: &'a str,
    /// The counter's name on the wire: `rp/` and 1–40 characters of `[0-9A-Za-z._-]`.
    pub counter: &'a str,
    /// Its name for people, 1–120 bytes.
    pub name: &'a str,
    /// What it may ask for; not empty.
    pub allowed: &'a [Purpose],
    /// Where answers may be sent over the network: `host` or `host:port`, lower case.
    pub host: Option<&'a str>,
    /// The counter's key.
    pub key: &'a VerifyingKey,
    /// Now.
    pub issued_at: UnixTime,
    /// Life in days, at most 400.
    pub valid_days: u16,
    /// The entry of a status list.
    pub status: Option<StatusReference>,
}

impl RegistrationDraft<'_> {
    /// Signs the registration with the registrar's key.
    ///
    /// # Errors
    /// [`ProofError::DraftInvalid`] for whatever the format does not allow; [`ProofError::Crypto`].
    pub fn sign(&self, key: &SigningKey) -> Result<Registration, ProofError> {
        let issued = to_secs(self.issued_at).ok_or(ProofError::DraftInvalid)?;
        let expires = u32::from(self.valid_days).checked_mul(86_400).and_then(|life| issued.checked_add(life));
        let mut writer = Writer::new();
        writer.map(8 + usize::from(self.status.is_some()) + usize::from(self.host.is_some()));
        writer.int(labels::ISS).text(self.registrar).int(labels::SUB).text(self.counter);
        writer
            .int(labels::EXP)
            .int(expires.ok_or(ProofError::DraftInvalid)?.into())
            .int(labels::IAT)
            .int(issued.into());
        writer.int(labels::CNF).map(1).int(labels::CNF_COSE_KEY);
        cose::write_key(&mut writer, self.key);
        writer.int(labels::VCT).int(VCT);
        if let Some(status) = &self.status {
            writer.int(labels::STATUS).map(1).text("status_list").map(2);
            writer.text("idx").int(status.index.into()).text("uri").text(&status.uri);
        }
        writer.int(labels::COUNTER_NAME).text(self.name).int(labels::ALLOWED).array(self.allowed.len());
        self.allowed.iter().for_each(|purpose| {
            writer.int(purpose.vct().into());
        });
        if let Some(host) = self.host {
            writer.int(labels::ANSWER_HOST).text(host);
        }
        let token = cose::sign(key, Typ::Number(labels::TYP_SD_CWT), cose::NO_HEADER, &writer.finish())?;
        // What is signed must pass our own parser, limits included.
        Registration::parse(token).map_err(|_| ProofError::DraftInvalid)
    }
}

/// A registration as received: checked in form. [`Self::check`] checks the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    bytes: Vec<u8>,
    key_id: KeyId,
    registrar: String,
    counter: String,
    name: String,
    allowed: Vec<Purpose>,
    host: Option<String>,
    key: VerifyingKey,
    issued_at: UnixTime,
    expires_at: UnixTime,
    status: Option<StatusReference>,
}

impl Registration {
    /// Parses the bytes of a registration.
    ///
    /// # Errors
    /// [`ProofError::CounterCodeUnreadable`].
    pub fn parse(bytes: Vec<u8>) -> Result<Self, ProofError> {
        read(bytes).map_err(|Malformed| ProofError::CounterCodeUnreadable)
    }

    /// Checks that a registrar of the trust list signed it and that it stands now. Gives the time of the status list that says
    /// so; `None` if no list at hand speaks of it, so that a withdrawal could be unknown here.
    ///
    /// # Errors
    /// [`ProofError::CounterUnregistered`], [`ProofError::RegistrationEnded`], [`ProofError::CounterWithdrawn`].
    pub fn check(
        &self,
        trust: &TrustList,
        lists: Option<&StatusSnapshot>,
        now: UnixTime,
    ) -> Result<Option<UnixTime>, ProofError> {
        let mut keys = trust.find(KeyUse::Registrar, &self.key_id, &self.registrar);
        if !keys.any(|key| key.is_valid_at(self.issued_at) && cose::is_signed_by(&self.bytes, &key.key)) {
            return Err(ProofError::CounterUnregistered);
        }
        if now.seconds().saturating_add(MAX_SKEW_S) < self.issued_at.seconds() || now >= self.expires_at {
            return Err(ProofError::RegistrationEnded);
        }
        let entry = |at: &StatusReference| lists?.find(&self.registrar, &at.uri, at.index);
        match self.status.as_ref().and_then(entry) {
            Some(entry) if entry.status == Status::Valid => Ok(Some(entry.as_of)),
            // An old list can still say so: the citizen loses less by not showing than by showing.
            Some(_) => Err(ProofError::CounterWithdrawn),
            None => Ok(None),
        }
    }

    /// The encoded registration.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text of the counter's printed code (áp phích của quầy).
    pub fn text(&self) -> String {
        encode_counter_text(&self.bytes)
    }

    /// The registrar's name.
    pub fn registrar(&self) -> &str {
        &self.registrar
    }

    /// The counter's name on the wire, `rp/…`.
    pub fn counter(&self) -> &str {
        &self.counter
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it may ask for, of what this version knows.
    pub fn allowed(&self) -> &[Purpose] {
        &self.allowed
    }

    /// Where answers may be sent over the network.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The counter's key.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// When it was made.
    pub fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// When it ends.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The entry of a status list that tells whether it was withdrawn.
    pub fn status(&self) -> Option<&StatusReference> {
        self.status.as_ref()
    }
}

/// How far a phone's clock may be behind the registrar's or a counter's, in seconds: the counter's nonce shows freshness, not
/// the clock.
pub(crate) const MAX_SKEW_S: i64 = 600;

/// True for `host` or `host:port` in lower case, of names and of addresses in digits.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "443"));
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let number = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    name.len() <= 100 && name.split('.').all(label) && number && !port.starts_with('0')
}

fn read(bytes: Vec<u8>) -> Result<Registration, Malformed> {
    if bytes.len() > MAX_BYTES {
        return Err(Malformed);
    }
    let (sign1, disclosures) = Reader::whole(&bytes, |reader| Sign1::read(reader, disclosure::read_header))?;
    let header = Header::parse(sign1.protected)?;
    header.require(Typ::Number(labels::TYP_SD_CWT))?;
    if sign1.signature.len() != 64 || header.kcwt.is_some() || !disclosures.is_empty() {
        return Err(Malformed);
    }
    let key_id = header.require_kid()?;
    let fields = Fields::parse(sign1.payload)?;
    let (issued, expires) = (fields.issued_at.ok_or(Malformed)?, fields.expires_at.ok_or(Malformed)?);
    let life = expires.checked_sub(issued).ok_or(Malformed)?;
    let registration = Registration {
        key_id,
        registrar: fields.registrar.ok_or(Malformed)?.to_owned(),
        counter: fields.counter.filter(|name| is_counter(name)).ok_or(Malformed)?.to_owned(),
        name: fields.name.filter(|name| name.len() <= MAX_NAME && is_clean(name, false)).ok_or(Malformed)?.to_owned(),
        allowed: fields.allowed.ok_or(Malformed)?,
        host: fields.host.map(str::to_owned),
        key: fields.key.ok_or(Malformed)?,
        issued_at: from_secs(issued),
        expires_at: from_secs(expires),
        status: fields.status.map(|at| StatusReference { index: at.index, uri: at.uri.to_owned() }),
        bytes: Vec::new(),
    };
    let host = registration.host.as_deref().is_none_or(is_host);
    if fields.vct != Some(VCT) || life > MAX_LIFE_S || registration.registrar.is_empty() || !host {
        return Err(Malformed);
    }
    Ok(Registration { bytes, ..registration })
}

#[derive(Default)]
struct Fields<'b> {
    registrar: Option<&'b str>,
    counter: Option<&'b str>,
    expires_at: Option<u32>,
    issued_at: Option<u32>,
    key: Option<VerifyingKey>,
    vct: Option<i64>,
    status: Option<StatusPointer<'b>>,
    name: Option<&'b str>,
    allowed: Option<Vec<Purpose>>,
    host: Option<&'b str>,
}

impl<'b> Fields<'b> {
    fn parse(payload: &'b [u8]) -> Result<Self, Malformed> {
        let mut fields = Self::default();
        Reader::whole(payload, |reader| {
            reader.map(|reader, key| {
                match key {
                    Key::Int(labels::ISS) => fields.registrar = Some(reader.text()?),
                    Key::Int(labels::SUB) => fields.counter = Some(reader.text()?),
                    Key::Int(labels::EXP) => fields.expires_at = Some(reader.uint32()?),
                    Key::Int(labels::IAT) => fields.issued_at = Some(reader.uint32()?),
                    Key::Int(labels::CNF) => fields.key = Some(read_cnf(reader)?),
                    Key::Int(labels::VCT) => fields.vct = Some(reader.int()?),
                    Key::Int(labels::STATUS) => fields.status = Some(read_status(reader)?),
                    Key::Int(labels::COUNTER_NAME) => fields.name = Some(reader.text()?),
                    Key::Int(labels::ALLOWED) => fields.allowed = Some(read_allowed(reader)?),
                    Key::Int(labels::ANSWER_HOST) => fields.host = Some(reader.text()?),
                    _ => return Err(Malformed),
                }
                Ok(())
            })
        })?;
        Ok(fields)
    }
}

/// Numbers of a later version are left out: what this phone does not know it does not answer.
fn read_allowed(reader: &mut Reader<'_>) -> Result<Vec<Purpose>, Malformed> {
    let count = reader.array()?;
    if !(1..=64).contains(&count) {
        return Err(Malformed);
    }
    let numbers = (0..count).map(|_| u16::try_from(reader.int()?).map_err(|_| Malformed));
    let numbers = numbers.collect::<Result<Vec<u16>, _>>()?;
    Ok(numbers.into_iter().filter_map(Purpose::from_vct).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_hosts_are_hosts() {
        for good in ["a.example", "localhost:8443", "127.0.0.1:1", "q1.benhvien-mau.example"] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            "A.example",
            "a.example/",
            "a..example",
            "u@a.example",
            "a.example:0",
            "a.example:65536",
            "a:b:1",
            "-a",
            "a.example:08",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
