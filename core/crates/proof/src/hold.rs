use eid_crypto::{Signature, VerifyingKey};
use eid_model::UnixTime;

use crate::{
    Claim, Claims, KeyUse, ProofError, Purpose, StatusReference, TrustList,
    binding::{self, Body},
    cose, disclosure, paper,
    text::{Spelling, encode_text},
    time::{from_secs, to_secs},
    token::IssuerToken,
};

/// An issuer token that this phone holds.
pub struct HeldToken {
    bytes: Vec<u8>,
    purpose: Purpose,
    issued_at: UnixTime,
    expires_at: UnixTime,
    holder_key: VerifyingKey,
    claims: Claims,
    status: Option<StatusReference>,
}

/// Whom a proof is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Any counter: open mode, when nobody showed a code.
    Anyone,
    /// One counter, by the name in its registration: `rp/…`.
    Counter(String),
}

/// How a token is to be shown.
#[derive(Debug, Clone)]
pub struct Showing {
    /// Whom it is for.
    pub audience: Audience,
    /// The counter's challenge, 8–32 bytes, if one was read.
    pub challenge: Option<Vec<u8>>,
    /// Show the photo.
    pub photo: bool,
    /// Which claims of a flex token to show; of no effect for other purposes, whose claims are all shown.
    pub claims: Vec<Claim>,
    /// The phone's time.
    pub now: UnixTime,
}

/// A proof that waits for the holder's signature.
pub struct UnsignedProof {
    protected: Vec<u8>,
    payload: Vec<u8>,
    to_be_signed: Vec<u8>,
    expires_at: UnixTime,
}

/// A finished proof.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    bytes: Vec<u8>,
    expires_at: UnixTime,
}

impl HeldToken {
    /// Parses a token; signatures are checked by [`Self::check`].
    ///
    /// # Errors
    /// [`ProofError::CredentialInvalid`] for anything that a counter would not accept in form or disclosures.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, ProofError> {
        let token = IssuerToken::parse(&bytes).map_err(|_| ProofError::CredentialInvalid)?;
        let purpose = token.purpose().ok_or(ProofError::CredentialInvalid)?;
        let mut claims = token.claims.clone();
        // The holder gets every disclosure: nothing may stay withheld from him.
        let withheld = disclosure::restore(&mut claims, &token.redactions, &token.disclosures);
        if withheld != Ok(0) || purpose.claims().iter().any(|claim| claims.get(*claim).is_none()) {
            return Err(ProofError::CredentialInvalid);
        }
        let (issued_at, expires_at) = (from_secs(token.issued_at), from_secs(token.expires_at));
        let holder_key = token.holder_key;
        let status = token.status.map(|at| StatusReference { index: at.index, uri: at.uri.to_owned() });
        Ok(Self { purpose, issued_at, expires_at, holder_key, claims, status, bytes })
    }

    /// Checks the issuer's signature against the trust list, that the token is for `holder_key`, and that it is valid now.
    ///
    /// # Errors
    /// [`ProofError::CredentialInvalid`] or [`ProofError::CredentialExpired`].
    pub fn check(&self, trust: &TrustList, holder_key: &VerifyingKey, now: UnixTime) -> Result<(), ProofError> {
        let token = IssuerToken::parse(&self.bytes).map_err(|_| ProofError::CredentialInvalid)?;
        let signed = trust
            .find(KeyUse::Proof, &token.key_id, token.issuer)
            .filter(|key| key.is_valid_at(self.issued_at))
            .any(|key| token.verify(&key.key).is_ok());
        if !signed || self.holder_key != *holder_key {
            return Err(ProofError::CredentialInvalid);
        }
        if now < self.expires_at { Ok(()) } else { Err(ProofError::CredentialExpired) }
    }

    /// Prepares a proof: 60 seconds of life from `showing.now`, never beyond the token's own.
    ///
    /// # Errors
    /// [`ProofError::AudienceInvalid`] for a malformed audience or challenge, [`ProofError::CredentialExpired`] when the token
    /// is not valid now, [`ProofError::ClaimInvalid`] for a claim to show that the token does not have.
    pub fn prepare(&self, showing: &Showing) -> Result<UnsignedProof, ProofError> {
        let audience = match &showing.audience {
            Audience::Anyone => binding::ANYONE,
            Audience::Counter(name) => {
                Some(name.as_str()).filter(|n| binding::is_counter(n)).ok_or(ProofError::AudienceInvalid)?
            }
        };
        let challenge = showing.challenge.as_deref();
        if challenge.is_some_and(|nonce| !binding::CHALLENGE.contains(&nonce.len())) {
            return Err(ProofError::AudienceInvalid);
        }
        let signed_at = to_secs(showing.now).ok_or(ProofError::CredentialExpired)?;
        let expires_at = signed_at.saturating_add(binding::LIFE_S);
        if showing.now < self.issued_at || from_secs(expires_at) > self.expires_at {
            return Err(ProofError::CredentialExpired);
        }
        let token = self.trimmed(showing)?;
        let protected = binding::protected(&token);
        let payload = Body { audience, expires_at, signed_at, challenge }.encode();
        let to_be_signed = cose::to_be_signed(&protected, &payload);
        Ok(UnsignedProof { protected, payload, to_be_signed, expires_at: from_secs(expires_at) })
    }

    /// The token with only the disclosures that are to be shown. The issuer's signature does not cover them.
    fn trimmed(&self, showing: &Showing) -> Result<Vec<u8>, ProofError> {
        let token = IssuerToken::parse(&self.bytes).map_err(|_| ProofError::CredentialInvalid)?;
        if let Some(missing) = showing.claims.iter().find(|claim| self.claims.get(**claim).is_none()) {
            return Err(ProofError::ClaimInvalid(*missing));
        }
        let shown = |claim: Claim| match claim {
            Claim::Face => showing.photo,
            _ => showing.claims.contains(&claim),
        };
        let disclosures: Vec<&[u8]> = token
            .disclosures
            .iter()
            .filter(|disclosure| disclosure.claim.as_ref().is_some_and(|(claim, _)| shown(*claim)))
            .map(|disclosure| disclosure.raw)
            .collect();
        let signature: &Signature = token.sign1.signature.try_into().map_err(|_| ProofError::CredentialInvalid)?;
        let header = disclosure::write_header(disclosures.into_iter());
        Ok(cose::write_sign1(token.sign1.protected, &header, token.sign1.payload, signature))
    }

    /// The text of the paper form (bản giấy dự phòng): the token without the holder's signature, with the photo or without. A
    /// counter says of it that the holder is not proven.
    ///
    /// # Errors
    /// [`ProofError::CredentialExpired`] when the token is not valid now; [`ProofError::DraftInvalid`] for a flex token, whose
    /// claims ordinary readers cannot read.
    pub fn paper_text(&self, photo: bool, now: UnixTime) -> Result<String, ProofError> {
        if self.purpose == Purpose::Flex {
            return Err(ProofError::DraftInvalid);
        }
        if now < self.issued_at || now >= self.expires_at {
            return Err(ProofError::CredentialExpired);
        }
        let showing = Showing { audience: Audience::Anyone, challenge: None, photo, claims: Vec::new(), now };
        self.trimmed(&showing).map(|token| paper::encode(&token))
    }

    /// The encoded token, for storing.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the token is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The day of issue, 00:00 UTC.
    pub fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// When the token's life ends.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The key that must sign its proofs.
    pub fn holder_key(&self) -> &VerifyingKey {
        &self.holder_key
    }

    /// Everything that the token could show.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The entry of a status list that tells whether the token was withdrawn.
    pub fn status(&self) -> Option<&StatusReference> {
        self.status.as_ref()
    }

    /// True if a photo can be shown.
    pub fn has_photo(&self) -> bool {
        self.claims.face().is_some()
    }
}

impl UnsignedProof {
    /// The bytes that the holder's key must sign with ES256.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// Completes the proof. The signature is not checked here: the caller knows its key.
    #[must_use]
    pub fn finish(self, signature: &Signature) -> Proof {
        let bytes = cose::write_sign1(&self.protected, cose::NO_HEADER, &self.payload, signature);
        Proof { bytes, expires_at: self.expires_at }
    }
}

impl Proof {
    /// The encoded key-binding token.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// When counters stop taking it, apart from clock skew.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The text of its QR code.
    pub fn text(&self, spelling: Spelling) -> String {
        encode_text(&self.bytes, spelling)
    }
}

/// Tokens and proofs are personal data: only their outer facts are shown.
impl core::fmt::Debug for HeldToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HeldToken").field("purpose", &self.purpose).field("bytes", &self.bytes.len()).finish()
    }
}

impl core::fmt::Debug for UnsignedProof {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("UnsignedProof").field("bytes", &self.to_be_signed.len()).finish()
    }
}

impl core::fmt::Debug for Proof {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Proof").field("bytes", &self.bytes.len()).finish()
    }
}
