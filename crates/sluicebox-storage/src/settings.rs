use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

mod gcs;
mod azure;

pub use self::azure::AzureSettings;
pub use self::gcs::GcsSettings;

/// Where a lake lies and how its store is reached.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// The lake's root: `file:///srv/lake`, `s3://bucket/golden`, `gs://bucket/golden`,
    /// `az://container/golden`, `abfss://container@account.dfs.core.windows.net/golden`,
    /// `hdfs://nameservice/golden`.
    pub lake: Url,
    /// The control tree's root, in the same kind of store. The two may lie in different buckets or
    /// folders, and the control tree may lie inside the lake, but never under a table's root.
    pub control: Url,
    /// How S3 is reached; of no meaning to other stores.
    pub s3: S3Settings,
    /// How Google Cloud Storage is reached; of no meaning to other stores.
    pub gcs: GcsSettings,
    /// How Azure is reached; of no meaning to other stores.
    pub azure: AzureSettings,
    /// How HDFS is reached; of no meaning to other stores.
    pub hdfs: HdfsSettings,
}

impl StoreSettings {
    /// A lake and its control tree, in stores that are reached as the environment of any client
    /// would have it.
    #[must_use]
    pub fn at(lake: Url, control: Url) -> Self {
        Self {
            lake,
            control,
            s3: S3Settings::default(),
            gcs: GcsSettings::default(),
            azure: AzureSettings::default(),
            hdfs: HdfsSettings::default(),
        }
    }
}

/// How HDFS is reached.
#[derive(Clone, Debug, Default)]
pub struct HdfsSettings {
    /// The folder of `core-site.xml` and `hdfs-site.xml`, which say how to log in and where the
    /// name nodes of a name service are. Without one, simple authentication and single name nodes.
    pub config_dir: Option<PathBuf>,
    /// Who asks, where the cluster believes names; with Kerberos, in whose place the principal asks
    /// (it must be allowed to, as a proxy user). Without one, the process's user, or the principal.
    pub user: Option<String>,
    /// Who logs in, where `core-site.xml` says `kerberos`; without this, whose ticket is found in
    /// the default cache.
    pub kerberos: Option<Kerberos>,
    /// Copies of each block; as the cluster says without.
    pub replication: Option<u32>,
    /// Bytes of a block; as the cluster says without.
    pub block_bytes: Option<u64>,
}

/// A Kerberos login.
#[derive(Clone, Debug)]
pub struct Kerberos {
    /// Who: `user@REALM` or `user/host@REALM`.
    pub principal: String,
    /// The file with its key, from which tickets are got and renewed.
    pub keytab: Option<PathBuf>,
    /// Where tickets lie, `FILE:/tmp/krb5cc_0`; in memory where there is a keytab and no cache.
    pub cache: Option<String>,
}

/// How S3 is reached.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// The service's address without the bucket, for servers other than AWS.
    pub endpoint: Option<String>,
    /// The bucket's region; `us-east-1` if it is named nowhere.
    pub region: Option<String>,
    /// Whether the bucket stands in the path (`host/bucket/key`) instead of the host name.
    pub path_style: bool,
    /// Whether an endpoint may be reached without TLS.
    pub allow_http: bool,
    /// Whether bodies are left out of the signature where TLS protects them.
    pub unsigned_payload: bool,
    /// How objects are encrypted at rest.
    pub encryption: Encryption,
    /// The access key. Without one, `environment` says where credentials come from; without that,
    /// it is the machine's role.
    pub credentials: Option<Credentials>,
    /// Variables of the AWS tools, by name, as the process found them: access key, web identity,
    /// container, `AWS_PROFILE`, `AWS_SHARED_CREDENTIALS_FILE`, `AWS_CA_BUNDLE`, and `HOME`, below
    /// which the credentials file lies. Unknown ones are ignored.
    pub environment: Environment,
    /// How long connections and requests may take.
    pub timeouts: Timeouts,
}

/// How long a client waits.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// How long one request may take, its body included.
    pub request: Duration,
}

/// A text that is in no log and no message.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// An access key of AWS, or of a server that speaks S3.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
}

/// Environment variables by name. Shows their names only: some hold secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(pub BTreeMap<String, String>);

/// Encryption at rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket is set up.
    #[default]
    BucketDefault,
    /// With keys that S3 keeps (SSE-S3).
    SseS3,
    /// With this key of the key management service (SSE-KMS): its id, ARN or alias.
    SseKms(String),
}

impl Default for S3Settings {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            path_style: false,
            allow_http: false,
            unsigned_payload: true,
            encryption: Encryption::BucketDefault,
            credentials: None,
            environment: Environment::default(),
            timeouts: Timeouts::default(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(30),
        }
    }
}

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Environment {
    /// The variable's value, if it is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}
