//! The line for answers: the one thing of a counter that others than this machine may reach. TLS under the counter's registered key,
//! few connections, each for a few seconds.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use rustls::{ServerConfig, crypto::ring};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, Sleep, sleep, sleep_until, timeout_at},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{Office, answers};
use crate::{CounterError, Identity, certificate::make_certificate};

/// How long a connection may last, from its first byte to the last of the answer. Phones wait as long.
const LASTS: Duration = Duration::from_secs(10);

/// Connections at a time.
const MOST: usize = 128;

/// Connections at a time from one address. Phones in one hall often have one between them.
const MOST_OF_ONE: usize = 16;

/// Connections a minute from one address.
const A_MINUTE: u32 = 120;

/// Addresses that are remembered; while they are so many, new ones wait.
const REMEMBERED: usize = 4_096;

/// The line for answers of one office, open but not served yet.
pub struct AnswerLine {
    office: Arc<Office>,
    host: String,
    listener: std::net::TcpListener,
    acceptor: TlsAcceptor,
}

impl AnswerLine {
    pub(super) fn new(
        office: &Arc<Office>,
        identity: &Identity,
        listener: std::net::TcpListener,
    ) -> Result<Self, CounterError> {
        let host = identity.registration().host().ok_or(CounterError::NoAnswerHost)?;
        let (certificate, key) = make_certificate(identity.key(), host)?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key.into()));
        let mut config = config.map_err(|_| CounterError::IdentityUnusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A phone that comes again is nobody who was here before.
        config.send_tls13_tickets = 0;
        listener.set_nonblocking(true).map_err(|_| CounterError::NotServing)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { office: Arc::clone(office), host: host.to_owned(), listener, acceptor })
    }

    /// Where phones send to: the host that the counter is registered with, and its port if it is not 443.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Takes answers of phones until `stop` is done: `POST` of a proof to the address in a question, and nothing else.
    ///
    /// # Errors
    /// [`CounterError::NotServing`].
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), CounterError> {
        let unusable = |_| CounterError::NotServing;
        let listener = TcpListener::from_std(self.listener).map_err(unusable)?;
        let door = Door { listener, acceptor: self.acceptor, callers: Arc::default(), handshakes: JoinSet::new() };
        axum::serve(door, answers::router(&self.office)).with_graceful_shutdown(stop).await.map_err(unusable)
    }
}

impl std::fmt::Debug for AnswerLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnswerLine").field("listener", &self.listener).finish_non_exhaustive()
    }
}

/// Lets connections in. Handshakes run side by side, so that a slow caller holds up nobody.
struct Door {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    callers: Arc<Callers>,
    handshakes: JoinSet<Option<(Connection, SocketAddr)>>,
}

impl Door {
    fn start_handshake(&mut self, stream: TcpStream, peer: SocketAddr) {
        let (now, callers) = (Instant::now(), Arc::clone(&self.callers));
        // Whom there is no place for is hung up on before anything is computed for him.
        let Some(place) = callers.admit(peer.ip(), now) else { return };
        let until = now + LASTS;
        let handshake = timeout_at(until, self.acceptor.accept(stream));
        self.handshakes.spawn(async move {
            let stream = handshake.await.ok()?.ok()?;
            Some((Connection { stream, until: Box::pin(sleep_until(until)), _place: place }, peer))
        });
    }
}

impl Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            tokio::select! {
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(connection)) = done {
                        return connection;
                    }
                }
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => self.start_handshake(stream, peer),
                    // Out of file handles, as a rule: others will be closed soon.
                    Err(_) => sleep(Duration::from_millis(100)).await,
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends in time, whatever the other side does.
struct Connection {
    stream: TlsStream<TcpStream>,
    until: Pin<Box<Sleep>>,
    _place: Place,
}

impl Connection {
    fn poll_in_time<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut TlsStream<TcpStream>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.until.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        poll(Pin::new(&mut self.stream), context)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_in_time(context, |stream, context| stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_in_time(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_in_time(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_in_time(context, |stream, context| stream.poll_shutdown(context))
    }
}

/// Who is connected, and how often he came in the last minute. In memory only, and in no log.
#[derive(Debug, Default)]
struct Callers(Mutex<BTreeMap<IpAddr, Caller>>);

#[derive(Debug, Clone, Copy)]
struct Caller {
    connected: usize,
    since: Instant,
    came: u32,
}

/// A place among the connections, free again when it is dropped.
#[derive(Debug)]
struct Place {
    callers: Arc<Callers>,
    from: IpAddr,
}

impl Callers {
    fn admit(self: Arc<Self>, from: IpAddr, now: Instant) -> Option<Place> {
        let from = network_of(from);
        let mut callers = self.callers();
        callers.retain(|_, caller| caller.connected > 0 || now - caller.since < Duration::from_secs(60));
        let all: usize = callers.values().map(|caller| caller.connected).sum();
        if all >= MOST || (callers.len() >= REMEMBERED && !callers.contains_key(&from)) {
            return None;
        }
        let caller = callers.entry(from).or_insert(Caller { connected: 0, since: now, came: 0 });
        if now - caller.since >= Duration::from_secs(60) {
            (caller.since, caller.came) = (now, 0);
        }
        if caller.connected >= MOST_OF_ONE || caller.came >= A_MINUTE {
            return None;
        }
        caller.connected += 1;
        caller.came += 1;
        drop(callers);
        Some(Place { callers: self, from })
    }

    fn callers(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Caller>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(caller) = self.callers.callers().get_mut(&self.from) {
            caller.connected = caller.connected.saturating_sub(1);
        }
    }
}

/// Whoever has one address of IPv6 has all of its /64.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(callers: &Arc<Callers>, from: &str, now: Instant, count: usize) -> Vec<Place> {
        (0..count).filter_map(|_| Arc::clone(callers).admit(from.parse().unwrap(), now)).collect()
    }

    #[test]
    fn one_address_gets_neither_all_places_nor_all_minutes() {
        let (callers, now) = (Arc::<Callers>::default(), Instant::now());
        let held = places(&callers, "192.0.2.1", now, 200);
        assert_eq!(held.len(), MOST_OF_ONE);
        assert_eq!(places(&callers, "192.0.2.2", now, 1).len(), 1, "others are let in");
        drop(held);
        let came: usize = (0..200).map(|_| places(&callers, "192.0.2.1", now, 1).len()).sum();
        assert_eq!(came + MOST_OF_ONE, 120, "so many a minute");
        assert_eq!(places(&callers, "192.0.2.1", now + Duration::from_secs(59), 1).len(), 0);
        assert_eq!(places(&callers, "192.0.2.1", now + Duration::from_secs(60), 1).len(), 1);
    }

    #[test]
    fn places_and_memory_are_bounded_and_given_back() {
        let (callers, now) = (Arc::<Callers>::default(), Instant::now());
        let held: Vec<_> = (0..40).flat_map(|n| places(&callers, &format!("192.0.2.{n}"), now, 4)).collect();
        assert_eq!(held.len(), MOST);
        drop(held);
        // One who has a /64 is one.
        let held: Vec<_> = (0..40).flat_map(|n| places(&callers, &format!("2001:db8::{n}"), now, 1)).collect();
        assert_eq!(held.len(), MOST_OF_ONE);
        drop(held);
        for n in 0..2 * REMEMBERED {
            places(&callers, &format!("2001:db8:{:x}:{:x}::1", n >> 12, n & 0xfff), now, 1);
        }
        assert_eq!(callers.callers().len(), REMEMBERED);
        places(&callers, "192.0.2.1", now + Duration::from_secs(60), 1);
        assert_eq!(callers.callers().len(), 1, "forgotten after a minute");
    }
}
