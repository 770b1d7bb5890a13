//! The chip's proofs: Chip Authentication, Active Authentication, and that it is still the same chip after a lost link.

use eid_crypto::random;

use super::{ActiveProof, Answer, ChipProof, FileId, Outgoing, Phase, Reader, file::Partial, select_file};
use crate::{
    ChipError, PublicKey, aa,
    access::SecurityInfos,
    agreement::Public,
    ca,
    ca::Attempt,
    pace::CamProof,
    tlv::{self, Tlv},
};

/// What was proven. Stays when the link is lost.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    pub(super) chip: Option<ChipProof>,
    pub(super) active: Option<ActiveProof>,
    /// DG14, once it was read.
    pub(super) infos: Option<SecurityInfos>,
    /// The proof of the mapping of the last PACE, until it was checked.
    pub(super) mapping: Option<CamProof>,
    /// The ways of Chip Authentication that the chip has not refused.
    attempts: Vec<Attempt>,
    /// Whether Chip Authentication worked before.
    authenticated: bool,
    /// Whether the keys are tried out by themselves, because the chip closed the channel at what came first.
    cautious: bool,
    /// The key of DG15.
    key: Option<PublicKey>,
}

/// The same for one connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Chip Authentication was run; until the next answer it proves nothing.
    run: bool,
    unproven: Option<ca::Method>,
    /// Active Authentication was run.
    signed: bool,
}

/// A command of a proof.
#[derive(Debug)]
pub(super) enum Task {
    Chip(Box<ca::Terminal>, ca::Method),
    /// Only to see whether the new keys work.
    Confirm,
    Sign([u8; aa::CHALLENGE]),
}

impl Reader {
    /// What a proof needs before files go on.
    pub(super) fn plan_proof(&mut self) -> Result<Option<Outgoing>, ChipError> {
        if let (None, Some(dg14)) = (&self.proofs.infos, self.file(FileId::Dg14).and_then(Partial::complete)) {
            let infos = SecurityInfos::parse_dg14(dg14)?;
            self.proofs.attempts = Attempt::list(&infos);
            self.proofs.infos = Some(infos);
        }
        let proof = |task, command, phase| Ok(Some(Outgoing { task: super::Task::Prove(task), command, phase }));
        if let (false, Some(attempt)) = (self.session.proof.run, self.proofs.attempts.first().cloned()) {
            let method = attempt.method;
            let (terminal, command) = ca::Terminal::start(attempt, &*self.rng)?;
            return proof(Task::Chip(Box::new(terminal), method), command, Phase::ChipAuthentication);
        }
        let read = self.config.files.iter().all(|file| self.file(*file).is_some_and(Partial::is_over));
        if self.session.proof.unproven.is_some() && (read || self.proofs.cautious) {
            return proof(Task::Confirm, select_file(FileId::Dg14.id()), Phase::ChipAuthentication);
        }
        if let Some(challenge) = self.challenge()? {
            self.session.proof.signed = true;
            let command = self.sign(&challenge);
            return proof(Task::Sign(challenge), command, Phase::ActiveAuthentication);
        }
        Ok(None)
    }

    /// What the chip has to sign now: the platform's challenge once, a fresh one after a lost link where nothing else proves that
    /// it is the same chip.
    fn challenge(&mut self) -> Result<Option<[u8; aa::CHALLENGE]>, ChipError> {
        if self.proofs.key.is_none() {
            let Some(dg15) = self.file(FileId::Dg15).and_then(Partial::complete) else { return Ok(None) };
            self.proofs.key = Some(PublicKey::parse(Tlv::expect(0x6F, dg15)?)?);
        }
        if self.proofs.active.is_none() {
            return Ok(Some(self.config.challenge));
        }
        let again = !self.session.proof.signed && self.proofs.attempts.is_empty();
        Ok(if again { Some(random(&*self.rng)?) } else { None })
    }

    fn sign(&self, challenge: &[u8; aa::CHALLENGE]) -> crate::Command {
        let bytes = match &self.proofs.key {
            Some(PublicKey::Rsa(key)) => key.bytes(),
            _ => 0,
        };
        aa::command(challenge, bytes, self.grows_beyond_short(bytes))
    }

    pub(super) fn feed_proof(&mut self, task: Task, answer: Answer) -> Result<(), ChipError> {
        match task {
            Task::Chip(terminal, method) => self.feed_chip(terminal, method, answer),
            // Whatever it says: that it says it under the new keys is the proof.
            Task::Confirm => {
                self.session.current = None;
                Ok(())
            }
            Task::Sign(challenge) => self.feed_signature(challenge, &answer),
        }
    }

    fn feed_chip(
        &mut self,
        mut terminal: Box<ca::Terminal>,
        method: ca::Method,
        answer: Answer,
    ) -> Result<(), ChipError> {
        let Answer::Secured(response) = answer else {
            // Some chips close the channel at a protocol that they do not like.
            self.refuse_attempt()?;
            return self.reset();
        };
        match terminal.feed(&response) {
            Ok(ca::Step::Send(command)) => {
                let task = super::Task::Prove(Task::Chip(terminal, method));
                self.session.next = Some(Outgoing { task, command, phase: Phase::ChipAuthentication });
                Ok(())
            }
            Ok(ca::Step::Done(channel)) => {
                self.session.channel = Some(channel);
                self.session.proof.run = true;
                self.session.proof.unproven = Some(method);
                Ok(())
            }
            Err(ChipError::Unsupported) => self.refuse_attempt(),
            Err(ChipError::ChipAuthenticationFailed) => Err(self.not_this_chip()),
            Err(error) => Err(error),
        }
    }

    /// The chip refuses one way of Chip Authentication; when it refuses all, it is not genuine.
    fn refuse_attempt(&mut self) -> Result<(), ChipError> {
        if self.proofs.attempts.len() < 2 || self.proofs.authenticated {
            return Err(self.not_this_chip());
        }
        self.proofs.attempts.remove(0);
        Ok(())
    }

    fn not_this_chip(&self) -> ChipError {
        if self.proofs.authenticated { ChipError::ChipChanged } else { ChipError::ChipAuthenticationFailed }
    }

    /// The first answer after Chip Authentication shows whether the chip knows the new keys. False when the chip has to be asked
    /// again, because it answered without a checksum and may mean something else by that, such as a file that it lacks.
    pub(super) fn proven(&mut self, task: &super::Task, answer: &Answer) -> Result<bool, ChipError> {
        let Some(method) = self.session.proof.unproven else { return Ok(true) };
        match answer {
            Answer::Secured(_) => {
                self.session.proof.unproven = None;
                self.proofs.authenticated = true;
                self.proofs.chip = Some(ChipProof::ChipAuthentication(method));
                Ok(true)
            }
            Answer::Plain(_) | Answer::Closed(_) if matches!(task, super::Task::Prove(Task::Confirm)) => {
                Err(self.not_this_chip())
            }
            Answer::Plain(_) | Answer::Closed(_) => {
                self.proofs.cautious = true;
                self.reset()?;
                Ok(false)
            }
        }
    }

    /// A wrong checksum: right after Chip Authentication it says that the chip has another key.
    pub(super) fn broken(&self, error: ChipError) -> ChipError {
        if self.session.proof.unproven.is_some() { self.not_this_chip() } else { error }
    }

    fn feed_signature(&mut self, challenge: [u8; aa::CHALLENGE], answer: &Answer) -> Result<(), ChipError> {
        let again = self.proofs.active.is_some();
        let failed = if again { ChipError::ChipChanged } else { ChipError::ActiveAuthenticationFailed };
        let long = matches!(&self.proofs.key, Some(PublicKey::Rsa(key)) if self.grows_beyond_short(key.bytes()));
        if long && !matches!(answer, Answer::Secured(response) if response.is_ok()) {
            // A chip without extended lengths gives the signature in parts.
            self.config.profile.short_only = true;
            self.session.proof.signed = false;
            return if matches!(answer, Answer::Secured(_)) { Ok(()) } else { self.reset() };
        }
        let (Answer::Secured(response), Some(key)) = (answer, &self.proofs.key) else { return Err(failed) };
        if response.status == 0x6700 && !self.is_extended() {
            return Err(ChipError::ReaderTooShort);
        }
        let signature = response.success().ok_or(failed)?;
        let hint = self.proofs.infos.as_ref().and_then(|infos| infos.active_authentication);
        let hash = aa::verify(key, &challenge, signature, hint).map_err(|error| match error {
            ChipError::ActiveAuthenticationFailed => failed,
            other => other,
        })?;
        if !again {
            self.proofs.active = Some(ActiveProof { challenge, signature: signature.to_vec(), hash });
        }
        Ok(())
    }

    /// After PACE with chip authentication mapping: reads EF.CardSecurity and checks the proof against its key.
    pub(super) fn plan_card_security(&mut self) -> Result<Option<Outgoing>, ChipError> {
        if self.proofs.mapping.is_none() {
            return Ok(None);
        }
        match self.file(FileId::CardSecurity) {
            Some(file) if file.is_over() => {
                let key = file.complete().map(static_key).transpose()?.flatten();
                let (Some(proof), Some(Public::Ec(key))) = (self.proofs.mapping.take(), key) else { return Ok(None) };
                if !proof.verify(&key) {
                    return Err(self.not_this_chip());
                }
                self.proofs.chip.get_or_insert(ChipProof::Mapping);
                Ok(None)
            }
            _ => self.plan_read(FileId::CardSecurity).map(Some),
        }
    }
}

/// The static key in EF.CardSecurity: `SignedData` around `SecurityInfos`. Its signature is for passive authentication.
fn static_key(card_security: &[u8]) -> Result<Option<Public>, ChipError> {
    let mut message = tlv::objects(Tlv::expect(tlv::SEQUENCE, card_security)?);
    message.expect(tlv::OID)?;
    let mut signed = tlv::objects(Tlv::expect(tlv::SEQUENCE, message.expect(0xA0)?)?);
    signed.expect(tlv::INTEGER)?;
    signed.expect(tlv::SET)?;
    let mut content = tlv::objects(signed.expect(tlv::SEQUENCE)?);
    content.expect(tlv::OID)?;
    let infos = SecurityInfos::parse(Tlv::expect(tlv::OCTET_STRING, content.expect(0xA0)?)?)?;
    Ok(infos.keys.into_iter().map(|key| key.key).find(|key| matches!(key, Public::Ec(_))))
}
