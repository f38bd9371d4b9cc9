use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::view::View;
use crate::{events, health, metrics, status};

/// How long open connections may take to end once the console stops.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Why there is no console.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// Somebody has the port.
    #[error(
        "{address} is taken by another process; set `server.listen` to a free port (port 0 takes \
         any), or stop the other process"
    )]
    PortTaken {
        /// The address.
        address: SocketAddr,
    },
    /// The operating system refuses the address.
    #[error(
        "cannot listen on {address}: {source}; set `server.listen` to an address of this machine"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Its reason.
        source: io::Error,
    },
}

/// The console while it serves. Dropping it lets it serve on until the runtime ends.
#[derive(Debug)]
pub struct Console {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Console {
    /// Opens the port and serves `view` on the runtime of the caller.
    ///
    /// # Errors
    /// When the port cannot be opened.
    pub async fn start(address: SocketAddr, view: View) -> Result<Self, ConsoleError> {
        let refuse = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ConsoleError::PortTaken { address },
            _ => ConsoleError::Listen { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(refuse)?;
        let address = listener.local_addr().map_err(refuse)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = async move {
            // A sender that is dropped without a word never stops the console.
            let until = async move {
                if stopped.await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            if let Err(error) = axum::serve(listener, router(view, address))
                .with_graceful_shutdown(until)
                .await
            {
                tracing::error!(%error, "the console ended");
            }
        };
        let serving = tokio::runtime::Handle::current().spawn(serving);
        Ok(Self {
            address,
            stop,
            serving,
        })
    }

    /// Where it listens: the port that was taken, if any would do.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, and waits two seconds at most for those there are.
    pub async fn stop(self) {
        if self.stop.send(()).is_err() {
            return;
        }
        let abort = self.serving.abort_handle();
        if tokio::time::timeout(CLOSE_TIMEOUT, self.serving)
            .await
            .is_err()
        {
            abort.abort();
        }
    }
}

fn router(view: View, address: SocketAddr) -> Router {
    let events = view
        .events
        .clone()
        .map(|entry| events::routes(entry, address));
    Router::new()
        .route("/metrics", get(metrics::render))
        .route("/livez", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/api/v1/status", get(status::show))
        .fallback(unknown)
        .with_state(view)
        .merge(events.unwrap_or_default())
        .layer(middleware::from_fn(never_cached))
}

async fn unknown() -> impl IntoResponse {
    let paths = "not found; there is /metrics, /livez, /readyz and /api/v1/status\n";
    (StatusCode::NOT_FOUND, paths)
}

/// What is true now is not true later.
async fn never_cached(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sluicebox_pipeline::ports::{EventIntake, IncomingMessage, Taken};
    use sluicebox_pipeline::{Phase, Readiness, StatusBoard};
    use sluicebox_types::TopicPartition;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;
    use crate::EventEntry;

    const ANY_PORT: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

    fn view() -> View {
        View {
            pipeline: Arc::from("flights"),
            version: "1.2.3",
            readiness: Arc::default(),
            status: Arc::default(),
            events: None,
            metrics: Arc::new(|| "sluicebox_build_info 1\n".to_owned()),
            alive: Arc::new(|| Ok(())),
        }
    }

    async fn ask(console: &Console, request: &str) -> String {
        let request = format!("{request}\r\nHost: x\r\nConnection: close\r\n\r\n");
        ask_raw(console, &request).await
    }

    async fn ask_raw(console: &Console, request: &str) -> String {
        let mut stream = TcpStream::connect(console.address())
            .await
            .expect("connection");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answer");
        answer
    }

    async fn started(view: View) -> Console {
        Console::start(ANY_PORT, view).await.expect("a free port")
    }

    /// What is down is named with its reason, for people and for machines, until it is up again.
    #[tokio::test]
    async fn readiness_names_what_is_down() {
        let readiness = Arc::new(Readiness::default());
        let console = started(View {
            readiness: Arc::clone(&readiness),
            ..view()
        })
        .await;
        assert!(
            ask(&console, "GET /readyz HTTP/1.1")
                .await
                .ends_with("\r\n\r\nready\n")
        );
        readiness.down("store", "no answer");
        let answer = ask(&console, "GET /readyz HTTP/1.1").await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nstore: no answer\n"), "{answer}");
        let json = ask(&console, "GET /readyz HTTP/1.1\r\nAccept: application/json").await;
        assert!(
            json.contains(r#"{"ready":false,"waiting_for":{"store":"no answer"}}"#),
            "{json}"
        );
        readiness.up("store");
        assert!(
            ask(&console, "GET /readyz HTTP/1.1")
                .await
                .starts_with("HTTP/1.1 200")
        );
    }

    /// A process that stands still says so, and is restarted.
    #[tokio::test]
    async fn liveness_is_what_the_process_says() {
        let alive = || Err("nobody polled for 90s".to_owned());
        let console = started(View {
            alive: Arc::new(alive),
            ..view()
        })
        .await;
        let answer = ask(&console, "GET /livez HTTP/1.1").await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.ends_with("nobody polled for 90s\n"), "{answer}");
    }

    /// The status shows each partition with its phase, offsets and fates.
    #[tokio::test]
    async fn status_shows_the_partitions() {
        let status = Arc::new(StatusBoard::default());
        status.update(&TopicPartition::new("flights", 3), |partition| {
            partition.phase = Phase::Reading;
            partition.position = 17;
            partition.committed = 11;
            partition.counts.golden = 10;
        });
        let console = started(View { status, ..view() }).await;
        let answer = ask(&console, "GET /api/v1/status HTTP/1.1").await;
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(json["pipeline"], "flights");
        assert_eq!(json["version"], "1.2.3");
        let partition = &json["partitions"][0];
        assert_eq!(partition["topic"], "flights");
        assert_eq!(partition["phase"], "reading");
        assert_eq!(
            (&partition["position"], &partition["committed"]),
            (&17.into(), &11.into())
        );
        assert_eq!(partition["counts"]["golden"], 10);
    }

    /// Other paths and methods are answered, HEAD as GET without a body.
    #[tokio::test]
    async fn other_requests_are_answered() {
        let console = started(view()).await;
        assert!(
            ask(&console, "GET / HTTP/1.1")
                .await
                .starts_with("HTTP/1.1 404")
        );
        assert!(
            ask(&console, "POST /readyz HTTP/1.1")
                .await
                .starts_with("HTTP/1.1 405")
        );
        let head = ask(&console, "HEAD /metrics HTTP/1.1").await;
        assert!(
            head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"),
            "{head}"
        );
        assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    }

    #[derive(Debug)]
    struct Echo;

    #[async_trait::async_trait]
    impl EventIntake for Echo {
        async fn take(&self, message: IncomingMessage<'_>) -> Taken {
            let refused = (message.body != b"good").then(|| "not good".to_owned());
            Taken {
                partitions: usize::from(refused.is_none()),
                refused: refused.into_iter().collect(),
            }
        }
    }

    fn post(body: &str, authorization: &str) -> String {
        let length = body.len();
        format!(
            "POST /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\
             Authorization: {authorization}\r\n\r\n{body}"
        )
    }

    /// Events are taken from whoever has the token, and each answer says what became of them.
    #[tokio::test]
    async fn events_need_the_token() {
        for (token, authorization, body, status) in [
            (None, "none", "good", 202),
            (None, "none", "bad", 400),
            (Some("secret"), "Bearer secret", "good", 202),
            (Some("secret"), "Bearer secrex", "good", 401),
            (Some("secret"), "Bearer secret2", "good", 401),
            (Some("secret"), "none", "good", 401),
        ] {
            let entry = EventEntry {
                intake: Arc::new(Echo),
                token: token.map(Arc::from),
            };
            let console = started(View {
                events: Some(entry),
                ..view()
            })
            .await;
            let answer = ask_raw(&console, &post(body, authorization)).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{answer}"
            );
        }
        let huge = "x".repeat(4 * 1024 * 1024 + 1);
        let entry = EventEntry {
            intake: Arc::new(Echo),
            token: None,
        };
        let console = started(View {
            events: Some(entry),
            ..view()
        })
        .await;
        let answer = ask_raw(&console, &post(&huge, "none")).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        let answer = ask(&started(view()).await, "POST /events HTTP/1.1").await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    }

    /// A taken port is a sentence that names the setting.
    #[tokio::test]
    async fn a_taken_port_is_explained() {
        let console = started(view()).await;
        let error = Console::start(console.address(), view())
            .await
            .expect_err("the port is taken");
        assert!(error.to_string().contains("`server.listen`"), "{error}");
    }

    /// After a stop nobody is served.
    #[tokio::test]
    async fn a_stopped_console_is_gone() {
        let console = started(view()).await;
        let address = console.address();
        console.stop().await;
        TcpStream::connect(address)
            .await
            .expect_err("nobody listens");
    }
}
