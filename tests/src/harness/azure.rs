use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sluicebox_storage::{AzureSettings, Secret};

use super::run_folder::RunFolder;
use super::{ChildProcess, cache, http, ports, python};

const PACKAGE: &str = "azurite@3.37.0";
const STARTED_WITHIN: Duration = Duration::from_secs(120);

/// How often a start is tried, each time on another port.
const STARTS: usize = 3;

/// Azurite's account, and its key, which everybody knows.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// An Azure Blob server (Azurite). A container is made per test, so tests do not meet in it.
#[derive(Debug)]
pub struct Azure {
    _process: ChildProcess,
    _folder: RunFolder,
    port: u16,
    /// Its address, the account included.
    pub endpoint: String,
}

impl Azure {
    /// Starts a server; tests share [`azure`](super::azure).
    pub(super) fn start() -> Self {
        let mut tried = Self::try_start();
        for _ in 1..STARTS {
            tried = tried.or_else(|_| Self::try_start());
        }
        tried.unwrap_or_else(|error| panic!("Azurite: {error:#}"))
    }

    /// Makes an empty container and gives its name.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn create_container(&self) -> String {
        static CONTAINERS: AtomicUsize = AtomicUsize::new(0);
        let container = format!("lake-{}", CONTAINERS.fetch_add(1, Ordering::Relaxed));
        let sas = Self::sas_token("rwdlac");
        let path = format!("/{ACCOUNT}/{container}?restype=container&{sas}");
        let made = http::status("PUT", self.port, &path, "");
        assert_eq!(made.ok(), Some(201), "container {container}");
        container
    }

    /// How Sluicebox reaches this server, with its key.
    #[must_use]
    pub fn settings(&self) -> AzureSettings {
        AzureSettings {
            account: Some(ACCOUNT.to_owned()),
            endpoint: Some(self.endpoint.clone()),
            allow_http: true,
            access_key: Some(Secret::new(KEY)),
            ..AzureSettings::default()
        }
    }

    /// The variables by which Azure's tools reach the server's account.
    #[must_use]
    pub fn environment() -> Vec<(String, String)> {
        [
            ("AZURE_STORAGE_ACCOUNT", ACCOUNT),
            ("AZURE_STORAGE_KEY", KEY),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// A shared access signature of the account with these permissions, such as `rl`, for years.
    /// <https://learn.microsoft.com/en-us/rest/api/storageservices/create-account-sas>
    ///
    /// # Panics
    ///
    /// Never.
    #[must_use]
    pub fn sas_token(permissions: &str) -> String {
        let (version, expiry) = ("2020-12-06", "2099-01-01T00:00:00Z");
        let text = format!("{ACCOUNT}\n{permissions}\nb\nsco\n\n{expiry}\n\n\n{version}\n\n");
        let key = BASE64_STANDARD.decode(KEY).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
        mac.update(text.as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        let signature = signature
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        format!("sv={version}&ss=b&srt=sco&sp={permissions}&se={expiry}&sig={signature}")
    }

    /// Copies everything below `place` (`container/prefix`) into `folder`, by pyarrow's client, so
    /// that what is read does not depend on the code under test.
    ///
    /// # Panics
    ///
    /// If the server refuses, or there is no such place.
    pub fn download(&self, place: &str, folder: &Path) {
        let host = format!("127.0.0.1:{}", self.port);
        python(
            DOWNLOAD,
            &[ACCOUNT, KEY, &host, place, &folder.to_string_lossy()],
        );
    }

    fn try_start() -> Result<Self> {
        let folder = RunFolder::new("azure")?;
        fs::create_dir(folder.path().join("data"))?;
        let [port] = ports::free()?;
        let mut azurite = Command::new("node");
        azurite
            .arg(program()?)
            .args(["--blobHost", "127.0.0.1", "--location", "data"]);
        azurite.arg("--blobPort").arg(port.to_string());
        azurite.args(["--skipApiVersionCheck", "--disableTelemetry", "--silent"]);
        let mut process = ChildProcess::start(azurite.current_dir(folder.path()), &folder)?;
        process.wait_until_ready("Azurite", STARTED_WITHIN, |_| {
            http::status("GET", port, "/", "").is_ok()
        })?;
        Ok(Self {
            _process: process,
            _folder: folder,
            port,
            endpoint: format!("http://127.0.0.1:{port}/{ACCOUNT}"),
        })
    }
}

/// Azurite's program, fetched once.
fn program() -> Result<PathBuf> {
    let folder = cache::filled("azurite", PACKAGE, |folder| {
        let needed_for = "Azurite, the Azure server";
        cache::run(Command::new("node").arg("--version"), needed_for)?;
        let mut install = Command::new("npm");
        install.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]);
        cache::run(install.arg(folder).arg(PACKAGE), needed_for)?;
        Ok(())
    })
    .context("the Azure server of the tests")?;
    Ok(folder.join("node_modules/azurite/dist/src/blob/main.js"))
}

const DOWNLOAD: &str = "
import sys
from pyarrow import fs
account, key, host, place, folder = sys.argv[1:]
azure = fs.AzureFileSystem(account, account_key=key,
                           blob_storage_authority=host, blob_storage_scheme='http',
                           dfs_storage_authority=host, dfs_storage_scheme='http')
fs.copy_files(place, folder, source_filesystem=azure, destination_filesystem=fs.LocalFileSystem())
";
