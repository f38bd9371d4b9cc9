use std::fmt;
use std::time::Duration;

/// How to reach AWS Glue's Data Catalog.
#[derive(Clone, Debug)]
pub struct GlueSettings {
    /// `eu-central-1`. `None`: what the environment or the profile says.
    pub region: Option<String>,
    /// The account whose catalog it is, if not that of the credentials.
    pub catalog_id: Option<String>,
    /// Another server's address, as of a VPC endpoint.
    pub endpoint: Option<String>,
    /// Whether [`endpoint`](Self::endpoint) may be plain HTTP. For tests.
    pub allow_http: bool,
    /// Whose rights are used. `None`: the AWS SDK looks for them by itself, in this order:
    /// environment variables, the shared configuration's profile, a web identity (Kubernetes), a
    /// container's role, a machine's role. Profiles of SSO and of external processes are not read.
    pub credentials: Option<GlueCredentials>,
    /// Whether Glue need not keep each old version of a table. It keeps a limited number of them.
    pub skip_archive: bool,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
}

/// An access key of AWS.
#[derive(Clone, PartialEq, Eq)]
pub struct GlueCredentials {
    /// The key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
}

/// Settings that lead nowhere.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum GlueSettingsError {
    /// Nobody says which region.
    #[error("no AWS region is known; set the catalog's region or AWS_REGION")]
    NoRegion,
    /// Signed requests could be read on their way.
    #[error("{0} is plain HTTP; use https, or allow plain HTTP for this endpoint")]
    PlainHttp(String),
}

impl Default for GlueSettings {
    fn default() -> Self {
        Self {
            region: None,
            catalog_id: None,
            endpoint: None,
            allow_http: false,
            credentials: None,
            skip_archive: true,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
        }
    }
}

/// Without the key.
impl fmt::Debug for GlueCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlueCredentials").finish_non_exhaustive()
    }
}
