use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use parking_lot::Mutex;
use tokio::net::TcpListener;

/// An HTTP endpoint that keeps what it is sent, and answers by a script.
#[derive(Clone)]
pub struct Endpoint {
    /// Where it is.
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    script: Arc<Script>,
}

/// What the n-th request, from 0, is answered.
type Script = dyn Fn(usize, &Request) -> Reply + Send + Sync;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
    /// Whether it was answered with 2xx.
    pub accepted: bool,
}

/// An answer.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    /// This status.
    Status(u16),
    /// This status with a header.
    With(u16, &'static str, &'static str),
    /// None, ever.
    Silence,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// A header's value; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value)
    }
}

impl Endpoint {
    /// Listens on `address` (port 0 for any) until the test's runtime ends.
    ///
    /// # Panics
    ///
    /// If the port is taken.
    pub async fn start(
        address: SocketAddr,
        script: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await;
        let listener = listener.unwrap_or_else(|error| panic!("endpoint {address}: {error}"));
        let address = listener.local_addr();
        let endpoint = Self {
            address: address.unwrap_or_else(|error| panic!("endpoint: {error}")),
            requests: Arc::default(),
            script: Arc::new(script),
        };
        let served = Router::new().fallback(answer).with_state(endpoint.clone());
        tokio::runtime::Handle::current().spawn(async move { axum::serve(listener, served).await });
        endpoint
    }

    /// What it was sent so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().clone()
    }

    fn take(&self, mut request: Request) -> Reply {
        let mut requests = self.requests.lock();
        let reply = (self.script)(requests.len(), &request);
        if let Reply::Status(status) | Reply::With(status, ..) = reply {
            request.accepted = (200..300).contains(&status);
        }
        requests.push(request);
        reply
    }
}

async fn answer(
    State(endpoint): State<Endpoint>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    let pair = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    };
    let request = Request {
        headers: headers.iter().map(pair).collect(),
        body,
        accepted: false,
    };
    let mut headers = HeaderMap::new();
    let status = match endpoint.take(request) {
        Reply::Silence => return std::future::pending().await,
        Reply::Status(status) => status,
        Reply::With(status, name, value) => {
            headers.insert(name, HeaderValue::from_static(value));
            status
        }
    };
    let status = StatusCode::from_u16(status);
    (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), headers)
}
