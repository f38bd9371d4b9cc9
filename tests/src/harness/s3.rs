use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use sluicebox_storage::{Credentials, S3Settings};

use super::run_folder::RunFolder;
use super::{ChildProcess, http, ports, python};

const STARTED_WITHIN: Duration = Duration::from_secs(120);

/// How often a start is tried, each time on other ports.
const STARTS: usize = 3;

/// An S3 server (SeaweedFS). A bucket is made per test, so tests do not meet in it.
#[derive(Debug)]
pub struct S3 {
    process: ChildProcess,
    folder: RunFolder,
    ports: Ports,
    /// Its address: `http://127.0.0.1:port`.
    pub endpoint: String,
}

/// Who asks. The secret of each is its name, `-secret` behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S3Identity {
    /// May read and write every bucket, and make none.
    Writer,
    /// May read and list only.
    Reader,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    master: [u16; 2],
    volume: [u16; 2],
    filer: [u16; 2],
    s3: [u16; 2],
}

impl S3 {
    /// Starts a server of one's own, for tests that stop it; the others share [`s3`](super::s3).
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    #[must_use]
    pub fn start() -> Self {
        let mut tried = Self::try_start();
        for _ in 1..STARTS {
            tried = tried.or_else(|_| Self::try_start());
        }
        tried.unwrap_or_else(|error| panic!("S3: {error:#}"))
    }

    /// Makes an empty bucket and gives its name.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn create_bucket(&self) -> String {
        let bucket = self.free_bucket_name();
        self.create_bucket_named(&bucket);
        bucket
    }

    /// A name that no bucket has, and no other test gets.
    #[must_use]
    pub fn free_bucket_name(&self) -> String {
        static BUCKETS: AtomicUsize = AtomicUsize::new(0);
        format!("lake-{}", BUCKETS.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes an empty bucket of a [`free_bucket_name`](Self::free_bucket_name).
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn create_bucket_named(&self, bucket: &str) {
        // A bucket is a folder of the file server behind it.
        let made = http::status(
            "POST",
            self.ports.filer[0],
            &format!("/buckets/{bucket}/"),
            "",
        );
        assert_eq!(made.ok(), Some(201), "bucket {bucket}");
    }

    /// How Sluicebox reaches this server.
    #[must_use]
    pub fn settings(&self, identity: S3Identity) -> S3Settings {
        S3Settings {
            endpoint: Some(self.endpoint.clone()),
            path_style: true,
            allow_http: true,
            credentials: Some(Credentials {
                access_key_id: identity.access_key_id().to_owned(),
                secret_access_key: identity.secret_access_key(),
                session_token: None,
            }),
            ..S3Settings::default()
        }
    }

    /// The variables by which AWS tools reach this server.
    #[must_use]
    pub fn environment(&self, identity: S3Identity) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ENDPOINT_URL_S3", self.endpoint.clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", identity.access_key_id().to_owned()),
            ("AWS_SECRET_ACCESS_KEY", identity.secret_access_key()),
        ];
        variables
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    /// Copies everything below `place` (`bucket/prefix`) into `folder`, by pyarrow's S3 client, so
    /// that what is read does not depend on the code under test.
    ///
    /// # Panics
    ///
    /// If the server refuses, or there is no such place.
    pub fn download(&self, place: &str, folder: &Path) {
        python(DOWNLOAD, &[&self.host(), place, &folder.to_string_lossy()]);
    }

    /// Makes an empty marker object, as the Hive metastore and the AWS console do for a folder:
    /// its key ends in `/`.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn create_folder_marker(&self, place: &str) {
        python(MARKER, &[&self.host(), place]);
    }

    /// Changes one byte of an object, as a bad disk does.
    ///
    /// # Panics
    ///
    /// If there is no such object or byte.
    pub fn flip_byte(&self, place: &str, index: usize) {
        python(DAMAGE, &[&self.host(), "flip", place, &index.to_string()]);
    }

    /// Deletes an object, as a person does.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn delete(&self, place: &str) {
        python(DAMAGE, &[&self.host(), "delete", place]);
    }

    /// Copies an object, as a person does.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn copy(&self, place: &str, to: &str) {
        python(DAMAGE, &[&self.host(), "copy", place, to]);
    }

    /// Kills the server with SIGKILL, as a crash does. Its data stays.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts the server again after [`kill`](Self::kill), on its ports and data.
    ///
    /// # Panics
    ///
    /// If it does not start; the message says why.
    pub fn restart(&mut self) {
        self.kill();
        let restarted = run_server(&self.folder, self.ports);
        self.process = restarted.unwrap_or_else(|error| panic!("S3: {error:#}"));
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.ports.s3[0])
    }

    fn try_start() -> Result<Self> {
        let folder = RunFolder::new("s3")?;
        fs::create_dir(folder.path().join("data"))?;
        fs::write(folder.path().join("s3.json"), IDENTITIES)?;
        let [a, b, c, d, e, f, g, h] = ports::free()?;
        let ports = Ports {
            master: [a, b],
            volume: [c, d],
            filer: [e, f],
            s3: [g, h],
        };
        let process = run_server(&folder, ports)?;
        Ok(Self {
            process,
            folder,
            ports,
            endpoint: format!("http://127.0.0.1:{g}"),
        })
    }
}

impl S3Identity {
    /// Its access key's id.
    #[must_use]
    pub const fn access_key_id(self) -> &'static str {
        match self {
            Self::Writer => "writer",
            Self::Reader => "reader",
        }
    }

    /// Its access key's secret.
    #[must_use]
    pub fn secret_access_key(self) -> String {
        format!("{}-secret", self.access_key_id())
    }
}

fn run_server(folder: &RunFolder, ports: Ports) -> Result<ChildProcess> {
    let mut weed = Command::new(python::bin("weed")?);
    weed.args([
        "-logtostderr=true",
        "server",
        "-dir=data",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
    ]);
    for (name, [port, grpc]) in [
        ("master", ports.master),
        ("volume", ports.volume),
        ("filer", ports.filer),
        ("s3", ports.s3),
    ] {
        weed.arg(format!("-{name}.port={port}"))
            .arg(format!("-{name}.port.grpc={grpc}"));
    }
    weed.args([
        "-filer",
        "-s3",
        "-s3.config=s3.json",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]);
    weed.args([
        "-master.telemetry=false",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=1000",
    ]);
    // Each bucket has volumes of its own; seven, if nobody says less.
    weed.env("WEED_MASTER_VOLUME_GROWTH_COPY_1", "1");
    // The key behind SSE-S3, without which it refuses to encrypt.
    weed.env("WEED_S3_SSE_KEY", "tests");
    let mut process = ChildProcess::start(weed.current_dir(folder.path()), folder)?;
    process.wait_until_ready("S3", STARTED_WITHIN, |_| is_ready(ports))?;
    Ok(process)
}

/// The gateway answers, and a file can be stored: the parts behind it start one after the other.
fn is_ready(ports: Ports) -> bool {
    let ready = || -> Result<()> {
        http::status("GET", ports.s3[0], "/", "")?;
        let stored = http::status("PUT", ports.filer[0], "/ready/file", "ready")?;
        ensure!(stored == 201, "no place to store a file yet");
        Ok(())
    };
    ready().is_ok()
}

const IDENTITIES: &str = r#"{"identities": [
  {"name": "writer", "actions": ["Read", "Write", "List", "Tagging"],
   "credentials": [{"accessKey": "writer", "secretKey": "writer-secret"}]},
  {"name": "reader", "actions": ["Read", "List"],
   "credentials": [{"accessKey": "reader", "secretKey": "reader-secret"}]}
]}"#;

const DOWNLOAD: &str = "
import sys
from pyarrow import fs
host, place, folder = sys.argv[1:]
s3 = fs.S3FileSystem(access_key='writer', secret_key='writer-secret', region='us-east-1',
                     endpoint_override=host, scheme='http')
fs.copy_files(place, folder, source_filesystem=s3, destination_filesystem=fs.LocalFileSystem())
";

const MARKER: &str = "
import sys
from pyarrow import fs
host, place = sys.argv[1:]
s3 = fs.S3FileSystem(access_key='writer', secret_key='writer-secret', region='us-east-1',
                     endpoint_override=host, scheme='http')
s3.create_dir(place)
";

const DAMAGE: &str = "
import sys
from pyarrow import fs
host, how, place, *more = sys.argv[1:]
s3 = fs.S3FileSystem(access_key='writer', secret_key='writer-secret', region='us-east-1',
                     endpoint_override=host, scheme='http')
if how == 'flip':
    with s3.open_input_file(place) as file:
        data = bytearray(file.read())
    data[int(more[0])] ^= 1
    with s3.open_output_stream(place) as file:
        file.write(bytes(data))
elif how == 'delete':
    s3.delete_file(place)
else:
    s3.copy_file(place, more[0])
";
