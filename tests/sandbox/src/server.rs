use std::{
    net::{IpAddr, SocketAddr, TcpListener},
    ops::Deref,
    sync::{Mutex, PoisonError, mpsc},
    time::Duration,
};

use tokio::{runtime::Runtime, sync::oneshot};

use crate::{Sandbox, SandboxConfig, SandboxError, tls::TlsListener};

/// How long calls that are under way have to finish when the sandbox stops.
const GRACE: Duration = Duration::from_secs(1);

/// A sandbox that serves HTTPS. It runs on threads of its own, so that a test that blocks cannot block it. Stops when it
/// is dropped.
#[derive(Debug)]
pub struct RunningSandbox {
    sandbox: Sandbox,
    address: SocketAddr,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    runtime: Runtime,
    stop: oneshot::Sender<()>,
    /// Locked by nobody: the sandbox is shared between threads.
    stopped: Mutex<mpsc::Receiver<()>>,
}

impl RunningSandbox {
    pub(crate) fn start(config: &SandboxConfig) -> Result<Self, SandboxError> {
        let socket = TcpListener::bind(config.listen)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let sandbox = Sandbox::open(config, &base_url(address))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (stop, stop_asked) = oneshot::channel();
        let (tell_stopped, stopped) = mpsc::channel();
        let context = runtime.enter();
        let listener = TlsListener::new(tokio::net::TcpListener::from_std(socket)?, sandbox.identity())?;
        let served = axum::serve(listener, sandbox.router()).with_graceful_shutdown(async {
            // An error means that the handle was dropped, which also asks to stop.
            stop_asked.await.ok();
        });
        runtime.spawn(async move {
            // Serving never fails; nobody listens any more if the handle is gone.
            served.await.ok();
            tell_stopped.send(()).ok();
        });
        drop(context);
        let running = Running { runtime, stop, stopped: Mutex::new(stopped) };
        Ok(Self { sandbox, address, running: Some(running) })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it: no new connections, at most one second for calls under way. What is in a file stays there.
    pub fn stop(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        if let Some(Running { runtime, stop, stopped }) = self.running.take() {
            stop.send(()).ok();
            stopped.into_inner().unwrap_or_else(PoisonError::into_inner).recv_timeout(GRACE).ok();
            runtime.shutdown_background();
        }
    }
}

impl Deref for RunningSandbox {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl Drop for RunningSandbox {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// What clients are told: a name that the certificate has.
fn base_url(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_loopback() => format!("https://127.0.0.1:{}", address.port()),
        _ => format!("https://localhost:{}", address.port()),
    }
}
