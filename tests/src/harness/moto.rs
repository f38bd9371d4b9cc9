use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};

use super::run_folder::RunFolder;
use super::{ChildProcess, http, ports, python};

const PACKAGES: &str = "moto[server]==5.2.5";

const STARTED_WITHIN: Duration = Duration::from_secs(120);

/// How often a start is tried, each time on another port.
const STARTS: usize = 3;

/// An imitation of AWS (moto): Glue, for our tests. It takes any credentials. It knows nothing of
/// Glue's limits per call, pages, version checks and lower-casing of names.
#[derive(Debug)]
pub struct Moto {
    _process: ChildProcess,
    _folder: RunFolder,
    /// Its address: `http://127.0.0.1:port`.
    pub endpoint: String,
}

impl Moto {
    /// Starts one; tests share [`moto`](super::moto).
    pub(super) fn start() -> Self {
        let mut tried = Self::try_start();
        for _ in 1..STARTS {
            tried = tried.or_else(|_| Self::try_start());
        }
        tried.unwrap_or_else(|error| panic!("moto: {error:#}"))
    }

    /// The name of a database of Glue's that does not exist, and no other test gets.
    #[must_use]
    pub fn free_database_name(&self) -> String {
        static DATABASES: AtomicUsize = AtomicUsize::new(0);
        format!("lake_{}", DATABASES.fetch_add(1, Ordering::Relaxed))
    }

    fn try_start() -> Result<Self> {
        let environment = python::environment("python-moto", PACKAGES).context("moto")?;
        let folder = RunFolder::new("moto")?;
        let [port] = ports::free()?;
        let mut server = Command::new(environment.join("bin/moto_server"));
        server.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let mut process = ChildProcess::start(server.current_dir(folder.path()), &folder)?;
        process.wait_until_ready("moto", STARTED_WITHIN, |_| {
            http::status("GET", port, "/moto-api/", "").is_ok()
        })?;
        Ok(Self {
            _process: process,
            _folder: folder,
            endpoint: format!("http://127.0.0.1:{port}"),
        })
    }
}
