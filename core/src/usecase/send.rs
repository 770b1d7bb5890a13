//! Sending an answer (gửi câu trả lời): from the phone to the counter that asked, instead of a code on the screen.

use eid_platform::send_answer;
use eid_proof::Proof;
use eid_vault::{Act, HistoryEntry};
use tokio::sync::Mutex;

use crate::{CounterAsk, Error, Presentation, ports::Event};

/// A counter that takes its answer over the network.
#[derive(Debug)]
pub(crate) struct Delivery {
    ask: CounterAsk,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What was sent last: sent again as it is while it lasts, so that the counter knows it for the same.
    proof: Option<Proof>,
    taken: bool,
}

impl Delivery {
    pub(crate) fn new(ask: CounterAsk) -> Self {
        Self { ask, state: Mutex::default() }
    }
}

impl Presentation {
    /// Sends the proof to the counter that asked for it, which learns this phone's network address by that; done once the counter
    /// has taken it. What it thinks of it the officer says. The history notes it.
    ///
    /// After an error nothing is lost: send again, which sends the same, or show the code ([`Self::sign`]); nothing has to be
    /// confirmed again, and the counter takes the answer once. At most ten seconds; a dropped future abandons it, and the counter
    /// may have it.
    ///
    /// # Errors
    /// [`Error::AnswerNotDelivered`] if it did not arrive, was not taken, or the counter has no such way; [`Error::Proof`] if the
    /// request has grown too old or the counter was withdrawn meanwhile; [`Error::Key`]; [`Error::Locked`]; [`Error::Vault`].
    pub async fn send(&self) -> Result<(), Error> {
        let session = self.open.upgrade().ok_or(Error::Locked)?.session()?;
        let delivery = self.delivery.as_ref().ok_or(Error::AnswerNotDelivered)?;
        let address = delivery.ask.answer_to().ok_or(Error::AnswerNotDelivered)?;
        let (code, now) = (delivery.ask.code(), session.inner.now()?);
        let mut state = delivery.state.lock().await;
        if state.taken {
            return Ok(());
        }
        session.check_counter(code).await?;
        let proof = match state.proof.take().filter(|proof| now < proof.expires_at()) {
            Some(proof) => proof,
            None => self.sign().await?,
        };
        let proof = state.proof.insert(proof);
        let sent = send_answer(address, code.registration().key(), proof.as_bytes()).await;
        let entry = HistoryEntry { act: Act::Sent, ..self.entry(delivery.ask.counterpart(), now) };
        if sent.is_err() {
            let error = Error::AnswerNotDelivered;
            session.note_refusal(HistoryEntry { result: Some(error.code()), ..entry }).await;
            return Err(error);
        }
        state.taken = true;
        session.vault(move |vault| Ok(vault.append_history(&entry)?)).await?;
        session.tell(&[Event::HistoryChanged]);
        Ok(())
    }
}
