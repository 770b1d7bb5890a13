//! Chip Authentication version 1 (ICAO Doc 9303-11, 6.2): the chip proves that it holds the private key of DG14, by being able to
//! speak under keys agreed with it.

use eid_crypto::Random;

use crate::{
    ChipError, Cipher, Command, Response,
    access::{ChipAuthenticationInfo, SecurityInfos},
    agreement::{Private, Public},
    kdf::SessionKeys,
    sm::Channel,
    tlv,
};

/// How the terminal's key goes to the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// MSE:Set KAT, for 3DES only.
    KeyAgreementTemplate,
    /// MSE:Set AT, then GENERAL AUTHENTICATE.
    AuthenticationTemplate,
}

/// One way to authenticate the chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The commands.
    pub method: Method,
    /// Protocol, cipher and key id.
    pub info: ChipAuthenticationInfo,
    /// The chip's static key.
    pub key: Public,
}

impl Attempt {
    /// The ways that DG14 offers, the best first. A key without an info that fits it (documents of France, for one) means 3DES
    /// in most documents and AES-128 in some.
    pub fn list(infos: &SecurityInfos) -> Vec<Self> {
        let mut known = infos.chip_authentication.clone();
        known.sort_by_key(|info| core::cmp::Reverse(info.cipher));
        let mut attempts = Vec::new();
        for info in known {
            let fits = |key: &Public| matches!(key, Public::Ec(_)) == info.elliptic;
            let mut keys = infos.keys.iter().filter(|key| fits(&key.key));
            // An id counts only if the info names one.
            let Some(key) = keys.find(|key| info.key_id.is_none() || key.key_id == info.key_id) else { continue };
            let attempt = |method| Self { method, info: info.clone(), key: key.key.clone() };
            attempts.push(attempt(Method::AuthenticationTemplate));
            if info.cipher == Cipher::Des3 {
                attempts.push(attempt(Method::KeyAgreementTemplate));
            }
        }
        if attempts.is_empty() {
            attempts.extend(infos.keys.iter().flat_map(|key| {
                let elliptic = matches!(key.key, Public::Ec(_));
                [
                    (Method::KeyAgreementTemplate, Cipher::Des3),
                    (Method::AuthenticationTemplate, Cipher::Des3),
                    (Method::AuthenticationTemplate, Cipher::Aes128),
                ]
                .map(|(method, cipher)| Self {
                    method,
                    info: ChipAuthenticationInfo { cipher, elliptic, key_id: key.key_id },
                    key: key.key.clone(),
                })
            }));
        }
        attempts
    }
}

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// Send this under the old keys.
    Send(Command),
    /// Go on under these keys. That the chip knows them shows in its next answer, not before.
    Done(Channel),
}

/// Chip Authentication as the terminal runs it.
#[derive(Debug)]
pub struct Terminal {
    attempt: Attempt,
    private: Private,
    public: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Select,
    Agree,
    Over,
}

impl Terminal {
    /// Makes an ephemeral key and the first command.
    ///
    /// # Errors
    /// [`ChipError::Crypto`] when randomness fails.
    pub fn start(attempt: Attempt, rng: &dyn Random) -> Result<(Self, Command), ChipError> {
        let domain = attempt.key.domain();
        let private = domain.make_private(rng)?;
        let public = domain.generator().derive(&private)?.encode();
        let id = attempt.info.key_id.map(|id| tlv::encode(0x84, &[significant(&id.to_be_bytes())])).unwrap_or_default();
        let command = match attempt.method {
            Method::KeyAgreementTemplate => {
                Command::new(0x22, 0x41, 0xA6).data(&[tlv::encode(0x91, &[&public]), id].concat())
            }
            Method::AuthenticationTemplate => {
                let protocol = tlv::encode(0x80, &[&attempt.info.oid()]);
                Command::new(0x22, 0x41, 0xA4).data(&[protocol, id].concat())
            }
        };
        Ok((Self { attempt, private, public, state: State::Select }, command))
    }

    /// Takes the answer to the last command.
    ///
    /// # Errors
    /// [`ChipError::Unsupported`] when the chip refuses the selection, so that another way may be tried;
    /// [`ChipError::ChipAuthenticationFailed`] when it refuses the agreement.
    pub fn feed(&mut self, response: &Response) -> Result<Step, ChipError> {
        let state = core::mem::replace(&mut self.state, State::Over);
        match (state, self.attempt.method) {
            (State::Over, _) => Err(ChipError::OutOfOrder),
            (State::Select, _) if !response.is_ok() => Err(ChipError::Unsupported),
            (State::Agree, _) if !response.is_ok() => Err(ChipError::ChipAuthenticationFailed),
            (State::Select, Method::AuthenticationTemplate) => {
                self.state = State::Agree;
                let data = tlv::encode(0x7C, &[&tlv::encode(0x80, &[&self.public])]);
                Ok(Step::Send(Command::new(0x86, 0, 0).data(&data).le(256)))
            }
            _ => {
                // EXPOSE: input of the key derivation.
                let secret = self.attempt.key.agree(&self.private)?;
                Ok(Step::Done(Channel::new(SessionKeys::derive(self.attempt.info.cipher, secret.expose()))))
            }
        }
    }
}

/// The chip's side: the channel that a chip with this static key has after the terminal's key arrived.
///
/// # Errors
/// [`ChipError::Malformed`] when the terminal's key is not valid.
pub fn chip_channel(cipher: Cipher, static_key: &Private, terminal_key: &Public) -> Result<Channel, ChipError> {
    // EXPOSE: input of the key derivation.
    Ok(Channel::new(SessionKeys::derive(cipher, terminal_key.agree(static_key)?.expose())))
}

/// The number's bytes without leading zeros, at least one.
fn significant(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take(bytes.len() - 1).take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use eid_crypto::SecretBytes;
    use serde_json::Value;

    use super::*;
    use crate::vectors::{self, Scripted, bytes};

    fn cipher(name: &Value) -> Cipher {
        match name.as_str().unwrap() {
            "3DES" => Cipher::Des3,
            "AES128" => Cipher::Aes128,
            "AES256" => Cipher::Aes256,
            other => panic!("{other}"),
        }
    }

    fn channel(value: &Value, counter: &str) -> Channel {
        let key = |name: &str| SecretBytes::new(bytes(value, name));
        let keys = SessionKeys { cipher: cipher(&value["alg"]), encryption: key("ks_enc"), mac: key("ks_mac") };
        Channel::with_counter(keys, &bytes(value, counter)).unwrap()
    }

    #[test]
    fn recorded_sessions_match_byte_for_byte() -> Result<(), ChipError> {
        for id in ["CA-AT", "CA-DE", "CA-MY", "CA-FR"] {
            let vector = vectors::recorded(id);
            let steps = vector["apdus"].as_array().unwrap();
            let (mut old, mut chip_old) = (channel(&vector["sm_before"], "ssc"), channel(&vector["sm_before"], "ssc"));
            let infos = SecurityInfos::parse_dg14(&bytes(&vector, "dg14"))?;
            let attempt = Attempt::list(&infos).remove(0);
            assert_eq!(attempt.key.encode(), bytes(&vector, "chip_pub"));
            let (mut terminal, mut command) =
                Terminal::start(attempt, &Scripted::new(&[&bytes(&vector, "terminal_priv")]))?;
            let mut fresh = None;
            for (index, step) in steps[..steps.len() - 1].iter().enumerate() {
                assert_eq!(old.wrap_command(&command)?, bytes(step, "c"), "{id} {index}");
                let plain = bytes(&vector["plain_apdus"][index], "c");
                assert_eq!([command.header().as_slice(), &command.data].concat(), plain, "{id} {index}");
                // The chip's side sees the same command and gives the recorded answer.
                assert_eq!(chip_old.unwrap_command(&bytes(step, "c"))?, command);
                let recorded = Response::parse(&bytes(&vector["plain_apdus"][index], "r"))?;
                assert_eq!(chip_old.wrap_response(command.ins, &recorded)?, bytes(step, "r"));
                let answer = old.unwrap_response(command.ins, &Response::parse(&bytes(step, "r"))?)?;
                match terminal.feed(&answer)? {
                    Step::Send(next) => command = next,
                    Step::Done(channel) => fresh = Some(channel),
                }
            }
            let mut fresh = fresh.unwrap();
            let last = &steps[steps.len() - 1];
            let select = Command::new(0xA4, 2, 0x0C).data(&[1, 0x0E]);
            assert_eq!(fresh.wrap_command(&select)?, bytes(last, "c"), "{id}");
            let mut after = channel(&vector["sm_after"], "ssc_start");
            assert_eq!(after.unwrap_command(&bytes(last, "c"))?, select);
            assert_eq!(after.wrap_response(0xA4, &Response::status(0x9000))?, bytes(last, "r"));
            assert!(fresh.unwrap_response(0xA4, &Response::parse(&bytes(last, "r"))?)?.is_ok());
        }
        Ok(())
    }

    #[test]
    fn chip_without_the_key_does_not_speak_under_the_new_keys() -> Result<(), ChipError> {
        let vector = vectors::recorded("CA-AT");
        let attempt = Attempt::list(&SecurityInfos::parse_dg14(&bytes(&vector, "dg14"))?).remove(0);
        let rng = eid_crypto::SystemRandom::new();
        let domain = attempt.key.domain();
        let (mut terminal, _) = Terminal::start(attempt, &rng)?;
        let Step::Send(command) = terminal.feed(&Response::status(0x9000))? else { panic!("not over") };
        let Step::Done(mut ours) = terminal.feed(&Response::ok(vec![0x7C, 0]))? else { panic!("over") };
        let theirs = domain.parse_public(&command.data[4..])?;
        let mut clone = chip_channel(Cipher::Aes128, &domain.make_private(&rng)?, &theirs)?;
        let wire = ours.wrap_command(&Command::new(0xB0, 0, 0).le(4))?;
        assert_eq!(clone.unwrap_command(&wire).err(), Some(ChipError::ChannelBroken));
        Ok(())
    }
}
