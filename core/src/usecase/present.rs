//! Presenting identity (xuất trình danh tính): a QR proof, with no network at all.

use std::sync::{Arc, Weak};

use eid_model::UnixTime;
use eid_proof::{Audience, Claim, HeldToken, MAX_QR_BYTES, Proof, ProofError, Purpose, Showing, Spelling};
use eid_vault::{Act, Collection, HistoryEntry, Vault};

use crate::{
    Error, Unlocked, device::HardwareKey, ports::Event, record::Credential, session::Open, usecase::send::Delivery,
};

/// What the citizen chose to show, after seeing who asks and what for.
#[derive(Debug, Clone)]
pub struct PresentRequest {
    /// What for.
    pub purpose: Purpose,
    /// To whom.
    pub audience: Audience,
    /// The counter's challenge, if its code was scanned.
    pub challenge: Option<Vec<u8>>,
    /// Show the photo.
    pub photo: bool,
    /// Which claims to show, for [`Purpose::Flex`] only.
    pub claims: Vec<Claim>,
    /// Take a credential that was shown before if no unused one is left. Two counters could then tell that the same person
    /// was with both, so the citizen decides.
    pub allow_reuse: bool,
}

/// Whom the history names for a paper.
const PAPER: &str = "paper";

/// A proof on the screen. It is signed anew as often as [`Self::sign`] is called: every 20 s while it is shown.
///
/// It ends with the session: once the app is locked, it signs no more.
#[derive(Debug)]
pub struct Presentation {
    pub(crate) open: Weak<Open>,
    token: HeldToken,
    key: HardwareKey,
    request: PresentRequest,
    spelling: Spelling,
    /// The other way to the counter, if it has one.
    pub(crate) delivery: Option<Delivery>,
}

/// A credential on paper (bản giấy dự phòng): for a day without the phone.
#[derive(Debug, Clone)]
pub struct Paper {
    /// The text of its code: an ordinary claim-169 code.
    pub text: String,
    /// When counters stop taking it.
    pub valid_until: UnixTime,
}

/// How many times a purpose can be shown offline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The purpose.
    pub purpose: Purpose,
    /// Unused credentials that are valid now.
    pub unused: usize,
    /// When the last of them expires.
    pub valid_until: Option<UnixTime>,
}

impl Unlocked {
    /// Takes a credential for this showing and writes the history entry. The credential counts as used from here on, also if
    /// the app dies before anything is shown. A showing that is not possible leaves an entry, too, with the reason. Makes no
    /// network call; runs to its end.
    ///
    /// # Errors
    /// [`Error::GrantExpired`]; [`Error::CredentialsUsedUp`], [`Error::CredentialsExpired`] or [`Error::PurposeUnknown`];
    /// [`Error::Proof`] for a malformed audience or challenge; [`Error::Vault`]. Nothing counts as used then.
    pub async fn present_identity(&self, request: PresentRequest) -> Result<Presentation, Error> {
        let counterpart = match &request.audience {
            Audience::Anyone => String::new(),
            Audience::Counter(name) => name.clone(),
        };
        self.show(request, counterpart, Spelling::default()).await
    }

    /// The same for whom the history calls `counterpart`, in the spelling that his scanner wants.
    pub(crate) async fn show(
        &self,
        request: PresentRequest,
        counterpart: String,
        spelling: Spelling,
    ) -> Result<Presentation, Error> {
        let session = self.session()?;
        let now = session.inner.now()?;
        let expired = session.account().await?.grant_expires_at <= now;
        let (wanted, whom) = (request.clone(), counterpart.clone());
        let take = move |vault: &mut Vault| {
            if expired { Err(Error::GrantExpired) } else { take_credential(vault, &wanted, whom, now) }
        };
        let taken = session.vault(take).await;
        if let Err(error) = &taken
            && is_refusal(*error)
        {
            let entry = entry(&request, counterpart, Vec::new(), now);
            session.note_refusal(HistoryEntry { result: Some(error.code()), ..entry }).await;
        }
        let (token, alias) = taken?;
        session.tell(&[Event::CredentialsChanged, Event::HistoryChanged]);
        let key = HardwareKey::new(&session.inner.ports.secure_key, &alias, *token.holder_key());
        let open = Arc::downgrade(&self.open);
        Ok(Presentation { open, token, key, request, spelling, delivery: None })
    }

    /// Takes a credential for a paper. Whoever holds the paper can show it, so counters say of it that its holder is not proven;
    /// the screen says so before. Writes the history entry; makes no network call; runs to its end.
    ///
    /// # Errors
    /// As [`Self::present_identity`]; [`Error::PurposeUnknown`] for [`Purpose::Flex`], which ordinary readers cannot read.
    pub async fn print_paper(&self, purpose: Purpose, photo: bool) -> Result<Paper, Error> {
        let (audience, claims) = (Audience::Anyone, Vec::new());
        let request = PresentRequest { purpose, audience, challenge: None, photo, claims, allow_reuse: false };
        if purpose == Purpose::Flex {
            return Err(Error::PurposeUnknown);
        }
        let shown = self.show(request, PAPER.to_owned(), Spelling::default()).await?;
        let now = self.session()?.inner.now()?;
        let text = shown.token.paper_text(photo, now)?;
        Ok(Paper { text, valid_until: shown.token.expires_at() })
    }

    /// How often each purpose can be shown offline; purposes without any credential are left out.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub async fn readiness(&self) -> Result<Vec<Readiness>, Error> {
        let session = self.session()?;
        let now = session.inner.now()?;
        let credentials = session.vault(|vault| load_credentials(vault)).await?;
        let purposes = Purpose::ALL.into_iter().filter(|p| credentials.iter().any(|(_, c)| c.vct == p.vct()));
        let readiness = |purpose: Purpose| {
            let unused = || credentials.iter().filter(|(_, c)| c.vct == purpose.vct() && c.is_unused(now));
            let valid_until = unused().map(|(_, c)| c.expires_at).max();
            Readiness { purpose, unused: unused().count(), valid_until }
        };
        Ok(purposes.map(readiness).collect())
    }
}

impl Presentation {
    /// Signs the proof for the present moment: 60 s of life. The phone may ask for the holder's presence.
    ///
    /// # Errors
    /// [`Error::Key`]; [`Error::Proof`] once the credential has expired; [`Error::Locked`] once the app is locked.
    pub async fn sign(&self) -> Result<Proof, Error> {
        let session = self.open.upgrade().ok_or(Error::Locked)?.session()?;
        let unsigned = self.token.prepare(&showing(&self.request, session.inner.now()?))?;
        let signature = self.key.sign_checked(unsigned.to_be_signed()).await?;
        Ok(unsigned.finish(&signature))
    }

    /// How the code is spelled: as the counter's scanner wants it, if it said so.
    pub fn spelling(&self) -> Spelling {
        self.spelling
    }

    /// What is shown.
    pub fn token(&self) -> &HeldToken {
        &self.token
    }

    /// The history's entry for this showing, or for a step of it.
    pub(crate) fn entry(&self, counterpart: String, now: UnixTime) -> HistoryEntry {
        entry(&self.request, counterpart, fields_shown(&self.request, &self.token), now)
    }
}

impl Credential {
    pub(crate) fn is_unused(&self, now: UnixTime) -> bool {
        self.used_at.is_none() && now < self.expires_at
    }
}

/// All credentials with their keys in the store. Ones that do not open are left out: they can be fetched again.
pub(crate) fn load_credentials(vault: &Vault) -> Result<Vec<(String, Credential)>, Error> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = vault.list(Collection::Credential, after, 50)?;
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}

/// Chooses a credential, checks that it can be shown as asked, and marks it used together with the history entry.
fn take_credential(
    vault: &mut Vault,
    request: &PresentRequest,
    counterpart: String,
    now: UnixTime,
) -> Result<(HeldToken, String), Error> {
    let mut all = load_credentials(vault)?;
    all.retain(|(_, credential)| credential.vct == request.purpose.vct());
    if all.is_empty() {
        return Err(Error::PurposeUnknown);
    }
    all.retain(|(_, credential)| now < credential.expires_at);
    if all.is_empty() {
        return Err(Error::CredentialsExpired);
    }
    // Unused ones first, then the one whose use is longest ago; among equals, the one that expires first.
    let chosen = all.into_iter().min_by_key(|(_, c)| (c.used_at.is_some(), c.used_at, c.expires_at));
    let (key, mut credential) = chosen.ok_or(Error::PurposeUnknown)?;
    if credential.used_at.is_some() && !request.allow_reuse {
        return Err(Error::CredentialsUsedUp);
    }
    let token = HeldToken::parse(core::mem::take(&mut credential.token))?;
    // Whatever would stop the showing later stops it here, before the credential counts as used.
    let proof = token.prepare(&showing(request, now))?.finish(&[0; 64]);
    if proof.as_bytes().len() > MAX_QR_BYTES {
        return Err(ProofError::QrTooLarge.into());
    }
    credential.token = token.as_bytes().to_vec();
    credential.used_at = Some(now);
    let entry = entry(request, counterpart, fields_shown(request, &token), now);
    vault.transaction(|vault| -> Result<(), Error> {
        vault.put(Collection::Credential, &key, &credential)?;
        vault.append_history(&entry)?;
        Ok(())
    })?;
    Ok((token, credential.key_alias))
}

/// True for what the citizen asked for rightly and could not have.
fn is_refusal(error: Error) -> bool {
    matches!(error, Error::GrantExpired | Error::CredentialsUsedUp | Error::CredentialsExpired | Error::PurposeUnknown)
}

fn showing(request: &PresentRequest, now: UnixTime) -> Showing {
    Showing {
        audience: request.audience.clone(),
        challenge: request.challenge.clone(),
        photo: request.photo,
        claims: request.claims.clone(),
        now,
    }
}

/// Which fields are shown, by name and never by value.
fn fields_shown(request: &PresentRequest, token: &HeldToken) -> Vec<String> {
    let shown = |claim: Claim| match claim {
        Claim::Face => request.photo,
        _ => request.purpose != Purpose::Flex || request.claims.contains(&claim),
    };
    token.claims().iter().filter(|(claim, _)| shown(*claim)).map(|(claim, _)| claim.name().to_owned()).collect()
}

fn entry(request: &PresentRequest, counterpart: String, fields: Vec<String>, now: UnixTime) -> HistoryEntry {
    HistoryEntry {
        at: now.seconds(),
        act: Act::Presented,
        counterpart,
        fields,
        purpose: request.purpose.name().to_owned(),
        result: None,
    }
}
