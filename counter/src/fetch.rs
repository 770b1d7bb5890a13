//! Lists over the network.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use eid_counter::read_file;
use reqwest::{
    Certificate, Client, StatusCode, Url,
    header::{ETAG, HeaderValue, IF_NONE_MATCH},
    redirect,
};
use tokio::time::Instant;

/// How long a list is taken for current before it is asked for again.
const CURRENT: Duration = Duration::from_secs(15 * 60);

/// How long one request may take, with a slow line in mind: a country's status lists are some megabytes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Largest file of certificates, in bytes.
const MAX_CA: u64 = 1024 * 1024;

/// Fetches lists, and remembers them for a while.
pub(crate) struct Fetcher {
    ca: Option<PathBuf>,
    held: BTreeMap<Url, Held>,
}

struct Held {
    at: Instant,
    tag: Option<HeaderValue>,
    bytes: Vec<u8>,
}

enum Answer {
    New(Vec<u8>, Option<HeaderValue>),
    Unchanged,
}

impl Fetcher {
    /// `ca`: certificates of the only authorities that are believed, PEM, in place of the system's.
    pub(crate) fn new(ca: Option<PathBuf>) -> Self {
        Self { ca, held: BTreeMap::new() }
    }

    /// Asks anew next time.
    pub(crate) fn forget(&mut self, url: &Url) {
        self.held.remove(url);
    }

    /// What is at this address, of at most `limit` bytes; nothing when it cannot be had. Who signed it is for the caller to see.
    pub(crate) fn fetch(&mut self, url: &Url, limit: u64) -> Option<Vec<u8>> {
        let held = self.held.get(url);
        if let Some(held) = held.filter(|held| held.at.elapsed() < CURRENT) {
            return Some(held.bytes.clone());
        }
        let tag = held.and_then(|held| held.tag.clone());
        let answer = in_a_thread(|| get(self.ca.as_deref(), url, tag, limit))?;
        let at = Instant::now();
        match answer {
            Answer::New(bytes, tag) => {
                self.held.insert(url.clone(), Held { at, tag, bytes: bytes.clone() });
                Some(bytes)
            }
            Answer::Unchanged => self.held.get_mut(url).map(|held| {
                held.at = at;
                held.bytes.clone()
            }),
        }
    }
}

/// Waits for a request on a thread of its own: the caller may be in a runtime already.
fn in_a_thread<F: Future<Output = Option<Answer>>>(request: impl FnOnce() -> F + Send) -> Option<Answer> {
    let wait = || tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?.block_on(request());
    std::thread::scope(|scope| scope.spawn(wait).join().ok().flatten())
}

async fn get(ca: Option<&Path>, url: &Url, tag: Option<HeaderValue>, limit: u64) -> Option<Answer> {
    // Whoever comes second finds the first one's.
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut client = Client::builder()
        .https_only(true)
        // Who was asked answers, or nobody does.
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .user_agent("eid-counter")
        .timeout(PATIENCE);
    if let Some(path) = ca {
        client = client.tls_certs_only(Certificate::from_pem_bundle(&read_file(path, MAX_CA).ok()?).ok()?);
    }
    let mut request = client.build().ok()?.get(url.clone());
    let asked = tag.is_some();
    if let Some(tag) = tag {
        request = request.header(IF_NONE_MATCH, tag);
    }
    let mut response = request.send().await.ok()?;
    match response.status() {
        StatusCode::NOT_MODIFIED if asked => return Some(Answer::Unchanged),
        StatusCode::OK => {}
        _ => return None,
    }
    let tag = response.headers().get(ETAG).cloned();
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await.ok()? {
        bytes.extend_from_slice(&part);
        if u64::try_from(bytes.len()).map_or(true, |length| length > limit) {
            return None;
        }
    }
    Some(Answer::New(bytes, tag))
}
