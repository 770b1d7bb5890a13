//! The network between phone and platform: it cuts, and keeps back what it delivers when nobody expects it any more.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{JoinHandle, sleep, spawn},
    time::Duration,
};

/// What happens once, at a byte of what goes one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Nothing.
    Fine,
    /// The connection ends behind this byte of the phone's: a request is lost, or a part of an upload.
    CutUp(usize),
    /// The connection ends behind this byte of the platform's: an answer is lost.
    CutDown(usize),
    /// What the phone sends behind this byte is kept back and its connection ends; the platform gets it when the step is over.
    Late(usize),
}

/// A way to the platform that is always there.
#[derive(Debug)]
pub(super) struct Link {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    weather: Mutex<Option<Weather>>,
    up: AtomicUsize,
    down: AtomicUsize,
    /// The platform's side of a connection, with what it has not got.
    late: Mutex<Vec<(TcpStream, Vec<u8>)>>,
}

/// How long the phone may go on with a request that is kept back.
const KEPT_BACK: Duration = Duration::from_millis(300);

impl Link {
    /// A port of this machine; the platform is at the same port of [`Self::platform`].
    pub(super) fn new() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::<Shared>::default();
        let of_thread = Arc::clone(&shared);
        // It ends with the process: a stage has one, and a test a stage.
        thread(move || {
            for phone in listener.incoming().flatten() {
                let shared = Arc::clone(&of_thread);
                thread(move || drop(shared.connect(phone, port)));
            }
        });
        Ok(Self { port, shared })
    }

    /// Where the platform listens: clients are told the other address.
    pub(super) fn platform(&self) -> (Ipv4Addr, u16) {
        (Ipv4Addr::new(127, 0, 0, 2), self.port)
    }

    /// From now on; counts begin anew.
    pub(super) fn set(&self, weather: Weather) {
        self.shared.up.store(0, Ordering::SeqCst);
        self.shared.down.store(0, Ordering::SeqCst);
        *self.shared.weather() = Some(weather).filter(|weather| *weather != Weather::Fine);
    }

    /// Bytes that went up and down.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.shared.up.load(Ordering::SeqCst), self.shared.down.load(Ordering::SeqCst))
    }

    /// Delivers what was kept back, and waits until the platform has looked at it. Gives how many bytes.
    pub(super) fn deliver(&self) -> usize {
        *self.shared.weather() = None;
        let late = core::mem::take(&mut *self.shared.late.lock().unwrap_or_else(PoisonError::into_inner));
        late.into_iter().map(|(platform, bytes)| deliver(platform, &bytes).map_or(0, |()| bytes.len())).sum()
    }
}

fn deliver(mut platform: TcpStream, bytes: &[u8]) -> io::Result<()> {
    platform.write_all(bytes)?;
    platform.set_read_timeout(Some(KEPT_BACK))?;
    // Whatever it answers, nobody hears it.
    let mut answer = [0; 4096];
    while platform.read(&mut answer).is_ok_and(|length| length > 0) {}
    // An error is that it has ended the connection by itself.
    platform.shutdown(Shutdown::Both).ok();
    Ok(())
}

impl Shared {
    fn weather(&self) -> MutexGuard<'_, Option<Weather>> {
        self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, phone: TcpStream, port: u16) -> io::Result<()> {
        let platform = TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), port))?;
        let (from, to, shared) = (platform.try_clone()?, phone.try_clone()?, Arc::clone(self));
        let down = thread(move || shared.carry_down(from, to));
        self.carry_up(phone, platform)?;
        down.join().ok();
        Ok(())
    }

    fn carry_up(&self, mut phone: TcpStream, mut platform: TcpStream) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            let length = phone.read(&mut buffer).unwrap_or(0);
            let bytes = buffer.get(..length).unwrap_or_default();
            if bytes.is_empty() {
                return platform.shutdown(Shutdown::Both);
            }
            match self.strikes(&self.up, bytes, |weather| match weather {
                Weather::CutUp(at) | Weather::Late(at) => Some(at),
                Weather::Fine | Weather::CutDown(_) => None,
            }) {
                None => platform.write_all(bytes)?,
                Some((Weather::Late(_), kept)) => {
                    platform.write_all(bytes.get(..kept).unwrap_or_default())?;
                    let late = keep_back(&mut phone, bytes.get(kept..).unwrap_or_default())?;
                    self.late.lock().unwrap_or_else(PoisonError::into_inner).push((platform.try_clone()?, late));
                    return phone.shutdown(Shutdown::Both);
                }
                Some((_, kept)) => {
                    platform.write_all(bytes.get(..kept).unwrap_or_default())?;
                    // What was sent arrives before the end does.
                    sleep(Duration::from_millis(20));
                    platform.shutdown(Shutdown::Both)?;
                    return phone.shutdown(Shutdown::Both);
                }
            }
        }
    }

    fn carry_down(&self, mut platform: TcpStream, mut phone: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        loop {
            let length = platform.read(&mut buffer).unwrap_or(0);
            let bytes = buffer.get(..length).unwrap_or_default();
            let cut = self.strikes(&self.down, bytes, |weather| match weather {
                Weather::CutDown(at) => Some(at),
                Weather::Fine | Weather::CutUp(_) | Weather::Late(_) => None,
            });
            let sent = bytes.get(..cut.map_or(length, |(_, kept)| kept)).unwrap_or_default();
            if bytes.is_empty() || phone.write_all(sent).is_err() || cut.is_some() {
                // An error is that the other side has ended it.
                phone.shutdown(Shutdown::Both).ok();
                if cut.is_some() {
                    platform.shutdown(Shutdown::Both).ok();
                }
                return;
            }
        }
    }

    /// Counts bytes, and says once how many of these still pass.
    fn strikes(
        &self,
        count: &AtomicUsize,
        bytes: &[u8],
        at: impl Fn(Weather) -> Option<usize>,
    ) -> Option<(Weather, usize)> {
        let before = count.fetch_add(bytes.len(), Ordering::SeqCst);
        let mut weather = self.weather();
        let set = (*weather)?;
        let passes = at(set)?.checked_sub(before).filter(|passes| *passes < bytes.len())?;
        *weather = None;
        Some((set, passes))
    }
}

#[expect(clippy::disallowed_methods, reason = "sockets that block, beside the runtimes that are tested")]
fn thread(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    spawn(work)
}

/// What somebody goes on to send who believes to be connected.
fn keep_back(phone: &mut TcpStream, first: &[u8]) -> io::Result<Vec<u8>> {
    let mut kept = first.to_vec();
    phone.set_read_timeout(Some(KEPT_BACK))?;
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = phone.read(&mut buffer) {
        kept.extend_from_slice(buffer.get(..length).unwrap_or_default());
    }
    Ok(kept)
}
