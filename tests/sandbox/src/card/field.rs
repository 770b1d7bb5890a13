//! A phone's reader in software, as the core's port: with a simulated card in its field, or with cards that come over TCP.

use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use eid_core::ports::{ChipLimits, ChipLink, ChipLinkError};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::Card;
use crate::SandboxError;

const EXTENDED: ChipLimits = ChipLimits { max_command: 65_535, max_response: 65_535 };

/// A reader with one card in its field, or none. A card that leaves by itself lies there again at once.
#[derive(Debug, Default)]
pub struct CardField(Mutex<Field>);

#[derive(Debug, Default)]
struct Field {
    card: Option<Card>,
    connected: bool,
    /// How the sessions ended.
    sessions: Vec<bool>,
}

impl CardField {
    /// A reader with this card.
    pub fn with(card: Card) -> Self {
        let field = Self::default();
        field.lay(card);
        field
    }

    /// Lays a card into the field, in place of the one that is there.
    pub fn lay(&self, card: Card) {
        self.field().card = Some(card);
    }

    /// Takes the card away and gives it.
    pub fn take(&self) -> Option<Card> {
        self.field().card.take()
    }

    /// How the sessions ended, in order.
    pub fn sessions(&self) -> Vec<bool> {
        self.field().sessions.clone()
    }

    fn field(&self) -> MutexGuard<'_, Field> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ChipLink for CardField {
    async fn connect(&self, _wait_ms: u32) -> Result<ChipLimits, ChipLinkError> {
        let mut field = self.field();
        field.card.as_mut().ok_or(ChipLinkError::Timeout)?.reset();
        field.connected = true;
        Ok(EXTENDED)
    }

    async fn transceive(&self, command: &[u8], _timeout_ms: u32) -> Result<Vec<u8>, ChipLinkError> {
        let mut field = self.field();
        let connected = field.connected;
        let card = field.card.as_mut().filter(|_| connected).ok_or(ChipLinkError::TagLost)?;
        let answer = card.transceive(command);
        field.connected = answer.is_some();
        answer.ok_or(ChipLinkError::TagLost)
    }

    async fn end_session(&self, success: bool) -> Result<(), ChipLinkError> {
        let mut field = self.field();
        field.connected = false;
        field.sessions.push(success);
        Ok(())
    }
}

/// A reader whose cards come to a TCP port and speak the wire protocol of vpcd.
#[derive(Debug)]
pub struct CardSocket {
    listener: std::net::TcpListener,
    wire: tokio::sync::Mutex<Option<TcpStream>>,
}

impl CardSocket {
    /// Listens for cards on any free port of this machine.
    ///
    /// # Errors
    /// [`SandboxError::Io`].
    pub fn bind() -> Result<Self, SandboxError> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, wire: tokio::sync::Mutex::default() })
    }

    /// Where cards connect to.
    ///
    /// # Errors
    /// [`SandboxError::Io`].
    pub fn local_address(&self) -> Result<SocketAddr, SandboxError> {
        Ok(self.listener.local_addr()?)
    }

    async fn arrived(&self) -> io::Result<TcpStream> {
        let listener = TcpListener::from_std(self.listener.try_clone()?)?;
        let mut wire = listener.accept().await?.0;
        wire.set_nodelay(true)?;
        send(&mut wire, POWER_ON).await?;
        Ok(wire)
    }
}

/// Controls: messages of one byte, which a card does not answer.
const POWER_OFF: &[u8] = &[0];
const POWER_ON: &[u8] = &[1];
const RESET: &[u8] = &[2];

#[async_trait]
impl ChipLink for CardSocket {
    async fn connect(&self, wait_ms: u32) -> Result<ChipLimits, ChipLinkError> {
        let mut wire = self.wire.lock().await;
        if let Some(mut there) = wire.take()
            && send(&mut there, RESET).await.is_ok()
        {
            *wire = Some(there);
            return Ok(EXTENDED);
        }
        let arrived = timeout(milliseconds(wait_ms), self.arrived()).await.map_err(|_| ChipLinkError::Timeout)?;
        *wire = Some(arrived.map_err(|_| ChipLinkError::TagLost)?);
        Ok(EXTENDED)
    }

    async fn transceive(&self, command: &[u8], timeout_ms: u32) -> Result<Vec<u8>, ChipLinkError> {
        let mut slot = self.wire.lock().await;
        // Given back after a whole answer only: one that comes late would be taken for the next one's.
        let mut wire = slot.take().ok_or(ChipLinkError::TagLost)?;
        let exchange = async {
            send(&mut wire, command).await?;
            let mut answer = vec![0; usize::from(wire.read_u16().await?)];
            wire.read_exact(&mut answer).await?;
            io::Result::Ok(answer)
        };
        let answer = timeout(milliseconds(timeout_ms), exchange).await.map_err(|_| ChipLinkError::Timeout)?;
        let answer = answer.map_err(|_| ChipLinkError::TagLost)?;
        *slot = Some(wire);
        Ok(answer)
    }

    async fn end_session(&self, _success: bool) -> Result<(), ChipLinkError> {
        if let Some(mut wire) = self.wire.lock().await.take() {
            send(&mut wire, POWER_OFF).await.ok();
        }
        Ok(())
    }
}

async fn send(wire: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    // In one piece, so that it is one segment on its way.
    wire.write_all(&[length.to_be_bytes().as_slice(), message].concat()).await
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(count.into())
}
