//! Who may call: programs of this machine and our own page, not the web pages that somebody has open beside it.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::refusal::Refusal;

/// The names under which the server may be called. A page of another site whose name was made to lead here (DNS rebinding)
/// calls it by that name, and a page that calls it by its right name says where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Callers(Arc<[String]>);

impl Callers {
    pub(super) fn of(address: SocketAddr) -> Self {
        let port = address.port();
        Self(["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}")).into())
    }

    fn are_addressed(&self, request: &Request) -> bool {
        let known = |name: &str| self.0.iter().any(|ours| ours.eq_ignore_ascii_case(name));
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        // A request may name its server in the first line too.
        let authority = request.uri().authority().is_none_or(|authority| known(authority.as_str()));
        host.is_some_and(known) && hosts.next().is_none() && authority
    }

    fn are_origin(&self, headers: &HeaderMap, method: &Method) -> bool {
        let ours =
            |origin: &str| origin.strip_prefix("http://").is_some_and(|host| self.0.iter().any(|name| name == host));
        let origin = headers.get_all(header::ORIGIN).iter().all(|origin| origin.to_str().is_ok_and(ours));
        // Browsers name no origin when they load a page, and some not with GET; all new ones say this.
        let same_site = headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
        origin && (same_site || is_navigation(headers, method))
    }
}

/// A link to our page on somebody's page: it may be followed, but not be put into a frame.
fn is_navigation(headers: &HeaderMap, method: &Method) -> bool {
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|said| said == value);
    method == Method::GET && says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document")
}

pub(super) async fn check(State(callers): State<Callers>, request: Request, next: Next) -> Response {
    if callers.are_addressed(&request) && callers.are_origin(request.headers(), request.method()) {
        next.run(request).await
    } else {
        Refusal::caller().into_response()
    }
}
