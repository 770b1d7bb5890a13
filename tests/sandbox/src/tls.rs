//! HTTPS: a certificate authority of the sandbox's own, and a listener that hands out encrypted connections.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::Listener;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rusqlite::{OptionalExtension as _, Transaction, params};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject as _},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::SandboxError;

/// How long a client may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Handshakes under way, at most.
const MAX_HANDSHAKES: usize = 64;

/// The server's certificate and the authority behind it.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) authority_pem: String,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Identity {
    /// Loads the identity, or makes it the first time.
    pub(crate) fn load_or_make(tx: &Transaction<'_>) -> Result<Self, SandboxError> {
        let stored = tx.query_row("SELECT authority_pem, certificate, key FROM tls", [], |row| {
            Ok(Self { authority_pem: row.get(0)?, certificate: row.get(1)?, key: row.get(2)? })
        });
        if let Some(identity) = stored.optional()? {
            return Ok(identity);
        }
        let made = make().map_err(|_| SandboxError::Certificate)?;
        tx.execute(
            "INSERT INTO tls (authority_pem, certificate, key) VALUES (?, ?, ?)",
            params![made.authority_pem, made.certificate, made.key],
        )?;
        Ok(made)
    }

    /// The authority's certificate: DER.
    pub(crate) fn authority_der(&self) -> Result<Vec<u8>, SandboxError> {
        let der = CertificateDer::from_pem_slice(self.authority_pem.as_bytes());
        der.map(|der| der.to_vec()).map_err(|_| SandboxError::Certificate)
    }

    fn acceptor(&self) -> Result<TlsAcceptor, SandboxError> {
        let chain = vec![CertificateDer::from(self.certificate.clone())];
        let key = PrivatePkcs8KeyDer::from(self.key.clone());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key.into()));
        config.map(|config| TlsAcceptor::from(Arc::new(config))).map_err(|_| SandboxError::Certificate)
    }
}

/// An authority that can vouch for this machine only, whose key is dropped at once, and one server certificate.
fn make() -> Result<Identity, rcgen::Error> {
    let lasting = |mut params: CertificateParams, name: &str| {
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2050, 1, 1);
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let mut authority = lasting(CertificateParams::new(Vec::new())?, "eID Core sandbox authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 1], 32)),
        ],
        excluded_subtrees: Vec::new(),
    });
    let authority_key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();

    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut server = lasting(CertificateParams::new(names)?, "eID Core sandbox");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &Issuer::from_params(&authority, &authority_key))?;
    Ok(Identity { authority_pem, certificate: certificate.der().to_vec(), key: key.serialize_der() })
}

/// A listener whose handshakes run side by side, so that a slow client holds up nobody.
pub(crate) struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl TlsListener {
    pub(crate) fn new(listener: TcpListener, identity: &Identity) -> Result<Self, SandboxError> {
        Ok(Self { listener, acceptor: identity.acceptor()?, handshakes: JoinSet::new() })
    }

    fn start_handshake(&mut self, stream: TcpStream, peer: SocketAddr) {
        let handshake = timeout(HANDSHAKE, self.acceptor.accept(stream));
        self.handshakes.spawn(async move { Some((handshake.await.ok()?.ok()?, peer)) });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(connection)) = done {
                        return connection;
                    }
                }
                accepted = self.listener.accept(), if self.handshakes.len() < MAX_HANDSHAKES => match accepted {
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
