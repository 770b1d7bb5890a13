//! Requests of counters (mã yêu cầu của quầy): the counter's screen asks, the phone answers. The same structure as a proof, the
//! other way round: the counter signs, around the registration that says who it is.

use eid_crypto::SigningKey;
use eid_model::UnixTime;

use crate::{
    Claim, ProofError, Purpose, Registration, Spelling, StatusSnapshot, TrustList,
    binding::{self, MAX_LIFE_S},
    cbor::{Key, Reader, Writer},
    claim::is_clean,
    cose::{self, Header, Sign1, Typ},
    error::Malformed,
    labels,
    registration::MAX_SKEW_S,
    text::{decode_counter_text, encode_counter_text},
    time::{from_secs, to_secs},
    token::MAX_BYTES,
};

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 16;

/// Longest purpose text, in bytes.
const MAX_REASON: usize = 200;

/// Longest address of answers, in bytes.
const MAX_ADDRESS: usize = 200;

/// The audience of a request: every wallet.
const WALLET: &str = "wallet";

/// What a counter asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Which kind of proof.
    pub purpose: Purpose,
    /// With the photo.
    pub photo: bool,
    /// Which claims, of a flex proof only: there at least one, none of them the face.
    pub claims: Vec<Claim>,
    /// What for, in words for the citizen, 1–200 bytes.
    pub reason: String,
    /// Where the answer may be sent instead of shown: `https://` at the registered host.
    pub answer_to: Option<String>,
    /// The spelling that the counter's scanner wants.
    pub spelling: Option<Spelling>,
}

/// One request before it is signed.
#[derive(Debug)]
pub struct RequestDraft<'a> {
    /// Who asks.
    pub registration: &'a Registration,
    /// What for.
    pub asked: &'a Asked,
    /// Random, for this request alone.
    pub nonce: [u8; NONCE_BYTES],
    /// The counter's time.
    pub now: UnixTime,
    /// How long it may be answered, in seconds: at most 120.
    pub life_s: u32,
}

impl RequestDraft<'_> {
    /// Signs the request with the counter's key.
    ///
    /// # Errors
    /// [`ProofError::RequestNotAllowed`] for what the registration does not allow, [`ProofError::DraftInvalid`] for what the format
    /// does not, or a key that is not the registered one; [`ProofError::Crypto`].
    pub fn sign(&self, key: &SigningKey) -> Result<CounterRequest, ProofError> {
        if key.public() != self.registration.key() {
            return Err(ProofError::DraftInvalid);
        }
        let signed = to_secs(self.now).ok_or(ProofError::DraftInvalid)?;
        let expires = signed.checked_add(self.life_s).ok_or(ProofError::DraftInvalid)?;
        let asked = self.asked;
        let mut writer = Writer::new();
        writer.map(6 + usize::from(asked.answer_to.is_some()) + usize::from(asked.spelling.is_some()));
        writer.int(labels::AUD).text(WALLET).int(labels::EXP).int(expires.into()).int(labels::IAT).int(signed.into());
        writer.int(labels::CNONCE).bytes(&self.nonce).int(labels::ASKED);
        writer.array(if asked.claims.is_empty() { 2 } else { 3 }).int(asked.purpose.vct().into()).bool(asked.photo);
        if !asked.claims.is_empty() {
            writer.array(asked.claims.len());
            asked.claims.iter().for_each(|claim| {
                writer.int(claim.number().into());
            });
        }
        writer.int(labels::REASON).text(&asked.reason);
        if let Some(address) = &asked.answer_to {
            writer.int(labels::ANSWER_TO).text(address);
        }
        if let Some(spelling) = asked.spelling {
            writer.int(labels::WANTED_SPELLING).int(number_of(spelling));
        }
        let protected = binding::protected(self.registration.as_bytes());
        let payload = writer.finish();
        let signature = key.sign(&cose::to_be_signed(&protected, &payload))?;
        let bytes = cose::write_sign1(&protected, cose::NO_HEADER, &payload, &signature);
        // What is signed must pass our own parser, limits included.
        let request = CounterRequest::parse(bytes).map_err(|_| ProofError::DraftInvalid)?;
        request.check_allowed()?;
        Ok(request)
    }
}

/// A request as received: checked in form. [`Self::check`] checks the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterRequest {
    bytes: Vec<u8>,
    registration: Registration,
    asked: Asked,
    nonce: [u8; NONCE_BYTES],
    signed_at: UnixTime,
    expires_at: UnixTime,
}

impl CounterRequest {
    /// Parses the bytes of a request.
    ///
    /// # Errors
    /// [`ProofError::CounterCodeUnreadable`].
    pub fn parse(bytes: Vec<u8>) -> Result<Self, ProofError> {
        read(bytes).map_err(|Malformed| ProofError::CounterCodeUnreadable)
    }

    /// Checks who asks, that he may ask for this, and that he asks now. Gives what [`Registration::check`] gives.
    ///
    /// # Errors
    /// Those of [`Registration::check`]; [`ProofError::RequestForged`], [`ProofError::RequestStale`],
    /// [`ProofError::RequestNotAllowed`].
    pub fn check(
        &self,
        trust: &TrustList,
        lists: Option<&StatusSnapshot>,
        now: UnixTime,
    ) -> Result<Option<UnixTime>, ProofError> {
        let known = self.registration.check(trust, lists, now)?;
        if !cose::is_signed_by(&self.bytes, self.registration.key()) {
            return Err(ProofError::RequestForged);
        }
        let (now, signed, expires) = (now.seconds(), self.signed_at.seconds(), self.expires_at.seconds());
        if now > expires.saturating_add(MAX_SKEW_S) || signed > now.saturating_add(MAX_SKEW_S) {
            return Err(ProofError::RequestStale);
        }
        self.check_allowed()?;
        Ok(known)
    }

    fn check_allowed(&self) -> Result<(), ProofError> {
        let host = self.registration.host();
        let address = self.asked.answer_to.as_deref().is_none_or(|address| {
            let rest = address.strip_prefix("https://");
            host.zip(rest.and_then(|rest| rest.split_once('/'))).is_some_and(|(host, (named, _))| host == named)
        });
        if address && self.registration.allowed().contains(&self.asked.purpose) {
            Ok(())
        } else {
            Err(ProofError::RequestNotAllowed)
        }
    }

    /// The text of its QR code.
    pub fn text(&self) -> String {
        encode_counter_text(&self.bytes)
    }

    /// The encoded request.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Who asks.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// What for.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    /// The nonce that the answer must carry.
    pub fn nonce(&self) -> &[u8; NONCE_BYTES] {
        &self.nonce
    }

    /// When the counter signed it, by its own clock.
    pub fn signed_at(&self) -> UnixTime {
        self.signed_at
    }

    /// Until when the counter takes an answer, by its own clock.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

/// What a citizen scanned at a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CounterCode {
    /// A printed registration: says who it is, and asks for nothing in particular.
    Poster(Box<Registration>),
    /// A request on a screen.
    Request(Box<CounterRequest>),
}

impl CounterCode {
    /// Reads the text of a counter's code: `VN1R:` and base45.
    ///
    /// # Errors
    /// [`ProofError::CounterCodeUnreadable`], for codes of others too.
    pub fn read(text: &str) -> Result<Self, ProofError> {
        let bytes = decode_counter_text(text).ok_or(ProofError::CounterCodeUnreadable)?;
        match CounterRequest::parse(bytes.clone()) {
            Ok(request) => Ok(Self::Request(Box::new(request))),
            Err(_) => Registration::parse(bytes).map(|registration| Self::Poster(Box::new(registration))),
        }
    }

    /// Who it is.
    pub fn registration(&self) -> &Registration {
        match self {
            Self::Poster(registration) => registration,
            Self::Request(request) => request.registration(),
        }
    }

    /// Checks all of it: see [`Registration::check`] and [`CounterRequest::check`].
    ///
    /// # Errors
    /// Theirs.
    pub fn check(
        &self,
        trust: &TrustList,
        lists: Option<&StatusSnapshot>,
        now: UnixTime,
    ) -> Result<Option<UnixTime>, ProofError> {
        match self {
            Self::Poster(registration) => registration.check(trust, lists, now),
            Self::Request(request) => request.check(trust, lists, now),
        }
    }
}

const fn number_of(spelling: Spelling) -> i64 {
    match spelling {
        Spelling::Digits => 1,
        Spelling::Base45 => 2,
    }
}

fn read(bytes: Vec<u8>) -> Result<CounterRequest, Malformed> {
    if bytes.len() > MAX_BYTES {
        return Err(Malformed);
    }
    let (sign1, ()) = Reader::whole(&bytes, |reader| Sign1::read(reader, cose::no_unprotected))?;
    let header = Header::parse(sign1.protected)?;
    header.require(Typ::Number(labels::TYP_KB_CWT))?;
    if sign1.signature.len() != 64 || header.kid.is_some() {
        return Err(Malformed);
    }
    let registration = Registration::parse(header.kcwt.ok_or(Malformed)?.to_vec()).map_err(|_| Malformed)?;
    let fields = Fields::parse(sign1.payload)?;
    let (signed, expires) = (fields.signed_at.ok_or(Malformed)?, fields.expires_at.ok_or(Malformed)?);
    let (purpose, photo, claims) = fields.asked.ok_or(Malformed)?;
    let life = expires.checked_sub(signed).ok_or(Malformed)?;
    let reason = fields.reason.filter(|text| text.len() <= MAX_REASON && is_clean(text, false)).ok_or(Malformed)?;
    let address = fields.answer_to.is_none_or(|address| {
        address.len() <= MAX_ADDRESS
            && address.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>".contains(&byte))
    });
    let flex = purpose == Purpose::Flex;
    if fields.audience != Some(WALLET) || life == 0 || life > MAX_LIFE_S || !address || flex == claims.is_empty() {
        return Err(Malformed);
    }
    let asked = Asked {
        purpose,
        photo,
        claims,
        reason: reason.to_owned(),
        answer_to: fields.answer_to.map(str::to_owned),
        spelling: fields.spelling,
    };
    let nonce = *fields.nonce.ok_or(Malformed)?;
    let (signed_at, expires_at) = (from_secs(signed), from_secs(expires));
    Ok(CounterRequest { registration, asked, nonce, signed_at, expires_at, bytes })
}

#[derive(Default)]
struct Fields<'b> {
    audience: Option<&'b str>,
    expires_at: Option<u32>,
    signed_at: Option<u32>,
    nonce: Option<&'b [u8; NONCE_BYTES]>,
    asked: Option<(Purpose, bool, Vec<Claim>)>,
    reason: Option<&'b str>,
    answer_to: Option<&'b str>,
    spelling: Option<Spelling>,
}

impl<'b> Fields<'b> {
    fn parse(payload: &'b [u8]) -> Result<Self, Malformed> {
        let mut fields = Self::default();
        Reader::whole(payload, |reader| {
            reader.map(|reader, key| {
                match key {
                    Key::Int(labels::AUD) => fields.audience = Some(reader.text()?),
                    Key::Int(labels::EXP) => fields.expires_at = Some(reader.uint32()?),
                    Key::Int(labels::IAT) => fields.signed_at = Some(reader.uint32()?),
                    Key::Int(labels::CNONCE) => fields.nonce = Some(reader.byte_array()?),
                    Key::Int(labels::ASKED) => fields.asked = Some(read_asked(reader)?),
                    Key::Int(labels::REASON) => fields.reason = Some(reader.text()?),
                    Key::Int(labels::ANSWER_TO) => fields.answer_to = Some(reader.text()?),
                    Key::Int(labels::WANTED_SPELLING) => {
                        let number = reader.int()?;
                        let all = [Spelling::Digits, Spelling::Base45];
                        let found = all.into_iter().find(|spelling| number_of(*spelling) == number);
                        fields.spelling = Some(found.ok_or(Malformed)?);
                    }
                    _ => return Err(Malformed),
                }
                Ok(())
            })
        })?;
        Ok(fields)
    }
}

/// `[vct, photo]`, for flex `[vct, photo, [+ claim]]`: numbers rise, and none of them is the face's.
fn read_asked(reader: &mut Reader<'_>) -> Result<(Purpose, bool, Vec<Claim>), Malformed> {
    let parts = reader.array()?;
    let vct = u16::try_from(reader.int()?).map_err(|_| Malformed)?;
    let purpose = Purpose::from_vct(vct).ok_or(Malformed)?;
    let photo = reader.bool()?;
    let mut claims = Vec::new();
    match parts {
        2 => {}
        3 => {
            let count = reader.array()?;
            for _ in 0..count {
                let claim = Claim::from_number(reader.int()?).filter(|claim| *claim != Claim::Face).ok_or(Malformed)?;
                if claims.last().is_some_and(|last| *last >= claim) {
                    return Err(Malformed);
                }
                claims.push(claim);
            }
            if claims.is_empty() {
                return Err(Malformed);
            }
        }
        _ => return Err(Malformed),
    }
    Ok((purpose, photo, claims))
}
