//! The peer: a TLS server that reads as many bytes as a request has and writes as many as its answer.

use std::{net::SocketAddr, sync::Arc};

use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use super::{
    Failed,
    client::{Connection, Exchange},
};

/// A server on threads of its own, as the sandbox has.
pub(crate) struct Server {
    address: SocketAddr,
    certificate: Vec<u8>,
    /// Dropping it ends the server.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Server {
    pub(crate) async fn start(sizes: Vec<Exchange>) -> Result<Self, Failed> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.self_signed(&key)?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.spawn(TcpListener::bind("127.0.0.1:0")).await??;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, sizes) = (acceptor.clone(), sizes.clone());
                // A client that hangs up ends its own connection.
                tokio::spawn(async move { serve(acceptor, socket, &sizes).await.ok() });
            }
        });
        Ok(Self { address, certificate: certificate.der().to_vec(), runtime: Some(runtime) })
    }

    pub(crate) async fn connect(&self) -> Result<Connection, Failed> {
        Connection::open(&format!("https://{}", self.address), &self.certificate).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(acceptor: TlsAcceptor, socket: TcpStream, sizes: &[Exchange]) -> Result<(), Failed> {
    socket.set_nodelay(true)?;
    let mut stream = acceptor.accept(socket).await?;
    loop {
        for Exchange { sent, got } in sizes {
            stream.read_exact(&mut vec![0; *sent]).await?;
            stream.write_all(&vec![b'x'; *got]).await?;
            stream.flush().await?;
        }
    }
}
