//! A server that follows the documents of Google Cloud Storage's XML API, as far as a lake goes:
//! objects with generation preconditions and ranges, listings (version 2), multipart uploads. No
//! emulator does.
//!
//! <https://cloud.google.com/storage/docs/xml-api/overview>

mod buckets;
mod request;
mod answers;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::{fs, thread};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use sluicebox_storage::{GcsSettings, Secret};

use self::buckets::Buckets;
use self::request::Request;

/// A server in this process. A bucket is made per test, so tests do not meet in it.
#[derive(Debug)]
pub struct Gcs {
    buckets: Arc<Buckets>,
    private_key: String,
    /// Its address: `http://127.0.0.1:port`.
    pub endpoint: String,
}

/// A service account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GcsAccount {
    /// May read and write every bucket.
    Writer,
    /// May read and list only.
    Reader,
    /// Is not known to the server.
    Stranger,
}

impl GcsAccount {
    const fn email(self) -> &'static str {
        match self {
            Self::Writer => "writer@lake.iam.gserviceaccount.com",
            Self::Reader => "reader@lake.iam.gserviceaccount.com",
            Self::Stranger => "stranger@lake.iam.gserviceaccount.com",
        }
    }
}

impl Gcs {
    /// Starts a server; tests share [`gcs`](super::gcs). It ends with the process.
    pub(super) fn start() -> Self {
        let buckets = Arc::new(Buckets::default());
        let start = || -> Result<Self> {
            let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
            let (told, address) = mpsc::channel();
            let served = Arc::clone(&buckets);
            thread::spawn(move || serve(served, &told));
            Ok(Self {
                buckets: Arc::clone(&buckets),
                private_key: key.serialize_pem(),
                endpoint: address.recv().context("the server did not start")?,
            })
        };
        start().unwrap_or_else(|error| panic!("the GCS server: {error:#}"))
    }

    /// Makes an empty bucket and gives its name.
    pub fn create_bucket(&self) -> String {
        static BUCKETS: AtomicUsize = AtomicUsize::new(0);
        let bucket = format!("lake-{}", BUCKETS.fetch_add(1, Ordering::Relaxed));
        self.buckets.create(&bucket);
        bucket
    }

    /// Answers all requests to this bucket with this status and code from now on.
    pub fn refuse_all(&self, bucket: &str, status: u16, code: &'static str) {
        self.buckets.refuse_all(bucket, status, code);
    }

    /// How Sluicebox reaches this server.
    #[must_use]
    pub fn settings(&self, account: GcsAccount) -> GcsSettings {
        GcsSettings {
            endpoint: Some(self.endpoint.clone()),
            allow_http: true,
            service_account_key: Some(Secret::new(self.service_account_key(account))),
            ..GcsSettings::default()
        }
    }

    /// A service account's key, as Google gives it out.
    #[must_use]
    pub fn service_account_key(&self, account: GcsAccount) -> String {
        let key = serde_json::json!({
            "type": "service_account",
            "client_email": account.email(),
            "private_key_id": "1",
            "private_key": self.private_key,
        });
        key.to_string()
    }

    /// Copies all objects below `place` (`bucket/prefix`) into `folder`.
    ///
    /// # Panics
    ///
    /// If the folder cannot be written to.
    pub fn download(&self, place: &str, folder: &Path) {
        for (name, bytes) in self.buckets.objects_below(place) {
            let file = folder.join(name);
            let parent = file.parent().unwrap_or(folder);
            let written = fs::create_dir_all(parent).and_then(|()| fs::write(&file, bytes));
            written.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }
}

fn serve(buckets: Arc<Buckets>, told: &mpsc::Sender<String>) {
    let serve = async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        // Who waits for it is there until it comes.
        let _gone = told.send(format!("http://{}", listener.local_addr()?));
        let router = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::disable())
            .with_state(buckets);
        axum::serve(listener, router).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    if let Err(error) = runtime.and_then(|runtime| runtime.block_on(serve)) {
        panic!("the GCS server: {error}");
    }
}

async fn answer(
    State(buckets): State<Arc<Buckets>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::read(&method, &uri, &headers, body);
    request
        .and_then(|request| buckets.answer(&request))
        .unwrap_or_else(answers::Refusal::into_response)
}
